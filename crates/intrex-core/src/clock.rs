//! Time and chance, injected: the only place where the system's clock and random source are read. Tests give the time and
//! travel; ids and tokens are made here from both.
//!
//! Machines' clocks differ, and what two processes do under leases must not: all go by the database's. Each reading of it
//! ([`crate::db::SystemTx`]) corrects the clock of the process, so that what lies between two readings goes by it as well
//! (docs/decisions/0031-one-clock.md).

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use rand::{TryRng as _, rngs::SysRng};
use uuid::Uuid;

/// What a clock may be off the database's before it is corrected: less than leases leave room for, and more than a reading
/// takes, so that the time of one machine does not jump to and fro.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// Tells the time: the system's, or the one that a test gave; as the database has it, once it was asked.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    fixed: Option<Arc<Mutex<DateTime<Utc>>>>,
    /// How far this machine's clock is ahead of the true time, in microseconds: for tests.
    ahead: Arc<AtomicI64>,
    /// What is added to it to have the database's time, in microseconds.
    correction: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Clock::default()
    }

    /// A clock that stands still until it is told to move.
    pub fn standing_at(now: DateTime<Utc>) -> Self {
        Clock {
            fixed: Some(Arc::new(Mutex::new(now))),
            ..Clock::default()
        }
    }

    /// The clock of another machine, which shows the same until somebody sets it.
    pub fn of_another_machine(&self) -> Self {
        Clock {
            fixed: self.fixed.clone(),
            ..Clock::default()
        }
    }

    /// Sets this machine's clock so far ahead of the true time, or behind it, as happens to machines.
    pub fn put_ahead(&self, by: TimeDelta) {
        let micros = by.num_microseconds().unwrap_or_default();
        self.ahead.store(micros, Ordering::Relaxed);
    }

    /// The present instant, in whole microseconds: what PostgreSQL can store.
    pub fn now(&self) -> DateTime<Utc> {
        let correction = TimeDelta::microseconds(self.correction.load(Ordering::Relaxed));
        let now = self.own() + correction;
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }

    /// What this machine's clock shows.
    fn own(&self) -> DateTime<Utc> {
        self.standing().unwrap_or_else(system_now)
            + TimeDelta::microseconds(self.ahead.load(Ordering::Relaxed))
    }

    /// The instant at which a clock stands: the database's time of a test.
    pub(crate) fn standing(&self) -> Option<DateTime<Utc>> {
        let fixed = self.fixed.as_ref()?;
        Some(*fixed.lock().unwrap_or_else(|broken| broken.into_inner()))
    }

    /// Goes by the database's time, which has just been read, from now on.
    pub(crate) fn follow(&self, database: DateTime<Utc>) {
        let off = self.now() - database;
        if off.abs() <= TOLERANCE {
            return;
        }
        let correction = database - self.own();
        let micros = correction.num_microseconds().unwrap_or_default();
        self.correction.store(micros, Ordering::Relaxed);
        let (off, own_off) = (off.num_seconds(), -correction.num_seconds());
        tracing::warn!(
            off,
            own_off,
            "this machine's clock is not the database's, which is followed; in seconds"
        );
    }

    /// Moves a standing clock to an instant. The system's clock stays where it is.
    pub fn travel_to(&self, then: DateTime<Utc>) {
        if let Some(fixed) = &self.fixed {
            *fixed.lock().unwrap_or_else(|broken| broken.into_inner()) = then;
        }
    }

    /// Moves a standing clock forward.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(now) = self.standing() {
            self.travel_to(now + by);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the system's clock is read"
)]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

/// Gives random bytes from the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chance;

impl Chance {
    /// `N` random bytes.
    ///
    /// # Panics
    /// If the operating system has no randomness to give: nothing safe can be done then.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        SysRng
            .try_fill_bytes(&mut bytes)
            .expect("the operating system gives random bytes");
        bytes
    }

    /// A UUID of version 7: the time in milliseconds, then chance.
    pub fn uuid(&self, now: DateTime<Utc>) -> Uuid {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_goes_by_the_databases_once_it_was_read() {
        let database = Clock::standing_at(DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        for minutes in [-10, 10] {
            let clock = database.of_another_machine();
            clock.put_ahead(TimeDelta::minutes(minutes));
            assert_eq!((clock.now() - database.now()).num_minutes(), minutes);
            clock.follow(database.now());
            assert_eq!(clock.now(), database.now());
            clock.advance(TimeDelta::hours(1));
            assert_eq!(clock.now(), database.now(), "and goes on from there");
        }
    }

    #[test]
    fn a_clock_that_is_hardly_off_is_left_alone() {
        let database = Clock::standing_at(DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        let clock = database.of_another_machine();
        clock.put_ahead(TOLERANCE);
        clock.follow(database.now());
        assert_eq!(clock.now() - database.now(), TOLERANCE);
    }
}
