//! What whoever runs the installation has decided, read from the environment into types, with every fault reported in one
//! message. Production refuses what is unsafe; outside production missing keys are made once.
//!
//! Reading order: [`environment`] (the variables as they are), [`values`] (how one is read), [`keys`], [`database`],
//! [`http`], [`outgoing`], [`faults`].

mod database;
mod environment;
mod faults;
mod http;
mod keys;
mod outgoing;
#[cfg(test)]
mod tests;
mod values;

use std::path::{Path, PathBuf};

use intrex_core::{
    app::Settings,
    health::ping::Watcher,
    network::IpMode,
    outside::mail::{MailSettings, Mailer, Plaintext},
    vault::{Keys, passwords},
};
use secrecy::SecretString;

pub use database::{DatabaseConfig, GivenDatabase};
pub use environment::Environment;
pub use faults::Faults;
pub(crate) use http::NOT_LOOPBACK;
pub use http::{HttpConfig, TlsFiles};
pub use outgoing::OutgoingConfig;

/// What stands in `INTREX_DATA_DIR` when a demonstration was made there.
pub const DEMO_FILE: &str = "demo.json";
/// Where data lies when nothing is said.
const DEFAULT_DATA_DIR: &str = "./data";
/// Connections of the application, at most, when nothing is said: two a core, and those that background work may hold at the
/// same time. More of them make each request dearer: with 20 on two cores a page took a sixth more of PostgreSQL's time than
/// with 8. (The PostgreSQL wiki, "Number of database connections", has two a core as well.)
fn default_connections() -> u32 {
    const FOR_BACKGROUND_WORK: u32 = 6;
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    u32::try_from(cores).unwrap_or(32).min(32) * 2 + FOR_BACKGROUND_WORK
}
/// A bearer token for `/metrics` must not be guessed.
const MIN_METRICS_TOKEN: usize = 16;

/// Whether real data is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is. Nothing unsafe is accepted.
    Production,
    /// It is not: on a developer's or an evaluator's own machine.
    Development,
}

/// What the configuration is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `intrex serve` and `intrex worker`.
    Serve,
    /// `intrex demo`.
    Demo,
    /// A command of the operator, beside a server or alone.
    Operate,
    /// `intrex migrate`: needs a database and nothing else.
    Migrate,
}

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// An object a line.
    Json,
}

/// The log.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// How it looks.
    pub format: LogFormat,
    /// How clients appear, there and where their addresses are kept.
    pub ip_mode: IpMode,
    /// Which events (`RUST_LOG`'s syntax), if something else than the command's default.
    pub filter: Option<String>,
}

/// Everything.
#[derive(Debug, Clone)]
pub struct Config {
    /// Production or not.
    pub stage: Stage,
    /// Where files lie.
    pub data_dir: PathBuf,
    /// Which database.
    pub database: DatabaseConfig,
    /// How it is reached.
    pub http: HttpConfig,
    /// The keys; `None` for [`Purpose::Migrate`], which needs none.
    pub keys: Option<Keys>,
    /// The cost of password hashes.
    pub bcrypt_cost: u32,
    /// Lockout and rate limits, in the core's terms.
    limits: Limits,
    /// The installation's own mail; without it reminders stay in the product.
    pub mailer: Option<Mailer>,
    /// What hosts that a tenant names may be, beyond public ones with TLS.
    pub outgoing: OutgoingConfig,
    /// The bearer of `/metrics`; without it there is no such page.
    pub metrics_token: Option<SecretString>,
    /// Who raises an alarm when background work stops.
    pub watcher: Option<Watcher>,
    /// The log.
    pub log: LogConfig,
}

#[derive(Debug, Clone)]
struct Limits {
    lockout_enabled: bool,
    lockout_threshold: u32,
    lockout_window_sec: u32,
    lockout_base_cooldown_sec: u32,
    auth_rate_limit_window_sec: u32,
    auth_rate_limit_max: u32,
    recovery_codes_count: u8,
}

impl Config {
    /// Reads the configuration for a purpose.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(environment: &Environment, purpose: Purpose) -> Result<Self, Faults> {
        let mut faults = Faults::new(environment.faults());
        let f = &mut faults;
        let data_dir = PathBuf::from(
            environment
                .get("INTREX_DATA_DIR")
                .unwrap_or(DEFAULT_DATA_DIR),
        );
        let stage = stage(environment, purpose, &data_dir, f);
        let database = database::read(environment, purpose, f);
        let http = http::read(environment, purpose, stage, f);
        let limits = limits(environment, stage, f);
        let mailer = mailer(environment, stage, f);
        let outgoing = outgoing::read(environment, f);
        let metrics_token = metrics_token(environment, f);
        let watcher = watcher(environment, f);
        let log = log(environment, f);
        let default_cost = match purpose {
            Purpose::Demo => passwords::MIN_COST,
            _ => passwords::DEFAULT_COST,
        };
        let bcrypt_cost = f.take(values::number(
            environment,
            "BCRYPT_COST",
            default_cost,
            passwords::MIN_COST..=16,
        ));
        later(environment, stage, f);
        // Last, because they may be made: not for a configuration that is refused anyway.
        let keys = match purpose {
            Purpose::Migrate => None,
            _ => keys::read(environment, stage, &data_dir, f),
        };
        let config = (|| {
            Some(Config {
                stage: stage?,
                data_dir,
                database: database?,
                http: http?,
                keys,
                bcrypt_cost: bcrypt_cost?,
                limits: limits?,
                mailer: mailer?,
                outgoing: outgoing?,
                metrics_token: metrics_token?,
                watcher: watcher?,
                log: log?,
            })
        })();
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(faults),
        }
    }

    /// The settings that the core works by.
    pub fn settings(&self, demo: bool) -> Settings {
        let limits = &self.limits;
        Settings {
            base_url: self.http.base_url.clone(),
            demo,
            lockout_threshold: limits.lockout_threshold,
            lockout_enabled: limits.lockout_enabled,
            lockout_window_sec: limits.lockout_window_sec,
            lockout_base_cooldown_sec: limits.lockout_base_cooldown_sec,
            auth_rate_limit_window_sec: limits.auth_rate_limit_window_sec,
            auth_rate_limit_max: limits.auth_rate_limit_max,
            recovery_codes_count: limits.recovery_codes_count,
            ip_mode: self.log.ip_mode,
        }
    }

    /// Whether the directory was made by `intrex demo`.
    pub fn is_demo_directory(&self) -> bool {
        is_demo(&self.data_dir)
    }
}

fn is_demo(data_dir: &Path) -> bool {
    data_dir.join(DEMO_FILE).exists()
}

/// Production, unless something else is said. What was made by the demo says so to the operator's commands too, so that
/// they work beside it; a server has to be told in so many words.
fn stage(
    environment: &Environment,
    purpose: Purpose,
    data_dir: &Path,
    faults: &mut Faults,
) -> Option<Stage> {
    let stage = match environment.get("INTREX_ENV") {
        Some("production") => Stage::Production,
        Some("development") => Stage::Development,
        Some(_) => {
            faults.add("INTREX_ENV must be production or development");
            return None;
        }
        None if purpose == Purpose::Demo => Stage::Development,
        None if purpose == Purpose::Operate && is_demo(data_dir) => Stage::Development,
        None => Stage::Production,
    };
    match (stage, purpose) {
        (Stage::Production, Purpose::Demo) => {
            faults.add(
                "INTREX_ENV is production: a demonstration never runs there. Unset it to run `intrex demo`",
            );
            None
        }
        (Stage::Production, Purpose::Serve | Purpose::Operate) if is_demo(data_dir) => {
            faults.add(format!(
                "INTREX_DATA_DIR ({}) holds a demonstration, which never runs as production: start it with \
                 `intrex demo`, set INTREX_ENV=development, or choose another INTREX_DATA_DIR",
                data_dir.display()
            ));
            None
        }
        _ => Some(stage),
    }
}

fn limits(environment: &Environment, stage: Option<Stage>, faults: &mut Faults) -> Option<Limits> {
    let lockout_enabled = faults.take(values::yes_or_no(environment, "LOCKOUT_ENABLED", true));
    if lockout_enabled == Some(false) && stage == Some(Stage::Production) {
        faults.add("LOCKOUT_ENABLED=false is refused in production: accounts must be locked after failed sign-ins");
    }
    let mut number =
        |name, default, range| faults.take(values::number(environment, name, default, range));
    let lockout_threshold = number("LOCKOUT_THRESHOLD", 10, 3..=100);
    let lockout_window_sec = number("LOCKOUT_WINDOW_SEC", 600, 60..=86_400);
    let lockout_base_cooldown_sec = number("LOCKOUT_BASE_COOLDOWN_SEC", 300, 30..=86_400);
    let auth_rate_limit_window_sec = number("AUTH_RATE_LIMIT_WINDOW_SEC", 60, 1..=3_600);
    let auth_rate_limit_max = number("AUTH_RATE_LIMIT_MAX", 10, 1..=10_000);
    let recovery_codes_count = number("RECOVERY_CODES_COUNT", 10, 5..=20);
    Some(Limits {
        lockout_enabled: lockout_enabled?,
        lockout_threshold: lockout_threshold?,
        lockout_window_sec: lockout_window_sec?,
        lockout_base_cooldown_sec: lockout_base_cooldown_sec?,
        auth_rate_limit_window_sec: auth_rate_limit_window_sec?,
        auth_rate_limit_max: auth_rate_limit_max?,
        recovery_codes_count: recovery_codes_count.and_then(|count| u8::try_from(count).ok())?,
    })
}

fn mailer(
    environment: &Environment,
    stage: Option<Stage>,
    faults: &mut Faults,
) -> Option<Option<Mailer>> {
    let missing = match (environment.get("SMTP_URL"), environment.get("SMTP_FROM")) {
        (None, None) => return Some(None),
        (Some(url), Some(from)) => {
            let plaintext = match stage {
                Some(Stage::Development) => Plaintext::OnLoopback,
                _ => Plaintext::OnRequest,
            };
            let settings = MailSettings::parse(&url.to_owned().into(), from, plaintext);
            let mailer = settings.and_then(Mailer::new);
            return faults
                .take(mailer.map_err(|fault| fault.to_string()))
                .map(Some);
        }
        (Some(_), None) => "SMTP_FROM is missing: SMTP_URL is given, and mail needs a sender",
        (None, Some(_)) => "SMTP_URL is missing: SMTP_FROM is given, and mail needs a server",
    };
    faults.add(missing);
    None
}

fn metrics_token(environment: &Environment, faults: &mut Faults) -> Option<Option<SecretString>> {
    match environment.get("METRICS_TOKEN") {
        None => Some(None),
        Some(token) if token.len() >= MIN_METRICS_TOKEN => Some(Some(token.to_owned().into())),
        Some(_) => {
            faults.add(format!(
                "METRICS_TOKEN must have {MIN_METRICS_TOKEN} characters or more: make one with `openssl rand -hex 16`"
            ));
            None
        }
    }
}

fn watcher(environment: &Environment, faults: &mut Faults) -> Option<Option<Watcher>> {
    let Some(text) = environment.get("INTREX_PING_URL") else {
        return Some(None);
    };
    let url = values::url("INTREX_PING_URL", text, &["https", "http"]);
    faults.take(url).map(|url| Some(Watcher::new(url)))
}

fn log(environment: &Environment, faults: &mut Faults) -> Option<LogConfig> {
    let format = match environment.get("LOG_FORMAT") {
        None | Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(_) => Err("LOG_FORMAT must be text or json".to_owned()),
    };
    let ip_mode = match environment.get("LOG_IP_MODE") {
        None | Some("raw") => Ok(IpMode::Raw),
        Some("masked") => Ok(IpMode::Masked),
        Some("hash") => Ok(IpMode::Hash),
        Some(_) => Err("LOG_IP_MODE must be raw, masked or hash".to_owned()),
    };
    let (format, ip_mode) = (faults.take(format), faults.take(ip_mode));
    Some(LogConfig {
        format: format?,
        ip_mode: ip_mode?,
        filter: environment.get("RUST_LOG").map(str::to_owned),
    })
}

/// What is promised and has no effect yet is still checked: a mistake is told on the day it is made.
fn later(environment: &Environment, stage: Option<Stage>, faults: &mut Faults) {
    if let Some(scan) = environment.get("MALWARE_SCAN") {
        let is_tcp = |rest: &str| {
            rest.rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        let known = scan == "none"
            || scan
                .strip_prefix("clamd:unix:")
                .is_some_and(|path| path.starts_with('/'))
            || scan.strip_prefix("clamd:tcp:").is_some_and(is_tcp);
        if !known {
            faults.add("MALWARE_SCAN must be clamd:unix:/path, clamd:tcp:host:port or none");
        }
        if scan == "none"
            && stage == Some(Stage::Production)
            && environment.get("MALWARE_SCAN_NONE_REASON").is_none()
        {
            faults.add(
                "MALWARE_SCAN=none is refused in production unless MALWARE_SCAN_NONE_REASON says why",
            );
        }
    }
    for (name, schemes) in [
        ("STORAGE_URL", ["file", "s3"]),
        ("SENTRY_DSN", ["https", "http"]),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", ["https", "http"]),
    ] {
        if let Some(value) = environment.get(name) {
            faults.take(values::url(name, value, &schemes));
        }
    }
    for (name, default, range) in [
        ("AUDIT_ARCHIVE_DAYS", 180, 1..=36_500),
        ("BACKUP_RETENTION_DAYS", 35, 7..=36_500),
    ] {
        faults.take(values::number(environment, name, default, range));
    }
}
