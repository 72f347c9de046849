//! Style sheet, script, icons: embedded in the program, at addresses that carry a hash of their content, so that a browser
//! may keep them for ever and a new version is a new address.

use axum::{
    extract::Path,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use crate::answer::Fault;

/// One embedded file.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Its address.
    pub(crate) path: &'static str,
    /// Its `Content-Type`.
    pub(crate) media_type: &'static str,
    /// The value for `integrity` of a tag that names it.
    pub(crate) integrity: &'static str,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// `GET /static/{file}`
pub(crate) async fn serve(Path(file): Path<String>) -> Result<Response, Fault> {
    let asset = ALL
        .iter()
        .find(|asset| asset.path.strip_prefix("/static/") == Some(file.as_str()))
        .ok_or(Fault::NOT_FOUND)?;
    Ok((
        [
            (CONTENT_TYPE, asset.media_type),
            (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ],
        asset.bytes,
    )
        .into_response())
}
