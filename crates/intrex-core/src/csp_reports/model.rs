//! What is kept of a report: enough to find the fault, nothing that tells about a person. Queries and fragments go, ids in
//! paths become `{id}`, and of what was blocked only the origin stays.

use url::Url;

/// The longest name of a directive, in characters.
const MAX_DIRECTIVE: usize = 60;
/// The longest origin and path, in characters.
const MAX_PLACE: usize = 200;

/// One violation, folded to what is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    directive: String,
    blocked: String,
    page: String,
}

impl Violation {
    /// A violation as a browser reports it: the directive, what was blocked, and the page's address.
    pub fn new(directive: &str, blocked: &str, page: &str) -> Self {
        // Older browsers report the directive with its values.
        let directive = directive.split_whitespace().next().unwrap_or_default();
        Violation {
            directive: bounded(directive, MAX_DIRECTIVE),
            blocked: bounded(&origin(blocked), MAX_PLACE),
            page: bounded(&template(page), MAX_PLACE),
        }
    }

    /// The directive that was violated.
    pub fn directive(&self) -> &str {
        &self.directive
    }

    /// The origin of what was blocked, or `inline`, `eval`, `data` and the like.
    pub fn blocked(&self) -> &str {
        &self.blocked
    }

    /// The path of the page, with ids replaced.
    pub fn page(&self) -> &str {
        &self.page
    }
}

fn origin(blocked: &str) -> String {
    match Url::parse(blocked) {
        Ok(url) if url.has_host() => url.origin().ascii_serialization(),
        Ok(url) => url.scheme().to_owned(),
        Err(_) => blocked.to_owned(),
    }
}

fn template(page: &str) -> String {
    let Ok(url) = Url::parse(page) else {
        return String::new();
    };
    let segments = url.path().split('/').map(|segment| {
        // Ids and tokens hold digits and are long; names of pages do not.
        let is_id = segment.len() > 20 && segment.bytes().any(|b| b.is_ascii_digit());
        if is_id { "{id}" } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn bounded(text: &str, max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(directive: &str, blocked: &str, page: &str) -> [String; 3] {
        let violation = Violation::new(directive, blocked, page);
        [violation.directive, violation.blocked, violation.page]
    }

    #[test]
    fn nothing_about_a_person_is_kept() {
        assert_eq!(
            kept(
                "script-src-elem",
                "https://evil.example/x.js?steal=1",
                "https://intrex.example/obligations/0190a7c2-51f0-7c1e-9d10-4be1a707ae9f/edit?q=secret#x"
            ),
            [
                "script-src-elem",
                "https://evil.example",
                "/obligations/{id}/edit"
            ]
        );
        let token = format!("https://intrex.example/invitation/iti_{}", "0a".repeat(60));
        assert_eq!(
            kept("img-src", "data:image/png;base64,AAAA", &token),
            ["img-src", "data", "/invitation/{id}"]
        );
    }

    #[test]
    fn what_anybody_may_send_is_cut_to_size() {
        let long = "x".repeat(10_000);
        let [directive, blocked, page] = kept(&long, &long, &format!("https://h/{long}"));
        assert_eq!((directive.len(), blocked.len(), page.len()), (60, 200, 200));
        assert_eq!(
            kept(
                "script-src 'nonce-abc' 'strict-dynamic'",
                "in\0li\nne",
                "not a url"
            ),
            ["script-src", "inline", ""]
        );
    }
}
