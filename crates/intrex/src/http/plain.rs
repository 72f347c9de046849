//! What becomes of a request that came without encryption. On a developer's own machine it is answered; elsewhere a person
//! is sent to HTTPS, at the configured address and never at the one that the request names, and a program is refused,
//! because a redirect would hide that its token has just crossed the network in the clear.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use ipnet::IpNet;

use super::door::Encryption;
use crate::config::HttpConfig;

/// What may come without encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlainHttp {
    /// Everything: loopback, outside production.
    Served,
    /// Nothing: this program speaks HTTPS itself.
    Refused,
    /// What a trusted proxy passes on, unless the proxy says that it came to it in the clear.
    FromProxies(Vec<IpNet>),
}

impl PlainHttp {
    /// What the configuration allows.
    pub(super) fn of(config: &HttpConfig) -> Self {
        if config.tls.is_some() {
            PlainHttp::Refused
        } else if config.base_url.scheme() == "https" {
            PlainHttp::FromProxies(config.trusted_proxies.clone())
        } else {
            PlainHttp::Served
        }
    }

    fn is_fine(&self, encryption: Encryption, peer: SocketAddr, headers: &HeaderMap) -> bool {
        match (self, encryption) {
            (_, Encryption::Ours) | (PlainHttp::Served, _) => true,
            (PlainHttp::Refused, Encryption::None) => false,
            (PlainHttp::FromProxies(proxies), Encryption::None) => {
                let peer = peer.ip().to_canonical();
                let from_proxy = proxies.iter().any(|net| net.contains(&peer));
                from_proxy && !came_in_the_clear(headers)
            }
        }
    }
}

/// What the nearest proxy says: the last value, which it wrote itself.
fn came_in_the_clear(headers: &HeaderMap) -> bool {
    headers
        .get_all("x-forwarded-proto")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .next_back()
        .and_then(|value| value.rsplit(',').next())
        .is_some_and(|scheme| !scheme.trim().eq_ignore_ascii_case("https"))
}

/// Puts the rule before the router.
pub(super) fn guard(router: Router, rule: PlainHttp, origin: String) -> Router {
    if rule == PlainHttp::Served {
        return router;
    }
    let rule = Arc::new((rule, origin));
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let rule = rule.clone();
        async move {
            let (rule, origin) = &*rule;
            let encryption = request.extensions().get::<Encryption>().copied();
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
            let fine = match (encryption, peer) {
                (Some(encryption), Some(ConnectInfo(peer))) => {
                    rule.is_fine(encryption, *peer, request.headers())
                }
                _ => false,
            };
            if fine || is_probe(request.uri().path()) {
                next.run(request).await
            } else {
                refuse(&request, origin)
            }
        }
    }))
}

/// Load balancers ask without encryption; the answer tells nothing.
fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

fn refuse(request: &Request, origin: &str) -> Response {
    let for_programs = request.uri().path().starts_with("/api/");
    let reads = matches!(request.method().as_str(), "GET" | "HEAD");
    let policy = (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    );
    let no_sniffing = (header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let no_store = (header::CACHE_CONTROL, "no-store");
    if for_programs || !reads {
        let problem = format!(
            "{{\"type\":\"about:blank\",\"title\":\"HTTPS is required\",\"status\":403,\"detail\":\"This was sent without \
             encryption. Send it to {origin}, and replace any secret that it carried.\"}}"
        );
        let json = (header::CONTENT_TYPE, "application/problem+json");
        let headers = [policy, no_sniffing, no_store, json];
        return (StatusCode::FORBIDDEN, headers, problem).into_response();
    }
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let location = format!("{origin}{path}");
    let to = [(header::LOCATION, location)];
    let headers = [policy, no_sniffing, no_store];
    (StatusCode::PERMANENT_REDIRECT, headers, to).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, proto: &[&str], proxies: &str) -> bool {
        let mut headers = HeaderMap::new();
        for value in proto {
            headers.append("x-forwarded-proto", value.parse().expect("a header"));
        }
        let rule = PlainHttp::FromProxies(vec![proxies.parse().expect("a network")]);
        let peer = SocketAddr::new(peer.parse().expect("an address"), 1);
        rule.is_fine(Encryption::None, peer, &headers)
    }

    #[test]
    fn behind_a_proxy_only_the_proxy_may_speak_plainly() {
        assert!(from("10.0.0.1", &["https"], "10.0.0.0/8"));
        assert!(from("::ffff:10.0.0.1", &[], "10.0.0.0/8"), "says nothing");
        assert!(!from("203.0.113.7", &["https"], "10.0.0.0/8"));
        assert!(!from("10.0.0.1", &["http"], "10.0.0.0/8"));
        assert!(!from("10.0.0.1", &["https, http"], "10.0.0.0/8"));
        assert!(!from("10.0.0.1", &["https", "http"], "10.0.0.0/8"));
    }

    #[test]
    fn with_https_of_our_own_nothing_else_is_fine() {
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let headers = HeaderMap::new();
        assert!(!PlainHttp::Refused.is_fine(Encryption::None, peer, &headers));
        assert!(PlainHttp::Refused.is_fine(Encryption::Ours, peer, &headers));
    }

    #[test]
    fn a_person_is_sent_to_the_configured_address_and_a_program_is_refused() {
        let ask = |method: &str, uri: &str| {
            let request = Request::builder()
                .method(method)
                .uri(uri)
                .header("host", "evil.example")
                .body(axum::body::Body::empty())
                .expect("a request");
            refuse(&request, "https://intrex.example")
        };
        let answer = ask("GET", "/obligations?status=overdue");
        assert_eq!(answer.status(), 308);
        assert_eq!(
            answer.headers()["location"],
            "https://intrex.example/obligations?status=overdue"
        );
        let answer = ask("GET", "//evil.example/");
        assert_eq!(
            answer.headers()["location"],
            "https://intrex.example//evil.example/"
        );
        for (method, uri) in [("GET", "/api/v1/branches"), ("POST", "/sign-in")] {
            assert_eq!(ask(method, uri).status(), 403, "{method} {uri}");
        }
    }
}
