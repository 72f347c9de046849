//! The headers of every answer, whatever made it: a page, a redirect, a file, an error, a panic. The values are those of
//! `docs/security.md`; the frame sets them over whatever a handler may have set.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
        STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS, X_XSS_PROTECTION,
    },
};

/// Two years, the value that browsers' preload lists ask for.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains; preload");
/// For whatever is not a page: nothing may run, load or be framed.
const NO_PAGE_CSP: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "geolocation=(), camera=(), microphone=(), payment=(), usb=(), serial=(), hid=(), midi=(), \
     display-capture=(), publickey-credentials-get=(self), publickey-credentials-create=(self)",
);

/// The same on every answer, set over whatever is there.
const FIXED: [(HeaderName, HeaderValue); 7] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (X_XSS_PROTECTION, HeaderValue::from_static("1; mode=block")),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        HeaderValue::from_static("require-corp"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// What the set depends on: how people reach the site.
#[derive(Debug, Clone)]
pub(crate) struct HeaderSet {
    https: bool,
    reporting: HeaderValue,
}

impl HeaderSet {
    /// The set for a site at `origin` (scheme, host, port, no slash at the end).
    pub(crate) fn new(https: bool, origin: &str) -> Self {
        let reporting = format!("csp-endpoint=\"{origin}/csp-report\"");
        HeaderSet {
            https,
            reporting: HeaderValue::try_from(reporting).expect("a parsed URL is ASCII"),
        }
    }

    /// Puts the set on an answer. `nonce` is what the page's script tags carry.
    pub(crate) fn apply(&self, headers: &mut HeaderMap, nonce: &str) {
        for (name, value) in FIXED {
            headers.insert(name, value);
        }
        headers.insert(
            HeaderName::from_static("reporting-endpoints"),
            self.reporting.clone(),
        );
        if self.https {
            headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
        }
        let is_page = headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let csp = if is_page {
            HeaderValue::try_from(page_csp(nonce, self.https)).expect("a nonce is base64")
        } else {
            NO_PAGE_CSP
        };
        headers.insert(CONTENT_SECURITY_POLICY, csp);
        // Pages with a token in their address ask for `same-origin`; files with a hash in their name may be kept.
        headers
            .entry(REFERRER_POLICY)
            .or_insert(HeaderValue::from_static("strict-origin-when-cross-origin"));
        if !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.append(VARY, HeaderValue::from_static("Cookie, Authorization"));
        }
    }
}

/// The policy of a page: its own style sheet, scripts that carry the nonce, nothing else from anywhere.
fn page_csp(nonce: &str, https: bool) -> String {
    let upgrade = if https {
        " upgrade-insecure-requests;"
    } else {
        ""
    };
    format!(
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; object-src 'none'; \
         connect-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic'; \
         script-src-attr 'none'; style-src 'self'; style-src-attr 'none'; manifest-src 'self'; worker-src 'none'; \
         frame-src 'none'; media-src 'none'; require-trusted-types-for 'script'; trusted-types 'none';{upgrade} \
         report-to csp-endpoint; report-uri /csp-report"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(https: bool, content_type: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        HeaderSet::new(https, "https://intrex.example").apply(&mut headers, "bm9uY2U=");
        headers
    }

    #[test]
    fn the_policy_of_a_page_is_as_documented() {
        assert_eq!(
            set(true, Some("text/html; charset=utf-8"))[CONTENT_SECURITY_POLICY],
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; object-src 'none'; \
             connect-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'nonce-bm9uY2U=' 'strict-dynamic'; \
             script-src-attr 'none'; style-src 'self'; style-src-attr 'none'; manifest-src 'self'; worker-src 'none'; \
             frame-src 'none'; media-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'; \
             upgrade-insecure-requests; report-to csp-endpoint; report-uri /csp-report"
        );
    }

    #[test]
    fn what_is_no_page_may_do_nothing() {
        for content_type in [None, Some("application/json"), Some("image/svg+xml")] {
            assert_eq!(
                set(true, content_type)[CONTENT_SECURITY_POLICY],
                "default-src 'none'; frame-ancestors 'none'; sandbox"
            );
        }
    }

    #[test]
    fn https_is_insisted_on_where_it_is_spoken() {
        let https = set(true, Some("text/html"));
        assert_eq!(
            https[STRICT_TRANSPORT_SECURITY],
            "max-age=63072000; includeSubDomains; preload"
        );
        let http = set(false, Some("text/html"));
        assert!(!http.contains_key(STRICT_TRANSPORT_SECURITY));
        let csp = http[CONTENT_SECURITY_POLICY].to_str().expect("ASCII");
        assert!(!csp.contains("upgrade-insecure-requests"));
    }

    #[test]
    fn what_a_handler_set_is_kept_only_where_it_may_differ() {
        let mut headers = HeaderMap::new();
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        );
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("ALLOWALL"));
        HeaderSet::new(false, "http://localhost:8080").apply(&mut headers, "n");
        assert_eq!(headers[REFERRER_POLICY], "same-origin");
        assert_eq!(
            headers[CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
        assert!(!headers.contains_key(VARY));
        assert_eq!(headers[X_FRAME_OPTIONS], "DENY");
        assert_eq!(set(true, None)[CACHE_CONTROL], "no-store");
        assert_eq!(set(true, None)[VARY], "Cookie, Authorization");
    }
}
