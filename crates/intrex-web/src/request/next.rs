//! Where to go after signing in. The address travels through the browser, so it is checked whenever it is read: a path of
//! this site and nothing else, or it is forgotten.

/// The longest address that is remembered, in bytes.
const MAX_NEXT_BYTES: usize = 500;
/// Where people land otherwise.
pub(crate) const HOME: &str = "/today";
/// Pages that are no destination: they belong to signing in and out, or answer programs.
const NOT_A_DESTINATION: [&str; 7] = [
    "/sign-in",
    "/sign-out",
    "/mfa",
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
    fn signing_in_does_not_lead_back_to_signing_in_or_out() {
        for next in [
            "/sign-in",
            "/sign-in?next=/x",
            "/sign-out",
            "/mfa",
            "/mfa/setup",
            "/api/v1/branches",
            "/",
        ] {
            assert_eq!(checked(next), None, "{next}");
        }
        assert_eq!(checked("/mfare"), Some("/mfare"));
    }
}
