//! A review as a table for auditors: comma-separated, a heading line, a line a person. Whoever takes one along is in the audit
//! log, and what they have read is counted.

use chrono::{DateTime, Utc};

use super::{
    model::{Decision, WholeReview},
    queries,
};
use crate::{
    Actor, App,
    audit::Event,
    csv::{line, typed},
    error::{Error, Result},
    ids::AccessReviewId,
    permission::Permission,
    security_events,
};

/// The columns.
const HEADINGS: [&str; 18] = [
    "review_id",
    "started_at",
    "due_on",
    "finished_at",
    "person_id",
    "name",
    "email",
    "role",
    "branch_ids",
    "status",
    "mfa_enrolled",
    "last_sign_in_at",
    "token_count",
    "decision",
    "note",
    "decided_at",
    "decided_by",
    "enabled_again_at",
];

/// The whole review, with the event that tells of it: how many lines, of which review, and nothing of what stands in them.
pub async fn export(app: &App, actor: &Actor, id: AccessReviewId) -> Result<String> {
    actor.may(Permission::AccessReviews)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let review = queries::find(tx.conn(), tenant, Some(id))
        .await?
        .ok_or(Error::NotFound)?;
    let rows = queries::rows(tx.conn(), tenant, id, None).await?;
    let whole = WholeReview { review, rows };
    let count = whole.rows.len();
    let event = Event::new("access_review", "access_review.exported")
        .on("access_review", id)
        .with("format", "csv")
        .with("filter", "everybody")
        .with("count", count);
    tx.commit(event).await?;
    security_events::note_export(app, actor, count).await?;
    Ok(csv(&whole))
}

/// The whole review.
fn csv(whole: &WholeReview) -> String {
    let review = &whole.review;
    let instant = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
    let mut out = line(HEADINGS.map(str::to_owned));
    for row in &whole.rows {
        let branches: Vec<String> = row.branch_ids.iter().map(ToString::to_string).collect();
        let decision = row.decision.map_or("not_reviewed", Decision::as_str);
        out += &line([
            review.id.to_string(),
            instant(Some(review.started_at)),
            review.due_on.to_string(),
            instant(review.finished_at),
            row.person_id.to_string(),
            typed(&row.name).into_owned(),
            typed(&row.email).into_owned(),
            row.role.as_str().to_owned(),
            branches.join(" "),
            row.status.as_str().to_owned(),
            row.mfa_enrolled.to_string(),
            instant(row.last_sign_in_at),
            row.token_count.to_string(),
            decision.to_owned(),
            typed(&row.note).into_owned(),
            instant(row.decided_at),
            row.decided_by.map(|id| id.to_string()).unwrap_or_default(),
            instant(row.enabled_again_at),
        ]);
    }
    out
}
