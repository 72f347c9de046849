//! The cookie says by what somebody has shown who they are, and says what is so.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use chrono::TimeDelta;
use intrex_core::{
    permission::Role,
    sessions::{self, Proof, Session, StepUp},
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::support::TestApp;

/// What the cookie's claims say.
pub(crate) fn amr(cookie: &SecretString) -> Vec<String> {
    let claims = cookie.expose_secret().split('.').nth(1).expect("claims");
    let claims = B64.decode(claims).expect("is encoded");
    let claims: serde_json::Value = serde_json::from_slice(&claims).expect("is JSON");
    serde_json::from_value(claims["amr"].clone()).expect("a list of words")
}

#[tokio::test]
async fn the_cookie_says_by_what_somebody_has_signed_in_and_stepped_up() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    app.app.clock.advance(TimeDelta::seconds(30));
    let (email, password) = (&alice.email, alice.password.clone());
    let started = sessions::sign_in(&app.app, alice.request.clone(), email, password).await;
    let Ok(sessions::SignIn::Started(started)) = started else {
        panic!("not signed in: {started:?}");
    };
    assert_eq!(amr(&started.cookie.value), ["pwd"]);
    let cookie = app.sign_in(&alice).await;
    assert_eq!(amr(&cookie.value), ["pwd", "otp"]);
    // A cookie that is made anew says the same.
    app.app.clock.advance(TimeDelta::minutes(16));
    let Session::Full(tx, session) = app.session(&cookie).await else {
        panic!("not signed in");
    };
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    assert_eq!(amr(&session.refresh.expect("is due").value), ["pwd", "otp"]);
    let code = app.code(&alice);
    let password = alice.password.clone();
    let again = sessions::step_up(&app.app, &actor, password, Proof::Code(&code)).await;
    let Ok(StepUp::Done(cookie)) = again else {
        panic!("not stepped up: {again:?}");
    };
    assert_eq!(amr(&cookie.value), ["pwd", "otp"]);
    app.finish().await;
}
