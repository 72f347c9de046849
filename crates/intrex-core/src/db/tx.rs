//! The three transactions. Their connection is lent inside this crate only, so that no page and no handler can hold one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, Postgres, Transaction};

use super::Inner;
use crate::{
    actor::Actor,
    audit::{self, Event},
    error::{Conflict, Error, Result},
    idempotency,
    permission::{Permission, Reach},
    routes, security_events,
};

/// The longest answer that is kept for a repeated request, in bytes.
const MAX_KEPT_ANSWER: usize = 256 * 1024;

/// An answer that took longer than this says too little of what time it is now.
const PROMPT: Duration = Duration::from_millis(500);

/// Reading as an actor. There is nothing to commit: dropping it ends it, and the rollback travels with the test of the
/// connection on its way back into the pool, in one round trip for which nobody waits. [`ReadTx::finish`] waits.
#[derive(Debug)]
#[must_use = "a transaction that nobody holds has ended"]
pub struct ReadTx {
    tx: Transaction<'static, Postgres>,
    actor: Actor,
    inner: Arc<Inner>,
}

impl ReadTx {
    pub(super) fn new(tx: Transaction<'static, Postgres>, actor: Actor, inner: Arc<Inner>) -> Self {
        ReadTx { tx, actor, inner }
    }

    /// Who reads.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Fails unless the reader may do this; tells how far it reaches.
    pub fn may(&self, permission: Permission) -> Result<Reach> {
        self.actor.may(permission)
    }

    /// The instant of this reading.
    pub fn now(&self) -> DateTime<Utc> {
        self.inner.clock.now()
    }

    /// Ends the transaction, and returns when it has ended.
    pub async fn finish(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }

    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// Goes on as the actor that a credential turned out to be. The statement that checked the credential has set
    /// `app.current_branches` to `actor`'s scope in the same round trip.
    pub(crate) fn authenticated(mut self, actor: Actor) -> Self {
        debug_assert_eq!(self.actor.tenant(), actor.tenant());
        self.actor = actor;
        self
    }
}

/// Writing as an actor. Nothing is kept unless it is committed with the event that tells of it.
#[derive(Debug)]
#[must_use = "a transaction that is not committed is rolled back"]
pub struct WriteTx {
    tx: Transaction<'static, Postgres>,
    actor: Actor,
    inner: Arc<Inner>,
}

impl WriteTx {
    pub(super) fn new(tx: Transaction<'static, Postgres>, actor: Actor, inner: Arc<Inner>) -> Self {
        WriteTx { tx, actor, inner }
    }

    /// Who writes.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The instant of this writing.
    pub fn now(&self) -> DateTime<Utc> {
        self.inner.clock.now()
    }

    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    pub(crate) fn parts(&mut self) -> (&mut PgConnection, &Actor, &Inner) {
        (&mut self.tx, &self.actor, &self.inner)
    }

    /// Stages events beside what was written, for work of many rows that commits once.
    ///
    /// Whatever somebody should look at among them becomes a security event here, and what routes are for goes into the
    /// outbox.
    pub async fn stage(&mut self, mut events: Vec<Event>) -> Result<()> {
        let (conn, actor, inner) = self.parts();
        let more = security_events::follow(conn, inner, actor, &events).await?;
        events.extend(more);
        let recorded = routes::recorded(&events);
        let ids = audit::stage(conn, inner, actor, events).await?;
        routes::follow(self, &recorded, &ids).await
    }

    /// Keeps what was written, together with the event that tells of it: both or neither.
    pub async fn commit(mut self, event: Event) -> Result<()> {
        self.stage(vec![event]).await?;
        self.tx.commit().await.map_err(Error::of_commit)
    }

    /// The same with several events, one at least.
    pub async fn commit_all(mut self, events: Vec<Event>) -> Result<()> {
        if events.is_empty() {
            return Err(Error::internal("nothing is committed without its event"));
        }
        self.stage(events).await?;
        self.tx.commit().await.map_err(Error::of_commit)
    }

    /// Keeps what was written, its event, and the answer for a request that carries an idempotency key, so that the
    /// same request gets the same answer without a second effect. Never give an answer that shows a secret.
    pub async fn commit_answering<T: Serialize>(
        mut self,
        events: Vec<Event>,
        answer: &T,
    ) -> Result<()> {
        if let Some(repeat) = self.actor.request().idempotency.clone() {
            let answer = serde_json::to_string(answer).map_err(Error::internal)?;
            if answer.len() > MAX_KEPT_ANSWER {
                return Err(Error::internal("an answer is too long to be kept"));
            }
            let now = self.now();
            let (conn, actor, _) = self.parts();
            // A key that was used long ago is free again, whether or not it has been cleared away.
            sqlx::query!(
                "delete from app.idempotency_keys
                 where tenant_id = $1 and actor_id = $2 and route = $3 and key = $4 and created_at <= $5",
                actor.tenant().uuid(),
                actor.person_id().map(|id| id.uuid()).unwrap_or_default(),
                repeat.route,
                repeat.key,
                now - idempotency::KEPT_FOR,
            )
            .execute(&mut *conn)
            .await?;
            let kept = sqlx::query!(
                "insert into app.idempotency_keys (tenant_id, actor_id, route, key, body_hash, answer, created_at)
                 values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
                actor.tenant().uuid(),
                actor.person_id().map(|id| id.uuid()).unwrap_or_default(),
                repeat.route,
                repeat.key,
                &repeat.body_hash[..],
                answer,
                now,
            )
            .execute(conn)
            .await?
            .rows_affected();
            if kept == 0 {
                // The same request was committed while this one worked; asking again gives its answer.
                return Err(Error::Conflict(Conflict::Busy));
            }
        }
        self.commit_all(events).await
    }

    /// Undoes what was written.
    pub(crate) async fn undo(self) -> Result<()> {
        Ok(self.tx.rollback().await?)
    }

    /// Keeps what was written without an event. Only for what tells nothing about the tenant's affairs; `why` says so to
    /// whoever searches for this name.
    pub async fn commit_unaudited(self, why: &'static str) -> Result<()> {
        tracing::trace!(why, "commit without event");
        self.tx.commit().await.map_err(Error::of_commit)
    }
}

/// Looking across tenants, as `intrex_system`.
#[derive(Debug)]
#[must_use = "a transaction that is not committed is rolled back"]
pub struct SystemTx {
    tx: Transaction<'static, Postgres>,
    inner: Arc<Inner>,
}

impl SystemTx {
    pub(super) fn new(tx: Transaction<'static, Postgres>, inner: Arc<Inner>) -> Self {
        SystemTx { tx, inner }
    }

    /// The database's time, or a test's: the one by which leases are given and ended, and signs of life judged, because all
    /// processes have it in common. The process goes by it from now on.
    pub(crate) async fn now(&mut self) -> Result<DateTime<Utc>> {
        let clock = &self.inner.clock;
        if let Some(standing) = clock.standing() {
            clock.follow(standing);
            return Ok(standing);
        }
        let asked = Instant::now();
        let now = sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#)
            .fetch_one(&mut *self.tx)
            .await?;
        if asked.elapsed() < PROMPT {
            self.inner.clock.follow(now);
        }
        Ok(now)
    }

    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    pub(crate) async fn commit(self) -> Result<()> {
        self.tx.commit().await.map_err(Error::of_commit)
    }
}
