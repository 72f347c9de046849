//! E-mail addresses: stored as they were typed, compared in one canonical form, so that no variant of case or Unicode
//! spelling makes a second account or a second counter of failures.

use unicode_normalization::UnicodeNormalization as _;

use crate::{
    catalogue::{Text, keys},
    text,
};

/// The longest address, in characters and in bytes of the canonical form (RFC 5321).
pub(crate) const MAX_EMAIL: usize = 254;
/// The longest part before the `@`, in bytes (RFC 5321).
const MAX_LOCAL: usize = 64;
/// Punctuation before the `@` that needs no quotes (RFC 5322, `atext`).
const ATEXT: &str = ".!#$%&'*+-/=?^_`{|}~";

/// The form in which addresses are compared: NFKC, lower case, trimmed. Any text has one, so that a sign-in with something
/// that is no address takes the same path.
pub fn canonical_email(typed: &str) -> String {
    // Lower-casing can undo the composition of a few characters; normalising again makes the form its own canonical form.
    let lower: String = typed.trim().nfkc().collect::<String>().to_lowercase();
    lower.nfkc().collect::<String>().trim().to_owned()
}

/// An address that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email {
    /// As it was typed, in lower case where it is not ASCII: what mail is sent to and people see.
    pub shown: String,
    /// What it is compared by.
    pub canonical: String,
}

impl Email {
    /// One address `local@domain`, without quotes, comments or a display name.
    pub(crate) fn parse(typed: &str) -> Result<Self, Text> {
        let line = text::check_line(typed, MAX_EMAIL)?;
        let canonical = canonical_email(&line);
        let shown = if line.is_ascii() {
            line
        } else {
            canonical.clone()
        };
        if canonical.len() <= MAX_EMAIL && is_address(&canonical) && is_address(&shown) {
            Ok(Email { shown, canonical })
        } else {
            Err(keys::ERROR_FIELD_NOT_AN_EMAIL.into())
        }
    }
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let local_ok = (1..=MAX_LOCAL).contains(&local.len())
        && local
            .chars()
            .all(|c| c.is_alphanumeric() || ATEXT.contains(c))
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let labels: Vec<&str> = domain.split('.').collect();
    local_ok && labels.len() >= 2 && labels.iter().all(|label| is_label(label))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || is_mark(c))
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Vowel signs and other marks that letters of many scripts need: neither control, space nor ASCII.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn variants_of_case_width_and_space_are_one_address() {
        for variant in [
            "alice@acme.example",
            " Alice@ACME.example ",
            "ＡＬＩＣＥ@acme.example",
            "alice＠acme.example",
        ] {
            assert_eq!(canonical_email(variant), "alice@acme.example");
        }
        assert_eq!(
            canonical_email("E\u{301}va@x.example"),
            canonical_email("éva@X.example")
        );
        assert_ne!(
            canonical_email("alice+a@x.example"),
            canonical_email("alice@x.example")
        );
    }

    #[test]
    fn plain_addresses_are_accepted() {
        for good in [
            "a@b.co",
            "first.last+tag@sub.domain.example",
            "o'neil@example.org",
            "জামাল@উদাহরণ.বাংলা",
        ] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        let typed = Email::parse("Alice@Acme.example").expect("valid");
        assert_eq!(typed.shown, "Alice@Acme.example");
    }

    #[test]
    fn whatever_is_not_one_address_is_refused() {
        let long = format!("{}@b.example", "a".repeat(65));
        let longer = format!("a@{}.example", "b.".repeat(130));
        for wrong in [
            "",
            "alice",
            "@b.co",
            "a@",
            "a@b",
            "a@@b.co",
            "a@b@c.co",
            "a b@c.co",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.co",
            "a@-b.co",
            "a@b-.co",
            "a@b..co",
            "a@.co",
            "a@b.co.",
            "<a@b.co>",
            "Alice <a@b.co>",
            "a@b.co,c@d.co",
            "\"a\"@b.co",
            "a@[127.0.0.1]",
            "a\n@b.co",
            "a\0@b.co",
            "a:b@c.co",
            &long,
            &longer,
        ] {
            assert!(Email::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own_canonical_form(typed in "\\PC{0,40}") {
            let once = canonical_email(&typed);
            prop_assert_eq!(canonical_email(&once), once);
        }
    }
}
