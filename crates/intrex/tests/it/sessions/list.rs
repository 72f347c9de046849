//! Where one is signed in, and an end to each session: by page, by the API, and by an admin.

use intrex_core::{network::IpMode, permission::Role};
use reqwest::Method;
use serde_json::Value;

use crate::support::{
    Member, TestApp,
    browser::{Answer, Browser, Site},
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Somebody at a desk with Firefox.
async fn at_desk(app: &TestApp, site: &Site, member: &Member) -> Browser {
    let mut member = member.clone();
    member.request.user_agent = Some(FIREFOX.to_owned());
    app.signed_in(site, &member).await
}

async fn script(browser: &Browser, method: Method, path: &str) -> Answer {
    let token = browser.visit("/settings").await.csrf();
    let request = browser.own_page_sends(method, path);
    browser
        .send(
            request
                .header("x-csrf-token", token)
                .json(&serde_json::json!({})),
        )
        .await
}

async fn listed(browser: &Browser, path: &str) -> Vec<Value> {
    let answer = browser.visit(path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["items"].as_array().expect("items").clone()
}

fn of(items: &[Value], current: bool) -> Value {
    let mut found = items.iter().filter(|item| item["current"] == current);
    found.next().expect("one").clone()
}

#[tokio::test]
async fn somebody_sees_their_own_sessions_and_ends_one_or_all_others() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let dave = app.member(&acme, "Dave", Role::Operator, &[]).await;
    let site = app.serve().await;
    let (desk, phone) = (
        at_desk(&app, &site, &carol).await,
        app.signed_in(&site, &carol).await,
    );
    let stranger = app.signed_in(&site, &dave).await;
    let page = desk.visit("/settings/sessions").await;
    assert!(page.body.contains("Firefox on Linux"), "{}", page.body);
    assert!(page.body.contains("198.51.") && page.body.contains("this one"));
    let items = listed(&desk, "/api/v1/sessions").await;
    assert_eq!(items.len(), 3, "the enrolment's own, the desk, the phone");
    let current = of(&items, true);
    assert_eq!(
        (current["browser"].as_str(), current["system"].as_str()),
        (Some("Firefox"), Some("Linux"))
    );
    // Another's is not there, whatever is done with it.
    let id = of(&listed(&phone, "/api/v1/sessions").await, true)["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let api = format!("/api/v1/sessions/{id}");
    assert_eq!(script(&stranger, Method::DELETE, &api).await.status, 404);
    let form = format!("/settings/sessions/{id}/revoke");
    assert_eq!(stranger.submit("/settings", &form, &[]).await.status, 404);
    assert_eq!(phone.visit("/settings").await.status, 200);
    // One's own ends, at the next request.
    assert_eq!(
        desk.submit("/settings/sessions", &form, &[])
            .await
            .leads_to(),
        "/settings/sessions"
    );
    assert!(
        phone
            .visit("/settings")
            .await
            .leads_to()
            .starts_with("/sign-in")
    );
    assert_eq!(
        script(&desk, Method::DELETE, &api).await.status,
        404,
        "is ended"
    );

    let phone = app.signed_in(&site, &carol).await;
    let ended = script(&desk, Method::POST, "/api/v1/sessions/revoke-others").await;
    assert_eq!(ended.json()["ended"], 2);
    assert!(
        phone
            .visit("/settings")
            .await
            .leads_to()
            .starts_with("/sign-in")
    );
    assert_eq!(listed(&desk, "/api/v1/sessions").await.len(), 1);
    let phone = app.signed_in(&site, &carol).await;
    let others = "/settings/sessions/revoke-others";
    assert_eq!(
        desk.submit("/settings/sessions", others, &[])
            .await
            .leads_to(),
        "/settings/sessions"
    );
    assert!(
        phone
            .visit("/settings")
            .await
            .leads_to()
            .starts_with("/sign-in")
    );
    // Ending the one that acts is leaving.
    let own = of(&listed(&desk, "/api/v1/sessions").await, true)["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let form = format!("/settings/sessions/{own}/revoke");
    desk.submit("/settings/sessions", &form, &[]).await;
    assert!(
        desk.visit("/settings")
            .await
            .leads_to()
            .starts_with("/sign-in")
    );
    assert_eq!(stranger.visit("/settings").await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn an_admin_sees_and_ends_the_sessions_of_their_organisation_and_of_no_other() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let site = app.serve().await;
    let admin = app.signed_in(&site, &alice).await;
    let elsewhere = app.signed_in(&site, &mallory).await;
    let desk = at_desk(&app, &site, &carol).await;
    let of_carol = format!("/api/v1/users/{}/sessions", carol.id);
    let items = listed(&admin, &of_carol).await;
    assert_eq!(items.len(), 2);
    assert!(items.iter().all(|item| item["current"] == false));
    assert_eq!(elsewhere.visit(&of_carol).await.status, 404);
    assert_eq!(
        desk.visit(&of_carol).await.status,
        403,
        "not for oneself either"
    );
    let id = items[0]["id"].as_str().expect("an id");
    let one = format!("/api/v1/sessions/{id}");
    assert_eq!(script(&elsewhere, Method::DELETE, &one).await.status, 404);
    assert_eq!(
        script(&elsewhere, Method::DELETE, &of_carol).await.status,
        404
    );
    assert_eq!(script(&admin, Method::DELETE, &one).await.status, 204);
    assert!(
        desk.visit("/settings")
            .await
            .leads_to()
            .starts_with("/sign-in")
    );
    let desk = at_desk(&app, &site, &carol).await;
    assert_eq!(
        script(&admin, Method::DELETE, &of_carol).await.json()["ended"],
        2
    );
    assert!(
        desk.visit("/settings")
            .await
            .leads_to()
            .starts_with("/sign-in")
    );
    assert_eq!(admin.visit("/settings").await.status, 200);
    // On oneself it leaves the session that acts.
    let of_alice = format!("/api/v1/users/{}/sessions", alice.id);
    assert_eq!(
        script(&admin, Method::DELETE, &of_alice).await.json()["ended"],
        1
    );
    assert_eq!(admin.visit("/settings").await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn addresses_are_kept_and_shown_as_the_installation_says() {
    let mut app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let address = carol.request.ip.expect("an address").to_string();
    app.set(|settings| settings.ip_mode = IpMode::Hash);
    let site = app.serve().await;
    let browser = app.signed_in(&site, &carol).await;
    let items = listed(&browser, "/api/v1/sessions").await;
    // One was kept in full, before the installation said otherwise; none is shown so.
    let shown: Vec<&str> = items
        .iter()
        .map(|item| item["ip"].as_str().expect("words"))
        .collect();
    assert_eq!(shown.len(), 2);
    assert!(
        shown
            .iter()
            .all(|ip| ip.starts_with("ip-") && *ip == shown[0]),
        "{shown:?}"
    );
    let kept: Vec<String> = sqlx::query_scalar("select ip from app.sessions order by created_at")
        .fetch_all(&mut app.superuser().await)
        .await
        .expect("the rows");
    assert_eq!(kept, [address, shown[0].to_owned()]);
    app.finish().await;
}
