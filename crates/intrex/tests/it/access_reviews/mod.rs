//! Access reviews and accounts that nobody uses: what an organisation owes to itself, over quarters.

mod dormancy;
mod pages;

use chrono::TimeDelta;
use intrex_core::{
    Actor, Error,
    access_reviews::{self, Decision, RawDecision, ReviewRow},
    actor::Request,
    error::Conflict,
    ids::{AccessReviewId, PersonId},
    jobs,
    notifications::{self, Inbox},
    people::{self, PersonStatus, RawPersonUpdate},
    permission::Role,
    tenants::{self, RawTenantUpdate},
    tokens::{self, RawToken},
};
use secrecy::ExposeSecret as _;

use crate::{
    accounts::post::{post, with_mail},
    support::{
        Member, Tenant, TestApp,
        members::{conflict, list, wrong_fields},
    },
};

/// Lets the work that is due run, all of it.
async fn work(app: &TestApp) {
    while jobs::run_due(&app.app).await.expect("the jobs run") > 0 {}
}

/// What the inbox of somebody has about access: kinds, and how bad, the oldest first.
async fn told(app: &TestApp, actor: &Actor) -> Vec<(String, String)> {
    let mut tx = app.app.db.read(actor).await.expect("begins");
    let page = notifications::reads::list(&mut tx, Inbox::All, &Default::default())
        .await
        .expect("lists");
    tx.finish().await.expect("finishes");
    let mut told: Vec<_> = page
        .items
        .into_iter()
        .map(|message| (message.kind, message.severity))
        .collect();
    told.reverse();
    told
}

async fn decide(
    app: &TestApp,
    actor: &Actor,
    review: AccessReviewId,
    person: PersonId,
    decision: &str,
    note: &str,
) -> intrex_core::Result<ReviewRow> {
    let raw = RawDecision {
        person_id: person.to_string().into(),
        decision: decision.into(),
        note: note.into(),
    };
    access_reviews::decide(&app.app, actor, review, &raw).await
}

/// The operator as an onlooker: sessions end over months, the operator stays.
async fn open(app: &TestApp, tenant: &Tenant) -> Option<access_reviews::AccessReview> {
    let mut tx = app.app.db.read(&tenant.operator).await.expect("begins");
    let open = access_reviews::reads::open(&mut tx).await.expect("is read");
    tx.finish().await.expect("finishes");
    open
}

async fn set(app: &TestApp, tenant: &Tenant, change: impl FnOnce(&mut RawTenantUpdate)) {
    let mut raw = RawTenantUpdate::default();
    change(&mut raw);
    tenants::update(&app.app, &tenant.operator, &raw, None)
        .await
        .expect("is set");
}

#[tokio::test]
async fn what_is_revoked_is_gone_at_once_and_the_result_is_kept_with_its_events() {
    let app = TestApp::start().await;
    let core = &app.app;
    let acme = app.tenant("Acme").await;
    let (north, south) = (
        app.branch(&acme, "NORTH").await.id,
        app.branch(&acme, "SOUTH").await.id,
    );
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[north])
        .await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[north]).await;
    let dave = app.invite(&acme, "Dave", Role::Operator, &[]).await.person;
    let cookie = app.sign_in(&carol).await;
    let carol_acts = app.full(&cookie).await.0.actor().clone();
    let token = RawToken {
        name: "nightly".into(),
        ..RawToken::default()
    };
    let token = tokens::create(core, &carol_acts, &token)
        .await
        .expect("is made");

    let acts = app.acting(&alice).await;
    let started = access_reviews::start(core, &acts).await.expect("begins");
    let again = access_reviews::start(core, &acts).await.expect("answers");
    assert!(started.is_new && !again.is_new);
    assert_eq!(started.review.id, again.review.id);
    let id = started.review.id;
    assert_eq!(started.review.row_count, 4);
    let mut tx = core.db.read(&acts).await.expect("begins");
    let whole = access_reviews::reads::get(&mut tx, id)
        .await
        .expect("is read");
    tx.finish().await.expect("finishes");
    let row = |member: PersonId| {
        let found = whole.rows.iter().find(|row| row.person_id == member);
        found.expect("a row").clone()
    };
    assert_eq!(
        (row(bob.id).role, row(bob.id).branch_ids),
        (Role::BranchManager, vec![north])
    );
    assert_eq!(
        (row(carol.id).token_count, row(carol.id).mfa_enrolled),
        (1, true)
    );
    assert!(row(carol.id).last_sign_in_at.is_some());
    assert_eq!(row(dave.id).status, PersonStatus::Invited);

    // Not on oneself, not on somebody else's people, and not without a reason.
    let own = decide(&app, &acts, id, alice.id, "keep", "").await;
    assert_eq!(conflict(own), "access-review-own");
    let nobody = decide(&app, &acts, id, core.new_id(), "keep", "").await;
    assert_eq!(wrong_fields(nobody), ["person_id"]);
    let silent = decide(&app, &acts, id, carol.id, "revoke", " ").await;
    assert_eq!(wrong_fields(silent), ["note"]);
    assert!(!app.is_dead(&cookie).await);

    decide(&app, &acts, id, carol.id, "revoke", "left in May")
        .await
        .expect("is decided");
    assert!(app.is_dead(&cookie).await);
    let by_token = tokens::authenticate(core, token.text.expose_secret(), Request::default());
    assert!(by_token.await.expect("answers").is_none());
    let back = decide(&app, &acts, id, carol.id, "keep", "").await;
    assert_eq!(conflict(back), "access-review-revoked");

    // Finished when everybody is decided on, and what was to be changed is changed. The only admin's own row may stay open.
    let early = access_reviews::finish(core, &acts, id).await;
    assert_eq!(conflict(early), "access-review-undecided");
    decide(&app, &acts, id, dave.id, "keep", "")
        .await
        .expect("is decided");
    decide(&app, &acts, id, bob.id, "change", "works in the south now")
        .await
        .expect("is decided");
    let unchanged = access_reviews::finish(core, &acts, id).await;
    assert_eq!(conflict(unchanged), "access-review-unchanged");
    let moved = RawPersonUpdate {
        branch_ids: list(&[south]).into(),
        ..RawPersonUpdate::default()
    };
    people::update(core, &acts, bob.id, &moved, None)
        .await
        .expect("is moved");
    let done = access_reviews::finish(core, &acts, id)
        .await
        .expect("is finished");
    assert_eq!(
        (
            done.kept_count,
            done.changed_count,
            done.revoked_count,
            done.undecided_count
        ),
        (1, 1, 1, 1)
    );
    let late = decide(&app, &acts, id, dave.id, "revoke", "too late").await;
    assert!(
        matches!(late, Err(Error::Conflict(Conflict::Settled(_)))),
        "{late:?}"
    );
    for (action, times) in [
        ("access_review.started", 1),
        ("access_review.decided", 3),
        ("access_review.finished", 1),
        ("person.disabled", 1),
    ] {
        assert_eq!(app.told(action).await, times, "{action}");
    }

    let csv = access_reviews::export(core, &acts, id)
        .await
        .expect("is kept");
    assert_eq!(csv.lines().count(), 5, "{csv}");
    let of = |member: &Member| {
        let line = csv.lines().find(|line| line.contains(&member.email));
        line.expect("a line").to_owned()
    };
    assert!(of(&carol).contains("\"revoke\",\"left in May\""), "{csv}");
    assert!(of(&alice).contains("\"not_reviewed\""), "{csv}");
    assert_eq!(Decision::ALL.len(), 3);
    app.finish().await;
}

#[tokio::test]
async fn the_last_admin_is_not_revoked_and_two_who_revoke_each_other_leave_one() {
    let app = TestApp::start().await;
    let core = &app.app;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let id = access_reviews::start(core, &acme.operator)
        .await
        .expect("begins")
        .review
        .id;
    let last = decide(&app, &acme.operator, id, alice.id, "revoke", "left").await;
    assert_eq!(conflict(last), "person-last-admin");
    decide(&app, &acme.operator, id, alice.id, "keep", "")
        .await
        .expect("is decided");
    access_reviews::finish(core, &acme.operator, id)
        .await
        .expect("is finished");

    let bob = app.member(&acme, "Bob", Role::HeadOfficeAdmin, &[]).await;
    let (alice_acts, bob_acts) = (app.acting(&alice).await, app.acting(&bob).await);
    let id = access_reviews::start(core, &alice_acts)
        .await
        .expect("begins")
        .review
        .id;
    let (first, second) = tokio::join!(
        decide(&app, &alice_acts, id, bob.id, "revoke", "left"),
        decide(&app, &bob_acts, id, alice.id, "revoke", "left"),
    );
    assert_eq!(
        u8::from(first.is_ok()) + u8::from(second.is_ok()),
        1,
        "{first:?} {second:?}"
    );
    // Nobody decides but head office.
    let carol = app.member(&acme, "Carol", Role::BranchManager, &[]).await;
    let carol_acts = app.acting(&carol).await;
    let refused = access_reviews::start(core, &carol_acts).await;
    assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
    app.finish().await;
}

#[tokio::test]
async fn who_is_let_in_again_after_being_revoked_holds_nobody_up_and_the_review_shows_both() {
    let app = TestApp::start().await;
    let core = &app.app;
    let acme = app.tenant("Acme").await;
    let (north, south) = (
        app.branch(&acme, "NORTH").await.id,
        app.branch(&acme, "SOUTH").await.id,
    );
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[north]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[north]).await;
    let acts = app.acting(&alice).await;
    let id = access_reviews::start(core, &acts)
        .await
        .expect("begins")
        .review
        .id;
    for member in [&bob, &carol] {
        decide(&app, &acts, id, member.id, "revoke", "has left")
            .await
            .expect("is revoked");
        // Another branch meanwhile must not stand in the way of anything.
        let back = RawPersonUpdate {
            status: "active".into(),
            branch_ids: list(&[south]).into(),
            ..RawPersonUpdate::default()
        };
        people::update(core, &acts, member.id, &back, None)
            .await
            .expect("is let in again");
    }
    // Revoked once more: gone again. Kept after all: decided anew.
    let again = decide(&app, &acts, id, bob.id, "revoke", "has left, really").await;
    assert_eq!(again.expect("is revoked again").enabled_again_at, None);
    let kept = decide(&app, &acts, id, bob.id, "keep", "").await;
    assert_eq!(conflict(kept), "access-review-revoked");
    access_reviews::finish(core, &acts, id)
        .await
        .expect("nothing is left to be done");
    // Let in after the end of the review, it shows that too.
    let row = async |member: &Member| {
        let mut tx = core.db.read(&acts).await.expect("begins");
        let whole = access_reviews::reads::get(&mut tx, id)
            .await
            .expect("is read");
        tx.finish().await.expect("finishes");
        let found = whole
            .rows
            .into_iter()
            .find(|row| row.person_id == member.id);
        found.expect("a row")
    };
    assert_eq!(row(&bob).await.enabled_again_at, None);
    let late = RawPersonUpdate {
        status: "active".into(),
        ..RawPersonUpdate::default()
    };
    people::update(core, &acts, bob.id, &late, None)
        .await
        .expect("is let in again");
    for member in [&bob, &carol] {
        let row = row(member).await;
        assert_eq!(row.decision, Some(Decision::Revoke));
        assert!(row.enabled_again_at.is_some(), "{row:?}");
    }
    let enabled = "select count(*) from app.audit_events where action = 'person.enabled'";
    assert_eq!(app.count(enabled).await, 3);
    app.finish().await;
}

#[tokio::test]
async fn a_review_begins_every_quarter_and_head_office_is_reminded_until_it_is_finished() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    work(&app).await;
    app.travel_to("2027-02-21T23:00:00Z");
    work(&app).await;
    assert!(
        open(&app, &acme).await.is_none(),
        "a quarter has not passed"
    );
    app.travel_to("2027-02-22T09:00:00Z");
    work(&app).await;
    let review = open(&app, &acme).await.expect("has begun");
    assert_eq!(review.due_on.to_string(), "2027-03-08");
    assert_eq!(review.started_by, None);
    work(&app).await;

    let mut expected = vec![("access_review".to_owned(), "medium".to_owned())];
    for (then, news) in [
        ("2027-02-28T09:00:00Z", None),
        ("2027-03-01T09:00:00Z", Some("medium")),
        ("2027-03-08T09:00:00Z", None),
        ("2027-03-09T09:00:00Z", Some("high")),
        ("2027-03-12T09:00:00Z", None),
        ("2027-03-16T09:00:00Z", Some("high")),
    ] {
        app.travel_to(then);
        work(&app).await;
        expected.extend(news.map(|bad| ("access_review".to_owned(), bad.to_owned())));
        let acts = app.acting(&alice).await;
        let mut told = told(&app, &acts).await;
        // That she was away for a quarter is told too.
        told.retain(|(kind, _)| kind == "access_review");
        assert_eq!(told, expected, "{then}");
    }
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let here = format!("href=\"/settings/access-reviews/{}\"", review.id);
    for page in ["/today", "/messages"] {
        assert!(browser.visit(page).await.body.contains(&here), "{page}");
    }

    // Finished: nobody is reminded, and the next one comes a quarter after this one began. Without months none comes.
    decide(&app, &acme.operator, review.id, alice.id, "keep", "")
        .await
        .expect("is decided");
    access_reviews::finish(&app.app, &acme.operator, review.id)
        .await
        .expect("is finished");
    assert!(!browser.visit("/today").await.body.contains(&here));
    set(&app, &acme, |raw| raw.access_review_months = "0".into()).await;
    app.travel_to("2027-06-01T09:00:00Z");
    work(&app).await;
    assert!(open(&app, &acme).await.is_none());
    set(&app, &acme, |raw| raw.access_review_months = "3".into()).await;
    app.app.clock.advance(TimeDelta::hours(6));
    work(&app).await;
    assert!(open(&app, &acme).await.is_some());
    app.finish().await;
}

#[tokio::test]
async fn head_office_hears_of_a_review_by_mail_when_it_begins_a_week_before_its_date_and_when_it_is_late()
 {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::HeadOfficeAdmin, &[]).await;
    app.member(&acme, "Carol", Role::Operator, &[]).await;
    work(&app).await;
    post(&app, &server).await;
    let mut expected: Vec<(String, &str)> = Vec::new();
    for (then, news) in [
        ("2027-02-22T09:00:00Z", Some("has begun")),
        ("2027-02-28T09:00:00Z", None),
        ("2027-03-01T09:00:00Z", Some("is due soon")),
        ("2027-03-02T09:00:00Z", None),
        ("2027-03-08T09:00:00Z", None),
        ("2027-03-09T09:00:00Z", Some("is overdue")),
        ("2027-03-16T09:00:00Z", None),
        ("2027-03-23T09:00:00Z", None),
    ] {
        app.travel_to(then);
        for _ in 0..2 {
            work(&app).await;
        }
        for member in [&alice, &bob] {
            expected.extend(news.map(|news| (member.email.clone(), news)));
        }
        let mut arrived: Vec<_> = post(&app, &server).await;
        arrived.retain(|letter| letter.subject.contains("access review"));
        assert_eq!(arrived.len(), expected.len(), "{then}: {arrived:?}");
        for (to, words) in &expected {
            let found = arrived
                .iter()
                .filter(|letter| letter.to == *to && letter.subject.contains(words));
            assert_eq!(found.count(), 1, "{then}: {to} {words}");
        }
        let links = |body: &str| body.contains("/settings/access-reviews");
        assert!(arrived.iter().all(|letter| links(&letter.body)));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_review_that_begins_while_an_admin_is_deleted_waits_and_not_in_a_circle() {
    let app = TestApp::start().await;
    let core = &app.app;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::HeadOfficeAdmin, &[]).await;
    let acts = app.acting(&alice).await;
    let raw = people::RawDeletion {
        confirm: bob.email.as_str().into(),
        ..people::RawDeletion::default()
    };
    let (started, deleted) = tokio::join!(
        access_reviews::start(core, &acts),
        people::delete(core, &acts, bob.id, &raw),
    );
    let id = started.expect("begins").review.id;
    deleted.expect("is deleted");
    let mut tx = core.db.read(&acts).await.expect("begins");
    let whole = access_reviews::reads::get(&mut tx, id)
        .await
        .expect("is read");
    tx.finish().await.expect("finishes");
    // Either he was there when it began and counts as revoked, or he never was in it.
    let of_bob = whole.rows.iter().find(|row| row.person_id == bob.id);
    assert!(of_bob.is_none_or(|row| row.decision == Some(Decision::Revoke)));
    let to_bob = "select count(*) from app.account_mail m join app.people p on p.id = m.person_id where p.deleted_at is not null";
    assert_eq!(app.count(to_bob).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn somebody_who_is_deleted_during_a_review_leaves_no_name_in_it_and_holds_nobody_up() {
    let app = TestApp::start().await;
    let core = &app.app;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let acts = app.acting(&alice).await;
    let id = access_reviews::start(core, &acts)
        .await
        .expect("begins")
        .review
        .id;
    let raw = people::RawDeletion {
        confirm: carol.email.as_str().into(),
        ..people::RawDeletion::default()
    };
    people::delete(core, &acts, carol.id, &raw)
        .await
        .expect("is deleted");
    let done = access_reviews::finish(core, &acts, id)
        .await
        .expect("is finished");
    assert_eq!(done.revoked_count, 1);
    let csv = access_reviews::export(core, &acts, id)
        .await
        .expect("is kept");
    assert!(
        !csv.contains("carol") && csv.contains("Former person"),
        "{csv}"
    );
    app.finish().await;
}
