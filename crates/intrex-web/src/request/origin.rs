//! Whether a request that changes something was sent by a page of ours, by what the browser itself says about it (Fetch
//! Metadata, `Origin`, `Referer`): a second wall in front of the CSRF token.

use axum::http::{
    HeaderMap, HeaderName,
    header::{ORIGIN, REFERER},
};

use super::host::Site;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a page of this site sent the request. `same-site` is hostile: a sibling subdomain is somebody else.
pub(crate) fn is_ours(site: &Site, headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let own_origin = text(&ORIGIN).map(|origin| site.is_origin(origin));
    match text(&SEC_FETCH_SITE) {
        Some(fetched) => fetched == "same-origin" && own_origin != Some(false),
        None => own_origin
            .or_else(|| text(&REFERER).map(|referer| site.is_origin(referer)))
            .unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(headers: &[(&str, &str)]) -> bool {
        let site = Site::of(&"https://intrex.example".parse().expect("a URL"));
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::try_from(*name).expect("a name"),
                    value.parse().expect("a value"),
                )
            })
            .collect();
        is_ours(&site, &headers)
    }

    #[test]
    fn only_the_same_origin_may_change_anything() {
        let own = "https://intrex.example";
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", own)]));
        assert!(ours(&[("origin", own)]));
        assert!(ours(&[("referer", "https://intrex.example/sign-in")]));
        assert!(!ours(&[("sec-fetch-site", "same-site"), ("origin", own)]));
        assert!(!ours(&[("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[("sec-fetch-site", "none")]));
        assert!(!ours(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "null")
        ]));
        assert!(!ours(&[("origin", "null"), ("referer", own)]));
        assert!(!ours(&[
            ("origin", "https://evil.example"),
            ("referer", own)
        ]));
        assert!(!ours(&[(
            "referer",
            "https://evil.example/?https://intrex.example"
        )]));
        assert!(!ours(&[]), "a browser that says nothing is not believed");
    }
}
