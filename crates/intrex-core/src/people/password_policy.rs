//! Which passwords are accepted when one is set (NIST SP 800-63B-4): long enough for the role, not common, not made of
//! what anybody knows about the person. No rules about kinds of characters, no expiry.

use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    catalogue::{Text, keys},
    permission::Role,
};

/// The longest password, in characters.
pub(crate) const MAX_LENGTH: usize = 256;
/// The shortest, in characters: every account has a second factor.
const MIN_LENGTH: usize = 12;
/// The shortest for those who can do everything.
const MIN_LENGTH_ADMIN: usize = 15;
/// Shorter context words would refuse too much by accident.
const MIN_CONTEXT_WORD: usize = 4;
/// The product's own name.
const PRODUCT: &str = "intrex";
/// What must be left when everything that guessers try first is taken away, in characters.
const MIN_REMAINDER: usize = 8;
/// The fewest different characters.
const MIN_DISTINCT: usize = 5;

/// What guessers try first, without the letters-for-digits disguises that are undone before comparing. From the heads of
/// the public lists of leaked passwords, shortened to the words that long passwords are built around.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "passphrase",
    "passcode",
    "passw",
    "letmein",
    "welcome",
    "changeme",
    "default",
    "secret",
    "administrator",
    "admin",
    "administration",
    "login",
    "signin",
    "master",
    "superman",
    "batman",
    "spiderman",
    "pokemon",
    "dragon",
    "monkey",
    "football",
    "baseball",
    "basketball",
    "cricket",
    "liverpool",
    "arsenal",
    "chelsea",
    "manchester",
    "barcelona",
    "sunshine",
    "princess",
    "iloveyou",
    "loveyou",
    "lovely",
    "trustno",
    "whatever",
    "freedom",
    "computer",
    "internet",
    "samsung",
    "google",
    "facebook",
    "microsoft",
    "windows",
    "ninja",
    "mustang",
    "shadow",
    "michael",
    "jennifer",
    "jordan",
    "jessica",
    "charlie",
    "daniel",
    "thomas",
    "ashley",
    "nicole",
    "bailey",
    "hunter",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "qwertyuiop",
    "qwertzuiop",
    "qwerty",
    "qwertz",
    "azerty",
    "asdfghjkl",
    "asdfgh",
    "zxcvbnm",
    "zxcvbn",
    "qazwsxedc",
    "qazwsx",
    "oneqaz",
    "abcdef",
    "abcd",
    "company",
    "office",
    "branch",
    "operator",
    "manager",
    "bangladesh",
    "dhaka",
    "correcthorsebatterystaple",
];

/// The shortest password of a role, in characters.
pub(crate) fn min_length(role: Role) -> usize {
    match role {
        Role::HeadOfficeAdmin => MIN_LENGTH_ADMIN,
        Role::BranchManager | Role::Operator => MIN_LENGTH,
    }
}

/// Accepts a password, or says what is wrong with it. `context` is what anybody knows: the organisation's name, the
/// person's address.
pub(crate) fn check(password: &SecretString, role: Role, context: &[&str]) -> Result<(), Text> {
    let typed = password.expose_secret();
    // Bytes first: nothing is computed over a megabyte.
    if typed.len() > MAX_LENGTH * 4 * 4 {
        return Err(Text::new(keys::ERROR_FIELD_TOO_LONG).with("max", MAX_LENGTH));
    }
    let composed: String = typed.nfc().collect();
    let length = composed.chars().count();
    let min = min_length(role);
    if length < min {
        return Err(Text::new(keys::ERROR_FIELD_TOO_SHORT).with("min", min));
    }
    if length > MAX_LENGTH {
        return Err(Text::new(keys::ERROR_FIELD_TOO_LONG).with("max", MAX_LENGTH));
    }
    let lower = composed.to_lowercase();
    if context_words(context)
        .iter()
        .any(|word| lower.contains(word))
    {
        return Err(keys::PASSWORD_CONTAINS_CONTEXT.into());
    }
    if is_common(&lower) {
        return Err(keys::PASSWORD_COMMON.into());
    }
    Ok(())
}

/// The product's name, each known text as a whole and each of its words, the local part of an address.
fn context_words(context: &[&str]) -> Vec<String> {
    let mut words = vec![PRODUCT.to_owned()];
    for known in context {
        let known = known.nfc().collect::<String>().to_lowercase();
        let known = known.split('@').next().unwrap_or_default();
        words.push(known.chars().filter(|c| !c.is_whitespace()).collect());
        words.extend(
            known
                .split(|c: char| !c.is_alphanumeric())
                .map(str::to_owned),
        );
        words.push(known.to_owned());
    }
    words.retain(|word| word.chars().count() >= MIN_CONTEXT_WORD);
    words
}

fn is_common(lower: &str) -> bool {
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len() < MIN_DISTINCT
        || [lower.to_owned(), undisguised(lower)]
            .iter()
            .any(|text| remainder(text) < MIN_REMAINDER)
}

/// Undoes the usual digits and signs for letters.
fn undisguised(lower: &str) -> String {
    lower
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' | '|' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            '8' => 'b',
            other => other,
        })
        .collect()
}

/// How many characters are left without common words, years and runs such as `1234`, `aaaa`, `fedc`.
fn remainder(lower: &str) -> usize {
    let mut text = lower.to_owned();
    let mut common: Vec<&str> = COMMON.to_vec();
    common.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in common {
        text = text.replace(word, "\u{0}");
    }
    let chars: Vec<char> = text
        .chars()
        .filter(|c| *c != '\u{0}' && !c.is_whitespace())
        .collect();
    let mut left = 0;
    let mut at = 0;
    while at < chars.len() {
        let run = run_length(&chars[at..]);
        // A run tells no more than where it begins; signs around a word are what everybody adds.
        left += usize::from(run < 3) * run;
        at += run;
    }
    left
}

/// The length of the run at the beginning: equal characters, or each one up or one down from the last.
fn run_length(chars: &[char]) -> usize {
    let step = |a: char, b: char| i64::from(u32::from(b)) - i64::from(u32::from(a));
    let Some([first, second]) = chars.first_chunk::<2>() else {
        return chars.len();
    };
    let direction = step(*first, *second);
    if direction.abs() > 1 {
        return 1;
    }
    let run = chars
        .windows(2)
        .take_while(|pair| step(pair[0], pair[1]) == direction)
        .count()
        + 1;
    if run < 3 { 1 } else { run }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(password: &str, role: Role) -> Result<(), &'static str> {
        check(
            &password.to_owned().into(),
            role,
            &["Acme Pharmacies Ltd", "alice.green@acme.example"],
        )
        .map_err(|text| text.key.as_str())
    }

    #[test]
    fn long_passwords_of_any_characters_are_accepted() {
        for good in [
            "tulip granite seven moss",
            "vexmolqubatrindezako",
            "纸船 月亮 石头 火车 河 山 云 风",
            "Kp9#vT2!mQ7&",
            "пароль из пяти слов",
            &"long passphrase 🐎 ".repeat(8),
        ] {
            assert_eq!(verdict(good, Role::Operator), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_shortest_password_depends_on_the_role() {
        assert_eq!(
            verdict("Kp9#vT2!mQ7", Role::Operator),
            Err("error-field-too-short")
        );
        assert_eq!(verdict("Kp9#vT2!mQ7&", Role::BranchManager), Ok(()));
        assert_eq!(
            verdict("Kp9#vT2!mQ7&xz", Role::HeadOfficeAdmin),
            Err("error-field-too-short")
        );
        assert_eq!(verdict("Kp9#vT2!mQ7&xzL", Role::HeadOfficeAdmin), Ok(()));
    }

    #[test]
    fn more_than_256_characters_are_refused() {
        let words: String = ('a'..='z').cycle().step_by(7).take(256).collect();
        assert_eq!(verdict(&words, Role::Operator), Ok(()));
        assert_eq!(
            verdict(&format!("{words}x"), Role::Operator),
            Err("error-field-too-long")
        );
        assert_eq!(
            verdict(&"x".repeat(1_000_000), Role::Operator),
            Err("error-field-too-long")
        );
    }

    #[test]
    fn what_guessers_try_first_is_refused() {
        for common in [
            "Password123!",
            "P@ssw0rd1234",
            "passwordpassword",
            "Welcome2026!!",
            "qwertyuiop1234567",
            "123456789012",
            "aaaaaaaaaaaa",
            "abababababab",
            "Summer2026!Summer",
            "letmein123456",
            "CorrectHorseBatteryStaple",
            "changeme-changeme",
            "abcdefghijklmnop",
            "98765432109876",
        ] {
            assert_eq!(
                verdict(common, Role::Operator),
                Err("password-common"),
                "{common}"
            );
        }
    }

    #[test]
    fn what_anybody_knows_about_the_person_is_refused() {
        for known in [
            "Intrex-vexmolquba",
            "acmevexmolqubatrin",
            "PHARMACIES vexmol quba",
            "alice.green vexmolq",
            "green-vexmolqubat",
        ] {
            assert_eq!(
                verdict(known, Role::Operator),
                Err("password-contains-context"),
                "{known}"
            );
        }
        assert_eq!(
            verdict("ltd vexmolqubatrin", Role::Operator),
            Ok(()),
            "short words are no context"
        );
    }
}
