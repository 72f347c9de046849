//! The list of routes. Each is declared once, with who may use it; the router, the guard in front of each handler and
//! `intrex routes --json` are made from that one declaration. There is no way to add a handler without it.

use std::time::Duration;

use axum::{
    Router,
    handler::Handler,
    middleware::from_fn_with_state,
    routing::{MethodFilter, on},
};
use intrex_core::permission::Permission;
use serde::Serialize;

use crate::{WebState, request::guard};

/// The largest body that a route takes unless it says otherwise, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The longest that a route may take unless it says otherwise.
pub const MAX_TIME: Duration = Duration::from_secs(30);

/// The one page that opens to somebody who must change their password.
pub(crate) const PASSWORD_PAGE: &str = "/settings/password";
/// The page that opens to somebody who must add a passkey, and what else does: the rest of its slice, and stepping up for it.
pub(crate) const PASSKEY_PAGE: &str = "/settings/passkeys/new";
const OPEN_WITHOUT_PASSKEY: [&str; 2] = ["/settings/passkeys", "/step-up"];

/// Whether a page opens to somebody who must add a passkey.
pub(crate) fn opens_without_passkey(path: &str) -> bool {
    OPEN_WITHOUT_PASSKEY.iter().any(|open| {
        path.strip_prefix(open)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody. Nothing is authenticated, and no tenant's rows can be reached.
    Public,
    /// Who has given a password but not yet the second factor, and nobody else.
    Provisional,
    /// Every session, with or without the second factor: signing out.
    AnySession,
    /// Who is signed in and holds this permission.
    Needs(Permission),
}

/// What a route answers with: how errors look, and which credentials count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// HTML for people, by session cookie.
    Page,
    /// JSON for programs, by bearer token or session cookie.
    Api,
    /// A file with a hash in its name.
    Asset,
    /// What machines ask of the installation: health, reports, descriptions.
    Probe,
}

/// HTTP methods that routes use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// Reads. Changes nothing.
    Get,
    /// Creates, or does what is not one of the others.
    Post,
    /// Changes some fields.
    Patch,
    /// Replaces.
    Put,
    /// Removes.
    Delete,
}

impl Verb {
    /// Whether it may change something: such requests are checked for forgery.
    pub fn is_unsafe(self) -> bool {
        self != Verb::Get
    }

    fn filter(self) -> MethodFilter {
        match self {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Patch => MethodFilter::PATCH,
            Verb::Put => MethodFilter::PUT,
            Verb::Delete => MethodFilter::DELETE,
        }
    }
}

/// Whether a request that changes something must come from a page of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    /// It must, unless a bearer token authenticates it.
    Checked,
    /// It need not: it is sent by browsers themselves and does nothing for anybody.
    Harmless,
}

/// How long ago the second factor may have been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// At any time of the session.
    Any,
    /// Within the last minutes ([`intrex_core::actor::FRESH_FOR`]): for what is dangerous. People are asked for both factors
    /// again; API tokens, which have none, are refused.
    Fresh,
}

/// One route as declared.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    pub(crate) access: Access,
    pub(crate) freshness: Freshness,
    pub(crate) forgery: Forgery,
    pub(crate) max_body: usize,
    pub(crate) max_time: Duration,
}

impl Route {
    /// A route with the usual limits.
    pub fn new(verb: Verb, kind: Kind, path: &'static str, access: Access) -> Self {
        Route {
            verb,
            path,
            kind,
            access,
            freshness: Freshness::Any,
            forgery: Forgery::Checked,
            max_body: MAX_BODY_BYTES,
            max_time: MAX_TIME,
        }
    }

    /// See [`Freshness::Fresh`]. The page with a dangerous form is declared so too: people step up before they type.
    pub fn fresh(mut self) -> Self {
        self.freshness = Freshness::Fresh;
        self
    }

    /// Takes bodies of another size, in bytes.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// May take another time.
    pub fn max_time(mut self, time: Duration) -> Self {
        self.max_time = time;
        self
    }

    /// See [`Forgery::Harmless`].
    pub fn harmless(mut self) -> Self {
        self.forgery = Forgery::Harmless;
        self
    }
}

/// One route as `intrex routes --json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteInfo {
    /// The method.
    pub method: Verb,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// `public`, `provisional`, `session`, or the permission that it needs.
    pub permission: &'static str,
    /// Whether it asks for a second factor that was given a short time ago, and refuses API tokens.
    pub fresh: bool,
    /// What it answers with.
    pub kind: Kind,
}

impl From<&Route> for RouteInfo {
    fn from(route: &Route) -> Self {
        RouteInfo {
            method: route.verb,
            path: route.path,
            permission: match route.access {
                Access::Public => "public",
                Access::Provisional => "provisional",
                Access::AnySession => "session",
                Access::Needs(permission) => permission.as_str(),
            },
            fresh: route.freshness == Freshness::Fresh,
            kind: route.kind,
        }
    }
}

/// Collects routes.
#[derive(Debug, Default)]
#[must_use]
pub struct Routes {
    router: Router<WebState>,
    list: Vec<RouteInfo>,
}

impl Routes {
    /// No route yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route: its handler runs behind the guard that keeps what was declared.
    pub fn add<H, T>(mut self, route: Route, handler: H) -> Self
    where
        H: Handler<T, WebState>,
        T: 'static,
    {
        self.list.push(RouteInfo::from(&route));
        // As a route layer, so that a wrong method is answered with 405 without asking who is there.
        let guarded =
            on(route.verb.filter(), handler).route_layer(from_fn_with_state(route, guard::keep));
        self.router = self.router.route(route.path, guarded);
        self
    }

    /// A page that is read.
    pub fn page<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, WebState>,
        T: 'static,
    {
        self.add(Route::new(Verb::Get, Kind::Page, path, access), handler)
    }

    /// A form that is sent.
    pub fn form<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, WebState>,
        T: 'static,
    {
        self.add(Route::new(Verb::Post, Kind::Page, path, access), handler)
    }

    /// A route of the API.
    pub fn api<H, T>(self, verb: Verb, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, WebState>,
        T: 'static,
    {
        self.add(Route::new(verb, Kind::Api, path, access), handler)
    }

    /// The routes with those of another part of the program.
    pub fn with(self, part: fn(Routes) -> Routes) -> Self {
        part(self)
    }

    /// The router and the list, sorted by path and method.
    pub(crate) fn finish(mut self) -> (Router<WebState>, Vec<RouteInfo>) {
        self.list.sort_by_key(|route| (route.path, route.method));
        (self.router, self.list)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn without_a_passkey_its_own_pages_open_and_stepping_up() {
        for (path, opens) in [
            ("/settings/passkeys", true),
            ("/settings/passkeys/{id}/remove", true),
            ("/settings/passkeysmith", false),
            ("/step-up/passkey", true),
            ("/settings", false),
            ("/settings/tokens", false),
        ] {
            assert_eq!(super::opens_without_passkey(path), opens, "{path}");
        }
    }
}
