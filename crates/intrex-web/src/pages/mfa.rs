//! The second factor: setting it up once, and giving a code at every sign-in, or what stands in for one. Only a session that
//! waits for exactly this gets here.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    catalogue::keys,
    error::FieldError,
    sessions::{self, Provisional, Stage, Verification},
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::{
    passkey::{self, PasskeyView},
    qr,
    recovery::{self, Asked, With},
    settings::offer_recovery_codes,
    sign_in::{MAX_FORM_BYTES, Next, start},
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, wait},
    request::{Begun, BegunForm, Exchange, Query, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
};

pub(super) fn routes(routes: Routes) -> Routes {
    let form = |path| {
        Route::new(Verb::Post, Kind::Page, path, Access::Provisional).max_body(MAX_FORM_BYTES)
    };
    routes
        .page("/mfa", Access::Provisional, show)
        .add(form("/mfa"), submit)
        .page("/mfa/setup", Access::Provisional, show_setup)
        .add(form("/mfa/setup"), submit_setup)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawCode {
    code: String,
    recovery_code: String,
    /// What an authenticator has signed, in the place of a code.
    credential: String,
}

impl RawCode {
    /// The digits; apps show them with a gap, and people type it.
    fn digits(&self) -> String {
        self.code.chars().filter(|c| !c.is_whitespace()).collect()
    }
}

#[derive(Template)]
#[template(path = "sign_in/mfa.html")]
struct MfaPage<'a> {
    page: &'a Page,
    form: FormView,
    asked: Asked,
    next: String,
    other: String,
    passkey: PasskeyView,
}

#[derive(Template)]
#[template(path = "sign_in/mfa_setup.html")]
struct SetupPage<'a> {
    page: &'a Page,
    form: FormView,
    next: String,
    qr: qr::Drawing,
    groups: Vec<String>,
}

/// What is shown after a code that was not accepted.
struct Again {
    status: StatusCode,
    form: FormView,
    retry_after_sec: Option<i64>,
}

/// `GET /mfa`
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Begun(begun): Begun,
    Query(next): Query<Next>,
    Query(with): Query<With>,
) -> Result<Response, Fault> {
    at(&begun, Stage::MfaVerify, &next)?;
    draw(&web, &exchange, &begun, &next, with.asked(), Again::first()).await
}

/// `POST /mfa`
async fn submit(
    State(web): State<WebState>,
    exchange: Exchange,
    Query(next): Query<Next>,
    Query(with): Query<With>,
    BegunForm { begun, input }: BegunForm<RawCode>,
) -> Result<Response, Fault> {
    at(&begun, Stage::MfaVerify, &next)?;
    let (given, typed) = recovery::given(with.asked(), &input.code, &input.recovery_code);
    let by_passkey = !input.credential.is_empty();
    let (verification, refused) = match given {
        _ if by_passkey => (
            sessions::verify_passkey(&web.app, &begun, &input.credential).await?,
            passkey::refused(),
        ),
        Asked::AppCode => (
            sessions::verify_code(&web.app, &begun, &input.digits()).await?,
            given.wrong(),
        ),
        Asked::RecoveryCode => (
            sessions::verify_recovery_code(&web.app, &begun, typed).await?,
            given.wrong(),
        ),
    };
    match again(&exchange, refused, verification) {
        Some(again) => draw(&web, &exchange, &begun, &next, given, again).await,
        None if by_passkey => Ok(see_other(next.destination())),
        None => Ok(see_other(&recovery::destination(given, &next))),
    }
}

/// `GET /mfa/setup`: the secret is shown until it is confirmed, and never again.
async fn show_setup(
    State(web): State<WebState>,
    exchange: Exchange,
    Begun(begun): Begun,
    Query(next): Query<Next>,
) -> Result<Response, Fault> {
    at(&begun, Stage::MfaSetup, &next)?;
    draw_setup(&web, &exchange, &begun, &next, Again::first()).await
}

/// `POST /mfa/setup`
async fn submit_setup(
    State(web): State<WebState>,
    exchange: Exchange,
    Query(next): Query<Next>,
    BegunForm { begun, input }: BegunForm<RawCode>,
) -> Result<Response, Fault> {
    at(&begun, Stage::MfaSetup, &next)?;
    let verification = sessions::confirm_enrolment(&web.app, &begun, &input.digits()).await?;
    match again(&exchange, Asked::AppCode.wrong(), verification) {
        Some(again) => draw_setup(&web, &exchange, &begun, &next, again).await,
        // What stands in for a lost app is offered while everything is at hand.
        None => Ok(see_other(&offer_recovery_codes(next.destination()))),
    }
}

/// Sends somebody who waits for the other step there.
fn at(begun: &Provisional, stage: Stage, next: &Next) -> Result<(), Fault> {
    if begun.stage == stage {
        return Ok(());
    }
    let page = match begun.stage {
        Stage::MfaSetup => "/mfa/setup",
        _ => "/mfa",
    };
    Err(Fault::Elsewhere(format!("{page}{}", next.query())))
}

/// Lets somebody in, or says why not.
fn again(exchange: &Exchange, refused: FieldError, verification: Verification) -> Option<Again> {
    let (status, error, retry_after_sec) = match verification {
        Verification::Full(cookie) => {
            start(exchange, &cookie);
            return None;
        }
        Verification::Wrong => (StatusCode::UNAUTHORIZED, refused, None),
        Verification::Wait { retry_after_sec } => (
            StatusCode::TOO_MANY_REQUESTS,
            FieldError {
                field: refused.field,
                text: wait::words(retry_after_sec),
            },
            Some(retry_after_sec),
        ),
    };
    Some(Again {
        status,
        form: FormView::empty().wrong(&[error], exchange.language()),
        retry_after_sec,
    })
}

impl Again {
    fn first() -> Self {
        Again {
            status: StatusCode::OK,
            form: FormView::empty(),
            retry_after_sec: None,
        }
    }
}

async fn draw(
    web: &WebState,
    exchange: &Exchange,
    begun: &Provisional,
    next: &Next,
    asked: Asked,
    mut again: Again,
) -> Result<Response, Fault> {
    let ways = sessions::ways(&web.app, begun).await?;
    let title = match asked {
        _ if !ways.code => keys::PASSKEY_USE,
        Asked::AppCode => keys::MFA,
        Asked::RecoveryCode => keys::MFA_RECOVERY,
    };
    let page = Page::of_nobody(exchange, title);
    let template = MfaPage {
        page: &page,
        form: std::mem::take(&mut again.form),
        asked,
        next: asked.query(next),
        other: asked.other().query(next),
        passkey: PasskeyView::at_sign_in(web, ways),
    };
    let response = page.show_as(again.status, &template)?;
    Ok(wait::told(response, again.retry_after_sec))
}

async fn draw_setup(
    web: &WebState,
    exchange: &Exchange,
    begun: &Provisional,
    next: &Next,
    mut again: Again,
) -> Result<Response, Fault> {
    let enrolment = sessions::begin_enrolment(&web.app, begun).await?;
    let page = Page::of_nobody(exchange, keys::SETUP);
    let template = SetupPage {
        form: std::mem::take(&mut again.form),
        next: next.query(),
        qr: qr::draw(enrolment.otpauth_url.expose_secret())?,
        groups: groups(enrolment.secret_base32.expose_secret()),
        page: &page,
    };
    let response = page.show_as(again.status, &template)?;
    Ok(wait::told(response, again.retry_after_sec))
}

/// The secret in groups of four, as people can type it.
pub(super) fn groups(secret: &str) -> Vec<String> {
    let letters: Vec<char> = secret.chars().collect();
    letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_in_groups_of_four() {
        assert_eq!(
            groups("JBSWY3DPEHPK3PXPAB"),
            ["JBSW", "Y3DP", "EHPK", "3PXP", "AB"]
        );
    }

    #[test]
    fn a_gap_in_a_code_does_not_matter() {
        let code = RawCode {
            code: " 492 038\u{a0}".to_owned(),
            ..RawCode::default()
        };
        assert_eq!(code.digits(), "492038");
    }
}
