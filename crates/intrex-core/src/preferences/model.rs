//! What can be opted out of, and whether somebody has.

use std::collections::HashSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    channels::EventType,
    digests::{Kind, Wish},
    ids::PersonId,
    obligations::model::Severity,
    words::words,
};

/// Whether an organisation can let its people opt out of this. Never of what is late, of what was escalated, and of security
/// events.
pub fn can_be_let(event_type: EventType) -> bool {
    let never = matches!(
        event_type,
        EventType::ObligationOverdue | EventType::ObligationEscalated | EventType::SecurityEvent
    );
    !never && EventType::routed().any(|one| one == event_type)
}

words! {
    /// How often somebody gets a digest of what they have to do.
    Digest {
        /// Never.
        None = "none",
        /// Every day.
        Daily = "daily",
        /// Every Monday.
        Weekly = "weekly",
    }
}

impl Digest {
    /// The kind that is sent.
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Digest::None => None,
            Digest::Daily => Some(Kind::Daily),
            Digest::Weekly => Some(Kind::Weekly),
        }
    }
}

impl From<Option<Wish>> for Digest {
    fn from(wish: Option<Wish>) -> Self {
        match wish.map(|wish| wish.kind) {
            None => Digest::None,
            Some(Kind::Daily) => Digest::Daily,
            Some(Kind::Weekly) => Digest::Weekly,
        }
    }
}

/// What somebody is told outside of Intrex, event by event, and whether it comes together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub struct Preferences {
    /// Every event that can be routed.
    pub events: Vec<Choice>,
    /// How often a digest comes of what they have to do.
    pub digest: Digest,
    /// Whether it comes in the place of single reminders. What is overdue, escalated or critical comes singly all the same.
    pub digest_instead: bool,
    /// Whether the organisation lets its people leave single reminders out; the choice counts where it does.
    pub digest_instead_optional: bool,
    /// The IANA time zone by whose clock a digest comes, at eight: that of the branches where they work, if these share one,
    /// else the organisation's.
    pub digest_time_zone: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NotificationPreference)]
pub struct Choice {
    /// Which.
    pub event_type: EventType,
    /// Whether the organisation lets its people opt out of it. What is critical is told all the same.
    pub optional: bool,
    /// Whether this person has opted out. It counts where it is optional.
    pub opted_out: bool,
}

/// Who has opted out of what, as far as their organisation lets them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptOuts {
    chosen: HashSet<(PersonId, EventType)>,
    let_by: Vec<EventType>,
}

impl OptOuts {
    pub(super) fn of(
        chosen: impl IntoIterator<Item = (PersonId, EventType)>,
        let_by: &[EventType],
    ) -> Self {
        OptOuts {
            chosen: chosen.into_iter().collect(),
            let_by: let_by.to_vec(),
        }
    }

    /// Whether people may leave this out outside of Intrex, or have it in another form. What is critical is told whatever
    /// their organisation lets them.
    pub fn lets(&self, event_type: EventType, severity: Severity) -> bool {
        severity < Severity::Critical && self.let_by.contains(&event_type) && can_be_let(event_type)
    }

    /// Whether somebody is not to be told of this outside of Intrex. What is critical is told whatever they have chosen.
    pub fn has(&self, person: PersonId, event_type: EventType, severity: Severity) -> bool {
        self.lets(event_type, severity) && self.chosen.contains(&(person, event_type))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_opt_out_counts_where_the_organisation_lets_it_and_never_for_what_is_critical() {
        let (ann, bob) = (
            PersonId::from(Uuid::from_u128(1)),
            PersonId::from(Uuid::from_u128(2)),
        );
        for event in EventType::ALL.iter().copied() {
            let all = EventType::ALL.iter().map(|event| (ann, *event));
            let opt_outs = OptOuts::of(all.clone(), EventType::ALL);
            assert_eq!(
                opt_outs.has(ann, event, Severity::High),
                can_be_let(event),
                "{event}"
            );
            assert!(!opt_outs.has(ann, event, Severity::Critical), "{event}");
            assert!(!opt_outs.has(bob, event, Severity::Low), "{event}");
            assert!(!OptOuts::of(all, &[]).has(ann, event, Severity::Low));
        }
        for never in [
            EventType::ObligationOverdue,
            EventType::ObligationEscalated,
            EventType::SecurityEvent,
            EventType::ConnectorTest,
        ] {
            assert!(!can_be_let(never), "{never}");
        }
        assert!(can_be_let(EventType::ObligationDue) && can_be_let(EventType::Digest));
    }
}
