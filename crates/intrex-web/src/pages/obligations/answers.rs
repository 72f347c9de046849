//! Acknowledging and putting off an item from its page. What was typed wrong is drawn above the item as it is.

use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Actor, Error,
    answers::{RawAcknowledgement, RawSnooze, commands},
    ids::ObligationId,
    obligations::reads,
};

use super::item::{self, Drawing};
use crate::{
    WebState,
    answer::Fault,
    request::{Exchange, Form, PathId, guard::see_other},
};

/// `POST /obligations/{id}/acknowledge`
pub(super) async fn acknowledge(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ObligationId>,
    form: Form<RawAcknowledgement>,
) -> Result<Response, Fault> {
    let done = commands::acknowledge_item(&web.app, &form.actor, id, &form.input).await;
    let typed = vec![("note".to_owned(), form.input.note.shown())];
    then(&web, &exchange, &form.actor, id, done.map(drop), typed).await
}

/// `POST /obligations/{id}/snooze`
pub(super) async fn snooze(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ObligationId>,
    form: Form<RawSnooze>,
) -> Result<Response, Fault> {
    let done = commands::snooze_item(&web.app, &form.actor, id, &form.input).await;
    then(&web, &exchange, &form.actor, id, done.map(drop), Vec::new()).await
}

async fn then(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    id: ObligationId,
    done: Result<(), Error>,
    typed: Vec<(String, String)>,
) -> Result<Response, Fault> {
    let (status, notice) = match done {
        Ok(()) => return Ok(see_other(&format!("/obligations/{id}"))),
        Err(Error::Invalid(errors)) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            errors.first().map(|error| error.text.clone()),
        ),
        Err(Error::Conflict(conflict)) => (StatusCode::CONFLICT, Some(conflict.text())),
        Err(error) => return Err(error.into()),
    };
    let mut tx = web.app.db.read(actor).await.map_err(Fault::from)?;
    let item = reads::get(&mut tx, id).await?;
    let typed = typed.into_iter().filter(|(_, text)| !text.is_empty());
    let drawing = Drawing {
        status,
        open: None,
        notice,
        typed: typed.collect(),
    };
    item::draw(tx, exchange, item, drawing).await
}
