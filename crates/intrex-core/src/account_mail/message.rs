//! The words of mail about an account. A link begins with `BASE_URL`, whatever name a request was sent to; no password and
//! no code ever stands in a letter; a notice says what to do if it was somebody else.

use chrono::{DateTime, Utc};
use html_escape::{encode_double_quoted_attribute, encode_safe};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::Kind;
use crate::{
    catalogue::{Key, Language, Text, keys, say},
    outside::mail::{Message, MessageId, html_page},
};

/// What a letter tells, to whom.
pub(super) struct About<'a> {
    pub(super) kind: Kind,
    pub(super) id: MessageId,
    pub(super) to_name: &'a str,
    pub(super) to_address: String,
    /// The organisation's name.
    pub(super) tenant: &'a str,
    /// Another address that it speaks of, or nothing.
    pub(super) other: &'a str,
    /// The code of security events, and how many.
    pub(super) seen: Option<(&'a str, i32)>,
    pub(super) token: Option<&'a SecretString>,
    pub(super) happened_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

/// The sentences of a kind: subject, what it is about, and, for links, what they are called.
fn words(kind: Kind) -> (Key, Key, Option<Key>) {
    match kind {
        Kind::Invitation => (
            keys::ACCOUNT_MAIL_INVITATION_SUBJECT,
            keys::ACCOUNT_MAIL_INVITATION,
            Some(keys::ACCOUNT_MAIL_INVITATION_LINK),
        ),
        Kind::PasswordReset => (
            keys::ACCOUNT_MAIL_RESET_SUBJECT,
            keys::ACCOUNT_MAIL_RESET,
            Some(keys::ACCOUNT_MAIL_RESET_LINK),
        ),
        Kind::EmailChangeOld => (
            keys::ACCOUNT_MAIL_EMAIL_OLD_SUBJECT,
            keys::ACCOUNT_MAIL_EMAIL_OLD,
            Some(keys::ACCOUNT_MAIL_EMAIL_LINK),
        ),
        Kind::EmailChangeNew => (
            keys::ACCOUNT_MAIL_EMAIL_NEW_SUBJECT,
            keys::ACCOUNT_MAIL_EMAIL_NEW,
            Some(keys::ACCOUNT_MAIL_EMAIL_LINK),
        ),
        Kind::PasswordChanged => (
            keys::ACCOUNT_MAIL_PASSWORD_CHANGED_SUBJECT,
            keys::ACCOUNT_MAIL_PASSWORD_CHANGED,
            None,
        ),
        Kind::MfaReset => (
            keys::ACCOUNT_MAIL_MFA_RESET_SUBJECT,
            keys::ACCOUNT_MAIL_MFA_RESET,
            None,
        ),
        Kind::EmailChanged => (
            keys::ACCOUNT_MAIL_EMAIL_CHANGED_SUBJECT,
            keys::ACCOUNT_MAIL_EMAIL_CHANGED,
            None,
        ),
        Kind::AuthenticatorReplaced => (
            keys::ACCOUNT_MAIL_AUTHENTICATOR_SUBJECT,
            keys::ACCOUNT_MAIL_AUTHENTICATOR,
            None,
        ),
        Kind::RecoveryCodesMade => (
            keys::ACCOUNT_MAIL_RECOVERY_CODES_SUBJECT,
            keys::ACCOUNT_MAIL_RECOVERY_CODES,
            None,
        ),
        Kind::RecoveryCodeUsed => (
            keys::ACCOUNT_MAIL_RECOVERY_CODE_SUBJECT,
            keys::ACCOUNT_MAIL_RECOVERY_CODE,
            None,
        ),
        Kind::NewDevice => (
            keys::ACCOUNT_MAIL_NEW_DEVICE_SUBJECT,
            keys::ACCOUNT_MAIL_NEW_DEVICE,
            None,
        ),
        Kind::NewNetwork => (
            keys::ACCOUNT_MAIL_NEW_NETWORK_SUBJECT,
            keys::ACCOUNT_MAIL_NEW_NETWORK,
            None,
        ),
        Kind::SecurityAlert => (
            keys::ACCOUNT_MAIL_SECURITY_ALERT_SUBJECT,
            keys::ACCOUNT_MAIL_SECURITY_ALERT,
            None,
        ),
        Kind::AccessReviewBegun => (
            keys::ACCOUNT_MAIL_REVIEW_BEGUN_SUBJECT,
            keys::ACCOUNT_MAIL_REVIEW_BEGUN,
            None,
        ),
        Kind::AccessReviewSoon => (
            keys::ACCOUNT_MAIL_REVIEW_SOON_SUBJECT,
            keys::ACCOUNT_MAIL_REVIEW_SOON,
            None,
        ),
        Kind::AccessReviewOverdue => (
            keys::ACCOUNT_MAIL_REVIEW_OVERDUE_SUBJECT,
            keys::ACCOUNT_MAIL_REVIEW_OVERDUE,
            None,
        ),
        Kind::Dormant => (
            keys::ACCOUNT_MAIL_DORMANT_SUBJECT,
            keys::ACCOUNT_MAIL_DORMANT,
            None,
        ),
        Kind::PasskeyAdded => (
            keys::ACCOUNT_MAIL_PASSKEY_ADDED_SUBJECT,
            keys::ACCOUNT_MAIL_PASSKEY_ADDED,
            None,
        ),
        Kind::PasskeyRemoved => (
            keys::ACCOUNT_MAIL_PASSKEY_REMOVED_SUBJECT,
            keys::ACCOUNT_MAIL_PASSKEY_REMOVED,
            None,
        ),
        Kind::PasskeyCounterWentBack => (
            keys::ACCOUNT_MAIL_PASSKEY_COUNTER_SUBJECT,
            keys::ACCOUNT_MAIL_PASSKEY_COUNTER,
            None,
        ),
        Kind::IdentityLinked => (
            keys::ACCOUNT_MAIL_IDENTITY_LINKED_SUBJECT,
            keys::ACCOUNT_MAIL_IDENTITY_LINKED,
            None,
        ),
        Kind::IdentityUnlinked => (
            keys::ACCOUNT_MAIL_IDENTITY_UNLINKED_SUBJECT,
            keys::ACCOUNT_MAIL_IDENTITY_UNLINKED,
            None,
        ),
        Kind::DeletionRequested => (
            keys::ACCOUNT_MAIL_DELETION_REQUESTED_SUBJECT,
            keys::ACCOUNT_MAIL_DELETION_REQUESTED,
            None,
        ),
        Kind::DeletionCancelled => (
            keys::ACCOUNT_MAIL_DELETION_CANCELLED_SUBJECT,
            keys::ACCOUNT_MAIL_DELETION_CANCELLED,
            None,
        ),
    }
}

/// Puts the message together.
pub(super) fn compose(about: About<'_>, base_url: &Url, now: DateTime<Utc>) -> Message {
    let language = Language::ENGLISH;
    let (subject, sentence, link) = words(about.kind);
    let (what, count) = about
        .seen
        .map_or_else(Default::default, |(code, count)| (seen(code), count));
    let say = |key: Key| {
        Text::new(key)
            .with("name", about.to_name)
            .with("tenant", about.tenant)
            .with("other", about.other)
            .with("when", instant(about.happened_at))
            .with("until", instant(about.expires_at))
            .with("what", what.as_str())
            .with("n", i64::from(count))
            .to(language)
    };
    let subject = say(subject);
    let (greeting, sentence) = (say(keys::ACCOUNT_MAIL_GREETING), say(sentence));
    let base = base_url.as_str().trim_end_matches('/');
    let mut text = format!("{greeting}\n\n{sentence}\n");
    let mut html = format!(
        "<p>{}</p>\n<h1>{}</h1>\n<p>{}</p>\n",
        encode_safe(&greeting),
        encode_safe(&subject),
        encode_safe(&sentence),
    );
    let (link, path) = (link.map(say), about.kind.path());
    if let (Some(words), Some(path), Some(token)) = (link, path, about.token) {
        let address = format!("{base}/{path}/{}", token.expose_secret());
        let once = say(keys::ACCOUNT_MAIL_ONCE);
        text += &format!("\n{words}: {address}\n\n{once}\n");
        html += &format!(
            "<p><a href=\"{}\">{}</a></p>\n<p>{}</p>\n",
            encode_double_quoted_attribute(&address),
            encode_safe(&words),
            encode_safe(&once),
        );
    } else if let Some((words, page)) = task(about.kind) {
        let words = say(words);
        let address = format!("{base}/{page}");
        text += &format!("\n{words}: {address}\n");
        html += &format!(
            "<p><a href=\"{}\">{}</a></p>\n",
            encode_double_quoted_attribute(&address),
            encode_safe(&words),
        );
    } else {
        let (not_you, words, page) = match about.kind {
            // Another password would not open what is closed.
            Kind::Dormant => (
                keys::ACCOUNT_MAIL_DORMANT_ASK,
                keys::ACCOUNT_MAIL_SIGN_IN_LINK,
                "sign-in",
            ),
            _ => (
                keys::ACCOUNT_MAIL_NOT_YOU,
                keys::ACCOUNT_MAIL_FORGOT_LINK,
                "forgot-password",
            ),
        };
        let (not_you, words) = (say(not_you), say(words));
        let address = format!("{base}/{page}");
        text += &format!("\n{not_you}\n{words}: {address}\n");
        html += &format!(
            "<p>{}</p>\n<p><a href=\"{}\">{}</a></p>\n",
            encode_safe(&not_you),
            encode_double_quoted_attribute(&address),
            encode_safe(&words),
        );
    }
    let why = say(match about.kind {
        Kind::EmailChangeNew => keys::ACCOUNT_MAIL_WHY_NEW,
        _ => keys::ACCOUNT_MAIL_WHY,
    });
    text += &format!("\n-- \n{why}\n");
    html += &format!("<p class=\"why\">{}</p>\n", encode_safe(&why));
    Message {
        id: about.id,
        date: now,
        to_name: about.to_name.to_owned(),
        to_address: about.to_address,
        html: html_page(language, &subject, &html),
        subject,
        text,
    }
}

/// What a head office admin is asked to look at, and where it stands.
fn task(kind: Kind) -> Option<(Key, &'static str)> {
    match kind {
        Kind::SecurityAlert => Some((keys::ACCOUNT_MAIL_SECURITY_ALERT_LINK, "settings/security")),
        Kind::AccessReviewBegun | Kind::AccessReviewSoon | Kind::AccessReviewOverdue => {
            Some((keys::ACCOUNT_MAIL_REVIEW_LINK, "settings/access-reviews"))
        }
        Kind::DeletionRequested => Some((
            keys::ACCOUNT_MAIL_DELETION_REQUESTED_LINK,
            "settings/organisation/delete",
        )),
        Kind::DeletionCancelled => Some((
            keys::ACCOUNT_MAIL_DELETION_CANCELLED_LINK,
            "settings/organisation",
        )),
        _ => None,
    }
}

/// What was seen, in words; another version of the program may have more codes.
fn seen(code: &str) -> String {
    let key = Key::find(&format!("security-event-{code}"));
    key.map_or_else(|| code.to_owned(), |key| say(Language::ENGLISH, key))
}

/// An account is in no branch, so that its times are in nobody's zone.
fn instant(then: DateTime<Utc>) -> String {
    then.format("%-d %b %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn letter(kind: Kind, token: Option<&SecretString>, name: &str) -> Message {
        let about = About {
            kind,
            id: MessageId::new(Uuid::nil(), &[0; 32], "intrex.example"),
            to_name: name,
            to_address: "alice@example.com".into(),
            tenant: "Acme",
            other: "new@example.com",
            seen: (kind == Kind::SecurityAlert).then_some(("LOGIN_SPRAY", 3)),
            token,
            happened_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
        };
        let base = "https://intrex.example/".parse().expect("an address");
        compose(about, &base, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn every_kind_has_its_words_and_a_link_to_this_installation_alone() {
        let token = SecretString::from("tok_en");
        for kind in Kind::ALL {
            let message = letter(kind, kind.path().map(|_| &token), "Alice");
            assert!(!message.subject.is_empty());
            for part in [&message.text, &message.html] {
                assert!(
                    !part.contains("account-mail-"),
                    "a sentence is missing: {part}"
                );
                assert!(!part.contains("{ $"), "a value is missing: {part}");
                assert!(part.contains("Acme") && part.contains("Alice"), "{part}");
                let links = part.matches("http").count();
                assert_eq!(links, part.matches("https://intrex.example/").count());
                assert_eq!(links, 1, "{part}");
                assert_eq!(part.contains("/tok_en"), kind.path().is_some());
            }
            assert!(!message.html.contains("src=") && !message.html.contains("url("));
        }
    }

    #[test]
    fn an_alert_says_what_was_seen_and_how_many_of_it() {
        let message = letter(Kind::SecurityAlert, None, "Alice");
        assert_eq!(message.subject, "One network fails at many accounts: Acme");
        assert!(message.text.contains("(3 of them)."), "{}", message.text);
    }

    #[test]
    fn a_stranger_at_the_new_address_is_not_told_the_present_one() {
        let token = SecretString::from("tok_en");
        let message = letter(Kind::EmailChangeNew, Some(&token), "Alice");
        assert!(!message.text.contains("alice@example.com"));
        assert!(!message.html.contains("alice@example.com"));
    }

    #[test]
    fn what_was_typed_stays_words_in_the_page() {
        let message = letter(Kind::MfaReset, None, "<img src=x onerror=alert(1)>\"'&");
        assert!(!message.html.contains("<img"));
        assert!(message.html.contains("&lt;img"));
    }
}
