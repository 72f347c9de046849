//! Recovery codes: each opens once, for one person, while their role may hold any.

use chrono::TimeDelta;
use intrex_core::{
    Error,
    actor::Request,
    people::{self, RawPersonUpdate},
    permission::Role,
    recovery_codes,
    sessions::{self, Proof, StepUp, Verification},
    tenants::{self, RawTenantUpdate},
    tokens::{self, RawToken},
    vault::{Key, KeyRing},
};
use secrecy::ExposeSecret as _;
use sqlx::Connection as _;

use super::{acme, actor_of, codes_of, left, recover, redeem, told};
use crate::{
    accounts::post::{last_to, post, subjects, tables_with, with_mail},
    support::{
        Log, Member, Tenant, TestApp,
        members::{conflict, from, wrong_fields},
    },
};

const KEPT: &str = "select count(*) from app.recovery_codes";

/// Lets these roles alone hold codes.
async fn allow(app: &TestApp, tenant: &Tenant, roles: &str) {
    let raw = RawTenantUpdate {
        recovery_code_roles: roles.into(),
        ..RawTenantUpdate::default()
    };
    tenants::update(&app.app, &tenant.operator, &raw, None)
        .await
        .expect("is changed");
}

#[tokio::test]
async fn a_recovery_code_opens_once_however_it_is_typed_and_its_person_is_told() {
    let (app, server) = with_mail().await;
    let (_, alice) = acme(&app).await;
    let codes = codes_of(&app, &alice).await;
    assert_eq!(codes.len(), 10);
    for (used, code) in codes.iter().take(3).enumerate() {
        let typed = match used {
            0 => code.clone(),
            1 => code.replace('-', "").to_lowercase(),
            _ => format!(" {} ", code.replace('-', " \u{2013} ")),
        };
        let Verification::Full(cookie) = recover(&app, &alice, &typed).await else {
            panic!("{typed:?} does not open");
        };
        let actor = actor_of(&app, &cookie).await;
        let still = 9 - i64::try_from(used).expect("a few");
        assert_eq!(left(&app, &actor).await, still);
        assert!(actor.must_be_fresh(app.app.now()).is_ok());
        let again = recover(&app, &alice, code).await;
        assert!(matches!(again, Verification::Wrong), "{again:?}");
        app.app.clock.advance(TimeDelta::minutes(2));
    }
    assert_eq!(told(&app, "mfa.recovery_code_used").await, 3);
    assert_eq!(told(&app, "MFA_VERIFY_FAILED").await, 3);
    let letters = post(&app, &server).await;
    let mut told = subjects(&letters);
    told.sort();
    let used = ["A recovery code was used"; 3];
    assert_eq!(told, [&used[..], &["Recovery codes were made"]].concat());
    let last = last_to(&letters, &alice.email);
    assert!(codes.iter().all(|code| !last.body.contains(code)));
    app.finish().await;
}

#[tokio::test]
async fn of_fifty_who_give_a_code_at_the_same_moment_one_gets_in() {
    let mut app = TestApp::start().await;
    app.set(|settings| settings.auth_rate_limit_max = 1_000);
    let (_, alice) = acme(&app).await;
    let codes = codes_of(&app, &alice).await;
    let mut begun = Vec::new();
    for _ in 0..50 {
        begun.push(app.password_given(&alice).await);
    }
    let tries: Vec<_> = begun
        .into_iter()
        .map(|provisional| {
            let (core, code) = (app.app.clone(), codes[0].clone());
            tokio::spawn(
                async move { sessions::verify_recovery_code(&core, &provisional, &code).await },
            )
        })
        .collect();
    let (mut full, mut wrong, mut waiting) = (0, 0, 0);
    for attempt in tries {
        match attempt.await.expect("no panic").expect("answers") {
            Verification::Full(_) => full += 1,
            Verification::Wrong => wrong += 1,
            Verification::Wait { .. } => waiting += 1,
        }
    }
    assert_eq!((full, wrong, waiting), (1, 5, 44));
    assert_eq!(app.count(KEPT).await, 9);
    assert_eq!(told(&app, "mfa.recovery_code_used").await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_recovery_code_steps_up_and_of_two_windows_one_uses_it() {
    let (app, server) = with_mail().await;
    let (_, alice) = acme(&app).await;
    let codes = codes_of(&app, &alice).await;
    let cookie = app.sign_in(&alice).await;
    let actor = actor_of(&app, &cookie).await;
    app.app.clock.advance(TimeDelta::minutes(5));
    let give = async |password: &str, code: &str| {
        let proof = Proof::RecoveryCode(code);
        sessions::step_up(&app.app, &actor, password.to_owned().into(), proof).await
    };
    let right = alice.password.expose_secret();
    // A wrong password uses nothing up.
    let refused = give("not the password", &codes[0]).await;
    assert!(matches!(refused, Ok(StepUp::Refused)), "{refused:?}");
    let refused = give(right, "ABCD-EFGH-JKMN-PQRS").await;
    assert!(matches!(refused, Ok(StepUp::Refused)), "{refused:?}");
    assert_eq!(app.count(KEPT).await, 10);
    let (one, two) = tokio::join!(give(right, &codes[0]), give(right, &codes[0]));
    let done: Vec<_> = [one, two]
        .into_iter()
        .filter_map(|outcome| match outcome {
            Ok(StepUp::Done(cookie)) => Some(cookie),
            Ok(StepUp::Refused) => None,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(done.len(), 1);
    let stepped = actor_of(&app, &done[0]).await;
    assert!(stepped.must_be_fresh(app.app.now()).is_ok());
    assert!(app.is_dead(&cookie).await);
    assert_eq!(left(&app, &stepped).await, 9);
    assert_eq!(told(&app, "mfa.recovery_code_used").await, 1);
    assert_eq!(told(&app, "session.stepped_up").await, 1);
    let mut letters = subjects(&post(&app, &server).await);
    letters.sort();
    assert_eq!(
        letters,
        ["A recovery code was used", "Recovery codes were made"]
    );
    app.finish().await;
}

#[tokio::test]
async fn wrong_recovery_codes_and_wrong_codes_of_the_app_make_the_factor_wait_together() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let codes = codes_of(&app, &alice).await;
    app.app.clock.advance(TimeDelta::seconds(30));
    let provisional = app.password_given(&alice).await;
    // One that was never made, what can be none, somebody else's shape, and one of the app.
    for typed in ["ABCD-EFGH-JKMN-PQRS", "", "0000-0000-0000-0000"] {
        let wrong = redeem(&app, &provisional, typed).await;
        assert!(matches!(wrong, Verification::Wrong), "{typed:?}: {wrong:?}");
    }
    // The selector of a real one, and another rest.
    let near = format!("{}-2222-2222-2222", &codes[0][..4]);
    let wrong = redeem(&app, &provisional, &near).await;
    assert!(matches!(wrong, Verification::Wrong), "{wrong:?}");
    let wrong = sessions::verify_code(&app.app, &provisional, "000000").await;
    assert!(matches!(wrong, Ok(Verification::Wrong)), "{wrong:?}");
    // The right ones are not looked at now, and not used up.
    let waits = redeem(&app, &provisional, &codes[0]).await;
    assert!(
        matches!(
            waits,
            Verification::Wait {
                retry_after_sec: 600
            }
        ),
        "{waits:?}"
    );
    let code = app.code(&alice);
    let waits = sessions::verify_code(&app.app, &provisional, &code).await;
    assert!(matches!(waits, Ok(Verification::Wait { .. })), "{waits:?}");
    assert_eq!(app.count(KEPT).await, 10);
    assert_eq!(told(&app, "MFA_VERIFY_FAILED").await, 5);
    assert_eq!(told(&app, "AUTH_LOCKOUT_TRIGGERED").await, 1);
    app.app.clock.advance(TimeDelta::minutes(10));
    let full = recover(&app, &alice, &codes[0]).await;
    assert!(matches!(full, Verification::Full(_)), "{full:?}");
    let failures = "select count(*) from app.people where factor_wrong > 0";
    assert_eq!(app.count(failures).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn codes_are_made_under_a_fresh_factor_alone_and_the_older_ones_count_no_more() {
    let app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    let older = codes_of(&app, &alice).await;
    let actor = app.acting(&alice).await;
    let raw = RawToken {
        name: "a program".into(),
        ..RawToken::default()
    };
    let token = tokens::create(&app.app, &actor, &raw)
        .await
        .expect("a token");
    let text = token.text.expose_secret();
    let tx = tokens::authenticate(&app.app, text, Request::default()).await;
    let tx = tx.expect("answers").expect("counts");
    let program = tx.actor().clone();
    tx.finish().await.expect("finishes");
    for refused in [&program, &acme.operator] {
        let refused = recovery_codes::issue(&app.app, refused).await;
        assert!(
            matches!(refused, Err(Error::StepUp | Error::Forbidden)),
            "{refused:?}"
        );
    }
    app.app.clock.advance(TimeDelta::minutes(5));
    let stale = recovery_codes::issue(&app.app, &actor).await;
    assert!(matches!(stale, Err(Error::StepUp)), "{stale:?}");
    assert_eq!(told(&app, "mfa.recovery_codes_made").await, 1);

    let newer = codes_of(&app, &alice).await;
    assert!(older.iter().all(|code| !newer.contains(code)));
    assert_eq!(app.count(KEPT).await, 10);
    assert!(matches!(
        recover(&app, &alice, &older[0]).await,
        Verification::Wrong
    ));
    assert!(matches!(
        recover(&app, &alice, &newer[0]).await,
        Verification::Full(_)
    ));
    // Two windows at once: the codes of one of them count, and there are ten of them.
    let actor = app.acting(&alice).await;
    let (one, two) = tokio::join!(
        recovery_codes::issue(&app.app, &actor),
        recovery_codes::issue(&app.app, &actor)
    );
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(app.count(KEPT).await, 10);
    app.finish().await;
}

#[tokio::test]
async fn a_role_that_may_hold_no_codes_has_none_at_once() {
    let app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let (of_alice, of_carol) = (codes_of(&app, &alice).await, codes_of(&app, &carol).await);
    let begun = app.password_given(&carol).await;
    let acting = app.acting(&carol).await;
    allow(&app, &acme, "head_office_admin").await;
    assert_eq!(app.count(KEPT).await, 10, "Alice's are left");
    assert!(matches!(
        redeem(&app, &begun, &of_carol[0]).await,
        Verification::Wrong
    ));
    let refused = recovery_codes::issue(&app.app, &acting).await;
    assert_eq!(conflict(refused), "recovery-codes-not-allowed");
    assert!(matches!(
        recover(&app, &alice, &of_alice[0]).await,
        Verification::Full(_)
    ));
    // A row that somebody put back opens nothing while the role may hold none.
    allow(&app, &acme, "nobody").await;
    assert_eq!(app.count(KEPT).await, 0);
    allow(&app, &acme, "operator").await;
    let of_carol = codes_of(&app, &carol).await;
    sqlx::query("update app.tenants set recovery_code_roles = '{branch_manager}'")
        .execute(&mut app.superuser().await)
        .await
        .expect("is set");
    assert!(matches!(
        recover(&app, &carol, &of_carol[0]).await,
        Verification::Wrong
    ));
    assert_eq!(app.count(KEPT).await, 10);

    // Another role that may hold none takes them away, too.
    allow(&app, &acme, "operator").await;
    let of_carol = codes_of(&app, &carol).await;
    for role in ["branch_manager", "operator"] {
        let raw = RawPersonUpdate {
            role: role.into(),
            ..RawPersonUpdate::default()
        };
        people::update(&app.app, &acme.operator, carol.id, &raw, None)
            .await
            .expect("is changed");
    }
    assert!(matches!(
        recover(&app, &carol, &of_carol[0]).await,
        Verification::Wrong
    ));
    for wrong in ["", "auditor", "operator,everybody"] {
        let raw = RawTenantUpdate {
            recovery_code_roles: wrong.into(),
            ..RawTenantUpdate::default()
        };
        let refused = tenants::update(&app.app, &acme.operator, &raw, None).await;
        assert_eq!(wrong_fields(refused), ["recovery_code_roles"], "{wrong}");
    }
    app.finish().await;
}

#[tokio::test]
async fn codes_that_were_moved_to_another_person_open_for_nobody() {
    let app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    let mallory = app.member(&acme, "Mallory", Role::Operator, &[]).await;
    let codes = codes_of(&app, &mallory).await;
    sqlx::query("update app.recovery_codes set person_id = $1")
        .bind(alice.id.uuid())
        .execute(&mut app.superuser().await)
        .await
        .expect("are moved");
    for member in [&alice, &mallory] {
        let wrong = recover(&app, member, &codes[0]).await;
        assert!(matches!(wrong, Verification::Wrong), "{wrong:?}");
    }
    assert_eq!(app.count(KEPT).await, 10);
    app.finish().await;
}

#[tokio::test]
async fn codes_of_another_organisation_are_not_there() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let globex = app.tenant("Globex").await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let codes = codes_of(&app, &alice).await;
    let wrong = recover(&app, &mallory, &codes[0]).await;
    assert!(matches!(wrong, Verification::Wrong), "{wrong:?}");
    allow(&app, &globex, "nobody").await;
    assert_eq!(app.count(KEPT).await, 10, "Alice's organisation is another");
    app.finish().await;
}

#[tokio::test]
async fn a_reset_of_the_factor_removes_the_codes_and_whoever_is_enrolled_anew_has_none() {
    let (app, server) = with_mail().await;
    let (acme, alice) = acme(&app).await;
    let codes = codes_of(&app, &alice).await;
    let before = app.password_given(&alice).await;
    people::reset_mfa(&app.app, &acme.operator, alice.id, &"lost".into())
        .await
        .expect("is reset");
    assert_eq!(app.count(KEPT).await, 0);
    let gone = sessions::verify_recovery_code(&app.app, &before, &codes[0]).await;
    assert!(matches!(gone, Err(Error::Forbidden)), "{gone:?}");
    let provisional = app.password_given(&alice).await;
    let setup = sessions::verify_recovery_code(&app.app, &provisional, &codes[0]).await;
    assert!(matches!(setup, Err(Error::Forbidden)), "{setup:?}");
    let enrolment = sessions::begin_enrolment(&app.app, &provisional).await;
    let again = Member {
        secret: enrolment.expect("begins").secret_base32,
        ..alice.clone()
    };
    let code = app.code(&again);
    let done = sessions::confirm_enrolment(&app.app, &provisional, &code).await;
    assert!(matches!(done, Ok(Verification::Full(_))), "{done:?}");
    let wrong = recover(&app, &again, &codes[1]).await;
    assert!(matches!(wrong, Verification::Wrong), "{wrong:?}");
    let mut letters = subjects(&post(&app, &server).await);
    letters.sort();
    assert_eq!(
        letters,
        ["Recovery codes were made", "Your second factor was removed"]
    );
    app.finish().await;
}

#[tokio::test]
async fn codes_whose_pepper_is_gone_open_nothing_and_are_not_counted() {
    let mut app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let codes = codes_of(&app, &alice).await;
    let key = || {
        let bytes = intrex_core::clock::Chance.bytes::<32>().to_vec();
        Key::from_bytes(bytes).expect("random bytes are a key")
    };
    // Under the previous pepper they still open.
    app.restart_with(|keys| {
        let former = keys.password_pepper.current().clone();
        keys.password_pepper = KeyRing::new(key(), Some(former));
    })
    .await;
    let full = recover(&app, &alice, &codes[0]).await;
    assert!(matches!(full, Verification::Full(_)), "{full:?}");
    // Her password has come under the new one with that; the codes could not.
    app.restart_with(|keys| {
        keys.password_pepper = KeyRing::new(keys.password_pepper.current().clone(), None);
    })
    .await;
    let wrong = recover(&app, &alice, &codes[1]).await;
    assert!(matches!(wrong, Verification::Wrong), "{wrong:?}");
    let actor = app.acting(&alice).await;
    assert_eq!(left(&app, &actor).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn codes_are_in_no_table_no_log_no_event_and_no_mail() {
    let log = Log::begin();
    let (app, server) = with_mail().await;
    let (_, alice) = acme(&app).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let page = "/settings/second-factor/recovery-codes";
    let made = browser.submit(page, page, &[]).await;
    let codes = super::pages::shown(&made);
    let used = codes[0].to_lowercase();
    let fields = [
        ("email", alice.email.as_str()),
        ("password", alice.password.expose_secret()),
    ];
    let other = site.browser();
    other.submit("/sign-in", "/sign-in", &fields).await;
    let wrong = "2345-6789-ABCD-EFGH";
    other.submit("/mfa", "/mfa", &[("code", wrong)]).await;
    let done = other
        .submit("/mfa", "/mfa", &[("recovery_code", &used)])
        .await;
    assert_eq!(done.status, 303, "{}", done.body);
    let arrived = post(&app, &server).await;
    app.sequence().await;
    let logged = log.end();
    assert!(logged.contains("/mfa"), "the route is logged");
    for code in codes.iter().map(String::as_str).chain([wrong, &used]) {
        let bare = code.replace('-', "");
        for hidden in [code, &bare, &bare[4..], &code[5..]] {
            assert!(!logged.contains(hidden), "{hidden} is in the log");
            assert!(arrived.iter().all(|letter| !letter.body.contains(hidden)));
        }
    }
    // Each is searched for in one form that any other way of keeping it would have, too.
    for code in [&codes[0], &codes[1]] {
        let rest = code.replace('-', "").split_off(4);
        for hidden in [code.as_str(), &rest, &rest.to_lowercase()] {
            assert_eq!(tables_with(&app, hidden).await, [""; 0], "{hidden}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn signing_in_with_a_code_from_afar_is_like_any_sign_in_on_another_device() {
    let (app, server) = with_mail().await;
    let (_, alice) = acme(&app).await;
    let codes = codes_of(&app, &alice).await;
    let afar = Member {
        request: from([203, 0, 113, 7]),
        ..alice
    };
    let Verification::Full(cookie) = recover(&app, &afar, &codes[0]).await else {
        panic!("does not open");
    };
    assert!(cookie.device.is_some(), "the device is known from now on");
    post(&app, &server).await;
    let letters = crate::accounts::post::read(&server);
    let subjects: Vec<_> = letters.iter().map(|letter| &letter.subject).collect();
    let is_told = |subject| subjects.iter().any(|told| *told == subject);
    assert!(is_told(crate::accounts::post::NEW_DEVICE), "{subjects:?}");
    app.finish().await;
}

#[tokio::test]
async fn codes_are_not_made_for_a_session_that_ended_or_grew_old_while_they_were_hashed() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    for ended in [true, false] {
        let actor = app.acting(&alice).await;
        let mut somebody = app.superuser().await;
        let mut change = somebody.begin().await.expect("begins");
        sqlx::query("select from app.people where id = $1 for update")
            .bind(alice.id.uuid())
            .execute(&mut *change)
            .await
            .expect("is locked");
        let meanwhile = async {
            while app.count("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'").await == 0 {}
            match ended {
                true => {
                    sqlx::query("delete from app.sessions")
                        .execute(&mut *change)
                        .await
                        .expect("is ended");
                }
                false => app.app.clock.advance(TimeDelta::minutes(5)),
            }
            change.commit().await.expect("is committed");
        };
        let (issued, ()) = tokio::join!(recovery_codes::issue(&app.app, &actor), meanwhile);
        match ended {
            true => assert!(matches!(issued, Err(Error::Forbidden)), "{issued:?}"),
            false => assert!(matches!(issued, Err(Error::StepUp)), "{issued:?}"),
        }
        assert_eq!(app.count(KEPT).await, 0);
    }
    app.finish().await;
}
