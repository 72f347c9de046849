//! Signing out: by form only, so that no link and no picture can do it.

use axum::{extract::State, http::HeaderName, response::Response};
use intrex_core::sessions;

use crate::{
    WebState,
    answer::Fault,
    request::{AnyForm, Exchange, Nothing, cookies, guard::see_other},
    routes::{Access, Routes},
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.form("/sign-out", Access::AnySession, submit)
}

/// `POST /sign-out`
async fn submit(
    State(web): State<WebState>,
    exchange: Exchange,
    form: AnyForm<Nothing>,
) -> Result<Response, Fault> {
    match form {
        AnyForm::Full { actor, .. } => sessions::sign_out(&web.app, &actor).await?,
        AnyForm::Begun { begun, .. } => sessions::abandon(&web.app, &begun).await?,
    }
    exchange.forget_cookies();
    exchange.set_cookie(cookies::clear_session());
    let mut response = see_other("/sign-in");
    response.headers_mut().insert(
        HeaderName::from_static("clear-site-data"),
        axum::http::HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""),
    );
    Ok(response)
}
