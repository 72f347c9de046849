//! An error for programs: RFC 9457 `application/problem+json`.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderValue, header::CONTENT_TYPE},
    response::Response,
};
use intrex_core::catalogue::{self, Language};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::fault::Told;

/// What it is called on its way.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// What a program hears when something went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:intrex:problem:not-found` and others. Programs decide by this and by `status`.
    #[serde(rename = "type")]
    #[schema(example = "urn:intrex:problem:invalid")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do, in words.
    pub detail: String,
    /// The request, as the log has it.
    pub request_id: Uuid,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, Vec<String>>,
}

/// The problem's JSON on an answer that has everything else.
pub(crate) fn write(response: &mut Response, told: &Told, request_id: Uuid, language: Language) {
    let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for error in &told.errors {
        errors
            .entry(error.field.clone())
            .or_default()
            .push(error.text.to(language));
    }
    let problem = Problem {
        kind: format!("urn:intrex:problem:{}", told.slug),
        title: catalogue::say(language, told.title),
        status: told.status.as_u16(),
        detail: told.detail.to(language),
        request_id,
        errors,
    };
    let json = serde_json::to_vec(&problem).expect("texts and numbers");
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    *response.body_mut() = Body::from(json);
}
