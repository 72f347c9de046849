//! What a recovery code is: sixteen letters of an alphabet in which none looks like another, about 79 bits. The first four
//! find its row; the hash is over all of them and over whose they are, so that a row that was copied to somebody else opens
//! nothing for them.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::{
    clock::Chance,
    ids::{PersonId, TenantId},
};

/// Letters of a code.
pub const CODE_LETTERS: usize = 16;
/// Those of them that find its row.
const SELECTOR_LETTERS: usize = 4;
/// Digits and capitals without 0, 1, I, L and O.
const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// Random bytes from here on are drawn again: the alphabet's length does not divide 256.
const UNBIASED: u8 = 248;
/// How much of a typed code is looked at, in characters.
const MAX_TYPED: usize = 64;
/// An app's code has six digits: whatever has more letters than this was meant as a recovery code.
const LONGEST_OTHER: usize = 8;

/// Where somebody stands with their recovery codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    /// Whether the organisation lets people of this role hold any.
    pub allowed: bool,
    /// How many have not been used.
    pub left: i64,
    /// When they were made.
    pub made_at: Option<DateTime<Utc>>,
}

/// A code.
pub(super) struct Code(Zeroizing<String>);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code")
    }
}

impl Code {
    pub(super) fn new(chance: Chance) -> Self {
        let mut letters = Zeroizing::new(String::with_capacity(CODE_LETTERS));
        while letters.len() < CODE_LETTERS {
            let bytes = Zeroizing::new(chance.bytes::<CODE_LETTERS>());
            for byte in bytes.iter().filter(|byte| **byte < UNBIASED) {
                if letters.len() < CODE_LETTERS {
                    letters.push(ALPHABET[usize::from(*byte) % ALPHABET.len()].into());
                }
            }
        }
        Code(letters)
    }

    /// What somebody typed, whatever its case and however it is spaced. None if it can be no code.
    pub(super) fn parse(typed: &str) -> Option<Self> {
        let mut letters = Zeroizing::new(String::with_capacity(CODE_LETTERS));
        for letter in letters_of(typed) {
            let letter = letter.to_ascii_uppercase();
            let known = u8::try_from(letter).is_ok_and(|byte| ALPHABET.contains(&byte));
            if !known || letters.len() == CODE_LETTERS {
                return None;
            }
            letters.push(letter);
        }
        (letters.len() == CODE_LETTERS).then_some(Code(letters))
    }

    pub(super) fn selector(&self) -> &str {
        &self.0[..SELECTOR_LETTERS]
    }

    /// As it is shown: in groups of four.
    pub(super) fn shown(&self) -> SecretString {
        let groups = [&self.0[..4], &self.0[4..8], &self.0[8..12], &self.0[12..]];
        groups.join("-").into()
    }

    /// What is hashed.
    pub(super) fn bound_to(&self, tenant: TenantId, person: PersonId) -> SecretString {
        bound(tenant, person, &self.0)
    }
}

/// What is hashed where somebody typed what can be no code, so that the work is the same.
pub(super) fn nothing(tenant: TenantId, person: PersonId) -> SecretString {
    bound(tenant, person, "")
}

fn bound(tenant: TenantId, person: PersonId, code: &str) -> SecretString {
    format!("recovery code v1 {tenant} {person} {code}").into()
}

/// Whether what was typed is meant as a recovery code, and not as the code of an app.
pub fn is_one(typed: &str) -> bool {
    letters_of(typed).count() > LONGEST_OTHER
}

fn letters_of(typed: &str) -> impl Iterator<Item = char> {
    typed
        .chars()
        .take(MAX_TYPED)
        .filter(|c| !c.is_whitespace() && !is_dash(*c))
}

/// A hyphen, or what a word processor makes of one.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use secrecy::ExposeSecret as _;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn codes_have_sixteen_letters_and_use_the_whole_alphabet() {
        let codes: Vec<Code> = (0..200).map(|_| Code::new(Chance)).collect();
        let used: HashSet<char> = codes.iter().flat_map(|code| code.0.chars()).collect();
        assert_eq!(used.len(), ALPHABET.len());
        assert!(codes.iter().all(|code| code.0.len() == CODE_LETTERS));
        let all: HashSet<&str> = codes.iter().map(|code| code.0.as_str()).collect();
        assert_eq!(all.len(), codes.len());
        assert_eq!(usize::from(UNBIASED) % ALPHABET.len(), 0);
    }

    #[test]
    fn a_code_is_read_whatever_its_case_and_however_it_is_spaced() {
        let code = Code::new(Chance);
        let shown = code.shown();
        let shown = shown.expose_secret();
        assert_eq!(shown.len(), CODE_LETTERS + 3);
        for typed in [
            shown.to_owned(),
            shown.to_lowercase(),
            shown.replace('-', ""),
            shown.replace('-', " "),
            shown.replace('-', "\u{2013}"),
            format!("  {}\u{a0}\r\n", shown.replace('-', " - ")),
        ] {
            let read = Code::parse(&typed).expect("a code");
            assert_eq!(read.0, code.0, "{typed:?}");
            assert!(is_one(&typed));
        }
    }

    #[test]
    fn what_can_be_no_code_is_none() {
        let code = Code::new(Chance);
        let shown = code.shown().expose_secret().to_owned();
        let short = &shown[..shown.len() - 1];
        for typed in [
            "",
            "123456",
            short,
            &format!("{shown}2"),
            &format!("{short}0"),
            &format!("{short}Ü"),
            &format!("{short}\0"),
            &"2".repeat(100_000),
        ] {
            assert!(Code::parse(typed).is_none(), "{typed:?}");
        }
        assert!(!is_one("123 456") && !is_one("no code"));
    }

    #[test]
    fn a_code_is_somebodys_and_is_never_printed() {
        let code = Code::new(Chance);
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let of = |tenant: Uuid, person: Uuid| {
            let bound = code.bound_to(tenant.into(), person.into());
            bound.expose_secret().to_owned()
        };
        assert_ne!(of(one, one), of(one, two));
        assert_ne!(of(one, one), of(two, one));
        assert!(!format!("{code:?} {:?}", code.shown()).contains(code.selector()));
    }
}
