//! Another address for one's account: both must agree, and nobody learns whose an address is.

use chrono::TimeDelta;
use intrex_core::{
    Actor,
    accounts::{
        email::{self, Agreed, Asked},
        password::{self, PasswordChange, Tokens},
        reset,
    },
    actor::Request,
    permission::Role,
    raw::Raw,
    sessions::{self, SignIn},
};
use secrecy::ExposeSecret as _;

use super::post::{last_to, post, tables_with, with_mail};
use crate::support::{
    MailServer, Member, TestApp,
    members::{conflict, wrong_fields},
};

const OTHER: &str = "alice.green@elsewhere.example";

async fn ask(
    app: &TestApp,
    actor: &Actor,
    member: &Member,
    email: &str,
) -> intrex_core::Result<Asked> {
    email::ask(&app.app, actor, &Raw::from(email), member.password.clone()).await
}

async fn agree(app: &TestApp, token: &str) -> Agreed {
    email::agree(&app.app, Request::default(), token)
        .await
        .expect("answers")
}

/// The links that went to the old address and to the new one.
async fn links(app: &TestApp, server: &MailServer, member: &Member, new: &str) -> (String, String) {
    let arrived = post(app, server).await;
    (
        last_to(&arrived, &member.email).token("email-change"),
        last_to(&arrived, new).token("email-change"),
    )
}

async fn signs_in(app: &TestApp, member: &Member, email: &str) -> bool {
    let password = member.password.clone();
    let outcome = sessions::sign_in(&app.app, member.request.clone(), email, password).await;
    matches!(outcome, Ok(SignIn::Started(_)))
}

#[tokio::test]
async fn an_address_changes_when_both_have_agreed_and_both_are_told() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let other_session = app.sign_in(&alice).await;
    let browser = app.signed_in(&site, &alice).await;
    let page = browser.visit("/settings/email").await;
    assert!(page.body.contains(&alice.email));
    let fields = [
        ("email", OTHER),
        ("old_password", alice.password.expose_secret()),
    ];
    let asked = browser
        .submit("/settings/email", "/settings/email", &fields)
        .await;
    assert_eq!(asked.leads_to(), "/settings/email?asked=yes");
    let (old, new) = links(&app, &server, &alice, OTHER).await;
    assert_ne!(old, new);
    // The session that asked goes on under another name in the meantime.
    app.app.clock.advance(TimeDelta::seconds(30));
    let code = app.code(&alice);
    let fields = [
        ("password", alice.password.expose_secret()),
        ("code", code.as_str()),
    ];
    let stepped_up = browser.submit("/step-up", "/step-up", &fields).await;
    assert_eq!(stepped_up.leads_to(), "/today");

    let anybody = site.browser();
    let (old, new) = (
        format!("/email-change/{old}"),
        format!("/email-change/{new}"),
    );
    let page = anybody.visit(&new).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert!(page.body.contains(OTHER));
    let first = anybody.submit(&new, &new, &[]).await;
    assert!(
        first.body.contains("Nothing has changed yet"),
        "{}",
        first.body
    );
    assert_eq!(anybody.visit(&new).await.status, 404, "each agrees once");
    assert_eq!(anybody.submit(&old, &new, &[]).await.status, 404);
    assert!(signs_in(&app, &alice, &alice.email).await);
    let second = anybody.submit(&old, &old, &[]).await;
    assert!(
        second.body.contains("The address was changed"),
        "{}",
        second.body
    );
    assert_eq!(
        anybody.submit("/forgot-password", &old, &[]).await.status,
        404
    );

    assert!(app.is_dead(&other_session).await, "the other session ended");
    let page = browser.visit("/settings/email").await;
    assert_eq!(page.status, 200, "the one that asked goes on");
    assert!(page.body.contains(OTHER));
    assert!(signs_in(&app, &alice, OTHER).await);
    assert!(!signs_in(&app, &alice, &alice.email).await);
    let arrived = post(&app, &server).await;
    let told: Vec<&str> = arrived
        .iter()
        .filter(|letter| letter.subject == "Your address was changed")
        .map(|letter| letter.to.as_str())
        .collect();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&alice.email.as_str()) && told.contains(&OTHER));
    for action in ["email.change_requested", "person.email_changed"] {
        assert_eq!(app.told(action).await, 1, "{action}");
    }
    for path in [&old, &new] {
        let token = path.rsplit('/').next().expect("a token");
        assert_eq!(tables_with(&app, token).await, [""; 0]);
    }
    app.finish().await;
}

#[tokio::test]
async fn the_password_is_needed_and_the_address_must_be_one() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let actor = app.acting(&alice).await;
    let wrong = email::ask(
        &app.app,
        &actor,
        &Raw::from(OTHER),
        "guessed".to_owned().into(),
    )
    .await;
    assert_eq!(wrong_fields(wrong), ["old_password"]);
    for bad in [
        "",
        "nobody",
        "a@b",
        &alice.email.to_uppercase(),
        &alice.email,
    ] {
        assert_eq!(
            wrong_fields(ask(&app, &actor, &alice, bad).await),
            ["email"],
            "{bad}"
        );
    }
    assert!(post(&app, &server).await.is_empty());
    for n in 0..5 {
        let asked = ask(&app, &actor, &alice, &format!("alice{n}@elsewhere.example")).await;
        assert!(matches!(asked, Ok(Asked::Noted)));
    }
    let sixth = ask(&app, &actor, &alice, OTHER).await;
    assert_eq!(conflict(sixth), "email-change-too-many");
    let arrived = post(&app, &server).await;
    assert_eq!(arrived.len(), 2, "the newest request's links alone go out");
    app.finish().await;
}

#[tokio::test]
async fn an_address_that_somebody_has_is_answered_like_any_other_and_never_taken() {
    let (app, server) = with_mail().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let mallory = app.member(&globex, "Mallory", Role::Operator, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &mallory).await;
    let mut answers = Vec::new();
    for wanted in [OTHER, &alice.email.to_uppercase(), &alice.email] {
        let fields = [
            ("email", wanted),
            ("old_password", mallory.password.expose_secret()),
        ];
        let asked = browser
            .submit("/settings/email", "/settings/email", &fields)
            .await;
        answers.push(format!("{} {}", asked.status, asked.leads_to()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let (old, new) = links(&app, &server, &mallory, &alice.email).await;
    // Whoever reads Alice's mail would have to agree, and even then it cannot be.
    assert_eq!(agree(&app, &old).await, Agreed::Waiting);
    assert_eq!(agree(&app, &new).await, Agreed::Impossible);
    for token in [&old, &new] {
        assert_eq!(agree(&app, token).await, Agreed::Gone);
    }
    assert!(signs_in(&app, &alice, &alice.email).await);
    assert!(signs_in(&app, &mallory, &mallory.email).await);
    app.finish().await;
}

#[tokio::test]
async fn links_end_with_time_with_a_newer_request_and_with_another_password() {
    let (app, server) = with_mail().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let actor = app.acting(&alice).await;
    ask(&app, &actor, &alice, OTHER).await.expect("is asked");
    let first = links(&app, &server, &alice, OTHER).await;
    ask(&app, &actor, &alice, OTHER).await.expect("is asked");
    let second = links(&app, &server, &alice, OTHER).await;
    for token in [&first.0, &first.1] {
        assert_eq!(agree(&app, token).await, Agreed::Gone, "replaced");
    }
    let foreign = second.0.replace(
        &acme.id.uuid().simple().to_string(),
        &globex.id.uuid().simple().to_string(),
    );
    assert_eq!(
        agree(&app, &foreign).await,
        Agreed::Gone,
        "another organisation"
    );
    assert_eq!(agree(&app, &second.0).await, Agreed::Waiting);
    app.app.clock.advance(TimeDelta::hours(24));
    assert_eq!(agree(&app, &second.1).await, Agreed::Gone, "expired");

    let actor = app.acting(&alice).await;
    ask(&app, &actor, &alice, OTHER).await.expect("is asked");
    let third = links(&app, &server, &alice, OTHER).await;
    let typed = PasswordChange {
        old: alice.password.clone(),
        new: "cobalt lantern orchid ferry".to_owned().into(),
        tokens: Tokens::Kept,
    };
    password::change(&app.app, &actor, typed)
        .await
        .expect("is changed");
    assert_eq!(
        agree(&app, &third.0).await,
        Agreed::Gone,
        "another password"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_reset_that_went_to_the_old_address_does_not_outlive_it() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let actor = app.acting(&alice).await;
    ask(&app, &actor, &alice, OTHER).await.expect("is asked");
    let (old, new) = links(&app, &server, &alice, OTHER).await;
    reset::request(&app.app, alice.request.clone(), &alice.email)
        .await
        .expect("is asked");
    let arrived = post(&app, &server).await;
    let stolen = last_to(&arrived, &alice.email).token("reset-password");
    let both = (agree(&app, &old).await, agree(&app, &new).await);
    assert!(
        matches!(both, (Agreed::Waiting, Agreed::Changed { .. })),
        "{both:?}"
    );
    let password = "cobalt lantern orchid ferry".to_owned().into();
    let done = reset::finish(&app.app, Request::default(), &stolen, password).await;
    assert!(matches!(done, Ok(reset::Outcome::Gone)));
    app.finish().await;
}

#[tokio::test]
async fn both_links_at_the_same_moment_change_it_once() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let actor = app.acting(&alice).await;
    ask(&app, &actor, &alice, OTHER).await.expect("is asked");
    let (old, new) = links(&app, &server, &alice, OTHER).await;
    let tries: Vec<_> = (0..20)
        .map(|n| {
            let core = app.app.clone();
            let token = if n % 2 == 0 { old.clone() } else { new.clone() };
            tokio::spawn(async move { email::agree(&core, Request::default(), &token).await })
        })
        .collect();
    let (mut waiting, mut changed) = (0, 0);
    for attempt in tries {
        match attempt.await.expect("no panic").expect("answers") {
            Agreed::Waiting => waiting += 1,
            Agreed::Changed { .. } => changed += 1,
            Agreed::Gone => {}
            Agreed::Impossible => panic!("nobody has it"),
        }
    }
    assert_eq!((waiting, changed), (1, 1));
    app.finish().await;
}

#[tokio::test]
async fn signing_out_everywhere_ends_a_change_that_was_asked_for_and_no_invitation() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    for by_an_admin in [true, false] {
        // Somebody else asked, in a session of hers.
        let stolen = app.acting(&alice).await;
        let asked = ask(&app, &stolen, &alice, OTHER).await;
        assert!(matches!(asked, Ok(Asked::Noted)), "{asked:?}");
        let (old, new) = links(&app, &server, &alice, OTHER).await;
        let ended = match by_an_admin {
            true => sessions::revoke_all_of(&app.app, &acme.operator, alice.id).await,
            false => {
                let acting = app.acting(&alice).await;
                sessions::revoke_others(&app.app, &acting).await
            }
        };
        assert!(ended.expect("are ended") > 0);
        for token in [old, new] {
            assert_eq!(agree(&app, &token).await, Agreed::Gone);
        }
    }
    assert!(signs_in(&app, &alice, &alice.email).await);
    let invited = app.invite(&acme, "Bob", Role::Operator, &[]).await;
    sessions::revoke_all_of(&app.app, &acme.operator, invited.person.id)
        .await
        .expect("there is nothing to end");
    let letters = post(&app, &server).await;
    last_to(&letters, &invited.person.email).token("invitation");
    app.finish().await;
}
