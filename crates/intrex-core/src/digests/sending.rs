//! The work that hands digests over to be sent. Who is due is asked again and again; whoever makes a digest keeps it under its day in
//! the transaction of its delivery, so that two workers, a kill at any point and a clock that goes back send none twice.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    agenda::{self, Falls},
    listing::{self, Listing},
    model::Wisher,
    queries::{self, Made, Who},
    ways, words,
};
use crate::{
    App,
    actor::Actor,
    audit::Event,
    channels::{DigestFacts, EventType, NOTICE_VERSION, Notice, NoticeEntity, Timing},
    db::WriteTx,
    deliveries::{self, Staged},
    error::Result,
    ids::DeliveryId,
    jobs::JobOutcome,
    permission::Permission,
    routes::{self, Route},
};

/// How often it is looked for people who have begun to wish a digest. When the next one of the others falls is known.
const INTERVAL: TimeDelta = TimeDelta::minutes(5);
/// People that one transaction looks at.
const PEOPLE_A_BATCH: i64 = 200;
/// How long one run goes on; then others have their turn, and it comes back at once.
const RUN_LIMIT: Duration = Duration::from_secs(20);
/// Separates these digests from every other use of SHA-256. A changed layout needs a new name.
const FINGERPRINT_DOMAIN: &[u8] = b"intrex delivery of digests v1";

/// Makes the digests that are due now.
pub(crate) async fn run(app: &App, actor: &Actor) -> Result<JobOutcome> {
    actor.may(Permission::RemindersRun)?;
    let (began, now) = (Instant::now(), app.now());
    let mut after = Uuid::nil();
    let mut next = now + INTERVAL;
    while began.elapsed() < RUN_LIMIT {
        let batch = make_batch(app, actor, after).await?;
        next = next.min(batch.next.unwrap_or(next));
        match batch.last {
            Some(last) => after = last,
            None => return Ok(JobOutcome::Later(next)),
        }
    }
    // Whoever has theirs is passed over quickly.
    Ok(JobOutcome::Later(app.now()))
}

/// What became of one transaction.
struct Batch {
    /// The last of its people, if others may come behind.
    last: Option<Uuid>,
    /// When the next digest of one of them falls.
    next: Option<DateTime<Utc>>,
}

async fn make_batch(app: &App, actor: &Actor, after: Uuid) -> Result<Batch> {
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let who = Who::Page(after, PEOPLE_A_BATCH);
    let wishers = queries::wishers(tx.conn(), tenant, who).await?;
    let next = |one: &Wisher| agenda::next(one.wish.kind, one.zone, now).at;
    let full = i64::try_from(wishers.len()).is_ok_and(|n| n >= PEOPLE_A_BATCH);
    let batch = Batch {
        next: wishers.iter().map(next).min(),
        last: wishers.last().map(|one| one.person.uuid()).filter(|_| full),
    };
    let due: Vec<(&Wisher, Falls)> = wishers
        .iter()
        .filter_map(|one| Some((one, agenda::due(one.wish, one.zone, one.last_on, now)?)))
        .collect();
    if due.is_empty() {
        tx.commit_unaudited("nobody's digest was due").await?;
        return Ok(batch);
    }
    let events = make(app, &mut tx, &due).await?;
    match events.is_empty() {
        true => {
            tx.commit_unaudited("there was nothing to tell in any digest")
                .await?;
        }
        false => tx.commit_all(events).await?,
    }
    Ok(batch)
}

/// Makes these digests; answers the events that tell of those that have something to tell.
async fn make(app: &App, tx: &mut WriteTx, due: &[(&Wisher, Falls)]) -> Result<Vec<Event>> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let routes = routes::routes(tx.conn(), tenant).await?;
    let readers: Vec<&Wisher> = due.iter().map(|(one, _)| *one).collect();
    let mut listings = listing::of_people(tx.conn(), tenant, &routes, &readers, now).await?;
    let told: Vec<(&Wisher, Falls, Option<Listing>)> = due
        .iter()
        .map(|(one, falls)| {
            let listing = listings.remove(&one.person.uuid());
            let listing = listing.filter(|listing| !listing.lines.is_empty());
            (*one, *falls, listing)
        })
        .collect();
    let letters: Vec<&(&Wisher, Falls, Option<Listing>)> = told
        .iter()
        .filter(|(.., listing)| listing.is_some())
        .collect();
    let staged: Vec<Staged> = letters
        .iter()
        .map(|(one, falls, _)| staged(app, tx, one, *falls, ways::route(&routes.active, one)))
        .collect();
    let ids = deliveries::stage_all(tx, &staged).await?;
    let mut made = Made::default();
    let mut events = Vec::new();
    for ((one, falls, listing), id) in letters.into_iter().zip(ids) {
        // Another worker was first.
        let (Some(listing), Some(id)) = (listing, id) else {
            continue;
        };
        made.push(one, *falls, Some((id, listing)));
        events.push(event(one, *falls, id, listing));
    }
    for (one, falls, _) in told.iter().filter(|(.., listing)| listing.is_none()) {
        made.push(one, *falls, None);
    }
    queries::keep(tx.conn(), tenant, &made, now).await?;
    Ok(events)
}

impl Made {
    fn push(&mut self, one: &Wisher, falls: Falls, letter: Option<(DeliveryId, &Listing)>) {
        let person = one.person.uuid();
        self.person.push(person);
        self.kind.push(one.wish.kind.as_str().to_owned());
        self.falls_on.push(falls.on);
        self.delivery.push(letter.map(|(id, _)| id.uuid()));
        let more = letter
            .map(|(_, listing)| listing.more())
            .unwrap_or_default();
        let number = |n| i32::try_from(n).unwrap_or(i32::MAX);
        self.more_overdue.push(number(more.overdue));
        self.more_today.push(number(more.today));
        self.more_coming.push(number(more.coming));
        for line in letter.iter().flat_map(|(_, listing)| &listing.lines) {
            self.line_of.push(person);
            self.line_item.push(line.item);
            self.line_due_on.push(line.due_on);
        }
    }
}

fn event(one: &Wisher, falls: Falls, delivery: DeliveryId, listing: &Listing) -> Event {
    Event::new("digest", "digest.staged")
        .on("person", one.person)
        .with("kind", one.wish.kind.as_str())
        .with("falls_on", falls.on.to_string())
        .with("delivery_id", delivery.to_string())
        .with("overdue", listing.counts.overdue)
        .with("today", listing.counts.today)
        .with("coming", listing.counts.coming)
}

/// The delivery. What is in the digest is looked up again when it is sent.
fn staged(app: &App, tx: &WriteTx, to: &Wisher, falls: Falls, route: Option<&Route>) -> Staged {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let mut digest = Sha256::new_with_prefix(FINGERPRINT_DOMAIN);
    digest.update(to.person.uuid().as_bytes());
    digest.update(to.wish.kind.as_str().as_bytes());
    digest.update(falls.on.to_string().as_bytes());
    let facts = DigestFacts {
        title: words::title(to.wish.kind, falls.on),
    };
    let base = app.settings.base_url.as_str().trim_end_matches('/');
    let notice = Notice {
        id: app.chance.uuid(now),
        kind: EventType::Digest,
        version: NOTICE_VERSION,
        tenant_id: tenant,
        occurred_at: now,
        severity: None,
        branch: None,
        entity: NoticeEntity::new(app.chance.uuid(now), &facts),
        timing: Timing::default(),
        url: Some(format!("{base}/obligations")),
    };
    Staged {
        route: route.map(|route| route.id),
        connector: route.and_then(|route| route.connector_id),
        recipient: Some(to.person),
        branch: None,
        event_type: EventType::Digest,
        severity: None,
        notices: vec![notice],
        not_before: route
            .and_then(|route| route.quiet)
            .map_or(now, |quiet| quiet.after(now, to.zone)),
        fingerprint: digest.finalize().into(),
        slots: Vec::new(),
    }
}
