//! PostgreSQL is killed while a hundred webhooks go out to receivers that take their time, twice: once while they flow, once
//! while as many as may be are on their way. What was staged arrives, what comes again has the same id and the same words, and
//! whatever the receivers have said while nobody could write it down is written down afterwards.

use std::{collections::HashMap, sync::Arc};

use chrono::TimeDelta;
use intrex_core::{
    Actor, App,
    app::Settings,
    clock::{Chance, Clock},
    connectors::{self, Examination, RawConnector},
    db::{
        Db, DbOptions,
        migrate::{InstallationKind, migrate},
    },
    ids::{ConnectorId, DeliveryId},
    network::IpMode,
    outside::http::{Outgoing, OutgoingSettings},
    tenants::{self, RawTenant},
    vault::{Key, KeyRing, Keys, Vault, passwords},
    worker,
};
use tokio::sync::watch;

use super::{RECOVERS_WITHIN, Server, count};
use crate::{deliveries::stage, support::sink::Sink};

const MESSAGES: usize = 100;
const HOOKS: usize = 4;
/// What one organisation may have on its way.
const ON_ITS_WAY: usize = 32;
const DATABASE: &str = "outage_deliveries";
const UNSETTLED: &str =
    "select count(*) from app.notification_deliveries where state not in ('delivered')";

impl Server {
    /// An installation on it, in this process.
    async fn installation(&self) -> App {
        let running = self.running.as_ref().expect("is running");
        let conn = |role: &str| running.conn(role, DATABASE).expect("is known");
        let roles = [
            "intrex_migrate",
            "intrex_app",
            "intrex_system",
            "intrex_backup",
        ];
        let passwords = roles.map(|role| (role, running.role_password(role).expect("has one")));
        let clock = Clock::standing_at("2026-11-22T03:00:00Z".parse().expect("an instant"));
        let admin = conn(super::SUPERUSER);
        migrate(
            admin,
            &passwords.into(),
            InstallationKind::Production,
            &clock,
        )
        .await
        .expect("the migrations run");
        let options = DbOptions {
            app: conn("intrex_app"),
            system: conn("intrex_system"),
            max_connections: 8,
        };
        let ring = || {
            let key = Key::from_bytes(Chance.bytes::<32>().to_vec());
            KeyRing::new(key.expect("random bytes are a key"), None)
        };
        let keys = Keys {
            auth: ring(),
            csrf: ring(),
            password_pepper: ring(),
            mfa: ring(),
            connector: ring(),
        };
        let vault = Arc::new(Vault::new(keys, passwords::MIN_COST));
        let db = Db::connect(options, clock.clone(), Chance, vault.clone())
            .await
            .expect("the unprivileged roles connect");
        let settings = Settings {
            base_url: "http://localhost:8080".parse().expect("an address"),
            demo: false,
            lockout_threshold: 10,
            lockout_enabled: true,
            lockout_window_sec: 600,
            lockout_base_cooldown_sec: 300,
            auth_rate_limit_window_sec: 60,
            auth_rate_limit_max: 10,
            recovery_codes_count: 10,
            ip_mode: IpMode::Raw,
        };
        let mut app = App::new(db, clock, Chance, vault, settings);
        app.outgoing = Outgoing::new(OutgoingSettings {
            private_nets: vec!["127.0.0.0/8".parse().expect("a network")],
            ..OutgoingSettings::default()
        });
        app
    }
}

/// A webhook that was looked at, and works.
async fn hook(app: &App, operator: &Actor, sink: &Sink, name: &str) -> ConnectorId {
    let body =
        serde_json::json!({ "type": "webhook", "name": name, "config": { "url": sink.url() } });
    let raw: RawConnector = serde_json::from_value(body).expect("fields");
    let made = connectors::create(app, operator, &raw).await;
    let id = made.expect("is made").connector.id;
    let seen = connectors::verify(app, operator, id).await;
    assert!(matches!(seen.expect("is looked at"), Examination::Done(seen) if seen.ok));
    id
}

/// Waits until a question has this answer, whether or not the database is there.
async fn until(server: &Server, what: &str, question: &'static str, answer: i64) {
    let mut superuser = server.superuser(DATABASE).await;
    let asked = async {
        while count(&mut superuser, question).await != answer {
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(RECOVERS_WITHIN, asked).await.is_err() {
        let stands: serde_json::Value = sqlx::query_scalar(
            "select jsonb_agg(x) from (select state, last_class, attempts, count(*) from app.notification_deliveries
                                       group by 1, 2, 3 order by 1, 2, 3) x",
        )
        .fetch_one(&mut superuser)
        .await
        .expect("tells");
        panic!("{what}: {stands}");
    }
}

/// The server is back, and whatever was claimed when it went away is free again.
async fn goes_on(server: &mut Server, app: &App) {
    tokio::task::block_in_place(|| server.start_again());
    let back = async {
        while app.db.ready().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(RECOVERS_WITHIN, back)
        .await
        .expect("it is back");
    app.clock.advance(TimeDelta::seconds(61));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_in_the_middle_of_a_batch_loses_no_message_and_changes_no_id() {
    let mut server = tokio::task::block_in_place(Server::start);
    let mut superuser = server.superuser("postgres").await;
    sqlx::query("create database outage_deliveries")
        .execute(&mut superuser)
        .await
        .expect("is created");
    drop(superuser);
    let app = server.installation().await;
    let raw = RawTenant {
        name: "Acme".into(),
        ..RawTenant::default()
    };
    let acme = tenants::create(&app, "a test", &raw).await;
    let operator = Actor::operator(acme.expect("is made").id, "a test").expect("a reason");
    let sink = Sink::start().await;
    let mut hooks = Vec::new();
    for n in 0..HOOKS {
        hooks.push(hook(&app, &operator, &sink, &format!("Receiver {n}")).await);
    }
    let looks = sink.received().len();
    let mut staged: Vec<DeliveryId> = Vec::new();
    for n in 0..MESSAGES {
        let id = stage(&app, &operator, hooks[n % HOOKS], &format!("message {n}")).await;
        staged.push(id.expect("is new"));
    }
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn({
        let app = app.clone();
        async move { worker::run(&app, stopped).await }
    });

    // They flow.
    sink.arrivals(looks + 20).await;
    server.go_away().await;
    goes_on(&mut server, &app).await;
    // As many as may be are on their way; their answers come while there is no database.
    sink.holds(ON_ITS_WAY);
    for n in MESSAGES..2 * MESSAGES {
        let id = stage(&app, &operator, hooks[n % HOOKS], &format!("message {n}")).await;
        staged.push(id.expect("is new"));
    }
    let all_on_their_way = async {
        while sink.held() < ON_ITS_WAY {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(RECOVERS_WITHIN, all_on_their_way)
        .await
        .expect("work goes on after the first outage");
    server.kill().await;
    sink.release();
    server.stays_away();
    goes_on(&mut server, &app).await;
    until(&server, "everything is delivered", UNSETTLED, 0).await;
    stop.send(true).expect("it listens");
    working.await.expect("it ends without a panic");

    // Nothing is lost, nobody has invented anything, and whatever came again is the same.
    let mut arrived: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
    for sent in sink.received().into_iter().skip(looks) {
        let id = sent.header("webhook-id").to_owned();
        arrived.entry(id).or_default().push(sent.body);
    }
    assert_eq!(arrived.len(), staged.len());
    for id in &staged {
        let bodies = &arrived[&id.to_string()];
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{id}");
    }
    let total: usize = arrived.values().map(Vec::len).sum();
    let again = total - staged.len();
    assert!(
        again <= 2 * ON_ITS_WAY,
        "{again} came again, and only what was on its way may"
    );
    let mut superuser = server.superuser(DATABASE).await;
    let told = "select count(*) from app.audit_events where action = 'delivery.delivered'";
    let told = usize::try_from(count(&mut superuser, told).await).expect("few");
    assert_eq!(told, staged.len(), "each outcome is told once");
    drop(superuser);
    app.db.close().await;
}
