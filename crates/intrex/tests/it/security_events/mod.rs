//! What somebody should look at: that it is seen, told to the right people, and not drowned.

mod flood;
mod pages;
mod places;
mod rules;
mod seen;
mod telling;

use crate::support::TestApp;

/// Every row as `code subject-kind count`, of the platform or of the organisation with this name, in the order of codes.
async fn rows(app: &TestApp, of: Option<uuid::Uuid>) -> Vec<String> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "select code, split_part(subject, ':', 1), seen from app.security_events
         where tenant_id = $1 order by code, subject, window_from",
    )
    .bind(of.unwrap_or_default())
    .fetch_all(&mut app.superuser().await)
    .await
    .expect("the rows");
    rows.into_iter()
        .map(|(code, kind, seen)| format!("{code} {kind} {seen}"))
        .collect()
}

/// How often a code was seen in all.
async fn seen(app: &TestApp, of: Option<uuid::Uuid>, code: &str) -> i64 {
    sqlx::query_scalar(
        "select coalesce(sum(seen), 0)::bigint from app.security_events where tenant_id = $1 and code = $2",
    )
    .bind(of.unwrap_or_default())
    .bind(code)
    .fetch_one(&mut app.superuser().await)
    .await
    .expect("a sum")
}
