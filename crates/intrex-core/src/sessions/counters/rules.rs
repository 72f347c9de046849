//! When failures become a lock, and for how long: pure rules over one counter.

use chrono::{DateTime, TimeDelta, Utc};

use super::Scope;
use crate::app::Settings;

/// The longest lock.
const MAX_COOLDOWN: TimeDelta = TimeDelta::days(1);
/// How long after a lock has ended the next one is still longer than the first.
const LOCKS_REMEMBERED_FOR: TimeDelta = TimeDelta::days(1);
/// How long a counter can matter after its last change: the longest lock, and its memory.
pub(super) const REMEMBERED_FOR: TimeDelta = TimeDelta::days(2);
/// Links to set another password that one account may be sent within [`RESET_WINDOW`].
const MAX_RESETS: u32 = 5;
/// See [`MAX_RESETS`].
const RESET_WINDOW: TimeDelta = TimeDelta::hours(1);
/// Invitations that one organisation sends to one address within [`INVITATION_WINDOW`].
const MAX_INVITATIONS_TO_ADDRESS: u32 = 5;
/// Invitations that one organisation sends at all within [`INVITATION_WINDOW`].
const MAX_INVITATIONS: u32 = 500;
/// See [`MAX_INVITATIONS`].
const INVITATION_WINDOW: TimeDelta = TimeDelta::hours(24);
/// A network may fail this many times as often as an account, and its known devices together ask as often as one of them: an office of many people is behind one address.
const NETWORK_FACTOR: u32 = 10;

/// One counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counter {
    /// Where the window began.
    pub window_from: DateTime<Utc>,
    /// Failures, or requests, in the window.
    pub failures: i32,
    /// How often it was locked lately.
    pub locks: i32,
    /// Until when it is locked, or was.
    pub locked_until: Option<DateTime<Utc>>,
}

impl Counter {
    /// One that counts nothing yet.
    pub(crate) fn at(now: DateTime<Utc>) -> Self {
        Counter {
            window_from: now,
            failures: 0,
            locks: 0,
            locked_until: None,
        }
    }

    /// Until when it is locked, if it is.
    pub(crate) fn locked_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.locked_until.filter(|until| *until > now)
    }
}

/// How much is too much.
#[derive(Debug, Clone)]
pub(in crate::sessions) struct Limits {
    pub threshold: u32,
    pub window: TimeDelta,
    pub cooldown: TimeDelta,
}

impl Limits {
    /// Of failures.
    pub(super) fn failures(settings: &Settings, scope: Scope) -> Self {
        let factor = match scope {
            Scope::Account | Scope::AccountNetwork | Scope::Device => 1,
            Scope::Network
            | Scope::Rate
            | Scope::FactorRate
            | Scope::Reset
            | Scope::Invitation
            | Scope::Invitations => NETWORK_FACTOR,
        };
        Limits {
            threshold: settings.lockout_threshold.max(1).saturating_mul(factor),
            window: TimeDelta::seconds(settings.lockout_window_sec.into()),
            cooldown: TimeDelta::seconds(settings.lockout_base_cooldown_sec.into()),
        }
    }

    /// Of requests for a link to set another password.
    pub(super) fn resets() -> Self {
        Limits {
            threshold: MAX_RESETS,
            window: RESET_WINDOW,
            cooldown: TimeDelta::zero(),
        }
    }

    /// Of invitations to one address, or of an organisation.
    pub(super) fn invitations(scope: Scope) -> Self {
        Limits {
            threshold: match scope {
                Scope::Invitation => MAX_INVITATIONS_TO_ADDRESS,
                _ => MAX_INVITATIONS,
            },
            window: INVITATION_WINDOW,
            cooldown: TimeDelta::zero(),
        }
    }

    /// Of requests by all known devices of a network.
    pub(super) fn rate_of_known_devices(settings: &Settings) -> Self {
        let one = Self::rate(settings);
        Limits {
            threshold: one.threshold.saturating_mul(NETWORK_FACTOR),
            ..one
        }
    }

    /// Of requests.
    pub(super) fn rate(settings: &Settings) -> Self {
        Limits {
            threshold: settings.auth_rate_limit_max.max(1),
            window: TimeDelta::seconds(settings.auth_rate_limit_window_sec.into()),
            cooldown: TimeDelta::zero(),
        }
    }
}

/// The counter after one more failure. At the threshold it is locked, twice as long each time, a day at most.
pub(in crate::sessions) fn after_failure(
    mut counter: Counter,
    now: DateTime<Utc>,
    limits: &Limits,
) -> Counter {
    if now - counter.window_from >= limits.window {
        counter.window_from = now;
        counter.failures = 0;
    }
    if counter
        .locked_until
        .is_some_and(|until| now - until >= LOCKS_REMEMBERED_FOR)
    {
        counter.locks = 0;
        counter.locked_until = None;
    }
    counter.failures = counter.failures.saturating_add(1);
    if u32::try_from(counter.failures).unwrap_or(0) >= limits.threshold {
        let doublings = u32::try_from(counter.locks).unwrap_or(0).min(30);
        let cooldown = i32::try_from(1u32 << doublings)
            .ok()
            .and_then(|factor| limits.cooldown.checked_mul(factor))
            .map_or(MAX_COOLDOWN, |cooldown| cooldown.min(MAX_COOLDOWN));
        counter.locked_until = Some(now + cooldown);
        counter.locks = counter.locks.saturating_add(1);
        counter.failures = 0;
        counter.window_from = now;
    }
    counter
}

/// Whether a request goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Admitted {
    /// When the next window begins, if this one is used up.
    pub wait_until: Option<DateTime<Utc>>,
    /// Whether this is the window's first refusal: the one that is told.
    pub first_refusal: bool,
}

/// The counter after one more request.
pub(super) fn after_request(
    mut counter: Counter,
    now: DateTime<Utc>,
    limits: &Limits,
) -> (Counter, Admitted) {
    // A clock that was set back must not make a window of years.
    if now - counter.window_from >= limits.window || counter.window_from > now {
        counter.window_from = now;
        counter.failures = 0;
    }
    counter.failures = counter.failures.saturating_add(1);
    let requests = u32::try_from(counter.failures).unwrap_or(u32::MAX);
    let admitted = Admitted {
        wait_until: (requests > limits.threshold).then(|| counter.window_from + limits.window),
        first_refusal: requests == limits.threshold.saturating_add(1),
    };
    (counter, admitted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        threshold: 10,
        window: TimeDelta::seconds(600),
        cooldown: TimeDelta::seconds(300),
    };

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
    }

    fn fresh() -> Counter {
        Counter {
            window_from: at(0),
            failures: 0,
            locks: 0,
            locked_until: None,
        }
    }

    /// Fails ten times at once; how long the lock is, in seconds.
    fn locked_for(counter: &mut Counter, second: i64) -> Option<i64> {
        for _ in 0..10 {
            *counter = after_failure(counter.clone(), at(second), &LIMITS);
        }
        counter
            .locked_at(at(second))
            .map(|until| (until - at(second)).num_seconds())
    }

    #[test]
    fn the_tenth_failure_within_ten_minutes_locks() {
        let mut counter = fresh();
        for failure in 1..10 {
            counter = after_failure(counter, at(failure), &LIMITS);
            assert_eq!(counter.locked_at(at(failure)), None, "failure {failure}");
        }
        counter = after_failure(counter, at(599), &LIMITS);
        assert_eq!(counter.locked_at(at(599)), Some(at(899)));
        assert_eq!(counter.locked_at(at(899)), None);
    }

    #[test]
    fn failures_of_an_older_window_do_not_count() {
        let mut counter = fresh();
        for _ in 0..9 {
            counter = after_failure(counter, at(1), &LIMITS);
        }
        counter = after_failure(counter, at(601), &LIMITS);
        assert_eq!((counter.failures, counter.locked_until), (1, None));
    }

    #[test]
    fn each_lock_is_twice_as_long_up_to_a_day_and_a_quiet_day_forgets_it() {
        let mut counter = fresh();
        let mut second = 0;
        for expected in [
            300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 76_800, 86_400, 86_400,
        ] {
            assert_eq!(locked_for(&mut counter, second), Some(expected));
            second += expected;
        }
        assert_eq!(locked_for(&mut counter, second + 86_400), Some(300));
    }

    #[test]
    fn the_eleventh_request_of_a_minute_waits_and_the_next_minute_begins_anew() {
        let limits = Limits {
            threshold: 10,
            window: TimeDelta::seconds(60),
            cooldown: TimeDelta::zero(),
        };
        let mut counter = fresh();
        for request in 1..=12 {
            let (next, admitted) = after_request(counter, at(30), &limits);
            counter = next;
            assert_eq!(
                admitted.wait_until,
                (request > 10).then(|| at(60)),
                "request {request}"
            );
            assert_eq!(admitted.first_refusal, request == 11);
        }
        let (_, admitted) = after_request(counter, at(60), &limits);
        assert_eq!(admitted.wait_until, None);
    }

    proptest! {
        #[test]
        fn no_lock_is_longer_than_a_day(locks in 0..i32::MAX, cooldown in 1i64..1_000_000_000) {
            let counter = Counter { locks, failures: 9, ..fresh() };
            let limits = Limits { cooldown: TimeDelta::seconds(cooldown), ..LIMITS };
            let locked = after_failure(counter, at(1), &limits);
            let until = locked.locked_at(at(1)).expect("locked");
            prop_assert!(until - at(1) <= MAX_COOLDOWN);
        }
    }
}
