//! Time and chance, injected: the only place where the system's clock and random source are read. Tests give the time and
//! travel; ids and tokens are made here from both.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use rand::{TryRng as _, rngs::SysRng};
use uuid::Uuid;

/// Tells the time: the system's, or the one that a test gave.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    fixed: Option<Arc<Mutex<DateTime<Utc>>>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Clock { fixed: None }
    }

    /// A clock that stands still until it is told to move.
    pub fn standing_at(now: DateTime<Utc>) -> Self {
        Clock {
            fixed: Some(Arc::new(Mutex::new(now))),
        }
    }

    /// The present instant, in whole microseconds: what PostgreSQL can store.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.fixed {
            Some(fixed) => *fixed.lock().unwrap_or_else(|broken| broken.into_inner()),
            None => system_now(),
        };
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }

    /// Moves a standing clock to an instant. The system's clock stays where it is.
    pub fn travel_to(&self, then: DateTime<Utc>) {
        if let Some(fixed) = &self.fixed {
            *fixed.lock().unwrap_or_else(|broken| broken.into_inner()) = then;
        }
    }

    /// Moves a standing clock forward.
    pub fn advance(&self, by: TimeDelta) {
        self.travel_to(self.now() + by);
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
