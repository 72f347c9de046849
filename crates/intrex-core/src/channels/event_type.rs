//! What organisations are told of: the one list of events that routes choose from, deliveries carry, webhooks name and the
//! documentation describes. A name is a promise to other people's programs: it may be joined by others, and does not change.

use std::fmt;

use serde::Deserialize;

use super::facts::Subject;
use crate::words::words;

words! {
    /// A kind of event.
    #[derive(PartialOrd, Ord, Deserialize)]
    EventType {
        /// A reminder before the due date, or on it.
        ObligationDue = "obligation.due",
        /// The due date has passed.
        ObligationOverdue = "obligation.overdue",
        /// The days of grace have passed too, or nobody has answered.
        ObligationEscalated = "obligation.escalated",
        /// It was done.
        ObligationCompleted = "obligation.completed",
        /// It need not be done, for a reason.
        ObligationWaived = "obligation.waived",
        /// It is due on another day.
        ObligationRescheduled = "obligation.rescheduled",
        /// It is to be done after all.
        ObligationReopened = "obligation.reopened",
        /// Something that somebody should look at.
        SecurityEvent = "security.event",
        /// Messages do not get through a connector.
        ConnectorFailing = "connector.failing",
        /// Nothing is sent by a connector any more.
        ConnectorDisabled = "connector.disabled",
        /// Somebody looks whether a connector works.
        ConnectorVerify = "connector.verify",
        /// Somebody sends a test.
        ConnectorTest = "connector.test",
        /// A message was given up.
        DeliveryDead = "delivery.dead",
        /// Several messages as one.
        Digest = "digest",
    }
}

impl EventType {
    /// What routes can be for: all but what is sent when somebody looks at a connector, which goes by that one alone.
    pub fn routed() -> impl Iterator<Item = Self> {
        EventType::ALL
            .iter()
            .copied()
            .filter(|one| !matches!(one, EventType::ConnectorVerify | EventType::ConnectorTest))
    }

    /// Whether it is planned ahead, and answered.
    pub const fn is_reminder(self) -> bool {
        matches!(
            self,
            EventType::ObligationDue
                | EventType::ObligationOverdue
                | EventType::ObligationEscalated
        )
    }

    /// Whether the log has it under the same name. Routes are followed for it at the moment when it is written there.
    pub const fn is_of_the_log(self) -> bool {
        matches!(
            self,
            EventType::ObligationCompleted
                | EventType::ObligationWaived
                | EventType::ObligationRescheduled
                | EventType::ObligationReopened
                | EventType::ConnectorFailing
                | EventType::ConnectorDisabled
                | EventType::DeliveryDead
        )
    }

    /// What its `entity` is.
    pub const fn subject(self) -> Subject {
        match self {
            EventType::ObligationDue
            | EventType::ObligationOverdue
            | EventType::ObligationEscalated
            | EventType::ObligationCompleted
            | EventType::ObligationWaived
            | EventType::ObligationRescheduled
            | EventType::ObligationReopened => Subject::Obligation,
            EventType::SecurityEvent => Subject::SecurityEvent,
            EventType::ConnectorFailing
            | EventType::ConnectorDisabled
            | EventType::ConnectorVerify
            | EventType::ConnectorTest => Subject::Connector,
            EventType::DeliveryDead => Subject::Delivery,
            EventType::Digest => Subject::Digest,
        }
    }

    /// What has happened, for whoever writes a receiver.
    pub const fn description(self) -> &'static str {
        match self {
            EventType::ObligationDue => {
                "A reminder of an obligation, before its due date or on it."
            }
            EventType::ObligationOverdue => {
                "The due date has passed in the branch's zone, and the obligation is open."
            }
            EventType::ObligationEscalated => {
                "The days of grace have passed, or nobody has answered: others are told."
            }
            EventType::ObligationCompleted => "An obligation was completed.",
            EventType::ObligationWaived => "An obligation was waived.",
            EventType::ObligationRescheduled => "An obligation is due on another day.",
            EventType::ObligationReopened => {
                "An obligation that was completed or waived is open again."
            }
            EventType::SecurityEvent => {
                "Something happened that somebody responsible should look at."
            }
            EventType::ConnectorFailing => "Messages do not get through a connector.",
            EventType::ConnectorDisabled => "Nothing is sent by a connector any more.",
            EventType::ConnectorVerify => {
                "Somebody looks whether this webhook works. There is nothing to do."
            }
            EventType::ConnectorTest => "Somebody sends a test. There is nothing to do.",
            EventType::DeliveryDead => "A message was given up after its last attempt.",
            EventType::Digest => "Several messages, folded into one.",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_stored_and_sent_under_one_name() {
        for event in EventType::ALL.iter().copied() {
            assert_eq!(EventType::parse(event.as_str()), Some(event));
            let sent = serde_json::to_value(event).expect("a word");
            assert_eq!(sent, event.as_str());
            let read: EventType = serde_json::from_value(sent).expect("is read back");
            assert_eq!(read, event);
        }
        assert_eq!(EventType::parse("obligation.forgotten"), None);
    }
}
