//! Answering by the link of a letter: by who got it, once, and by no scanner.

use chrono::TimeDelta;
use intrex_core::{
    actor::Request,
    answers::{
        RawAcknowledgement, RawSnooze,
        links::{self, Answer, Found, Outcome},
    },
    obligations::{
        commands,
        input::{RawCompletion, RawReason, RawReschedule},
    },
    permission::Role,
};
use reqwest::Method;
use tokio::task::JoinSet;

use super::{item, work_at};
use crate::{
    accounts::post::{last_to, read, tables_with, with_mail},
    support::{MailServer, Member, TestApp, browser::send},
};

/// The token of the last letter that reminds somebody.
fn token(server: &MailServer, member: &Member) -> String {
    last_to(&read(server), &member.email).token("a")
}

async fn found(app: &TestApp, token: &str) -> Found {
    links::find(&app.app, Request::default(), token)
        .await
        .expect("answers")
}

async fn acknowledge(app: &TestApp, token: &str) -> Outcome {
    let raw = RawAcknowledgement::default();
    links::answer(
        &app.app,
        Request::default(),
        token,
        &Answer::Acknowledge(&raw),
    )
    .await
    .expect("answers")
}

const SAID: &str = "select count(*) from app.acknowledgements";

#[tokio::test]
async fn looking_at_a_link_changes_nothing_and_its_button_answers_once() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    item(&app, &acme, gulshan.id, &carol).await;
    work_at(&app, "2026-12-22T04:00:00Z").await;
    let token = token(&server, &carol);
    let path = format!("/a/{token}");
    let site = app.serve().await;

    // A scanner: it looks at every address of a letter, more than once.
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let answer = send(site.request(method, &path)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'")
        );
    }
    // One that posts without the page's own form.
    let bare = send(
        site.request(Method::POST, &path)
            .form(&[("act", "acknowledge")]),
    )
    .await;
    assert_eq!(bare.status, 403);
    assert_eq!(app.count(SAID).await, 0);
    assert!(matches!(found(&app, &token).await, Found::Open(_)));

    let browser = site.browser();
    let page = browser.visit(&path).await;
    assert!(page.body.contains("Fire licence") && page.body.contains("GUL"));
    assert!(!page.body.contains("src=\"http"), "nobody else is asked");
    let long = "x".repeat(501);
    let wrong = browser
        .submit(&path, &path, &[("act", "acknowledge"), ("note", &long)])
        .await;
    assert_eq!(wrong.status, 422, "the link still counts");
    let done = browser
        .submit(
            &path,
            &path,
            &[("act", "acknowledge"), ("note", "I ring them")],
        )
        .await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("You have it in hand"));
    assert_eq!(app.count(SAID).await, 1);
    let again = browser.visit(&path).await;
    assert!(
        again.body.contains("acknowledged by this link"),
        "{}",
        again.body
    );
    assert!(matches!(
        acknowledge(&app, &token).await,
        Outcome::Not(Found::Answered { .. })
    ));
    assert_eq!(app.count(SAID).await, 1);
    let stored: (String, String) = sqlx::query_as("select via, note from app.acknowledgements")
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("is there");
    assert_eq!(stored, ("link".to_owned(), "I ring them".to_owned()));
    // The token is nowhere: neither in a table nor in what was logged of its use.
    app.sequence().await;
    let secret = token.rsplit('_').next().expect("a secret");
    assert!(tables_with(&app, secret).await.is_empty());
    app.finish().await;
}

#[tokio::test]
async fn of_fifty_at_once_one_is_heard() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    item(&app, &acme, gulshan.id, &carol).await;
    work_at(&app, "2026-12-22T04:00:00Z").await;
    let token = token(&server, &carol);
    let mut racing = JoinSet::new();
    for n in 0..50 {
        let (app, token) = (app.app.clone(), token.clone());
        racing.spawn(async move {
            let (said, later) = (
                RawAcknowledgement::default(),
                RawSnooze { until: "1h".into() },
            );
            let answer = match n % 2 {
                0 => Answer::Acknowledge(&said),
                _ => Answer::Snooze(&later),
            };
            let outcome = links::answer(&app, Request::default(), &token, &answer).await;
            !matches!(outcome.expect("answers"), Outcome::Not(_))
        });
    }
    let heard = racing.join_all().await;
    assert_eq!(heard.into_iter().filter(|heard| *heard).count(), 1);
    let answers =
        "select (select count(*) from app.acknowledgements) + (select count(*) from app.snoozes)";
    assert_eq!(app.count(answers).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_link_is_good_for_its_person_its_item_and_its_time_alone() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let banani = app.branch(&acme, "BAN").await;
    let globex = app.tenant("Globex").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    let made = item(&app, &acme, gulshan.id, &carol).await;
    work_at(&app, "2026-12-22T04:00:00Z").await;
    let link = token(&server, &carol);
    assert!(matches!(found(&app, &link).await, Found::Open(_)));

    // Of another organisation, and changed by one character.
    let other = link.replace(
        &acme.id.uuid().simple().to_string(),
        &globex.id.uuid().simple().to_string(),
    );
    let changed = format!("{}0", &link[..link.len() - 1]);
    for wrong in [other.as_str(), changed.as_str(), "", "ita_", "x"] {
        assert!(matches!(found(&app, wrong).await, Found::Gone) || wrong == link);
    }
    let mut superuser = app.superuser().await;
    let mut set = async |statement: &str| {
        sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&mut superuser)
            .await
            .expect("is set");
    };
    // Who cannot sign in any more, whose organisation cannot, and who works elsewhere.
    let person = carol.id;
    for (undone, done) in [
        (
            format!("update app.people set status = 'disabled' where id = '{person}'"),
            format!("update app.people set status = 'active' where id = '{person}'"),
        ),
        (
            format!(
                "update app.tenants set status = 'suspended' where id = '{}'",
                acme.id
            ),
            format!(
                "update app.tenants set status = 'active' where id = '{}'",
                acme.id
            ),
        ),
        (
            format!(
                "update app.person_branches set branch_id = '{}' where person_id = '{person}'",
                banani.id
            ),
            format!(
                "update app.person_branches set branch_id = '{}' where person_id = '{person}'",
                gulshan.id
            ),
        ),
        (
            format!(
                "update app.obligation_instances set owner_id = null where id = '{}'",
                made.id
            ),
            format!(
                "update app.obligation_instances set owner_id = '{person}' where id = '{}'",
                made.id
            ),
        ),
    ] {
        set(&undone).await;
        assert!(matches!(found(&app, &link).await, Found::Gone), "{undone}");
        let answered = acknowledge(&app, &link).await;
        assert!(matches!(answered, Outcome::Not(Found::Gone)), "{undone}");
        set(&done).await;
        assert!(matches!(found(&app, &link).await, Found::Open(_)), "{done}");
    }

    let actor = &acme.operator;
    let raw = RawReschedule {
        due_on: "2027-01-05".into(),
        reason: "the authority moved it".into(),
    };
    commands::reschedule(&app.app, actor, made.id, &raw, None)
        .await
        .expect("is moved");
    assert!(matches!(found(&app, &link).await, Found::Settled));
    let raw = RawReschedule {
        due_on: "2026-12-29".into(),
        reason: "and back".into(),
    };
    commands::reschedule(&app.app, actor, made.id, &raw, None)
        .await
        .expect("is moved");
    let doing = app.acting(&carol).await;
    commands::complete(&app.app, &doing, made.id, &RawCompletion::default(), None)
        .await
        .expect("is completed");
    assert!(matches!(
        acknowledge(&app, &link).await,
        Outcome::Not(Found::Settled)
    ));
    let raw = RawReason {
        reason: "the paper was refused".into(),
    };
    commands::reopen(&app.app, actor, made.id, &raw, None)
        .await
        .expect("is open again");
    assert!(matches!(found(&app, &link).await, Found::Open(_)));
    app.travel_to("2027-01-21T04:00:01Z");
    assert!(matches!(found(&app, &link).await, Found::Gone));
    assert!(matches!(
        acknowledge(&app, &link).await,
        Outcome::Not(Found::Gone)
    ));
    assert_eq!(app.count(SAID).await, 0);
    assert!(links::LINK_LIFETIME >= TimeDelta::days(30));
    app.finish().await;
}
