//! What can be done to an item from its page: complete, waive, reopen, reschedule, assign, acknowledge, put off. Each is one command; when it is
//! refused, the item's page is drawn as it is now, with the form open and what was typed in it.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::Response,
};
use chrono::NaiveDate;
use intrex_core::{
    Actor, Error,
    answers::{self, RawAcknowledgement, RawSnooze},
    catalogue::keys,
    error::Conflict,
    ids::ObligationId,
    obligations::{
        commands,
        input::{RawCompletion, RawObligation, RawReason, RawReschedule},
        model::Obligation,
        reads,
    },
    raw::Raw,
};
use serde::Deserialize;

use super::item::{self, Drawing, Seen, version};
use crate::{
    WebState,
    answer::{Fault, FormView},
    request::{Exchange, Form, PathId, Query, Typed, guard::see_other},
    words::Words,
};

/// One of the actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Complete,
    Waive,
    Reopen,
    Reschedule,
    Assign,
    Acknowledge,
    Snooze,
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Act::Complete => "complete",
            Act::Waive => "waive",
            Act::Reopen => "reopen",
            Act::Reschedule => "reschedule",
            Act::Assign => "assign",
            Act::Acknowledge => "acknowledge",
            Act::Snooze => "snooze",
        }
    }
}

/// The forms of an item's page.
#[derive(Debug)]
pub(super) struct Acts {
    pub(super) complete: FormView,
    pub(super) waive: FormView,
    pub(super) reopen: FormView,
    pub(super) reschedule: FormView,
    pub(super) assign: FormView,
    pub(super) acknowledge: FormView,
    pub(super) snooze: FormView,
    open: Option<Act>,
}

impl Acts {
    /// The forms as they begin, and the one that was refused as it was typed.
    pub(super) fn of(
        item: &Obligation,
        today: NaiveDate,
        refused: Option<(Act, FormView)>,
    ) -> Self {
        let person = |id: Option<intrex_core::ids::PersonId>| {
            id.map(|id| id.to_string()).unwrap_or_default()
        };
        let mut acts = Acts {
            complete: FormView::filled([("completed_on", today.to_string())]),
            waive: FormView::empty(),
            reopen: FormView::empty(),
            reschedule: FormView::filled([("due_on", item.due_on.to_string())]),
            assign: FormView::filled([
                ("owner_id", person(item.owner_id)),
                ("deputy_id", person(item.deputy_id)),
            ]),
            acknowledge: FormView::empty(),
            snooze: FormView::empty(),
            open: None,
        };
        if let Some((act, form)) = refused {
            acts.open = Some(act);
            *acts.form_mut(act) = form;
        }
        acts
    }

    fn form_mut(&mut self, act: Act) -> &mut FormView {
        match act {
            Act::Complete => &mut self.complete,
            Act::Waive => &mut self.waive,
            Act::Reopen => &mut self.reopen,
            Act::Reschedule => &mut self.reschedule,
            Act::Assign => &mut self.assign,
            Act::Acknowledge => &mut self.acknowledge,
            Act::Snooze => &mut self.snooze,
        }
    }

    /// Whether an action's form is open, for templates.
    pub(super) fn is_open(&self, name: &str) -> bool {
        self.open.is_some_and(|act| act.name() == name)
    }

    /// The form that was refused: its name and its fields.
    pub(super) fn refused(&self) -> Option<(&'static str, &FormView)> {
        let act = self.open?;
        let form = match act {
            Act::Complete => &self.complete,
            Act::Waive => &self.waive,
            Act::Reopen => &self.reopen,
            Act::Reschedule => &self.reschedule,
            Act::Assign => &self.assign,
            Act::Acknowledge => &self.acknowledge,
            Act::Snooze => &self.snooze,
        };
        Some((act.name(), form))
    }
}

impl Acts {
    /// What was typed into a refused form that the page does not draw, because the item is open or closed by now: field
    /// and words. Ids of people are left out; they were chosen, not typed.
    pub(super) fn typed_in_vain(&self, item_is_open: bool) -> Vec<(String, String)> {
        let for_open_items = self.open != Some(Act::Reopen);
        match self.refused() {
            Some((_, form)) if for_open_items != item_is_open => {
                ["reason", "note", "due_on", "completed_on"]
                    .iter()
                    .map(|name| ((*name).to_owned(), form.value(name).to_owned()))
                    .filter(|(_, text)| !text.is_empty())
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Who does an item, and who when they can't.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawAssignment {
    owner_id: Raw,
    deputy_id: Raw,
}

/// `POST /obligations/{id}/complete`
pub(super) async fn complete(at: At, form: Form<RawCompletion>) -> Result<Response, Fault> {
    let done =
        commands::complete(&at.web.app, &form.actor, at.id, &form.input, at.version()?).await;
    at.answer(Act::Complete, &form.actor, form.typed, done.map(drop))
        .await
}

/// `POST /obligations/{id}/waive`
pub(super) async fn waive(at: At, form: Form<RawReason>) -> Result<Response, Fault> {
    let done = commands::waive(&at.web.app, &form.actor, at.id, &form.input, at.version()?).await;
    at.answer(Act::Waive, &form.actor, form.typed, done.map(drop))
        .await
}

/// `POST /obligations/{id}/reopen`
pub(super) async fn reopen(at: At, form: Form<RawReason>) -> Result<Response, Fault> {
    let done = commands::reopen(&at.web.app, &form.actor, at.id, &form.input, at.version()?).await;
    at.answer(Act::Reopen, &form.actor, form.typed, done.map(drop))
        .await
}

/// `POST /obligations/{id}/reschedule`
pub(super) async fn reschedule(at: At, form: Form<RawReschedule>) -> Result<Response, Fault> {
    let done =
        commands::reschedule(&at.web.app, &form.actor, at.id, &form.input, at.version()?).await;
    at.answer(Act::Reschedule, &form.actor, form.typed, done.map(drop))
        .await
}

/// `POST /obligations/{id}/assign`
pub(super) async fn assign(at: At, form: Form<RawAssignment>) -> Result<Response, Fault> {
    let change = RawObligation {
        owner_id: form.input.owner_id,
        deputy_id: form.input.deputy_id,
        ..RawObligation::default()
    };
    let done = commands::update(&at.web.app, &form.actor, at.id, &change, at.version()?).await;
    at.answer(Act::Assign, &form.actor, form.typed, done.map(drop))
        .await
}

/// `POST /obligations/{id}/acknowledge`
pub(super) async fn acknowledge(at: At, form: Form<RawAcknowledgement>) -> Result<Response, Fault> {
    let app = &at.web.app;
    let done = answers::commands::acknowledge_item(app, &form.actor, at.id, &form.input).await;
    at.answer(Act::Acknowledge, &form.actor, form.typed, done.map(drop))
        .await
}

/// `POST /obligations/{id}/snooze`
pub(super) async fn snooze(at: At, form: Form<RawSnooze>) -> Result<Response, Fault> {
    let app = &at.web.app;
    let done = answers::commands::snooze_item(app, &form.actor, at.id, &form.input).await;
    at.answer(Act::Snooze, &form.actor, form.typed, done.map(drop))
        .await
}

/// Where an action is done.
pub(super) struct At {
    web: WebState,
    exchange: Exchange,
    id: ObligationId,
    seen: Seen,
}

impl FromRequestParts<WebState> for At {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, web: &WebState) -> Result<Self, Fault> {
        let exchange = Exchange::from_request_parts(parts, web).await?;
        let PathId(id) = PathId::from_request_parts(parts, web).await?;
        let Query(seen) = Query::from_request_parts(parts, web).await?;
        Ok(At {
            web: web.clone(),
            exchange,
            id,
            seen,
        })
    }
}

impl At {
    /// The version of the item that the person has seen.
    fn version(&self) -> Result<Option<i32>, Error> {
        version(&self.seen)
    }

    /// The answer to an action.
    async fn answer(
        self,
        act: Act,
        actor: &Actor,
        typed: Typed,
        done: Result<(), Error>,
    ) -> Result<Response, Fault> {
        let refused = match done {
            Ok(()) => return Ok(see_other(&self.seen.then(self.id))),
            Err(refused @ (Error::Invalid(_) | Error::Conflict(_))) => refused,
            Err(error) => return Err(error.into()),
        };
        let language = self.exchange.language();
        let form = FormView::typed(typed);
        let mut tx = self.web.app.db.read(actor).await?;
        let item = reads::get(&mut tx, self.id).await?;
        let settled = item::settled_meanwhile(&mut tx, &item, Words(language)).await?;
        // Who is overtaken hears what has happened, not that the version which they saw is an old one.
        let overtaken = match (act, settled) {
            (Act::Reopen, None) => Some(keys::OBLIGATION_OPENED_MEANWHILE.into()),
            (Act::Reopen, Some(_)) => None,
            (_, settled) => settled,
        };
        let (status, open, notice) = match (refused, overtaken) {
            (Error::Conflict(_), Some(meanwhile)) => (StatusCode::CONFLICT, form, Some(meanwhile)),
            (Error::Conflict(conflict), None) => {
                let status = match conflict {
                    Conflict::Stale => StatusCode::PRECONDITION_FAILED,
                    _ => StatusCode::CONFLICT,
                };
                (status, form, Some(conflict.text()))
            }
            (Error::Invalid(errors), _) => {
                let form = form.wrong(&errors, language);
                (StatusCode::UNPROCESSABLE_ENTITY, form, None)
            }
            (error, _) => return Err(error.into()),
        };
        let drawing = Drawing {
            status,
            open: Some((act, open)),
            notice,
            typed: Vec::new(),
        };
        item::draw(tx, &self.exchange, item, drawing).await
    }
}
