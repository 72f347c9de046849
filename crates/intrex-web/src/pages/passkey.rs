//! What pages that take a passkey share: what their script needs to know, and where it asks for what is to be signed. The
//! answer comes back in the page's own form, so that it is checked like any other.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use intrex_core::{
    catalogue::keys,
    error::FieldError,
    passkeys::Ways,
    permission::Permission,
    sessions::{self, Stage},
};

use super::sign_in::MAX_FORM_BYTES;
use crate::{
    WebState,
    answer::Fault,
    request::{BegunForm, Form, Nothing},
    routes::{Access, Kind, Route, Routes, Verb},
};

const AT_SIGN_IN: &str = "/mfa/passkey";
const AT_STEP_UP: &str = "/step-up/passkey";

pub(super) fn routes(routes: Routes) -> Routes {
    let ask =
        |path, access| Route::new(Verb::Post, Kind::Page, path, access).max_body(MAX_FORM_BYTES);
    routes
        .add(ask(AT_SIGN_IN, Access::Provisional), at_sign_in)
        .add(
            ask(AT_STEP_UP, Access::Needs(Permission::SessionsOwn)),
            at_step_up,
        )
}

/// What a page shows of passkeys.
#[derive(Debug)]
pub(super) struct PasskeyView {
    /// By what the person can give the second factor.
    pub(super) ways: Ways,
    /// Where the script asks for what is to be signed.
    pub(super) ask: &'static str,
    /// The address at which passkeys can be used.
    pub(super) address: String,
}

impl PasskeyView {
    pub(super) fn at_sign_in(web: &WebState, ways: Ways) -> Self {
        Self::of(web, ways, AT_SIGN_IN)
    }

    pub(super) fn at_step_up(web: &WebState, ways: Ways) -> Self {
        Self::of(web, ways, AT_STEP_UP)
    }

    fn of(web: &WebState, ways: Ways, ask: &'static str) -> Self {
        PasskeyView {
            ways,
            ask,
            address: address(web),
        }
    }
}

/// That what was signed did not fit.
pub(super) fn refused() -> FieldError {
    FieldError {
        field: "credential".to_owned(),
        text: keys::PASSKEY_REFUSED.into(),
    }
}

/// The address of this installation, as browsers show it.
pub(super) fn address(web: &WebState) -> String {
    web.app.settings.base_url.origin().ascii_serialization()
}

/// `POST /mfa/passkey`: what the browser is to sign, to end the sign-in.
async fn at_sign_in(
    State(web): State<WebState>,
    BegunForm { begun, .. }: BegunForm<Nothing>,
) -> Result<Response, Fault> {
    if begun.stage != Stage::MfaVerify {
        return Err(Fault::Elsewhere("/mfa/setup".to_owned()));
    }
    Ok(Json(sessions::ask_passkey(&web.app, &begun).await?).into_response())
}

/// `POST /step-up/passkey`: what the browser is to sign, to step up.
async fn at_step_up(State(web): State<WebState>, form: Form<Nothing>) -> Result<Response, Fault> {
    Ok(Json(sessions::ask_passkey_again(&web.app, &form.actor).await?).into_response())
}
