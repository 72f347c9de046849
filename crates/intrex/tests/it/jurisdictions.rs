//! Places over a real database: what may be entered where, what a pack brings, and into which place a branch is put.

use intrex_core::{
    Error,
    branches::{self, Branch, BranchFilter, RawBranch},
    error::Conflict,
    jurisdictions::{self, Jurisdiction, JurisdictionFilter, RawJurisdiction},
    packs::{self, RawApply},
    paging::PageRequest,
    permission::Role,
};
use serde_json::{Value, json};

use crate::support::{Tenant, TestApp};

fn raw(fields: Value) -> RawJurisdiction {
    serde_json::from_value(fields).expect("fields")
}

async fn entered(app: &TestApp, acme: &Tenant, fields: Value) -> Result<Jurisdiction, Error> {
    jurisdictions::commands::create(&app.app, &acme.operator, &raw(fields)).await
}

async fn place(app: &TestApp, acme: &Tenant, code: &str, name: &str, kind: &str) -> Jurisdiction {
    let fields = json!({ "code": code, "name": name, "kind": kind });
    entered(app, acme, fields).await.expect("is entered")
}

async fn made(app: &TestApp, acme: &Tenant, fields: Value) -> Result<Branch, Error> {
    let mut body = json!({ "name": "A", "country": "BD", "time_zone": "Asia/Dhaka" });
    for (name, value) in fields.as_object().expect("fields") {
        body[name] = value.clone();
    }
    let raw: RawBranch = serde_json::from_value(body).expect("fields");
    branches::create(&app.app, &acme.operator, &raw).await
}

fn faulty(result: Result<impl std::fmt::Debug, Error>) -> String {
    match result {
        Err(Error::Invalid(faults)) => faults[0].field.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_place_stands_below_what_it_is_part_of() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let below = json!({ "code": "BD-C", "name": "Dhaka", "kind": "region" });
    assert_eq!(faulty(entered(&app, &acme, below.clone()).await), "code");
    place(&app, &acme, "BD", "Bangladesh", "country").await;
    entered(&app, &acme, below.clone())
        .await
        .expect("is entered");
    assert_eq!(faulty(entered(&app, &acme, below).await), "code", "twice");
    let larger = json!({ "code": "BD-C-1", "name": "X", "kind": "region" });
    assert_eq!(faulty(entered(&app, &acme, larger).await), "kind");
    let alice = app.member(&acme, "Alice", Role::BranchManager, &[]).await;
    let alice = app.acting(&alice).await;
    let india = raw(json!({ "code": "IN", "name": "India", "kind": "country" }));
    let refused = jurisdictions::commands::create(&app.app, &alice, &india).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    assert_eq!(app.told("jurisdiction.created").await, 2);
    app.finish().await;
}

#[tokio::test]
async fn holidays_are_written_whole_and_stay_when_they_are_not_named() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let country = entered(
        &app,
        &acme,
        json!({ "code": "BD", "name": "Bangladesh", "kind": "country", "weekend": "fri, sat",
                "holidays": "2026-12-16: Victory Day\n2027-02-21: Martyrs’ Day" }),
    );
    let country = country.await.expect("is entered");
    assert_eq!(country.holidays.len(), 2);
    let change = async |fields: Value, seen: Option<i32>| {
        let id = country.place.id;
        jurisdictions::commands::update(&app.app, &acme.operator, id, &raw(fields), seen).await
    };
    let renamed = change(json!({ "name": "People’s Republic" }), Some(1)).await;
    let renamed = renamed.expect("is changed");
    assert_eq!((renamed.holidays.len(), renamed.place.version), (2, 2));
    let days = renamed.place.weekend.clone().expect("has one");
    assert_eq!(days, ["fri", "sat"]);
    let stale = change(json!({ "name": "Z" }), Some(1)).await;
    assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale))));
    let fewer = change(json!({ "holidays": { "2026-12-16": "Victory" } }), None).await;
    let fewer = fewer.expect("is changed");
    let names: Vec<&String> = fewer.holidays.values().collect();
    assert_eq!(names, ["Victory"]);
    assert_eq!(faulty(change(json!({ "code": "IN" }), None).await), "code");
    app.finish().await;
}

#[tokio::test]
async fn a_branch_is_put_where_its_words_say_and_where_somebody_says() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let early = made(&app, &acme, json!({ "code": "1", "region": "Dhaka" })).await;
    assert_eq!(early.expect("is made").jurisdiction, None, "none is known");
    let raw: RawApply = serde_json::from_value(json!({ "pack": "bangladesh" })).expect("fields");
    let operator = &acme.operator;
    packs::commands::apply(&app.app, operator, &raw)
        .await
        .expect("is taken over");
    packs::commands::apply(&app.app, operator, &raw)
        .await
        .expect("again");
    let filter = BranchFilter {
        jurisdiction: Some("BD-C".to_owned()),
        ..BranchFilter::default()
    };
    let here = async || {
        let mut tx = app.app.db.read(operator).await.expect("begins");
        let page = PageRequest::default();
        let found = branches::reads::list(&mut tx, &filter, page)
            .await
            .expect("is read");
        let found = found.items.into_iter();
        found
            .map(|branch| (branch.code, branch.jurisdiction))
            .collect::<Vec<_>>()
    };
    let region = || Some("BD-C".to_owned());
    assert_eq!(
        here().await,
        [("1".to_owned(), region())],
        "the pack has put it there"
    );
    let dncc = made(
        &app,
        &acme,
        json!({ "code": "2", "city_corporation": "Dhaka North City Corporation" }),
    );
    assert_eq!(
        dncc.await.expect("is made").jurisdiction,
        Some("BD-C-DNCC".to_owned())
    );
    let said = made(
        &app,
        &acme,
        json!({ "code": "3", "region": "Dhaka", "jurisdiction": "bd-b" }),
    );
    assert_eq!(
        said.await.expect("is made").jurisdiction,
        Some("BD-B".to_owned())
    );
    assert_eq!(here().await.len(), 2, "a part is in it too");
    for wrong in ["IN-MH", "BD-NOWHERE"] {
        let fields = json!({ "code": "4", "jurisdiction": wrong });
        assert_eq!(
            faulty(made(&app, &acme, fields).await),
            "jurisdiction",
            "{wrong}"
        );
    }
    let elsewhere = made(&app, &globex, json!({ "code": "4", "jurisdiction": "BD" }));
    assert_eq!(
        faulty(elsewhere.await),
        "jurisdiction",
        "another organisation's is none"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_place_goes_when_nothing_is_in_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let country = place(&app, &acme, "BD", "Bangladesh", "country").await;
    let region = place(&app, &acme, "BD-C", "Dhaka Division", "region").await;
    made(&app, &acme, json!({ "code": "1", "region": "Dhaka" }))
        .await
        .expect("is made");
    let remove = async |place: &Jurisdiction| {
        jurisdictions::commands::remove(&app.app, &acme.operator, place.place.id).await
    };
    for held in [&country, &region] {
        assert!(matches!(remove(held).await, Err(Error::Conflict(_))));
    }
    let branch = app.count("update app.branches set jurisdiction = null returning 1::bigint");
    assert_eq!(branch.await, 1);
    for free in [&region, &country] {
        remove(free).await.expect("is removed");
    }
    assert!(matches!(remove(&country).await, Err(Error::NotFound)));
    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    let filter = JurisdictionFilter::default();
    let left = jurisdictions::reads::list(&mut tx, &filter, &PageRequest::default()).await;
    assert!(left.expect("is read").items.is_empty());
    tx.finish().await.expect("ends");
    app.finish().await;
}
