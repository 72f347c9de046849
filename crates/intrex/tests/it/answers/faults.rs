//! Answers while messages fail: what was answered is not sent by the next attempt, whether the answer came by page or by the link
//! of a letter that the mail server took and then refused; and what was put off comes once, at its time.

use intrex_core::{
    actor::Request,
    answers::{
        self, RawAcknowledgement, RawSnooze,
        links::{self, Answer, Outcome},
    },
    obligations::model::Obligation,
    permission::Role,
};

use super::{item, slots, work_at};
use crate::{
    accounts::post::with_mail,
    support::{Fate, MailServer, Member, TestApp},
};

/// Carol's reminder of seven days before, whose mail the server has read and then not taken: it waits for its next attempt.
struct Waiting {
    app: TestApp,
    server: MailServer,
    carol: Member,
    item: Obligation,
}

const AT: &str = "2026-12-22T04:00:00Z";
/// After every attempt that there could be.
const LONG_AFTER: &str = "2026-12-23T04:00:00Z";
/// By mail.
const OUTSIDE: &str =
    "select count(*) from app.notification_deliveries where state in ('waiting', 'sending')";

impl Waiting {
    async fn begin() -> Self {
        let (app, server) = with_mail().await;
        let acme = app.tenant("Acme").await;
        let gulshan = app.branch(&acme, "GUL").await;
        let carol = app
            .member(&acme, "Carol", Role::Operator, &[gulshan.id])
            .await;
        app.travel_to("2026-12-20T04:00:00Z");
        let item = item(&app, &acme, gulshan.id, &carol).await;
        work_at(&app, "2026-12-20T04:00:00Z").await;
        server.next(&[Fate::Refused("BODY", 451)]);
        work_at(&app, AT).await;
        assert_eq!(server.refused().len(), 1);
        assert_eq!(app.count(OUTSIDE).await, 1);
        Waiting {
            app,
            server,
            carol,
            item,
        }
    }

    /// The link of the letter that was not taken: somebody may have it all the same.
    fn token(&self) -> String {
        let refused = self.server.refused();
        let body = refused[0].data.replace("=\r\n", "").replace("=3D", "=");
        let rest = body.split("/a/").nth(1).expect("a link");
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        rest[..end.unwrap_or(rest.len())].to_owned()
    }

    fn letters(&self) -> usize {
        let received = self.server.received();
        let about = received
            .iter()
            .filter(|letter| letter.subject().contains("Fire licence"));
        about.count()
    }
}

#[tokio::test]
async fn who_answers_while_the_mail_waits_for_its_next_attempt_gets_no_mail() {
    let scene = Waiting::begin().await;
    let actor = scene.app.acting(&scene.carol).await;
    let raw = RawAcknowledgement::default();
    answers::commands::acknowledge_item(&scene.app.app, &actor, scene.item.id, &raw)
        .await
        .expect("is said");
    // What stands in the inbox was told; the mail was not.
    assert_eq!(slots(&scene.app, "before_7", "acknowledged").await, 1);
    work_at(&scene.app, LONG_AFTER).await;
    assert_eq!(scene.letters(), 0);
    assert_eq!(scene.app.count(OUTSIDE).await, 0, "nothing waits any more");
    assert_eq!(slots(&scene.app, "before_7", "acknowledged").await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn the_link_of_a_letter_that_was_not_taken_in_the_end_answers_and_ends_the_attempts() {
    let scene = Waiting::begin().await;
    let raw = RawAcknowledgement::default();
    let answer = Answer::Acknowledge(&raw);
    let token = scene.token();
    let said = links::answer(&scene.app.app, Request::default(), &token, &answer).await;
    assert!(!matches!(said.expect("answers"), Outcome::Not(_)));
    work_at(&scene.app, LONG_AFTER).await;
    assert_eq!(scene.letters(), 0);
    assert_eq!(scene.app.count(OUTSIDE).await, 0);
    let again = links::answer(&scene.app.app, Request::default(), &token, &answer).await;
    assert!(matches!(again.expect("answers"), Outcome::Not(_)), "once");
    scene.app.finish().await;
}

#[tokio::test]
async fn what_is_put_off_while_its_mail_waits_comes_once_at_its_time() {
    let scene = Waiting::begin().await;
    let actor = scene.app.acting(&scene.carol).await;
    let raw = RawSnooze {
        until: "2026-12-22T07:00:00Z".into(),
    };
    answers::commands::snooze_item(&scene.app.app, &actor, scene.item.id, &raw)
        .await
        .expect("is put off");
    work_at(&scene.app, "2026-12-22T06:59:59Z").await;
    assert_eq!(scene.letters(), 0, "not before");
    work_at(&scene.app, "2026-12-22T07:00:00Z").await;
    assert_eq!(scene.letters(), 1, "at its time");
    work_at(&scene.app, LONG_AFTER).await;
    assert_eq!(scene.letters(), 1, "and no more");
    assert_eq!(scene.app.count(OUTSIDE).await, 0);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_letter_that_is_on_its_way_while_its_link_is_used_is_told_as_it_ended() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    app.travel_to("2026-12-20T04:00:00Z");
    item(&app, &acme, gulshan.id, &carol).await;
    work_at(&app, "2026-12-20T04:00:00Z").await;
    let before = server.received().len();
    server.next(&[Fate::Held]);
    app.travel_to(AT);
    let working = tokio::spawn({
        let app = app.app.clone();
        async move { intrex_core::worker::run_once(&app).await }
    });
    while server.received().len() == before {
        tokio::task::yield_now().await;
    }
    // The recipient's side is quick: the letter is read and answered before its sender hears that it was taken.
    let letter = server.received().pop().expect("arrived");
    let body = letter.data.replace("=\r\n", "").replace("=3D", "=");
    let rest = body.split("/a/").nth(1).expect("a link");
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let raw = RawAcknowledgement::default();
    let answer = Answer::Acknowledge(&raw);
    let token = &rest[..end.expect("ends")];
    let said = links::answer(&app.app, Request::default(), token, &answer).await;
    assert!(!matches!(said.expect("answers"), Outcome::Not(_)));
    server.release();
    working.await.expect("no panic").expect("works");
    assert_eq!(
        (
            slots(&app, "before_7", "sent").await,
            app.count("select count(*) from app.acknowledgements").await
        ),
        (2, 1),
        "it was sent, and it was answered"
    );
    work_at(&app, LONG_AFTER).await;
    assert_eq!(server.received().len(), before + 1);
    app.finish().await;
}
