//! What happens to items, told by routes as it happens: to whom, in which words, once, and with its event or not at all.

use chrono::TimeDelta;
use intrex_core::{
    Actor,
    audit::Event,
    branches::Branch,
    connectors::{self, RawConnector},
    deliveries,
    ids::{ConnectorId, ObligationId},
    obligations::{
        commands,
        input::{RawCompletion, RawObligation, RawReason, RawReschedule},
    },
    outside::http::{Outgoing, OutgoingSettings},
    people::{self, RawPersonUpdate},
    permission::Role,
    preferences::{self, RawPreferences},
};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{ALL, Scene, script};
use crate::{
    connectors::webhook::{by_body, by_standard},
    support::{MailServer, members::list, sink::Sink},
};

/// What can happen to an item.
const OF_ITEMS: [&str; 4] = [
    "obligation.completed",
    "obligation.reopened",
    "obligation.rescheduled",
    "obligation.waived",
];

/// A mail server of the installation's, and a network in which webhooks may be.
pub(super) struct Outside {
    pub(super) scene: Scene,
    pub(super) mail: MailServer,
    /// An admin who does what is done.
    pub(super) erin: Actor,
}

impl Outside {
    pub(super) async fn begin() -> Self {
        let mut scene = Scene::begin().await;
        let mail = MailServer::start().await;
        scene.app.app.mailer = Some(mail.mailer());
        scene.app.app.outgoing = Outgoing::new(OutgoingSettings {
            private_nets: vec!["127.0.0.0/8".parse().expect("a network")],
            ..OutgoingSettings::default()
        });
        let erin = scene
            .app
            .member(&scene.acme, "Erin", Role::HeadOfficeAdmin, &[])
            .await;
        let erin = scene.app.acting(&erin).await;
        Outside { scene, mail, erin }
    }

    /// A webhook that somebody has seen to work, and its signing secret.
    pub(super) async fn hook(&self, sink: &Sink, name: &str) -> (ConnectorId, String) {
        let body = json!({ "type": "webhook", "name": name, "config": { "url": sink.url() } });
        let raw: RawConnector = serde_json::from_value(body).expect("fields");
        let operator = &self.scene.acme.operator;
        let made = connectors::create(&self.scene.app.app, operator, &raw).await;
        let made = made.expect("is made");
        sqlx::query("update app.connectors set status = 'active' where id = $1")
            .bind(made.connector.id.uuid())
            .execute(&mut self.scene.app.superuser().await)
            .await
            .expect("works");
        let secret = made.signing_secret.expect("made here");
        (made.connector.id, secret.expose_secret().to_owned())
    }

    /// A route of these events to a webhook.
    pub(super) async fn to_hook(&self, name: &str, hook: ConnectorId, events: &[&str]) {
        self.route(json!({ "name": name, "event_types": events, "connector_id": hook, "recipient": "endpoint" }))
            .await;
    }

    pub(super) async fn route(&self, body: Value) {
        self.scene.made(body).await;
    }

    pub(super) async fn send(&self) {
        deliveries::sender::send_due(&self.scene.app.app)
            .await
            .expect("sends");
    }

    pub(super) async fn item(&self, branch: &Branch, title: &str) -> ObligationId {
        let acme = &self.scene.acme;
        let app = &self.scene.app;
        app.obligation(acme, branch, title, "2026-12-20").await.id
    }

    pub(super) async fn complete(&self, actor: &Actor, item: ObligationId) {
        let raw = RawCompletion::default();
        commands::complete(&self.scene.app.app, actor, item, &raw, None)
            .await
            .expect("is completed");
    }

    /// The subjects of what was mailed, with to whom.
    pub(super) fn mails(&self) -> Vec<(String, String)> {
        let mut mails: Vec<_> = self
            .mail
            .received()
            .iter()
            .map(|mail| (mail.header("To"), mail.subject()))
            .collect();
        mails.sort();
        mails
    }

    async fn staged(&self) -> i64 {
        self.scene
            .app
            .count("select count(*) from app.notification_deliveries")
            .await
    }

    /// Everything that can happen to an item.
    async fn everything(&self, item: ObligationId) {
        let (app, actor) = (&self.scene.app.app, &self.erin);
        let why = || RawReason {
            reason: "It had to be.".into(),
        };
        let later = RawReschedule {
            due_on: "2026-12-27".into(),
            reason: "They asked for it.".into(),
        };
        self.complete(actor, item).await;
        let reopened = commands::reopen(app, actor, item, &why(), None).await;
        reopened.expect("is open again");
        let moved = commands::reschedule(app, actor, item, &later, None).await;
        moved.expect("is moved");
        let waived = commands::waive(app, actor, item, &why(), None).await;
        waived.expect("is waived");
    }
}

#[tokio::test]
async fn what_happens_to_an_item_reaches_programs_signed_and_people_in_words() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let (hook, secret) = outside.hook(&sink, "Ops").await;
    outside.to_hook("Ops", hook, &OF_ITEMS).await;
    outside
        .route(json!({ "name": "Us", "event_types": OF_ITEMS, "recipient": "head_office" }))
        .await;
    let item = outside.item(&scene.gulshan, "Fire licence").await;
    outside.everything(item).await;
    outside.send().await;
    let sent = sink.received();
    assert_eq!(sent.len(), OF_ITEMS.len());
    for sent in &sent {
        assert!(by_body(&secret, sent) && by_standard(&secret, sent));
        let body = sent.json();
        assert_eq!(body["id"], sent.header("webhook-id"));
        assert_eq!(body["entity"]["id"], item.to_string());
        assert_eq!(body["entity"]["title"], "Fire licence");
        assert_eq!(body["severity"], "medium");
        assert_eq!(
            body["branch"],
            json!({ "id": scene.gulshan.id, "name": "Gulshan" })
        );
        let page = format!("http://localhost:8080/obligations/{item}");
        assert_eq!(body["url"], page);
    }
    let said = |name: &str| {
        let body = sent.iter().map(|sent| sent.json());
        let mut of_it = body.filter(|body| body["type"] == name);
        of_it.next().unwrap_or_else(|| panic!("no {name}"))
    };
    for (name, status, due_on) in [
        ("obligation.completed", "completed", "2026-12-20"),
        ("obligation.reopened", "upcoming", "2026-12-20"),
        ("obligation.rescheduled", "upcoming", "2026-12-27"),
        ("obligation.waived", "waived", "2026-12-27"),
    ] {
        let body = said(name);
        assert_eq!(body["entity"]["status"], status, "{name}");
        assert_eq!(body["timing"]["due_on"], due_on, "{name}");
    }
    let subjects: Vec<String> = outside.mails().into_iter().map(|mail| mail.1).collect();
    assert_eq!(
        subjects,
        [
            "Completed: Fire licence · Gulshan",
            "Moved to 27 Dec 2026: Fire licence · Gulshan",
            "Open again: Fire licence · Gulshan",
            "Waived: Fire licence · Gulshan",
        ]
    );
    // Each is in the log, and told by its id there.
    let ids = "select count(*) from app.notification_deliveries d
               join app.audit_events e on e.id = (d.notices -> 0 ->> 'id')::uuid and e.action = d.event_type";
    assert_eq!(scene.app.count(ids).await, 8);
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn a_branchs_route_a_branchs_people_and_another_organisation_hear_of_their_own_alone() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let uttara = scene.app.branch(&scene.acme, "Uttara").await;
    let member = async |name: &str, role, branch: &Branch| {
        scene
            .app
            .member(&scene.acme, name, role, &[branch.id])
            .await
    };
    let carol = member("Carol", Role::BranchManager, &scene.gulshan).await;
    let dave = member("Dave", Role::BranchManager, &uttara).await;
    let (hook, _) = outside.hook(&sink, "Gulshan's").await;
    outside
        .route(json!({ "name": "Gulshan", "event_types": ["obligation.completed"], "branch_id": scene.gulshan.id,
                       "connector_id": hook, "recipient": "endpoint" }))
        .await;
    for recipient in ["branch_managers", "head_office"] {
        outside
            .route(json!({ "name": recipient, "event_types": ["obligation.completed"], "recipient": recipient }))
            .await;
    }
    outside
        .route(
            json!({ "name": "Dave", "event_types": ["obligation.completed"], "recipient": "person",
                       "person_id": dave.id, "branch_id": scene.gulshan.id }),
        )
        .await;
    let globex = scene.app.tenant("Globex").await;
    let depot = scene.app.branch(&globex, "Depot").await;
    let mallory = scene
        .app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let mallory = scene.app.acting(&mallory).await;
    let theirs = scene
        .app
        .obligation(&globex, &depot, "Theirs", "2026-12-20")
        .await;
    outside.complete(&mallory, theirs.id).await;
    assert_eq!(outside.staged().await, 0, "another organisation's");
    // Whoever completes it sees one branch and no more.
    let acting = scene.app.acting(&dave).await;
    let item = outside.item(&uttara, "Drug licence").await;
    outside.complete(&acting, item).await;
    outside.send().await;
    assert!(sink.received().is_empty());
    let mails = outside.mails();
    assert_eq!(mails.len(), 2, "head office: {mails:?}");
    for ((to, subject), name) in mails.iter().zip(["Alice", "Erin"]) {
        assert!(
            to.contains(name),
            "{to}: Dave has done it, and it is not Carol's"
        );
        assert_eq!(subject, "Completed: Drug licence · Uttara");
    }
    let here = outside.item(&scene.gulshan, "Fire licence").await;
    outside.complete(&outside.erin, here).await;
    outside.send().await;
    assert_eq!(sink.received().len(), 1);
    let mails = outside.mails();
    let reached = |email: &str| mails.iter().filter(|mail| mail.0.contains(email)).count();
    assert_eq!(
        (
            reached(&scene.alice.email),
            reached(&carol.email),
            reached(&dave.email)
        ),
        (2, 1, 0),
        "{mails:?}"
    );
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn what_is_rolled_back_is_not_told_and_what_happens_once_is_told_once() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let (hook, _) = outside.hook(&sink, "Ops").await;
    outside
        .to_hook("Ops", hook, &["obligation.completed"])
        .await;
    let item = outside.item(&scene.gulshan, "Fire licence").await;
    let app = &scene.app.app;
    let event = || {
        Event::new("obligation", "obligation.completed")
            .on("obligation", item)
            .at(scene.gulshan.id)
    };
    let mut tx = app.db.write(&scene.acme.operator).await.expect("begins");
    tx.stage(vec![event()]).await.expect("is staged");
    drop(tx);
    assert_eq!(outside.staged().await, 0);
    let together = (0..6).map(|_| {
        let (app, actor) = (app.clone(), outside.erin.clone());
        tokio::spawn(async move {
            let raw = RawCompletion::default();
            commands::complete(&app, &actor, item, &raw, None)
                .await
                .is_ok()
        })
    });
    let mut completed = 0;
    for one in together.collect::<Vec<_>>() {
        completed += usize::from(one.await.expect("ends"));
    }
    assert_eq!((completed, outside.staged().await), (1, 1));
    outside.send().await;
    outside.send().await;
    assert_eq!(sink.received().len(), 1);
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn what_happens_at_once_is_one_mail_and_a_program_is_told_of_each() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let (hook, _) = outside.hook(&sink, "Ops").await;
    outside
        .to_hook("Ops", hook, &["obligation.rescheduled"])
        .await;
    outside
        .route(json!({ "name": "Us", "event_types": ["obligation.rescheduled"], "recipient": "head_office" }))
        .await;
    let mut events = Vec::new();
    for title in ["One", "Two", "Three"] {
        let item = outside.item(&scene.gulshan, title).await;
        events.push(
            Event::new("obligation", "obligation.rescheduled")
                .on("obligation", item)
                .at(scene.gulshan.id),
        );
    }
    let tx = scene.app.app.db.write(&outside.erin).await;
    let committed = tx.expect("begins").commit_all(events).await;
    committed.expect("is committed");
    outside.send().await;
    assert_eq!(sink.received().len(), 3);
    let mails = outside.mail.received();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject().ends_with("and 2 more"), "{mails:?}");
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn quiet_hours_opt_outs_and_who_has_done_it_are_heeded() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let app = &scene.app.app;
    let carol = scene
        .app
        .member(&scene.acme, "Carol", Role::Operator, &[scene.gulshan.id])
        .await;
    // It is nine o'clock in Dhaka.
    outside
        .route(
            json!({ "name": "Hands", "event_types": OF_ITEMS, "recipient": "responsible",
                       "quiet": { "from": "08:00", "to": "10:00" } }),
        )
        .await;
    let hers = async |title: &str, severity: &str| {
        let raw = RawObligation {
            branch_id: scene.gulshan.id.to_string().as_str().into(),
            title: title.into(),
            category: "licence".into(),
            severity: severity.into(),
            due_on: "2026-12-20".into(),
            owner_id: carol.id.to_string().as_str().into(),
            ..RawObligation::default()
        };
        let made = commands::create(app, &scene.acme.operator, &raw).await;
        made.expect("is made").id
    };
    let acting = scene.app.acting(&carol).await;
    let own = hers("Done by herself", "medium").await;
    outside.complete(&acting, own).await;
    assert_eq!(outside.staged().await, 0, "she knows");
    let others = hers("Done by others", "medium").await;
    outside.complete(&outside.erin, others).await;
    outside.send().await;
    assert!(outside.mails().is_empty(), "it is quiet");
    app.clock.advance(TimeDelta::hours(1));
    outside.send().await;
    let mails = outside.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].0.contains(&carol.email), "{mails:?}");
    let none = json!({ "opted_out": OF_ITEMS });
    let none: RawPreferences = serde_json::from_value(none).expect("fields");
    preferences::set(app, &acting, &none)
        .await
        .expect("is kept");
    let mild = hers("Mild", "high").await;
    outside.complete(&outside.erin, mild).await;
    assert_eq!(outside.staged().await, 1, "she would rather not hear");
    let grave = hers("Grave", "critical").await;
    outside.complete(&outside.erin, grave).await;
    outside.send().await;
    assert_eq!(outside.mails().len(), 2, "what is critical is told");
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn who_does_not_see_the_branch_any_more_when_it_is_sent_is_not_told() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let app = &scene.app.app;
    let uttara = scene.app.branch(&scene.acme, "Uttara").await;
    let carol = scene
        .app
        .member(
            &scene.acme,
            "Carol",
            Role::BranchManager,
            &[scene.gulshan.id],
        )
        .await;
    outside
        .route(
            json!({ "name": "Managers", "event_types": OF_ITEMS, "recipient": "branch_managers",
                       "quiet": { "from": "08:00", "to": "10:00" } }),
        )
        .await;
    let item = outside.item(&scene.gulshan, "Fire licence").await;
    outside.complete(&outside.erin, item).await;
    assert_eq!(outside.staged().await, 1);
    let moved = RawPersonUpdate {
        branch_ids: list(&[uttara.id]).into(),
        ..RawPersonUpdate::default()
    };
    people::update(app, &scene.acme.operator, carol.id, &moved, None)
        .await
        .expect("works elsewhere");
    app.clock.advance(TimeDelta::hours(1));
    outside.send().await;
    assert!(outside.mails().is_empty());
    let cancelled = "select count(*) from app.notification_deliveries
                     where state = 'cancelled' and reason = 'recipient_inactive'";
    assert_eq!(scene.app.count(cancelled).await, 1);
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn a_look_back_counts_what_the_route_was_followed_for() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let (hook, _) = outside.hook(&sink, "Ops").await;
    outside.to_hook("Ops", hook, &OF_ITEMS).await;
    let uttara = scene.app.branch(&scene.acme, "Uttara").await;
    for branch in [&scene.gulshan, &uttara] {
        let item = outside.item(branch, "Fire licence").await;
        outside.everything(item).await;
    }
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let path = format!("{ALL}/preview");
    let seen = async |events: &[&str], branch: Option<&Branch>| {
        let body = json!({ "name": "x", "recipient": "head_office", "event_types": events,
                           "branch_id": branch.map(|branch| branch.id) });
        let answer = script(&browser, Method::POST, &path, body).await;
        answer.json()["total"].clone()
    };
    assert_eq!(seen(&OF_ITEMS, None).await, outside.staged().await);
    assert_eq!(seen(&OF_ITEMS, Some(&uttara)).await, 4);
    for event in OF_ITEMS {
        assert_eq!(seen(&[event], None).await, 2, "{event}");
    }
    outside.scene.app.finish().await;
}
