//! Bursts, sprays and spikes: counted in the database, told to those alone whom they concern.

use chrono::TimeDelta;
use intrex_core::{
    App, access_reviews,
    audit::Event,
    permission::Role,
    security_events::{self, RawThresholds, Thresholds},
    sessions::{self, SignIn},
    worker,
};
use reqwest::Method;

use super::{rows, seen};
use crate::{
    support::{Member, Tenant, TestApp, browser::send, members::from},
    web::api::Program,
};

async fn fail(app: &App, member: &Member, ip: [u8; 4]) {
    let wrong = sessions::sign_in(app, from(ip), &member.email, "a guess".into()).await;
    assert!(matches!(wrong, Ok(SignIn::Refused)), "{wrong:?}");
}

async fn set(app: &TestApp, tenant: &Tenant, raw: RawThresholds) -> Thresholds {
    security_events::set_thresholds(&app.app, &tenant.operator, &raw, None)
        .await
        .expect("is set")
}

#[tokio::test]
async fn a_spray_over_organisations_is_told_to_each_of_its_own_accounts_and_to_the_platform_whole()
{
    let mut app = TestApp::start().await;
    app.set(|settings| settings.auth_rate_limit_max = 1_000);
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let (mut of_acme, mut of_globex) = (Vec::new(), Vec::new());
    for name in ["Ada", "Bela", "Cleo", "Dora", "Edda"] {
        of_acme.push(app.member(&acme, name, Role::Operator, &[]).await);
    }
    for name in ["Finn", "Gert"] {
        of_globex.push(app.member(&globex, name, Role::Operator, &[]).await);
    }
    let network = [203, 0, 113, 9];
    for member in of_acme[..3].iter().chain(&of_globex) {
        fail(&app.app, member, network).await;
    }
    let (at_acme, at_globex) = (Some(acme.id.uuid()), Some(globex.id.uuid()));
    assert_eq!(seen(&app, at_acme, "LOGIN_SPRAY").await, 0);
    assert_eq!(seen(&app, at_globex, "LOGIN_SPRAY").await, 0);
    assert_eq!(seen(&app, None, "LOGIN_SPRAY").await, 1);
    let of_platform = rows(&app, None).await;
    assert_eq!(
        of_platform,
        ["LOGIN_SPRAY network 1"],
        "no account of anybody's"
    );
    // One's own five are a spray at home; the other organisation's are not counted there.
    fail(&app.app, &of_acme[3], network).await;
    assert_eq!(seen(&app, at_acme, "LOGIN_SPRAY").await, 0);
    fail(&app.app, &of_acme[4], network).await;
    assert_eq!(seen(&app, at_acme, "LOGIN_SPRAY").await, 1);
    assert_eq!(
        rows(&app, at_globex).await,
        ["LOGIN_FAILURE person 1", "LOGIN_FAILURE person 1"]
    );
    // The same account again is no other account.
    for _ in 0..3 {
        fail(&app.app, &of_globex[0], [203, 0, 113, 10]).await;
    }
    assert_eq!(seen(&app, at_globex, "LOGIN_SPRAY").await, 0);
    app.finish().await;
}

#[tokio::test]
async fn addresses_that_nobody_has_are_a_spray_on_the_platform() {
    let app = TestApp::start().await;
    for n in 0..5 {
        let email = format!("nobody-{n}@nowhere.example");
        let wrong = sessions::sign_in(&app.app, from([203, 0, 113, 9]), &email, "x".into()).await;
        assert!(matches!(wrong, Ok(SignIn::Refused)));
        let expected = i64::from(n == 4);
        assert_eq!(seen(&app, None, "LOGIN_SPRAY").await, expected, "{n}");
    }
    assert_eq!(
        rows(&app, None).await.len(),
        6,
        "five accounts and their network"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_burst_is_counted_by_all_processes_together_and_told_once_an_hour() {
    let mut app = TestApp::start().await;
    app.set(|settings| settings.lockout_threshold = 1_000);
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let raw = RawThresholds {
        burst_failures: "12".into(),
        ..RawThresholds::default()
    };
    let set = set(&app, &acme, raw).await;
    assert_eq!((set.burst_failures, set.version), (12, 1));
    let other = app.another_process().await;
    let tenant = Some(acme.id.uuid());
    for hour in 0u8..2 {
        for n in 0u8..12 {
            // Eleven are no burst, whichever process hears them; with the twelfth they are one.
            assert_eq!(seen(&app, tenant, "LOGIN_BURST").await, i64::from(hour));
            let process = if n % 2 == 0 { &app.app } else { &other };
            fail(process, &alice, [203, hour, n, 1]).await;
        }
        assert_eq!(seen(&app, tenant, "LOGIN_BURST").await, i64::from(hour) + 1);
        app.app.clock.advance(TimeDelta::hours(2));
    }
    let told = "select count(*) from app.audit_events where action = 'LOGIN_BURST'";
    assert_eq!(app.count(told).await, 2);
    other.db.close().await;
    app.finish().await;
}

#[tokio::test]
async fn failures_at_the_same_moment_are_all_counted() {
    let mut app = TestApp::start_with(12).await;
    app.set(|settings| {
        settings.lockout_threshold = 1_000;
        settings.auth_rate_limit_max = 1_000;
    });
    let acme = app.tenant("Acme").await;
    let mut members = Vec::new();
    for name in ["Ada", "Bela", "Cleo", "Dora", "Edda"] {
        members.push(app.member(&acme, name, Role::Operator, &[]).await);
    }
    let raw = RawThresholds {
        burst_failures: "5".into(),
        ..RawThresholds::default()
    };
    set(&app, &acme, raw).await;
    let mut tries = tokio::task::JoinSet::new();
    for member in members {
        let process = app.app.clone();
        tries.spawn(async move { fail(&process, &member, [203, 0, 113, 9]).await });
    }
    while let Some(ended) = tries.join_next().await {
        ended.expect("fails in order");
    }
    let tenant = Some(acme.id.uuid());
    assert_eq!(seen(&app, tenant, "LOGIN_SPRAY").await, 1);
    assert_eq!(seen(&app, tenant, "LOGIN_BURST").await, 1);
    app.finish().await;
}

#[tokio::test]
async fn who_reads_page_after_page_is_seen_and_who_looks_is_not() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let gulshan = app.branch(&acme, "GUL").await;
    for _ in 0..3 {
        app.obligation(&acme, &gulshan, "Licence", "2026-12-24")
            .await;
    }
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let raw = RawThresholds {
        export_rows: "100".into(),
        ..RawThresholds::default()
    };
    set(&app, &acme, raw).await;
    let tenant = Some(acme.id.uuid());
    let tallies = "select count(*) from app.security_tallies where rule = 'export'";
    for _ in 0..120 {
        program.get("/api/v1/obligations").await;
    }
    assert_eq!(app.count(tallies).await, 0, "looking costs nothing");
    // Two of the three rows stand behind the first page.
    let first = program.get("/api/v1/obligations?limit=1").await.json();
    let cursor = first["next_cursor"].as_str().expect("another page");
    let later = format!("/api/v1/obligations?limit=2&cursor={cursor}");
    for _ in 0..49 {
        assert_eq!(send(program.request(Method::GET, &later)).await.status, 200);
    }
    assert_eq!(seen(&app, tenant, "EXPORT_SPIKE").await, 0);
    program.get(&later).await;
    assert_eq!(seen(&app, tenant, "EXPORT_SPIKE").await, 1);
    let told = "select count(*) from app.audit_events where action = 'EXPORT_SPIKE'";
    assert_eq!(app.count(told).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn whatever_shows_people_or_obligations_in_bulk_is_counted() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let gulshan = app.branch(&acme, "GUL").await;
    for day in ["2026-01-01", "2026-01-02", "2030-01-01", "2030-01-02"] {
        app.obligation(&acme, &gulshan, "Licence", day).await;
    }
    // More people than a page has.
    sqlx::query(
        "insert into app.people (tenant_id, id, email, canonical_email, name, role, status, created_at, updated_at)
         select $1, gen_random_uuid(), e, e, 'Somebody', 'operator', 'invited', $2, $2
         from (select 'somebody' || n || '@acme.example' as e from generate_series(1, 60) n) emails",
    )
    .bind(acme.id.uuid())
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("are written");
    let acts = app.acting(&alice).await;
    let started = access_reviews::start(&app.app, &acts)
        .await
        .expect("begins");
    let review = started.review.id;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let behind_the_first = async |list: &str| {
        let and = if list.contains('?') { '&' } else { '?' };
        let first = browser.visit(&format!("{list}{and}limit=1")).await.json();
        let cursor = first["next_cursor"].as_str().expect("another page");
        format!("{list}{and}cursor={cursor}")
    };
    let mut all = Vec::new();
    for list in [
        "/api/v1/users",
        "/api/v1/obligations",
        "/api/v1/reports/overdue",
        "/api/v1/reports/upcoming",
    ] {
        all.push(behind_the_first(list).await);
    }
    let people = behind_the_first("/api/v1/users").await;
    all.push(people.replace("/api/v1/users", "/settings/people"));
    let open = behind_the_first("/api/v1/obligations?status=open").await;
    all.push(open.replace("/api/v1/obligations", "/obligations"));
    for path in ["/settings/access-reviews", "/api/v1/access-reviews"] {
        all.push(format!("{path}/{review}"));
        all.push(format!("{path}/{review}/export"));
    }
    let read = "select coalesce(sum(n), 0)::bigint from app.security_tallies where rule = 'export'";
    let mut before = app.count(read).await;
    assert_eq!(before, 0, "looking costs nothing");
    for address in all {
        assert_eq!(browser.visit(&address).await.status, 200, "{address}");
        let now = app.count(read).await;
        assert!(now > before, "{address} is not counted");
        before = now;
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_old_is_removed() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    fail(&app.app, &alice, [203, 0, 113, 9]).await;
    let raised = Event::new("test", "AUTH_LOCKOUT_TRIGGERED").about(alice.id);
    let tx = app.app.db.write(&acme.operator).await.expect("begins");
    tx.commit(raised).await.expect("is kept");
    worker::run_once(&app.app).await.expect("works");
    // What tells of an event goes with it.
    let messages = async || {
        app.count("select count(*) from app.notification_events where type = 'security'")
            .await
    };
    let told = messages().await;
    assert!(told > 0);
    let counts = async || {
        [
            app.count("select count(*) from app.security_events").await,
            app.count("select count(*) from app.security_tallies").await,
            app.count("select count(*) from app.known_networks").await,
        ]
    };
    let before = counts().await;
    assert!(before.iter().all(|n| *n > 0), "{before:?}");
    app.app.clock.advance(TimeDelta::hours(26));
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(counts().await, [before[0], 0, before[2]]);
    app.app.clock.advance(TimeDelta::days(180));
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(counts().await, [before[0], 0, 0]);
    assert_eq!(messages().await, told);
    app.app.clock.advance(TimeDelta::days(185));
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(counts().await, [0, 0, 0]);
    assert_eq!(messages().await, 0);
    app.finish().await;
}
