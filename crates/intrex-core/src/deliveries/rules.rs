//! What an attempt means: taken, tried again and when, or given up. Pure: the instant and the chance are given.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::model::Reason;
use crate::{
    channels::{Class, Outcome},
    connectors::health::Seen,
};

/// How long a message that was not taken waits before the next attempt; after the last one it is given up.
pub const RETRY_AFTER: [TimeDelta; 5] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(12),
];
/// The longest wait that the other side is granted.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);

/// What becomes of a message after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It was taken.
    Delivered,
    /// It is tried again.
    Again(DateTime<Utc>),
    /// It is given up.
    Dead(Reason),
}

/// What the n-th attempt means for its message.
pub(super) fn next(outcome: &Outcome, attempts: i16, now: DateTime<Utc>, chance: u8) -> Next {
    let asked = match outcome {
        Outcome::Delivered { .. } => return Next::Delivered,
        Outcome::Never { .. } => return Next::Dead(Reason::Refused),
        Outcome::Gone => return Next::Dead(Reason::Gone),
        // It has moved again while it was followed: that is told, and tried there later.
        Outcome::Moved { .. } => None,
        Outcome::Again { after, .. } => *after,
    };
    match wait_after(attempts, chance) {
        Some(wait) => Next::Again(now + wait.max(granted(asked))),
        None => Next::Dead(Reason::GaveUp),
    }
}

/// What an attempt says about the way, and not about the one message.
pub(super) fn seen(outcome: &Outcome, now: DateTime<Utc>) -> Option<Seen> {
    match outcome {
        Outcome::Delivered { .. } => Some(Seen::Worked),
        Outcome::Gone => Some(Seen::Gone),
        Outcome::Again {
            after: Some(after),
            class: Class::RateLimited,
        } => Some(Seen::AskedToWait(now + granted(Some(*after)))),
        Outcome::Again { class, .. } if is_of_the_way(*class) => Some(Seen::Failed(class.as_str())),
        Outcome::Again { .. } | Outcome::Never { .. } | Outcome::Moved { .. } => None,
    }
}

/// Whether the next message would meet the same.
fn is_of_the_way(class: Class) -> bool {
    match class {
        Class::Address
        | Class::Dns
        | Class::Connect
        | Class::Tls
        | Class::TimedOut
        | Class::Protocol
        | Class::Credentials
        | Class::Redirect
        | Class::Refused
        | Class::ServerFault
        | Class::Sender
        | Class::NotOffered => true,
        Class::RateLimited
        | Class::Recipient
        | Class::Content
        | Class::Template
        | Class::TemplatePaused
        | Class::Window
        | Class::NoRecipient => false,
    }
}

fn granted(asked: Option<Duration>) -> TimeDelta {
    let asked = asked.map_or(TimeDelta::zero(), |asked| {
        TimeDelta::from_std(asked).unwrap_or(LONGEST_WAIT)
    });
    asked.min(LONGEST_WAIT)
}

/// How long a message waits after its n-th attempt has failed; nothing after the last. `chance` spreads the waits by a fifth
/// to both sides, so that what failed together does not come back together.
fn wait_after(attempts: i16, chance: u8) -> Option<TimeDelta> {
    let attempts = usize::try_from(attempts).unwrap_or(0).max(1);
    let wait = *RETRY_AFTER.get(attempts - 1)?;
    let permille = 800 + i64::from(chance) * 400 / 255;
    Some(TimeDelta::seconds(wait.num_seconds() * permille / 1000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T03:00:00Z".parse().expect("an instant")
    }

    fn again(after: Option<u64>, class: Class) -> Outcome {
        Outcome::Again {
            after: after.map(Duration::from_secs),
            class,
        }
    }

    #[test]
    fn a_failed_message_waits_longer_each_time_and_is_given_up_in_the_end() {
        let middle = |attempts| wait_after(attempts, 128).map(|wait| wait.num_minutes());
        assert_eq!(
            (1..=6).map(middle).collect::<Vec<_>>(),
            [Some(1), Some(5), Some(30), Some(120), Some(720), None]
        );
        assert_eq!(wait_after(1, 0), Some(TimeDelta::seconds(48)));
        assert_eq!(wait_after(1, 255), Some(TimeDelta::seconds(72)));
        assert_eq!(wait_after(i16::MAX, 0), None);
    }

    #[test]
    fn what_will_never_be_taken_is_given_up_at_once() {
        let class = Class::Recipient;
        let refused = next(&Outcome::Never { class }, 1, now(), 0);
        assert_eq!(refused, Next::Dead(Reason::Refused));
        assert_eq!(next(&Outcome::Gone, 1, now(), 0), Next::Dead(Reason::Gone));
        let moved = Outcome::Moved {
            chat_id: "-1".into(),
        };
        assert!(matches!(next(&moved, 1, now(), 0), Next::Again(_)));
    }

    #[test]
    fn the_other_side_may_ask_for_a_longer_wait_and_not_for_a_shorter_one() {
        let at = |after| next(&again(after, Class::RateLimited), 1, now(), 128);
        assert_eq!(at(Some(3_600)), Next::Again(now() + TimeDelta::hours(1)));
        assert_eq!(
            at(Some(u64::MAX)),
            Next::Again(now() + TimeDelta::hours(24))
        );
        assert_eq!(at(Some(0)), at(None));
    }

    #[test]
    fn only_what_the_next_message_would_meet_too_is_held_against_the_way() {
        let failed = seen(&again(None, Class::ServerFault), now());
        assert_eq!(failed, Some(Seen::Failed("server_error")));
        assert_eq!(seen(&again(None, Class::Recipient), now()), None);
        assert_eq!(seen(&again(None, Class::RateLimited), now()), None);
        let wait = seen(&again(Some(60), Class::RateLimited), now());
        assert_eq!(wait, Some(Seen::AskedToWait(now() + TimeDelta::minutes(1))));
        let class = Class::Content;
        assert_eq!(seen(&Outcome::Never { class }, now()), None);
        assert_eq!(seen(&Outcome::Gone, now()), Some(Seen::Gone));
    }

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_than_the_schedule_nor_longer_than_a_day(
            attempts in 1_i16..=5, chance in any::<u8>(), after in proptest::option::of(any::<u64>())
        ) {
            let Next::Again(at) = next(&again(after, Class::ServerFault), attempts, now(), chance) else {
                return Err(TestCaseError::fail("five attempts are tried again"));
            };
            let wait = at - now();
            let index = usize::try_from(attempts - 1).expect("small");
            prop_assert!(wait >= RETRY_AFTER[index] * 4 / 5 && wait <= LONGEST_WAIT);
        }

        #[test]
        fn the_sixth_failure_is_the_last(attempts in 6_i16.., after in proptest::option::of(any::<u64>())) {
            let ended = next(&again(after, Class::TimedOut), attempts, now(), 0);
            prop_assert_eq!(ended, Next::Dead(Reason::GaveUp));
        }
    }
}
