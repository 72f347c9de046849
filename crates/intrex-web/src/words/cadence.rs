//! How often something comes back, in words: `every month on the second Tuesday`.

use chrono::Weekday;
use intrex_core::{
    catalogue::{Key, Text, keys},
    obligations::recurrence::{Cadence, Recurrence},
};

use super::Words;

impl Words {
    /// A rule as it is stored; none is said to be owed once.
    pub(crate) fn recurrence(self, rule: Option<&str>) -> String {
        let Some(rule) = rule else {
            return self.t(keys::CADENCE_ONCE);
        };
        match Recurrence::parse(rule) {
            Ok(parsed) => self.cadence(&parsed.describe(), rule),
            Err(_) => rule.to_owned(),
        }
    }

    fn cadence(self, cadence: &Cadence, rule: &str) -> String {
        let every = |key: Key, interval: &u32| Text::new(key).with("n", *interval);
        let text = match cadence {
            Cadence::Daily { interval } => every(keys::CADENCE_DAILY, interval),
            Cadence::Weekly { interval } => every(keys::CADENCE_WEEKLY, interval),
            Cadence::WeeklyOn { interval, weekdays } => {
                every(keys::CADENCE_WEEKLY_ON, interval).with("days", self.weekdays(weekdays))
            }
            Cadence::Monthly { interval } => every(keys::CADENCE_MONTHLY, interval),
            Cadence::MonthlyOnDay { interval, day: -1 } => {
                every(keys::CADENCE_MONTHLY_ON_LAST_DAY, interval)
            }
            Cadence::MonthlyOnDay { interval, day } if *day < 0 => {
                every(keys::CADENCE_MONTHLY_BEFORE_END, interval).with("before", -day - 1)
            }
            Cadence::MonthlyOnDay { interval, day } => {
                every(keys::CADENCE_MONTHLY_ON_DAY, interval).with("day", *day)
            }
            Cadence::MonthlyOnWeekday {
                interval,
                ordinal,
                weekday,
            } => every(keys::CADENCE_MONTHLY_ON_WEEKDAY, interval)
                .with("ordinal", self.t(ordinal_key(*ordinal)))
                .with("weekday", self.weekday("weekday", *weekday)),
            Cadence::Yearly { interval } => every(keys::CADENCE_YEARLY, interval),
            Cadence::YearlyOn {
                interval,
                month,
                day: -1,
            } => every(keys::CADENCE_YEARLY_ON_LAST_DAY, interval)
                .with("month", self.month("month", *month)),
            Cadence::YearlyOn {
                interval,
                month,
                day,
            } if *day > 0 => every(keys::CADENCE_YEARLY_ON, interval)
                .with("day", *day)
                .with("month", self.month("month", *month)),
            Cadence::YearlyOn { .. } | Cadence::Custom => {
                Text::new(keys::CADENCE_CUSTOM).with("rule", rule)
            }
        };
        self.say(&text)
    }

    fn weekdays(self, days: &[Weekday]) -> String {
        let names: Vec<String> = days
            .iter()
            .map(|day| self.weekday("weekday", *day))
            .collect();
        self.list(&names)
    }

    /// `Monday, Tuesday and Friday`
    pub(crate) fn list(self, names: &[String]) -> String {
        let Some((last, rest)) = names.split_last() else {
            return String::new();
        };
        let Some((first, others)) = rest.split_first() else {
            return last.clone();
        };
        let before = others.iter().fold(first.clone(), |so_far, next| {
            self.say(
                &Text::new(keys::LIST_COMMA)
                    .with("first", so_far)
                    .with("next", next.as_str()),
            )
        });
        self.say(
            &Text::new(keys::LIST_AND)
                .with("first", before)
                .with("last", last.as_str()),
        )
    }
}

fn ordinal_key(ordinal: i32) -> Key {
    match ordinal {
        1 => keys::ORDINAL_FIRST,
        2 => keys::ORDINAL_SECOND,
        3 => keys::ORDINAL_THIRD,
        4 => keys::ORDINAL_FOURTH,
        -1 => keys::ORDINAL_LAST,
        -2 => keys::ORDINAL_SECOND_LAST,
        -3 => keys::ORDINAL_THIRD_LAST,
        -4 => keys::ORDINAL_FOURTH_LAST,
        -5 => keys::ORDINAL_FIFTH_LAST,
        // The rule allows 1 to 5 and -1 to -5.
        _ => keys::ORDINAL_FIFTH,
    }
}

#[cfg(test)]
mod tests {
    use intrex_core::catalogue::Language;

    use super::*;

    #[test]
    fn rules_that_people_use_are_said_in_words() {
        let said = |rule| Words(Language::ENGLISH).recurrence(Some(rule));
        assert_eq!(said("FREQ=MONTHLY"), "every month");
        assert_eq!(said("FREQ=MONTHLY;INTERVAL=3"), "every 3 months");
        assert_eq!(
            said("FREQ=WEEKLY;BYDAY=MO,TU,FR"),
            "every week on Monday, Tuesday and Friday"
        );
        assert_eq!(
            said("FREQ=MONTHLY;BYMONTHDAY=-1"),
            "on the last day of every month"
        );
        assert_eq!(
            said("FREQ=MONTHLY;BYMONTHDAY=-3"),
            "every month, 2 days before its last"
        );
        assert_eq!(
            said("FREQ=MONTHLY;BYDAY=2TU"),
            "every month on the second Tuesday"
        );
        assert_eq!(
            said("FREQ=MONTHLY;BYDAY=-1FR"),
            "every month on the last Friday"
        );
        assert_eq!(
            said("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=31"),
            "every year on 31 March"
        );
        assert_eq!(said("FREQ=DAILY;INTERVAL=90"), "every 90 days");
        assert_eq!(
            said("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1"),
            "by the rule FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1"
        );
        assert_eq!(Words(Language::ENGLISH).recurrence(None), "once");
    }
}
