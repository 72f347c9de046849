//! Which reminders make one message, and how many messages one recipient gets over one way in an hour. Decided without a
//! database, so that the sender and the look ahead decide the same.
//!
//! What is over the organisation's number waits for the next hour and comes as one message then. What is critical or escalated
//! comes at once, and brings along what goes the same way.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    connectors::ConnectorType,
    deliveries::MAX_NOTICES,
    obligations::{model::Severity, schedule::Threshold},
};

/// A reminder that is due and goes out of Intrex.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) item: Uuid,
    pub(super) severity: Severity,
    pub(super) threshold: Threshold,
    pub(super) at: DateTime<Utc>,
    pub(super) way: Uuid,
    pub(super) recipient: Option<Uuid>,
}

impl Due {
    /// It waits for nothing.
    fn urgent(&self) -> bool {
        self.severity == Severity::Critical || self.threshold == Threshold::Escalation
    }
}

/// Who gets messages over which way; nobody in particular where the connector names that.
pub(super) type Inbox = (Uuid, Option<Uuid>);

/// One message to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bundle {
    pub(super) to: Inbox,
    /// It counts, and may have to wait. What goes to a program disturbs nobody.
    pub(super) counts: bool,
    pub(super) urgent: bool,
    /// Which of the reminders, by their place in what was given.
    pub(super) parts: Vec<usize>,
}

/// Puts what goes the same way to the same recipient into one message, where a message can hold more than
/// one thing; the most pressing messages first. `types` are those of the organisation's own connectors.
pub(super) fn bundles(due: &[Due], types: &HashMap<Uuid, ConnectorType>) -> Vec<Bundle> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (place, one) in due.iter().enumerate() {
        let alone = match types.get(&one.way) {
            // Their message is about one thing.
            Some(ConnectorType::Webhook | ConnectorType::WhatsappBusiness) => {
                Some((one.item, one.threshold))
            }
            Some(ConnectorType::EmailSmtp | ConnectorType::TelegramBot) | None => None,
        };
        let key = (one.way, one.recipient, alone);
        groups.entry(key).or_default().push(place);
    }
    let mut bundles = Vec::new();
    for ((way, recipient, _), mut places) in groups {
        places.sort_by_key(|place| {
            let one = &due[*place];
            (Reverse(one.urgent()), one.at, one.threshold, one.item)
        });
        bundles.extend(places.chunks(MAX_NOTICES).map(|parts| Bundle {
            to: (way, recipient),
            counts: types.get(&way) != Some(&ConnectorType::Webhook),
            urgent: parts.iter().any(|place| due[*place].urgent()),
            parts: parts.to_vec(),
        }));
    }
    bundles.sort_by_key(|bundle| {
        let parts = || bundle.parts.iter().map(|place| &due[*place]);
        let gravest = parts().map(|one| (one.severity, one.threshold)).max();
        let first = parts().map(|one| (one.at, one.item)).min();
        (Reverse(bundle.urgent), Reverse(gravest), first)
    });
    bundles
}

/// What is left of an hour's messages.
#[derive(Debug)]
pub(super) struct Budget {
    limit: i64,
    had: HashMap<Inbox, i64>,
}

impl Budget {
    /// So many messages a recipient and way, of which some were had.
    pub(super) fn new(limit: i64, had: HashMap<Inbox, i64>) -> Self {
        Budget { limit, had }
    }

    /// Whether a message goes now. One that goes is counted, an urgent one too.
    pub(super) fn admits(&mut self, bundle: &Bundle) -> bool {
        if !bundle.counts {
            return true;
        }
        let had = self.had.entry(bundle.to).or_default();
        let goes = bundle.urgent || *had < self.limit;
        *had += i64::from(goes);
        goes
    }
}

/// The full hour, of UTC, in which an instant lies.
pub(super) fn hour_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

/// When what has to wait is looked at again.
pub(super) fn next_hour(at: DateTime<Utc>) -> DateTime<Utc> {
    hour_of(at) + TimeDelta::hours(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: Uuid = Uuid::from_u128(1);
    const HOOK: Uuid = Uuid::from_u128(2);
    const PHONE: Uuid = Uuid::from_u128(3);
    const ALICE: Option<Uuid> = Some(Uuid::from_u128(10));

    fn due(item: u128, way: Uuid, severity: Severity, threshold: Threshold) -> Due {
        Due {
            item: Uuid::from_u128(item),
            severity,
            threshold,
            at: "2026-11-23T03:00:00Z".parse().expect("an instant"),
            way,
            recipient: ALICE,
        }
    }

    fn types() -> HashMap<Uuid, ConnectorType> {
        HashMap::from([
            (HOOK, ConnectorType::Webhook),
            (PHONE, ConnectorType::WhatsappBusiness),
        ])
    }

    #[test]
    fn what_goes_the_same_way_is_one_message_where_one_can_hold_it() {
        let soon = Threshold::Before(7);
        let due: Vec<Due> = [MAIL, MAIL, PHONE, PHONE, HOOK, HOOK]
            .into_iter()
            .zip(1..)
            .map(|(way, item)| due(item, way, Severity::Low, soon))
            .collect();
        let bundles = bundles(&due, &types());
        let mut sizes: Vec<(Uuid, usize, bool)> = bundles
            .iter()
            .map(|bundle| (bundle.to.0, bundle.parts.len(), bundle.counts))
            .collect();
        sizes.sort_unstable();
        assert_eq!(
            sizes,
            [
                (MAIL, 2, true),
                (HOOK, 1, false),
                (HOOK, 1, false),
                (PHONE, 1, true),
                (PHONE, 1, true)
            ]
        );
    }

    #[test]
    fn a_message_holds_so_many_and_the_most_pressing_come_first() {
        let mut many: Vec<Due> = (0..60)
            .map(|item| due(item, MAIL, Severity::Low, Threshold::DueDay))
            .collect();
        many[59].severity = Severity::Critical;
        let bundles = bundles(&many, &types());
        assert_eq!(bundles.len(), 2);
        assert!(bundles[0].urgent && !bundles[1].urgent);
        assert_eq!(bundles[0].parts[0], 59);
        assert_eq!(bundles[0].parts.len(), MAX_NOTICES);
    }

    #[test]
    fn so_many_go_in_an_hour_and_what_is_urgent_all_the_same() {
        let low = |item| due(item, PHONE, Severity::Low, Threshold::DueDay);
        let mut dues: Vec<Due> = (0..4).map(low).collect();
        dues.push(due(9, PHONE, Severity::Low, Threshold::Escalation));
        let bundles = bundles(&dues, &types());
        let mut budget = Budget::new(3, HashMap::from([((PHONE, ALICE), 1)]));
        let goes: Vec<bool> = bundles.iter().map(|one| budget.admits(one)).collect();
        assert!(bundles[0].urgent);
        assert_eq!(goes, [true, true, false, false, false]);
        let elsewhere = Bundle {
            to: (PHONE, None),
            ..bundles[4].clone()
        };
        assert!(budget.admits(&elsewhere));
    }

    #[test]
    fn an_hour_is_one_of_utc() {
        let at = "2026-11-23T03:59:59.5Z".parse().expect("an instant");
        assert_eq!(hour_of(at).to_rfc3339(), "2026-11-23T03:00:00+00:00");
        assert_eq!(next_hour(at).to_rfc3339(), "2026-11-23T04:00:00+00:00");
        assert_eq!(
            next_hour(next_hour(at)),
            next_hour(at) + TimeDelta::hours(1)
        );
    }
}
