//! An organisation that asks its head office admins for a passkey.

use intrex_core::{
    people,
    permission::Role,
    raw::Raw,
    tenants::{self, AdminFactor, RawTenantUpdate},
};
use reqwest::Method;
use secrecy::ExposeSecret as _;

use super::{PASSKEYS, Scene, challenge, give, script};
use crate::support::{Member, browser::Browser, members::wrong_fields};

fn insists() -> RawTenantUpdate {
    RawTenantUpdate {
        admin_second_factor: Raw::from("passkey"),
        ..RawTenantUpdate::default()
    }
}

impl Scene {
    /// From now on the organisation asks its admins for a passkey.
    async fn insist(&self) {
        let set = tenants::update(&self.app.app, &self.acme.operator, &insists(), None).await;
        assert_eq!(set.expect("set").admin_second_factor, AdminFactor::Passkey);
    }
}

async fn with_code(scene: &Scene, browser: &Browser, member: &Member) -> u16 {
    scene.app.app.clock.advance(chrono::TimeDelta::seconds(30));
    let code = scene.app.code(member);
    let answer = browser.submit("/mfa", "/mfa", &[("code", &code)]).await;
    answer.status
}

#[tokio::test]
async fn who_asks_it_of_all_admins_has_one() {
    let scene = Scene::begin().await;
    let alice = scene.app.acting(&scene.alice).await;
    let first = tenants::update(&scene.app.app, &alice, &insists(), None).await;
    assert_eq!(wrong_fields(first), ["admin_second_factor"]);
    let browser = scene.signed_in(&scene.alice).await;
    let edit = "/settings/organisation/edit";
    let fields = [("admin_second_factor", "passkey")];
    let path = "/settings/organisation";
    let refused = browser.submit(edit, path, &fields).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    scene.added_in(&browser).await;
    let set = browser.submit(edit, path, &fields).await;
    assert_eq!(set.leads_to(), path);
    let shown = script(&browser, Method::GET, "/api/v1/organisation").await;
    assert_eq!(shown.json()["admin_second_factor"], "passkey");
    scene.app.finish().await;
}

#[tokio::test]
async fn an_admin_without_a_passkey_adds_one_before_anything_else() {
    let scene = Scene::begin().await;
    let bob = scene
        .app
        .member(&scene.acme, "Bob", Role::Operator, &[])
        .await;
    let open = scene.signed_in(&scene.alice).await;
    scene.insist().await;
    let new = "/settings/passkeys/new";
    for page in ["/today", "/obligations", "/settings/organisation", "/audit"] {
        assert_eq!(open.visit(page).await.leads_to(), new, "{page}");
    }
    let due = open.visit(new).await;
    assert_eq!(due.status, 200);
    assert!(due.body.contains("Add one now"), "{}", due.body);
    for path in [
        "/api/v1/organisation",
        "/api/v1/users",
        "/api/v1/obligations",
    ] {
        assert_eq!(script(&open, Method::GET, path).await.status, 403, "{path}");
    }
    // A form that was open does nothing either.
    let token = due.csrf();
    let form = [("csrf_token", token.as_str()), ("name", "Branch")];
    assert_eq!(open.post("/branches", &form).await.leads_to(), new);
    // Of an older session, too: the way leads over both factors, with the code.
    scene.app.app.clock.advance(chrono::TimeDelta::minutes(5));
    let there = open.visit(new).await.leads_to().to_owned();
    let code = scene.app.code(&scene.alice);
    let password = scene.alice.password.expose_secret();
    let fields = [("password", password), ("code", code.as_str())];
    assert_eq!(open.submit(&there, &there, &fields).await.leads_to(), new);
    scene.added_in(&open).await;
    assert_eq!(open.visit("/today").await.status, 200);
    let others = scene.signed_in(&bob).await;
    assert_eq!(others.visit("/today").await.status, 200, "no admin");
    scene.app.finish().await;
}

#[tokio::test]
async fn a_code_of_an_admin_with_a_passkey_is_not_enough() {
    let scene = Scene::begin().await;
    let mut passkey = scene.passkey_of(&scene.alice).await;
    let browser = scene.half_in(&scene.alice).await;
    assert_eq!(with_code(&scene, &browser, &scene.alice).await, 303);
    let open = scene.signed_in(&scene.alice).await;
    scene.insist().await;
    let browser = scene.half_in(&scene.alice).await;
    let page = browser.visit("/mfa").await;
    assert!(!page.body.contains(r#"name="code""#), "{}", page.body);
    assert_eq!(with_code(&scene, &browser, &scene.alice).await, 401);
    let told = "select count(*) from app.audit_events where action = 'mfa.code_not_enough'";
    assert_eq!(scene.app.count(told).await, 1);
    let failed = "select count(*) from app.audit_events where action = 'MFA_VERIFY_FAILED'";
    assert_eq!(scene.app.count(failed).await, 1, "it counts as a guess");
    let asked = challenge(&browser).await;
    assert_eq!(
        give(&browser, &passkey.sign(&asked)).await.leads_to(),
        "/today"
    );
    // The same for stepping up.
    let page = "/step-up?next=%2Fsettings%2Ftokens%2Fnew";
    assert!(!open.visit(page).await.body.contains(r#"name="code""#));
    let code = scene.app.code(&scene.alice);
    let password = scene.alice.password.expose_secret();
    let fields = [("password", password), ("code", code.as_str())];
    assert_eq!(open.submit(page, page, &fields).await.status, 422);
    assert_eq!(scene.app.count(told).await, 2);
    // Nor can the last passkey go; another one can.
    let list = script(&browser, Method::GET, "/api/v1/passkeys")
        .await
        .json();
    let id = list["items"][0]["id"].as_str().expect("an id").to_owned();
    let api = format!("/api/v1/passkeys/{id}");
    assert_eq!(script(&browser, Method::DELETE, &api).await.status, 409);
    scene.added_in(&browser).await;
    assert_eq!(script(&browser, Method::DELETE, &api).await.status, 204);
    assert_eq!(scene.app.count(PASSKEYS).await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn of_two_passkeys_removed_at_the_same_moment_one_stays() {
    let scene = Scene::begin().await;
    let browser = scene.signed_in(&scene.alice).await;
    scene.added_in(&browser).await;
    scene.added_in(&browser).await;
    scene.insist().await;
    let list = script(&browser, Method::GET, "/api/v1/passkeys")
        .await
        .json();
    let id = |at: usize| list["items"][at]["id"].as_str().expect("an id").to_owned();
    let (first, second) = (
        format!("/api/v1/passkeys/{}", id(0)),
        format!("/api/v1/passkeys/{}", id(1)),
    );
    let (first, second) = tokio::join!(
        script(&browser, Method::DELETE, &first),
        script(&browser, Method::DELETE, &second)
    );
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    assert_eq!(scene.app.count(PASSKEYS).await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_reset_takes_passkeys_too_and_leads_back_in() {
    let scene = Scene::begin().await;
    let alice = scene.alice.clone();
    let dora = scene
        .app
        .member(&scene.acme, "Dora", Role::HeadOfficeAdmin, &[])
        .await;
    let mut lost = scene.passkey_of(&alice).await;
    scene.passkey_of(&dora).await;
    scene.insist().await;
    // Asked before the reset, answered after it.
    let thief = scene.half_in(&alice).await;
    let asked = challenge(&thief).await;
    let operator = &scene.acme.operator;
    let reason = Raw::from("lost her bag");
    let reset = people::reset_mfa(&scene.app.app, operator, alice.id, &reason).await;
    assert!(reset.is_ok(), "{reset:?}");
    let hers = "select count(*) from app.passkeys k join app.people p on p.id = k.person_id where p.name = 'Alice'";
    assert_eq!(scene.app.count(hers).await, 0);
    let page = thief.visit("/mfa").await;
    assert!(page.leads_to().starts_with("/sign-in"), "her sign-ins end");
    let answer = lost.sign(&asked);
    let token = scene.site.browser().visit("/sign-in").await.csrf();
    let late = [("csrf_token", token.as_str()), ("credential", &answer)];
    assert_eq!(thief.post("/mfa", &late).await.status, 303);
    let told = "select count(*) from app.audit_events where action = 'person.mfa_reset'";
    assert_eq!(scene.app.count(told).await, 1);
    // Back in: the password, an app, a passkey.
    scene.app.app.clock.advance(chrono::TimeDelta::seconds(30));
    let provisional = scene.app.password_given(&alice).await;
    let enrolment = intrex_core::sessions::begin_enrolment(&scene.app.app, &provisional)
        .await
        .expect("enrolment begins");
    let again = Member {
        secret: enrolment.secret_base32,
        ..alice
    };
    let code = scene.app.code(&again);
    let verified =
        intrex_core::sessions::confirm_enrolment(&scene.app.app, &provisional, &code).await;
    let Ok(intrex_core::sessions::Verification::Full(cookie)) = verified else {
        panic!("not in: {verified:?}");
    };
    let browser = scene.site.browser();
    browser.set_cookie("__Host-session", cookie.value.expose_secret());
    let new = "/settings/passkeys/new";
    assert_eq!(browser.visit("/today").await.leads_to(), new);
    scene.added_in(&browser).await;
    assert_eq!(browser.visit("/today").await.status, 200);
    scene.app.finish().await;
}

#[tokio::test]
async fn the_setting_is_one_of_two_and_means_nothing_where_the_address_is_an_ip() {
    let mut scene = Scene::begin().await;
    let raw = RawTenantUpdate {
        admin_second_factor: Raw::from("fingerprint"),
        ..RawTenantUpdate::default()
    };
    let operator = scene.acme.operator.clone();
    let wrong = tenants::update(&scene.app.app, &operator, &raw, None).await;
    assert_eq!(wrong_fields(wrong), ["admin_second_factor"]);
    scene.insist().await;
    // Under another address nobody could add one, and nobody is asked.
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    assert_eq!(browser.visit("/today").await.status, 200);
    scene
        .app
        .set(|settings| settings.base_url = "http://127.0.0.1:8080".parse().expect("an address"));
    let off = RawTenantUpdate {
        admin_second_factor: Raw::from("any"),
        ..RawTenantUpdate::default()
    };
    let app = &scene.app.app;
    assert!(tenants::update(app, &operator, &off, None).await.is_ok());
    let refused = tenants::update(app, &operator, &insists(), None).await;
    assert_eq!(wrong_fields(refused), ["admin_second_factor"]);
    scene.app.finish().await;
}
