//! Workers on machines whose clocks are ten minutes off, either way: reminders come at their time, once, and nobody takes over
//! what another one is at work on.

use chrono::TimeDelta;
use intrex_core::{account_mail, deliveries, jobs, permission::Role, reminders::sender, worker};

use super::world::{OPERATOR, organisation};
use crate::{
    accounts::post::with_mail,
    support::{Fate, MailServer, TestApp},
};

#[tokio::test]
async fn a_reminder_comes_at_its_time_and_once_whatever_the_workers_clocks_show() {
    for minutes in [-10, 10] {
        let mut app = TestApp::start().await;
        let server = MailServer::start().await;
        app.app.mailer = Some(server.mailer());
        let acme = organisation(&app, "Acme").await;
        let gulshan = acme.branch(&app, "Gulshan").await;
        let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
        app.travel_to("2026-12-20T03:00:00Z");
        let item = acme.item(&app, gulshan, "2026-12-29", Some(&alice)).await;
        let off = app.another_machine(&app.app.clock).await;
        off.clock.put_ahead(TimeDelta::minutes(minutes));

        app.travel_to("2026-12-22T02:59:59Z");
        worker::run_once(&off).await.expect("works");
        assert!(server.received().is_empty(), "{minutes}: it is early");
        assert_eq!(acme.mails(&app, item, &alice).await[2], "before_7 planned");
        app.travel_to("2026-12-22T03:00:00Z");
        worker::run_once(&off).await.expect("works");
        assert_eq!(server.received().len(), 1, "{minutes}: it is time");
        worker::run_once(&app.app).await.expect("works");
        assert_eq!(server.received().len(), 1, "{minutes}: it was sent");
        assert_eq!(acme.mails(&app, item, &alice).await[2], "before_7 sent");

        // The one is at work on the next, and dies of it.
        app.travel_to("2026-12-26T03:00:00Z");
        while jobs::run_due(&app.app).await.expect("plans") > 0 {}
        while sender::send_due(&app.app).await.expect("settles") > 0 {}
        server.next(&[Fate::Unanswered]);
        tokio::select! {
            ended = deliveries::sender::send_due(&app.app) => panic!("the server never answers: {ended:?}"),
            () = async {
                while server.received().len() < 2 {
                    tokio::task::yield_now().await;
                }
            } => {}
        }
        app.travel_to("2026-12-26T03:00:59Z");
        worker::run_once(&off).await.expect("works");
        assert_eq!(server.received().len(), 2, "{minutes}: the lease holds");
        app.travel_to("2026-12-26T03:01:00Z");
        worker::run_once(&off).await.expect("works");
        let received = server.received();
        assert_eq!(received.len(), 3, "{minutes}: the lease has ended");
        assert_eq!(
            received[1].header("Message-ID"),
            received[2].header("Message-ID")
        );
        assert_eq!(acme.mails(&app, item, &alice).await[3], "before_3 sent");
        off.db.close().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_letter_about_an_account_stays_with_whoever_is_at_work_on_it() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let off = app.another_machine(&app.app.clock).await;
    for (minutes, name) in [(-10, "Alice"), (10, "Bob")] {
        off.clock.put_ahead(TimeDelta::minutes(minutes));
        app.invite(&acme, name, Role::HeadOfficeAdmin, &[]).await;
        let before = server.received().len();
        server.next(&[Fate::Held]);
        let sending = tokio::spawn({
            let app = app.app.clone();
            async move { account_mail::sender::send_due(&app).await }
        });
        server.arrival().await;
        let taken = account_mail::sender::send_due(&off).await.expect("looks");
        assert_eq!(taken, 0, "{minutes}: it is another's");
        server.release();
        assert_eq!(sending.await.expect("no panic").expect("sends"), 1);
        assert_eq!(server.received().len(), before + 1);
    }
    off.db.close().await;
    app.finish().await;
}
