//! One request and its answer, from the frame's first look to its last header: the id, the nonce, the client's address,
//! who turned out to ask, and what the answer must carry. Extractors read and write it; the frame made it.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, request::Parts},
};
use intrex_core::{
    Actor,
    actor::Request,
    catalogue::Language,
    db::ReadTx,
    sessions::{Leaving, Provisional},
};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Typed, cookies::Theme};
use crate::{
    WebState,
    answer::Fault,
    routes::{Kind, Route, Verb},
};

/// The request at hand. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Exchange(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    web: WebState,
    id: Uuid,
    nonce: String,
    client: Option<IpAddr>,
    user_agent: Option<String>,
    theme: Theme,
    path: String,
    back: Option<String>,
    device: Option<SecretString>,
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    kind: Kind,
    verb: Option<Verb>,
    route: Option<&'static str>,
    sent: Option<SentForm>,
    standing: Standing,
    csrf_sid: Option<SecretString>,
    who: Option<Who>,
    cookies: Vec<HeaderValue>,
    touch: Option<Actor>,
    signed_in: bool,
    database: Option<Duration>,
    render: Option<Duration>,
}

/// A form as it was sent, kept until it is answered: when the answer is that it could not be worked on, its page offers to
/// send it again.
#[derive(Debug, Clone)]
pub(crate) struct SentForm {
    /// Its token; none where the form had none that could be sent again.
    pub(crate) token: Option<String>,
    /// What was typed, without what is never shown again.
    pub(crate) typed: Typed,
    /// Whether that is all of it.
    pub(crate) whole: bool,
}

/// What the frame reads from a request.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// The client's address.
    pub(crate) client: Option<IpAddr>,
    /// The client's program, as it says.
    pub(crate) user_agent: Option<String>,
    /// Light, dark, or as the system has it.
    pub(crate) theme: Theme,
    /// Path and query.
    pub(crate) path: String,
    /// The page to come back to, if there is one.
    pub(crate) back: Option<String>,
    /// The device cookie.
    pub(crate) device: Option<SecretString>,
}

/// What pages say about the person who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) tenant: String,
    /// When the organisation is deleted, if that is to be.
    pub(crate) leaving: Option<Leaving>,
}

/// Who asks, until the handler's extractor takes it.
#[derive(Debug)]
pub(crate) enum Standing {
    /// Nobody known, or already taken.
    Nobody,
    /// A password was right, the second factor is missing.
    Begun(Box<Provisional>, Proof),
    /// Signed in and allowed to read here: the transaction in which the credential was checked.
    Reading(Box<ReadTx>),
    /// Signed in and allowed to do this, as soon as the request is known to be no forgery.
    Acting(Box<Actor>, Proof),
}

/// Whether the request has shown that it is no forgery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A bearer token, which no browser sends by itself, or a valid `X-CSRF-Token`.
    Given,
    /// The form's field must give it.
    InForm,
}

impl Exchange {
    /// A request that has just arrived.
    pub(crate) fn new(web: WebState, kind: Kind, arrived: Arrived) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let app = &web.app;
        let id = app.chance.uuid(app.now());
        let nonce = STANDARD.encode(app.chance.bytes::<16>());
        Exchange(Arc::new(Inner {
            id,
            nonce,
            client: arrived.client,
            user_agent: arrived.user_agent,
            theme: arrived.theme,
            path: arrived.path,
            back: arrived.back,
            device: arrived.device,
            begun: Instant::now(),
            state: Mutex::new(State {
                kind,
                verb: None,
                route: None,
                sent: None,
                standing: Standing::Nobody,
                csrf_sid: None,
                who: None,
                cookies: Vec::new(),
                touch: None,
                signed_in: false,
                database: None,
                render: None,
            }),
            web,
        }))
    }

    /// The installation.
    pub(crate) fn web(&self) -> &WebState {
        &self.0.web
    }

    /// The request's id, as the answer and the log carry it.
    pub(crate) fn id(&self) -> Uuid {
        self.0.id
    }

    /// What script tags of this answer carry.
    pub(crate) fn nonce(&self) -> &str {
        &self.0.nonce
    }

    /// The client's address.
    pub(crate) fn client(&self) -> Option<IpAddr> {
        self.0.client
    }

    /// Light, dark, or as the system has it.
    pub(crate) fn theme(&self) -> Theme {
        self.0.theme
    }

    /// The language of the answer.
    pub(crate) fn language(&self) -> Language {
        Language::ENGLISH
    }

    /// The request as the core records it.
    pub(crate) fn origin(&self) -> Request {
        Request {
            id: Some(self.0.id),
            ip: self.0.client,
            user_agent: self.0.user_agent.clone(),
            device: self.0.device.clone(),
            idempotency: None,
        }
    }

    /// How errors look.
    pub(crate) fn kind(&self) -> Kind {
        self.state().kind
    }

    /// Where the person is, to come back to after a small change such as the theme; path and query.
    pub(crate) fn path(&self) -> &str {
        &self.0.path
    }

    /// The page to come back to after stepping up: this one, or the one whose form was sent.
    pub(crate) fn back(&self) -> Option<&str> {
        self.0.back.as_deref()
    }

    /// Notes which route was found.
    pub(crate) fn is_for(&self, route: &Route) {
        let mut state = self.state();
        state.kind = route.kind;
        state.verb = Some(route.verb);
        state.route = Some(route.path);
    }

    /// Keeps a form until it is answered.
    pub(crate) fn keep_form(&self, sent: SentForm) {
        self.state().sent = Some(sent);
    }

    /// The form that was sent, once.
    pub(crate) fn take_form(&self) -> Option<SentForm> {
        self.state().sent.take()
    }

    /// Where to ask once more for a page that was asked for. None for a form, and where there is no page.
    pub(crate) fn path_to_read(&self) -> Option<&str> {
        (self.state().verb == Some(Verb::Get)).then_some(&*self.0.path)
    }

    /// Notes who asks.
    pub(crate) fn stands(&self, standing: Standing) {
        let mut state = self.state();
        state.signed_in = matches!(standing, Standing::Reading(_) | Standing::Acting(..));
        state.standing = standing;
    }

    /// Notes what pages say about the person.
    pub(crate) fn is_by(&self, who: Who) {
        self.state().who = Some(who);
    }

    /// What pages say about the person.
    pub(crate) fn who(&self) -> Option<Who> {
        self.state().who.clone()
    }

    /// Takes who asks: once.
    pub(crate) fn take_standing(&self) -> Standing {
        std::mem::replace(&mut self.state().standing, Standing::Nobody)
    }

    /// Binds the forms of this answer to a session or seed.
    pub(crate) fn bind_forms(&self, sid: SecretString) {
        self.state().csrf_sid = Some(sid);
    }

    /// A token for the forms of this answer; none where nothing is there to bind it to.
    pub(crate) fn csrf_token(&self) -> Option<String> {
        use secrecy::ExposeSecret as _;
        let app = &self.0.web.app;
        let sid = self.state().csrf_sid.clone()?;
        Some(intrex_core::vault::csrf::token(
            app.vault.csrf(),
            sid.expose_secret(),
            app.chance,
        ))
    }

    /// Whether a token belongs to the session or seed of this request.
    pub(crate) fn csrf_holds(&self, token: &str) -> bool {
        use secrecy::ExposeSecret as _;
        let sid = self.state().csrf_sid.clone();
        sid.is_some_and(|sid| {
            intrex_core::vault::csrf::verify(
                self.0.web.app.vault.csrf(),
                sid.expose_secret(),
                token,
            )
        })
    }

    /// Adds a `Set-Cookie` to the answer.
    pub(crate) fn set_cookie(&self, cookie: HeaderValue) {
        self.state().cookies.push(cookie);
    }

    /// Drops what was to be set so far: the session takes the seed's place.
    pub(crate) fn forget_cookies(&self) {
        self.state().cookies.clear();
    }

    /// Notes that the credential was used, once the answer is on its way.
    pub(crate) fn touch(&self, actor: Actor) {
        self.state().touch = Some(actor);
    }

    /// Notes that the database's part is over.
    pub(crate) fn database_done(&self) {
        self.state().database = Some(self.0.begun.elapsed());
    }

    /// Notes how long the page took to render.
    pub(crate) fn rendered_in(&self, time: Duration) {
        self.state().render = Some(time);
    }

    /// What the answer must carry, taken by the frame at the end.
    pub(crate) fn conclude(&self) -> Conclusion {
        let mut state = self.state();
        Conclusion {
            cookies: std::mem::take(&mut state.cookies),
            touch: state.touch.take(),
            timing: state.signed_in.then(|| {
                let ms = |time: Duration| time.as_secs_f64() * 1000.0;
                let part = |name: &str, time: Option<Duration>| {
                    time.map_or(String::new(), |time| {
                        format!("{name};dur={:.1}, ", ms(time))
                    })
                };
                format!(
                    "{}{}total;dur={:.1}",
                    part("db", state.database),
                    part("render", state.render),
                    ms(self.0.begun.elapsed())
                )
            }),
            took: self.0.begun.elapsed(),
            route: state.route,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .state
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }
}

/// What the frame does at the end of a request.
#[derive(Debug)]
pub(crate) struct Conclusion {
    pub(crate) cookies: Vec<HeaderValue>,
    pub(crate) touch: Option<Actor>,
    /// `Server-Timing`, for people who are signed in: to others it would tell accounts apart.
    pub(crate) timing: Option<String>,
    pub(crate) took: Duration,
    /// The path as declared, without ids and queries: what the log may show.
    pub(crate) route: Option<&'static str>,
}

impl<S: Send + Sync> FromRequestParts<S> for Exchange {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        parts
            .extensions
            .get::<Exchange>()
            .cloned()
            .ok_or_else(|| Fault::internal("a request came around the frame"))
    }
}
