//! Passkeys, over the real routes, with an authenticator in software: adding one, signing in and stepping up with it, and
//! what an organisation may ask of its admins.

mod adding;
mod required;
mod signing_in;

use intrex_core::permission::Role;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::support::{
    Authenticator, Member, Tenant, TestApp,
    browser::{Answer, Browser, Site},
};

/// Alice of Acme, at a site where passkeys can be used.
struct Scene {
    app: TestApp,
    acme: Tenant,
    alice: Member,
    site: Site,
}

impl Scene {
    async fn begin() -> Self {
        Self::begin_in(TestApp::start().await).await
    }

    async fn begin_in(mut app: TestApp) -> Self {
        // Everybody signs in from one address, and the clock stands.
        app.set(|settings| settings.auth_rate_limit_max = 1_000);
        let acme = app.tenant("Acme").await;
        let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
        let site = app.serve_with_passkeys().await;
        Scene {
            app,
            acme,
            alice,
            site,
        }
    }

    /// A browser in which somebody has just signed in with a code.
    async fn signed_in(&self, member: &Member) -> Browser {
        self.app.signed_in(&self.site, member).await
    }

    /// A passkey of somebody, added in a browser that has just signed in.
    async fn passkey_of(&self, member: &Member) -> Authenticator {
        let browser = self.signed_in(member).await;
        self.added_in(&browser).await
    }

    async fn added_in(&self, browser: &Browser) -> Authenticator {
        let mut authenticator = Authenticator::at(&self.site.origin);
        let options = begin_adding(browser).await;
        let added = add(browser, "Laptop", &authenticator.make(&options)).await;
        assert_eq!(added.leads_to(), "/settings/passkeys");
        authenticator
    }

    /// A browser in which somebody has given their password, and nothing else.
    async fn half_in(&self, member: &Member) -> Browser {
        let browser = self.site.browser();
        let fields = [
            ("email", member.email.as_str()),
            ("password", member.password.expose_secret()),
        ];
        let first = browser.submit("/sign-in", "/sign-in", &fields).await;
        assert_eq!(first.leads_to(), "/mfa");
        browser
    }
}

/// What the script of a page asks for.
async fn asked(browser: &Browser, page: &str, path: &str) -> Answer {
    let token = browser.visit(page).await.csrf();
    browser.post(path, &[("csrf_token", &token)]).await
}

#[track_caller]
fn options(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/json")
    );
    answer.json()
}

async fn begin_adding(browser: &Browser) -> Value {
    let page = "/settings/passkeys/new";
    options(&asked(browser, page, page).await)
}

async fn add(browser: &Browser, name: &str, credential: &str) -> Answer {
    let fields = [("name", name), ("credential", credential)];
    let page = "/settings/passkeys/new";
    browser.submit(page, "/settings/passkeys", &fields).await
}

async fn challenge(browser: &Browser) -> Value {
    options(&asked(browser, "/mfa", "/mfa/passkey").await)
}

async fn give(browser: &Browser, credential: &str) -> Answer {
    browser
        .submit("/mfa", "/mfa", &[("credential", credential)])
        .await
}

/// A script of the page: the session's cookie and its token against forgery.
async fn script(browser: &Browser, method: Method, path: &str) -> Answer {
    let token = browser.visit("/step-up").await.csrf();
    let request = browser
        .own_page_sends(method, path)
        .header("x-csrf-token", token);
    browser.send(request).await
}

const PASSKEYS: &str = "select count(*) from app.passkeys";
const FULL_SESSIONS: &str = "select count(*) from app.sessions where stage = 'full'";
const FAILED: &str = "select count(*) from app.audit_events where action = 'MFA_VERIFY_FAILED'";
