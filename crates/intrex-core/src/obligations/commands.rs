//! What can be done to an obligation: one function each. Allowed? Load and lock, decide by the rules of `model`, save,
//! and commit with the event that tells of it. What becomes moot in the reminder ledger is settled in the same
//! transaction. Whether the item's state allows it at all is said before what is wrong with a field: nobody shall mend a
//! form that has become pointless.

use chrono::{NaiveDate, TimeDelta};
use uuid::Uuid;

use super::{
    input::{RawCompletion, RawObligation, RawReason, RawReschedule},
    locking::{locked, must_be_assignable, named},
    model::{Completion, Definition, Obligation, Settled, Source, Stored, Waiver},
    queries,
    schedule::StoredState,
    telling::{changes, followed, told},
};
use crate::{
    App,
    actor::Actor,
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Conflict, Error, Result},
    ids::{ObligationId, PersonId, TemplateId},
    people,
    permission::Permission,
    reminders, templates,
};

/// How long ago something may have been done that is written down now. Ten years is what the longest of the usual retention
/// rules asks for; what lies before is a slip of the keyboard.
const LONGEST_AGO: TimeDelta = TimeDelta::days(3_653);

/// Creates an obligation, from a template if one is named.
pub async fn create(app: &App, actor: &Actor, raw: &RawObligation) -> Result<Obligation> {
    actor.may(Permission::ObligationsCreate)?;
    let mut tx = app.db.write(actor).await?;
    let template = match raw.template_id.words() {
        Ok(Some(words)) => Some(named_template(&mut tx, &words).await?),
        Ok(None) => None,
        Err(text) => return Err(Error::invalid("template_id", text)),
    };
    let new = raw.parse(template.as_ref())?;
    if !actor.scope().contains(new.branch_id) {
        return Err(Error::invalid(
            "branch_id",
            keys::ERROR_FIELD_UNKNOWN_REFERENCE,
        ));
    }
    let people: Vec<Uuid> = [new.owner_id, new.deputy_id]
        .into_iter()
        .flatten()
        .map(PersonId::uuid)
        .collect();
    people::hold(tx.conn(), actor.tenant(), &people).await?;
    let id: ObligationId = app.new_id();
    let source = if template.is_some() {
        Source::Template
    } else {
        Source::Manual
    };
    queries::insert(tx.conn(), actor.tenant(), id, &new, source, None, app.now())
        .await
        .map_err(refused)?;
    must_be_assignable(&mut tx, &new, None).await?;
    let made = shown(&mut tx, id).await?;
    let event = told(Event::new("obligation", "obligation.created"), &made)
        .with("source", made.source.as_str());
    tx.commit_answering(vec![event], &made).await?;
    Ok(made)
}

/// Changes the fields that were sent. Somebody else's change in between is a conflict if the caller says which version
/// was seen.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: ObligationId,
    raw: &RawObligation,
    seen: Option<i32>,
) -> Result<Obligation> {
    actor.may(Permission::ObligationsUpdate)?;
    let people: Vec<Uuid> = [&raw.owner_id, &raw.deputy_id]
        .into_iter()
        .filter_map(named)
        .collect();
    let permission = Permission::ObligationsUpdate;
    let (mut tx, old, _) = locked(app, actor, id, permission, seen, &people).await?;
    old.must_be_open()?;
    let new = raw.change(&old.definition)?;
    if new == old.definition {
        return shown(&mut tx, id).await;
    }
    must_be_assignable(&mut tx, &new, Some(&old.definition)).await?;
    queries::update(
        tx.conn(),
        actor.tenant(),
        id,
        &new,
        old.series_dates(&new),
        app.now(),
    )
    .await
    .map_err(refused)?;
    // Reminders follow the new owner, lead days and grace: what was planned is planned anew.
    reminders::queries::suppress_planned(tx.conn(), actor.tenant(), id, "changed", app.now())
        .await?;
    let changed = shown(&mut tx, id).await?;
    let event = changes(
        told(Event::new("obligation", "obligation.updated"), &changed),
        &old.definition,
        &new,
    );
    tx.commit_answering(vec![event], &changed).await?;
    Ok(changed)
}

/// Marks an obligation as completed, and makes the next of its series. However many people do so at once, there is one
/// completion and one successor.
pub async fn complete(
    app: &App,
    actor: &Actor,
    id: ObligationId,
    raw: &RawCompletion,
    seen: Option<i32>,
) -> Result<Settled> {
    actor.may(Permission::ObligationsComplete)?;
    let sent = raw.parse();
    let (mut tx, item, today) =
        locked(app, actor, id, Permission::ObligationsComplete, seen, &[]).await?;
    item.must_be_open()?;
    let (note, on) = sent?;
    let on = on.unwrap_or(today);
    if on > today {
        return Err(Error::invalid(
            "completed_on",
            keys::OBLIGATION_COMPLETED_IN_FUTURE,
        ));
    }
    if on < today - LONGEST_AGO {
        return Err(Error::invalid(
            "completed_on",
            keys::OBLIGATION_COMPLETED_OUT_OF_RANGE,
        ));
    }
    let completion = Completion {
        at: app.now(),
        on,
        by: actor.person_id(),
        note: note.clone(),
    };
    queries::complete(tx.conn(), actor.tenant(), id, &completion).await?;
    let settled = settle(app, &mut tx, &item, on, "completed").await?;
    let event = told(
        Event::new("obligation", "obligation.completed"),
        &settled.item,
    )
    .with("completed_on", on.to_string())
    .personal("completion_note", note.unwrap_or_default());
    tx.commit_answering(vec![followed(event, &settled)], &settled)
        .await?;
    Ok(settled)
}

/// Waives an obligation with a reason, and makes the next of its series: a series does not end because one item was
/// waived.
pub async fn waive(
    app: &App,
    actor: &Actor,
    id: ObligationId,
    raw: &RawReason,
    seen: Option<i32>,
) -> Result<Settled> {
    actor.may(Permission::ObligationsWaive)?;
    let sent = raw.parse();
    let (mut tx, item, today) =
        locked(app, actor, id, Permission::ObligationsWaive, seen, &[]).await?;
    item.must_be_open()?;
    let reason = sent?;
    let waiver = Waiver {
        at: app.now(),
        by: actor.person_id(),
        reason: reason.clone(),
    };
    queries::waive(tx.conn(), actor.tenant(), id, &waiver).await?;
    let settled = settle(app, &mut tx, &item, today, "waived").await?;
    let event = told(Event::new("obligation", "obligation.waived"), &settled.item)
        .personal("waiver_reason", reason);
    tx.commit_answering(vec![followed(event, &settled)], &settled)
        .await?;
    Ok(settled)
}

/// Opens again what was completed or waived, with a reason. A successor that was made stays: completing again makes no
/// second one.
pub async fn reopen(
    app: &App,
    actor: &Actor,
    id: ObligationId,
    raw: &RawReason,
    seen: Option<i32>,
) -> Result<Obligation> {
    actor.may(Permission::ObligationsUpdate)?;
    let sent = raw.parse();
    let (mut tx, item, _) =
        locked(app, actor, id, Permission::ObligationsUpdate, seen, &[]).await?;
    if item.state == StoredState::Open {
        let text = keys::OBLIGATION_ALREADY_OPEN.into();
        return Err(Error::Conflict(Conflict::NotSettled(text)));
    }
    let reason = sent?;
    queries::reopen(tx.conn(), actor.tenant(), id, app.now()).await?;
    let opened = shown(&mut tx, id).await?;
    let (had, has) = (&item.definition, &opened);
    let person = |id: Option<PersonId>| id.map(|id| id.to_string());
    let event = told(Event::new("obligation", "obligation.reopened"), &opened)
        .with("was", item.state.as_str())
        .changed("owner_id", person(had.owner_id), person(has.owner_id))
        .changed("deputy_id", person(had.deputy_id), person(has.deputy_id))
        .personal("reopening_reason", reason);
    tx.commit_answering(vec![event], &opened).await?;
    Ok(opened)
}

/// Moves one item to another date, with a reason. The dates of its series stay.
pub async fn reschedule(
    app: &App,
    actor: &Actor,
    id: ObligationId,
    raw: &RawReschedule,
    seen: Option<i32>,
) -> Result<Obligation> {
    actor.may(Permission::ObligationsUpdate)?;
    let sent = raw.parse();
    let (mut tx, item, _) =
        locked(app, actor, id, Permission::ObligationsUpdate, seen, &[]).await?;
    item.must_be_open()?;
    let (due_on, reason) = sent?;
    if due_on == item.definition.due_on {
        return Err(Error::invalid("due_on", keys::OBLIGATION_SAME_DATE));
    }
    queries::reschedule(tx.conn(), actor.tenant(), id, due_on, app.now()).await?;
    reminders::queries::suppress_planned(tx.conn(), actor.tenant(), id, "rescheduled", app.now())
        .await?;
    let moved = shown(&mut tx, id).await?;
    let event = told(Event::new("obligation", "obligation.rescheduled"), &moved)
        .with("from", item.definition.due_on.to_string())
        .with("to", due_on.to_string())
        .personal("rescheduling_reason", reason);
    tx.commit_answering(vec![event], &moved).await?;
    Ok(moved)
}

/// What completing and waiving share: the ledger is settled and the successor made, once.
async fn settle(
    app: &App,
    tx: &mut WriteTx,
    item: &Stored,
    done_on: NaiveDate,
    why: &'static str,
) -> Result<Settled> {
    let (tenant, now) = (tx.actor().tenant(), app.now());
    reminders::queries::suppress_planned(tx.conn(), tenant, item.id, why, now).await?;
    let made = match queries::successor_of(tx.conn(), tenant, item.id).await? {
        Some(existing) => Some(existing),
        None => match item.successor(done_on) {
            None => None,
            Some(next) => {
                let id: ObligationId = app.new_id();
                let definition = Definition {
                    due_on: next.due_on,
                    external_id: None,
                    ..item.definition.clone()
                };
                queries::insert(
                    tx.conn(),
                    tenant,
                    id,
                    &definition,
                    Source::Recurrence,
                    Some((item, next)),
                    now,
                )
                .await
                .map_err(refused)?;
                Some(id)
            }
        },
    };
    let successor = match made {
        Some(id) => queries::find(tx.conn(), tenant, id, None, now).await?,
        None => None,
    };
    Ok(Settled {
        item: shown(tx, item.id).await?,
        successor,
    })
}

async fn named_template(tx: &mut WriteTx, words: &str) -> Result<templates::Template> {
    let unknown = || Error::invalid("template_id", keys::ERROR_FIELD_UNKNOWN_REFERENCE);
    let id = words.trim().parse::<TemplateId>().map_err(|_| unknown())?;
    let tenant = tx.actor().tenant();
    templates::queries::find(tx.conn(), tenant, id)
        .await?
        .filter(|template| template.active)
        .ok_or_else(unknown)
}

async fn shown(tx: &mut WriteTx, id: ObligationId) -> Result<Obligation> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    queries::find(tx.conn(), tenant, id, None, now)
        .await?
        .ok_or(Error::NotFound)
}

/// What a refused write means for the caller, by the constraint that refused.
pub(crate) fn refused(error: sqlx::Error) -> Error {
    match Error::constraint(&error) {
        Some("obligation_instances_external_id") => {
            Error::invalid("external_id", keys::ERROR_FIELD_TAKEN)
        }
        Some("obligation_instances_branch") => {
            Error::invalid("branch_id", keys::ERROR_FIELD_UNKNOWN_REFERENCE)
        }
        Some("obligation_instances_owner") => {
            Error::invalid("owner_id", keys::ERROR_FIELD_UNKNOWN_REFERENCE)
        }
        Some("obligation_instances_deputy") => {
            Error::invalid("deputy_id", keys::ERROR_FIELD_UNKNOWN_REFERENCE)
        }
        Some("obligation_instances_template") => {
            Error::invalid("template_id", keys::ERROR_FIELD_UNKNOWN_REFERENCE)
        }
        _ => error.into(),
    }
}
