//! What becomes of the slots that are due, decided without a database: whether the item is still open, whether the plan
//! still has the slot, whether the person is still there, and which one speaks for several. The ledger was right when it was
//! written; it is asked again at the moment of sending, because between the two lie weeks.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{Channel, Reason};
use crate::obligations::schedule::{DueSlot, ItemFacts, PlannedSlot, Threshold, coalesce};

/// Where a slot of a touched item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Claimed by this sender, just now.
    Ours,
    /// Due, and nobody's.
    Planned,
    /// Another sender's, or sent.
    Theirs,
}

/// A slot whose time has come, of an item that is touched.
#[derive(Debug, Clone)]
pub(super) struct LedgerSlot {
    pub(super) id: Uuid,
    pub(super) item: Uuid,
    pub(super) threshold: Threshold,
    pub(super) falls_on: chrono::NaiveDate,
    pub(super) connector: Uuid,
    pub(super) recipient: Option<Uuid>,
    /// It is sent only if nobody has answered since the first was told.
    pub(super) unanswered: bool,
    pub(super) fingerprint: [u8; 32],
    pub(super) planned_at: DateTime<Utc>,
    pub(super) standing: Standing,
}

/// What is true of the items right now.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Items that are open, with the date of each of their thresholds' slots: what the planner says now.
    pub(super) open: HashMap<Uuid, ItemPlan>,
    /// People who can sign in.
    pub(super) active: HashSet<Uuid>,
    /// The day on which somebody last answered for an item, in its zone.
    pub(super) answered_on: HashMap<Uuid, chrono::NaiveDate>,
    /// Slots of people who wish it otherwise, and how: they hear of it inside of Intrex alone, or in a digest.
    pub(super) unwished: HashMap<Uuid, Reason>,
    /// Whether the installation has a mail server.
    pub(super) mail: bool,
}

impl Facts {
    /// Whether somebody has answered for the item on the day that the slot is about, or later.
    fn answered_since(&self, slot: &LedgerSlot) -> bool {
        let answered = self.answered_on.get(&slot.item);
        answered.is_some_and(|day| *day >= slot.falls_on)
    }
}

/// The plan of one open item.
#[derive(Debug, Default)]
pub(super) struct ItemPlan {
    /// The date on which a threshold falls by the item's due date.
    pub(super) dates: HashMap<Threshold, chrono::NaiveDate>,
    /// The fingerprints of all its slots.
    pub(super) fingerprints: HashSet<[u8; 32]>,
}

impl ItemPlan {
    /// What the plan says of an item.
    pub(super) fn of(item: &ItemFacts, slots: &[PlannedSlot]) -> Self {
        ItemPlan {
            dates: Threshold::all(&item.lead_days)
                .map(|threshold| (threshold, threshold.on(item.due_on, item.grace)))
                .collect(),
            fingerprints: slots.iter().map(|slot| slot.fingerprint).collect(),
        }
    }
}

/// What becomes of one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent now; it is ours.
    Send,
    /// It is not sent.
    Suppress {
        reason: Reason,
        superseded_by: Option<Uuid>,
    },
}

impl Verdict {
    fn suppress(reason: Reason) -> Self {
        Verdict::Suppress {
            reason,
            superseded_by: None,
        }
    }

    /// Whether somebody else may have to be told in the place of this recipient, so that the item is planned anew.
    pub(super) fn asks_for_a_new_plan(self) -> bool {
        matches!(
            self,
            Verdict::Suppress {
                reason: Reason::RecipientInactive | Reason::Changed | Reason::Rescheduled,
                ..
            }
        )
    }
}

/// Judges every slot that is ours or nobody's. A slot of ours always gets a verdict.
pub(super) fn judge(slots: &[LedgerSlot], facts: &Facts) -> Vec<(Uuid, Verdict)> {
    let mut verdicts = Vec::new();
    let mut speaking = Vec::new();
    for slot in slots {
        match moot(slot, facts).filter(|_| slot.standing != Standing::Theirs) {
            Some(reason) => verdicts.push((slot.id, Verdict::suppress(reason))),
            None => speaking.push(slot),
        }
    }
    let standing: HashMap<Uuid, Standing> = speaking
        .iter()
        .map(|slot| (slot.id, slot.standing))
        .collect();
    let coalesced = coalesce(speaking.iter().map(|slot| DueSlot {
        slot_id: slot.id,
        item_id: slot.item,
        recipient_id: slot.recipient,
        connector_id: slot.connector,
        threshold: slot.threshold,
        at: slot.planned_at,
    }));
    let settled = coalesced.superseded.iter().filter_map(|superseded| {
        let id = superseded.slot.slot_id;
        (standing[&id] != Standing::Theirs).then_some((
            id,
            Verdict::Suppress {
                reason: Reason::Superseded,
                superseded_by: Some(superseded.by),
            },
        ))
    });
    verdicts.extend(settled);
    // The latest one may be nobody's yet: it is claimed in its turn.
    let sent = coalesced
        .send
        .iter()
        .filter(|slot| standing[&slot.slot_id] == Standing::Ours);
    verdicts.extend(sent.map(|slot| (slot.slot_id, Verdict::Send)));
    verdicts
}

/// Why nobody needs to hear of it any more.
fn moot(slot: &LedgerSlot, facts: &Facts) -> Option<Reason> {
    let Some(plan) = facts.open.get(&slot.item) else {
        return Some(Reason::ItemClosed);
    };
    if plan
        .dates
        .get(&slot.threshold)
        .is_some_and(|date| *date != slot.falls_on)
    {
        Some(Reason::Rescheduled)
    } else if slot
        .recipient
        .is_some_and(|person| !facts.active.contains(&person))
    {
        Some(Reason::RecipientInactive)
    } else if !plan.fingerprints.contains(&slot.fingerprint) {
        Some(Reason::Changed)
    } else if slot.unanswered && facts.answered_since(slot) {
        Some(Reason::Answered)
    } else if let Some(reason) = facts.unwished.get(&slot.id) {
        Some(*reason)
    } else if !facts.mail && slot.connector == Channel::Email.connector() {
        Some(Reason::NoMailConfigured)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: Uuid = Uuid::from_u128(100);
    const ALICE: Uuid = Uuid::from_u128(200);

    fn slot(id: u8, threshold: Threshold, day: u32, standing: Standing) -> LedgerSlot {
        let falls_on = chrono::NaiveDate::from_ymd_opt(2026, 1, day).expect("a day");
        LedgerSlot {
            id: Uuid::from_u128(id.into()),
            item: ITEM,
            threshold,
            falls_on,
            connector: Channel::Email.connector(),
            recipient: Some(ALICE),
            unanswered: false,
            fingerprint: [id; 32],
            planned_at: falls_on.and_time(chrono::NaiveTime::MIN).and_utc(),
            standing,
        }
    }

    fn as_planned(slots: &[LedgerSlot]) -> Facts {
        let plan = ItemPlan {
            dates: slots
                .iter()
                .map(|slot| (slot.threshold, slot.falls_on))
                .collect(),
            fingerprints: slots.iter().map(|slot| slot.fingerprint).collect(),
        };
        Facts {
            open: HashMap::from([(ITEM, plan)]),
            active: HashSet::from([ALICE]),
            mail: true,
            ..Facts::default()
        }
    }

    fn outcomes(slots: &[LedgerSlot], facts: &Facts) -> Vec<(u128, Option<Reason>)> {
        let mut outcomes: Vec<_> = judge(slots, facts)
            .into_iter()
            .map(|(id, verdict)| match verdict {
                Verdict::Send => (id.as_u128(), None),
                Verdict::Suppress { reason, .. } => (id.as_u128(), Some(reason)),
            })
            .collect();
        outcomes.sort_by_key(|(id, _)| *id);
        outcomes
    }

    #[test]
    fn after_an_outage_the_latest_speaks_for_all() {
        let slots = [
            slot(1, Threshold::Before(14), 1, Standing::Planned),
            slot(2, Threshold::Before(7), 8, Standing::Ours),
            slot(3, Threshold::Before(3), 12, Standing::Ours),
        ];
        assert_eq!(
            outcomes(&slots, &as_planned(&slots)),
            [
                (1, Some(Reason::Superseded)),
                (2, Some(Reason::Superseded)),
                (3, None)
            ]
        );
    }

    #[test]
    fn what_is_ours_yields_to_a_later_one_wherever_that_stands() {
        for later in [Standing::Planned, Standing::Theirs] {
            let slots = [
                slot(1, Threshold::Before(7), 8, Standing::Ours),
                slot(2, Threshold::Before(3), 12, later),
            ];
            assert_eq!(
                outcomes(&slots, &as_planned(&slots)),
                [(1, Some(Reason::Superseded))]
            );
        }
    }

    #[test]
    fn what_others_have_sent_before_changes_nothing() {
        let slots = [
            slot(1, Threshold::Before(7), 8, Standing::Theirs),
            slot(2, Threshold::Before(3), 12, Standing::Ours),
        ];
        assert_eq!(outcomes(&slots, &as_planned(&slots)), [(2, None)]);
    }

    #[test]
    fn a_slot_that_is_moot_does_not_silence_an_earlier_one() {
        let slots = [
            slot(1, Threshold::Before(7), 8, Standing::Ours),
            slot(2, Threshold::Before(3), 12, Standing::Ours),
        ];
        let mut facts = as_planned(&slots);
        facts
            .open
            .get_mut(&ITEM)
            .expect("open")
            .fingerprints
            .remove(&[2; 32]);
        assert_eq!(
            outcomes(&slots, &facts),
            [(1, None), (2, Some(Reason::Changed))]
        );
    }

    #[test]
    fn each_reason_is_told() {
        let slots = [slot(1, Threshold::DueDay, 15, Standing::Ours)];
        let why = |change: fn(&mut Facts)| {
            let mut facts = as_planned(&slots);
            change(&mut facts);
            outcomes(&slots, &facts)[0].1
        };
        assert_eq!(why(|_| {}), None);
        assert_eq!(why(|facts| facts.open.clear()), Some(Reason::ItemClosed));
        assert_eq!(
            why(|facts| facts.active.clear()),
            Some(Reason::RecipientInactive)
        );
        assert_eq!(
            why(|facts| facts.mail = false),
            Some(Reason::NoMailConfigured)
        );
        assert_eq!(
            why(|facts| {
                let slot = Uuid::from_u128(1);
                facts.unwished.insert(slot, Reason::InDigest);
            }),
            Some(Reason::InDigest)
        );
        assert_eq!(
            why(|facts| {
                let plan = facts.open.get_mut(&ITEM).expect("open");
                plan.dates.insert(Threshold::DueDay, chrono::NaiveDate::MAX);
            }),
            Some(Reason::Rescheduled)
        );
        assert_eq!(
            why(|facts| facts
                .open
                .get_mut(&ITEM)
                .expect("open")
                .fingerprints
                .clear()),
            Some(Reason::Changed)
        );
    }

    #[test]
    fn a_step_is_for_when_nobody_has_answered_since_the_first_was_told() {
        let step = LedgerSlot {
            unanswered: true,
            ..slot(1, Threshold::DueDay, 15, Standing::Ours)
        };
        let answered = |day, slot: &LedgerSlot| {
            let slots = [slot.clone()];
            let mut facts = as_planned(&slots);
            let day = chrono::NaiveDate::from_ymd_opt(2026, 1, day).expect("a day");
            facts.answered_on.insert(ITEM, day);
            outcomes(&slots, &facts)[0].1
        };
        assert_eq!(answered(14, &step), None, "an answer to an earlier one");
        assert_eq!(answered(15, &step), Some(Reason::Answered));
        let first = LedgerSlot {
            unanswered: false,
            ..step
        };
        assert_eq!(answered(15, &first), None);
    }

    #[test]
    fn whom_a_connector_names_is_nobody_who_could_be_away() {
        let slots = [LedgerSlot {
            recipient: None,
            ..slot(1, Threshold::DueDay, 15, Standing::Ours)
        }];
        let mut facts = as_planned(&slots);
        facts.active.clear();
        assert_eq!(outcomes(&slots, &facts), [(1, None)]);
    }
}
