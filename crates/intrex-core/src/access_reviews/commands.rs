//! Beginning a review, deciding on somebody, finishing it.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{
    input::RawDecision,
    model::{AccessReview, DUE_AFTER, Decision, ReviewRow},
    queries::{self, Decided, Told},
};
use crate::{
    Actor, App,
    account_mail::{self, Notice},
    audit::Event,
    catalogue::{Text, keys},
    db::WriteTx,
    error::{Conflict, Error, Result},
    ids::{AccessReviewId, PersonId, TenantId},
    obligations::schedule::civil_today,
    people,
    permission::Permission,
    tenants,
};

/// A review that was begun, or the one that was open already: there is one at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The review.
    pub review: AccessReview,
    /// Whether it was begun by this.
    pub is_new: bool,
}

/// Begins a review, and tells head office. Whoever begins one while one is open is shown that one.
pub async fn start(app: &App, actor: &Actor) -> Result<Started> {
    actor.may(Permission::AccessReviews)?;
    let mut tx = app.db.write(actor).await?;
    let begun = begin(app, &mut tx).await?;
    let tenant = actor.tenant();
    match begun {
        Some((review, event)) => {
            tx.commit_answering(vec![event], &review).await?;
            Ok(Started {
                review,
                is_new: true,
            })
        }
        None => Ok(Started {
            review: queries::find(tx.conn(), tenant, None)
                .await?
                .ok_or(Error::NotFound)?,
            is_new: false,
        }),
    }
}

/// Begins one in the caller's transaction, with the event that tells of it; none if one is open.
pub(super) async fn begin(app: &App, tx: &mut WriteTx) -> Result<Option<(AccessReview, Event)>> {
    let (tenant, by, now) = (tx.actor().tenant(), tx.actor().person_id(), tx.now());
    // Admins first, as whoever deletes or disables somebody does: nobody leaves between the snapshot and what tells of it.
    people::lock_admins(tx).await?;
    let id: AccessReviewId = app.new_id();
    let today = today(tx).await?;
    let due_on = today + DUE_AFTER;
    if !queries::insert(tx.conn(), tenant, id, by, due_on, today, now).await? {
        return Ok(None);
    }
    queries::snapshot(tx.conn(), tenant, id, now).await?;
    tell_of(app, tx, id, due_on, today).await?;
    write_to_admins(app, tx, Notice::AccessReviewBegun).await?;
    let review = shown(tx, id).await?;
    let event = told("access_review.started", id)
        .with("due_on", due_on.to_string())
        .with("count", review.row_count);
    Ok(Some((review, event)))
}

/// Decides on somebody, again if it was decided before. Not on oneself. What is revoked is gone at once: they are signed out
/// everywhere, their tokens and open links are dead.
pub async fn decide(
    app: &App,
    actor: &Actor,
    id: AccessReviewId,
    raw: &RawDecision,
) -> Result<ReviewRow> {
    actor.may(Permission::AccessReviews)?;
    let typed = raw.parse();
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    // Admins and then the review: who is deleted or disabled locks in this order too.
    let admins = people::lock_admins(&mut tx).await?;
    must_be_open(&mut tx, id).await?;
    let typed = typed?;
    let before = row(&mut tx, id, typed.person)
        .await?
        .ok_or_else(|| Error::invalid("person_id", keys::ERROR_FIELD_UNKNOWN_REFERENCE))?;
    if actor.person_id() == Some(typed.person) {
        return Err(Error::conflict(keys::ACCESS_REVIEW_OWN));
    }
    if before.decision == Some(Decision::Revoke) && before.enabled_again_at.is_none() {
        return Err(Error::conflict(keys::ACCESS_REVIEW_REVOKED));
    }
    let now = tx.now();
    let mut events = Vec::new();
    if typed.decision == Decision::Revoke
        && let Some(event) = people::take_access(&mut tx, typed.person, &admins).await?
    {
        events.push(event.with("access_review_id", id.to_string()));
    }
    let decided = Decided {
        person: typed.person,
        decision: typed.decision,
        note: &typed.note,
        by: actor.person_id(),
    };
    queries::decide(tx.conn(), tenant, id, &decided, now).await?;
    events.push(
        told("access_review.decided", id)
            .about(typed.person)
            .with("person_id", typed.person.to_string())
            .with("decision", typed.decision.as_str())
            .summary(before.name)
            .personal("note", typed.note),
    );
    let after = row(&mut tx, id, typed.person)
        .await?
        .ok_or(Error::NotFound)?;
    tx.commit_answering(events, &after).await?;
    Ok(after)
}

/// Finishes a review: everybody is decided on, and what was to be changed is changed. The only head office admin can decide on
/// everybody but themselves, and their own row may stay open.
pub async fn finish(app: &App, actor: &Actor, id: AccessReviewId) -> Result<AccessReview> {
    actor.may(Permission::AccessReviews)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    people::lock_admins(&mut tx).await?;
    must_be_open(&mut tx, id).await?;
    let rows = queries::rows(tx.conn(), tenant, id, None).await?;
    let admins = queries::admins(tx.conn(), tenant).await?;
    let alone = |row: &&ReviewRow| admins == [row.person_id.uuid()];
    let open = rows.iter().filter(|row| row.decision.is_none());
    let undecided = open.filter(|row| !alone(row)).count();
    if undecided > 0 {
        let text = Text::new(keys::ACCESS_REVIEW_UNDECIDED).with("n", undecided);
        return Err(Error::conflict(text));
    }
    let to_change = |row: &&ReviewRow| row.decision == Some(Decision::Change) && !row.is_changed;
    let unchanged = rows.iter().filter(to_change).count();
    if unchanged > 0 {
        let text = Text::new(keys::ACCESS_REVIEW_UNCHANGED).with("n", unchanged);
        return Err(Error::conflict(text));
    }
    // Revoking has taken effect when it was decided; whoever was let in again since stands in the row.
    let enabled_again = rows.iter().filter(|row| row.enabled_again_at.is_some());
    let enabled_again = enabled_again.count();
    let now = tx.now();
    queries::finish(tx.conn(), tenant, id, actor.person_id(), now).await?;
    let review = shown(&mut tx, id).await?;
    let event = told("access_review.finished", id)
        .with("kept", review.kept_count)
        .with("changed", review.changed_count)
        .with("revoked", review.revoked_count)
        .with("enabled_again", enabled_again)
        .with("undecided", review.undecided_count);
    tx.commit_answering(vec![event], &review).await?;
    Ok(review)
}

async fn must_be_open(tx: &mut WriteTx, id: AccessReviewId) -> Result<()> {
    let tenant = tx.actor().tenant();
    match queries::lock(tx.conn(), tenant, id).await? {
        None => Err(Error::NotFound),
        Some(true) => Err(Error::Conflict(Conflict::Settled(
            keys::ACCESS_REVIEW_FINISHED.into(),
        ))),
        Some(false) => Ok(()),
    }
}

async fn row(tx: &mut WriteTx, id: AccessReviewId, person: PersonId) -> Result<Option<ReviewRow>> {
    let tenant = tx.actor().tenant();
    let found = queries::rows(tx.conn(), tenant, id, Some(person)).await?;
    Ok(found.into_iter().next())
}

async fn shown(tx: &mut WriteTx, id: AccessReviewId) -> Result<AccessReview> {
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, Some(id))
        .await?
        .ok_or(Error::NotFound)
}

/// A message in the inbox of every head office admin.
pub(super) async fn tell_of(
    app: &App,
    tx: &mut WriteTx,
    id: AccessReviewId,
    due_on: NaiveDate,
    today: NaiveDate,
) -> Result<()> {
    let message = Told {
        kind: "access_review",
        severity: if today > due_on { "high" } else { "medium" },
        due_on: Some(due_on),
        review: Some(id),
        account_count: None,
    };
    tell(app, tx, &message).await
}

/// A letter to every head office admin, if this installation sends mail.
pub(super) async fn write_to_admins(app: &App, tx: &mut WriteTx, notice: Notice) -> Result<()> {
    let tenant = tx.actor().tenant();
    for admin in queries::admins(tx.conn(), tenant).await? {
        account_mail::notify(app, tx, PersonId::from(admin), notice).await?;
    }
    Ok(())
}

pub(super) async fn tell(app: &App, tx: &mut WriteTx, message: &Told) -> Result<()> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let admins = queries::admins(tx.conn(), tenant).await?;
    let ids: Vec<uuid::Uuid> = admins.iter().map(|_| app.chance.uuid(now)).collect();
    queries::tell(tx.conn(), tenant, &admins, &ids, message, now).await
}

/// Today at head office.
pub(super) async fn today(tx: &mut WriteTx) -> Result<NaiveDate> {
    let now = tx.now();
    let tenant: TenantId = tx.actor().tenant();
    let tenant = tenants::in_force(tx.conn(), tenant).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    Ok(civil_today(now, zone))
}

fn told(action: &'static str, id: AccessReviewId) -> Event {
    Event::new("access_review", action).on("access_review", id)
}
