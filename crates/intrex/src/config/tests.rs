//! Configurations that must be refused, and what is said then.

use intrex_core::{clock::Chance, outside::http::PlainHttp};

use super::*;

fn key() -> String {
    hex::encode(Chance.bytes::<32>())
}

/// A complete production environment behind a proxy.
fn production() -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", "postgres://intrex_app:a@localhost/x".into()),
        (
            "DATABASE_SYSTEM_URL",
            "postgres://intrex_system:b@localhost/x".into(),
        ),
        ("BASE_URL", "https://intrex.example".into()),
        ("TRUSTED_PROXIES", "127.0.0.1, 10.1.0.0/16".into()),
        ("AUTH_SECRET", key()),
        ("CSRF_SECRET", key()),
        ("PASSWORD_PEPPER", key()),
        ("MFA_ENCRYPTION_KEY", key()),
        ("CONNECTOR_ENC_KEY", key()),
    ]
}

fn with(changes: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let mut pairs = production();
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, (*value).to_owned()));
    }
    pairs
}

fn read(pairs: Vec<(&'static str, String)>, purpose: Purpose) -> Result<Config, Faults> {
    Config::read(&Environment::from_pairs(pairs), purpose)
}

#[track_caller]
fn refused(pairs: Vec<(&'static str, String)>, purpose: Purpose, words: &str) {
    let faults = read(pairs, purpose).expect_err("is refused");
    assert_eq!(faults.sentences().len(), 1, "one fault: {faults}");
    assert!(faults.to_string().contains(words), "{faults}");
}

#[test]
fn a_complete_production_environment_is_accepted() {
    let config = read(production(), Purpose::Serve).expect("is accepted");
    assert_eq!(config.stage, Stage::Production);
    assert_eq!(config.http.trusted_proxies.len(), 2);
    assert_eq!(config.bcrypt_cost, passwords::DEFAULT_COST);
    assert_eq!(config.settings(false).lockout_threshold, 10);
    assert!(matches!(config.database, DatabaseConfig::Given(_)));
}

#[test]
fn production_is_the_default_and_all_missing_keys_are_named_at_once() {
    let faults = read(Vec::new(), Purpose::Serve).expect_err("nothing is given");
    let text = faults.to_string();
    for name in [
        "AUTH_SECRET",
        "CSRF_SECRET",
        "PASSWORD_PEPPER",
        "MFA_ENCRYPTION_KEY",
        "CONNECTOR_ENC_KEY",
        "BASE_URL",
    ] {
        assert!(text.contains(name), "{name} is missing in: {text}");
    }
}

#[test]
fn weak_short_and_shared_keys_are_refused_without_being_shown() {
    let same = key();
    refused(
        with(&[("AUTH_SECRET", &same), ("CSRF_SECRET", &same)]),
        Purpose::Serve,
        "AUTH_SECRET and CSRF_SECRET are the same key",
    );
    let repeated = "ab".repeat(32);
    let short = hex::encode(Chance.bytes::<31>());
    for weak in [
        repeated.as_str(),
        short.as_str(),
        "changemechangemechangemechangeme",
    ] {
        let faults = read(with(&[("AUTH_SECRET", weak)]), Purpose::Serve).expect_err("is refused");
        let text = faults.to_string();
        assert!(text.contains("AUTH_SECRET"), "{text}");
        assert!(!text.contains(weak), "{text}");
    }
}

#[test]
fn an_older_name_of_the_factors_key_is_the_previous_key() {
    let older = key();
    let config = read(with(&[("TOTP_ENC_KEY", &older)]), Purpose::Serve).expect("is accepted");
    let keys = config.keys.expect("are read");
    assert_eq!(keys.mfa.all().count(), 2);
    assert_eq!(keys.auth.all().count(), 1);
    let mut alone = with(&[("TOTP_ENC_KEY", &older)]);
    alone.retain(|(name, _)| *name != "MFA_ENCRYPTION_KEY");
    let config = read(alone, Purpose::Serve).expect("is accepted");
    assert_eq!(config.keys.expect("are read").mfa.all().count(), 1);
}

#[test]
fn production_refuses_what_is_unsafe() {
    refused(
        with(&[("LOCKOUT_ENABLED", "false")]),
        Purpose::Serve,
        "LOCKOUT_ENABLED",
    );
    refused(
        with(&[("BASE_URL", "http://intrex.example")]),
        Purpose::Serve,
        "BASE_URL must be given and begin with https://",
    );
    refused(
        with(&[("TRUSTED_PROXIES", "none")]),
        Purpose::Serve,
        "nobody would serve HTTPS",
    );
    refused(
        with(&[("MALWARE_SCAN", "none")]),
        Purpose::Serve,
        "MALWARE_SCAN_NONE_REASON",
    );
    refused(
        with(&[("DATABASE_URL", "postgres://intrex_app:a@db.example/x")]),
        Purpose::Serve,
        "sslmode=verify-full",
    );
    refused(
        with(&[("INTREX_ENV", "production")]),
        Purpose::Demo,
        "a demonstration never runs there",
    );
}

#[test]
fn every_fault_is_told_at_once() {
    let faults = read(
        with(&[
            ("BIND", "everywhere"),
            ("LOG_FORMAT", "xml"),
            ("LOCKOUT_THRESHOLD", "0"),
            ("SMTP_URL", "smtp://mail.example"),
            ("BACKUP_RETENTION_DAYS", "6"),
            ("TRUSTED_PROXIES", "proxy.example"),
            ("INTREX_ENVIRONMENT", "x"),
        ]),
        Purpose::Serve,
    )
    .expect_err("is refused");
    assert_eq!(faults.sentences().len(), 7, "{faults}");
}

#[test]
fn a_demonstration_listens_on_loopback_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let demo = |bind: &str| {
        let pairs = [
            ("INTREX_DATA_DIR", dir.path().to_string_lossy().into_owned()),
            ("BIND", bind.to_owned()),
        ];
        Config::read(&Environment::from_pairs(pairs), Purpose::Demo)
    };
    let config = demo("localhost:8099").expect("is accepted");
    assert_eq!(config.stage, Stage::Development);
    assert_eq!(config.http.base_url.as_str(), "http://localhost:8099/");
    assert!(demo("0.0.0.0:8080").is_err());
    assert!(demo("[::]:8080").is_err());
}

#[test]
fn missing_keys_are_made_once_outside_production() {
    let dir = tempfile::tempdir().expect("a directory");
    let read = || {
        let pairs = [
            ("INTREX_DATA_DIR", dir.path().to_string_lossy().into_owned()),
            ("INTREX_ENV", "development".to_owned()),
        ];
        let config = Config::read(&Environment::from_pairs(pairs), Purpose::Serve);
        let keys = config.expect("is accepted").keys.expect("are made");
        [
            keys.auth,
            keys.csrf,
            keys.password_pepper,
            keys.mfa,
            keys.connector,
        ]
        .map(|ring| ring.current().id().to_owned())
    };
    let first = read();
    assert_eq!(first, read(), "the same keys at the second start");
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = std::fs::metadata(path).expect("is there");
        metadata.permissions().mode() & 0o777
    };
    let secrets = dir.path().join("secrets");
    assert_eq!(mode(&secrets), 0o700);
    assert_eq!(mode(&secrets.join("auth_secret")), 0o600);
}

#[test]
fn the_way_out_is_closed_unless_it_is_opened_by_name() {
    let outgoing = |changes: &[(&'static str, &str)]| {
        let config = read(with(changes), Purpose::Serve).expect("is accepted");
        config.outgoing
    };
    let closed = outgoing(&[]);
    assert_eq!(
        (closed.private_nets.len(), closed.plain_http),
        (0, PlainHttp::Refused)
    );
    let open = outgoing(&[
        (
            "INTREX_ALLOW_PRIVATE_NETS",
            "10.1.0.0/16, fd00::/8 192.168.1.5",
        ),
        ("INTREX_ALLOW_HTTP_WEBHOOKS", "true"),
    ]);
    assert_eq!(
        (open.private_nets.len(), open.plain_http),
        (3, PlainHttp::Allowed)
    );
    for (name, value) in [
        ("INTREX_ALLOW_PRIVATE_NETS", "10.1.0.0/33"),
        ("INTREX_ALLOW_PRIVATE_NETS", "mail.clinic.example"),
        ("INTREX_ALLOW_HTTP_WEBHOOKS", "perhaps"),
    ] {
        refused(with(&[(name, value)]), Purpose::Serve, name);
    }
}

#[test]
fn the_watcher_is_an_address_or_nobody() {
    let watcher = |changes: &[(&'static str, &str)]| {
        let config = read(with(changes), Purpose::Serve).expect("is accepted");
        config.watcher.map(|watcher| format!("{watcher:?}"))
    };
    assert_eq!(watcher(&[]), None);
    let url = "https://watch.example/ping/its-secret";
    let shown = watcher(&[("INTREX_PING_URL", url)]);
    assert_eq!(shown.as_deref(), Some("Watcher(watch.example)"));
    for wrong in ["watch.example", "ftp://watch.example/"] {
        refused(
            with(&[("INTREX_PING_URL", wrong)]),
            Purpose::Serve,
            "INTREX_PING_URL",
        );
    }
}

#[test]
fn a_demo_directory_is_known_to_the_operators_commands_and_refused_as_production() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join(DEMO_FILE), "{}").expect("is written");
    let read = |purpose, stage: Option<&str>| {
        let mut pairs = vec![("INTREX_DATA_DIR", dir.path().to_string_lossy().into_owned())];
        pairs.extend(stage.map(|stage| ("INTREX_ENV", stage.to_owned())));
        Config::read(&Environment::from_pairs(pairs), purpose)
    };
    let config = read(Purpose::Operate, None).expect("is accepted");
    assert_eq!(config.stage, Stage::Development);
    for (purpose, stage) in [
        (Purpose::Serve, None),
        (Purpose::Serve, Some("production")),
        (Purpose::Operate, Some("production")),
    ] {
        let faults = read(purpose, stage).expect_err("is refused");
        assert!(
            faults.to_string().contains("holds a demonstration"),
            "{faults}"
        );
    }
    read(Purpose::Serve, Some("development")).expect("is accepted");
}
