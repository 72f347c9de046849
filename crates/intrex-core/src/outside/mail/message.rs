//! What is sent: one recipient, a subject, the same words as text and as HTML. Whatever somebody typed ends up as words,
//! never as a header: control characters are taken out here, whatever was checked before.

use std::fmt;

use chrono::{DateTime, Utc};
use lettre::{
    Address,
    address::Envelope,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

/// Characters of a subject or a name at most: nothing in a mail needs more.
const MAX_HEADER: usize = 300;
/// Hexadecimal digits of a fingerprint that stand in a message's id.
const FINGERPRINT_DIGITS: usize = 16;

/// One message to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same for every attempt to send it.
    pub id: MessageId,
    /// When it was written.
    pub date: DateTime<Utc>,
    /// The recipient's address.
    pub to_address: String,
    /// The recipient's name.
    pub to_name: String,
    /// One line.
    pub subject: String,
    /// The words.
    pub text: String,
    /// The same words as a page.
    pub html: String,
}

/// A `Message-ID` without its brackets. It follows from what the message is about, so that a receiving server can tell a
/// repetition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// `<row>.<fingerprint>@<host>`.
    pub fn new(row: Uuid, fingerprint: &[u8; 32], host: &str) -> Self {
        let host: String = host
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
            .collect();
        let host = if host.is_empty() { "localhost" } else { &host };
        let digits = &hex::encode(fingerprint)[..FINGERPRINT_DIGITS];
        MessageId(format!("{}.{digits}@{host}", row.hyphenated()))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// Why a message can't be sent to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadMessage {
    /// The recipient's address.
    #[error("the recipient's address is not one that mail can be sent to")]
    Address,
    /// Anything else.
    #[error("the message can't be put together")]
    Malformed,
}

impl Message {
    /// The envelope, and the bytes as they go over the wire.
    pub(in crate::outside) fn compose(
        &self,
        from: &Mailbox,
    ) -> Result<(Envelope, Vec<u8>), BadMessage> {
        let to: Address = self.to_address.parse().map_err(|_| BadMessage::Address)?;
        let to_name = Some(header_words(&self.to_name)).filter(|name| !name.is_empty());
        let message = lettre::Message::builder()
            .from(from.clone())
            .to(Mailbox::new(to_name, to))
            .subject(header_words(&self.subject))
            .date(self.date.into())
            .message_id(Some(self.id.to_string()))
            // RFC 3834: answering machines stay silent.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .multipart(MultiPart::alternative_plain_html(
                self.text.clone(),
                self.html.clone(),
            ))
            .map_err(|_| BadMessage::Malformed)?;
        Ok((message.envelope().clone(), message.formatted()))
    }
}

fn header_words(words: &str) -> String {
    words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_HEADER)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subject: &str, name: &str, address: &str) -> Message {
        Message {
            id: MessageId::new(Uuid::nil(), &[0xab; 32], "intrex.example"),
            date: DateTime::UNIX_EPOCH,
            to_address: address.into(),
            to_name: name.into(),
            subject: subject.into(),
            text: "Grüße\r\n.\r\nQUIT".into(),
            html: "<p>Grüße</p>".into(),
        }
    }

    fn lines(message: &Message) -> Vec<String> {
        let from = "Intrex <reminders@example.com>".parse().expect("a sender");
        let (_, bytes) = message.compose(&from).expect("composes");
        String::from_utf8(bytes)
            .expect("mail is text here")
            .lines()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_message_has_both_parts_and_names_itself() {
        let lines = lines(&message("Due", "Alice", "alice@example.com"));
        let has = |wanted: &str| lines.iter().any(|line| line.contains(wanted));
        assert!(has(
            "Message-ID: <00000000-0000-0000-0000-000000000000.abababababababab@intrex.example>"
        ));
        assert!(has("multipart/alternative"));
        assert!(has("text/plain") && has("text/html"));
        assert!(has("Auto-Submitted: auto-generated"));
        assert!(has("Date: Thu, 01 Jan 1970 00:00:00 +0000"));
    }

    #[test]
    fn nothing_typed_becomes_a_header() {
        let evil = "Due\r\nBcc: mallory@example.com\r\n\r\n<script>";
        for message in [
            message(evil, "Alice", "alice@example.com"),
            message("Due", evil, "alice@example.com"),
            message(
                "Due\u{0}\u{b}\nBcc: m@example.com",
                evil,
                "alice@example.com",
            ),
        ] {
            let lines = lines(&message);
            assert!(
                !lines
                    .iter()
                    .any(|line| line.to_ascii_lowercase().starts_with("bcc")),
                "{lines:?}"
            );
            let headers = lines.iter().take_while(|line| !line.is_empty()).count();
            assert!(headers >= 7, "the headers end early: {lines:?}");
        }
    }

    #[test]
    fn an_address_is_one_address() {
        let from = "reminders@example.com".parse().expect("a sender");
        for address in [
            "",
            "alice",
            "alice@example.com, mallory@example.com",
            "alice@example.com>\r\nRCPT TO:<mallory@example.com",
            "alice@example.com\r\nBcc: mallory@example.com",
            "@example.com",
        ] {
            assert_eq!(
                message("Due", "Alice", address).compose(&from).err(),
                Some(BadMessage::Address),
                "{address:?}"
            );
        }
    }

    #[test]
    fn a_host_that_is_an_address_or_worse_still_gives_a_message_id() {
        let id = |host| MessageId::new(Uuid::nil(), &[0; 32], host).to_string();
        assert!(id("[::1]").ends_with("@1>"));
        assert!(id("\r\n").ends_with("@localhost>"));
        assert!(id("127.0.0.1").ends_with("@127.0.0.1>"));
    }
}
