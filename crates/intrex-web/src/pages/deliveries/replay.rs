//! Sending again what was given up: counted first, and sent by the button that says how many.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::keys,
    db::ReadTx,
    deliveries::{self, RawReplay, Replayed},
    error::FieldError,
};

use super::list::connector_choices;
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, Reader},
    words::Words,
};

#[derive(Template)]
#[template(path = "deliveries/replay.html")]
struct ReplayPage<'a> {
    page: &'a Page,
    form: FormView,
    connectors: Vec<(String, String)>,
    /// What came of it.
    said: Option<String>,
    /// The words of the button that sends, if there is something to send.
    send: Option<String>,
}

/// `GET /messages/deliveries/replay`
pub(super) async fn form(exchange: Exchange, Reader(tx): Reader) -> Result<Response, Fault> {
    draw(tx, &exchange, FormView::empty(), None, &[]).await
}

/// `POST /messages/deliveries/replay`
pub(super) async fn replay(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawReplay>,
) -> Result<Response, Fault> {
    let (replayed, wrong) = match deliveries::replay(&web.app, &form.actor, &form.input).await {
        Ok(replayed) => (Some(replayed), Vec::new()),
        Err(Error::Invalid(errors)) => (None, errors),
        Err(error) => return Err(error.into()),
    };
    let tx = web.app.db.read(&form.actor).await?;
    draw(tx, &exchange, FormView::typed(form.typed), replayed, &wrong).await
}

async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    form: FormView,
    replayed: Option<Replayed>,
    wrong: &[FieldError],
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let connectors = connector_choices(&mut tx, words).await?;
    let page = Page::of_reader(tx, exchange, Place::Messages, keys::DELIVERY_REPLAY).await?;
    let said = replayed.map(|replayed| match replayed.dry_run {
        true => words.count(keys::DELIVERY_REPLAY_MATCHED, replayed.matched),
        false => words.count(keys::DELIVERY_REPLAYED, replayed.replayed),
    });
    let send = replayed
        .filter(|replayed| replayed.dry_run && replayed.matched > 0)
        .map(|replayed| words.count(keys::DELIVERY_REPLAY_SEND, replayed.matched));
    let status = match wrong.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    page.show_as(
        status,
        &ReplayPage {
            form: form.wrong(wrong, exchange.language()),
            connectors,
            said,
            send,
            page: &page,
        },
    )
}
