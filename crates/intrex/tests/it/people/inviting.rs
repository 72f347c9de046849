//! Invitations go to addresses of people who have not asked for them: how often, and what stands in them, is bounded.

use chrono::TimeDelta;
use intrex_core::{
    Error,
    catalogue::Language,
    people::{self, RawDeletion, RawPerson, RawPersonUpdate},
    permission::Role,
    tenants::{self, RawTenantUpdate},
};

use crate::{
    accounts::post::with_mail,
    support::{TestApp, members::wrong_fields},
};

/// Seconds to wait, and the sentence that says what for.
fn refused<T: std::fmt::Debug>(outcome: intrex_core::Result<T>) -> (i64, String) {
    match outcome {
        Err(Error::TooMany {
            text,
            retry_after_sec,
        }) => (retry_after_sec, text.to(Language::ENGLISH)),
        other => panic!("not refused: {other:?}"),
    }
}

fn somebody(email: &str) -> RawPerson {
    RawPerson {
        email: email.into(),
        name: "Somebody".into(),
        role: "operator".into(),
        ..RawPerson::default()
    }
}

#[tokio::test]
async fn an_address_is_sent_five_invitations_a_day_however_they_are_asked_for() {
    let (mut app, _server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let stranger = "stranger@nowhere.example";
    let first = people::invite(&app.app, &acme.operator, &somebody(stranger)).await;
    let first = first.expect("is invited").person;
    for again in 0..3 {
        let sent = people::reinvite(&app.app, &acme.operator, first.id).await;
        assert!(sent.is_ok(), "{again}: {sent:?}");
    }
    // Deleting somebody does not make their mailbox another one; nor does another spelling.
    let raw = RawDeletion {
        confirm: stranger.into(),
        ..RawDeletion::default()
    };
    let deleted = people::delete(&app.app, &acme.operator, first.id, &raw).await;
    deleted.expect("is deleted");
    app.app.clock.advance(TimeDelta::hours(1));
    let anew = somebody("STRANGER@nowhere.example");
    let anew = people::invite(&app.app, &acme.operator, &anew).await;
    let anew = anew.expect("is invited").person;
    let count = "select count(*) from app.account_mail where kind = 'invitation'";
    let mails = app.count(count).await;
    for _ in 0..2 {
        let again = people::reinvite(&app.app, &acme.operator, anew.id).await;
        let (wait, said) = refused(again);
        assert_eq!(wait, 23 * 3_600);
        assert!(said.contains("5 invitations"), "{said}");
    }
    assert_eq!(app.count(count).await, mails, "nothing was sent");
    let told = "select count(*) from app.audit_events where action = 'person.invitations_limited'";
    assert_eq!(app.count(told).await, 1, "a flood is told once");
    // Others are invited meanwhile, and the next day the address is again.
    let other = people::invite(&app.app, &acme.operator, &somebody("o@nowhere.example")).await;
    other.expect("is invited");
    let site = app.serve().await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let browser = app.signed_in(&site, &alice).await;
    let person = format!("/settings/people/{}", anew.id);
    let answer = browser
        .submit(&person, &format!("{person}/reinvite"), &[])
        .await;
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert!(answer.body.contains("5 invitations"), "{}", answer.body);
    let wait: i64 = answer.header("retry-after").parse().expect("seconds");
    assert!((80_000..=82_800).contains(&wait), "{wait}");
    app.app.clock.advance(TimeDelta::seconds(wait));
    let again = people::reinvite(&app.app, &acme.operator, anew.id).await;
    again.expect("is sent");
    // Where no mail is sent, nobody's mailbox is filled: the link is shown.
    app.app.mailer = None;
    for _ in 0..6 {
        let shown = people::reinvite(&app.app, &acme.operator, anew.id).await;
        shown.expect("is shown");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_organisation_sends_five_hundred_invitations_a_day_and_the_next_has_its_own() {
    let (app, _server) = with_mail().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    for n in 0..500 {
        let raw = somebody(&format!("person-{n}@nowhere.example"));
        let sent = people::invite(&app.app, &acme.operator, &raw).await;
        assert!(sent.is_ok(), "{n}: {sent:?}");
    }
    let raw = somebody("one-more@nowhere.example");
    let (wait, said) = refused(people::invite(&app.app, &acme.operator, &raw).await);
    assert_eq!(wait, 86_400);
    assert!(said.contains("500 invitations"), "{said}");
    let sent = people::invite(&app.app, &globex.operator, &somebody("g@nowhere.example")).await;
    sent.expect("is invited");
    // What was not sent is not counted against the address: the next day it has its five.
    app.app.clock.advance(TimeDelta::hours(12));
    for _ in 0..6 {
        refused(people::invite(&app.app, &acme.operator, &raw).await);
    }
    app.app.clock.advance(TimeDelta::hours(12));
    let invited = people::invite(&app.app, &acme.operator, &raw).await;
    let invited = invited.expect("is invited").person;
    for again in 0..4 {
        let sent = people::reinvite(&app.app, &acme.operator, invited.id).await;
        assert!(sent.is_ok(), "{again}: {sent:?}");
    }
    let (_, said) = refused(people::reinvite(&app.app, &acme.operator, invited.id).await);
    assert!(said.contains("5 invitations"), "{said}");
    app.finish().await;
}

#[tokio::test]
async fn a_name_that_stands_in_mail_is_no_link() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let links = [
        "Bob https://evil.example",
        "www.evil.example",
        "Bob, evil.example/login",
        "mailto:eve@evil.example",
        "javascript:alert(1)",
    ];
    let bob = app.invite(&acme, "Bob", Role::Operator, &[]).await.person;
    for link in links {
        let raw = RawPerson {
            name: link.into(),
            ..somebody("carol@nowhere.example")
        };
        let invited = people::invite(&app.app, &acme.operator, &raw).await;
        assert_eq!(wrong_fields(invited), ["name"], "{link}");
        let raw = RawPersonUpdate {
            name: link.into(),
            ..RawPersonUpdate::default()
        };
        let renamed = people::update(&app.app, &acme.operator, bob.id, &raw, None).await;
        assert_eq!(wrong_fields(renamed), ["name"], "{link}");
        let raw = RawTenantUpdate {
            name: link.into(),
            ..RawTenantUpdate::default()
        };
        let renamed = tenants::update(&app.app, &acme.operator, &raw, None).await;
        assert_eq!(wrong_fields(renamed), ["name"], "{link}");
    }
    app.finish().await;
}
