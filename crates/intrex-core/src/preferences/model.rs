//! What can be opted out of, and whether somebody has.

use std::collections::HashSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{channels::EventType, ids::PersonId, obligations::model::Severity};

/// Whether an organisation can let its people opt out of this. Never of what is late, of what was escalated, and of security
/// events.
pub fn can_be_let(event_type: EventType) -> bool {
    let never = matches!(
        event_type,
        EventType::ObligationOverdue | EventType::ObligationEscalated | EventType::SecurityEvent
    );
    !never && EventType::routed().any(|one| one == event_type)
}

/// What somebody is told outside of Intrex, event by event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub struct Preferences {
    /// Every event that can be routed.
    pub events: Vec<Choice>,
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
pub struct OptOuts(HashSet<(PersonId, EventType)>);

impl OptOuts {
    pub(super) fn of(
        chosen: impl IntoIterator<Item = (PersonId, EventType)>,
        let_by: &[EventType],
    ) -> Self {
        let counted = chosen
            .into_iter()
            .filter(|(_, event)| let_by.contains(event) && can_be_let(*event));
        OptOuts(counted.collect())
    }

    /// Whether somebody is not to be told of this outside of Intrex. What is critical is told whatever they have chosen.
    pub fn has(&self, person: PersonId, event_type: EventType, severity: Severity) -> bool {
        severity < Severity::Critical && self.0.contains(&(person, event_type))
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
