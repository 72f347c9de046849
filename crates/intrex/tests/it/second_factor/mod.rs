//! One's second factor, and what stands in for it: recovery codes, another authenticator app, another key of the
//! installation.

mod pages;
mod recovery;
mod replacement;
mod rotation;

use intrex_core::{
    Actor,
    permission::Role,
    recovery_codes,
    sessions::{self, Provisional, SessionCookie, Verification},
};
use secrecy::ExposeSecret as _;

use crate::support::{Member, Tenant, TestApp};

async fn acme(app: &TestApp) -> (Tenant, Member) {
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    (acme, alice)
}

/// Who acts in a session.
async fn actor_of(app: &TestApp, cookie: &SessionCookie) -> Actor {
    let (tx, _) = app.full(cookie).await;
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    actor
}

/// New recovery codes of somebody who signs in for it.
async fn codes_of(app: &TestApp, member: &Member) -> Vec<String> {
    let actor = app.acting(member).await;
    let issued = recovery_codes::issue(&app.app, &actor)
        .await
        .expect("codes are made");
    let codes = issued.codes.iter();
    codes.map(|code| code.expose_secret().to_owned()).collect()
}

async fn redeem(app: &TestApp, provisional: &Provisional, typed: &str) -> Verification {
    sessions::verify_recovery_code(&app.app, provisional, typed)
        .await
        .expect("answers")
}

/// Signs in with a recovery code.
async fn recover(app: &TestApp, member: &Member, typed: &str) -> Verification {
    let provisional = app.password_given(member).await;
    redeem(app, &provisional, typed).await
}

/// How many codes somebody has left, as they are told.
async fn left(app: &TestApp, actor: &Actor) -> i64 {
    let mut tx = app.app.db.read(actor).await.expect("reads");
    let standing = recovery_codes::reads::standing(&app.app, &mut tx).await;
    tx.finish().await.expect("finishes");
    standing.expect("stands somewhere").left
}

/// How often something was told.
async fn told(app: &TestApp, action: &str) -> i64 {
    sqlx::query_scalar("select count(*) from app.audit_events where action = $1")
        .bind(action)
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("counts")
}
