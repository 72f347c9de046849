//! Alive: this process answers. Ready: it can do its work; a load balancer sends nobody here until it can.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::WebState;

/// The longest that one check may take.
const MAX_CHECK: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    checks: BTreeMap<&'static str, String>,
}

/// `GET /healthz`
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 if every part works, 503 with the parts that do not.
pub(super) async fn ready(State(web): State<WebState>) -> Response {
    let mut checks = BTreeMap::new();
    let database = tokio::time::timeout(MAX_CHECK, web.app.db.ready()).await;
    checks.insert(
        "database",
        match database {
            Ok(Ok(())) => Ok(()),
            _ => Err("does not answer".to_owned()),
        },
    );
    for readiness in &web.options().readiness {
        let outcome = tokio::time::timeout(MAX_CHECK, (readiness.check)()).await;
        let outcome = outcome.unwrap_or_else(|_| Err("does not answer".to_owned()));
        checks.insert(readiness.name, outcome);
    }
    let ready = checks.values().all(Result::is_ok);
    let checks = checks
        .into_iter()
        .map(|(name, outcome)| (name, outcome.err().unwrap_or_else(|| "ok".to_owned())))
        .collect();
    let (status, word) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    (
        status,
        Json(Readiness {
            status: word,
            checks,
        }),
    )
        .into_response()
}
