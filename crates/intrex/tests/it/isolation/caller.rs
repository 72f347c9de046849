//! Asking a route as somebody, by cookie or by token, and making two answers comparable.

use std::sync::Mutex;

use intrex_core::{sessions::Session, tokens, vault::csrf};
use intrex_web::routes::{Kind, RouteInfo};
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::table::{Ids, Line};
use crate::support::{
    Member, TestApp,
    browser::{Answer, Site, send},
};

/// How much of an answer a finding shows, in characters.
const SHOWN: usize = 300;

/// How somebody shows who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Nothing,
    Cookie,
    Bearer,
}

/// Somebody who asks, or nobody.
#[derive(Debug, Clone, Default)]
pub(super) struct Caller {
    pub(super) name: &'static str,
    cookie: String,
    csrf: String,
    bearer: String,
}

impl Caller {
    /// Without any credential.
    pub(super) fn nobody() -> Self {
        Caller {
            name: "nobody",
            ..Caller::default()
        }
    }

    /// Signed in with both factors, and with a token of all that their role may.
    pub(super) async fn full(app: &TestApp, name: &'static str, member: &Member) -> Self {
        let cookie = app.sign_in(member).await;
        let (tx, session) = app.full(&cookie).await;
        let actor = tx.actor().clone();
        tx.finish().await.expect("finishes");
        let raw = tokens::RawToken {
            name: name.into(),
            ..tokens::RawToken::default()
        };
        let made = tokens::create(&app.app, &actor, &raw).await;
        Caller {
            name,
            csrf: app.csrf_for(session.sid_for_csrf.expose_secret()),
            cookie: cookie.value.expose_secret().to_owned(),
            bearer: made.expect("a token").text.expose_secret().to_owned(),
        }
    }

    /// With a password given and the second factor missing.
    pub(super) async fn begun(
        app: &TestApp,
        site: &Site,
        name: &'static str,
        member: &Member,
    ) -> Self {
        let browser = site.browser();
        let fields = [
            ("email", member.email.as_str()),
            ("password", member.password.expose_secret()),
        ];
        let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
        assert!(answer.leads_to().starts_with("/mfa"), "{}", answer.body);
        let cookie = browser.cookie("__Host-session").expect("a session");
        let session =
            intrex_core::sessions::authenticate(&app.app, &cookie, member.request.clone()).await;
        let Ok(Session::Provisional(begun)) = session else {
            panic!("not provisional: {session:?}");
        };
        Caller {
            name,
            csrf: app.csrf_for(begun.sid_for_csrf.expose_secret()),
            cookie,
            bearer: String::new(),
        }
    }

    /// How they can show who they are on a route of this kind.
    pub(super) fn ways(&self, kind: Kind) -> Vec<Way> {
        match (self.cookie.is_empty(), self.bearer.is_empty(), kind) {
            (true, ..) => vec![Way::Nothing],
            (false, false, Kind::Api) => vec![Way::Cookie, Way::Bearer],
            _ => vec![Way::Cookie],
        }
    }

    /// Asks with the body of the line's own.
    pub(super) async fn ask(
        &self,
        site: &Site,
        route: &RouteInfo,
        line: &Line,
        way: Way,
        ids: &Ids,
    ) -> Answer {
        let body = line.body.map(|body| body(ids));
        let request = self.request(site, line.method, &line.at(ids), way);
        send(self.filled(request, route.kind, line.method, way, body.as_ref())).await
    }

    /// A request with the credential and with what tells that a page of the site sent it.
    pub(super) fn request(
        &self,
        site: &Site,
        method: &str,
        path: &str,
        way: Way,
    ) -> RequestBuilder {
        let method: Method = method.parse().expect("a method");
        let request = site
            .request(method, path)
            .header("origin", &site.origin)
            .header("sec-fetch-site", "same-origin");
        match way {
            Way::Nothing => request,
            Way::Cookie => request.header("cookie", format!("__Host-session={}", self.cookie)),
            Way::Bearer => request.bearer_auth(&self.bearer),
        }
    }

    /// The same with a body: JSON or a form, as the route takes it, with the token against forgery.
    pub(super) fn filled(
        &self,
        request: RequestBuilder,
        kind: Kind,
        method: &str,
        way: Way,
        body: Option<&Value>,
    ) -> RequestBuilder {
        if method == "GET" {
            return request;
        }
        if kind == Kind::Page {
            return request.form(&self.form(body));
        }
        let request = match way {
            Way::Cookie => self.proven(request),
            Way::Nothing | Way::Bearer => request,
        };
        match body {
            Some(Value::String(file)) => request
                .header("content-type", "text/csv")
                .body(file.clone()),
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// With the token against forgery in the header, whatever the body is.
    pub(super) fn proven(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("x-csrf-token", &self.csrf)
    }

    /// The fields of a form that says what a JSON object says.
    fn form(&self, body: Option<&Value>) -> Vec<(String, String)> {
        let mut fields = vec![("csrf_token".to_owned(), self.csrf.clone())];
        for (name, value) in body.and_then(Value::as_object).into_iter().flatten() {
            let words = value.as_str().map_or(value.to_string(), str::to_owned);
            fields.push((name.clone(), words));
        }
        fields
    }
}

impl TestApp {
    fn csrf_for(&self, sid: &str) -> String {
        csrf::token(self.app.vault.csrf(), sid, self.app.chance)
    }
}

/// An answer without what differs between any two of them: the request's id, the nonce, the token against forgery, the
/// times; and with one word for every id
/// that was asked for.
pub(super) fn comparable(answer: &Answer, asked_for: &[&Ids]) -> String {
    let mut lines: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "server-timing", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| {
            let value = value.to_str().expect("ASCII");
            // What matters of a cookie is that it is set.
            let value = match name.as_str() {
                "set-cookie" => value.split('=').next().unwrap_or_default(),
                _ => value,
            };
            format!("{name}: {value}")
        })
        .collect();
    lines.sort();
    let mut text = format!("{}\n{}\n{}", answer.status, lines.join("\n"), answer.body);
    for id in asked_for.iter().flat_map(|ids| ids.all()) {
        text = text.replace(id, "ID");
    }
    text = text.replace(answer.header("x-request-id"), "REQUEST");
    for (before, after) in [
        ("'nonce-", '\''),
        ("nonce=\"", '"'),
        ("name=\"csrf_token\" value=\"", '"'),
    ] {
        text = without(&text, before, after);
    }
    text
}

/// The text without what stands between the two, wherever they stand.
fn without(text: &str, before: &str, after: char) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += before;
        out += part.find(after).map_or(part, |at| &part[at..]);
    }
    out
}

/// What is wrong with the answers, all of it at once: one fault is seldom alone.
#[derive(Debug, Default)]
pub(super) struct Findings(Mutex<Vec<String>>);

impl Findings {
    /// Notes what must be so and is not.
    pub(super) fn must(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.lock().expect("no panic").push(what());
        }
    }

    /// Fails if anything was noted.
    #[track_caller]
    pub(super) fn finish(self) {
        let found = self.0.into_inner().expect("no panic");
        assert!(
            found.is_empty(),
            "{} faults:\n{}",
            found.len(),
            found.join("\n")
        );
    }
}

/// An answer as a finding shows it.
pub(super) fn short(answer: &Answer) -> String {
    let text = match answer.body.split_once("<main") {
        Some((_, main)) => main,
        None => &answer.body,
    };
    let start: String = text.chars().take(SHOWN).collect();
    format!("{} {start}", answer.status)
}

/// The line in which two texts differ first, of each.
pub(super) fn difference(one: &str, other: &str) -> Option<String> {
    if one == other {
        return None;
    }
    let pair = one
        .lines()
        .zip(other.lines())
        .find(|(one, other)| one != other);
    Some(pair.map_or("one is longer".to_owned(), |(one, other)| {
        format!("{one:?} and {other:?}")
    }))
}
