//! Digests: what somebody has to do, in one mail a day or a week, at eight by their own clock. They are sent by the outbox like
//! everything else; here it is decided who gets one, when, and what is in it.
//!
//! `model` who wishes one, and by which clock · `agenda` when they fall and what is in them, pure · `listing` what somebody would be
//! reminded of · `ways` by which mail server · `words` the letter · `sending` the worker's part · `carried` before each attempt ·
//! `instead` what comes in a digest and not singly · `queries` all SQL · `reads` what comes · `foresight` the same for a look ahead

pub mod agenda;
pub(crate) mod carried;
pub(crate) mod foresight;
pub(crate) mod instead;
mod listing;
mod model;
mod queries;
pub mod reads;
pub(crate) mod sending;
pub(crate) mod ways;
mod words;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

pub use model::{Kind, MAX_LINES, SENT_AT, Wish, Wisher, zone_of};

use crate::{
    error::Result,
    ids::{PersonId, TenantId},
};

/// How long it is kept which digests there were.
pub(crate) const KEPT_FOR: TimeDelta = TimeDelta::days(60);

/// Keeps what somebody wishes, or that they wish none.
pub(crate) async fn set_wish(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    wish: Option<Wish>,
) -> Result<()> {
    match wish {
        Some(wish) => queries::set_wish(conn, tenant, person, wish).await,
        None => queries::remove_wish(conn, tenant, person).await,
    }
}

/// Removes what it is kept of digests that were made before an instant; how many.
pub(crate) async fn remove_old(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    queries::remove_old(conn, tenant, before, limit).await
}
