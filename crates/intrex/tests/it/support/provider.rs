//! An identity provider as small as OpenID Connect allows, on a real socket: discovery, keys, the page where people sign in
//! (they have), and the exchange of codes, with PKCE and the client's secret checked. What it says can be bent, because that
//! is what attackers do.

mod signing;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Form, Json, Router,
    extract::{Query, Request, State as Shared},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64},
};
use intrex_core::clock::{Chance, Clock};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use self::signing::signed;
pub(crate) use self::signing::{Signing, ec_jwk, ec_key, rsa_jwk};
use super::browser::{Answer, Browser, request, send};

/// How the product is known there.
pub(crate) const CLIENT_ID: &str = "intrex-at-acme";
/// What it shows there. A colon and a space, because they are written otherwise in a header.
pub(crate) const CLIENT_SECRET: &str = "correct horse: battery staple";

/// The provider. It stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Provider {
    /// Its issuer.
    pub(crate) issuer: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

/// A change to what is said.
type Bend = Box<dyn Fn(&mut Value) + Send>;

struct State {
    issuer: String,
    clock: Clock,
    /// Who is signed in there.
    subject: String,
    signing: Signing,
    kid: Option<String>,
    keys: Vec<Value>,
    bend_token: Bend,
    bend_document: Bend,
    /// Whether answers name their issuer (RFC 9207), and as whom.
    says_iss: Option<String>,
    /// What is taken in and never answered.
    silent: Option<&'static str>,
    /// Requests that wait for an answer that does not come.
    waiting: usize,
    /// What is answered in the place of anything.
    instead: HashMap<&'static str, (StatusCode, String, Vec<u8>)>,
    codes: HashMap<String, Grant>,
    asked: HashMap<&'static str, usize>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
struct Grant {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    /// One where `alice-at-the-provider` is signed in.
    pub(crate) async fn start(clock: Clock) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State {
            issuer: issuer.clone(),
            clock,
            subject: "alice-at-the-provider".to_owned(),
            signing: Signing::Rsa("RS256"),
            kid: Some("first".to_owned()),
            keys: vec![rsa_jwk("first")],
            bend_token: Box::new(|_| {}),
            bend_document: Box::new(|_| {}),
            says_iss: None,
            silent: None,
            waiting: 0,
            instead: HashMap::new(),
            codes: HashMap::new(),
            asked: HashMap::new(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(document))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .layer(from_fn_with_state(state.clone(), or_never))
            .with_state(state.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Provider {
            issuer,
            state,
            task,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Somebody else signs in there.
    pub(crate) fn is_now(&self, subject: &str) {
        self.state().subject = subject.to_owned();
    }

    /// Bends the claims of every token from now on.
    pub(crate) fn bends(&self, bend: impl Fn(&mut Value) + Send + 'static) {
        self.state().bend_token = Box::new(bend);
    }

    /// Bends its document from now on.
    pub(crate) fn publishes(&self, bend: impl Fn(&mut Value) + Send + 'static) {
        self.state().bend_document = Box::new(bend);
    }

    /// Signs in another way from now on.
    pub(crate) fn signs(&self, signing: Signing, kid: Option<&str>) {
        let mut state = self.state();
        state.signing = signing;
        state.kid = kid.map(str::to_owned);
    }

    /// Publishes a key beside the others.
    pub(crate) fn adds_key(&self, key: Value) {
        self.state().keys.push(key);
    }

    /// Names an issuer in its answers from now on.
    pub(crate) fn says_iss(&self, issuer: Option<&str>) {
        self.state().says_iss = issuer.map(str::to_owned);
    }

    /// Answers a path with something else from now on: a status, a `Location`, a body.
    pub(crate) fn answers(&self, path: &'static str, status: u16, location: &str, body: Vec<u8>) {
        let status = StatusCode::from_u16(status).expect("a status");
        let answer = (status, location.to_owned(), body);
        self.state().instead.insert(path, answer);
    }

    /// Takes requests for a path in from now on, and never answers them.
    pub(crate) fn never_answers(&self, path: &'static str) {
        self.state().silent = Some(path);
    }

    /// Whether somebody waits for an answer that does not come.
    pub(crate) fn keeps_somebody_waiting(&self) -> bool {
        self.state().waiting > 0
    }

    /// Answers as it should again.
    pub(crate) fn recovers(&self) {
        let mut state = self.state();
        state.instead.clear();
        state.silent = None;
        state.signing = Signing::Rsa("RS256");
        state.kid = Some("first".to_owned());
        state.bend_token = Box::new(|_| {});
        state.bend_document = Box::new(|_| {});
        state.says_iss = None;
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &'static str) -> usize {
        self.state().asked.get(path).copied().unwrap_or(0)
    }

    /// Follows a browser from our last page to the provider: where it is sent back to, as a path of ours.
    pub(crate) async fn visited_from(&self, leaving: &Answer) -> String {
        let refresh = leaving.header("refresh");
        let url = refresh.strip_prefix("0;url=");
        let url =
            url.unwrap_or_else(|| panic!("goes nowhere: {} {}", leaving.status, leaving.body));
        assert!(url.starts_with(&self.issuer), "{url}");
        let answer = send(request(reqwest::Method::GET, url)).await;
        let back = answer.leads_to().to_owned();
        let at = back.find("/sign-in/").expect("a path of ours");
        back[at..].to_owned()
    }

    /// The whole way, from a page of ours to its callback.
    pub(crate) async fn round_trip(&self, browser: &Browser, leaving: &Answer) -> Answer {
        let back = self.visited_from(leaving).await;
        browser.visit(&back).await
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(|broken| broken.into_inner())
}

/// Somebody who waits; until the connection is closed.
struct Waiting(Arc<Mutex<State>>);

impl Drop for Waiting {
    fn drop(&mut self) {
        locked(&self.0).waiting -= 1;
    }
}

/// Lets a request wait for ever, where that is asked for.
async fn or_never(
    Shared(state): Shared<Arc<Mutex<State>>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let silent = locked(&state).silent.filter(|silent| *silent == path);
    if let Some(silent) = silent {
        counted(&mut locked(&state), silent);
        locked(&state).waiting += 1;
        let _waiting = Waiting(state.clone());
        std::future::pending::<()>().await;
    }
    next.run(request).await
}

/// What is answered in the place of a path's own answer, if something is.
fn counted(state: &mut State, path: &'static str) -> Option<Response> {
    *state.asked.entry(path).or_default() += 1;
    let (status, location, body) = state.instead.get(path)?.clone();
    let headers = [
        ("location", location),
        ("content-type", "application/json".to_owned()),
    ];
    Some((status, headers, body).into_response())
}

async fn document(Shared(state): Shared<Arc<Mutex<State>>>) -> Response {
    let mut state = locked(&state);
    if let Some(instead) = counted(&mut state, "/.well-known/openid-configuration") {
        return instead;
    }
    let issuer = &state.issuer;
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "claims_parameter_supported": false,
    });
    (state.bend_document)(&mut document);
    Json(document).into_response()
}

async fn jwks(Shared(state): Shared<Arc<Mutex<State>>>) -> Response {
    let mut state = locked(&state);
    if let Some(instead) = counted(&mut state, "/jwks") {
        return instead;
    }
    Json(json!({ "keys": state.keys })).into_response()
}

/// People are signed in, and agree.
async fn authorize(
    Shared(state): Shared<Arc<Mutex<State>>>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let mut state = locked(&state);
    if let Some(instead) = counted(&mut state, "/authorize") {
        return instead;
    }
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], CLIENT_ID);
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["scope"], "openid");
    let code = hex::encode(Chance.bytes::<16>());
    let grant = Grant {
        nonce: asked["nonce"].clone(),
        challenge: asked["code_challenge"].clone(),
        redirect_uri: asked["redirect_uri"].clone(),
    };
    let mut back: url::Url = grant.redirect_uri.parse().expect("an address");
    let mut pairs = back.query_pairs_mut();
    pairs.append_pair("code", &code);
    pairs.append_pair("state", &asked["state"]);
    if let Some(iss) = &state.says_iss {
        pairs.append_pair("iss", iss);
    }
    drop(pairs);
    state.codes.insert(code, grant);
    Redirect::to(back.as_str()).into_response()
}

async fn token(
    Shared(state): Shared<Arc<Mutex<State>>>,
    headers: HeaderMap,
    Form(sent): Form<HashMap<String, String>>,
) -> Response {
    let mut state = locked(&state);
    if let Some(instead) = counted(&mut state, "/token") {
        return instead;
    }
    let refused = |error: &str| {
        let body = json!({ "error": error });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    if !is_the_client(&headers) {
        return refused("invalid_client");
    }
    let code = sent.get("code").cloned().unwrap_or_default();
    // A code is good for one exchange, right or wrong.
    let Some(grant) = state.codes.remove(&code) else {
        return refused("invalid_grant");
    };
    let verifier = sent.get("code_verifier").cloned().unwrap_or_default();
    let challenge = B64.encode(Sha256::digest(verifier.as_bytes()));
    let right = challenge == grant.challenge
        && sent.get("redirect_uri") == Some(&grant.redirect_uri)
        && sent.get("grant_type").map(String::as_str) == Some("authorization_code");
    if !right {
        return refused("invalid_grant");
    }
    let now = state.clock.now().timestamp();
    let mut claims = json!({
        "iss": state.issuer, "sub": state.subject, "aud": CLIENT_ID, "nonce": grant.nonce,
        "iat": now, "exp": now + 300, "email": "alice@acme.example", "email_verified": true,
    });
    (state.bend_token)(&mut claims);
    Json(json!({
        "access_token": "unused", "token_type": "Bearer", "expires_in": 300,
        "id_token": signed(&state.signing, state.kid.as_deref(), &claims),
    }))
    .into_response()
}

fn is_the_client(headers: &HeaderMap) -> bool {
    let basic = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let given = basic
        .and_then(|basic| STANDARD.decode(basic).ok())
        .and_then(|given| String::from_utf8(given).ok());
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    given == Some(format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET)))
}
