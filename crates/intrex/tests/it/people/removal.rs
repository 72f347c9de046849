//! Deleting somebody for good: what is gone, what stays, and who cannot be deleted.

use intrex_core::{
    Actor, Error,
    accounts::{
        email,
        password::{self, PasswordChange, Tokens},
        reset,
    },
    actor::{IdempotencyKey, Request},
    audit::reads::{self as audit, AuditFilter},
    obligations::{self, commands, input::RawObligation},
    people::{self, Deleted, PersonFilter, RawDeletion, RawPerson, RawPersonUpdate},
    permission::Role,
    sessions::{self, SignIn},
    tokens::{self, RawToken},
};
use sqlx::AssertSqlSafe;

use crate::{
    accounts::post::{tables_with, with_mail},
    support::{
        Member, TestApp,
        members::{address, conflict, wrong_fields},
    },
};

/// Words that are Zephyrine's and stand nowhere else.
const CANARIES: [&str; 6] = [
    "Zephyrine",
    "zephyrine",
    "Quaxby",
    "Vorpalbrowser",
    "203.0.113.77",
    "snickersnack",
];

async fn delete(
    app: &TestApp,
    actor: &Actor,
    member: &Member,
    heir: &str,
) -> intrex_core::Result<Deleted> {
    let raw = RawDeletion {
        confirm: member.email.to_uppercase().into(),
        hand_over_to_id: heir.into(),
    };
    people::delete(&app.app, actor, member.id, &raw).await
}

/// Every row of a table that names the person as the one whom it belongs to. Security events are history, like the log: they
/// name an id, and no address any more.
async fn rows_of(app: &TestApp, member: &Member) -> Vec<(String, i64)> {
    let mut superuser = app.superuser().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.columns
         where table_schema = 'app' and column_name = 'person_id' and table_name <> 'security_events' order by 1",
    )
    .fetch_all(&mut superuser)
    .await
    .expect("the tables");
    assert!(tables.len() > 6, "{tables:?}");
    let mut found = Vec::new();
    for table in tables {
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
            "select count(*) from app.{table} where person_id = $1"
        )))
        .bind(member.id.uuid())
        .fetch_one(&mut superuser)
        .await
        .expect("counts");
        found.push((table, count));
    }
    found.retain(|(_, count)| *count > 0);
    found
}

#[tokio::test]
async fn of_somebody_who_was_deleted_nothing_personal_is_left_and_history_stays() {
    let (app, _server) = with_mail().await;
    let core = &app.app;
    let acme = app.tenant("Acme").await;
    let north = app.branch(&acme, "NORTH").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let mut zephyrine = app
        .member(&acme, "Zephyrine", Role::BranchManager, &[north.id])
        .await;
    zephyrine.request = Request {
        ip: Some([203, 0, 113, 77].into()),
        user_agent: Some("Vorpalbrowser/1".to_owned()),
        ..Request::default()
    };
    let due = app.obligation(&acme, &north, "licence", "2026-12-31").await;

    // She is renamed by a request whose answer is kept, signs in, acts, makes a token, and asks for what sends links.
    let alice_acts = app.acting(&alice).await;
    let key = IdempotencyKey {
        key: "once".to_owned(),
        route: "PATCH /x".to_owned(),
        body_hash: [7; 32],
    };
    let rename = RawPersonUpdate {
        name: "Zephyrine Quaxby".into(),
        ..RawPersonUpdate::default()
    };
    let repeatable = alice_acts.clone().repeatable(key);
    people::update(core, &repeatable, zephyrine.id, &rename, None)
        .await
        .expect("is renamed");
    let acts = app.acting(&zephyrine).await;
    let raw = RawObligation {
        owner_id: zephyrine.id.to_string().into(),
        ..RawObligation::default()
    };
    commands::update(core, &acts, due.id, &raw, None)
        .await
        .expect("is assigned");
    let token = RawToken {
        name: "snickersnack of Zephyrine".into(),
        ..RawToken::default()
    };
    tokens::create(core, &acts, &token).await.expect("is made");
    let change = PasswordChange {
        old: zephyrine.password.clone(),
        new: "cobalt lantern orchid ferry".to_owned().into(),
        tokens: Tokens::Kept,
    };
    password::change(core, &acts, change)
        .await
        .expect("is changed");
    zephyrine.password = "cobalt lantern orchid ferry".to_owned().into();
    let acts = app.acting(&zephyrine).await;
    let other = "zephyrine.quaxby@elsewhere.example".into();
    email::ask(core, &acts, &other, zephyrine.password.clone())
        .await
        .expect("is asked");
    reset::request(core, zephyrine.request.clone(), &zephyrine.email)
        .await
        .expect("is asked");
    sqlx::query("update app.reminder_slots set last_error = 'no mailbox for Zephyrine'")
        .execute(&mut app.superuser().await)
        .await
        .expect("is noted");
    for canary in ["Quaxby", "snickersnack", "zephyrine"] {
        assert!(!tables_with(&app, canary).await.is_empty(), "{canary}");
    }
    assert!(rows_of(&app, &zephyrine).await.len() > 6);

    let alice_acts = app.acting(&alice).await;
    let mut tx = core.db.read(&alice_acts).await.expect("begins");
    let leaving = people::removal::preview(&mut tx, zephyrine.id)
        .await
        .expect("is shown");
    tx.finish().await.expect("finishes");
    assert_eq!(
        (leaving.owned, leaving.deputised, leaving.tokens),
        (1, 0, 1)
    );
    assert!(leaving.sessions >= 1);
    let deleted = delete(&app, &alice_acts, &zephyrine, "")
        .await
        .expect("is deleted");
    assert_eq!((deleted.obligations, deleted.handed_over_to_id), (1, None));

    for canary in CANARIES {
        assert_eq!(tables_with(&app, canary).await, [""; 0], "{canary}");
    }
    assert_eq!(rows_of(&app, &zephyrine).await, [], "what belonged to her");
    let addresses: i64 = sqlx::query_scalar(
        "select count(*) from app.security_events where person_id = $1 and address <> ''",
    )
    .bind(zephyrine.id.uuid())
    .fetch_one(&mut app.superuser().await)
    .await
    .expect("counts");
    assert_eq!(addresses, 0);
    // What the log holds of her cannot be opened by anybody; what she did is still told, by a former person.
    let mut tx = core.db.read(&alice_acts).await.expect("begins");
    let everything = audit::list(&mut tx, &AuditFilter::default(), &Default::default())
        .await
        .expect("is read");
    let told = serde_json::to_string(&everything).expect("serialises");
    for canary in CANARIES {
        assert!(!told.contains(canary), "{canary}: {told}");
    }
    assert!(told.contains("Former person") && told.contains("person.deleted"));
    let left = people::reads::list(&mut tx, &PersonFilter::default(), &Default::default())
        .await
        .expect("lists");
    assert_eq!(left.items.len(), 1, "she is nowhere among people");
    let gone = people::reads::get(&mut tx, zephyrine.id).await;
    assert!(matches!(gone, Err(Error::NotFound)));
    let item = obligations::reads::get(&mut tx, due.id)
        .await
        .expect("is there");
    assert_eq!(item.owner_id, None);
    tx.finish().await.expect("finishes");

    let (email, password) = (&zephyrine.email, zephyrine.password.clone());
    let refused = sessions::sign_in(core, zephyrine.request.clone(), email, password).await;
    assert!(matches!(refused, Ok(SignIn::Refused)), "{refused:?}");
    let again = delete(&app, &alice_acts, &zephyrine, "").await;
    assert!(matches!(again, Err(Error::NotFound)), "{again:?}");
    // The address is free, for somebody who begins anew.
    let raw = RawPerson {
        email: zephyrine.email.as_str().into(),
        name: "Somebody".into(),
        role: "operator".into(),
        ..RawPerson::default()
    };
    let anew = people::invite(core, &acme.operator, &raw)
        .await
        .expect("is invited");
    assert_ne!(anew.person.id, zephyrine.id);
    app.finish().await;
}

#[tokio::test]
async fn open_obligations_are_handed_over_to_somebody_who_sees_them_and_say_so() {
    let app = TestApp::start().await;
    let core = &app.app;
    let acme = app.tenant("Acme").await;
    let (north, south) = (
        app.branch(&acme, "NORTH").await,
        app.branch(&acme, "SOUTH").await,
    );
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::Operator, &[north.id, south.id])
        .await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[north.id])
        .await;
    let dave = app
        .member(&acme, "Dave", Role::Operator, &[north.id, south.id])
        .await;
    let mut items = Vec::new();
    for (branch, owner, deputy) in [
        (&north, Some(&bob), Some(&dave)),
        (&south, Some(&carol), Some(&bob)),
        (&north, Some(&bob), None),
    ] {
        let due = app.obligation(&acme, branch, "thing", "2026-12-31").await;
        let id = |member: Option<&Member>| member.map(|m| m.id.to_string()).unwrap_or_default();
        let raw = RawObligation {
            owner_id: id(owner).into(),
            deputy_id: id(deputy).into(),
            ..RawObligation::default()
        };
        commands::update(core, &acme.operator, due.id, &raw, None)
            .await
            .expect("is assigned");
        items.push(due.id);
    }
    // What is settled stays his.
    commands::complete(
        core,
        &app.acting(&bob).await,
        items[2],
        &Default::default(),
        None,
    )
    .await
    .expect("is completed");

    let acts = app.acting(&alice).await;
    for (heir, wrong) in [
        (bob.id.to_string(), true),
        (carol.id.to_string(), true),
        (
            core.new_id::<intrex_core::ids::PersonId>().to_string(),
            true,
        ),
        (dave.id.to_string(), false),
    ] {
        let outcome = delete(&app, &acts, &bob, &heir).await;
        match wrong {
            true => assert_eq!(wrong_fields(outcome), ["hand_over_to_id"]),
            false => assert_eq!(outcome.expect("is deleted").obligations, 2),
        }
    }
    let mut tx = core.db.read(&acts).await.expect("begins");
    for (id, owner, deputy) in [
        (items[0], Some(dave.id), None),
        (items[1], Some(carol.id), Some(dave.id)),
        (items[2], Some(bob.id), None),
    ] {
        let item = obligations::reads::get(&mut tx, id)
            .await
            .expect("is there");
        assert_eq!((item.owner_id, item.deputy_id), (owner, deputy));
        let timeline = audit::timeline(&mut tx, id).await.expect("is told");
        let changes = timeline.iter().filter(|e| e.action == "obligation.updated");
        let expected = if id == items[2] { 1 } else { 2 };
        assert_eq!(changes.count(), expected, "{id}");
    }
    tx.finish().await.expect("finishes");
    app.finish().await;
}

#[tokio::test]
async fn nobody_deletes_themselves_or_the_last_admin_or_without_typing_the_address() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    let acts = app.acting(&alice).await;
    assert_eq!(
        conflict(delete(&app, &acts, &alice, "").await),
        "person-own-deletion"
    );
    assert_eq!(
        conflict(delete(&app, &acme.operator, &alice, "").await),
        "person-last-admin"
    );
    for typed in ["", &alice.email, "bob"] {
        let raw = RawDeletion {
            confirm: typed.into(),
            ..RawDeletion::default()
        };
        let refused = people::delete(&app.app, &acts, bob.id, &raw).await;
        assert_eq!(wrong_fields(refused), ["confirm"], "{typed}");
    }
    app.app.clock.advance(chrono::TimeDelta::minutes(5));
    let stale = delete(&app, &acts, &bob, "").await;
    assert!(matches!(stale, Err(Error::StepUp)), "{stale:?}");
    let told = "select count(*) from app.audit_events where action = 'person.deleted'";
    assert_eq!(app.count(told).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn two_admins_who_delete_each_other_at_the_same_moment_leave_one() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::HeadOfficeAdmin, &[]).await;
    let (alice_acts, bob_acts) = (app.acting(&alice).await, app.acting(&bob).await);
    let (first, second) = tokio::join!(
        delete(&app, &alice_acts, &bob, ""),
        delete(&app, &bob_acts, &alice, ""),
    );
    assert_eq!(
        u8::from(first.is_ok()) + u8::from(second.is_ok()),
        1,
        "{first:?} {second:?}"
    );
    let left =
        "select count(*) from app.people where role = 'head_office_admin' and status = 'active'";
    assert_eq!(app.count(left).await, 1);
    // Who lost can be told nothing of the other, who stays.
    assert!(
        people::invite(
            &app.app,
            &acme.operator,
            &RawPerson {
                email: address(&acme, "Carol").into(),
                name: "Carol".into(),
                role: "head_office_admin".into(),
                ..RawPerson::default()
            },
        )
        .await
        .is_ok()
    );
    app.finish().await;
}

#[tokio::test]
async fn accepting_and_inviting_anew_at_the_same_moment_wait_for_each_other_and_not_in_a_circle() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    for round in 0..8 {
        let name = format!("Carol{round}");
        let invited = app.invite(&acme, &name, Role::Operator, &[]).await;
        let token = invited.token.clone();
        let (accepted, again) = tokio::join!(
            people::accept_invitation(
                &app.app,
                Request::default(),
                secrecy::ExposeSecret::expose_secret(&token),
                "tulip granite moss".to_owned().into(),
            ),
            people::reinvite(&app.app, &acme.operator, invited.person.id),
        );
        // One of them was first; neither was broken off by the database.
        let joined = matches!(
            accepted.expect("answers"),
            people::AcceptOutcome::Accepted(_)
        );
        match again {
            Ok(_) => assert!(!joined),
            Err(Error::Conflict(_)) => assert!(joined),
            Err(error) => panic!("{error}"),
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn who_was_deleted_or_disabled_is_given_nothing_and_kept_answers_forget_their_name() {
    let app = TestApp::start().await;
    let core = &app.app;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let dave = app.member(&acme, "Dave", Role::Operator, &[]).await;
    let acts = app.acting(&alice).await;
    let settled = app
        .obligation(&acme, &gulshan, "Licence", "2026-12-24")
        .await;
    let of = |id: intrex_core::ids::PersonId, owner: bool| {
        let mut raw = RawObligation::default();
        match owner {
            true => raw.owner_id = id.to_string().into(),
            false => raw.deputy_id = id.to_string().into(),
        }
        raw
    };
    commands::update(core, &acts, settled.id, &of(carol.id, true), None)
        .await
        .expect("is hers");
    commands::complete(core, &acts, settled.id, &Default::default(), None)
        .await
        .expect("is done");

    // Answers that name her without her id, in either way, and one that only has her name within other words.
    let answers = [
        format!("{{\"said\":\"of {}\"}}", carol.email.to_uppercase()),
        "{\"name\":\"Carol\"}".to_owned(),
        "{\"title\":\"Caroline\"}".to_owned(),
    ];
    for (n, answer) in answers.iter().enumerate() {
        sqlx::query(
            "insert into app.idempotency_keys (tenant_id, actor_id, route, key, body_hash, answer, created_at)
             values ($1, $2, 'POST /x', $3, decode(repeat('00', 32), 'hex'), $4, $5)",
        )
        .bind(acme.id.uuid())
        .bind(alice.id.uuid())
        .bind(n.to_string())
        .bind(answer)
        .bind(core.now())
        .execute(&mut app.superuser().await)
        .await
        .expect("is kept");
    }
    delete(&app, &acts, &carol, "").await.expect("is deleted");
    let kept: Vec<String> = sqlx::query_scalar("select answer from app.idempotency_keys")
        .fetch_all(&mut app.superuser().await)
        .await
        .expect("are read");
    assert_eq!(kept, answers[2..]);

    // What is opened again is nobody's and says so; nothing is given to her, or to who cannot sign in.
    let reason = obligations::input::RawReason {
        reason: "not done after all".into(),
    };
    let opened = commands::reopen(core, &acts, settled.id, &reason, None)
        .await
        .expect("is opened");
    assert_eq!(opened.owner_id, None);
    let raw = RawPersonUpdate {
        status: "disabled".into(),
        ..RawPersonUpdate::default()
    };
    people::update(core, &acts, dave.id, &raw, None)
        .await
        .expect("is disabled");
    for id in [carol.id, dave.id, core.new_id()] {
        for (owner, field) in [(true, "owner_id"), (false, "deputy_id")] {
            let refused = commands::update(core, &acts, settled.id, &of(id, owner), None).await;
            assert_eq!(wrong_fields(refused), [field]);
            let new = RawObligation {
                branch_id: gulshan.id.to_string().into(),
                title: "Another".into(),
                category: "licence".into(),
                severity: "medium".into(),
                due_on: "2026-12-24".into(),
                ..of(id, owner)
            };
            assert_eq!(
                wrong_fields(commands::create(core, &acts, &new).await),
                [field]
            );
        }
    }
    app.finish().await;
}

/// Who is to have an item.
fn parts(owner: &Member, deputy: &Member) -> RawObligation {
    RawObligation {
        owner_id: owner.id.to_string().into(),
        deputy_id: deputy.id.to_string().into(),
        ..RawObligation::default()
    }
}

#[tokio::test]
async fn deleting_somebody_while_others_work_on_their_items_waits_and_not_in_a_circle() {
    let app = TestApp::start_with(12).await;
    let acme = app.tenant("Acme").await;
    let north = app.branch(&acme, "NORTH").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let dave = app.member(&acme, "Dave", Role::Operator, &[north.id]).await;
    let erin = app.member(&acme, "Erin", Role::Operator, &[north.id]).await;
    for round in 0..6 {
        let name = format!("Carol{round}");
        let carol = app.member(&acme, &name, Role::Operator, &[north.id]).await;
        let acts = app.acting(&alice).await;
        let mut work = Vec::new();
        for n in 0..6 {
            let due = app.obligation(&acme, &north, "return", "2026-12-31").await;
            let had = match n % 2 {
                0 => parts(&carol, &dave),
                _ => parts(&dave, &erin),
            };
            let raw = RawObligation {
                recurrence: "FREQ=MONTHLY".into(),
                ..had
            };
            commands::update(&app.app, &acts, due.id, &raw, None)
                .await
                .expect("is assigned");
            // It is given to her, taken from her, named with another title, and completed.
            let title = RawObligation {
                title: "monthly return".into(),
                ..RawObligation::default()
            };
            for raw in [
                parts(&erin, &carol),
                parts(&carol, &erin),
                parts(&dave, &erin),
                title,
            ] {
                let (core, acts) = (app.app.clone(), acts.clone());
                work.push(tokio::spawn(async move {
                    let done = commands::update(&core, &acts, due.id, &raw, None).await;
                    done.map(drop)
                }));
            }
            let (core, acts) = (app.app.clone(), acts.clone());
            work.push(tokio::spawn(async move {
                let raw = Default::default();
                let done = commands::complete(&core, &acts, due.id, &raw, None).await;
                done.map(drop)
            }));
        }
        let heir = match round % 2 {
            0 => String::new(),
            _ => dave.id.to_string(),
        };
        let deleted = delete(&app, &acts, &carol, &heir).await;
        assert!(deleted.is_ok(), "{round}: {deleted:?}");
        for work in work {
            match work.await.expect("no panic") {
                // Who is gone is given nothing, and what is settled is not changed.
                Ok(()) | Err(Error::Invalid(_) | Error::Conflict(_)) => {}
                Err(error) => panic!("{round}: {error:?}"),
            }
        }
        let left: i64 = sqlx::query_scalar(
            "select count(*) from app.obligation_instances where state = 'open' and (owner_id = $1 or deputy_id = $1)",
        )
        .bind(carol.id.uuid())
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("counts");
        assert_eq!(left, 0, "{round}: nothing stays with who is gone");
    }
    app.finish().await;
}
