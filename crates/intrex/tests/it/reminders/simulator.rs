//! A look ahead says exactly what is then sent: organisations of chance are looked at, the clock runs through the thirty days, and
//! each message that was foreseen is held against each that was made.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use intrex_core::{
    Error, answers,
    branches::{self, RawBranch},
    catalogue::Language,
    connectors::{self, RawConnector},
    ids::{BranchId, RouteId},
    imports::{self, Kind, Mode, Options},
    obligations::{self, input::RawObligation},
    outside::http::{Outgoing, OutgoingSettings},
    preferences::{self, RawPreferences},
    reminders::simulator::{
        self, RawSimulation,
        model::{ForeseenMessage, Foresight},
    },
    routes::{self, RawRoute},
    tenants::{self, RawTenantUpdate},
};
use serde_json::{Value, json};
use sqlx::Row as _;
use uuid::Uuid;

use super::world::{ADMIN, MANAGER, OPERATOR, Organisation, Somebody, organisation};
use crate::support::{MailServer, TestApp, sink::Sink};

/// Where it is nine at another minute of another hour, with a change of the clocks among the days.
const ZONES: [&str; 5] = [
    "Asia/Dhaka",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "America/New_York",
    "Asia/Kolkata",
];
/// When work was done last, in the midst of an hour, and when it is looked ahead.
const WORKED_AT: &str = "2027-02-20T10:20:00Z";
const LOOKED_AT: &str = "2027-02-20T10:50:00Z";
const ITEMS: usize = 26;

/// The same numbers in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's constants for a linear congruential generator of 64 bits; the upper half is the better one.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_of<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        let place = self.below(u64::try_from(of.len()).expect("few"));
        of[usize::try_from(place).expect("few")]
    }
}

/// An organisation, and what outside of it hears of it.
struct World {
    app: TestApp,
    acme: Organisation,
    branches: Vec<BranchId>,
    alice: Somebody,
    sink: Sink,
    hook: String,
    _mail: MailServer,
}

fn fields<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).expect("fields")
}

impl World {
    async fn hook_is(&self, status: &str) {
        let reason = (status == "disabled").then_some("by_hand");
        sqlx::query(
            "update app.connectors set status = $2, disabled_reason = $3 where id = $1::uuid",
        )
        .bind(&self.hook)
        .bind(status)
        .bind(reason)
        .execute(&mut self.app.superuser().await)
        .await
        .expect("is so");
    }

    async fn start(seed: u64) -> Self {
        let mut app = TestApp::start().await;
        let mail = MailServer::start().await;
        app.app.mailer = Some(mail.mailer());
        app.app.outgoing = Outgoing::new(OutgoingSettings {
            private_nets: vec!["127.0.0.1/32".parse().expect("a network")],
            ..OutgoingSettings::default()
        });
        app.travel_to("2027-01-25T00:00:00Z");
        let acme = organisation(&app, "Acme").await;
        let few = RawTenantUpdate {
            messages_an_hour: "1".into(),
            opt_outs: "obligation.due".into(),
            ..RawTenantUpdate::default()
        };
        tenants::update(&app.app, &acme.operator, &few, None)
            .await
            .expect("is set");
        let mut branches = Vec::new();
        for (n, zone) in ZONES.into_iter().enumerate() {
            let raw = RawBranch {
                code: format!("B{n}").into(),
                name: zone.into(),
                country: "BD".into(),
                time_zone: zone.into(),
                ..RawBranch::default()
            };
            let made = branches::create(&app.app, &acme.operator, &raw).await;
            branches.push(made.expect("is made").id);
        }
        let alice = acme.person(&app, "Alice", OPERATOR, &branches).await;
        let bob = acme.person(&app, "Bob", MANAGER, &branches[..3]).await;
        let carol = acme.person(&app, "Carol", ADMIN, &[]).await;
        let none = fields::<RawPreferences>(json!({ "opted_out": ["obligation.due"] }));
        let digest = fields::<RawPreferences>(
            json!({ "opted_out": [], "digest": "daily", "digest_instead": true }),
        );
        let weekly = fields::<RawPreferences>(json!({ "opted_out": [], "digest": "weekly" }));
        for (who, raw) in [(&bob, none), (&alice, digest), (&carol, weekly)] {
            preferences::set(&app.app, &who.actor, &raw)
                .await
                .expect("are kept");
        }
        let sink = Sink::start().await;
        let hook = json!({ "type": "webhook", "name": "Ops", "config": { "url": sink.url() } });
        let made =
            connectors::create(&app.app, &acme.operator, &fields::<RawConnector>(hook)).await;
        let hook = made.expect("is made").connector.id;
        sqlx::query("update app.connectors set status = 'active' where id = $1")
            .bind(hook.uuid())
            .execute(&mut app.superuser().await)
            .await
            .expect("works");
        let world = World {
            app,
            acme,
            branches,
            alice,
            sink,
            hook: hook.to_string(),
            _mail: mail,
        };
        world.fill(seed, &[&world.alice, &bob, &carol]).await;
        world
    }

    /// Items of chance, some with answers to them, and twenty-five days of work.
    async fn fill(&self, seed: u64, people: &[&Somebody]) {
        let mut chance = Chance(seed);
        let first: NaiveDate = "2027-01-28".parse().expect("a day");
        let mut items = Vec::new();
        for n in 0..ITEMS {
            let due_on = first + TimeDelta::days(i64::try_from(chance.below(70)).expect("days"));
            let branch = chance.below(u64::try_from(self.branches.len()).expect("few"));
            let mut raw = RawObligation {
                branch_id: self.branches[usize::try_from(branch).expect("few")]
                    .to_string()
                    .into(),
                title: format!("Licence {n}").into(),
                category: "fire_safety".into(),
                severity: chance.one_of(&["low", "medium", "high", "critical"]).into(),
                lead_days: chance.one_of(&["30, 7", "14, 3, 1", "2", "21"]).into(),
                grace_days: chance.one_of(&["0", "2", "5"]).into(),
                due_on: due_on.to_string().into(),
                ..RawObligation::default()
            };
            // Carol is nobody's hand at a branch that she does not work at, and still sees it.
            let owner = usize::try_from(chance.below(4)).expect("few");
            if let Some(owner) = people.get(owner).filter(|_| owner != 1 || branch < 3) {
                raw.owner_id = owner.id.to_string().into();
            }
            let made =
                obligations::commands::create(&self.app.app, &self.acme.operator, &raw).await;
            items.push(made.expect("is made"));
        }
        // Long before its first reminder.
        let far = self
            .acme
            .item(&self.app, self.branches[0], "2027-11-30", Some(&self.alice));
        let far = far.await;
        for day in 1..26 {
            let then = "2027-01-25T03:30:00Z"
                .parse::<DateTime<Utc>>()
                .expect("is one");
            self.app
                .work_at(&(then + TimeDelta::days(day)).to_rfc3339())
                .await;
            if day < 18 {
                continue;
            }
            let item = &items[usize::try_from(chance.below(26)).expect("few")];
            let (app, actor) = (&self.app.app, &self.alice.actor);
            // Alice may see it or not, and it may be hers or not: whatever counts, counts.
            let said = match chance.below(2) {
                0 => answers::commands::acknowledge_item(app, actor, item.id, &fields(json!({})))
                    .await
                    .map(drop),
                _ => answers::commands::snooze_item(
                    app,
                    actor,
                    item.id,
                    &fields(json!({ "until": "3d" })),
                )
                .await
                .map(drop),
            };
            assert!(!matches!(said, Err(Error::Internal { .. })), "{said:?}");
        }
        self.app.work_at(WORKED_AT).await;
        let (app, actor) = (&self.app.app, &self.alice.actor);
        answers::commands::snooze_item(app, actor, far, &fields(json!({ "until": "next_week" })))
            .await
            .expect("is put off");
        self.app.travel_to(LOOKED_AT);
    }

    async fn ahead(&self, raw: Value) -> Foresight {
        let raw: RawSimulation = fields(raw);
        let foresight = simulator::ahead(&self.app.app, &self.acme.operator, &raw)
            .await
            .expect("looks ahead");
        assert_eq!(
            usize::try_from(foresight.messages + foresight.stopped).expect("few"),
            foresight.first.len(),
            "all of them are shown"
        );
        foresight
    }

    async fn route(&self, body: Value) -> RouteId {
        let raw: RawRoute = fields(body);
        let made = routes::create(&self.app.app, &self.acme.operator, &raw).await;
        made.expect("is made").id
    }

    fn everybody(&self) -> Value {
        json!({ "name": "Everybody", "event_types": ["obligation.due", "obligation.overdue", "obligation.escalated"],
                "recipient": "responsible", "escalate_after_hours": 30, "escalate_to": "head_office",
                "quiet": { "from": "08:00", "to": "10:45", "days": ["fri", "sat", "sun", "mon"] } })
    }

    fn program(&self) -> Value {
        json!({ "name": "Ops", "event_types": ["obligation.due", "obligation.overdue"], "recipient": "endpoint",
                "connector_id": self.hook, "min_severity": "high" })
    }

    /// Lives through the days, and holds what is made against what was foreseen.
    async fn lives_through(&self, foreseen: &Foresight) {
        let mut instants: BTreeSet<DateTime<Utc>> =
            foreseen.first.iter().map(|message| message.at).collect();
        let mut hour = foreseen.from;
        while hour < foreseen.until {
            instants.insert(hour);
            hour += TimeDelta::hours(1);
        }
        instants.insert(foreseen.until);
        for instant in instants {
            self.app.work_at(&instant.to_rfc3339()).await;
        }
        let mut foreseen_lines: Vec<String> = foreseen.first.iter().map(line_of).collect();
        foreseen_lines.sort_unstable();
        let made = self.made(foreseen.from).await;
        let missing: Vec<_> = foreseen_lines
            .iter()
            .filter(|line| !made.contains(line))
            .collect();
        let more: Vec<_> = made
            .iter()
            .filter(|line| !foreseen_lines.contains(line))
            .collect();
        assert!(
            missing.is_empty() && more.is_empty(),
            "foreseen and not sent: {missing:#?}, sent and not foreseen: {more:#?}"
        );
        assert_eq!(foreseen_lines.len(), made.len());
        let in_app: i64 = sqlx::query_scalar(
            "select count(*) from app.notification_events n
             where n.obligation_id is not null and n.created_at >= $1 and n.created_at <= $2",
        )
        .bind(foreseen.from)
        .bind(foreseen.until)
        .fetch_one(&mut self.app.superuser().await)
        .await
        .expect("counts");
        assert_eq!(in_app, i64::from(foreseen.in_app));
    }

    /// Each message that was made since, with whom it reached and of what it told.
    async fn made(&self, since: DateTime<Utc>) -> Vec<String> {
        let rows = sqlx::query(
            "select d.created_at, coalesce(c.name, 'mail') as way, coalesce(p.name, '-') as told,
                    array_agg(coalesce(o.title || ' ' || s.threshold, 'digest') order by o.title, s.threshold) as reminders
             from app.notification_deliveries d
             left join app.reminder_slots s on s.delivery_id = d.id and s.state = 'sent'
             left join app.obligation_instances o on o.id = s.obligation_id
             left join app.connectors c on c.id = d.connector_id
             left join app.people p on p.id = d.recipient_id
             where d.created_at >= $1 and (s.id is not null or d.event_type = 'digest') group by d.id, d.created_at, c.name, p.name",
        )
        .bind(since)
        .fetch_all(&mut self.app.superuser().await)
        .await
        .expect("are read");
        let mut lines: Vec<String> = rows
            .iter()
            .map(|row| {
                let at: DateTime<Utc> = row.get("created_at");
                let (way, told): (String, String) = (row.get("way"), row.get("told"));
                let reminders: Vec<String> = row.get("reminders");
                format!("{at} {way} {told}: {}", reminders.join(", "))
            })
            .collect();
        lines.sort_unstable();
        lines
    }
}

fn line_of(message: &ForeseenMessage) -> String {
    let mut reminders: Vec<String> = message
        .reminders
        .iter()
        .map(|one| format!("{} {}", one.title, one.threshold))
        .collect();
    reminders.sort_unstable();
    reminders.extend(message.digest.map(|_| "digest".to_owned()));
    let way = message.connector_name.as_deref().unwrap_or("mail");
    let told = message.recipient_name.as_deref().unwrap_or("-");
    format!("{} {way} {told}: {}", message.at, reminders.join(", "))
}

#[tokio::test]
async fn what_the_built_in_route_will_say_is_what_it_says() {
    let world = World::start(7).await;
    let foreseen = world.ahead(json!({})).await;
    assert!(foreseen.messages > 20, "{}", foreseen.messages);
    assert!(foreseen.held > 0, "somebody has to wait");
    assert!(
        foreseen
            .left_out
            .iter()
            .any(|one| one.reason == "opted_out"),
        "Bob opted out"
    );
    assert!(
        foreseen
            .left_out
            .iter()
            .any(|one| one.reason == "in_digest"),
        "Alice has it in her digest"
    );
    let titles = foreseen.first.iter().flat_map(|message| &message.reminders);
    assert!(
        titles.clone().any(|one| one.threshold == "again"),
        "something comes back"
    );
    world.lives_through(&foreseen).await;
    world.app.finish().await;
}

#[tokio::test]
async fn what_a_route_will_say_that_is_made_changed_or_removed_is_what_it_says() {
    let world = World::start(11).await;
    let everybody = world.route(world.everybody()).await;
    world.app.work_at("2027-02-20T10:51:00Z").await;
    world.app.travel_to("2027-02-20T10:55:00Z");
    let as_it_is = world.ahead(json!({})).await;

    let with_program = world.ahead(json!({ "route": world.program() })).await;
    let change = with_program.change.as_ref().expect("something is compared");
    assert_eq!(change.messages_before, as_it_is.messages);
    assert!(change.added > 0 && change.removed == 0, "{change:?}");
    assert!(
        change
            .first_added
            .iter()
            .all(|one| one.connector == "webhook"),
        "{change:?}"
    );
    world.route(world.program()).await;
    assert_eq!(world.ahead(json!({})).await.first, with_program.first);
    world.hook_is("disabled").await;
    let without_way = world.ahead(json!({})).await;
    assert_eq!(
        (
            without_way.messages,
            without_way.messages + without_way.stopped
        ),
        (as_it_is.messages, with_program.messages),
        "what has no way stays, and is not among what goes out"
    );
    let of_days: u32 = without_way.days.iter().map(|day| day.messages).sum();
    assert_eq!(of_days, without_way.messages);
    world.hook_is("active").await;

    let milder = json!({ "min_severity": "critical" });
    let changed = world
        .ahead(json!({ "route_id": everybody.to_string(), "route": &milder }))
        .await;
    let removed = world
        .ahead(json!({ "route_id": everybody.to_string() }))
        .await;
    assert!(removed.messages < changed.messages, "critical ones stay");
    routes::update(
        &world.app.app,
        &world.acme.operator,
        everybody,
        &fields::<RawRoute>(milder),
        None,
    )
    .await
    .expect("is changed");
    world.lives_through(&changed).await;
    assert!(!world.sink.received().is_empty());
    world.app.finish().await;
}

#[tokio::test]
async fn what_an_import_will_make_say_is_what_it_says_and_looking_changes_nothing() {
    let world = World::start(5).await;
    let file = |due_on: &str| {
        format!(
            "external_id,branch_code,title,category,due_on,lead_days,owner_email\n\
             A-1,B0,Boiler,fire_safety,{due_on},\"7, 1\",alice@acme.example\n\
             A-2,B3,Lift,fire_safety,2027-03-08,3,alice@acme.example\n\
             A-3,B9,Nowhere,fire_safety,2027-03-08,3,\n"
        )
    };
    let import = async |file: String, mode| {
        let options = Options {
            mode,
            file_name: "register.csv".to_owned(),
            language: Language::ENGLISH,
        };
        let (app, operator) = (&world.app.app, &world.acme.operator);
        imports::import(
            app,
            operator,
            Kind::Obligations,
            file.as_bytes(),
            &options,
            &|_| (),
        )
        .await
        .expect("is read")
    };
    let state = async || -> (i64, i64) {
        sqlx::query_as(
            "select (select count(*) from app.obligation_instances), (select count(*) from app.audit_events)",
        )
        .fetch_one(&mut world.app.superuser().await)
        .await
        .expect("counts")
    };
    import(file("2027-03-20"), Mode::Apply).await;
    let before = state().await;
    let report = import(file("2027-03-05"), Mode::LookAhead).await;
    assert!(report.dry_run && report.id.is_none());
    assert_eq!(
        (report.updated, report.unchanged, report.rejected),
        (1, 1, 1)
    );
    assert_eq!(report.changes.len(), 1);
    assert_eq!(state().await, before, "nothing was changed or told");
    let foreseen = report.look_ahead.expect("was asked");
    let change = foreseen.change.as_ref().expect("is compared");
    assert!(change.added > 0 && change.removed > 0, "{change:?}");
    let applied = import(file("2027-03-05"), Mode::Apply).await;
    assert_eq!(applied.look_ahead, None);
    world.lives_through(&foreseen).await;
    world.app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_said_with_its_field() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    let globex = organisation(&app, "Globex").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let manager = acme.person(&app, "Mary", MANAGER, &[gulshan]).await;
    let theirs =
        json!({ "name": "Theirs", "event_types": ["obligation.due"], "recipient": "head_office" });
    let theirs = routes::create(&app.app, &globex.operator, &fields::<RawRoute>(theirs))
        .await
        .expect("is made");
    let ahead = async |actor, raw: Value| {
        let raw: RawSimulation = fields(raw);
        simulator::ahead(&app.app, actor, &raw).await
    };
    for raw in [
        json!({ "route_id": "x" }),
        json!({ "route_id": Uuid::nil().to_string() }),
        json!({ "route_id": theirs.id.to_string() }),
        json!({ "route": { "name": "" } }),
    ] {
        let refused = ahead(&acme.operator, raw.clone()).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{raw}");
    }
    let refused = ahead(&manager.actor, json!({})).await;
    assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
    assert_eq!(
        ahead(&acme.operator, json!({}))
            .await
            .expect("looks")
            .messages,
        0
    );
    app.finish().await;
}
