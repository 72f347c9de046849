//! Keeps secrets out of what servers say. A server may repeat what it was sent, plainly or in the spelling in which it was
//! sent; what is kept and shown of an answer goes through here first.

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// What stands in the place of a secret.
const HIDDEN: &str = "[secret]";
/// Shorter ones are not looked for: they would stand in every second word.
const SHORTEST: usize = 4;

/// The spellings of a connector's secrets.
#[derive(Default)]
pub(crate) struct Redaction(Vec<Zeroizing<String>>);

impl Redaction {
    /// Of these secrets.
    pub(crate) fn of<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut redaction = Redaction::default();
        for secret in secrets {
            redaction.hide(secret.expose_secret());
        }
        redaction
    }

    /// Of a user's password as SMTP sends it, too.
    pub(crate) fn and_login(mut self, user: &str, password: &SecretString) -> Self {
        let plain = Zeroizing::new(format!("\0{user}\0{}", password.expose_secret()));
        self.0.push(Zeroizing::new(B64.encode(plain.as_bytes())));
        self
    }

    fn hide(&mut self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let in_json = serde_json::to_string(secret).unwrap_or_default();
        let in_json = in_json.trim_matches('"').to_owned();
        let in_base64 = B64.encode(secret);
        for spelling in [secret.to_owned(), encoded, in_json, in_base64] {
            let spelling = Zeroizing::new(spelling);
            if !self.0.contains(&spelling) {
                self.0.push(spelling);
            }
        }
        // The longest first: a shorter one may be a part of it.
        self.0
            .sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    }

    /// A text without them.
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for spelling in &self.0 {
            if text.contains(spelling.as_str()) {
                text = text.replace(spelling.as_str(), HIDDEN);
            }
        }
        // An answer is cut somewhere; the beginning of a secret may be what it ends with.
        let half = self.0.iter().find_map(|spelling| {
            let mut starts = (SHORTEST..spelling.len()).rev();
            starts.find(|end| {
                spelling
                    .get(..*end)
                    .is_some_and(|half| text.ends_with(half))
            })
        });
        if let Some(half) = half {
            text.truncate(text.len() - half);
            text.push_str(HIDDEN);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_in_every_spelling_in_which_it_goes_out() {
        let password = SecretString::from("p\"ss wörd/1");
        let redaction = Redaction::of([&password]).and_login("relay", &password);
        let echoed = [
            "535 p\"ss wörd/1 is wrong".to_owned(),
            format!("334 {}", B64.encode("p\"ss wörd/1")),
            format!("AUTH PLAIN {}", B64.encode("\0relay\0p\"ss wörd/1")),
            r#"{"echo":"p\"ss wörd/1"}"#.to_owned(),
            "?k=p%22ss+w%C3%B6rd%2F1".to_owned(),
        ];
        for text in echoed {
            let said = redaction.apply(&text);
            assert!(said.contains(HIDDEN), "{said}");
            assert!(!said.contains("wörd") && !said.contains("w%C3"), "{said}");
        }
        assert_eq!(redaction.apply("nothing of it"), "nothing of it");
    }

    #[test]
    fn half_a_secret_at_the_end_is_hidden_too() {
        let redaction = Redaction::of([&SecretString::from("canary-secret")]);
        assert_eq!(redaction.apply("echo canary-sec"), "echo [secret]");
    }

    #[test]
    fn what_is_too_short_hides_nothing() {
        let redaction = Redaction::of([&SecretString::from("a")]);
        assert_eq!(redaction.apply("a banana"), "a banana");
    }
}
