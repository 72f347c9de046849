//! The cookies of Intrex. All carry the `__Host-` prefix: set by this host alone, over TLS (or loopback), for the whole
//! site. A name that arrives twice was planted by somebody, and neither value counts.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use cookie::{Cookie, SameSite, time::Duration};

/// The session.
pub(crate) const SESSION: &str = "__Host-session";
/// The seed of CSRF tokens before anybody has signed in.
pub(crate) const PRE: &str = "__Host-pre";
/// What a device is known by: good for nothing but counting failed sign-ins apart.
pub(crate) const DEVICE: &str = "__Host-device";
/// A browser on its way to an identity provider and back.
pub(crate) const OIDC: &str = "__Host-oidc";
/// Light or dark, where it was chosen.
pub(crate) const THEME: &str = "__Host-theme";

/// Lifetime of [`PRE`]: how long a sign-in form may stay open.
const PRE_MAX_AGE_SEC: i64 = 600;
/// Lifetime of [`THEME`].
const THEME_MAX_AGE_SEC: i64 = 365 * 24 * 60 * 60;
/// The longest value that is looked at, in bytes; what a browser may send is longer.
const MAX_VALUE_BYTES: usize = 4096;

/// What a name turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'h> {
    /// It is not there.
    Nothing,
    /// Its one value.
    One(&'h str),
    /// More than once: refused.
    Several,
}

/// The value of a cookie of this name.
pub(crate) fn find<'h>(headers: &'h HeaderMap, name: &str) -> Found<'h> {
    let mut found = Found::Nothing;
    for line in headers.get_all(COOKIE) {
        // A line that is not ASCII is not one that a browser wrote from our cookies; it could hide a second value.
        let Ok(line) = line.to_str() else {
            return Found::Several;
        };
        for pair in line.split(';') {
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            if key.trim() == name {
                if found != Found::Nothing || value.len() > MAX_VALUE_BYTES {
                    return Found::Several;
                }
                found = Found::One(value.trim());
            }
        }
    }
    found
}

/// Light, dark, or as the system has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// As in forms, the cookie and `data-theme`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of this name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Theme::Auto, Theme::Light, Theme::Dark]
            .into_iter()
            .find(|theme| theme.as_str() == text)
    }

    /// What the browser remembers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        match find(headers, THEME) {
            Found::One(value) => Theme::parse(value).unwrap_or_default(),
            Found::Nothing | Found::Several => Theme::Auto,
        }
    }
}

/// Sets the session. Lax: links in mails must land signed in.
pub(crate) fn set_session(value: &str, max_age_sec: i64) -> HeaderValue {
    set(SESSION, value, max_age_sec, SameSite::Lax)
}

/// Ends the session in the browser.
pub(crate) fn clear_session() -> HeaderValue {
    set(SESSION, "", 0, SameSite::Lax)
}

/// Sets or renews the seed of anonymous forms.
pub(crate) fn set_pre(value: &str) -> HeaderValue {
    set(PRE, value, PRE_MAX_AGE_SEC, SameSite::Strict)
}

/// Forgets the seed: signing in replaces it by the session.
pub(crate) fn clear_pre() -> HeaderValue {
    set(PRE, "", 0, SameSite::Strict)
}

/// Lets this device be known at the next sign-in. Lax: a sign-in may begin from a link in a mail.
pub(crate) fn set_device(value: &str, max_age_sec: i64) -> HeaderValue {
    set(DEVICE, value, max_age_sec, SameSite::Lax)
}

/// Lets this browser be known when it comes back from an identity provider. Lax: it comes from another site.
pub(crate) fn set_oidc(value: &str, max_age_sec: i64) -> HeaderValue {
    set(OIDC, value, max_age_sec, SameSite::Lax)
}

/// The answer of the provider was used.
pub(crate) fn clear_oidc() -> HeaderValue {
    set(OIDC, "", 0, SameSite::Lax)
}

/// Remembers the theme.
pub(crate) fn set_theme(theme: Theme) -> HeaderValue {
    let max_age = match theme {
        Theme::Auto => 0,
        Theme::Light | Theme::Dark => THEME_MAX_AGE_SEC,
    };
    set(THEME, theme.as_str(), max_age, SameSite::Lax)
}

fn set(name: &str, value: &str, max_age_sec: i64, same_site: SameSite) -> HeaderValue {
    let cookie = Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(same_site)
        .max_age(Duration::seconds(max_age_sec))
        .build();
    let mut header = HeaderValue::try_from(cookie.to_string())
        .expect("names are constants and values are tokens of our own");
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, line.parse().expect("a header"));
        }
        headers
    }

    #[test]
    fn only_the_exact_name_counts() {
        let all = headers(&[
            "session=a; __Host-session=b; x__Host-session=c",
            "__host-session=d",
        ]);
        assert_eq!(find(&all, SESSION), Found::One("b"));
        assert_eq!(find(&headers(&["session=a"]), SESSION), Found::Nothing);
    }

    #[test]
    fn a_cookie_that_arrives_twice_is_refused() {
        let same_line = headers(&["__Host-session=a; __Host-session=b"]);
        assert_eq!(find(&same_line, SESSION), Found::Several);
        let two_lines = headers(&["__Host-session=a", "__Host-session=a"]);
        assert_eq!(find(&two_lines, SESSION), Found::Several);
        let long = format!("__Host-session={}", "a".repeat(5000));
        assert_eq!(find(&headers(&[&long]), SESSION), Found::Several);
    }

    #[test]
    fn every_cookie_is_for_this_host_alone() {
        assert_eq!(
            set_session("abc", 86400),
            "__Host-session=abc; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400"
        );
        for cookie in [
            clear_session(),
            set_device("a", 1),
            set_pre("a"),
            clear_pre(),
            set_oidc("a", 600),
            clear_oidc(),
            set_theme(Theme::Dark),
        ] {
            let text = cookie.to_str().expect("ASCII");
            assert!(text.starts_with("__Host-"), "{text}");
            for part in ["HttpOnly", "Secure", "Path=/", "SameSite="] {
                assert!(text.contains(part), "{text}");
            }
            assert!(!text.contains("Domain"), "{text}");
        }
        assert!(
            set_pre("a")
                .to_str()
                .expect("ASCII")
                .contains("SameSite=Strict; ")
        );
        assert!(clear_pre().to_str().expect("ASCII").contains("Max-Age=0"));
    }
}
