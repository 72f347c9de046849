//! When a way that fails is left alone: after a few failures in a row nothing is tried for a while, then one message, then for
//! twice as long. Who looks after it is told after a day and after three, and after five nothing is sent by it any more. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// Failures in a row after which it is parked.
const FAILURES: i32 = 5;
/// How long it is parked first; twice as long after each probe that fails.
const FIRST_PARKED: TimeDelta = TimeDelta::seconds(30);
/// The longest that it is parked.
const LONGEST_PARKED: TimeDelta = TimeDelta::minutes(30);
/// After how long failing who looks after it is told, each time once.
const NOTICES_AFTER: [TimeDelta; 2] = [TimeDelta::hours(24), TimeDelta::hours(72)];
/// After how long failing nothing is sent by it any more.
const DISABLED_AFTER: TimeDelta = TimeDelta::days(5);

/// How a way stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Breaker {
    pub(super) failing_since: Option<DateTime<Utc>>,
    pub(super) failures: i32,
    pub(super) parked_until: Option<DateTime<Utc>>,
    pub(super) notices: i16,
}

/// What somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It has failed for so long; the n-th notice.
    Failing(i16),
    /// It has failed for too long.
    Disabled,
    /// It works again, after somebody was told that it did not.
    Recovered,
}

impl Breaker {
    /// A message was taken.
    pub(super) fn worked(&mut self) -> Option<News> {
        let told = self.notices > 0;
        *self = Breaker::default();
        told.then_some(News::Recovered)
    }

    /// The other side wants to be left alone until then. It is there: this is no failure.
    pub(super) fn asked_to_wait(&mut self, until: DateTime<Utc>) {
        self.parked_until = self.parked_until.max(Some(until));
    }

    /// A message was not taken, and the next would not be either.
    pub(super) fn failed(&mut self, now: DateTime<Utc>) -> Option<News> {
        let since = *self.failing_since.get_or_insert(now);
        // What was on its way when it was parked does not count for the length of the next wait.
        if self.parked_until.is_none_or(|until| until <= now) {
            self.failures = self.failures.saturating_add(1);
            if self.failures >= FAILURES {
                let doublings = (self.failures - FAILURES).clamp(0, 16).unsigned_abs();
                let wait = (FIRST_PARKED * 2_i32.pow(doublings)).min(LONGEST_PARKED);
                self.parked_until = Some(now + wait);
            }
        }
        let failing_for = now - since;
        let due = NOTICES_AFTER.iter().filter(|after| failing_for >= **after);
        let due = i16::try_from(due.count()).unwrap_or(i16::MAX);
        if due > self.notices {
            self.notices = due;
            return Some(News::Failing(due));
        }
        let warned = usize::from(self.notices.unsigned_abs()) >= NOTICES_AFTER.len();
        let over = warned && failing_for >= DISABLED_AFTER && self.failures >= FAILURES;
        over.then_some(News::Disabled)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T03:00:00Z".parse().expect("an instant")
    }

    #[test]
    fn it_is_parked_after_five_failures_and_for_twice_as_long_each_time() {
        let (mut way, mut now) = (Breaker::default(), now());
        for _ in 0..4 {
            assert_eq!(way.failed(now), None);
            assert_eq!(way.parked_until, None);
        }
        let mut waits = Vec::new();
        for _ in 0..9 {
            way.failed(now);
            let until = way.parked_until.expect("is parked");
            // Seven more were on their way.
            for _ in 0..7 {
                way.failed(now);
            }
            assert_eq!(way.parked_until, Some(until));
            waits.push((until - now).num_seconds());
            now = until;
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
        assert_eq!(way.worked(), None);
        assert_eq!(way, Breaker::default());
    }

    #[test]
    fn somebody_is_told_after_a_day_and_after_three_and_it_ends_after_five() {
        let mut way = Breaker::default();
        let mut told = Vec::new();
        for hour in 0..=130 {
            if let Some(news) = way.failed(now() + TimeDelta::hours(hour)) {
                told.push((hour, news));
                if news == News::Disabled {
                    break;
                }
            }
        }
        let expected = [
            (24, News::Failing(1)),
            (72, News::Failing(2)),
            (120, News::Disabled),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn nothing_ends_before_somebody_was_told() {
        let mut way = Breaker::default();
        way.failed(now());
        let later = now() + TimeDelta::days(9);
        assert_eq!(way.failed(later), Some(News::Failing(2)));
        for _ in 3..5 {
            assert_eq!(way.failed(later), None, "so few failures are not enough");
        }
        assert_eq!(way.failed(later), Some(News::Disabled));
    }

    #[test]
    fn who_was_told_that_it_fails_is_told_that_it_works() {
        let mut way = Breaker::default();
        way.failed(now());
        way.failed(now() + TimeDelta::hours(25));
        assert_eq!(way.worked(), Some(News::Recovered));
    }

    #[test]
    fn who_asks_to_be_left_alone_is_and_that_is_no_failure() {
        let mut way = Breaker::default();
        let until = now() + TimeDelta::hours(2);
        way.asked_to_wait(until);
        way.asked_to_wait(now());
        assert_eq!((way.parked_until, way.failures), (Some(until), 0));
        assert_eq!(way.failing_since, None);
    }

    proptest! {
        #[test]
        fn one_success_forgets_everything(gaps in proptest::collection::vec(0_i64..100_000, 0..60)) {
            let (mut way, mut at) = (Breaker::default(), now());
            for gap in gaps {
                at += TimeDelta::seconds(gap);
                way.failed(at);
                if let Some(until) = way.parked_until {
                    prop_assert!(until - at <= LONGEST_PARKED);
                }
            }
            way.worked();
            prop_assert_eq!(way, Breaker::default());
        }
    }
}
