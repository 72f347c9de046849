//! Changing one's own password. Where somebody has to, this is the one page that opens.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Actor, Error,
    accounts::password::{self, Changed, PasswordChange, Standing, Tokens},
    catalogue::keys,
    permission::Permission,
};
use serde::Deserialize;

use super::{
    super::sign_in::{MAX_FORM_BYTES, SecretField, start},
    Drawing, Notice,
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place, wait},
    request::{Exchange, Form, Query, Reader, guard::see_other},
    routes::{Access, Kind, PASSWORD_PAGE as PATH, Route, Routes, Verb},
};

pub(super) fn routes(routes: Routes) -> Routes {
    let access = Access::Needs(Permission::AccountOwn);
    routes.page(PATH, access, show).add(
        Route::new(Verb::Post, Kind::Page, PATH, access).max_body(MAX_FORM_BYTES),
        submit,
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawChange {
    old_password: SecretField,
    password: SecretField,
    /// `revoke`, from a box that is ticked.
    tokens: Option<String>,
}

/// What a page says that was come to from its own form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct After {
    changed: Option<String>,
}

#[derive(Template)]
#[template(path = "account/password.html")]
struct PasswordPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<(&'static str, &'static str, String)>,
    min: usize,
    is_due: bool,
}

/// `GET /settings/password`
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    Query(after): Query<After>,
) -> Result<Response, Fault> {
    let standing = password::standing(&mut tx).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::PASSWORD_PAGE).await?;
    let drawing = Drawing::new(StatusCode::OK);
    let drawing = match after.changed {
        Some(_) => drawing.saying(Notice::good(keys::PASSWORD_CHANGED)),
        None => drawing,
    };
    draw(&page, standing, drawing)
}

/// `POST /settings/password`
async fn submit(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawChange>,
) -> Result<Response, Fault> {
    let typed = PasswordChange {
        old: form.input.old_password.0,
        new: form.input.password.0,
        tokens: match form.input.tokens.as_deref() {
            Some("revoke") => Tokens::Revoked,
            _ => Tokens::Kept,
        },
    };
    match password::change(&web.app, &form.actor, typed).await {
        Ok(Changed::Done(cookie)) => {
            start(&exchange, &cookie);
            Ok(see_other(&format!("{PATH}?changed=yes")))
        }
        Ok(Changed::Wait { retry_after_sec }) => {
            again(&web, &exchange, &form.actor, Drawing::wait(retry_after_sec)).await
        }
        Err(Error::Invalid(errors)) => {
            let drawing = Drawing {
                form: FormView::empty().wrong(&errors, exchange.language()),
                ..Drawing::new(StatusCode::UNPROCESSABLE_ENTITY)
            };
            again(&web, &exchange, &form.actor, drawing).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn again(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    drawing: Drawing,
) -> Result<Response, Fault> {
    let mut tx = web.app.db.read(actor).await?;
    let standing = password::standing(&mut tx).await?;
    let page = Page::of_reader(tx, exchange, Place::Settings, keys::PASSWORD_PAGE).await?;
    draw(&page, standing, drawing)
}

fn draw(page: &Page, standing: Standing, drawing: Drawing) -> Result<Response, Fault> {
    let template = PasswordPage {
        page,
        form: drawing.form,
        notice: drawing.notice.map(|notice| notice.said(page)),
        min: standing.min_password,
        is_due: standing.is_due,
    };
    let response = page.show_as(drawing.status, &template)?;
    Ok(wait::told(response, drawing.retry_after_sec))
}
