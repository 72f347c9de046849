//! Branches: who sees which, and what head office does to them.

use intrex_core::{
    Actor, Error,
    actor::IdempotencyKey,
    branches::{self, BranchFilter, BranchStatus, RawBranch},
    error::Conflict,
    idempotency::{self, Replay},
    ids::BranchId,
    paging::PageRequest,
    permission::Role,
};

use crate::support::{
    TestApp,
    members::{conflict, wrong_fields},
};

fn raw(code: &str) -> RawBranch {
    RawBranch {
        code: code.into(),
        name: "Dhanmondi".into(),
        country: "BD".into(),
        time_zone: "Asia/Dhaka".into(),
        ..RawBranch::default()
    }
}

async fn seen(app: &TestApp, actor: &Actor, filter: &BranchFilter) -> Vec<String> {
    let mut tx = app.app.db.read(actor).await.expect("begins");
    let page = branches::reads::list(&mut tx, filter, PageRequest::first(200))
        .await
        .expect("lists");
    tx.finish().await.expect("finishes");
    page.items.into_iter().map(|branch| branch.code).collect()
}

async fn got(app: &TestApp, actor: &Actor, id: BranchId) -> intrex_core::Result<branches::Branch> {
    let mut tx = app.app.db.read(actor).await.expect("begins");
    branches::reads::get(&mut tx, id).await
}

#[tokio::test]
async fn a_code_is_taken_once_in_an_organisation_and_free_in_the_next() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    branches::create(&app.app, &acme.operator, &raw("A1"))
        .await
        .expect("is entered");
    branches::create(&app.app, &globex.operator, &raw("A1"))
        .await
        .expect("is entered");
    let again = branches::create(&app.app, &acme.operator, &raw("A1")).await;
    assert_eq!(wrong_fields(again), ["code"]);
    let other = branches::create(&app.app, &acme.operator, &raw("A2"))
        .await
        .expect("is entered");
    let renamed = branches::update(&app.app, &acme.operator, other.id, &raw("A1"), None).await;
    assert_eq!(wrong_fields(renamed), ["code"]);
    app.finish().await;
}

#[tokio::test]
async fn each_sees_their_own_branches_and_another_organisations_are_not_there() {
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
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let everything = BranchFilter::default();

    let alice = app.acting(&alice).await;
    assert_eq!(seen(&app, &alice, &everything).await, ["NORTH", "SOUTH"]);
    let bob = app.acting(&bob).await;
    assert_eq!(seen(&app, &bob, &everything).await, ["NORTH"]);
    assert!(got(&app, &bob, north).await.is_ok());
    assert!(matches!(got(&app, &bob, south).await, Err(Error::NotFound)));
    let carol = app.acting(&carol).await;
    assert!(seen(&app, &carol, &everything).await.is_empty());
    let mallory = app.acting(&mallory).await;
    assert!(seen(&app, &mallory, &everything).await.is_empty());
    assert!(matches!(
        got(&app, &mallory, north).await,
        Err(Error::NotFound)
    ));
    let stolen = branches::update(&app.app, &mallory, north, &raw("MINE"), None).await;
    assert!(matches!(stolen, Err(Error::NotFound)));
    assert!(matches!(
        branches::close(&app.app, &mallory, north).await,
        Err(Error::NotFound)
    ));
    for narrower in [&bob, &carol] {
        assert!(matches!(
            branches::create(&app.app, narrower, &raw("X")).await,
            Err(Error::Forbidden)
        ));
        let change = branches::update(&app.app, narrower, north, &raw("X"), None).await;
        assert!(matches!(change, Err(Error::Forbidden)));
    }
    app.finish().await;
}

#[tokio::test]
async fn pages_show_every_branch_once_and_a_cursor_belongs_to_its_filter() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    for code in ["E", "B", "D", "A", "C"] {
        app.branch(&acme, code).await;
    }
    let filter = BranchFilter {
        country: Some("BD".to_owned()),
        ..BranchFilter::default()
    };
    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    let (mut codes, mut page) = (Vec::new(), PageRequest::first(2));
    loop {
        let shown = branches::reads::list(&mut tx, &filter, page.clone())
            .await
            .expect("lists");
        codes.extend(shown.items.into_iter().map(|branch| branch.code));
        let Some(cursor) = shown.next_cursor else {
            break;
        };
        let elsewhere = PageRequest::first(2).at(Some(cursor.clone()));
        let refused = branches::reads::list(&mut tx, &BranchFilter::default(), elsewhere).await;
        assert_eq!(wrong_fields(refused), ["cursor"]);
        page = PageRequest::first(2).at(Some(cursor));
    }
    assert_eq!(codes, ["A", "B", "C", "D", "E"]);
    tx.finish().await.expect("finishes");
    app.finish().await;
}

#[tokio::test]
async fn filters_narrow_and_search_finds_parts_in_any_case() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let north = RawBranch {
        region: "North".into(),
        kind: "pharmacy".into(),
        name: "Élan 100%".into(),
        ..raw("N1")
    };
    branches::create(&app.app, &acme.operator, &north)
        .await
        .expect("is entered");
    let south = branches::create(&app.app, &acme.operator, &raw("S1"))
        .await
        .expect("is entered");
    branches::close(&app.app, &acme.operator, south.id)
        .await
        .expect("is closed");
    let by = |change: fn(&mut BranchFilter)| {
        let mut filter = BranchFilter::default();
        change(&mut filter);
        filter
    };
    for (filter, expected) in [
        (by(|f| f.region = Some("North".into())), vec!["N1"]),
        (by(|f| f.kind = Some("pharmacy".into())), vec!["N1"]),
        (by(|f| f.kind = Some("".into())), vec!["N1", "S1"]),
        (by(|f| f.status = Some(BranchStatus::Closed)), vec!["S1"]),
        (by(|f| f.q = Some("élAN".into())), vec!["N1"]),
        (by(|f| f.q = Some("0%".into())), vec!["N1"]),
        (by(|f| f.q = Some("s1".into())), vec!["S1"]),
        (by(|f| f.q = Some("%".into())), vec!["N1"]),
    ] {
        assert_eq!(
            seen(&app, &acme.operator, &filter).await,
            expected,
            "{filter:?}"
        );
    }
    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    let nul = by(|f| f.q = Some("a\0b".into()));
    let refused = branches::reads::list(&mut tx, &nul, PageRequest::default()).await;
    assert_eq!(wrong_fields(refused), ["q"]);
    let names = branches::reads::all(&mut tx).await.expect("lists");
    assert_eq!(
        names.iter().map(|b| b.code.as_str()).collect::<Vec<_>>(),
        ["N1"]
    );
    tx.finish().await.expect("finishes");
    app.finish().await;
}

#[tokio::test]
async fn a_change_names_what_it_changes_and_refuses_who_has_seen_an_older_version() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let id = app.branch(&acme, "A1").await.id;
    let rename = RawBranch {
        name: "Gulshan".into(),
        ..RawBranch::default()
    };
    let changed = branches::update(&app.app, &acme.operator, id, &rename, Some(1))
        .await
        .expect("is changed");
    assert_eq!(
        (
            changed.name.as_str(),
            changed.code.as_str(),
            changed.version
        ),
        ("Gulshan", "A1", 2)
    );
    let stale = branches::update(&app.app, &acme.operator, id, &rename, Some(1)).await;
    assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale))));

    let closed = branches::close(&app.app, &acme.operator, id)
        .await
        .expect("is closed");
    assert_eq!(closed.status, BranchStatus::Closed);
    assert_eq!(
        conflict(branches::close(&app.app, &acme.operator, id).await),
        "branch-already-closed"
    );
    branches::reopen(&app.app, &acme.operator, id)
        .await
        .expect("is reopened");
    assert_eq!(
        conflict(branches::reopen(&app.app, &acme.operator, id).await),
        "branch-not-closed"
    );
    app.finish().await;
}

#[tokio::test]
async fn the_same_request_twice_enters_one_branch_and_is_answered_alike() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let key = |body: u8| IdempotencyKey {
        key: "once".to_owned(),
        route: "POST /api/v1/branches".to_owned(),
        body_hash: [body; 32],
    };
    let actor = acme.operator.clone().repeatable(key(1));
    let branch = branches::create(&app.app, &actor, &raw("A1"))
        .await
        .expect("is entered");

    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    let again = idempotency::replay(&mut tx, &key(1))
        .await
        .expect("answers");
    let Some(Replay::Same(answer)) = again else {
        panic!("not known: {again:?}");
    };
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["id"], branch.id.to_string());
    assert_eq!(answer["type"], "");
    let other = idempotency::replay(&mut tx, &key(2))
        .await
        .expect("answers");
    assert_eq!(other, Some(Replay::OtherBody));
    tx.finish().await.expect("finishes");
    // A second request that did not see the first one's answer has no effect either.
    let racing = branches::create(&app.app, &actor, &raw("A2")).await;
    assert!(matches!(racing, Err(Error::Conflict(Conflict::Busy))));
    assert_eq!(app.count("select count(*) from app.branches").await, 1);

    app.app.clock.advance(chrono::TimeDelta::hours(24));
    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    assert_eq!(
        idempotency::replay(&mut tx, &key(1))
            .await
            .expect("answers"),
        None
    );
    tx.finish().await.expect("finishes");
    branches::create(&app.app, &actor, &raw("A3"))
        .await
        .expect("a day later the key is free again");
    app.finish().await;
}
