//! Answering from a letter, without signing in. The link stands in the letter alone: its token is derived from the reminder's
//! id under the installation's key each time the letter is composed, and only its hash is kept, so that neither the database
//! nor a dump of it can answer for anybody. Scanners that follow links change nothing: looking is free, answering is a form.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    acknowledging::{About, acknowledge},
    input::{RawAcknowledgement, RawSnooze},
    locked::{Item, Who, lock},
    model::Snoozed,
    queries::{
        items,
        links::{self, LinkRow, NewLinks},
    },
    snoozing,
};
use crate::{
    App,
    actor::{Actor, BranchScope, Request},
    db::WriteTx,
    error::{Error, Result},
    ids::{ObligationId, PersonId, TenantId},
    obligations::schedule::Threshold,
    permission::{Column, Permission, Reach, Role},
    vault::opaque::{self, Kind, Presented},
};

/// How long a link counts.
pub const LINK_LIFETIME: TimeDelta = TimeDelta::days(30);
/// Separates these tokens from everything else that is signed under the same key. No session's token begins like this.
const DOMAIN: &[u8] = b"intrex answer link v1\0";

/// What a link is about.
#[derive(Debug, Clone)]
pub struct LinkOf {
    /// The reminder, or whatever else the letter is composed for again when it is sent again.
    pub message: Uuid,
    /// The item.
    pub item: ObligationId,
    /// Whom the letter is for.
    pub recipient: PersonId,
    /// What it reminds of.
    pub threshold: Threshold,
    /// The due date that it speaks of.
    pub due_on: NaiveDate,
}

/// A link, to be put into a letter and to be kept by [`keep`].
#[derive(Debug, Clone)]
pub struct Link {
    url: SecretString,
    hash: [u8; 32],
    of: LinkOf,
}

impl Link {
    /// The address.
    pub fn url(&self) -> &SecretString {
        &self.url
    }
}

/// The link of a letter. The same letter has the same one however often it is composed.
pub fn link_for(app: &App, tenant: TenantId, of: &LinkOf) -> Link {
    let key = app.vault.auth().current();
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes keys of any size");
    mac.update(DOMAIN);
    for id in [
        tenant.uuid(),
        of.message,
        of.item.uuid(),
        of.recipient.uuid(),
    ] {
        mac.update(id.as_bytes());
    }
    let secret: [u8; 32] = mac.finalize().into_bytes().into();
    let (token, hash) = opaque::with_secret(Kind::Answer, tenant, &secret);
    let base = app.settings.base_url.as_str().trim_end_matches('/');
    Link {
        url: format!("{base}/a/{}", token.expose_secret()).into(),
        hash,
        of: of.clone(),
    }
}

/// Keeps the hashes of links, in the transaction that composes their letters.
pub(crate) async fn keep(tx: &mut WriteTx, kept: &[Link]) -> Result<()> {
    if kept.is_empty() {
        return Ok(());
    }
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let mut new = NewLinks::default();
    for link in kept {
        new.hash.push(link.hash.to_vec());
        new.person.push(link.of.recipient.uuid());
        new.obligation.push(link.of.item.uuid());
        new.threshold.push(link.of.threshold.code());
        new.due_on.push(link.of.due_on);
    }
    links::insert(tx.conn(), tenant, &new, now, now + LINK_LIFETIME).await
}

/// Removes links that do not count any more; how many.
pub(crate) async fn clear(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    links::remove(conn, tenant, now, limit).await
}

/// What the page of a link shows.
#[derive(Debug, Clone)]
pub enum Found {
    /// It can be answered.
    Open(Shown),
    /// It was answered by this link before.
    Answered {
        /// What was said: `acknowledged` or `snoozed`.
        what: String,
        /// When.
        at: DateTime<Utc>,
        /// The zone in which that is shown.
        zone: Tz,
    },
    /// The item needs no answer any more: it was settled, or moved to another date.
    Settled,
    /// There is no such link, it has expired, or the item is not this person's to see any more. Nothing more is told.
    Gone,
}

/// An item as the page of a link shows it: what stood in the letter, and no more.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The item.
    pub item: ObligationId,
    /// What is due.
    pub title: String,
    /// Where.
    pub branch_name: String,
    /// The organisation.
    pub tenant_name: String,
    /// When.
    pub due_on: NaiveDate,
    /// The branch's zone.
    pub zone: Tz,
}

/// What answering by a link came to.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The item is in hand.
    Acknowledged,
    /// The item was put off.
    Snoozed {
        /// Until when.
        until: DateTime<Utc>,
        /// The branch's zone.
        zone: Tz,
    },
    /// Nothing was changed; the page says why.
    Not(Found),
}

/// What is said by a link.
#[derive(Debug)]
pub enum Answer<'a> {
    /// That the item is in hand.
    Acknowledge(&'a RawAcknowledgement),
    /// Not now.
    Snooze(&'a RawSnooze),
}

/// Looks at a link. Changes nothing.
pub async fn find(app: &App, request: Request, token: &str) -> Result<Found> {
    let Some(presented) = opaque::parse(Kind::Answer, token) else {
        return Ok(Found::Gone);
    };
    let Some(bearer) = look_up(app, &request, &presented).await? else {
        return Ok(Found::Gone);
    };
    let actor = bearer.actor(&presented, request);
    let mut tx = app.db.read(&actor).await?;
    let (tenant, narrowed_to) = (presented.tenant, bearer.who.narrowed_to);
    let item = items::find(tx.conn(), tenant, bearer.row.obligation_id, narrowed_to).await?;
    let item = item.map(Item::of).transpose()?;
    tx.finish().await?;
    Ok(bearer.shown(item))
}

/// Answers by a link, once: of several at the same moment one is heard. What is wrong with a field is `Invalid`, and the link
/// still counts.
pub async fn answer(
    app: &App,
    request: Request,
    token: &str,
    answer: &Answer<'_>,
) -> Result<Outcome> {
    let Some(presented) = opaque::parse(Kind::Answer, token) else {
        return Ok(Outcome::Not(Found::Gone));
    };
    let Some(bearer) = look_up(app, &request, &presented).await? else {
        return Ok(Outcome::Not(Found::Gone));
    };
    let (tenant, hash) = (presented.tenant, presented.hash);
    let mut tx = app.db.write(&bearer.actor(&presented, request)).await?;
    let now = tx.now();
    let id = bearer.row.obligation_id;
    let item = match lock(&mut tx, &bearer.who, &[id.uuid()]).await {
        Ok(mut items) => items.pop(),
        Err(Error::NotFound) => None,
        Err(error) => return Err(error),
    };
    // Under the item's lock: whoever was first has used the link up by now.
    let row = links::find(tx.conn(), tenant, &hash, now).await?;
    let bearer = match row.and_then(Bearer::of) {
        Some(bearer) => bearer,
        None => return Ok(Outcome::Not(Found::Gone)),
    };
    let found = bearer.shown(item.clone());
    let (Found::Open(_), Some(item)) = (&found, item) else {
        return Ok(Outcome::Not(found));
    };
    let (outcome, event) = match answer {
        Answer::Acknowledge(raw) => {
            let note = raw.parse()?;
            let about = About {
                threshold: Threshold::parse(&bearer.row.threshold),
                messages: &[],
                note: &note,
            };
            let event = acknowledge(app, &mut tx, &bearer.who, &item, &about).await?;
            (Outcome::Acknowledged, event)
        }
        Answer::Snooze(raw) => {
            let until = raw.parse()?;
            let (Snoozed { until, .. }, event) =
                snoozing::snooze(&mut tx, &bearer.who, &item, until).await?;
            let zone = item.facts.zone;
            (Outcome::Snoozed { until, zone }, Some(event))
        }
    };
    let what = match outcome {
        Outcome::Snoozed { .. } => "snoozed",
        _ => "acknowledged",
    };
    if !links::use_up(tx.conn(), tenant, &hash, what, now).await? {
        return Ok(Outcome::Not(Found::Gone));
    }
    // Even what was said before by another way is told: the link was used.
    let event = event.unwrap_or_else(|| {
        let event = bearer.who.event("reminder.acknowledged", &item);
        event.with("before", true)
    });
    tx.commit(event).await?;
    Ok(outcome)
}

/// Whose link it is, today.
struct Bearer {
    row: LinkRow,
    who: Who,
    scope: BranchScope,
}

impl Bearer {
    /// Nobody, if the person cannot sign in any more.
    fn of(row: LinkRow) -> Option<Self> {
        let role = Role::parse(&row.role).filter(|_| row.active)?;
        let reach = Permission::RemindersAnswer.reach(Column::Role(role));
        let scope = match reach {
            Reach::Tenant => BranchScope::All,
            _ => BranchScope::Only(row.branches.iter().map(|id| (*id).into()).collect()),
        };
        Some(Bearer {
            who: Who::by_link(row.person_id, reach),
            scope,
            row,
        })
    }

    fn actor(&self, presented: &Presented, request: Request) -> Actor {
        Actor::by_link(presented.tenant, self.scope.clone(), request)
    }

    fn shown(&self, item: Option<Item>) -> Found {
        let Some(item) = item else {
            return Found::Gone;
        };
        let zone = item.facts.zone;
        if let (Some(at), Some(what)) = (self.row.used_at, self.row.answered.clone()) {
            return Found::Answered { what, at, zone };
        }
        if !item.open || item.facts.due_on != self.row.due_on {
            return Found::Settled;
        }
        Found::Open(Shown {
            item: item.facts.id.into(),
            title: item.title,
            branch_name: item.branch_name,
            tenant_name: self.row.tenant_name.clone(),
            due_on: item.facts.due_on,
            zone,
        })
    }
}

async fn look_up(app: &App, request: &Request, presented: &Presented) -> Result<Option<Bearer>> {
    let tenant = presented.tenant;
    let mut tx = app.db.authenticate(tenant, request.clone()).await?;
    let now = tx.now();
    let row = links::find(tx.conn(), tenant, &presented.hash, now).await?;
    tx.finish().await?;
    Ok(row.and_then(Bearer::of))
}
