//! The pages: what is shown once is shown once, and nobody is led astray.

use chrono::TimeDelta;
use intrex_core::{permission::Role, vault::one_time};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{acme, codes_of};
use crate::support::{
    Member, TestApp,
    browser::{Answer, Browser},
};

const PAGE: &str = "/settings/second-factor";
const APP: &str = "/settings/second-factor/app";
const CODES: &str = "/settings/second-factor/recovery-codes";

/// The codes on a page that has just made them.
#[track_caller]
pub(super) fn shown(answer: &Answer) -> Vec<String> {
    let mark = "<code class=\"secret codes\">";
    let (_, rest) = answer.body.split_once(mark).expect("codes are shown");
    let codes = rest.split('<').next().expect("their end");
    codes.lines().map(str::to_owned).collect()
}

/// The secret on a page that shows one.
#[track_caller]
fn secret(answer: &Answer) -> SecretString {
    let (_, rest) = answer
        .body
        .split_once("<p class=\"secret\"")
        .expect("a secret is shown");
    let (groups, _) = rest.split_once("</p>").expect("its end");
    let groups = groups.split("<span>").skip(1);
    let letters: String = groups.filter_map(|part| part.split('<').next()).collect();
    letters.into()
}

async fn password_given(browser: &Browser, member: &Member, next: &str) -> Answer {
    let page = format!("/sign-in{next}");
    let fields = [
        ("email", member.email.as_str()),
        ("password", member.password.expose_secret()),
    ];
    browser.submit(&page, &page, &fields).await
}

#[tokio::test]
async fn somebody_without_their_phone_signs_in_with_a_code_and_sees_how_many_are_left() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let codes = codes_of(&app, &alice).await;
    let site = app.serve().await;
    let browser = site.browser();
    let first = password_given(&browser, &alice, "?next=/branches").await;
    assert_eq!(first.leads_to(), "/mfa?next=%2Fbranches");
    let asked = browser.visit("/mfa?next=%2Fbranches").await.body;
    let other = "/mfa?next=%2Fbranches&#38;with=recovery";
    assert!(asked.contains(&format!("href=\"{other}\"")), "{asked}");
    let page = "/mfa?next=%2Fbranches&with=recovery";
    let form = browser.visit(page).await.body;
    assert!(form.contains("name=\"recovery_code\"") && !form.contains("name=\"code\""));
    let wrong = browser
        .submit(page, page, &[("recovery_code", "not one of mine")])
        .await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.body.contains("id=\"recovery_code-error\""));
    assert!(!wrong.body.contains("not one of mine"));
    let done = browser
        .submit(page, page, &[("recovery_code", &codes[0])])
        .await;
    let led = "/settings/second-factor?used=yes&next=%2Fbranches";
    assert_eq!(done.leads_to(), led);
    let left = browser.visit(led).await;
    assert_eq!(left.status, 200);
    assert_eq!(left.header("cache-control"), "no-store");
    for words in [
        "9 are left",
        "9 recovery codes are left",
        "href=\"/branches\"",
    ] {
        assert!(left.body.contains(words), "{words}: {}", left.body);
    }
    // Where the app's code is asked for it counts, too.
    app.app.clock.advance(TimeDelta::seconds(30));
    let browser = site.browser();
    password_given(&browser, &alice, "").await;
    let typed = codes[1].to_lowercase();
    let done = browser.submit("/mfa", "/mfa", &[("code", &typed)]).await;
    assert_eq!(
        done.leads_to(),
        "/settings/second-factor?used=yes&next=%2Ftoday"
    );
    let elsewhere = "/settings/second-factor?used=yes&next=https://evil.example";
    let body = browser.visit(elsewhere).await.body;
    assert!(!body.contains("href=\"https://evil"), "{body}");
    assert!(body.contains("class=\"btn go\" href=\"/today\""), "{body}");
    app.finish().await;
}

#[tokio::test]
async fn whoever_steps_up_with_a_code_is_led_on_from_where_they_stand() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let codes = codes_of(&app, &alice).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    app.app.clock.advance(TimeDelta::minutes(5));
    let page = "/step-up?next=%2Fsettings%2Ftokens%2Fnew&with=recovery";
    let fields = [
        ("password", alice.password.expose_secret()),
        ("recovery_code", codes[0].as_str()),
    ];
    let done = browser.submit(page, page, &fields).await;
    let led = "/settings/second-factor?used=yes&next=%2Fsettings%2Ftokens%2Fnew";
    assert_eq!(done.leads_to(), led);
    assert!(
        browser
            .visit(led)
            .await
            .body
            .contains("href=\"/settings/tokens/new\"")
    );
    assert_eq!(browser.visit("/settings/tokens/new").await.status, 200);
    app.app.clock.advance(TimeDelta::minutes(5));
    let again = browser.submit(page, page, &fields).await;
    assert_eq!(again.status, 422);
    app.finish().await;
}

#[tokio::test]
async fn codes_are_offered_after_enrolling_shown_once_and_by_no_other_page() {
    let app = TestApp::start().await;
    let (acme, _) = acme(&app).await;
    let invited = app.invite(&acme, "Carol", Role::Operator, &[]).await;
    let site = app.serve().await;
    let browser = site.browser();
    let link = format!("/invitation/{}", invited.token.expose_secret());
    let password = "copper lantern by the river";
    browser
        .submit(&link, &link, &[("password", password)])
        .await;
    let fields = [
        ("email", invited.person.email.as_str()),
        ("password", password),
    ];
    let next = "/sign-in?next=%2Fmessages";
    browser.submit(next, next, &fields).await;
    let setup = "/mfa/setup?next=%2Fmessages";
    let secret = secret(&browser.visit(setup).await);
    let code = one_time::code_at(&secret, app.app.now()).expect("a code");
    let done = browser.submit(setup, setup, &[("code", &code)]).await;
    let offered = format!("{CODES}?next=%2Fmessages");
    assert_eq!(done.leads_to(), offered);
    let page = browser.visit(&offered).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("href=\"/messages\""), "{}", page.body);
    let made = browser.submit(&offered, &offered, &[]).await;
    assert_eq!(made.status, 200);
    assert_eq!(made.header("cache-control"), "no-store");
    let codes = shown(&made);
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 19));
    assert!(made.body.contains(&invited.person.email) && made.body.contains("href=\"/messages\""));
    for path in [PAGE, CODES, APP, "/settings"] {
        let other = browser.visit(path).await;
        assert_eq!(other.status, 200, "{path}");
        assert!(
            codes.iter().all(|code| !other.body.contains(code)),
            "{path}"
        );
    }
    assert!(
        browser
            .visit(PAGE)
            .await
            .body
            .contains("10 recovery codes are left")
    );
    app.finish().await;
}

#[tokio::test]
async fn codes_are_made_by_the_api_in_a_fresh_session_alone_and_a_repeated_request_does_not_show_them()
 {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let (path, codes) = (
        "/api/v1/second-factor",
        "/api/v1/second-factor/recovery-codes",
    );
    let csrf = browser.visit("/settings").await.csrf();
    let make = async || {
        let request = browser
            .own_page_sends(Method::POST, codes)
            .header("x-csrf-token", &csrf)
            .header("idempotency-key", "once");
        browser.send(request.json(&json!({}))).await
    };
    let made = make().await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.header("cache-control"), "no-store");
    let text = made.json()["codes"][0].as_str().expect("a code").to_owned();
    let again = make().await;
    assert!(!again.body.contains(&text), "{}", again.body);
    assert_eq!(again.json()["left"], 10, "{}", again.body);
    let standing = browser.visit(path).await.json();
    assert_eq!(standing["recovery_codes"]["left"], 10);
    assert_eq!(standing["recovery_codes"]["allowed"], true);
    assert!(standing["authenticator_since"].is_string(), "{standing}");

    let program = crate::web::api::Program::of(&app, &site, &alice).await;
    assert_eq!(program.get(path).await.json()["recovery_codes"]["left"], 10);
    app.app.clock.advance(TimeDelta::minutes(5));
    let by_token = program.post(codes, &json!({})).await;
    let request = browser
        .own_page_sends(Method::POST, codes)
        .header("x-csrf-token", &csrf);
    let stale = browser.send(request.json(&json!({}))).await;
    for refused in [by_token, stale] {
        assert_eq!(refused.status, 403, "{}", refused.body);
        let kind = refused.json()["type"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(kind.ends_with("step-up-required"), "{kind}");
    }
    let page = browser.visit(CODES).await;
    assert!(page.leads_to().starts_with("/step-up?next="));
    app.finish().await;
}

#[tokio::test]
async fn the_organisation_says_who_may_hold_codes_and_nobody_else_is_offered_any() {
    let app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    codes_of(&app, &carol).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let (edit, path) = ("/settings/organisation/edit", "/settings/organisation");
    let form = browser.visit(edit).await.body;
    assert_eq!(form.matches("name=\"recovery_code_roles\"").count(), 4);
    let of_roles = form
        .split("<input")
        .filter(|one| one.contains("\"recovery_code_roles\""));
    let ticked = of_roles.filter(|one| one.contains(" checked>")).count();
    assert_eq!(ticked, 3, "{form}");
    let fields = |roles: &[&'static str]| {
        let mut fields = vec![
            ("name", "Acme"),
            ("time_zone", "UTC"),
            ("lead_days", "30"),
            ("session_preset", ""),
            ("session_absolute_hours", "168"),
            ("session_idle_minutes", "1440"),
            ("recovery_code_roles", "nobody"),
        ];
        fields.extend(roles.iter().map(|role| ("recovery_code_roles", *role)));
        fields
    };
    let wrong = browser.submit(edit, path, &fields(&["auditor"])).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("recovery_code_roles-error"));
    let done = browser
        .submit(
            edit,
            path,
            &fields(&["head_office_admin", "branch_manager"]),
        )
        .await;
    assert_eq!(done.leads_to(), path, "{}", done.body);
    let page = browser.visit(path).await.body;
    assert!(
        page.contains("<dd>Head Office Admin, Branch Manager</dd>"),
        "{page}"
    );
    let changed: Vec<String> = {
        let api = browser.visit("/api/v1/organisation").await.json();
        let roles = api["recovery_code_roles"].as_array().expect("roles").iter();
        roles.map(ToString::to_string).collect()
    };
    assert_eq!(changed, ["\"head_office_admin\"", "\"branch_manager\""]);
    let other = app.signed_in(&site, &carol).await;
    assert!(!other.visit(PAGE).await.body.contains(CODES));
    assert_eq!(other.visit(CODES).await.status, 200);
    let offered = format!("{CODES}?next=%2Fmessages");
    assert_eq!(other.visit(&offered).await.leads_to(), "/messages");
    let csrf = other.visit(PAGE).await.csrf();
    let forced = other.post(CODES, &[("csrf_token", &csrf)]).await;
    assert_eq!(forced.status, 409, "{}", forced.body);
    let nobody = browser.submit(edit, path, &fields(&[])).await;
    assert_eq!(nobody.leads_to(), path);
    assert!(browser.visit(path).await.body.contains("<dd>Nobody</dd>"));
    assert_eq!(
        app.count("select count(*) from app.recovery_codes").await,
        0
    );
    app.finish().await;
}

#[tokio::test]
async fn another_app_is_set_up_on_its_page_and_its_secret_is_never_shown_again() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let page = browser.visit(APP).await;
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.body.contains("<svg viewBox=\"0 0 ") && !page.body.contains("otpauth"));
    let new = secret(&page);
    assert_ne!(new.expose_secret(), alice.secret.expose_secret());
    let again = secret(&browser.visit(APP).await);
    assert_eq!(
        new.expose_secret(),
        again.expose_secret(),
        "what was scanned stays right"
    );
    let wrong = browser.submit(APP, APP, &[("code", "000000")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("id=\"code-error\""));
    let same = secret(&wrong);
    assert_eq!(new.expose_secret(), same.expose_secret());
    let code = one_time::code_at(&new, app.app.now()).expect("a code");
    let old = browser.cookie("__Host-session").expect("a session");
    let gapped = format!("{} {}", &code[..3], &code[3..]);
    let done = browser.submit(APP, APP, &[("code", &gapped)]).await;
    assert_eq!(done.leads_to(), format!("{CODES}?replaced=yes"));
    assert_ne!(browser.cookie("__Host-session"), Some(old));
    let group = &new.expose_secret()[..8];
    for path in [CODES, PAGE, APP, "/mfa/setup"] {
        let other = browser.visit(path).await.body;
        assert!(
            !other.contains(group) && !other.contains(&group[..4]),
            "{path}"
        );
    }
    app.app.clock.advance(TimeDelta::minutes(5));
    assert!(browser.visit(APP).await.leads_to().starts_with("/step-up"));
    app.finish().await;
}
