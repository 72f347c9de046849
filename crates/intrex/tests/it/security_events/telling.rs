//! Head office admins are told in their inbox, and by mail of the worst, once.

use chrono::TimeDelta;
use intrex_core::{
    notifications::{self, Inbox},
    paging::PageRequest,
    people::{self, RawPersonUpdate},
    permission::Role,
    security_events::{self, RawThresholds},
    sessions, worker,
};

use crate::support::{MailServer, Member, TestApp, members::from};

async fn inbox(app: &TestApp, member: &Member) -> Vec<String> {
    let actor = app.acting(member).await;
    let mut tx = app.app.db.read(&actor).await.expect("begins");
    let found = notifications::reads::list(&mut tx, Inbox::All, &PageRequest::first(200)).await;
    let unread = notifications::reads::unread_count(&mut tx)
        .await
        .expect("counts");
    tx.finish().await.expect("finishes");
    let codes: Vec<String> = (found.expect("a page").items.into_iter())
        .map(|message| message.code.unwrap_or(message.kind))
        .collect();
    assert_eq!(i64::try_from(codes.len()), Ok(unread));
    codes
}

#[tokio::test]
async fn admins_are_told_once_and_nobody_else_is() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let amina = app.member(&acme, "Amina", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::BranchManager, &[]).await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    // What was before the first message: everybody was invited.
    worker::run_once(&app.app).await.expect("works");
    let before = inbox(&app, &alice).await.len();
    app.app.mailer = Some(server.mailer());
    let raw = RawThresholds {
        burst_failures: "3".into(),
        ..RawThresholds::default()
    };
    for tenant in [&acme, &globex] {
        security_events::set_thresholds(&app.app, &tenant.operator, &raw, None)
            .await
            .expect("is set");
    }
    let fail = async |round: u8| {
        for n in 0..4 {
            let wrong =
                sessions::sign_in(&app.app, from([203, round, n, 1]), &bob.email, "x".into());
            wrong.await.expect("answers");
        }
        worker::run_once(&app.app).await.expect("works");
    };
    fail(0).await;
    for admin in [&alice, &amina] {
        let told = inbox(&app, admin).await;
        assert_eq!(told.len(), before + 1, "{told:?}");
        assert_eq!(told[0], "LOGIN_BURST");
    }
    assert!(inbox(&app, &bob).await.is_empty());
    assert!(
        !inbox(&app, &mallory)
            .await
            .contains(&"LOGIN_BURST".to_owned())
    );
    fail(1).await;
    assert_eq!(inbox(&app, &alice).await.len(), before + 1, "the same hour");
    let alerts = || {
        let mail = server.received();
        mail.iter()
            .filter(|mail| mail.subject() == "A security event at Acme")
            .count()
    };
    assert_eq!(alerts(), 2, "one to each admin");
    app.app.clock.advance(TimeDelta::hours(2));
    fail(2).await;
    assert_eq!(inbox(&app, &alice).await.len(), before + 2);
    assert_eq!(alerts(), 4);
    // Who is no admin any more has no business with it.
    let raw = RawPersonUpdate {
        role: Role::BranchManager.as_str().into(),
        ..RawPersonUpdate::default()
    };
    people::update(&app.app, &acme.operator, amina.id, &raw, None)
        .await
        .expect("is changed");
    assert!(inbox(&app, &amina).await.is_empty());
    app.finish().await;
}
