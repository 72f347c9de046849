//! What every command gets: the database, the clock, chance, the keys, the ways out, and the settings of the
//! installation. Cheap to clone.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use url::Url;

use crate::{
    clock::{Chance, Clock},
    db::Db,
    health::ping::Watcher,
    ids::Id,
    network::IpMode,
    oidc,
    outside::{http::Outgoing, mail::Mailer},
    vault::Vault,
};

/// The application.
#[derive(Debug, Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
    /// Keys and what they protect.
    pub vault: Arc<Vault>,
    /// The installation's settings.
    pub settings: Arc<Settings>,
    /// The way out for mail, if the installation has one.
    pub mailer: Option<Mailer>,
    /// The way out for requests to hosts that a tenant can name.
    pub outgoing: Outgoing,
    /// What identity providers publish, as this process remembers it.
    pub directory: Arc<oidc::Directory>,
    /// Who raises an alarm when background work stops, if somebody does.
    pub watcher: Option<Watcher>,
}

/// What whoever runs the installation has decided.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people reach it: links, cookies and the Host check follow it.
    pub base_url: Url,
    /// Development, demonstration or production.
    pub demo: bool,
    /// Failed sign-ins before an account is locked.
    pub lockout_threshold: u32,
    /// Whether accounts are locked at all; production insists.
    pub lockout_enabled: bool,
    /// Seconds within which failures are counted together.
    pub lockout_window_sec: u32,
    /// Seconds of the first lock; doubles each time.
    pub lockout_base_cooldown_sec: u32,
    /// Seconds of the window of the sign-in rate limit.
    pub auth_rate_limit_window_sec: u32,
    /// Sign-in requests of one network within that window.
    pub auth_rate_limit_max: u32,
    /// Recovery codes that are made at a time.
    pub recovery_codes_count: u8,
    /// How addresses of clients are kept and shown.
    pub ip_mode: IpMode,
}

impl App {
    /// An application that sends no mail yet, and whose requests go to public addresses alone.
    pub fn new(
        db: Db,
        clock: Clock,
        chance: Chance,
        vault: Arc<Vault>,
        settings: Settings,
    ) -> Self {
        App {
            db: db.of_installation(settings.ip_mode, &settings.base_url),
            clock,
            chance,
            vault,
            settings: Arc::new(settings),
            mailer: None,
            outgoing: Outgoing::default(),
            directory: Arc::default(),
            watcher: None,
        }
    }

    /// The same with a way out for mail.
    pub fn with_mailer(mut self, mailer: Mailer) -> Self {
        self.mailer = Some(mailer);
        self
    }

    /// The same with another way out for requests.
    pub fn with_outgoing(mut self, outgoing: Outgoing) -> Self {
        self.outgoing = outgoing;
        self
    }

    /// The same with somebody who raises an alarm when background work stops.
    pub fn with_watcher(mut self, watcher: Watcher) -> Self {
        self.watcher = Some(watcher);
        self
    }

    /// The present instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A new id of any type.
    pub fn new_id<T: Id>(&self) -> T {
        T::from(self.chance.uuid(self.clock.now()))
    }
}
