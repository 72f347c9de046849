//! Accepting an invitation: the person chooses a password, which nobody else ever knew. The token stands in the address,
//! so that the page tells it to nobody: no referrer to others, nothing kept.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header::REFERRER_POLICY},
    response::Response,
};
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    people::{self, AcceptOutcome, Invitation},
};
use serde::Deserialize;

use super::{
    seed::Seeded,
    sign_in::{EXPIRED, MAX_FORM_BYTES, SecretField},
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page},
    request::{Anonymous, Exchange, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
};

const PATH: &str = "/invitation/{token}";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(PATH, Access::Public, show).add(
        Route::new(Verb::Post, Kind::Page, PATH, Access::Public).max_body(MAX_FORM_BYTES),
        submit,
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawPassword {
    password: SecretField,
}

#[derive(Template)]
#[template(path = "sign_in/invitation.html")]
struct InvitationPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<String>,
    invitation: Invitation,
    min: usize,
}

impl InvitationPage<'_> {
    fn lede(&self) -> String {
        let text = Text::new(keys::INVITATION_LEDE)
            .with("tenant", self.invitation.tenant_name.clone())
            .with("name", self.invitation.name.clone())
            .with("email", self.invitation.email.clone());
        self.page.say(text)
    }
}

#[derive(Template)]
#[template(path = "sign_in/invitation_gone.html")]
struct GonePage<'a> {
    page: &'a Page,
}

/// `GET /invitation/{token}`
async fn show(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Path(token): Path<String>,
) -> Result<Response, Fault> {
    let drawing = Drawing::new(StatusCode::OK);
    drawing.draw(&web, &exchange, &token).await
}

/// `POST /invitation/{token}`
async fn submit(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Path(token): Path<String>,
    form: Anonymous<RawPassword>,
) -> Result<Response, Fault> {
    let Anonymous::Fresh(raw) = form else {
        let drawing = Drawing {
            notice: Some(EXPIRED.into()),
            ..Drawing::new(StatusCode::FORBIDDEN)
        };
        return drawing.draw(&web, &exchange, &token).await;
    };
    match people::accept_invitation(&web.app, exchange.origin(), &token, raw.password.0).await {
        Ok(AcceptOutcome::Gone) => gone(&exchange),
        Ok(_) => Ok(see_other("/sign-in")),
        Err(Error::Invalid(errors)) => {
            let drawing = Drawing {
                form: FormView::empty().wrong(&errors, exchange.language()),
                ..Drawing::new(StatusCode::UNPROCESSABLE_ENTITY)
            };
            drawing.draw(&web, &exchange, &token).await
        }
        Err(error) => Err(error.into()),
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
        let found = people::invitations::find(&web.app, exchange.origin(), token).await?;
        let Some(invitation) = found else {
            return gone(exchange);
        };
        let page = Page::of_nobody(exchange, keys::INVITATION);
        let template = InvitationPage {
            form: self.form,
            notice: self.notice.map(|text| page.say(text)),
            min: invitation.min_password,
            invitation,
            page: &page,
        };
        Ok(secret(page.show_as(self.status, &template)?))
    }
}

fn gone(exchange: &Exchange) -> Result<Response, Fault> {
    let page = Page::of_nobody(exchange, keys::INVITATION_GONE);
    Ok(secret(page.show_as(
        StatusCode::NOT_FOUND,
        &GonePage { page: &page },
    )?))
}

/// The address holds the token: what the page links to must not learn it.
pub(super) fn secret(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
