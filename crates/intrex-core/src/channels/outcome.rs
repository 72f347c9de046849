//! What became of a message: what the sender does next, and what people are shown.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::outside::{
    http::{OutgoingError, Step},
    mail,
};

/// Bytes of an answer that are kept.
pub(super) const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// One attempt to send a message, or to look whether one would arrive.
#[derive(Debug)]
pub struct Attempt {
    /// What to do next.
    pub outcome: Outcome,
    /// The code that was answered, if there was an answer: of HTTP or of SMTP.
    pub code: Option<u16>,
    /// What was answered, without secrets, 16 KiB at most.
    pub answer: String,
    /// How long it took.
    pub took: Duration,
    /// How far it came.
    pub stages: Vec<Stage>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing: it was taken.
    Delivered {
        /// How the other side calls it, if it said so.
        receipt: Option<String>,
    },
    /// Try again, not sooner than this if the other side has said so.
    Again {
        /// From now.
        after: Option<Duration>,
        /// Why it was not taken.
        class: Class,
    },
    /// Give this message up: it will never be taken.
    Never {
        /// Why.
        class: Class,
    },
    /// Give the whole way up: there is nobody any more.
    Gone,
    /// Send it there at once, and everything after it: a Telegram group has another id now.
    Moved {
        /// The id.
        chat_id: String,
    },
}

impl Outcome {
    /// Why it was not taken, as a word; none if it was.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Outcome::Delivered { .. } => None,
            Outcome::Again { class, .. } | Outcome::Never { class } => Some(class.as_str()),
            Outcome::Gone => Some("gone"),
            Outcome::Moved { .. } => Some("moved"),
        }
    }

    /// Whether it was taken.
    pub fn is_delivered(&self) -> bool {
        matches!(self, Outcome::Delivered { .. })
    }
}

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// Why a message was not taken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Class { $($(#[$doc])* $name),+ }

        impl Class {
            /// Every class.
            pub const ALL: &[Class] = &[$(Class::$name),+];

            /// As stored and shown to programs.
            pub fn as_str(self) -> &'static str {
                match self { $(Class::$name => $word),+ }
            }
        }
    };
}

classes! {
    /// The guard does not let us there.
    Address = "address_refused",
    /// The name was not found.
    Dns = "dns_failed",
    /// No connection.
    Connect = "connect_failed",
    /// No trusted encryption.
    Tls = "tls_failed",
    /// No answer in time.
    TimedOut = "timed_out",
    /// Not the protocol.
    Protocol = "protocol_error",
    /// The other side does not believe who we are.
    Credentials = "credentials_refused",
    /// Too much at a time.
    RateLimited = "rate_limited",
    /// An answer that leads elsewhere: not followed.
    Redirect = "redirected",
    /// A no of the other side.
    Refused = "refused",
    /// Something broke at the other side.
    ServerFault = "server_error",
    /// Whoever should get it cannot, or does not want to.
    Recipient = "recipient_refused",
    /// The sender is not one that the server lets send.
    Sender = "sender_refused",
    /// The message itself is not one that can be sent.
    Content = "content_refused",
    /// The server does not offer what the connector asks for.
    NotOffered = "not_offered",
    /// WhatsApp: the template is not there, or not with these variables.
    Template = "template_refused",
    /// WhatsApp: the template is paused for a while.
    TemplatePaused = "template_paused",
    /// WhatsApp: more than 24 hours since the recipient wrote, and this was no template.
    Window = "window_closed",
    /// Nobody is named who could get it.
    NoRecipient = "no_recipient",
}

impl Class {
    /// What the way out says.
    pub(crate) fn of_outside(error: OutgoingError) -> Self {
        match error {
            OutgoingError::Refused(_) => Class::Address,
            OutgoingError::Dns => Class::Dns,
            OutgoingError::Connect => Class::Connect,
            OutgoingError::Tls => Class::Tls,
            OutgoingError::TimedOut => Class::TimedOut,
            OutgoingError::TooLarge | OutgoingError::Protocol => Class::Protocol,
        }
    }
}

/// How far something came, as people are shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stage {
    /// Its name.
    pub stage: &'static str,
    /// What became of it.
    pub state: StageState,
    /// More about it: a reason of ours, or what the other side said, without secrets.
    pub detail: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// What became of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// It was passed.
    Ok,
    /// Here it ended.
    Failed,
    /// It was not reached, or there is nothing to look at.
    Skipped,
}

impl Stage {
    /// One that was passed.
    pub(crate) fn passed(stage: &'static str, took: Duration, detail: Option<String>) -> Self {
        Stage {
            stage,
            state: StageState::Ok,
            detail,
            ms: millis(took),
        }
    }

    /// One in which it ended.
    pub(crate) fn failed(stage: &'static str, took: Duration, detail: String) -> Self {
        Stage {
            stage,
            state: StageState::Failed,
            detail: Some(detail),
            ms: millis(took),
        }
    }

    /// One that was not reached.
    pub(crate) fn skipped(stage: &'static str, detail: Option<&str>) -> Self {
        Stage {
            stage,
            state: StageState::Skipped,
            detail: detail.map(str::to_owned),
            ms: 0,
        }
    }
}

/// The stages of a whole way, of which some were begun and the last of those has failed or not: what was not reached is
/// there too, so that people see what would have come.
pub(crate) fn on_the_way(
    all: &[&'static str],
    begun: &[(&'static str, Duration)],
    fault: Option<String>,
) -> Vec<Stage> {
    let failed_at = fault
        .is_some()
        .then(|| begun.last().map(|(name, _)| *name))
        .flatten();
    all.iter()
        .map(|name| match begun.iter().find(|(known, _)| known == name) {
            Some((_, took)) if failed_at == Some(*name) => {
                Stage::failed(name, *took, fault.clone().unwrap_or_default())
            }
            Some((_, took)) => Stage::passed(name, *took, None),
            None => Stage::skipped(name, None),
        })
        .collect()
}

impl Step {
    /// Its name as a stage.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Step::Address => mail::Stage::Address.as_str(),
            Step::Connect => mail::Stage::Connect.as_str(),
            Step::Encrypt => mail::Stage::Encrypt.as_str(),
            Step::Answer => "answer",
        }
    }
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_shows_where_it_ended_and_what_would_have_come() {
        let took = Duration::from_millis(3);
        let begun = [("address", took), ("connect", took)];
        let states = |stages: Vec<Stage>| stages.into_iter().map(|s| s.state).collect::<Vec<_>>();
        use StageState::{Failed, Ok, Skipped};
        let all = ["address", "connect", "answer"];
        let ended = on_the_way(&all, &begun, Some("no".into()));
        assert_eq!(states(ended), [Ok, Failed, Skipped]);
        assert_eq!(states(on_the_way(&all, &begun, None)), [Ok, Ok, Skipped]);
    }

    #[test]
    fn the_words_of_classes_differ() {
        for (i, class) in Class::ALL.iter().enumerate() {
            assert!(Class::ALL[..i].iter().all(|c| c.as_str() != class.as_str()));
        }
    }
}
