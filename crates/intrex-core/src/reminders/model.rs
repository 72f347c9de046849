//! The words of the ledger: over what a reminder goes and why one was not sent.

use uuid::{Uuid, uuid};

use crate::{
    catalogue::{Text, keys},
    obligations::schedule::Threshold,
};

/// The route of every reminder until an organisation has made its own: owner and deputy, else the branch's managers, else
/// head office; escalations go to the managers and head office.
pub const BUILT_IN_ROUTE: Uuid = uuid!("00000000-0000-8000-8000-000000000001");
/// The built-in connector of the in-app inbox.
const IN_APP: Uuid = uuid!("00000000-0000-8000-8000-000000000002");
/// The built-in connector of the installation's own mail.
const EMAIL: Uuid = uuid!("00000000-0000-8000-8000-000000000003");

/// Over what a reminder goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The inbox inside Intrex.
    InApp,
    /// The installation's own mail.
    Email,
}

impl Channel {
    /// Every built-in channel.
    pub const ALL: [Channel; 2] = [Channel::InApp, Channel::Email];

    /// The connector that stands for it in the ledger.
    pub const fn connector(self) -> Uuid {
        match self {
            Channel::InApp => IN_APP,
            Channel::Email => EMAIL,
        }
    }

    /// The channel of a connector.
    pub fn of(connector: Uuid) -> Option<Self> {
        Channel::ALL
            .into_iter()
            .find(|channel| channel.connector() == connector)
    }

    /// As shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Channel::InApp => "in_app",
            Channel::Email => "email_smtp",
        }
    }

    /// As shown to people.
    pub fn text(self) -> Text {
        match self {
            Channel::InApp => keys::REMINDER_CHANNEL_IN_APP.into(),
            Channel::Email => keys::REMINDER_CHANNEL_EMAIL.into(),
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $text:literal $key:ident),+ $(,)?) => {
        /// Why a reminder was suppressed or failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* $name),+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Reason] = &[$(Reason::$name),+];

            /// As stored and shown to programs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Reason::$name => $text),+ }
            }

            /// As shown to people.
            pub fn text(self) -> Text {
                match self { $(Reason::$name => keys::$key.into()),+ }
            }
        }
    };
}

reasons! {
    /// The item was completed first.
    Completed "completed" REMINDER_REASON_COMPLETED,
    /// The item was waived first.
    Waived "waived" REMINDER_REASON_WAIVED,
    /// The item was moved to another date.
    Rescheduled "rescheduled" REMINDER_REASON_RESCHEDULED,
    /// The item, its people or its lead days were changed so that this reminder is none of its reminders any more.
    Changed "changed" REMINDER_REASON_CHANGED,
    /// Its time had passed when the item was made, moved or opened again.
    PastWhenMade "past_when_made" REMINDER_REASON_PAST_WHEN_MADE,
    /// A later reminder of the same item was sent in its place.
    Superseded "superseded" REMINDER_REASON_SUPERSEDED,
    /// The item was not open any more when it was to be sent.
    ItemClosed "item_closed" REMINDER_REASON_ITEM_CLOSED,
    /// The person could not sign in any more when it was to be sent.
    RecipientInactive "recipient_inactive" REMINDER_REASON_RECIPIENT_INACTIVE,
    /// Somebody has answered since the first was told.
    Answered "answered" REMINDER_REASON_ANSWERED,
    /// The person would rather not hear of such things outside of Intrex.
    OptedOut "opted_out" REMINDER_REASON_OPTED_OUT,
    /// The person wishes a digest in the place of single reminders, and it tells of this.
    InDigest "in_digest" REMINDER_REASON_IN_DIGEST,
    /// The installation has no mail server.
    NoMailConfigured "no_mail_configured" REMINDER_REASON_NO_MAIL_CONFIGURED,
    /// The mail server refused the recipient or the message for good.
    Refused "refused" REMINDER_REASON_REFUSED,
    /// The last attempt failed as well.
    GaveUp "gave_up" REMINDER_REASON_GAVE_UP,
    /// The connector that was to carry it was disabled, or nobody had seen it work.
    ConnectorDisabled "connector_disabled" REMINDER_REASON_CONNECTOR_DISABLED,
}

impl Reason {
    /// The reason of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Reason::ALL
            .iter()
            .copied()
            .find(|reason| reason.as_str() == text)
    }

    /// Whether a reminder that was suppressed for it is taken up again once the plan has it again.
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Reason::Completed | Reason::Waived | Reason::Rescheduled | Reason::Changed
        )
    }
}

/// What a threshold is called on a page.
pub fn threshold_text(threshold: Threshold) -> Text {
    match threshold {
        Threshold::Before(days) => Text::new(keys::REMINDER_THRESHOLD_BEFORE).with("days", days),
        Threshold::DueDay => keys::REMINDER_THRESHOLD_DUE_DAY.into(),
        Threshold::Overdue => keys::REMINDER_THRESHOLD_OVERDUE.into(),
        Threshold::Escalation => keys::REMINDER_THRESHOLD_ESCALATION.into(),
        Threshold::Again => keys::REMINDER_THRESHOLD_AGAIN.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;

    #[test]
    fn every_reason_reads_back_and_has_its_sentence() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
            assert!(reason.text().to(Language::ENGLISH).len() > 10);
            assert!(reason.as_str().len() <= 60);
        }
    }

    #[test]
    fn each_channel_has_a_connector_of_its_own() {
        for channel in Channel::ALL {
            assert_eq!(Channel::of(channel.connector()), Some(channel));
        }
        assert_eq!(Channel::of(BUILT_IN_ROUTE), None);
    }
}
