//! The outbox: what goes out, once, to whom, and what lies about before and after.

use chrono::TimeDelta;
use intrex_core::{
    account_mail::{self, Notice},
    actor::Request,
    people::{self, AcceptOutcome},
    permission::Role,
    raw::Raw,
    tenants,
};
use secrecy::ExposeSecret as _;

use super::post::{NEW_DEVICE, last_to, letters, post, read, subjects, tables_with, with_mail};
use crate::support::{Fate, Member, TestApp, members::address};

#[tokio::test]
async fn an_invitation_goes_out_once_and_its_link_is_nowhere_but_in_the_mail() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let invited = app.invite(&acme, "Carol", Role::Operator, &[]).await;
    assert!(invited.is_mailed);
    let token = invited.token.expose_secret();
    assert_eq!(
        tables_with(&app, token).await,
        [""; 0],
        "sealed until it is sent"
    );
    let arrived = post(&app, &server).await;
    assert_eq!(arrived.len(), 1);
    assert_eq!(post(&app, &server).await.len(), 1, "once");
    let letter = last_to(&arrived, &address(&acme, "Carol"));
    assert_eq!(letter.subject, "Acme has invited you to Intrex");
    assert_eq!(letter.token("invitation"), token);
    assert!(
        letter
            .body
            .contains(&format!("http://localhost:8080/invitation/{token}"))
    );
    assert_eq!(letters(&app).await, ["invitation sent"]);
    assert_eq!(tables_with(&app, token).await, [""; 0]);
    let kept: i64 = app
        .count("select count(*) from app.account_mail where token is not null or to_address is not null")
        .await;
    assert_eq!(kept, 0, "neither link nor address is kept");
    let accepted = people::accept_invitation(
        &app.app,
        Request::default(),
        token,
        "tulip granite moss".to_owned().into(),
    );
    assert!(matches!(accepted.await, Ok(AcceptOutcome::Accepted(_))));
    let told = "select count(*) from app.audit_events where action = 'account_mail.sent'";
    assert_eq!(app.count(told).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_worker_that_is_killed_loses_nothing_and_repeats_under_the_same_message_id() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    app.invite(&acme, "Carol", Role::Operator, &[]).await;
    server.next(&[Fate::Held]);
    let core = app.app.clone();
    let worker = tokio::spawn(async move { account_mail::sender::send_due(&core).await });
    server.arrival().await;
    worker.abort();
    assert!(worker.await.expect_err("killed").is_cancelled());
    assert_eq!(letters(&app).await, ["invitation sending"]);
    assert_eq!(post(&app, &server).await.len(), 1, "its lease holds");
    app.app.clock.advance(TimeDelta::seconds(60));
    let arrived = post(&app, &server).await;
    assert_eq!(arrived.len(), 2);
    assert_eq!(arrived[0].id, arrived[1].id);
    assert_eq!(
        arrived[0].token("invitation"),
        arrived[1].token("invitation")
    );
    assert_eq!(letters(&app).await, ["invitation sent"]);
    server.release();
    app.finish().await;
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_a_refusal_is_final() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    app.invite(&acme, "Carol", Role::Operator, &[]).await;
    server.next(&[Fate::Refused("BODY", 451), Fate::Accepted]);
    assert!(post(&app, &server).await.is_empty());
    assert_eq!(letters(&app).await, ["invitation queued"]);
    app.app.clock.advance(TimeDelta::seconds(10));
    let arrived = post(&app, &server).await;
    assert_eq!(arrived.len(), 1);
    assert_eq!(server.refused()[0].header("Message-ID"), arrived[0].id);
    app.invite(&acme, "Dave", Role::Operator, &[]).await;
    server.next(&[Fate::Refused("RCPT", 550)]);
    post(&app, &server).await;
    assert_eq!(
        letters(&app).await,
        ["invitation sent", "invitation failed refused"]
    );
    let told = "select count(*) from app.audit_events where action = 'account_mail.failed' and outcome = 'failure'";
    assert_eq!(app.count(told).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn what_makes_no_sense_any_more_is_not_sent() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    // Replaced before it was sent; accepted by the link that the admin was shown; disabled; too old.
    let carol = app.invite(&acme, "Carol", Role::Operator, &[]).await.person;
    let again = people::reinvite(&app.app, &acme.operator, carol.id).await;
    let again = again.expect("is made").token;
    let dave = app.invite(&acme, "Dave", Role::Operator, &[]).await;
    let accepted = people::accept_invitation(
        &app.app,
        Request::default(),
        dave.token.expose_secret(),
        "tulip granite moss".to_owned().into(),
    );
    assert!(matches!(accepted.await, Ok(AcceptOutcome::Accepted(_))));
    let erin = app.invite(&acme, "Erin", Role::Operator, &[]).await.person;
    let raw = people::RawPersonUpdate {
        status: "disabled".into(),
        ..Default::default()
    };
    let disabled = people::update(&app.app, &acme.operator, erin.id, &raw, None).await;
    disabled.expect("is disabled");
    let arrived = post(&app, &server).await;
    assert_eq!(arrived.len(), 1, "{arrived:?}");
    assert_eq!(arrived[0].token("invitation"), again.expose_secret());
    app.invite(&acme, "Frank", Role::Operator, &[]).await;
    app.app.clock.advance(TimeDelta::hours(72));
    assert_eq!(post(&app, &server).await.len(), 1);
    let mut states = letters(&app).await;
    states.sort();
    assert_eq!(
        states,
        [
            "invitation dropped expired",
            "invitation dropped superseded",
            "invitation dropped superseded",
            "invitation dropped superseded",
            "invitation sent",
        ]
    );
    app.finish().await;
}

#[tokio::test]
async fn a_suspended_organisation_sends_nothing_until_it_goes_on() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    app.invite(&acme, "Carol", Role::Operator, &[]).await;
    tenants::suspend(&app.app, &acme.operator)
        .await
        .expect("is suspended");
    assert!(post(&app, &server).await.is_empty());
    tenants::resume(&app.app, &acme.operator)
        .await
        .expect("goes on");
    assert_eq!(post(&app, &server).await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_link_that_was_moved_to_another_row_opens_for_nobody() {
    let (app, server) = with_mail().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    app.invite(&acme, "Carol", Role::HeadOfficeAdmin, &[]).await;
    app.invite(&globex, "Mallory", Role::Operator, &[]).await;
    sqlx::query(
        "update app.account_mail m set token = o.token from app.account_mail o where o.tenant_id <> m.tenant_id",
    )
    .execute(&mut app.superuser().await)
    .await
    .expect("the links change places");
    assert!(post(&app, &server).await.is_empty());
    assert_eq!(letters(&app).await, ["invitation dropped unreadable"; 2]);
    app.finish().await;
}

#[tokio::test]
async fn without_a_mail_server_nothing_waits_and_the_link_is_shown_to_who_invites() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let invited = app.invite(&acme, "Carol", Role::Operator, &[]).await;
    assert!(!invited.is_mailed);
    assert!(!invited.token.expose_secret().is_empty());
    assert_eq!(letters(&app).await, [""; 0]);
    app.finish().await;
}

#[tokio::test]
async fn who_loses_a_second_factor_is_told_and_other_notices_say_what_they_are() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let reason = Raw::from("the phone was lost");
    let reset = people::reset_mfa(&app.app, &acme.operator, alice.id, &reason).await;
    reset.expect("is reset");
    for notice in [Notice::RecoveryCodeUsed, Notice::NewDevice] {
        let mut tx = app.app.db.write(&acme.operator).await.expect("begins");
        account_mail::notify(&app.app, &mut tx, alice.id, notice)
            .await
            .expect("is queued");
        tx.commit_unaudited("a test").await.expect("is kept");
    }
    post(&app, &server).await;
    let arrived = read(&server);
    let mut told = subjects(&arrived);
    told.sort();
    assert_eq!(
        told,
        [
            "A recovery code was used",
            NEW_DEVICE,
            "Your second factor was removed"
        ]
    );
    for letter in &arrived {
        assert_eq!(letter.to, alice.email);
        assert!(
            letter
                .body
                .contains("http://localhost:8080/forgot-password")
        );
        assert!(!letter.body.contains("the phone was lost"));
    }
    // Rolled back: what did not happen is not told.
    let mut tx = app.app.db.write(&acme.operator).await.expect("begins");
    account_mail::notify(&app.app, &mut tx, alice.id, Notice::NewDevice)
        .await
        .expect("is queued");
    drop(tx);
    post(&app, &server).await;
    assert_eq!(read(&server).len(), 3);
    app.finish().await;
}

#[tokio::test]
async fn a_sign_in_on_a_device_that_is_not_known_is_told_and_no_other() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let told = async || {
        post(&app, &server).await;
        read(&server)
            .iter()
            .filter(|letter| letter.subject == NEW_DEVICE && letter.to == alice.email)
            .count()
    };
    assert_eq!(told().await, 0, "the first sign-in of all");
    let known = app.sign_in(&alice).await;
    assert_eq!(told().await, 1);
    let at_desk = Member {
        request: Request {
            device: known.device.map(|device| device.value),
            ..alice.request.clone()
        },
        ..alice.clone()
    };
    app.sign_in(&at_desk).await;
    assert_eq!(told().await, 1);
    app.finish().await;
}

#[tokio::test]
async fn housekeeping_forgets_links_that_nobody_could_send_and_old_rows() {
    let (mut app, _server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    app.invite(&acme, "Carol", Role::Operator, &[]).await;
    // Nothing is sent: the mail server was taken out of the configuration.
    app.app.mailer = None;
    app.app.clock.advance(TimeDelta::hours(73));
    while intrex_core::jobs::run_due(&app.app).await.expect("works") > 0 {}
    assert_eq!(letters(&app).await, ["invitation dropped expired"]);
    app.app.clock.advance(TimeDelta::days(91));
    while intrex_core::jobs::run_due(&app.app).await.expect("works") > 0 {}
    assert_eq!(letters(&app).await, [""; 0]);
    app.finish().await;
}
