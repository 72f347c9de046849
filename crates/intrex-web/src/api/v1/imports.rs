//! `/api/v1/imports`: a spreadsheet as the body itself, and the record of what each one changed.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::State,
    response::Response,
};
use intrex_core::{
    Error,
    catalogue::keys,
    error::FieldErrors,
    ids::ImportId,
    imports::{self, Import, Kind, MAX_FILE, Mode, Options, Report},
    paging,
    permission::Permission,
    raw::Raw,
};
use serde::Deserialize;
use tokio::io::{AsyncRead, ReadBuf};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, List, Nothing, PathId, Query, Reader, Upload, form::is_type},
    routes::{Access, Kind as RouteKind, Route, Routes, Verb},
};

/// How long a large file may take to arrive and to be applied.
const MAX_TIME: Duration = Duration::from_secs(600);
/// Characters of a file's name at most.
const MAX_FILE_NAME: usize = 200;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::ImportsRead);
    let write = Access::Needs(Permission::ImportsWrite);
    let upload = Route::new(Verb::Post, RouteKind::Api, "/api/v1/imports", write)
        .max_body(usize::try_from(MAX_FILE).unwrap_or(usize::MAX))
        .max_time(MAX_TIME);
    routes
        .api(Verb::Get, "/api/v1/imports", read, list)
        .add(upload, create)
        .api(Verb::Get, "/api/v1/imports/{id}", read, show)
}

#[derive(OpenApi)]
#[openapi(paths(list, create, show), components(schemas(Kind)))]
pub(super) struct Description;

/// How a file is imported, as the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawOptions {
    kind: Raw,
    dry_run: Raw,
    look_ahead: Raw,
    file_name: Raw,
}

impl RawOptions {
    fn parse(&self, exchange: &Exchange) -> Result<(Kind, Options), Error> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let kind = self
            .kind
            .one_of(e, "kind", "obligations, branches", Kind::parse);
        let mut asked = |raw: &Raw, field| {
            raw.one_of(e, field, "true, false", |text| text.parse::<bool>().ok())
        };
        let dry_run = asked(&self.dry_run, "dry_run").flatten();
        let look_ahead = asked(&self.look_ahead, "look_ahead").flatten();
        let mode = match (dry_run, look_ahead) {
            (_, Some(true)) => Mode::LookAhead,
            (Some(true), _) => Mode::DryRun,
            _ => Mode::Apply,
        };
        if dry_run == Some(false) && mode == Mode::LookAhead {
            errors.add("look_ahead", keys::IMPORT_LOOK_AHEAD_APPLIES);
        }
        let e = &mut errors;
        let file_name = self.file_name.optional_line(e, "file_name", MAX_FILE_NAME);
        errors.finish()?;
        let options = Options {
            mode,
            file_name: file_name.unwrap_or_default(),
            language: exchange.language(),
        };
        Ok((kind.flatten().unwrap_or(Kind::Obligations), options))
    }
}

/// What was imported, the latest first.
#[utoipa::path(get, path = "/api/v1/imports", tag = "imports", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
), responses((status = 200, body = paging::Page<Import>)))]
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<Nothing>,
) -> Result<Response, Fault> {
    let page = imports::reads::list(&mut tx, &list.page).await?;
    json::read(&exchange, tx, &page)
}

/// Imports a CSV file, which is the body itself. Good rows are applied, and each wrong one is named with its field; the same
/// file again changes nothing. A dry run says what would change, and changes nothing.
#[utoipa::path(post, path = "/api/v1/imports", tag = "imports",
    request_body(content = String, content_type = "text/csv"),
    params(("kind" = Option<Kind>, Query, description = "`obligations` (default) or `branches`"),
           ("dry_run" = Option<bool>, Query),
           ("look_ahead" = Option<bool>, Query, description = "a dry run that also says which messages of the next thirty days would come and go"), ("file_name" = Option<String>, Query, max_length = 200)),
    responses((status = 200, body = Report), (status = 413, body = crate::answer::Problem),
              (status = 415, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn create(
    State(web): State<WebState>,
    exchange: Exchange,
    Query(asked): Query<RawOptions>,
    upload: Upload,
) -> Result<Response, Fault> {
    if !is_type(&upload.headers, "text/csv") {
        return Err(Fault::WrongType);
    }
    let (kind, options) = asked.parse(&exchange)?;
    let mut file = Arriving::new(upload.body);
    let done = imports::import(&web.app, &upload.actor, kind, &mut file, &options, &|_| ()).await;
    // A stream that broke off is the sender's affair, whatever became of what had arrived.
    if let Some(error) = &file.broke {
        return Err(Upload::fault(error));
    }
    json::ok(&done?)
}

/// What one import changed.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "imports", params(("id" = ImportId, Path)),
    responses((status = 200, body = Import), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ImportId>,
) -> Result<Response, Fault> {
    let import = imports::reads::get(&mut tx, id).await?;
    json::read(&exchange, tx, &import)
}

/// A body that is read as it arrives, and remembers whether it broke off.
struct Arriving {
    body: Body,
    rest: Bytes,
    broke: Option<axum::Error>,
}

impl Arriving {
    fn new(body: Body) -> Self {
        Arriving {
            body,
            rest: Bytes::new(),
            broke: None,
        }
    }
}

impl AsyncRead for Arriving {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None => return Poll::Ready(Ok(())),
                // Trailers say nothing about the file.
                Some(Ok(frame)) => self.rest = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => {
                    self.broke = Some(error);
                    return Poll::Ready(Err(std::io::ErrorKind::ConnectionAborted.into()));
                }
            }
        }
        let length = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(length));
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_to_its_end_in_pieces_of_any_size() {
        let text = "external_id,title\n".repeat(10_000);
        let mut file = Arriving::new(Body::from(text.clone()));
        let mut read = String::new();
        let mut piece = [0; 7];
        loop {
            let length = file.read(&mut piece).await.expect("reads");
            if length == 0 {
                break;
            }
            read.push_str(std::str::from_utf8(&piece[..length]).expect("ASCII"));
        }
        assert_eq!(read, text);
        assert!(file.broke.is_none());
    }
}
