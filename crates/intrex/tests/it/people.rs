//! People: how they join, who sees whom, and what an admin can and cannot do to others.

mod inviting;
mod managers;
mod removal;

use chrono::TimeDelta;
use intrex_core::{
    Actor, Error,
    actor::Request,
    error::Conflict,
    people::{self, AcceptOutcome, PersonFilter, PersonStatus, RawPerson, RawPersonUpdate},
    permission::Role,
    sessions::{self, SignIn, Stage},
    tokens::{self, RawToken},
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::support::{
    TestApp,
    members::{address, conflict, list, wrong_fields},
};

async fn accept(
    app: &TestApp,
    token: &SecretString,
    password: &str,
) -> intrex_core::Result<AcceptOutcome> {
    people::accept_invitation(
        &app.app,
        Request::default(),
        token.expose_secret(),
        password.to_owned().into(),
    )
    .await
}

fn becoming(role: &str, status: &str) -> RawPersonUpdate {
    RawPersonUpdate {
        role: role.into(),
        status: status.into(),
        ..RawPersonUpdate::default()
    }
}

async fn seen(app: &TestApp, actor: &Actor) -> intrex_core::Result<Vec<String>> {
    let mut tx = app.app.db.read(actor).await?;
    let page = people::reads::list(&mut tx, &PersonFilter::default(), &Default::default()).await?;
    Ok(page.items.into_iter().map(|person| person.name).collect())
}

#[tokio::test]
async fn of_many_who_follow_an_invitation_at_the_same_moment_one_joins() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let invited = app.invite(&acme, "Carol", Role::Operator, &[]).await;
    let page =
        people::invitations::find(&app.app, Request::default(), invited.token.expose_secret())
            .await;
    let page = page.expect("answers").expect("counts");
    assert_eq!(
        (
            page.tenant_name.as_str(),
            page.name.as_str(),
            page.min_password
        ),
        ("Acme", "Carol", 12)
    );

    let tries = (0..8).map(|n| {
        let (core, token) = (app.app.clone(), invited.token.clone());
        tokio::spawn(async move {
            let password = format!("tulip granite {n} moss");
            people::accept_invitation(
                &core,
                Request::default(),
                token.expose_secret(),
                password.into(),
            )
            .await
        })
    });
    let mut joined = 0;
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.expect("no panic").expect("answers") {
            AcceptOutcome::Accepted(accepted) => {
                assert_eq!(accepted.person, invited.person.id);
                joined += 1;
            }
            AcceptOutcome::Gone => {}
        }
    }
    assert_eq!(joined, 1);
    let told = "select count(*) from app.audit_events where action = 'person.joined'";
    assert_eq!(app.count(told).await, 1);
    let page =
        people::invitations::find(&app.app, Request::default(), invited.token.expose_secret())
            .await;
    assert!(page.expect("answers").is_none());
    app.finish().await;
}

#[tokio::test]
async fn an_invitation_counts_for_three_days_and_a_new_one_replaces_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let first = app.invite(&acme, "Carol", Role::Operator, &[]).await;
    let second = people::reinvite(&app.app, &acme.operator, first.person.id)
        .await
        .expect("is made");
    assert!(matches!(
        accept(&app, &first.token, "tulip granite moss").await,
        Ok(AcceptOutcome::Gone)
    ));
    app.app.clock.advance(TimeDelta::hours(72));
    assert!(matches!(
        accept(&app, &second.token, "tulip granite moss").await,
        Ok(AcceptOutcome::Gone)
    ));
    let third = people::reinvite(&app.app, &acme.operator, first.person.id)
        .await
        .expect("is made");
    app.app
        .clock
        .advance(TimeDelta::hours(72) - TimeDelta::seconds(1));
    assert!(matches!(
        accept(&app, &third.token, "tulip granite moss").await,
        Ok(AcceptOutcome::Accepted(_))
    ));
    let too_late = people::reinvite(&app.app, &acme.operator, first.person.id).await;
    assert_eq!(conflict(too_late), "person-already-joined");
    app.finish().await;
}

#[tokio::test]
async fn a_password_that_is_refused_leaves_the_invitation_as_it_is() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let invited = app
        .invite(&acme, "Caroline", Role::HeadOfficeAdmin, &[])
        .await;
    for refused in [
        "short",
        "fourteen chars",
        "Password1234567!",
        "caroline vexmolqu",
        "acme vexmolqubatr",
        "intrex vexmolquba",
        &"x".repeat(257),
    ] {
        assert_eq!(
            wrong_fields(accept(&app, &invited.token, refused).await),
            ["password"],
            "{refused}"
        );
    }
    let long = format!("{} 🐎 emoji and spaces", "tulip granite moss ".repeat(6));
    assert!(matches!(
        accept(&app, &invited.token, &long).await,
        Ok(AcceptOutcome::Accepted(_))
    ));
    // Nothing but the whole password signs in, although it is longer than what bcrypt itself looks at.
    let email = &invited.person.email;
    for (password, right) in [(&long[..100], false), (long.as_str(), true)] {
        let outcome = sessions::sign_in(
            &app.app,
            Request::default(),
            email,
            password.to_owned().into(),
        )
        .await;
        assert_eq!(matches!(outcome, Ok(SignIn::Started(_))), right);
    }
    app.finish().await;
}

#[tokio::test]
async fn an_address_belongs_to_one_organisation_in_every_spelling_and_the_refusal_does_not_say_whose()
 {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.invite(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let mut answers = Vec::new();
    for tenant in [&acme, &globex] {
        for email in [
            alice.person.email.clone(),
            format!(" {} ", alice.person.email.to_uppercase()),
        ] {
            let raw = RawPerson {
                email: email.into(),
                name: "Somebody".into(),
                role: "operator".into(),
                ..RawPerson::default()
            };
            let Err(refusal) = people::invite(&app.app, &tenant.operator, &raw).await else {
                panic!("invited twice");
            };
            answers.push(format!("{refusal:?}"));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert!(answers[0].contains("email") && !answers[0].contains("Acme"));
    app.finish().await;
}

#[tokio::test]
async fn a_branch_of_another_organisation_is_refused_like_one_that_never_was() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let foreign = app.branch(&globex, "G1").await.id;
    let unknown = app.app.new_id();
    let mut answers = Vec::new();
    for branch in [foreign, unknown] {
        let raw = RawPerson {
            email: address(&acme, "Bob").into(),
            name: "Bob".into(),
            role: "branch_manager".into(),
            branch_ids: list(&[branch]).into(),
        };
        let refused = people::invite(&app.app, &acme.operator, &raw).await;
        answers.push(format!("{:?}", refused.as_ref().err()));
        assert_eq!(wrong_fields(refused), ["branch_ids"]);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn two_admins_who_remove_each_other_at_the_same_moment_leave_one() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::HeadOfficeAdmin, &[]).await;
    let (alice_acts, bob_acts) = (app.acting(&alice).await, app.acting(&bob).await);
    for change in [becoming("operator", ""), becoming("", "disabled")] {
        let (first, second) = tokio::join!(
            people::update(&app.app, &alice_acts, bob.id, &change, None),
            people::update(&app.app, &bob_acts, alice.id, &change, None),
        );
        assert_eq!(
            u8::from(first.is_ok()) + u8::from(second.is_ok()),
            1,
            "{first:?} {second:?}"
        );
        let refused = if first.is_ok() { second } else { first };
        assert_eq!(conflict(refused), "person-last-admin");
        let left = "select count(*) from app.people where role = 'head_office_admin' and status = 'active'";
        assert_eq!(app.count(left).await, 1);
        for id in [alice.id, bob.id] {
            let back = becoming("head_office_admin", "active");
            people::update(&app.app, &acme.operator, id, &back, None)
                .await
                .expect("is an admin again");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn the_last_admin_stays_and_nobody_changes_their_own_role() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let alice_acts = app.acting(&alice).await;
    // Somebody who has only been invited does not count.
    let bob = app
        .invite(&acme, "Bob", Role::HeadOfficeAdmin, &[])
        .await
        .person;
    for change in [becoming("operator", ""), becoming("", "disabled")] {
        let refused = people::update(&app.app, &acme.operator, alice.id, &change, None).await;
        assert_eq!(conflict(refused), "person-last-admin");
    }
    let own = people::update(
        &app.app,
        &alice_acts,
        alice.id,
        &becoming("operator", ""),
        None,
    )
    .await;
    assert_eq!(conflict(own), "person-own-role");
    let rename = RawPersonUpdate {
        name: "Alice Green".into(),
        ..RawPersonUpdate::default()
    };
    let renamed = people::update(&app.app, &alice_acts, alice.id, &rename, None)
        .await
        .expect("is renamed");
    assert_eq!(
        (renamed.name.as_str(), renamed.role),
        ("Alice Green", Role::HeadOfficeAdmin)
    );
    let stale = people::update(
        &app.app,
        &alice_acts,
        alice.id,
        &rename,
        Some(renamed.version - 1),
    )
    .await;
    assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale))));
    people::update(
        &app.app,
        &alice_acts,
        bob.id,
        &becoming("operator", ""),
        None,
    )
    .await
    .expect("is an operator");
    app.finish().await;
}

#[tokio::test]
async fn managers_see_the_people_of_their_branches_and_operators_nobody() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let (north, south) = (
        app.branch(&acme, "NORTH").await.id,
        app.branch(&acme, "SOUTH").await.id,
    );
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[north])
        .await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[north, south])
        .await;
    let dave = app
        .invite(&acme, "Dave", Role::Operator, &[south])
        .await
        .person;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;

    let alice_acts = app.acting(&alice).await;
    assert_eq!(
        seen(&app, &alice_acts).await.expect("lists"),
        ["Alice", "Bob", "Carol", "Dave"]
    );
    let bob_acts = app.acting(&bob).await;
    assert_eq!(
        seen(&app, &bob_acts).await.expect("lists"),
        ["Alice", "Bob", "Carol"]
    );
    let mut tx = app.app.db.read(&bob_acts).await.expect("begins");
    let shown = people::reads::get(&mut tx, carol.id)
        .await
        .expect("is shown");
    assert_eq!(
        shown.branch_ids,
        [north],
        "the branch that he does not see is left out"
    );
    assert!(matches!(
        people::reads::get(&mut tx, dave.id).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(
        people::reads::get(&mut tx, mallory.id).await,
        Err(Error::NotFound)
    ));
    let of_south = PersonFilter {
        branch_id: Some(south),
        ..PersonFilter::default()
    };
    let page = people::reads::list(&mut tx, &of_south, &Default::default())
        .await
        .expect("lists");
    assert!(
        page.items.is_empty(),
        "a filter tells nothing about a branch that he does not see"
    );
    let names = people::reads::names(&mut tx).await.expect("lists");
    assert_eq!(names.len(), 3);
    tx.finish().await.expect("finishes");

    let carol_acts = app.acting(&carol).await;
    assert!(matches!(
        seen(&app, &carol_acts).await,
        Err(Error::Forbidden)
    ));
    let mallory_acts = app.acting(&mallory).await;
    assert_eq!(seen(&app, &mallory_acts).await.expect("lists"), ["Mallory"]);
    for id in [alice.id, dave.id] {
        let change =
            people::update(&app.app, &mallory_acts, id, &becoming("operator", ""), None).await;
        assert!(matches!(change, Err(Error::NotFound)));
        // Whom he sees and does not manage, and whom he does not see.
        let change = people::update(&app.app, &bob_acts, id, &becoming("operator", ""), None).await;
        match id == alice.id {
            true => assert!(matches!(change, Err(Error::Forbidden)), "{change:?}"),
            false => assert!(matches!(change, Err(Error::NotFound)), "{change:?}"),
        }
        let again = people::reinvite(&app.app, &mallory_acts, id).await;
        assert!(matches!(again, Err(Error::NotFound)));
        let reset = people::reset_mfa(&app.app, &mallory_acts, id, &"lost".into()).await;
        assert!(matches!(reset, Err(Error::NotFound)));
        let unlock = people::unlock(&app.app, &mallory_acts, id).await;
        assert!(matches!(unlock, Err(Error::NotFound)));
    }
    app.finish().await;
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_does_not_come_back_by_an_old_door() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    let cookie = app.sign_in(&bob).await;
    let bob_acts = app.full(&cookie).await.0.actor().clone();
    let raw = RawToken {
        name: "nightly".into(),
        ..RawToken::default()
    };
    let token = tokens::create(&app.app, &bob_acts, &raw)
        .await
        .expect("is made");
    let by_token =
        || tokens::authenticate(&app.app, token.text.expose_secret(), Request::default());
    people::update(
        &app.app,
        &acme.operator,
        bob.id,
        &becoming("", "disabled"),
        None,
    )
    .await
    .expect("is disabled");
    assert!(app.is_dead(&cookie).await);
    assert!(by_token().await.expect("answers").is_none());
    let refused = sessions::sign_in(
        &app.app,
        bob.request.clone(),
        &bob.email,
        bob.password.clone(),
    )
    .await;
    assert!(matches!(refused, Ok(SignIn::Refused)));

    let back = people::update(
        &app.app,
        &acme.operator,
        bob.id,
        &becoming("", "active"),
        None,
    )
    .await;
    assert_eq!(back.expect("is back").status, PersonStatus::Active);
    assert!(app.is_dead(&cookie).await);
    assert!(by_token().await.expect("answers").is_none());
    app.sign_in(&bob).await;

    // Somebody who never joined is invited again, and the link from before does not count.
    let carol = app.invite(&acme, "Carol", Role::Operator, &[]).await;
    for (status, expected) in [
        ("disabled", PersonStatus::Disabled),
        ("active", PersonStatus::Invited),
    ] {
        let change = becoming("", status);
        let changed =
            people::update(&app.app, &acme.operator, carol.person.id, &change, None).await;
        assert_eq!(changed.expect("is changed").status, expected);
    }
    assert!(matches!(
        accept(&app, &carol.token, "tulip granite moss").await,
        Ok(AcceptOutcome::Gone)
    ));
    app.finish().await;
}

#[tokio::test]
async fn a_changed_role_counts_at_the_next_request() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let north = app.branch(&acme, "NORTH").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    app.member(&acme, "Bob", Role::HeadOfficeAdmin, &[]).await;
    let cookie = app.sign_in(&alice).await;
    let change = RawPersonUpdate {
        branch_ids: list(&[north]).into(),
        ..becoming("branch_manager", "")
    };
    people::update(&app.app, &acme.operator, alice.id, &change, None)
        .await
        .expect("is changed");
    let (tx, _) = app.full(&cookie).await;
    assert_eq!(tx.actor().role(), Some(Role::BranchManager));
    assert!(
        tx.actor().scope().contains(north)
            && *tx.actor().scope() != intrex_core::actor::BranchScope::All
    );
    let demoted = tx.actor().clone();
    tx.finish().await.expect("finishes");
    let refused = people::update(
        &app.app,
        &demoted,
        alice.id,
        &becoming("", "disabled"),
        None,
    )
    .await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    app.finish().await;
}

#[tokio::test]
async fn a_lost_second_factor_is_reset_by_another_with_a_reason_and_set_up_anew() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    let alice_acts = app.acting(&alice).await;
    let cookie = app.sign_in(&bob).await;
    let without = people::reset_mfa(&app.app, &alice_acts, bob.id, &"  ".into()).await;
    assert_eq!(wrong_fields(without), ["reason"]);
    let own = people::reset_mfa(&app.app, &alice_acts, alice.id, &"lost it".into()).await;
    assert_eq!(conflict(own), "person-own-mfa");

    let reset = people::reset_mfa(&app.app, &alice_acts, bob.id, &"lost the phone".into()).await;
    assert_eq!(reset.expect("is reset").mfa_enrolled, Some(false));
    assert!(app.is_dead(&cookie).await);
    let provisional = app.password_given(&bob).await;
    assert_eq!(provisional.stage, Stage::MfaSetup);
    let enrolment = sessions::begin_enrolment(&app.app, &provisional)
        .await
        .expect("begins");
    assert_ne!(
        enrolment.secret_base32.expose_secret(),
        bob.secret.expose_secret()
    );
    let told = "select count(*) from app.audit_events where action = 'person.mfa_reset'";
    assert_eq!(app.count(told).await, 1);
    // Whoever is not fresh does not, and nobody but the operator of the installation helps the last admin.
    app.app.clock.advance(TimeDelta::minutes(5));
    let stale = people::reset_mfa(&app.app, &alice_acts, bob.id, &"lost again".into()).await;
    assert!(matches!(stale, Err(Error::StepUp)), "{stale:?}");
    let last = app.sign_in(&alice).await;
    let helped = people::reset_mfa(&app.app, &acme.operator, alice.id, &"called us".into()).await;
    assert_eq!(helped.expect("is reset").mfa_enrolled, Some(false));
    assert!(app.is_dead(&last).await);
    assert_eq!(app.password_given(&alice).await.stage, Stage::MfaSetup);
    assert_eq!(app.count(told).await, 2);
    app.finish().await;
}
