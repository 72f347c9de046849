//! Answering a reminder by the link of its letter, without signing in. Looking changes nothing, so that a scanner that opens
//! every link of a letter answers for nobody; the buttons are a form. The token stands in the address, so that the page tells
//! it to nobody.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use intrex_core::{
    Error,
    answers::{
        RawAcknowledgement, RawSnooze,
        links::{self, Answer, Found, Outcome, Shown},
    },
    catalogue::{Key, Text, keys},
    raw::Raw,
};
use serde::Deserialize;

use super::{
    invitation::secret,
    messages::choices,
    seed::Seeded,
    sign_in::{EXPIRED, MAX_FORM_BYTES},
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page},
    request::{Anonymous, Exchange, Typed},
    routes::{Access, Kind, Route, Routes, Verb},
    words::Words,
};

const PATH: &str = "/a/{token}";
/// After how many seconds a network that asked too often is heard again.
const WAIT_SECONDS: i64 = 10;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(PATH, Access::Public, show).add(
        Route::new(Verb::Post, Kind::Page, PATH, Access::Public).max_body(MAX_FORM_BYTES),
        submit,
    )
}

/// What is said by a link: `act` is the button.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawAnswer {
    act: Raw,
    note: Raw,
    until: Raw,
}

#[derive(Template)]
#[template(path = "answers/link.html")]
struct LinkPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<String>,
    lede: String,
    item: String,
    choices: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "answers/told.html")]
struct ToldPage<'a> {
    page: &'a Page,
    icon: &'static str,
    detail: String,
}

/// `GET /a/{token}`
async fn show(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Path(token): Path<String>,
) -> Result<Response, Fault> {
    not_too_often(&web, &exchange)?;
    let drawing = Drawing::new(StatusCode::OK);
    drawing.draw(&web, &exchange, &token).await
}

/// `POST /a/{token}`
async fn submit(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Path(token): Path<String>,
    form: Anonymous<RawAnswer>,
) -> Result<Response, Fault> {
    not_too_often(&web, &exchange)?;
    let raw = match form {
        Anonymous::Fresh(raw) => raw,
        Anonymous::Expired(typed) => {
            let drawing = Drawing {
                form: FormView::typed(typed),
                notice: Some(EXPIRED.into()),
                ..Drawing::new(StatusCode::FORBIDDEN)
            };
            return drawing.draw(&web, &exchange, &token).await;
        }
    };
    let acknowledgement = RawAcknowledgement {
        note: raw.note.clone(),
    };
    let snooze = RawSnooze {
        until: raw.until.clone(),
    };
    let answer = match raw.act.shown().as_str() {
        "acknowledge" => Answer::Acknowledge(&acknowledgement),
        "snooze" => Answer::Snooze(&snooze),
        _ => return Err(Error::invalid("act", keys::ERROR_FIELD_REQUIRED).into()),
    };
    match links::answer(&web.app, exchange.origin(), &token, &answer).await {
        Ok(Outcome::Acknowledged) => {
            let detail = keys::ANSWER_DONE_DETAIL.into();
            told(
                &exchange,
                StatusCode::OK,
                keys::ANSWER_DONE,
                "check",
                detail,
            )
        }
        Ok(Outcome::Snoozed { until, zone }) => {
            let when = Words(exchange.language()).moment_in_zone(until, zone);
            let detail = Text::new(keys::ANSWER_SNOOZED_DETAIL).with("when", when);
            let title = keys::ANSWER_SNOOZED;
            told(&exchange, StatusCode::OK, title, "clock", detail)
        }
        Ok(Outcome::Not(found)) => not(&exchange, found),
        Err(Error::Invalid(errors)) => {
            let typed = vec![
                ("note".to_owned(), raw.note.shown()),
                ("until".to_owned(), raw.until.shown()),
            ];
            let drawing = Drawing {
                form: FormView::typed(Typed(typed)).wrong(&errors, exchange.language()),
                ..Drawing::new(StatusCode::UNPROCESSABLE_ENTITY)
            };
            drawing.draw(&web, &exchange, &token).await
        }
        Err(error) => Err(error.into()),
    }
}

/// A token cannot be guessed; each try asks the database, though.
fn not_too_often(web: &WebState, exchange: &Exchange) -> Result<(), Fault> {
    match web.links().take(exchange.client(), web.app.now()) {
        true => Ok(()),
        false => Err(Fault::TooMany(WAIT_SECONDS)),
    }
}

/// The form as it is to be shown.
struct Drawing {
    status: StatusCode,
    form: FormView,
    notice: Option<Text>,
}

impl Drawing {
    fn new(status: StatusCode) -> Self {
        Drawing {
            status,
            form: FormView::empty(),
            notice: None,
        }
    }

    async fn draw(
        self,
        web: &WebState,
        exchange: &Exchange,
        token: &str,
    ) -> Result<Response, Fault> {
        let shown = match links::find(&web.app, exchange.origin(), token).await? {
            Found::Open(shown) => shown,
            found => return not(exchange, found),
        };
        let words = Words(exchange.language());
        let page = Page::of_nobody(exchange, keys::ANSWER_LINK);
        let template = LinkPage {
            form: self.form,
            notice: self.notice.map(|text| page.say(text)),
            lede: page.say(lede(&shown, words)),
            item: shown.item.to_string(),
            choices: choices(words),
            page: &page,
        };
        Ok(secret(page.show_as(self.status, &template)?))
    }
}

fn lede(shown: &Shown, words: Words) -> Text {
    Text::new(keys::ANSWER_LINK_LEDE)
        .with("title", shown.title.as_str())
        .with("branch", shown.branch_name.as_str())
        .with("tenant", shown.tenant_name.as_str())
        .with("date", words.full_day(shown.due_on))
}

/// Why nothing was changed.
fn not(exchange: &Exchange, found: Found) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    match found {
        Found::Answered { what, at, zone } => {
            let key = match what.as_str() {
                "snoozed" => keys::ANSWER_BEFORE_SNOOZED,
                _ => keys::ANSWER_BEFORE_ACKNOWLEDGED,
            };
            let detail = Text::new(key).with("when", words.moment_in_zone(at, zone));
            told(
                exchange,
                StatusCode::OK,
                keys::ANSWER_BEFORE,
                "check",
                detail,
            )
        }
        Found::Settled => {
            let detail = keys::ANSWER_SETTLED_DETAIL.into();
            told(
                exchange,
                StatusCode::OK,
                keys::ANSWER_SETTLED,
                "check",
                detail,
            )
        }
        Found::Gone | Found::Open(_) => {
            let detail = keys::ANSWER_GONE_DETAIL.into();
            told(
                exchange,
                StatusCode::NOT_FOUND,
                keys::ANSWER_GONE,
                "mail",
                detail,
            )
        }
    }
}

fn told(
    exchange: &Exchange,
    status: StatusCode,
    title: Key,
    icon: &'static str,
    detail: Text,
) -> Result<Response, Fault> {
    let page = Page::of_nobody(exchange, title);
    let template = ToldPage {
        icon,
        detail: page.say(detail),
        page: &page,
    };
    Ok(secret(page.show_as(status, &template)?))
}
