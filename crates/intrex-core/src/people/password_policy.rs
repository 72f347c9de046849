//! Which passwords are accepted when one is set (NIST SP 800-63B-4): long enough for the role, not common, not made of
//! what anybody knows about the person. No rules about kinds of characters, no expiry. What is common is zxcvbn's to say:
//! it knows the leaked lists, names, keyboards, dates, and the usual digits and signs for letters.

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    catalogue::{Text, keys},
    error::Error,
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
/// How many guesses a password must be worth, as a power of ten: what zxcvbn calls very unguessable. One step less lets a
/// name with a year and a sign pass.
const MIN_GUESSES_LOG10: f64 = 10.0;
/// Characters that are estimated: whoever begins with so many good ones may end as they like. Estimating takes time that
/// grows faster than the length.
const MAX_ESTIMATED: usize = 64;
/// Passwords that are estimated at the same time; the rest wait their turn.
static TURNS: Semaphore = Semaphore::const_new(2);
/// What is common besides the public lists, which were made in other countries: words of this product's users, and phrases
/// that everybody knows as examples of good ones.
const COMMON: [&str; 14] = [
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "bangladesh",
    "dhaka",
    "chattogram",
    "branch",
    "manager",
    "operator",
    "company",
    "office",
    "headoffice",
    "pharmacy",
    "compliance",
    "obligation",
];
/// Known words that are looked at, and characters of each: a long name is no reason to work long.
const MAX_CONTEXT_WORDS: usize = 40;
/// See [`MAX_CONTEXT_WORDS`].
const MAX_CONTEXT_WORD: usize = 100;

/// The shortest password of a role, in characters.
pub(crate) fn min_length(role: Role) -> usize {
    match role {
        Role::HeadOfficeAdmin => MIN_LENGTH_ADMIN,
        Role::BranchManager | Role::Operator => MIN_LENGTH,
    }
}

/// Accepts a password, or is `Invalid` on `password`. `context` is what anybody knows: the organisation's name, the
/// person's address and name. It is computed beside what others ask for: it may take some milliseconds.
pub(crate) async fn accept(
    password: &SecretString,
    role: Role,
    context: &[&str],
) -> crate::Result<()> {
    let password = password.clone();
    let context: Vec<String> = context.iter().map(|known| (*known).to_owned()).collect();
    let _turn = TURNS.acquire().await.map_err(Error::internal)?;
    let checked = tokio::task::spawn_blocking(move || {
        let context: Vec<&str> = context.iter().map(String::as_str).collect();
        check(&password, role, &context)
    });
    checked
        .await
        .map_err(Error::internal)?
        .map_err(|text| Error::invalid("password", text))
}

/// Accepts a password, or says what is wrong with it. `context` is what anybody knows: the organisation's name, the
/// person's address.
fn check(password: &SecretString, role: Role, context: &[&str]) -> Result<(), Text> {
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
    let words = context_words(context);
    if words.iter().any(|word| lower.contains(word.as_str())) {
        return Err(keys::PASSWORD_CONTAINS_CONTEXT.into());
    }
    if guesses_log10(&lower, &words) < MIN_GUESSES_LOG10 {
        return Err(keys::PASSWORD_COMMON.into());
    }
    Ok(())
}

/// How many guesses an attacker needs who knows the public lists, keyboards, dates and what anybody knows about the
/// person.
fn guesses_log10(lower: &str, words: &[String]) -> f64 {
    let start: String = lower.chars().take(MAX_ESTIMATED).collect();
    let known = words.iter().map(String::as_str);
    let words: Vec<&str> = COMMON.into_iter().chain(known).collect();
    zxcvbn::zxcvbn(&start, &words).guesses_log10()
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
    words.retain(|word| (MIN_CONTEXT_WORD..=MAX_CONTEXT_WORD).contains(&word.chars().count()));
    words.truncate(MAX_CONTEXT_WORDS);
    words
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
    fn lower_case_letters_alone_are_fine_and_every_kind_of_character_does_not_help() {
        assert_eq!(
            verdict("wqhvbzktjxmrpdnlgcys", Role::HeadOfficeAdmin),
            Ok(())
        );
        assert_eq!(
            verdict("Password123!", Role::Operator),
            Err("password-common")
        );
        assert_eq!(
            verdict("Bangladesh1971!!", Role::HeadOfficeAdmin),
            Err("password-common")
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(64))]
        #[test]
        fn whatever_is_typed_gets_a_verdict(typed in "\\PC{0,80}", known in "\\PC{0,30}") {
            let _ = check(&typed.into(), Role::Operator, &[&known]);
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
