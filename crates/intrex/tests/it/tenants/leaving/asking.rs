//! Who asks, who is told, and what stops it.

use chrono::TimeDelta;
use intrex_core::{
    Error, jobs,
    permission::Role,
    tenants::{
        self,
        deletion::{self, GRACE, RawTenantDeletion, When},
    },
    tokens, worker,
};
use secrecy::ExposeSecret as _;

use super::{ask, begin, named, settle, status, told};
use crate::{
    accounts::post::{post, subjects, with_mail},
    support::{
        TestApp,
        members::{conflict, wrong_fields},
    },
};

const PAGE: &str = "/settings/organisation/delete";
const BANNER: &str = "This organisation will be deleted on";

#[tokio::test]
async fn every_admin_is_told_by_mail_in_the_inbox_and_on_every_page_and_any_of_them_cancels() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let berta = app.member(&acme, "Berta", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let site = app.serve().await;
    let first = app.signed_in(&site, &alice).await;
    assert!(
        first
            .visit("/settings/organisation")
            .await
            .body
            .contains(PAGE)
    );
    let page = first.visit(PAGE).await;
    assert!(
        page.body.contains("Type it as it is: Acme"),
        "{}",
        page.body
    );
    assert!(page.body.contains("3 people"), "{}", page.body);

    let wrong = [("confirm_name", "acme"), ("reason", "we close our doors")];
    let wrong = first.submit(PAGE, PAGE, &wrong).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("confirm_name-error") && wrong.body.contains("we close our doors"));
    let right = [("confirm_name", "Acme"), ("reason", "we close our doors")];
    assert_eq!(first.submit(PAGE, PAGE, &right).await.leads_to(), PAGE);
    let shown = first.visit(PAGE).await.body;
    assert!(
        shown.contains(BANNER) && shown.contains("Alice asked for it on"),
        "{shown}"
    );

    let letters = post(&app, &server).await;
    let mut asked: Vec<_> = letters
        .iter()
        .filter(|letter| letter.subject == "Acme is going to be deleted")
        .map(|letter| letter.to.clone())
        .collect();
    asked.sort();
    assert_eq!(
        asked,
        [alice.email.clone(), berta.email.clone()],
        "{letters:?}"
    );
    let letter = letters.last().expect("a letter");
    assert!(letter.body.contains(PAGE), "{letter:?}");

    worker::run_once(&app.app).await.expect("works");
    let second = app.signed_in(&site, &berta).await;
    for path in ["/today", "/branches", "/settings", "/messages"] {
        let page = second.visit(path).await.body;
        assert!(
            page.contains(BANNER) && page.contains(PAGE),
            "{path}: {page}"
        );
    }
    let inbox = second.visit("/messages").await.body;
    assert!(
        inbox.contains("Deletion of the organisation asked for"),
        "{inbox}"
    );
    let third = app.signed_in(&site, &carol).await;
    assert!(
        !third.visit("/today").await.body.contains(BANNER),
        "not hers to cancel"
    );

    let cancelled = second.submit(PAGE, &format!("{PAGE}/cancel"), &[]).await;
    assert_eq!(cancelled.leads_to(), "/settings/organisation");
    assert!(!first.visit("/today").await.body.contains(BANNER));
    let letters = post(&app, &server).await;
    let kept = subjects(&letters);
    let kept = kept
        .iter()
        .filter(|subject| *subject == "Acme is not deleted");
    assert_eq!(kept.count(), 2, "{letters:?}");
    app.app.clock.advance(GRACE);
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(status(&app, &acme).await, "active");
    assert_eq!(
        told(&app, &acme).await,
        ["tenant.deletion_requested", "tenant.deletion_cancelled"]
    );
    app.finish().await;
}

#[tokio::test]
async fn only_a_head_office_admin_with_a_fresh_factor_and_the_name_asks_or_cancels() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    for (name, role) in [("Bob", Role::BranchManager), ("Carol", Role::Operator)] {
        let member = app.member(&acme, name, role, &[]).await;
        let actor = app.acting(&member).await;
        let asked = ask(&app, &actor, "Acme").await;
        assert!(matches!(asked, Err(Error::Forbidden)), "{name}: {asked:?}");
        let cancelled = deletion::cancel(&app.app, &actor).await;
        assert!(matches!(cancelled, Err(Error::Forbidden)), "{name}");
    }
    let actor = app.acting(&alice).await;
    let at_once = deletion::request(&app.app, &actor, &named("Acme"), When::Now).await;
    assert!(matches!(at_once, Err(Error::Forbidden)), "{at_once:?}");
    assert_eq!(
        wrong_fields(ask(&app, &actor, "Globex").await),
        ["confirm_name"]
    );
    let empty = RawTenantDeletion::default();
    let nothing = deletion::request(&app.app, &actor, &empty, When::AfterGrace).await;
    assert_eq!(wrong_fields(nothing), ["confirm_name", "reason"]);
    let raw = tokens::RawToken {
        name: "nightly".into(),
        ..tokens::RawToken::default()
    };
    let token = tokens::create(&app.app, &actor, &raw)
        .await
        .expect("is made");

    app.app.clock.advance(TimeDelta::minutes(5));
    let stale = ask(&app, &actor, "Acme").await;
    assert!(matches!(stale, Err(Error::StepUp)), "{stale:?}");
    let stale = deletion::cancel(&app.app, &actor).await;
    assert!(matches!(stale, Err(Error::StepUp)), "{stale:?}");
    let text = token.text.expose_secret();
    let tx = tokens::authenticate(&app.app, text, Default::default()).await;
    let tx = tx.expect("answers").expect("counts");
    let program = tx.actor().clone();
    tx.finish().await.expect("finishes");
    let asked = ask(&app, &program, "Acme").await;
    assert!(matches!(asked, Err(Error::StepUp)), "{asked:?}");

    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    app.app.clock.advance(TimeDelta::minutes(5));
    assert!(browser.visit(PAGE).await.leads_to().starts_with("/step-up"));
    assert_eq!(told(&app, &acme).await, [""; 0]);
    app.finish().await;
}

#[tokio::test]
async fn of_two_requests_at_the_same_moment_one_counts() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let berta = app.member(&acme, "Berta", Role::HeadOfficeAdmin, &[]).await;
    let (alice, berta) = (app.acting(&alice).await, app.acting(&berta).await);
    let (one, two) = tokio::join!(ask(&app, &alice, "Acme"), ask(&app, &berta, "Acme"));
    let (counts, late) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(counts.expect("one counts").due_at, app.app.now() + GRACE);
    assert_eq!(conflict(late), "tenant-deletion-waits");
    assert_eq!(told(&app, &acme).await, ["tenant.deletion_requested"]);
    let jobs = "select count(*) from app.jobs where kind = 'tenant.delete'";
    assert_eq!(app.count(jobs).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn it_happens_when_it_is_due_and_not_a_second_before() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let actor = app.acting(&alice).await;
    ask(&app, &actor, "Acme").await.expect("is asked for");
    deletion::cancel(&app.app, &actor)
        .await
        .expect("is cancelled");
    // Where there is nothing to cancel nothing happens.
    deletion::cancel(&app.app, &actor)
        .await
        .expect("is nothing");
    let pending = ask(&app, &actor, "Acme").await.expect("is asked for anew");
    app.app
        .clock
        .travel_to(pending.due_at - TimeDelta::seconds(1));
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(status(&app, &acme).await, "active");
    app.app.clock.advance(TimeDelta::seconds(1));
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(status(&app, &acme).await, "deleting");
    assert_eq!(
        conflict(deletion::cancel(&app.app, &acme.operator).await),
        "tenant-deletion-begun"
    );
    assert_eq!(
        conflict(ask(&app, &acme.operator, "Acme").await),
        "tenant-deletion-begun"
    );
    settle(&app).await;
    assert_eq!(status(&app, &acme).await, "deleted");
    assert_eq!(
        told(&app, &acme).await,
        [
            "tenant.deletion_requested",
            "tenant.deletion_cancelled",
            "tenant.deletion_requested",
            "tenant.deletion_begun",
            "tenant.deleted"
        ]
    );
    app.finish().await;
}

#[tokio::test]
async fn once_its_time_has_come_a_deletion_is_not_cancelled_any_more() {
    let app = TestApp::start().await;
    for when in [When::AfterGrace, When::Now] {
        let name = format!("Acme {when:?}");
        let acme = app.tenant(&name).await;
        let pending = deletion::request(&app.app, &acme.operator, &named(&name), when)
            .await
            .expect("is asked for");
        if when == When::AfterGrace {
            app.app.clock.travel_to(pending.due_at);
        }
        // The worker has not come round yet.
        let late = deletion::cancel(&app.app, &acme.operator).await;
        assert_eq!(conflict(late), "tenant-deletion-due", "{when:?}");
        assert_eq!(status(&app, &acme).await, "active");
        worker::run_once(&app.app).await.expect("works");
        assert_eq!(status(&app, &acme).await, "deleting");
        let late = deletion::cancel(&app.app, &acme.operator).await;
        assert_eq!(conflict(late), "tenant-deletion-begun", "{when:?}");
        settle(&app).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn whoever_cancels_while_the_worker_comes_round_leaves_it_whole_or_goes_with_it() {
    let app = TestApp::start().await;
    for round in 0..6 {
        let name = format!("Acme {round}");
        let acme = app.tenant(&name).await;
        let pending = ask(&app, &acme.operator, &name)
            .await
            .expect("is asked for");
        let is_due = round % 2 == 0;
        let moment = TimeDelta::seconds(if is_due { 0 } else { 1 });
        app.app.clock.travel_to(pending.due_at - moment);
        let (cancelled, worked) = tokio::join!(
            deletion::cancel(&app.app, &acme.operator),
            jobs::run_due(&app.app)
        );
        worked.expect("works");
        worker::run_once(&app.app).await.expect("works");
        let expected = match cancelled {
            Ok(tenant) => {
                assert!(!is_due, "round {round}");
                assert_eq!(tenant.deletion_due_at, None);
                "active"
            }
            late => {
                assert!(is_due, "round {round}");
                let why = conflict(late);
                let reasons = ["tenant-deletion-due", "tenant-deletion-begun"];
                assert!(reasons.contains(&why), "{why}");
                "deleting"
            }
        };
        assert_eq!(status(&app, &acme).await, expected, "round {round}");
        settle(&app).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn suspending_takes_back_what_somebody_inside_asked_for_and_not_what_the_operator_did() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let actor = app.acting(&alice).await;
    ask(&app, &actor, "Acme").await.expect("is asked for");
    tenants::suspend(&app.app, &acme.operator)
        .await
        .expect("is suspended");
    app.app.clock.advance(GRACE);
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(
        status(&app, &acme).await,
        "suspended",
        "nobody could have cancelled it"
    );
    let expected = ["tenant.deletion_requested", "tenant.deletion_cancelled"];
    assert_eq!(told(&app, &acme).await, expected);

    let globex = app.tenant("Globex").await;
    let pending = ask(&app, &globex.operator, "Globex")
        .await
        .expect("is asked for");
    let suspended = tenants::suspend(&app.app, &globex.operator)
        .await
        .expect("is suspended");
    assert_eq!(suspended.deletion_due_at, Some(pending.due_at));
    // Who runs the installation need not wait, suspended or not.
    begin(&app, &globex, "Globex").await;
    settle(&app).await;
    assert_eq!(status(&app, &globex).await, "deleted");
    let resumed = tenants::resume(&app.app, &globex.operator).await;
    assert!(matches!(resumed, Err(Error::NotFound)), "{resumed:?}");
    app.finish().await;
}
