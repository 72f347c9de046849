//! Where to go after signing in. The address travels through the browser, so it is checked whenever it is read: a path of
//! this site and nothing else, or it is forgotten.

use axum::http::{HeaderMap, Method, header::REFERER};

/// The longest address that is remembered, in bytes.
const MAX_NEXT_BYTES: usize = 500;
/// Where people land otherwise.
pub(crate) const HOME: &str = "/today";
/// Pages that are no destination: they belong to signing in and out, or answer programs.
const NOT_A_DESTINATION: [&str; 8] = [
    "/sign-in",
    "/sign-out",
    "/mfa",
    "/step-up",
    "/invitation",
    "/api",
    "/demo",
    "/csp-report",
];

/// A path (with query) of this site, or none.
pub(crate) fn checked(next: &str) -> Option<&str> {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let own = next.len() <= MAX_NEXT_BYTES
        && path.starts_with('/')
        // "//evil.example" is an address without its scheme, and browsers read "\" as "/".
        && !path.starts_with("//")
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        // "/..//evil.example" becomes "//evil.example" once a browser has tidied it.
        && !path.split('/').any(is_dots);
    let destination = !NOT_A_DESTINATION.iter().any(|page| {
        path.strip_prefix(page)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    (own && destination && path != "/").then_some(next)
}

/// The page to come back to from a detour: the one that was asked for, or the page of ours whose form was sent.
pub(crate) fn back(
    method: &Method,
    path: &str,
    origin: &str,
    headers: &HeaderMap,
) -> Option<String> {
    if method == Method::GET {
        return checked(path).map(str::to_owned);
    }
    let from = headers.get(REFERER)?.to_str().ok()?;
    // A path begins right after the origin: "https://intrex.example.evil" begins with it too.
    let path = from.strip_prefix(origin)?;
    checked(path.split('#').next()?).map(str::to_owned)
}

/// `.` and `..`, also percent-encoded.
fn is_dots(segment: &str) -> bool {
    matches!(
        segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
        "." | ".."
    )
}

/// `?next=…` for a link or redirect of ours, empty where there is nothing to remember.
pub(crate) fn query(next: Option<&str>) -> String {
    match next.and_then(checked) {
        Some(next) => format!(
            "?{}",
            url::form_urlencoded::Serializer::new(String::new())
                .append_pair("next", next)
                .finish()
        ),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    #[test]
    fn own_pages_are_remembered_with_their_filters() {
        for next in [
            "/today",
            "/obligations?status=overdue&branch=1",
            "/obligations/0190a7c2-51f0-7c1e-9d10-4be1a707ae9f",
            "/branches?q=%2F%2Fevil.example",
        ] {
            assert_eq!(checked(next), Some(next));
        }
        assert_eq!(query(Some("/a?b=c&d")), "?next=%2Fa%3Fb%3Dc%26d");
        assert_eq!(query(Some("//evil.example")), "");
    }

    #[test]
    fn no_address_leads_elsewhere() {
        let base = Url::parse("https://intrex.example/sign-in").expect("a URL");
        for next in [
            "https://evil.example",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "\t//evil.example",
            "/\n/evil.example",
            " //evil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/x/..//evil.example",
            "/%2e%2e//evil.example",
            "/%2E./",
            "javascript:alert(1)",
            "data:text/html,x",
            "http:evil.example",
            "https:/evil.example",
            "@evil.example",
            ".evil.example",
            "evil.example",
            "",
            "?next=//evil.example",
            "/é",
            "/a\0b",
            "/a\r\nSet-Cookie: x=1",
        ] {
            assert_eq!(checked(next), None, "{next:?}");
        }
        let long = format!("/{}", "x".repeat(MAX_NEXT_BYTES));
        assert_eq!(checked(&long), None);
        // And what is accepted stays here when a browser resolves it.
        for next in [
            "/today",
            "/a//b",
            "/a?//evil.example",
            "/a#//evil.example",
            "/a@evil.example",
            "/a:b",
        ] {
            let next = checked(next).expect("accepted");
            let there = base.join(next).expect("resolves");
            assert_eq!(there.origin(), base.origin(), "{next}");
        }
    }

    #[test]
    fn a_detour_leads_back_to_a_page_of_ours_and_nowhere_else() {
        let ours = "https://intrex.example";
        let from = |referer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REFERER, referer.parse().expect("a header"));
            back(&Method::POST, "/settings/tokens", ours, &headers)
        };
        let none = HeaderMap::new();
        let read = back(&Method::GET, "/settings/tokens/new?a=b", ours, &none);
        assert_eq!(read.as_deref(), Some("/settings/tokens/new?a=b"));
        assert_eq!(back(&Method::POST, "/settings/tokens", ours, &none), None);
        let form = from("https://intrex.example/settings/tokens/new#name");
        assert_eq!(form.as_deref(), Some("/settings/tokens/new"));
        for elsewhere in [
            "https://intrex.example.evil.example/settings",
            "https://intrex.example@evil.example/",
            "https://evil.example/settings",
            "https://intrex.example//evil.example",
            "https://intrex.example/step-up?next=/today",
            "https://intrex.example",
        ] {
            assert_eq!(from(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn signing_in_does_not_lead_back_to_signing_in_or_out() {
        for next in [
            "/sign-in",
            "/sign-in?next=/x",
            "/sign-out",
            "/mfa",
            "/mfa/setup",
            "/step-up?next=/x",
            "/api/v1/branches",
            "/",
        ] {
            assert_eq!(checked(next), None, "{next}");
        }
        assert_eq!(checked("/mfare"), Some("/mfare"));
    }
}
