//! What browsers report about the content security policy: the earliest sign of an injection that the policy stopped, and
//! of a page of ours that breaks it. Anybody can send reports, so that little is kept and its amount is bounded.
//!
//! `model` what is kept of a report · `queries` the table.

mod model;
mod queries;

pub use model::Violation;

use crate::{
    actor::{Actor, Request},
    app::App,
    error::Result,
    ids::TenantId,
};

/// Different violations that are kept at most; more are dropped.
pub const MAX_KEPT: i64 = 1_000;

/// Keeps violations: once each, with how often they were seen.
pub async fn record(app: &App, violations: &[Violation]) -> Result<()> {
    if violations.is_empty() {
        return Ok(());
    }
    let nobody = Actor::anonymous(TenantId::PLATFORM, Request::default());
    let mut tx = app.db.write(&nobody).await?;
    let now = tx.now();
    for violation in violations {
        let kept = queries::keep(tx.conn(), violation, MAX_KEPT, now).await?;
        if !kept {
            tracing::warn!(directive = %violation.directive(), "a report was dropped: the table is full");
        }
    }
    tx.commit_unaudited("what a browser reports is nobody's act")
        .await
}
