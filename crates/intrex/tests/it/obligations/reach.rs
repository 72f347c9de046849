//! Who sees which obligation, and how lists are narrowed and paged.

use intrex_core::{
    Actor, Error,
    ids::PersonId,
    obligations::{
        commands,
        filter::RawFilter,
        input::{RawCompletion, RawObligation},
        model::Obligation,
        reads,
    },
    paging::PageRequest,
    permission::Role,
};

use crate::support::TestApp;

fn titled(branch: impl ToString, title: &str, on: &str) -> RawObligation {
    RawObligation {
        branch_id: branch.to_string().into(),
        category: "tax_vat".into(),
        title: title.into(),
        due_on: on.into(),
        ..RawObligation::default()
    }
}

fn owned(by: PersonId, raw: RawObligation) -> RawObligation {
    RawObligation {
        owner_id: by.to_string().into(),
        ..raw
    }
}

async fn titles(app: &TestApp, actor: &Actor, filter: &RawFilter) -> Vec<String> {
    let mut tx = app.app.db.read(actor).await.expect("reads");
    let filter = filter.parse().expect("a filter");
    let page = reads::list(&mut tx, &filter, &PageRequest::default())
        .await
        .expect("lists");
    tx.finish().await.expect("finishes");
    page.items.into_iter().map(|item| item.title).collect()
}

async fn get(app: &TestApp, actor: &Actor, item: &Obligation) -> intrex_core::Result<Obligation> {
    let mut tx = app.app.db.read(actor).await.expect("reads");
    reads::get(&mut tx, item.id).await
}

#[tokio::test]
async fn everybody_sees_their_own_reach_and_the_rest_is_not_there() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let (gulshan, uttara) = (
        app.branch(&acme, "GUL").await.id,
        app.branch(&acme, "UTT").await.id,
    );
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[uttara])
        .await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[gulshan]).await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let create = async |raw| {
        commands::create(&app.app, &acme.operator, &raw)
            .await
            .expect("created")
    };
    let task = create(owned(
        carol.id,
        titled(gulshan, "carols task", "2026-12-01"),
    ))
    .await;
    let other = create(titled(gulshan, "somebodys task", "2026-12-02")).await;
    let far = create(titled(uttara, "uttaras task", "2026-12-03")).await;
    let [alice, bob, carol, mallory] = [
        app.acting(&alice).await,
        app.acting(&bob).await,
        app.acting(&carol).await,
        app.acting(&mallory).await,
    ];
    let all = RawFilter::default();
    assert_eq!(
        titles(&app, &alice, &all).await,
        ["carols task", "somebodys task", "uttaras task"]
    );
    assert_eq!(titles(&app, &bob, &all).await, ["uttaras task"]);
    assert_eq!(titles(&app, &carol, &all).await, ["carols task"]);
    assert_eq!(titles(&app, &mallory, &all).await, [""; 0]);
    for (who, item) in [
        (&bob, &task),
        (&carol, &other),
        (&carol, &far),
        (&mallory, &task),
    ] {
        assert!(matches!(get(&app, who, item).await, Err(Error::NotFound)));
        let done =
            commands::complete(&app.app, who, item.id, &RawCompletion::default(), None).await;
        assert!(matches!(done, Err(Error::NotFound)), "{done:?}");
    }
    // A branch manager cannot put an item into a branch that is not theirs, either.
    let there = commands::create(&app.app, &bob, &titled(gulshan, "planted", "2026-12-01")).await;
    assert!(matches!(there, Err(Error::Invalid(_))), "{there:?}");
    let may_not = commands::create(&app.app, &carol, &titled(gulshan, "mine", "2026-12-01")).await;
    assert!(matches!(may_not, Err(Error::Forbidden)));
    commands::complete(&app.app, &carol, task.id, &RawCompletion::default(), None)
        .await
        .expect("her own task");
    app.finish().await;
}

#[tokio::test]
async fn a_list_is_narrowed_by_what_the_address_says() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (gulshan, uttara) = (
        app.branch(&acme, "GUL").await.id,
        app.branch(&acme, "UTT").await.id,
    );
    for (branch, title, on) in [
        (gulshan, "long ago", "2026-10-01"),
        (gulshan, "today", "2026-11-22"),
        (uttara, "100% sure", "2026-12-24"),
        (uttara, "tomorrow", "2026-11-23"),
    ] {
        commands::create(&app.app, &acme.operator, &titled(branch, title, on))
            .await
            .expect("created");
    }
    let me = &acme.operator;
    let by = |set: fn(&mut RawFilter)| {
        let mut filter = RawFilter::default();
        set(&mut filter);
        filter
    };
    assert_eq!(
        titles(&app, me, &by(|f| f.status = "overdue".into())).await,
        ["long ago"]
    );
    assert_eq!(
        titles(&app, me, &by(|f| f.status = "due_today".into())).await,
        ["today"]
    );
    assert_eq!(
        titles(&app, me, &by(|f| f.status = "upcoming".into())).await,
        ["tomorrow", "100% sure"]
    );
    assert_eq!(
        titles(&app, me, &by(|f| f.status = "completed".into())).await,
        [""; 0]
    );
    assert_eq!(
        titles(&app, me, &by(|f| f.q = "0%".into())).await,
        ["100% sure"]
    );
    assert_eq!(
        titles(&app, me, &by(|f| f.due_to = "2026-11-22".into())).await,
        ["long ago", "today"]
    );
    assert_eq!(
        titles(&app, me, &by(|f| f.sort = "-due_on".into())).await,
        ["100% sure", "tomorrow", "today", "long ago"]
    );
    let mut there = RawFilter {
        status: "open".into(),
        ..RawFilter::default()
    };
    there.branch_id = uttara.to_string().into();
    assert_eq!(titles(&app, me, &there).await, ["tomorrow", "100% sure"]);
    assert!(by(|f| f.status = "late".into()).parse().is_err());
    app.finish().await;
}

#[tokio::test]
async fn paging_neither_repeats_nor_skips_and_refuses_anothers_cursor() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await.id;
    for number in 0..7 {
        // Ids made at different times are in the order of making.
        app.app.clock.advance(chrono::TimeDelta::seconds(1));
        // Three items share a date: the id decides between them.
        let on = format!("2026-12-{:02}", 1 + number / 3);
        commands::create(
            &app.app,
            &acme.operator,
            &titled(gulshan, &format!("item {number}"), &on),
        )
        .await
        .expect("created");
    }
    for sort in ["due_on", "-due_on"] {
        let filter = RawFilter {
            sort: sort.into(),
            ..RawFilter::default()
        }
        .parse()
        .expect("a filter");
        let (mut seen, mut page) = (Vec::new(), PageRequest::first(2));
        loop {
            let mut tx = app.app.db.read(&acme.operator).await.expect("reads");
            let found = reads::list(&mut tx, &filter, &page).await.expect("lists");
            seen.extend(found.items.into_iter().map(|item| item.title));
            match found.next_cursor {
                Some(cursor) => page = PageRequest::first(2).at(Some(cursor)),
                None => break,
            }
        }
        let mut all: Vec<String> = (0..7).map(|number| format!("item {number}")).collect();
        if sort == "-due_on" {
            all.reverse();
        }
        assert_eq!(seen, all);
        let other = RawFilter {
            severity: "low".into(),
            ..RawFilter::default()
        }
        .parse()
        .expect("a filter");
        let mut tx = app.app.db.read(&acme.operator).await.expect("reads");
        assert!(matches!(
            reads::list(&mut tx, &other, &page).await,
            Err(Error::Invalid(_))
        ));
    }
    app.finish().await;
}
