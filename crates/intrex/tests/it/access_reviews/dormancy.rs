//! Accounts that nobody uses: told of once, disabled if the organisation wants that, and never the last head office admin.

use chrono::TimeDelta;
use intrex_core::{
    people::{self, Dormancy, PersonFilter, PersonStatus, RawPersonUpdate},
    permission::Role,
};

use super::{set, told, work};
use crate::{
    accounts::post::{post, with_mail},
    support::{Tenant, TestApp},
};

async fn dormant(app: &TestApp, tenant: &Tenant) -> Vec<String> {
    let filter = PersonFilter {
        dormant: Some(Dormancy::Dormant),
        ..PersonFilter::default()
    };
    let mut tx = app.app.db.read(&tenant.operator).await.expect("begins");
    let page = people::reads::list(&mut tx, &filter, &Default::default())
        .await
        .expect("lists");
    tx.finish().await.expect("finishes");
    page.items.into_iter().map(|person| person.name).collect()
}

async fn status(app: &TestApp, tenant: &Tenant, id: intrex_core::ids::PersonId) -> PersonStatus {
    let mut tx = app.app.db.read(&tenant.operator).await.expect("begins");
    let person = people::reads::get(&mut tx, id).await.expect("is there");
    tx.finish().await.expect("finishes");
    person.status
}

fn news(told: Vec<(String, String)>) -> usize {
    let of_accounts = |(kind, _): &&(String, String)| kind == "dormant_accounts";
    told.iter().filter(of_accounts).count()
}

#[tokio::test]
async fn dormant_accounts_are_told_of_once_and_stay_as_they_are() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    set(&app, &acme, |raw| raw.access_review_months = "0".into()).await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    app.sign_in(&bob).await;
    app.app.clock.advance(TimeDelta::days(89));
    let acts = app.acting(&alice).await;
    work(&app).await;
    assert_eq!(
        (dormant(&app, &acme).await, news(told(&app, &acts).await)),
        (vec![], 0)
    );
    app.app.clock.advance(TimeDelta::days(2));
    for _ in 0..3 {
        work(&app).await;
        app.app.clock.advance(TimeDelta::hours(7));
    }
    let acts = app.acting(&alice).await;
    assert_eq!(dormant(&app, &acme).await, ["Bob"]);
    assert_eq!(
        news(told(&app, &acts).await),
        1,
        "once, however often it is looked"
    );
    assert_eq!(status(&app, &acme, bob.id).await, PersonStatus::Active);

    // Who comes back is awake, and can fall asleep again.
    app.sign_in(&bob).await;
    assert!(dormant(&app, &acme).await.is_empty());
    set(&app, &acme, |raw| raw.dormant_after_days = "30".into()).await;
    app.app.clock.advance(TimeDelta::days(31));
    let acts = app.acting(&alice).await;
    work(&app).await;
    assert_eq!(dormant(&app, &acme).await, ["Bob"]);
    assert_eq!(news(told(&app, &acts).await), 2);
    app.finish().await;
}

#[tokio::test]
async fn an_organisation_can_have_them_disabled_but_one_admin_always_stays() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    set(&app, &acme, |raw| {
        raw.suspend_dormant = "yes".into();
        raw.access_review_months = "0".into();
    })
    .await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let dave = app.invite(&acme, "Dave", Role::Operator, &[]).await.person;
    app.sign_in(&carol).await;
    app.sign_in(&bob).await;
    app.app.clock.advance(TimeDelta::days(1));
    let cookie = app.sign_in(&alice).await;
    post(&app, &server).await;
    app.app.clock.advance(TimeDelta::days(91));
    work(&app).await;
    assert!(
        app.is_dead(&cookie).await,
        "a session does not last that long"
    );
    // The admin who signed in last stays, however long ago it was; who never joined was never awake.
    for (id, expected) in [
        (alice.id, PersonStatus::Active),
        (bob.id, PersonStatus::Disabled),
        (carol.id, PersonStatus::Disabled),
        (dave.id, PersonStatus::Invited),
    ] {
        assert_eq!(status(&app, &acme, id).await, expected);
    }
    let disabled = "select count(*) from app.audit_events where action = 'person.disabled'";
    assert_eq!(app.count(disabled).await, 2);
    let letters = post(&app, &server).await;
    let told_by_mail = letters
        .iter()
        .filter(|letter| format!("{letter:?}").contains("Your account was disabled"));
    assert_eq!(told_by_mail.count(), 2);

    // Let in again, they are not dormant again before another ninety days.
    let back = RawPersonUpdate {
        status: "active".into(),
        ..RawPersonUpdate::default()
    };
    people::update(&app.app, &acme.operator, carol.id, &back, None)
        .await
        .expect("is let in");
    app.app.clock.advance(TimeDelta::days(89));
    work(&app).await;
    assert_eq!(status(&app, &acme, carol.id).await, PersonStatus::Active);
    app.app.clock.advance(TimeDelta::days(2));
    work(&app).await;
    assert_eq!(status(&app, &acme, carol.id).await, PersonStatus::Disabled);
    let acts = app.acting(&alice).await;
    assert!(news(told(&app, &acts).await) >= 2);
    app.finish().await;
}

#[tokio::test]
async fn however_many_accounts_nobody_uses_all_of_them_are_told_of_and_disabled() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    set(&app, &acme, |raw| raw.access_review_months = "0".into()).await;
    app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    sqlx::query(
        "insert into app.people (tenant_id, id, email, canonical_email, name, role, status, active_since, created_at, updated_at)
         select $1, gen_random_uuid(), e, e, 'Somebody', 'operator', 'active', $2, $2, $2
         from (select 'somebody' || n || '@acme.example' as e from generate_series(1, 1003) n) emails",
    )
    .bind(acme.id.uuid())
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("are written");
    app.app.clock.advance(TimeDelta::days(91));
    work(&app).await;
    // Alice is among them: nobody else could sign in either.
    let counted = "select max(account_count)::bigint from app.notification_events where type = 'dormant_accounts'";
    assert_eq!(app.count(counted).await, 1_004);
    let untold = "select count(*) from app.people where dormant_told_at is null";
    assert_eq!(app.count(untold).await, 0);
    set(&app, &acme, |raw| raw.suspend_dormant = "yes".into()).await;
    app.app.clock.advance(TimeDelta::hours(7));
    work(&app).await;
    let left = "select count(*) from app.people where status = 'active'";
    assert_eq!(app.count(left).await, 1, "the last admin");
    let by_itself = "select count(*) from app.people where disabled_by = 'system'";
    assert_eq!(app.count(by_itself).await, 1_003);
    app.finish().await;
}
