//! Nobody gets in where an organisation is going or gone, and nobody learns more than of one that never was.

use intrex_core::{
    accounts::reset,
    actor::Request,
    people,
    permission::Role,
    sessions::{self, SignIn},
    tokens,
    vault::opaque::{self, Kind},
};
use secrecy::ExposeSecret as _;

use super::{begin, settle, status};
use crate::support::{TestApp, members::from};

#[tokio::test]
async fn sessions_tokens_passwords_and_links_are_answered_as_those_that_never_were() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let cookie = app.sign_in(&alice).await;
    let actor = app.full(&cookie).await.0.actor().clone();
    let raw = tokens::RawToken {
        name: "nightly".into(),
        ..tokens::RawToken::default()
    };
    let token = tokens::create(&app.app, &actor, &raw)
        .await
        .expect("is made");
    let invited = app.invite(&acme, "Ines", Role::Operator, &[]).await;
    let (link, hash) = opaque::mint(Kind::PasswordReset, acme.id, app.app.chance);
    sqlx::query(
        "insert into app.password_resets (tenant_id, id, person_id, token_hash, created_at, expires_at)
         values ($1, gen_random_uuid(), $2, $3, $4, $4 + interval '10 days')",
    )
    .bind(acme.id.uuid())
    .bind(alice.id.uuid())
    .bind(&hash[..])
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("the link is written");
    let (unknown, _) = opaque::mint(Kind::PasswordReset, acme.id, app.app.chance);
    let (no_invitation, _) = opaque::mint(Kind::Invitation, acme.id, app.app.chance);
    let site = app.serve().await;
    let browser = site.browser();
    let pages = async || {
        let mut answers = Vec::new();
        for path in [
            format!("/invitation/{}", invited.token.expose_secret()),
            format!("/invitation/{}", no_invitation.expose_secret()),
            format!("/reset-password/{}", link.expose_secret()),
            format!("/reset-password/{}", unknown.expose_secret()),
        ] {
            let answer = browser.visit(&path).await;
            let title = answer.body.split("<title>").nth(1).unwrap_or_default();
            let title = title
                .split("</title>")
                .next()
                .unwrap_or_default()
                .to_owned();
            answers.push((answer.status, title));
        }
        answers
    };
    let open = pages().await;
    assert!(
        open[0] != open[1] && open[2] != open[3],
        "both links open: {open:?}"
    );

    begin(&app, &acme, "Acme").await;
    for stage in ["deleting", "deleted"] {
        assert_eq!(status(&app, &acme).await, stage);
        assert!(app.is_dead(&cookie).await, "{stage}");
        let by_token =
            tokens::authenticate(&app.app, token.text.expose_secret(), Request::default());
        assert!(by_token.await.expect("answers").is_none(), "{stage}");
        let sign_in = |email: String, network: u8| {
            let password = alice.password.clone();
            let app = app.app.clone();
            async move { sessions::sign_in(&app, from([192, 0, 2, network]), &email, password).await }
        };
        let refused = sign_in(alice.email.clone(), 1).await;
        assert!(
            matches!(refused, Ok(SignIn::Refused)),
            "{stage}: {refused:?}"
        );
        let nobody = sign_in("nobody@nowhere.example".to_owned(), 2).await;
        assert!(matches!(nobody, Ok(SignIn::Refused)), "{stage}: {nobody:?}");
        let invitation =
            people::invitations::find(&app.app, Request::default(), invited.token.expose_secret());
        assert!(invitation.await.expect("answers").is_none(), "{stage}");
        let found = reset::find(&app.app, Request::default(), link.expose_secret()).await;
        assert!(found.expect("answers").is_none(), "{stage}");
        let shut = pages().await;
        assert_eq!(shut[0], shut[1], "{stage}");
        assert_eq!(shut[2], shut[3], "{stage}");
        if stage == "deleting" {
            settle(&app).await;
        }
    }
    // The address is free, and whoever has it next finds nothing of before.
    let globex = app.tenant("Globex").await;
    let raw = people::RawPerson {
        email: alice.email.as_str().into(),
        name: "Somebody else".into(),
        role: "operator".into(),
        ..people::RawPerson::default()
    };
    let invited = people::invite(&app.app, &globex.operator, &raw).await;
    invited.expect("the address is free");
    app.finish().await;
}
