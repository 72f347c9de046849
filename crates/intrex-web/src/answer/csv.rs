//! Tables for spreadsheets, to be kept and not shown.

use axum::{
    http::{
        HeaderValue,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use intrex_core::Error;

use super::Fault;

/// A file of this name.
pub(crate) fn file(name: &str, text: String) -> Result<Response, Fault> {
    let shown = format!("attachment; filename=\"{name}\"");
    let shown = HeaderValue::try_from(shown).map_err(Error::internal)?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, shown)], text).into_response())
}
