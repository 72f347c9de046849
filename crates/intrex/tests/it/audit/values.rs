//! Personal values stand beside the entries that have committed to them. Whoever takes them away, changes them or their keys in
//! the database is found; where a person was deleted, nothing is missing.

use intrex_core::{
    Actor,
    audit::{
        Event,
        verify::{self, Fault, Verdict},
    },
    people::{self, RawDeletion},
    permission::Role,
    sessions::{self, Session},
};
use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Executor as _};

use crate::support::{Member, Tenant, TestApp};

/// Acme's log: Alice has done something about Bob, so that an event has values of both.
struct Scene {
    app: TestApp,
    acme: Tenant,
    alice: Actor,
    bob: Member,
    event: uuid::Uuid,
}

impl Scene {
    async fn begin() -> Self {
        let app = TestApp::start().await;
        let acme = app.tenant("Acme").await;
        let mut alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
        alice.request.user_agent = Some("Firefox".to_owned());
        let cookie = app.sign_in(&alice).await;
        let value = cookie.value.expose_secret();
        let session = sessions::authenticate(&app.app, value, alice.request.clone()).await;
        let Ok(Session::Full(tx, _)) = session else {
            panic!("not signed in: {session:?}");
        };
        let alice = tx.actor().clone();
        tx.finish().await.expect("finishes");
        let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
        let mut scene = Scene {
            app,
            acme,
            alice,
            bob,
            event: uuid::Uuid::nil(),
        };
        scene.event = scene.does().await;
        assert_eq!(scene.fault().await, None);
        scene
    }

    /// Alice does something about Bob; the event.
    async fn does(&self) -> uuid::Uuid {
        let tx = self.app.app.db.write(&self.alice).await.expect("begins");
        let event = Event::new("test", "thing.done").about(self.bob.id);
        tx.commit(event.personal("note", "in person"))
            .await
            .expect("is kept");
        self.app.sequence().await;
        let event =
            "select id from app.audit_events where action = 'thing.done' order by pos desc limit 1";
        sqlx::query_scalar(event)
            .fetch_one(&mut self.app.superuser().await)
            .await
            .expect("is told")
    }

    async fn tamper(&mut self, statement: &str) {
        let all = format!(
            "alter table app.audit_events disable trigger all; alter table app.data_keys disable trigger all;
             set session_replication_role = replica; {statement}"
        );
        self.app
            .superuser()
            .await
            .execute(AssertSqlSafe(all))
            .await
            .expect("the superuser may");
        self.app.leaves_the_log_broken();
    }

    /// What is found, and at which event.
    async fn fault(&self) -> Option<(Fault, Option<uuid::Uuid>)> {
        match verify::verify(&self.app.app, &self.acme.operator).await {
            Ok(Verdict::Intact(_)) => None,
            Ok(Verdict::Broken(broken)) => Some((broken.fault, broken.event_id)),
            Err(error) => panic!("the log cannot be read: {error}"),
        }
    }
}

#[tokio::test]
async fn values_that_were_taken_away_are_missed() {
    for taken in [
        "data_key_ids = '{}', sealed = '{}'",
        "data_key_ids = data_key_ids[1:1], sealed = sealed[1:1]",
        "data_key_ids = data_key_ids[2:2], sealed = sealed[2:2]",
    ] {
        let mut scene = Scene::begin().await;
        let event = scene.event;
        scene
            .tamper(&format!(
                "update app.audit_events set {taken} where id = '{event}'"
            ))
            .await;
        let expected = Some((Fault::ValuesRemoved, Some(event)));
        assert_eq!(scene.fault().await, expected, "{taken}");
        scene.app.finish().await;
    }
}

#[tokio::test]
async fn a_key_that_was_garbled_or_removed_is_no_key_that_was_erased() {
    for what in [
        "update app.data_keys set wrapped = wrapped || 'x'",
        "update app.data_keys set wrapped = ''",
        "delete from app.data_keys",
    ] {
        let mut scene = Scene::begin().await;
        let (event, bob) = (scene.event, scene.bob.id);
        // The first event that tells of Bob is his invitation.
        scene
            .tamper(&format!("{what} where subject_id = '{bob}'"))
            .await;
        let (fault, found) = scene.fault().await.expect("is found");
        assert_eq!(fault, Fault::ValuesDiffer, "{what}");
        assert!(found.is_some_and(|found| found != event), "{what}");
        scene.app.finish().await;
    }
}

#[tokio::test]
async fn after_somebody_was_deleted_nothing_is_missing_and_what_is_taken_away_still_is() {
    let mut scene = Scene::begin().await;
    let raw = RawDeletion {
        confirm: scene.bob.email.as_str().into(),
        ..RawDeletion::default()
    };
    people::delete(&scene.app.app, &scene.alice, scene.bob.id, &raw)
        .await
        .expect("is deleted");
    // What is told of a former person has no values from the beginning.
    let later = scene.does().await;
    assert_eq!(scene.fault().await, None);
    let taken = format!(
        "update app.audit_events set data_key_ids = '{{}}', sealed = '{{}}' where id = '{later}'"
    );
    scene.tamper(&taken).await;
    let expected = Some((Fault::ValuesRemoved, Some(later)));
    assert_eq!(scene.fault().await, expected);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_key_that_was_erased_while_its_person_is_there_is_reported() {
    for whose in ["is not null", "is null"] {
        let mut scene = Scene::begin().await;
        scene
            .tamper(&format!(
                "update app.data_keys set wrapped = null, erased_at = '2026-11-22' where subject_id {whose}"
            ))
            .await;
        let (fault, event) = scene.fault().await.expect("is found");
        assert_eq!(fault, Fault::KeyTaken, "{whose}");
        assert!(event.is_some(), "{whose}");
        scene.app.finish().await;
    }
}

#[tokio::test]
async fn the_erased_key_of_somebody_else_excuses_nothing() {
    let mut scene = Scene::begin().await;
    let carol = scene
        .app
        .member(&scene.acme, "Carol", Role::Operator, &[])
        .await;
    for leaving in [&scene.bob, &carol] {
        let raw = RawDeletion {
            confirm: leaving.email.as_str().into(),
            ..RawDeletion::default()
        };
        people::delete(&scene.app.app, &scene.alice, leaving.id, &raw)
            .await
            .expect("is deleted");
    }
    let later = scene.does().await;
    assert_eq!(scene.fault().await, None);
    let (bob, carol) = (scene.bob.id, carol.id);
    // Of Bob nothing can be read any more, whoever looks: that is his key's work, and nobody else's.
    let swap = format!(
        "update app.audit_events set data_key_ids = array_replace(data_key_ids,
           (select id from app.data_keys where subject_id = '{bob}'),
           (select id from app.data_keys where subject_id = '{carol}')) where id = '{later}'"
    );
    scene.tamper(&swap).await;
    let expected = Some((Fault::ValuesDiffer, Some(later)));
    assert_eq!(scene.fault().await, expected);
    scene.app.finish().await;
}

#[tokio::test]
async fn the_application_erases_no_key_of_somebody_who_is_there_and_brings_none_back() {
    let scene = Scene::begin().await;
    let bob = scene.bob.id;
    let mut conn = scene.app.database().connect("intrex_app").await;
    let set = format!("set app.current_tenant = '{}'", scene.acme.id);
    conn.execute(AssertSqlSafe(set)).await.expect("is set");
    let refused = async |conn: &mut sqlx::PgConnection, statement: &str| {
        let refused = conn.execute(AssertSqlSafe(statement.to_owned())).await;
        let refused = refused.expect_err(statement);
        let refused = refused.as_database_error().expect("the server refuses");
        refused.constraint().map(str::to_owned)
    };
    let erase = "update app.data_keys set wrapped = null, erased_at = '2026-11-22'";
    let born_erased = format!(
        "insert into app.data_keys (tenant_id, id, subject_id, wrapped, created_at, erased_at)
         values ('{}', gen_random_uuid(), gen_random_uuid(), null, '2026-11-22', '2026-11-22')",
        scene.acme.id
    );
    for statement in [
        erase.to_owned(),
        format!("{erase} where subject_id is null"),
        format!("{erase} where subject_id = '{bob}'"),
        born_erased,
    ] {
        let why = refused(&mut conn, &statement).await;
        assert_eq!(
            why.as_deref(),
            Some("data_keys_erased_with_holder"),
            "{statement}"
        );
    }
    assert_eq!(scene.fault().await, None);
    // With the person the key goes, and does not come back.
    let raw = RawDeletion {
        confirm: scene.bob.email.as_str().into(),
        ..RawDeletion::default()
    };
    people::delete(&scene.app.app, &scene.alice, bob, &raw)
        .await
        .expect("is deleted");
    for statement in [
        format!(
            "update app.data_keys set wrapped = 'x', erased_at = null where subject_id = '{bob}'"
        ),
        format!("{erase} where subject_id = '{bob}'"),
    ] {
        let why = refused(&mut conn, &statement).await;
        assert_eq!(
            why.as_deref(),
            Some("data_keys_erased_for_good"),
            "{statement}"
        );
    }
    assert_eq!(scene.fault().await, None);
    scene.app.finish().await;
}
