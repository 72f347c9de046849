//! The pages of people, in a browser.

use intrex_core::{people::RawPersonUpdate, permission::Role};

use crate::support::{TestApp, members::address};

#[tokio::test]
async fn somebody_is_invited_found_changed_and_deleted_by_pages() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let north = app.branch(&acme, "NORTH").await.id.to_string();
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let (list, new) = ("/settings/people", "/settings/people/new");
    let email = address(&acme, "Dora");

    let wrong = [
        ("email", "dora at home"),
        ("name", "Dora Typed With Care"),
        ("role", "operator"),
        ("branch_ids", ""),
        ("branch_ids", north.as_str()),
    ];
    let answer = browser.submit(new, list, &wrong).await;
    assert_eq!(answer.status, 422);
    for kept in ["dora at home", "Dora Typed With Care", "email-error"] {
        assert!(answer.body.contains(kept), "{kept}: {}", answer.body);
    }
    let ticked = format!("value=\"{north}\" checked");
    assert!(answer.body.contains(&ticked), "{}", answer.body);
    let right = [
        ("email", email.as_str()),
        ("name", "Dora"),
        ("role", "operator"),
        ("branch_ids", north.as_str()),
    ];
    let made = browser.submit(new, list, &right).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(
        made.body
            .contains(&format!("{}/invitation/itx", site.origin))
            || made.body.contains("/invitation/")
    );

    for (query, found) in [
        ("?q=DORA", true),
        ("?role=operator&status=invited", true),
        (&format!("?branch_id={north}"), true),
        ("?status=disabled", false),
        ("?q=nobody", false),
        ("?dormant=true", false),
    ] {
        let page = browser.visit(&format!("{list}{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(page.body.contains(&email), found, "{query}");
    }
    let everybody = browser.visit(list).await.body;
    let (_, rest) = everybody
        .split_once(&format!("{list}/0"))
        .expect("a link to somebody");
    assert!(!rest.is_empty());
    let users = browser.visit("/api/v1/users?q=dora").await.json();
    let id = users["items"][0]["id"].as_str().expect("an id").to_owned();
    let person = format!("{list}/{id}");

    let edit = format!("{person}/edit");
    let change = [
        ("name", "Dora Green"),
        ("role", "branch_manager"),
        ("branch_ids", north.as_str()),
    ];
    assert_eq!(
        browser.submit(&edit, &person, &change).await.leads_to(),
        person
    );
    let page = browser.visit(&person).await.body;
    for word in ["Dora Green", "Branch Manager", "NORTH", "Invite again"] {
        assert!(page.contains(word), "{word}");
    }
    let again = browser
        .submit(&person, &format!("{person}/reinvite"), &[])
        .await;
    assert!(again.body.contains("/invitation/"), "{}", again.body);
    for (act, word) in [("disable", "Enable"), ("enable", "Invite again")] {
        let done = browser
            .submit(&person, &format!("{person}/{act}"), &[])
            .await;
        assert_eq!(done.leads_to(), person);
        assert!(browser.visit(&person).await.body.contains(word), "{act}");
    }
    // An older version of the form is refused, and what was typed is still there.
    let stale = browser
        .submit(
            &edit,
            &format!("{person}?seen=1"),
            &[("name", "Dora Stale")],
        )
        .await;
    assert_eq!(stale.status, 412);
    assert!(stale.body.contains("Dora Stale"));

    let gone = format!("{person}/delete");
    let wrong = browser
        .submit(&gone, &gone, &[("confirm", "dora@elsewhere.example")])
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("dora@elsewhere.example") && wrong.body.contains("confirm-error"));
    let done = browser
        .submit(&gone, &gone, &[("confirm", email.as_str())])
        .await;
    assert_eq!(done.leads_to(), list);
    assert_eq!(browser.visit(&person).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn what_a_role_may_not_do_is_not_offered_and_refused_when_it_is_asked_for() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let north = app.branch(&acme, "NORTH").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[north])
        .await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[north]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &bob).await;
    let new = browser.visit("/settings/people/new").await.body;
    assert!(
        new.contains("value=\"branch_manager\"") && !new.contains("value=\"head_office_admin\"")
    );
    let token = browser.visit("/settings").await.csrf();
    for (person, managed) in [(&carol, true), (&alice, false), (&bob, false)] {
        let path = format!("/settings/people/{}", person.id);
        let page = browser.visit(&path).await;
        assert_eq!(page.status, 200);
        for act in ["edit", "disable"] {
            let link = format!("{path}/{act}\"");
            assert_eq!(page.body.contains(&link), managed, "{link}");
        }
        for act in [
            "unlock",
            "reset-mfa",
            "delete",
            "require-password-change",
            "end-sessions",
        ] {
            assert!(!page.body.contains(&format!("{path}/{act}")), "{act}");
            let asked = browser
                .post(&format!("{path}/{act}"), &[("csrf_token", &token)])
                .await;
            assert_eq!(asked.status, 403, "{act}");
        }
        let edit = browser.visit(&format!("{path}/edit")).await;
        assert_eq!(edit.status, if managed { 200 } else { 403 });
        if !managed {
            let asked = browser
                .post(&format!("{path}/disable"), &[("csrf_token", &token)])
                .await;
            assert_eq!(asked.status, 403);
        }
    }
    let operator = app.signed_in(&site, &carol).await;
    assert_eq!(operator.visit("/settings/people").await.status, 403);
    let index = operator.visit("/settings").await.body;
    assert!(!index.contains("/settings/people"));
    app.finish().await;
}

#[tokio::test]
async fn an_admin_sees_where_somebody_is_signed_in_and_ends_it_and_resets_what_is_lost() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let path = format!("/settings/people/{}", carol.id);
    let cookie = app.sign_in(&carol).await;
    let second = app.sign_in(&carol).await;
    let (tx, session) = app.full(&cookie).await;
    drop(tx);
    let end = format!("{path}/end-session");
    let own = browser.visit("/api/v1/sessions").await.json()["items"][0]["id"].clone();
    // A session that is not this person's is none of this page.
    for id in [
        own.as_str().expect("an id").to_owned(),
        session.id.to_string(),
    ] {
        let done = browser.submit(&path, &end, &[("session_id", &id)]).await;
        assert_eq!(done.leads_to(), path);
    }
    assert!(app.is_dead(&cookie).await && !app.is_dead(&second).await);
    assert_eq!(browser.visit(&path).await.status, 200, "her own goes on");
    let done = browser
        .submit(&path, &format!("{path}/end-sessions"), &[])
        .await;
    assert_eq!(done.leads_to(), path);
    assert!(app.is_dead(&second).await);

    let reset = format!("{path}/reset-mfa");
    let wrong = browser.submit(&reset, &reset, &[("reason", "  ")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("reason-error"));
    let done = browser
        .submit(&reset, &reset, &[("reason", "the phone was lost")])
        .await;
    assert_eq!(done.leads_to(), path);
    for act in ["unlock", "require-password-change"] {
        let done = browser.submit(&path, &format!("{path}/{act}"), &[]).await;
        assert_eq!(done.leads_to(), path, "{act}");
    }
    assert!(browser.visit(&path).await.body.contains("must be changed"));

    // What is dangerous asks for both factors first; an admin is not let in again without them.
    app.app.clock.advance(chrono::TimeDelta::minutes(6));
    for dangerous in ["reset-mfa", "delete", "edit"] {
        let there = browser.visit(&format!("{path}/{dangerous}")).await;
        assert!(
            there.leads_to().starts_with("/step-up?next="),
            "{dangerous}"
        );
    }
    let bob = app.member(&acme, "Bob", Role::HeadOfficeAdmin, &[]).await;
    let off = RawPersonUpdate {
        status: "disabled".into(),
        ..RawPersonUpdate::default()
    };
    intrex_core::people::update(&app.app, &acme.operator, bob.id, &off, None)
        .await
        .expect("is disabled");
    let path = format!("/settings/people/{}", bob.id);
    let enabled = browser.submit(&path, &format!("{path}/enable"), &[]).await;
    assert!(enabled.leads_to().starts_with("/step-up"));
    app.finish().await;
}
