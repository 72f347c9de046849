//! Branch managers: whom they manage, and what they can give.

use intrex_core::{
    Error,
    ids::BranchId,
    people::{self, RawPerson, RawPersonUpdate},
    permission::Role,
};

use crate::support::{
    TestApp,
    members::{address, list, wrong_fields},
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
