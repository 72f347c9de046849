//! Answers of the API: one resource with its ETag, a list, something created, nothing. And what a repeated request gets.

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION},
    },
    response::{IntoResponse, Response},
};
use intrex_core::{Error, db::ReadTx, error::Conflict, paging::Page};
use serde::Serialize;
use uuid::Uuid;

use super::Fault;
use crate::request::Exchange;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A list, a count, anything without an ETag.
pub fn ok(value: &impl Serialize) -> Result<Response, Fault> {
    let text = serde_json::to_string(value).map_err(Error::internal)?;
    Ok(([(CONTENT_TYPE, JSON)], text).into_response())
}

/// One resource, with its ETag.
pub fn one(value: &impl Serialize, id: impl Into<Uuid>, version: i32) -> Result<Response, Fault> {
    let mut response = ok(value)?;
    response
        .headers_mut()
        .insert(ETAG, etag(id.into(), version));
    Ok(response)
}

/// What was read, with the transaction ended.
pub fn read(exchange: &Exchange, tx: ReadTx, value: &impl Serialize) -> Result<Response, Fault> {
    drop(tx);
    exchange.database_done();
    ok(value)
}

/// One page of a list that was read, with the transaction ended. The buffer is made once, for items of about
/// `bytes_an_item`: lists are what programs ask for most.
pub fn read_page<T: Serialize>(
    exchange: &Exchange,
    tx: ReadTx,
    page: &Page<T>,
    bytes_an_item: usize,
) -> Result<Response, Fault> {
    drop(tx);
    exchange.database_done();
    let mut text = Vec::with_capacity(page.items.len() * bytes_an_item + 200);
    serde_json::to_writer(&mut text, page).map_err(Error::internal)?;
    Ok(([(CONTENT_TYPE, JSON)], text).into_response())
}

/// One resource that was read, with its ETag and the transaction ended.
pub fn read_one(
    exchange: &Exchange,
    tx: ReadTx,
    value: &impl Serialize,
    id: impl Into<Uuid>,
    version: i32,
) -> Result<Response, Fault> {
    drop(tx);
    exchange.database_done();
    one(value, id, version)
}

/// Something new below `collection` (`/api/v1/branches`), with its address and ETag.
pub fn created(
    collection: &str,
    value: &impl Serialize,
    id: impl Into<Uuid>,
    version: i32,
) -> Result<Response, Fault> {
    let id = id.into();
    let mut response = one(value, id, version)?;
    *response.status_mut() = StatusCode::CREATED;
    response
        .headers_mut()
        .insert(LOCATION, location(collection, &id.to_string()));
    Ok(response)
}

/// Done, and nothing to say.
pub fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The kept answer of a request that was made before. A POST to a collection had created something.
pub(crate) fn repeated(path: &str, creates: bool, text: String) -> Response {
    let id = serde_json::from_str::<serde_json::Value>(&text)
        .ok()
        .and_then(|value| Some(value.get("id")?.as_str()?.to_owned()));
    let mut response = (
        [
            (CONTENT_TYPE, JSON),
            (
                axum::http::HeaderName::from_static("idempotency-replayed"),
                HeaderValue::from_static("true"),
            ),
        ],
        text,
    )
        .into_response();
    if let Some(id) = id.filter(|_| creates) {
        *response.status_mut() = StatusCode::CREATED;
        response.headers_mut().insert(LOCATION, location(path, &id));
    }
    response
}

fn location(collection: &str, id: &str) -> HeaderValue {
    HeaderValue::try_from(format!("{collection}/{id}")).expect("paths and ids are ASCII")
}

/// A strong ETag: the thing and its version.
pub fn etag(id: Uuid, version: i32) -> HeaderValue {
    HeaderValue::try_from(format!("\"{id}-{version}\"")).expect("ids and numbers are ASCII")
}

/// What `If-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// As the request has it. `*` is the same as nothing: the thing must be there in any case.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let lines: Vec<_> = headers
            .get_all(IF_MATCH)
            .iter()
            .map(|line| line.to_str().unwrap_or("unreadable"))
            .collect();
        let tags: Vec<String> = lines
            .iter()
            .flat_map(|line| line.split(','))
            .map(|tag| tag.trim().to_owned())
            .collect();
        IfMatch((!tags.is_empty() && !tags.iter().any(|tag| tag == "*")).then_some(tags))
    }

    /// The version that the caller has seen of this thing; none if the caller does not mind. What is no tag of ours, or
    /// one of something else, is stale for sure.
    pub fn version_of(&self, id: impl Into<Uuid>) -> Result<Option<i32>, Error> {
        let Some(tags) = &self.0 else { return Ok(None) };
        let start = format!("\"{}-", id.into());
        tags.iter()
            .find_map(|tag| tag.strip_prefix(&start)?.strip_suffix('"')?.parse().ok())
            .map(Some)
            .ok_or(Error::Conflict(Conflict::Stale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(header: &str) -> Result<Option<i32>, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, header.parse().expect("a header"));
        IfMatch::of(&headers).version_of(Uuid::nil())
    }

    #[test]
    fn the_version_is_read_back_from_the_tag() {
        let tag = etag(Uuid::nil(), 7);
        assert_eq!(seen(tag.to_str().expect("ASCII")).ok(), Some(Some(7)));
        assert_eq!(
            seen("\"x\", \"00000000-0000-0000-0000-000000000000-3\"").ok(),
            Some(Some(3))
        );
        assert_eq!(seen("*").ok(), Some(None));
        assert_eq!(
            IfMatch::of(&HeaderMap::new()).version_of(Uuid::nil()).ok(),
            Some(None)
        );
    }

    #[test]
    fn another_tag_is_stale() {
        for tag in [
            "\"x\"",
            "W/\"00000000-0000-0000-0000-000000000000-3\"",
            "\"00000000-0000-0000-0000-000000000001-3\"",
            "\"00000000-0000-0000-0000-000000000000-x\"",
            "",
        ] {
            assert!(
                matches!(seen(tag), Err(Error::Conflict(Conflict::Stale))),
                "{tag}"
            );
        }
    }

    #[test]
    fn a_repeated_creation_is_a_creation() {
        let again = repeated("/api/v1/branches", true, r#"{"id":"7"}"#.to_owned());
        assert_eq!(again.status(), StatusCode::CREATED);
        assert_eq!(again.headers()[LOCATION], "/api/v1/branches/7");
        assert_eq!(
            repeated("/x", false, "{}".to_owned()).status(),
            StatusCode::OK
        );
    }
}
