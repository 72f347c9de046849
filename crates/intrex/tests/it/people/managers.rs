//! Branch managers: whom they manage, and what they can give.

use chrono::TimeDelta;
use intrex_core::{
    Error,
    access_reviews::{self, RawDecision},
    ids::BranchId,
    people::{self, DisabledBy, RawPerson, RawPersonUpdate},
    permission::Role,
};

use crate::support::{
    TestApp,
    members::{address, conflict, list, wrong_fields},
};

fn newcomer(email: &str, role: Role, at: &[BranchId]) -> RawPerson {
    RawPerson {
        email: email.into(),
        name: "Newcomer".into(),
        role: role.as_str().into(),
        branch_ids: list(at).into(),
    }
}

#[tokio::test]
async fn a_manager_manages_nobody_outside_the_own_branches_and_gives_nothing_beyond_them() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (north, south) = (
        app.branch(&acme, "NORTH").await.id,
        app.branch(&acme, "SOUTH").await.id,
    );
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[north])
        .await;
    let bob_acts = app.acting(&bob).await;
    let core = &app.app;

    // Nobody beyond the own branches, and nothing beyond the own role, is given; the own is.
    for (role, at, field) in [
        (Role::HeadOfficeAdmin, vec![], "role"),
        (Role::Operator, vec![], "branch_ids"),
        (Role::Operator, vec![south], "branch_ids"),
        (Role::Operator, vec![north, south], "branch_ids"),
        (Role::Operator, vec![app.app.new_id()], "branch_ids"),
    ] {
        let raw = newcomer(&address(&acme, "Dave"), role, &at);
        assert_eq!(
            wrong_fields(people::invite(core, &bob_acts, &raw).await),
            [field]
        );
    }
    let raw = newcomer(&address(&acme, "Dave"), Role::Operator, &[north]);
    let dave = people::invite(core, &bob_acts, &raw)
        .await
        .expect("is invited")
        .person;
    people::reinvite(core, &bob_acts, dave.id)
        .await
        .expect("is invited again");

    let change = |role: &str, at: Option<&[BranchId]>, status: &str| RawPersonUpdate {
        role: role.into(),
        branch_ids: at.map(|at| list(at).into()).unwrap_or_default(),
        status: status.into(),
        ..RawPersonUpdate::default()
    };
    let to = async |id, raw: RawPersonUpdate| people::update(core, &bob_acts, id, &raw, None).await;
    let refused = to(dave.id, change("head_office_admin", None, "")).await;
    assert_eq!(wrong_fields(refused), ["role"]);
    let refused = to(dave.id, change("", Some(&[north, south]), "")).await;
    assert_eq!(wrong_fields(refused), ["branch_ids"]);
    let raised = to(dave.id, change("branch_manager", None, "")).await;
    assert_eq!(raised.expect("is raised").role, Role::BranchManager);
    for status in ["disabled", "active"] {
        to(dave.id, change("", None, status)).await.expect(status);
    }

    // Not themselves, not head office, not who works elsewhere too, and nobody whom they do not see.
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[north, south])
        .await;
    let erin = app.member(&acme, "Erin", Role::Operator, &[south]).await;
    for id in [bob.id, alice.id, carol.id] {
        let refused = to(id, change("", None, "disabled")).await;
        assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
        let again = people::reinvite(core, &bob_acts, id).await;
        assert!(matches!(again, Err(Error::Forbidden)), "{again:?}");
    }
    let hidden = to(erin.id, change("", None, "disabled")).await;
    assert!(matches!(hidden, Err(Error::NotFound)), "{hidden:?}");

    // Credentials and deletion are head office's.
    for refused in [
        people::reset_mfa(core, &bob_acts, dave.id, &"lost".into()).await,
        people::unlock(core, &bob_acts, dave.id).await,
        people::require_password_change(core, &bob_acts, dave.id).await,
    ] {
        assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
    }
    let raw = people::RawDeletion {
        confirm: dave.email.as_str().into(),
        ..people::RawDeletion::default()
    };
    let refused = people::delete(core, &bob_acts, dave.id, &raw).await;
    assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
    app.finish().await;
}

#[tokio::test]
async fn who_was_disabled_by_head_office_is_let_in_again_by_head_office_alone() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let north = app.branch(&acme, "NORTH").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[north])
        .await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[north]).await;
    let (alice_acts, bob_acts) = (app.acting(&alice).await, app.acting(&bob).await);
    let to = async |actor, status: &str| {
        let raw = RawPersonUpdate {
            status: status.into(),
            ..RawPersonUpdate::default()
        };
        people::update(&app.app, actor, carol.id, &raw, None).await
    };
    let is_refused = async |why: &str| {
        let refused = to(&bob_acts, "active").await;
        assert_eq!(conflict(refused), "person-disabled-by-head-office", "{why}");
    };

    // What a manager does, a manager undoes, and so does head office.
    let left = to(&bob_acts, "disabled").await.expect("is disabled");
    assert_eq!(left.disabled_by, Some(DisabledBy::BranchManager));
    let back = to(&bob_acts, "active").await.expect("is enabled");
    assert_eq!(back.disabled_by, None);

    // What head office does, it undoes; a manager does not take it over by saying the same again, or by changing the name.
    to(&alice_acts, "disabled").await.expect("is disabled");
    is_refused("disabled by head office").await;
    to(&bob_acts, "disabled").await.expect("says nothing new");
    is_refused("said again").await;
    let rename = RawPersonUpdate {
        name: "Carol Green".into(),
        ..RawPersonUpdate::default()
    };
    people::update(&app.app, &bob_acts, carol.id, &rename, None)
        .await
        .expect("is renamed");
    is_refused("renamed").await;
    to(&alice_acts, "active").await.expect("is enabled");

    // Head office can take the word from a manager, by saying it or by a review.
    to(&bob_acts, "disabled").await.expect("is disabled");
    to(&alice_acts, "disabled").await.expect("says it too");
    is_refused("said by head office too").await;
    to(&alice_acts, "active").await.expect("is enabled");
    let review = access_reviews::start(&app.app, &alice_acts)
        .await
        .expect("begins")
        .review
        .id;
    to(&bob_acts, "disabled").await.expect("is disabled");
    let raw = RawDecision {
        person_id: carol.id.to_string().into(),
        decision: "revoke".into(),
        note: "left in May".into(),
    };
    access_reviews::decide(&app.app, &alice_acts, review, &raw)
        .await
        .expect("is revoked");
    is_refused("revoked by a review").await;

    // The page offers what may be done.
    let site = app.serve().await;
    let here = format!("/settings/people/{}", carol.id);
    let form = format!("action=\"{here}/enable\"");
    for (member, expected) in [(&alice, true), (&bob, false)] {
        let browser = app.signed_in(&site, member).await;
        assert_eq!(browser.visit(&here).await.body.contains(&form), expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_manager_sees_head_office_as_contacts_and_nothing_of_how_they_sign_in() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let north = app.branch(&acme, "NORTH").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[north])
        .await;
    let site = app.serve().await;
    let (admins, bobs) = (
        app.signed_in(&site, &alice).await,
        app.signed_in(&site, &bob).await,
    );
    let one = format!("/api/v1/users/{}", alice.id);
    let seen = bobs.visit(&one).await.json();
    assert_eq!(
        (&seen["name"], &seen["email"]),
        (&"Alice".into(), &"".into())
    );
    assert_eq!(seen["role"], "head_office_admin");
    for field in [
        "mfa_enrolled",
        "last_sign_in_at",
        "dormant",
        "must_change_password",
    ] {
        assert!(seen[field].is_null(), "{field}: {seen}");
    }
    // Themselves and their own people they see whole, and head office sees everybody.
    let own = bobs
        .visit(&format!("/api/v1/users/{}", bob.id))
        .await
        .json();
    assert_eq!(own["mfa_enrolled"], true);
    assert_eq!(admins.visit(&one).await.json()["mfa_enrolled"], true);
    for list in [
        "/api/v1/users",
        "/settings/people",
        &one.replace("/api/v1/users", "/settings/people"),
    ] {
        assert!(
            admins.visit(list).await.body.contains(&alice.email),
            "{list}"
        );
        let page = bobs.visit(list).await;
        assert_eq!(page.status, 200, "{list}");
        assert!(
            page.body.contains("Alice") && !page.body.contains(&alice.email),
            "{list}"
        );
    }
    // Neither by searching.
    let by_address = format!("/api/v1/users?q={}", alice.email.replace('@', "%40"));
    assert_eq!(
        bobs.visit(&by_address).await.json()["items"],
        serde_json::json!([])
    );
    assert_eq!(
        admins.visit(&by_address).await.json()["items"][0]["name"],
        "Alice"
    );
    for dormant in ["true", "false"] {
        let found = bobs
            .visit(&format!("/api/v1/users?dormant={dormant}"))
            .await;
        assert!(!found.body.contains("Alice"), "{dormant}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_manager_raises_nobody_without_a_fresh_factor() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let north = app.branch(&acme, "NORTH").await.id;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[north])
        .await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[north]).await;
    let bob_acts = app.acting(&bob).await;
    app.app.clock.advance(chrono::TimeDelta::minutes(5));
    let raise = RawPersonUpdate {
        role: "branch_manager".into(),
        ..RawPersonUpdate::default()
    };
    let refused = people::update(&app.app, &bob_acts, carol.id, &raise, None).await;
    assert!(matches!(refused, Err(Error::StepUp)), "{refused:?}");
    let rename = RawPersonUpdate {
        name: "Carol Green".into(),
        ..RawPersonUpdate::default()
    };
    people::update(&app.app, &bob_acts, carol.id, &rename, None)
        .await
        .expect("a name gives nothing away");
    app.finish().await;
}

#[tokio::test]
async fn giving_access_asks_for_a_fresh_factor_and_taking_it_away_does_not() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (north, south) = (
        app.branch(&acme, "NORTH").await.id,
        app.branch(&acme, "SOUTH").await.id,
    );
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[north]).await;
    let stale = app.acting(&alice).await;
    app.app.clock.advance(TimeDelta::seconds(300));
    let core = &app.app;
    let to = async |at: &[BranchId], status: &str| {
        let raw = RawPersonUpdate {
            branch_ids: list(at).into(),
            status: status.into(),
            ..RawPersonUpdate::default()
        };
        people::update(core, &stale, carol.id, &raw, None).await
    };
    let refused = to(&[north, south], "").await;
    assert!(matches!(refused, Err(Error::StepUp)), "{refused:?}");
    to(&[north], "disabled").await.expect("is out at once");
    let raw = newcomer(&address(&acme, "Dave"), Role::Operator, &[north]);
    let refused = people::invite(core, &stale, &raw).await;
    assert!(matches!(refused, Err(Error::StepUp)), "{refused:?}");

    // Whoever unlocks lets guessing begin anew: not for themselves, and not by a stale session.
    let refused = people::unlock(core, &stale, carol.id).await;
    assert!(matches!(refused, Err(Error::StepUp)), "{refused:?}");
    let fresh = app.acting(&alice).await;
    let refused = people::unlock(core, &fresh, alice.id).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    people::unlock(core, &fresh, carol.id)
        .await
        .expect("is unlocked");
    app.finish().await;
}
