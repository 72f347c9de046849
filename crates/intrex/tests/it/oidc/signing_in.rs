//! The way that people go: their address, their provider, their second factor.

use intrex_core::{
    actor::Request,
    oidc::{self, Routed},
    permission::Role,
    sessions::{self, Session},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{FAILURES, PROVISIONAL, Scene};
use crate::{
    sessions::methods::amr,
    support::{Member, members::from},
};

#[tokio::test]
async fn the_domain_of_an_address_leads_to_the_provider_and_the_second_factor_is_asked() {
    let scene = Scene::begin().await;
    let browser = scene.site.browser();
    let page = browser.visit("/sign-in?next=%2Fbranches").await;
    let link = "/sign-in/organisation?next=%2Fbranches";
    assert!(
        page.body.contains(&format!(r#"href="{link}""#)),
        "{}",
        page.body
    );
    let typed = [("email", "Somebody@ACME.example")];
    let routed = browser.submit(link, link, &typed).await;
    let there = format!("/sign-in/oidc/{}?next=%2Fbranches", scene.id);
    assert_eq!(routed.leads_to(), there);
    let leaving = browser.visit(&there).await;
    assert_eq!(leaving.status, 200, "{}", leaving.body);
    let cookie = leaving.header("set-cookie").to_owned();
    let lines: Vec<_> = leaving.headers.get_all("set-cookie").iter().collect();
    let ours = lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .find(|line| line.starts_with("__Host-oidc="))
        .unwrap_or_else(|| panic!("no cookie: {cookie}"));
    for part in [
        "HttpOnly",
        "Secure",
        "Path=/",
        "SameSite=Lax",
        "Max-Age=600",
    ] {
        assert!(ours.contains(part), "{ours}");
    }
    let back = scene.provider.visited_from(&leaving).await;
    let arrived = browser.visit(&back).await;
    assert_eq!(arrived.leads_to(), "/mfa?next=%2Fbranches");
    assert_eq!(browser.cookie("__Host-oidc"), None, "it has served");
    // The provider has spoken, and nothing opens.
    let half = browser.cookie("__Host-session").expect("a session");
    let request = scene.alice.request.clone();
    let session = sessions::authenticate(&scene.app.app, &half, request).await;
    assert!(
        matches!(session, Ok(Session::Provisional(_))),
        "{session:?}"
    );
    assert!(browser.visit("/today").await.leads_to().starts_with("/mfa"));
    scene.app.app.clock.advance(chrono::TimeDelta::seconds(30));
    let code = scene.app.code(&scene.alice);
    let mfa = "/mfa?next=%2Fbranches";
    let done = browser.submit(mfa, mfa, &[("code", &code)]).await;
    assert_eq!(done.leads_to(), "/branches");
    assert_ne!(
        browser.cookie("__Host-session"),
        Some(half),
        "another session"
    );
    assert_eq!(browser.visit("/branches").await.status, 200);
    let told = "select count(*) from app.audit_events where action = 'session.provider_accepted'";
    assert_eq!(scene.app.count(told).await, 1);
    assert_eq!(scene.app.count(FAILURES).await, 0);
    let used = "select count(*) from app.oidc_identities where last_used_at is not null";
    assert_eq!(scene.app.count(used).await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn passwords_go_on_beside_the_provider() {
    let scene = Scene::begin().await;
    scene.provider.answers("/token", 500, "", Vec::new());
    let browser = scene.site.browser();
    let fields = [
        ("email", scene.alice.email.as_str()),
        ("password", scene.alice.password.expose_secret()),
    ];
    let given = browser.submit("/sign-in", "/sign-in", &fields).await;
    assert_eq!(given.leads_to(), "/mfa");
    scene.app.finish().await;
}

#[tokio::test]
async fn an_address_tells_of_its_domain_and_nothing_of_accounts() {
    let scene = Scene::begin().await;
    let page = "/sign-in/organisation";
    let browser = scene.site.browser();
    let mut leads = Vec::new();
    for known in [
        scene.alice.email.replace(|_: char| false, ""),
        "nobody@acme.example".into(),
    ] {
        let local = known.split('@').next().expect("an address").to_owned();
        let typed = format!("{local}@acme.example");
        let answer = browser.submit(page, page, &[("email", &typed)]).await;
        leads.push(answer.leads_to().to_owned());
    }
    assert_eq!(leads[0], leads[1]);
    // Everything else is one page, whether anybody has the address or not.
    let mut bodies = Vec::new();
    for elsewhere in [
        scene.alice.email.as_str(),
        "nobody@elsewhere.example",
        "nonsense",
        "@",
        "\0@x",
    ] {
        let answer = browser.submit(page, page, &[("email", elsewhere)]).await;
        assert_eq!(answer.status, 200, "{elsewhere}");
        assert!(
            answer
                .body
                .contains("There is no sign-in for this address here")
        );
        bodies.push(answer.body.len() - elsewhere.len());
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_answered_like_one_that_is_disabled() {
    let scene = Scene::begin().await;
    let browser = scene.site.browser();
    let unknown = browser
        .visit("/sign-in/oidc/0190a7c2-51f0-7c1e-9d10-4be1a707ae9f")
        .await;
    let operator = &scene.acme.operator;
    let disabled = intrex_core::oidc::disable(&scene.app.app, operator, scene.id).await;
    assert!(disabled.is_ok(), "{disabled:?}");
    let left = scene.leaves(&browser).await;
    for answer in [&unknown, &left] {
        assert_eq!(answer.status, 200);
        assert!(
            answer
                .body
                .contains("There is no sign-in for this address here")
        );
        assert_eq!(answer.header("refresh"), "");
    }
    let page = "/sign-in/organisation";
    let answer = browser
        .submit(page, page, &[("email", "a@acme.example")])
        .await;
    assert!(
        answer
            .body
            .contains("There is no sign-in for this address here")
    );
    scene.app.finish().await;
}

#[tokio::test]
async fn a_network_that_asks_too_often_waits() {
    let mut scene = Scene::begin().await;
    scene.app.set(|settings| settings.auth_rate_limit_max = 3);
    let site = scene.app.serve().await;
    scene.app.app.clock.advance(chrono::TimeDelta::minutes(2));
    let browser = site.browser();
    let page = "/sign-in/organisation";
    let leave = format!("/sign-in/oidc/{}", scene.id);
    let typed = [("email", "a@acme.example")];
    assert_eq!(browser.submit(page, page, &typed).await.status, 303);
    assert_eq!(browser.visit(&leave).await.status, 200);
    assert_eq!(browser.submit(page, page, &typed).await.status, 303);
    for refused in [
        browser.submit(page, page, &typed).await,
        browser.visit(&leave).await,
    ] {
        assert_eq!(refused.status, 429);
        assert!(!refused.header("retry-after").is_empty());
    }
    scene.app.finish().await;
}

/// Where somebody's address leads, asked with this device from this network.
async fn waits(scene: &Scene, device: &SecretString, network: u8) -> bool {
    let request = Request {
        device: Some(device.clone()),
        ..from([203, 0, network, 7])
    };
    let routed = oidc::route(&scene.app.app, &request, "a@acme.example").await;
    matches!(routed.expect("answers"), Routed::Wait { .. })
}

/// The cookies of so many devices, each from a whole sign-in.
async fn devices(scene: &Scene, member: &Member, count: usize) -> Vec<SecretString> {
    let mut cookies = Vec::new();
    for _ in 0..count {
        scene.app.app.clock.advance(chrono::TimeDelta::minutes(1));
        let device = scene.app.sign_in(member).await.device;
        cookies.push(device.expect("a device").value);
    }
    cookies
}

#[tokio::test]
async fn more_devices_are_not_more_lanes_on_the_way_to_a_provider() {
    let mut scene = Scene::begin().await;
    let globex = scene.app.tenant("Globex").await;
    let mallory = scene
        .app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let bob = scene
        .app
        .member(&scene.acme, "Bob", Role::Operator, &[])
        .await;
    let strange = devices(&scene, &mallory, 4).await;
    let (of_alice, of_bob) = (
        devices(&scene, &scene.alice, 10).await,
        devices(&scene, &bob, 1).await,
    );
    scene.app.set(|settings| settings.auth_rate_limit_max = 3);
    scene.app.app.clock.advance(chrono::TimeDelta::minutes(2));
    // A device that somebody elsewhere is known by is a stranger's: the network waits.
    for (asked, device) in strange.iter().enumerate() {
        assert_eq!(waits(&scene, device, 1).await, asked == 3, "{asked}");
    }
    // One that is known here goes on there, by itself, up to as much as a device may.
    assert!(!waits(&scene, &of_bob[0], 1).await);
    // Known devices together have ten times as much in one network.
    for (number, device) in of_alice.iter().enumerate() {
        for asked in 0..4 {
            let expected = asked == 3;
            assert_eq!(
                waits(&scene, device, 2).await,
                expected,
                "{number}: {asked}"
            );
        }
    }
    assert!(waits(&scene, &of_bob[0], 2).await);
    assert!(!waits(&scene, &of_bob[0], 3).await);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_form_from_another_site_is_refused_and_a_link_there_sends_nobody_on_by_itself() {
    let scene = Scene::begin().await;
    let browser = scene.site.browser();
    let form = browser.visit("/sign-in/organisation").await.csrf();
    let cross = browser
        .request(reqwest::Method::POST, "/sign-in/organisation")
        .header("origin", "https://evil.example")
        .header("sec-fetch-site", "cross-site")
        .form(&[("csrf_token", form.as_str()), ("email", "a@acme.example")]);
    assert_eq!(browser.send(cross).await.status, 403);
    let untold = [("email", "a@acme.example")];
    let without = browser.post("/sign-in/organisation", &untold).await;
    assert_eq!(without.status, 403);
    let path = format!("/sign-in/oidc/{}", scene.id);
    let link = browser
        .request(reqwest::Method::GET, &path)
        .header("sec-fetch-site", "cross-site");
    let shown = browser.send(link).await;
    assert_eq!((shown.status, shown.header("refresh")), (200, ""));
    assert!(
        shown.body.contains(&scene.provider.issuer),
        "a link is there"
    );
    scene.app.finish().await;
}

#[tokio::test]
async fn no_address_to_come_back_to_leads_elsewhere() {
    let scene = Scene::begin().await;
    for next in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "javascript%3Aalert(1)",
        "%2Fsign-in%2Foidc%2Fcallback",
    ] {
        let browser = scene.site.browser();
        let leaving = browser
            .visit(&format!("/sign-in/oidc/{}?next={next}", scene.id))
            .await;
        let arrived = scene.provider.round_trip(&browser, &leaving).await;
        assert_eq!(arrived.leads_to(), "/mfa", "{next}");
    }
    assert_eq!(scene.app.count(PROVISIONAL).await, 5);
    scene.app.finish().await;
}

#[tokio::test]
async fn the_cookie_says_that_a_provider_stood_in_for_the_password_until_the_password_is_given() {
    let scene = Scene::begin().await;
    let browser = scene.site.browser();
    let said = || {
        let cookie = browser.cookie("__Host-session").expect("a session");
        amr(&cookie.into())
    };
    scene.app.app.clock.advance(chrono::TimeDelta::seconds(30));
    assert_eq!(scene.goes(&browser).await.leads_to(), "/mfa");
    assert_eq!(said(), ["fed"]);
    let code = scene.app.code(&scene.alice);
    browser.submit("/mfa", "/mfa", &[("code", &code)]).await;
    assert_eq!(said(), ["fed", "otp"]);
    // Made anew after a while it says the same; after stepping up, the password was given too.
    scene.app.app.clock.advance(chrono::TimeDelta::minutes(16));
    browser.visit("/today").await;
    assert_eq!(said(), ["fed", "otp"]);
    let code = scene.app.code(&scene.alice);
    let password = scene.alice.password.expose_secret();
    let factors = [("password", password), ("code", code.as_str())];
    browser.submit("/step-up", "/step-up", &factors).await;
    assert_eq!(said(), ["pwd", "otp"]);
    scene.app.finish().await;
}
