//! API tokens: a program acts for a person, with at most what that person may do now.

use chrono::TimeDelta;
use intrex_core::{
    Actor, Error,
    actor::{BranchScope, Request},
    people::{self, RawPersonUpdate},
    permission::{Permission, Role},
    tokens::{self, NewToken, RawToken},
};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::support::{
    TestApp,
    members::{list, wrong_fields},
};

fn named(name: &str) -> RawToken {
    RawToken {
        name: name.into(),
        ..RawToken::default()
    }
}

async fn by(app: &TestApp, token: &NewToken) -> Option<Actor> {
    let text = token.text.expose_secret();
    let tx = tokens::authenticate(&app.app, text, Request::default())
        .await
        .expect("answers")?;
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    Some(actor)
}

#[tokio::test]
async fn a_token_acts_for_its_person_in_their_branches_and_within_its_scopes() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (north, south) = (
        app.branch(&acme, "NORTH").await.id,
        app.branch(&acme, "SOUTH").await.id,
    );
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[north])
        .await;
    let acting = app.acting(&bob).await;
    let whole = tokens::create(&app.app, &acting, &named("whole"))
        .await
        .expect("is made");
    let raw = RawToken {
        scopes: "branches:read".into(),
        ..named("narrow")
    };
    let narrow = tokens::create(&app.app, &acting, &raw)
        .await
        .expect("is made");

    let actor = by(&app, &whole).await.expect("counts");
    assert_eq!(
        (actor.person_id(), actor.role()),
        (Some(bob.id), Some(Role::BranchManager))
    );
    assert_eq!(actor.scope(), &BranchScope::Only(vec![north]));
    assert!(actor.can(Permission::ObligationsCreate) && !actor.can(Permission::PeopleDelete));
    let actor = by(&app, &narrow).await.expect("counts");
    assert!(actor.can(Permission::BranchesRead) && !actor.can(Permission::ObligationsRead));

    // Branches and role are those of the moment.
    let change = RawPersonUpdate {
        role: "operator".into(),
        branch_ids: list(&[south]).into(),
        ..RawPersonUpdate::default()
    };
    people::update(&app.app, &acme.operator, bob.id, &change, None)
        .await
        .expect("is changed");
    let actor = by(&app, &whole).await.expect("counts");
    assert_eq!(actor.scope(), &BranchScope::Only(vec![south]));
    assert!(!actor.can(Permission::ObligationsCreate));
    app.finish().await;
}

#[tokio::test]
async fn a_token_ends_when_it_expires_is_revoked_or_its_person_is_disabled() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    let (alice_acts, bob_acts) = (app.acting(&alice).await, app.acting(&bob).await);
    let raw = RawToken {
        expires_in_days: "1".into(),
        ..named("a day")
    };
    let short = tokens::create(&app.app, &alice_acts, &raw)
        .await
        .expect("is made");
    let revoked = tokens::create(&app.app, &alice_acts, &named("revoked"))
        .await
        .expect("is made");
    let bobs = tokens::create(&app.app, &bob_acts, &named("bob's"))
        .await
        .expect("is made");

    assert!(by(&app, &short).await.is_some());
    tokens::revoke(&app.app, &alice_acts, revoked.token.id)
        .await
        .expect("is revoked");
    tokens::revoke(&app.app, &alice_acts, revoked.token.id)
        .await
        .expect("stays revoked");
    assert!(by(&app, &revoked).await.is_none());
    let disable = RawPersonUpdate {
        status: "disabled".into(),
        ..RawPersonUpdate::default()
    };
    people::update(&app.app, &alice_acts, bob.id, &disable, None)
        .await
        .expect("is disabled");
    assert!(by(&app, &bobs).await.is_none());
    app.app.clock.advance(TimeDelta::days(1));
    assert!(by(&app, &short).await.is_none());
    let told = "select count(*) from app.audit_events where action = 'token.revoked'";
    assert_eq!(app.count(told).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn tokens_are_ones_own_and_the_operator_of_the_installation_makes_them_for_a_person() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let (alice_acts, carol_acts) = (app.acting(&alice).await, app.acting(&carol).await);
    let mallory_acts = app.acting(&mallory).await;
    let for_carol = RawToken {
        person_id: carol.id.to_string().into(),
        ..named("for Carol")
    };
    let made = tokens::create(&app.app, &acme.operator, &for_carol)
        .await
        .expect("is made");
    assert_eq!(
        by(&app, &made).await.and_then(|actor| actor.person_id()),
        Some(carol.id)
    );
    for not_them in [&alice_acts, &mallory_acts] {
        let refused = tokens::create(&app.app, not_them, &for_carol).await;
        assert_eq!(wrong_fields(refused), ["person_id"]);
        let refused = tokens::revoke(&app.app, not_them, made.token.id).await;
        assert!(matches!(refused, Err(Error::NotFound)));
    }
    let elsewhere = tokens::create(&app.app, &globex.operator, &for_carol).await;
    assert_eq!(wrong_fields(elsewhere), ["person_id"]);
    let nobody = tokens::create(&app.app, &acme.operator, &named("for nobody")).await;
    assert_eq!(wrong_fields(nobody), ["person_id"]);

    let listed = |actor: Actor| async {
        let actor = actor;
        let mut tx = app.app.db.read(&actor).await.expect("begins");
        let page = tokens::reads::list(&mut tx, &Default::default())
            .await
            .expect("lists");
        page.items.len()
    };
    assert_eq!(listed(alice_acts).await, 0);
    assert_eq!(listed(carol_acts.clone()).await, 1);
    assert_eq!(listed(acme.operator.clone()).await, 1);
    assert_eq!(listed(globex.operator.clone()).await, 0);
    tokens::revoke(&app.app, &carol_acts, made.token.id)
        .await
        .expect("is hers to revoke");
    app.finish().await;
}

#[tokio::test]
async fn a_token_makes_no_token_and_has_nothing_that_its_person_has_not() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let carol = app.acting(&carol).await;
    let raw = RawToken {
        scopes: "obligations:read,people:write".into(),
        ..named("too much")
    };
    assert_eq!(
        wrong_fields(tokens::create(&app.app, &carol, &raw).await),
        ["scopes"]
    );
    let token = tokens::create(&app.app, &carol, &named("all of hers"))
        .await
        .expect("is made");
    let acting = by(&app, &token).await.expect("counts");
    assert!(acting.can(Permission::TokensWrite));
    let child = tokens::create(&app.app, &acting, &named("child")).await;
    assert!(matches!(child, Err(Error::Forbidden)));
    app.finish().await;
}

#[tokio::test]
async fn somebody_has_fifty_tokens_at_most() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let member = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let carol = app.acting(&member).await;
    for number in 0..50 {
        let made = tokens::create(&app.app, &carol, &named(&format!("{number}"))).await;
        made.expect("is made");
    }
    let one_more = tokens::create(&app.app, &carol, &named("one more")).await;
    assert_eq!(
        crate::support::members::conflict(one_more),
        "token-too-many"
    );
    app.app.clock.advance(TimeDelta::days(90));
    let carol = app.acting(&member).await;
    let later = tokens::create(&app.app, &carol, &named("after the others expired")).await;
    assert!(later.is_ok());
    app.finish().await;
}

#[tokio::test]
async fn the_text_of_a_token_is_stored_nowhere_and_another_text_is_nobodys() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let carol = app.acting(&carol).await;
    let token = tokens::create(&app.app, &carol, &named("nightly"))
        .await
        .expect("is made");
    let text = token.text.expose_secret();
    let secret = &text[37..101];
    let found: i64 = sqlx::query_scalar(
        "select count(*) from app.api_tokens t where t::text like $1 or encode(t.token_hash, 'hex') like $1",
    )
    .bind(format!("%{secret}%"))
    .fetch_one(&mut app.superuser().await)
    .await
    .expect("counts");
    assert_eq!(found, 0);
    let other_tenant = text.replace(
        &acme.id.uuid().simple().to_string(),
        &globex.id.uuid().simple().to_string(),
    );
    for wrong in [
        "",
        "itx_",
        "Bearer",
        &other_tenant,
        &text[1..],
        &text.to_uppercase(),
        &format!("{text}\0"),
    ] {
        let nobody = tokens::authenticate(&app.app, wrong, Request::default()).await;
        assert!(nobody.expect("answers").is_none(), "{wrong}");
    }
    app.finish().await;
}

#[tokio::test]
async fn use_is_recorded_every_ten_minutes() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let carol = app.acting(&carol).await;
    let token = tokens::create(&app.app, &carol, &named("nightly"))
        .await
        .expect("is made");
    let acting = by(&app, &token).await.expect("counts");
    assert!(acting.touch_due());
    tokens::touch(&app.app, &acting).await.expect("is recorded");
    app.app.clock.advance(TimeDelta::minutes(9));
    assert!(!by(&app, &token).await.expect("counts").touch_due());
    app.app.clock.advance(TimeDelta::minutes(1));
    assert!(by(&app, &token).await.expect("counts").touch_due());
    app.finish().await;
}

#[tokio::test]
async fn a_token_counts_in_its_networks_only_and_elsewhere_like_an_unknown_one() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let carol = app.acting(&carol).await;
    let raw = RawToken {
        networks: "203.0.113.0/24, 2001:db8::/32".into(),
        ..named("from the office")
    };
    let made = tokens::create(&app.app, &carol, &raw)
        .await
        .expect("is made");
    assert_eq!(made.token.networks, ["203.0.113.0/24", "2001:db8::/32"]);
    let at = async |ip: Option<&str>| {
        let request = Request {
            ip: ip.map(|ip| ip.parse().expect("an address")),
            ..Request::default()
        };
        let tx = tokens::authenticate(&app.app, made.text.expose_secret(), request).await;
        match tx.expect("answers") {
            Some(tx) => tx.finish().await.is_ok(),
            None => false,
        }
    };
    for inside in ["203.0.113.7", "::ffff:203.0.113.8", "2001:db8:7::1"] {
        assert!(at(Some(inside)).await, "{inside}");
    }
    let told = "select count(*) from app.audit_events where action = 'token.refused_network'";
    for _ in 0..3 {
        for outside in [
            Some("203.0.114.7"),
            Some("127.0.0.1"),
            Some("2001:db9::1"),
            None,
        ] {
            assert!(!at(outside).await, "{outside:?}");
        }
    }
    assert_eq!(app.count(told).await, 1, "a flood is told once");
    app.app.clock.advance(TimeDelta::minutes(10));
    assert!(!at(Some("203.0.114.7")).await);
    assert_eq!(app.count(told).await, 2);
    // Over HTTP the answer is the one that an unknown token gets.
    let site = app.serve().await;
    let ask = async |text: &str| {
        let request = site.request(reqwest::Method::GET, "/api/v1/obligations");
        crate::support::browser::send(request.bearer_auth(text)).await
    };
    let (unknown, _) = intrex_core::vault::opaque::mint(
        intrex_core::vault::opaque::Kind::Api,
        acme.id,
        app.app.chance,
    );
    let refused = ask(made.text.expose_secret()).await;
    let nobodys = ask(unknown.expose_secret()).await;
    assert_eq!((refused.status, nobodys.status), (401, 401));
    let without_id = |answer: &crate::support::browser::Answer| {
        answer.body.replace(answer.header("x-request-id"), "")
    };
    assert_eq!(without_id(&refused), without_id(&nobodys));
    app.finish().await;
}

#[tokio::test]
async fn a_list_of_networks_with_nothing_in_it_is_not_anywhere() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &carol).await;
    let csrf = browser.visit("/settings/tokens").await.csrf();
    let ask = async |body: &serde_json::Value| {
        let request = browser.own_page_sends(Method::POST, "/api/v1/tokens");
        let request = request.header("x-csrf-token", &csrf).json(body);
        browser.send(request).await
    };
    for nothing in [json!([]), json!([""]), json!(["", " "]), json!(",")] {
        let body = json!({ "name": "nightly", "networks": nothing });
        let refused = ask(&body).await;
        assert_eq!(refused.status, 422, "{nothing}: {}", refused.body);
        assert!(refused.json()["errors"]["networks"].is_array());
    }
    let made = json!({ "name": "nightly", "networks": null });
    let made = ask(&made).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.json()["networks"], json!([]));
    app.finish().await;
}
