//! What an obligation's state is called and how it looks: amber is due, red is overdue, and there is always an icon and a
//! word beside the colour.

use chrono::NaiveDate;
use intrex_core::{
    catalogue::{Text, keys},
    obligations::{
        model::Obligation,
        schedule::{Status, Threshold},
    },
    reports::model::SOON_DAYS,
};

use super::Words;

/// A state as templates draw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    /// The class: `over`, `due`, `ok`, `mute` or `info`.
    pub(crate) kind: &'static str,
    /// The icon.
    pub(crate) icon: &'static str,
    /// The words.
    pub(crate) words: String,
}

/// A severity as templates draw it: a measure, not an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Severity {
    /// As programs see it; also the class.
    pub(crate) name: String,
    /// The icon.
    pub(crate) icon: &'static str,
    /// The words.
    pub(crate) words: String,
}

impl Words {
    /// An obligation's state on a day of its branch's zone.
    pub(crate) fn state(self, item: &Obligation, today: NaiveDate) -> Tag {
        let days = (item.due_on - today).num_days();
        let tag = |kind, icon, words| Tag { kind, icon, words };
        match item.status() {
            Status::Overdue => tag("over", "alert", self.count(keys::STATE_OVERDUE, -days)),
            Status::DueToday => tag("due", "clock", self.t(keys::STATE_DUE_TODAY)),
            Status::Upcoming if days == 1 => tag("due", "clock", self.t(keys::STATE_DUE_TOMORROW)),
            Status::Upcoming if days <= SOON_DAYS => {
                tag("due", "clock", self.count(keys::STATE_DUE_IN, days))
            }
            Status::Upcoming => tag("mute", "calendar", self.count(keys::STATE_LATER, days)),
            Status::Completed => {
                let on = item.completion.as_ref().map_or(item.due_on, |done| done.on);
                let text = Text::new(keys::STATE_COMPLETED).with("date", self.day_and_month(on));
                tag("ok", "check", self.say(&text))
            }
            Status::Waived => tag("mute", "stop", self.t(keys::STATE_WAIVED)),
        }
    }

    /// A severity.
    pub(crate) fn severity(self, name: &str) -> Severity {
        Severity {
            name: name.to_owned(),
            icon: match name {
                "low" => "level-1",
                "medium" => "level-2",
                "high" => "level-3",
                _ => "level-4",
            },
            words: self.named("severity", name),
        }
    }

    /// A reminder by its threshold: `Reminder 7 days before`.
    pub(crate) fn threshold(self, code: &str) -> String {
        match Threshold::parse(code) {
            Some(Threshold::Before(days)) => self.count(keys::THRESHOLD_BEFORE, days.into()),
            Some(Threshold::DueDay) => self.t(keys::THRESHOLD_DUE_DAY),
            Some(Threshold::Overdue) => self.t(keys::THRESHOLD_OVERDUE),
            Some(Threshold::Escalation) => self.t(keys::THRESHOLD_ESCALATION),
            Some(Threshold::Again) => self.t(keys::THRESHOLD_AGAIN),
            None => code.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use intrex_core::catalogue::Language;
    use uuid::Uuid;

    use super::*;

    const WORDS: Words = Words(Language::ENGLISH);

    fn item(status: &'static str, due_on: &str) -> Obligation {
        Obligation {
            id: Uuid::nil().into(),
            branch_id: Uuid::nil().into(),
            template_id: None,
            category: "tax_vat".into(),
            title: "VAT return".into(),
            severity: "high".into(),
            status,
            due_on: due_on.parse().expect("a date"),
            grace_days: 0,
            lead_days: Vec::new(),
            recurrence: None,
            anchor: "schedule".into(),
            owner_id: None,
            deputy_id: None,
            source: "manual".into(),
            external_id: None,
            reference: String::new(),
            notes: String::new(),
            completion: None,
            waiver: None,
            series_id: Uuid::nil().into(),
            created_at: DateTime::<Utc>::UNIX_EPOCH,
            updated_at: DateTime::<Utc>::UNIX_EPOCH,
            version: 1,
            time_zone: "Asia/Dhaka".into(),
            branch_name: "Gulshan".into(),
        }
    }

    #[test]
    fn amber_begins_fourteen_days_before_and_red_the_day_after() {
        let today: NaiveDate = "2026-11-22".parse().expect("a date");
        let said = |status, due_on| {
            let tag = WORDS.state(&item(status, due_on), today);
            format!("{} {}", tag.kind, tag.words)
        };
        assert_eq!(said("upcoming", "2026-12-07"), "mute In 15 days");
        assert_eq!(said("upcoming", "2026-12-06"), "due Due in 14 days");
        assert_eq!(said("upcoming", "2026-11-23"), "due Due tomorrow");
        assert_eq!(said("due_today", "2026-11-22"), "due Due today");
        assert_eq!(said("overdue", "2026-11-21"), "over Overdue 1 day");
        assert_eq!(said("overdue", "2026-11-16"), "over Overdue 6 days");
        assert_eq!(said("waived", "2026-11-16"), "mute Waived");
    }

    #[test]
    fn every_severity_and_category_of_the_product_has_its_words() {
        for severity in intrex_core::obligations::model::Severity::ALL {
            assert!(
                intrex_core::catalogue::Key::find(&format!("severity-{}", severity.as_str()))
                    .is_some()
            );
        }
        for category in intrex_core::obligations::model::CATEGORIES {
            assert_ne!(WORDS.category(category), category);
        }
        assert_eq!(WORDS.category("Boiler"), "Boiler");
        assert_eq!(WORDS.threshold("before_7"), "Reminder 7 days before");
        assert_eq!(WORDS.threshold("escalation"), "Escalation");
    }
}
