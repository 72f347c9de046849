//! Another key of the installation: what a previous one has sealed is sealed anew, while people come and go.

use std::{cell::Cell, future::Future, task::Poll};

use chrono::TimeDelta;
use intrex_core::{
    clock::Chance,
    key_rotation::{self, Report},
    permission::Role,
    vault::{
        Key, KeyRing,
        seal::{self, Place},
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::{acme, told};
use crate::support::{Program, Tenant, TestApp};

fn new_key() -> Key {
    Key::from_bytes(Chance.bytes::<32>().to_vec()).expect("random bytes are a key")
}

/// Starts again with a new key, the former one as the previous.
async fn change_keys(app: &mut TestApp) {
    app.restart_with(|keys| {
        keys.mfa = KeyRing::new(new_key(), Some(keys.mfa.current().clone()));
        keys.connector = KeyRing::new(new_key(), Some(keys.connector.current().clone()));
    })
    .await;
}

async fn drop_previous_keys(app: &mut TestApp) {
    app.restart_with(|keys| {
        keys.mfa = KeyRing::new(keys.mfa.current().clone(), None);
        keys.connector = KeyRing::new(keys.connector.current().clone(), None);
    })
    .await;
}

async fn rotate(app: &TestApp) -> Report {
    key_rotation::rotate(&app.app, "the yearly change", &|_| ())
        .await
        .expect("is rotated")
}

/// What is sealed under other keys than the current ones: second factors, data keys.
async fn stale(app: &TestApp) -> (i64, i64) {
    let (mfa, connector) = app.key_ids();
    sqlx::query_as(
        "select (select count(*) from app.people where split_part(totp_secret, '.', 2) <> $1),
                (select count(*) from app.data_keys where split_part(wrapped, '.', 2) <> $2)",
    )
    .bind(mfa)
    .bind(connector)
    .fetch_one(&mut app.superuser().await)
    .await
    .expect("counts")
}

/// People of an organisation with a confirmed second factor, who never signed in.
async fn crowd(app: &TestApp, tenant: &Tenant, count: usize) {
    let (mut ids, mut secrets) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let id = app.app.chance.uuid(app.app.now());
        let place = Place {
            table: "people",
            column: "totp_secret",
            tenant: tenant.id,
            row: id,
        };
        ids.push(id);
        secrets.push(seal::seal(app.mfa_ring(), place, &[7; 20], Chance));
    }
    sqlx::query(
        "insert into app.people (tenant_id, id, email, canonical_email, name, role, status, totp_secret, totp_confirmed_at,
                                 created_at, updated_at)
         select $1, id, id || '@crowd.example', id || '@crowd.example', 'Somebody', 'operator', 'active', secret, $4, $4, $4
         from unnest($2::uuid[], $3::text[]) as new (id, secret)",
    )
    .bind(tenant.id.uuid())
    .bind(&ids)
    .bind(&secrets)
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("are made");
}

#[tokio::test]
async fn enrolments_work_before_during_and_after_and_the_previous_key_can_be_dropped() {
    let mut app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    let globex = app.tenant("Globex").await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    change_keys(&mut app).await;
    assert_eq!(stale(&app).await.0, 3);
    // Before: the previous key opens it, and a sign-in seals it anew by itself.
    app.sign_in(&alice).await;
    assert_eq!(stale(&app).await.0, 2);
    let data_keys = stale(&app).await.1;
    assert!(data_keys > 3, "{data_keys}");
    // During: the codes are asked for while it runs.
    let (report, bobs) = tokio::join!(rotate(&app), app.sign_in(&bob));
    assert_eq!(report.organisations, 2);
    assert!((1..=2).contains(&report.second_factors), "{report:?}");
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(i64::try_from(report.data_keys), Ok(data_keys));
    assert_eq!(stale(&app).await, (0, 0));
    assert!(!app.is_dead(&bobs).await, "nobody is signed out by it");
    assert!(told(&app, "keys.data_keys_rewrapped").await >= 2);
    // Once more: there is nothing to do, and nothing to tell of.
    let events = app.count("select count(*) from app.audit_events").await;
    let again = rotate(&app).await;
    assert_eq!((again.second_factors, again.data_keys), (0, 0));
    assert_eq!(
        app.count("select count(*) from app.audit_events").await,
        events
    );
    // After: without the previous key everybody gets in, and what is sealed under data keys can be written and read.
    drop_previous_keys(&mut app).await;
    for member in [&alice, &bob, &mallory] {
        app.sign_in(member).await;
    }
    app.sequence().await;
    let reason =
        "select count(*) from app.audit_events where action = 'keys.second_factors_resealed'
                    and tenant_id not in (select id from app.tenants)";
    assert_eq!(
        app.count(reason).await,
        0,
        "each organisation is told of its own"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_rotation_that_was_stopped_goes_on_with_what_is_left() {
    let mut app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    crowd(&app, &acme, 450).await;
    change_keys(&mut app).await;
    let done = Cell::new(0);
    {
        let note = |report: &Report| done.set(report.second_factors);
        let mut work = std::pin::pin!(key_rotation::rotate(&app.app, "stopped", &note));
        // As if it were killed after its first batch: it is dropped where it waits.
        std::future::poll_fn(|context| match work.as_mut().poll(context) {
            _ if done.get() > 0 => Poll::Ready(()),
            Poll::Ready(finished) => panic!("it was not stopped: {finished:?}"),
            Poll::Pending => Poll::Pending,
        })
        .await;
    }
    let left = stale(&app).await.0;
    assert_eq!(left, 450 - i64::try_from(done.get()).expect("a few"));
    assert!((1..450).contains(&left), "{left}");
    let report = rotate(&app).await;
    assert_eq!(i64::try_from(report.second_factors), Ok(left));
    assert_eq!(stale(&app).await, (0, 0));
    assert_eq!(told(&app, "keys.second_factors_resealed").await, 3);
    app.finish().await;
}

#[tokio::test]
async fn what_no_key_opens_is_left_as_it_is_and_said() {
    let mut app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    crowd(&app, &acme, 5).await;
    let sealed = "select coalesce(string_agg(totp_secret, ' ' order by id), '') from app.people where name = 'Somebody'";
    let of_crowd = async |app: &TestApp| -> String {
        sqlx::query_scalar(sealed)
            .fetch_one(&mut app.superuser().await)
            .await
            .expect("is read")
    };
    // Swapped between two people they open for neither, and are sealed anew for neither.
    sqlx::query(
        "update app.people p set totp_secret = o.totp_secret
         from (select id, lead(totp_secret, 1, first) over (order by id) as totp_secret
               from (select id, totp_secret, first_value(totp_secret) over (order by id) as first
                     from app.people where name = 'Somebody') all_of_them) o
         where o.id = p.id",
    )
    .execute(&mut app.superuser().await)
    .await
    .expect("are moved");
    change_keys(&mut app).await;
    let before = of_crowd(&app).await;
    let report = rotate(&app).await;
    assert_eq!((report.second_factors, report.unreadable), (1, 5));
    assert!(!report.is_whole());
    assert_eq!(of_crowd(&app).await, before);
    drop_previous_keys(&mut app).await;
    app.sign_in(&alice).await;
    app.finish().await;
}

#[tokio::test]
async fn passwords_that_wait_for_their_next_sign_in_are_counted() {
    let mut app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    app.restart_with(|keys| {
        let former = keys.password_pepper.current().clone();
        keys.password_pepper = KeyRing::new(new_key(), Some(former));
    })
    .await;
    assert_eq!(rotate(&app).await.under_other_pepper, 1);
    app.sign_in(&alice).await;
    app.app.clock.advance(TimeDelta::seconds(30));
    assert_eq!(rotate(&app).await.under_other_pepper, 0);
    app.finish().await;
}

#[tokio::test]
async fn the_operator_rotates_keys_at_the_command_line() {
    let mut program = Program::on_an_empty_database().await;
    program.run(&["migrate"]).well();
    let made = program
        .run(&["tenant", "create", "Acme", "--reason", "a test", "--json"])
        .json();
    let roles = ["head_office_admin", "branch_manager", "operator"];
    assert_eq!(made["recovery_code_roles"], Value::from(roles.to_vec()));
    let said = program.run(&["keys", "rotate"]);
    assert_eq!(said.code, Some(2), "a reason is asked for: {}", said.err);
    let idle = program
        .run(&["keys", "rotate", "--reason", "a test", "--json"])
        .json();
    assert_eq!(idle["data_keys"], 0, "{idle}");
    let former = std::fs::read_to_string(program.data_dir().join("secrets/connector_enc_key"));
    program.set(
        "CONNECTOR_ENC_KEY_PREVIOUS",
        former.expect("is there").trim(),
    );
    let key = hex::encode(Chance.bytes::<32>());
    program.set("CONNECTOR_ENC_KEY", &key);
    let keys = |program: &Program| {
        let checks = program.run(&["doctor", "--json"]);
        let checks: Value = serde_json::from_str(&checks.out).expect("is JSON");
        let all = checks["checks"].as_array().expect("checks");
        let keys = all.iter().find(|check| check["name"] == "keys");
        keys.expect("one of keys")["health"].clone()
    };
    assert_eq!(keys(&program), "note", "a previous key is needed");
    let rotate = ["keys", "rotate", "--reason", "a test"];
    let said = program.run(&rotate).well();
    assert!(said.contains("can be removed"), "{said}");
    assert!(!said.contains(&key));
    assert_eq!(keys(&program), "ok");
    program.unset("CONNECTOR_ENC_KEY_PREVIOUS");
    assert_eq!(keys(&program), "ok");
    program.set("CONNECTOR_ENC_KEY", &hex::encode(Chance.bytes::<32>()));
    assert_eq!(keys(&program), "bad", "nothing opens them");
    program.set("CONNECTOR_ENC_KEY", &key);
    let set = [
        "tenant",
        "set",
        "--recovery-code-roles",
        "nobody",
        "--reason",
        "a test",
        "--json",
    ];
    let changed = program.run(&set).json();
    assert_eq!(changed["recovery_code_roles"], Value::Array(Vec::new()));
    let verified = program.run(&["audit", "verify", "--json"]).json();
    assert_eq!(verified["intact"], true, "{verified}");
    assert_ne!(made["id"], Value::from(Uuid::nil().to_string()));
    program.finish().await;
}
