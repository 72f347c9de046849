//! Every path that takes a right away: what a session and a token are worth at the next request after it.

use std::{future::Future, pin::Pin};

use chrono::TimeDelta;
use intrex_core::{
    accounts::{
        authenticator::{self, Replaced},
        password::{self, Changed, PasswordChange, Tokens},
        reset,
    },
    actor::{BranchScope, Request},
    ids::BranchId,
    passkeys,
    people::{self, RawPersonUpdate},
    permission::Role,
    recovery_codes,
    sessions::{self, Session, Verification},
    tenants::{self, RawTenantUpdate},
    tokens::{self, RawToken},
};
use secrecy::ExposeSecret as _;

use crate::{
    accounts::post::{last_to, post, with_mail},
    support::{MailServer, Member, Tenant, TestApp, members::list},
};

/// What a credential is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Worth {
    /// Nobody's.
    Nothing,
    /// Somebody's, in this role and these branches.
    As(Role, BranchScope),
}

struct Scene {
    app: TestApp,
    acme: Tenant,
    server: MailServer,
    bob: Member,
    south: BranchId,
    session: intrex_core::ids::SessionId,
    token: intrex_core::ids::TokenId,
}

type Taken<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
type Path = for<'a> fn(&'a Scene) -> Taken<'a>;

async fn change(scene: &Scene, raw: RawPersonUpdate) {
    people::update(
        &scene.app.app,
        &scene.acme.operator,
        scene.bob.id,
        &raw,
        None,
    )
    .await
    .expect("is changed");
}

async fn limit(scene: &Scene, hours: &str, minutes: &str) {
    let raw = RawTenantUpdate {
        session_absolute_hours: hours.into(),
        session_idle_minutes: minutes.into(),
        ..RawTenantUpdate::default()
    };
    tenants::update(&scene.app.app, &scene.acme.operator, &raw, None)
        .await
        .expect("is limited");
}

const NEXT: &str = "cobalt lantern orchid ferry";

async fn new_password(scene: &Scene, tokens: Tokens) {
    let acting = scene.app.acting(&scene.bob).await;
    let typed = PasswordChange {
        old: scene.bob.password.clone(),
        new: NEXT.into(),
        tokens,
    };
    let changed = password::change(&scene.app.app, &acting, typed).await;
    assert!(matches!(changed, Ok(Changed::Done(_))), "{changed:?}");
}

/// Each path, and what is left of the session and of the token: nothing, or less, or all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Operator,
    OtherBranch,
    All,
}

const PATHS: &[(&str, Path, Left, Left)] = &[
    (
        "disabled",
        |scene| {
            Box::pin(change(
                scene,
                RawPersonUpdate {
                    status: "disabled".into(),
                    ..RawPersonUpdate::default()
                },
            ))
        },
        Left::Nothing,
        Left::Nothing,
    ),
    (
        "disabled and enabled again",
        |scene| {
            Box::pin(async {
                for status in ["disabled", "active"] {
                    let raw = RawPersonUpdate {
                        status: status.into(),
                        ..RawPersonUpdate::default()
                    };
                    change(scene, raw).await;
                }
            })
        },
        Left::Nothing,
        Left::Nothing,
    ),
    (
        "another role",
        |scene| {
            Box::pin(change(
                scene,
                RawPersonUpdate {
                    role: "operator".into(),
                    ..RawPersonUpdate::default()
                },
            ))
        },
        Left::Operator,
        Left::Operator,
    ),
    (
        "another branch",
        |scene| {
            Box::pin(change(
                scene,
                RawPersonUpdate {
                    branch_ids: list(&[scene.south]).into(),
                    ..RawPersonUpdate::default()
                },
            ))
        },
        Left::OtherBranch,
        Left::OtherBranch,
    ),
    (
        "second factor reset",
        |scene| {
            Box::pin(async {
                let (app, operator) = (&scene.app.app, &scene.acme.operator);
                let reset = people::reset_mfa(app, operator, scene.bob.id, &"lost".into()).await;
                reset.expect("is reset");
            })
        },
        Left::Nothing,
        Left::Nothing,
    ),
    (
        "password changed",
        |scene| Box::pin(new_password(scene, Tokens::Kept)),
        Left::Nothing,
        Left::All,
    ),
    (
        "password changed, and tokens with it",
        |scene| Box::pin(new_password(scene, Tokens::Revoked)),
        Left::Nothing,
        Left::Nothing,
    ),
    (
        "password reset by a link",
        |scene| {
            Box::pin(async {
                let (app, bob) = (&scene.app, &scene.bob);
                let asked = reset::request(&app.app, bob.request.clone(), &bob.email).await;
                assert_eq!(asked.expect("answers"), reset::Requested::Noted);
                let letters = post(app, &scene.server).await;
                let token = last_to(&letters, &bob.email).token("reset-password");
                let done = reset::finish(&app.app, Request::default(), &token, NEXT.into()).await;
                assert!(matches!(done, Ok(reset::Outcome::Done)), "{done:?}");
            })
        },
        Left::Nothing,
        Left::Nothing,
    ),
    (
        "another authenticator app",
        |scene| {
            Box::pin(async {
                let (app, bob) = (&scene.app, &scene.bob);
                let acting = app.acting(bob).await;
                let enrolment = authenticator::begin(&app.app, &acting).await;
                let other = Member {
                    secret: enrolment.expect("begins").secret_base32,
                    ..bob.clone()
                };
                let done = authenticator::confirm(&app.app, &acting, &app.code(&other)).await;
                assert!(matches!(done, Ok(Replaced::Done(_))), "{done:?}");
            })
        },
        Left::Nothing,
        Left::All,
    ),
    (
        // It stands in for a code, and takes nothing away: whoever used it is somebody who may.
        "a recovery code used",
        |scene| {
            Box::pin(async {
                let (app, bob) = (&scene.app, &scene.bob);
                let acting = app.acting(bob).await;
                let issued = recovery_codes::issue(&app.app, &acting).await;
                let codes = issued.expect("are made").codes;
                let provisional = app.password_given(bob).await;
                let code = codes[0].expose_secret();
                let used = sessions::verify_recovery_code(&app.app, &provisional, code).await;
                assert!(matches!(used, Ok(Verification::Full(_))), "{used:?}");
            })
        },
        Left::All,
        Left::All,
    ),
    (
        "a passkey removed",
        |scene| {
            Box::pin(async {
                let (app, bob) = (&scene.app, &scene.bob);
                let id: uuid::Uuid = sqlx::query_scalar(
                    "insert into app.passkeys (tenant_id, id, person_id, credential_id, rp_id, name, public_key, counter_state,
                                               transports, created_at)
                     values ($1, gen_random_uuid(), $2, decode(repeat('07', 16), 'hex'), 'localhost', 'Lost phone', 'key',
                             decode(repeat('00', 7), 'hex'), 0, $3) returning id",
                )
                .bind(scene.acme.id.uuid())
                .bind(bob.id.uuid())
                .bind(app.app.now())
                .fetch_one(&mut app.superuser().await)
                .await
                .expect("has a passkey");
                let acting = app.acting(bob).await;
                let removed = passkeys::remove(&app.app, &acting, id.into()).await;
                removed.expect("is removed");
            })
        },
        Left::Nothing,
        Left::All,
    ),
    (
        "organisation suspended",
        |scene| {
            Box::pin(async {
                let suspended = tenants::suspend(&scene.app.app, &scene.acme.operator).await;
                suspended.expect("is suspended");
            })
        },
        Left::Nothing,
        Left::Nothing,
    ),
    (
        "session ended by an admin",
        |scene| {
            Box::pin(async {
                let acting = scene.app.acting(&scene.bob).await;
                let ended = sessions::revoke(&scene.app.app, &acting, scene.session).await;
                ended.expect("is ended");
            })
        },
        Left::Nothing,
        Left::All,
    ),
    (
        "all other sessions ended",
        |scene| {
            Box::pin(async {
                let acting = scene.app.acting(&scene.bob).await;
                let ended = sessions::revoke_others(&scene.app.app, &acting).await;
                ended.expect("are ended");
            })
        },
        Left::Nothing,
        Left::All,
    ),
    (
        "signed out everywhere",
        |scene| {
            Box::pin(async {
                let (app, operator) = (&scene.app.app, &scene.acme.operator);
                let ended = sessions::revoke_all_of(app, operator, scene.bob.id).await;
                assert_eq!(ended.expect("are ended"), 2);
            })
        },
        Left::Nothing,
        Left::All,
    ),
    (
        "token revoked",
        |scene| {
            Box::pin(async {
                let (app, operator) = (&scene.app.app, &scene.acme.operator);
                let revoked = tokens::revoke(app, operator, scene.token).await;
                revoked.expect("is revoked");
            })
        },
        Left::All,
        Left::Nothing,
    ),
    (
        "a shorter limit",
        |scene| {
            Box::pin(async {
                scene.app.app.clock.advance(TimeDelta::minutes(59));
                limit(scene, "1", "").await;
                scene.app.app.clock.advance(TimeDelta::minutes(1));
            })
        },
        Left::Nothing,
        Left::All,
    ),
    (
        "a shorter limit without use",
        |scene| {
            Box::pin(async {
                scene.app.app.clock.advance(TimeDelta::minutes(5));
                limit(scene, "", "5").await;
            })
        },
        Left::Nothing,
        Left::All,
    ),
];

#[tokio::test]
async fn what_is_taken_away_is_gone_at_the_next_request_by_cookie_and_by_token() {
    for (name, path, of_session, of_token) in PATHS {
        let (app, server) = with_mail().await;
        let acme = app.tenant("Acme").await;
        let north = app.branch(&acme, "NORTH").await.id;
        let south = app.branch(&acme, "SOUTH").await.id;
        let bob = app
            .member(&acme, "Bob", Role::BranchManager, &[north])
            .await;
        let cookie = app.sign_in(&bob).await;
        let (tx, session) = app.full(&cookie).await;
        let raw = RawToken {
            name: "nightly".into(),
            ..RawToken::default()
        };
        let actor = tx.actor().clone();
        tx.finish().await.expect("finishes");
        let token = tokens::create(&app.app, &actor, &raw)
            .await
            .expect("is made");
        let scene = Scene {
            server,
            acme,
            south,
            session: session.id,
            token: token.token.id,
            bob,
            app,
        };
        let whole = Worth::As(Role::BranchManager, BranchScope::Only(vec![north]));
        let expected = |left: Left| match left {
            Left::Nothing => Worth::Nothing,
            Left::All => whole.clone(),
            Left::Operator => Worth::As(Role::Operator, BranchScope::Only(vec![north])),
            Left::OtherBranch => Worth::As(Role::BranchManager, BranchScope::Only(vec![south])),
        };
        let by_cookie = async || match scene.app.session(&cookie).await {
            Session::Full(tx, _) => worth(*tx).await,
            _ => Worth::Nothing,
        };
        let by_token = async || {
            let text = token.text.expose_secret();
            let tx = tokens::authenticate(&scene.app.app, text, Request::default()).await;
            match tx.expect("answers") {
                Some(tx) => worth(tx).await,
                None => Worth::Nothing,
            }
        };
        assert_eq!(
            (by_cookie().await, by_token().await),
            (whole.clone(), whole.clone()),
            "{name}: before"
        );
        path(&scene).await;
        assert_eq!(
            by_cookie().await,
            expected(*of_session),
            "{name}: the session"
        );
        assert_eq!(by_token().await, expected(*of_token), "{name}: the token");
        post(&scene.app, &scene.server).await;
        scene.app.finish().await;
    }
}

async fn worth(tx: intrex_core::db::ReadTx) -> Worth {
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    Worth::As(actor.role().expect("a role"), actor.scope().clone())
}
