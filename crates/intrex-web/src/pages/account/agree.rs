//! Agreeing to another e-mail address, by a link that went to one of the two. Opening the page agrees to nothing: programs
//! that look at mail open every link.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use intrex_core::{
    accounts::email::{self, Agreed, Open},
    catalogue::{Text, keys},
};

use super::{
    super::{
        invitation::secret,
        seed::Seeded,
        sign_in::{EXPIRED, MAX_FORM_BYTES},
    },
    Drawing, Notice,
};
use crate::{
    WebState,
    answer::{Fault, Page},
    request::{Anonymous, Exchange, Nothing},
    routes::{Access, Kind, Route, Routes, Verb},
};

const PATH: &str = "/email-change/{token}";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(PATH, Access::Public, show).add(
        Route::new(Verb::Post, Kind::Page, PATH, Access::Public).max_body(MAX_FORM_BYTES),
        submit,
    )
}

#[derive(Template)]
#[template(path = "account/agree.html")]
struct AgreePage<'a> {
    page: &'a Page,
    notice: Option<(&'static str, &'static str, String)>,
    lede: String,
}

/// What became of it.
#[derive(Template)]
#[template(path = "account/agreed.html")]
struct AgreedPage<'a> {
    page: &'a Page,
    words: String,
}

/// `GET /email-change/{token}`
async fn show(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Path(token): Path<String>,
) -> Result<Response, Fault> {
    draw(&web, &exchange, &token, Drawing::new(StatusCode::OK)).await
}

/// `POST /email-change/{token}`
async fn submit(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Path(token): Path<String>,
    form: Anonymous<Nothing>,
) -> Result<Response, Fault> {
    let Anonymous::Fresh(_) = form else {
        let drawing = Drawing::new(StatusCode::FORBIDDEN).saying(Notice::bad(EXPIRED));
        return draw(&web, &exchange, &token, drawing).await;
    };
    let (title, words) = match email::agree(&web.app, exchange.origin(), &token).await? {
        Agreed::Gone => return gone(&exchange),
        Agreed::Waiting => (
            keys::EMAIL_AGREE_WAITING,
            keys::EMAIL_AGREE_WAITING_DETAIL.into(),
        ),
        Agreed::Impossible => (
            keys::EMAIL_AGREE_IMPOSSIBLE,
            keys::EMAIL_AGREE_IMPOSSIBLE_DETAIL.into(),
        ),
        Agreed::Changed { email } => (
            keys::EMAIL_AGREE_DONE,
            Text::new(keys::EMAIL_AGREE_DONE_DETAIL).with("email", email),
        ),
    };
    tell(&exchange, StatusCode::OK, title.into(), words)
}

async fn draw(
    web: &WebState,
    exchange: &Exchange,
    token: &str,
    drawing: Drawing,
) -> Result<Response, Fault> {
    let Some(open) = email::find(&web.app, exchange.origin(), token).await? else {
        return gone(exchange);
    };
    let page = Page::of_nobody(exchange, keys::EMAIL_AGREE);
    let template = AgreePage {
        notice: drawing.notice.map(|notice| notice.said(&page)),
        lede: page.say(lede(&open)),
        page: &page,
    };
    Ok(secret(page.show_as(drawing.status, &template)?))
}

fn lede(open: &Open) -> Text {
    Text::new(keys::EMAIL_AGREE_LEDE)
        .with("name", open.name.as_str())
        .with("tenant", open.tenant_name.as_str())
        .with("email", open.email.as_str())
}

fn gone(exchange: &Exchange) -> Result<Response, Fault> {
    let words = keys::EMAIL_AGREE_GONE_DETAIL.into();
    let title = keys::EMAIL_AGREE_GONE.into();
    tell(exchange, StatusCode::NOT_FOUND, title, words)
}

fn tell(
    exchange: &Exchange,
    status: StatusCode,
    title: Text,
    words: Text,
) -> Result<Response, Fault> {
    let page = Page::of_nobody(exchange, title);
    let template = AgreedPage {
        words: page.say(words),
        page: &page,
    };
    Ok(secret(page.show_as(status, &template)?))
}
