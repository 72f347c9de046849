//! What handlers that read take: the transaction in which the credential was checked, the id in the path, the query.

use std::collections::BTreeSet;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use intrex_core::{Error, db::ReadTx, paging::PageRequest, raw::Raw, sessions::Provisional};
use serde::de::DeserializeOwned;

use super::{Exchange, exchange::Standing, fields};
use crate::{
    WebState,
    answer::{Fault, json::IfMatch},
};

/// The reading transaction of this request. The route's permission has been checked.
#[derive(Debug)]
pub struct Reader(pub ReadTx);

impl FromRequestParts<WebState> for Reader {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, web: &WebState) -> Result<Self, Fault> {
        match Exchange::from_request_parts(parts, web)
            .await?
            .take_standing()
        {
            Standing::Reading(tx) => Ok(Reader(*tx)),
            _ => Err(Fault::internal(
                "a handler reads on a route that lets nobody read",
            )),
        }
    }
}

/// Somebody whose password was right and whose second factor is missing.
#[derive(Debug)]
pub struct Begun(pub Provisional);

impl FromRequestParts<WebState> for Begun {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, web: &WebState) -> Result<Self, Fault> {
        match Exchange::from_request_parts(parts, web)
            .await?
            .take_standing()
        {
            Standing::Begun(begun, _) => Ok(Begun(*begun)),
            _ => Err(Fault::internal(
                "a handler expects a provisional session where there is none",
            )),
        }
    }
}

/// The id in the path. What is no id is not there: the same as an unknown one.
#[derive(Debug, Clone, Copy)]
pub struct PathId<T>(pub T);

impl<T> FromRequestParts<WebState> for PathId<T>
where
    T: std::str::FromStr + std::fmt::Display,
{
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, web: &WebState) -> Result<Self, Fault> {
        let params = RawPathParams::from_request_parts(parts, web)
            .await
            .map_err(|_| Fault::NOT_FOUND)?;
        let (_, text) = params.iter().next().ok_or(Fault::NOT_FOUND)?;
        // One address for one thing: the other spellings that a UUID may have are not addresses.
        text.parse::<T>()
            .ok()
            .filter(|id| id.to_string() == text)
            .map(PathId)
            .ok_or(Fault::NOT_FOUND)
    }
}

/// The query, decoded as strictly as a body: an unknown parameter would be a filter that silently filters nothing.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<WebState> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, Fault> {
        let pairs = pairs_of(parts)?;
        Ok(Query(fields::decode(fields::of_pairs(&pairs))?))
    }
}

/// Which page of a list is asked for, and what narrows it: `limit` and `cursor` beside the filter's own parameters.
#[derive(Debug)]
pub struct List<F> {
    /// Which page.
    pub page: PageRequest,
    /// What narrows it.
    pub filter: F,
    /// The filter's parameters as they stand in the address, for the link to the next page.
    pub query: Vec<(String, String)>,
}

impl<F: Default> List<F> {
    /// The first page of everything.
    pub fn first() -> Self {
        List {
            page: PageRequest::default(),
            filter: F::default(),
            query: Vec::new(),
        }
    }
}

impl<F> List<F> {
    /// The address of the first page of a list at `path`.
    pub fn address(&self, path: &str) -> String {
        if self.query.is_empty() {
            return path.to_owned();
        }
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.query)
            .finish();
        format!("{path}?{query}")
    }

    /// The address of the next page of a list at `path`.
    pub fn next_page(&self, path: &str, next_cursor: Option<&str>) -> Option<String> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.query)
            .append_pair("cursor", next_cursor?)
            .finish();
        Some(format!("{path}?{query}"))
    }
}

impl<F: DeserializeOwned> FromRequestParts<WebState> for List<F> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, Fault> {
        let (mut limit, mut cursor, mut query) = (Raw::default(), Raw::default(), Vec::new());
        let mut given = BTreeSet::new();
        for (name, value) in pairs_of(parts)? {
            // No list has a filter of several values: which of them counts would be a guess.
            if !given.insert(name.clone()) {
                return Err(fields::given_twice(&name).into());
            }
            match name.as_str() {
                "limit" => limit = value.into(),
                "cursor" => cursor = value.into(),
                // A form sends its empty fields too; they narrow nothing.
                _ if value.is_empty() => {}
                _ => query.push((name, value)),
            }
        }
        Ok(List {
            page: PageRequest::parse(&limit, &cursor)?,
            filter: fields::decode(fields::of_pairs(&query))?,
            query,
        })
    }
}

fn pairs_of(parts: &Parts) -> Result<Vec<(String, String)>, Error> {
    let query = parts.uri.query().unwrap_or_default();
    fields::pairs(query.as_bytes())
        .ok_or_else(|| Error::invalid("query", fields::malformed("it is not UTF-8")))
}

impl FromRequestParts<WebState> for IfMatch {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, Fault> {
        Ok(IfMatch::of(&parts.headers))
    }
}
