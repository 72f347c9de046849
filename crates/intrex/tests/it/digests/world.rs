//! What these tests begin with: an organisation whose branches live by other clocks, people who wish a digest, and a mail
//! server that shows what came.

use intrex_core::{
    Actor,
    actor::Request,
    branches::{self, RawBranch},
    ids::{BranchId, ObligationId, PersonId},
    obligations::{commands, input::RawObligation},
    preferences::{self, Preferences, RawPreferences},
    reminders::reads,
    tokens::{self, RawToken},
    worker,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::{MailServer, Tenant, TestApp};

/// Acme, with a mail server for the whole installation.
pub(super) struct World {
    pub(super) app: TestApp,
    pub(super) server: MailServer,
    pub(super) acme: Tenant,
}

/// Somebody who acts by a token.
#[derive(Debug)]
pub(super) struct Somebody {
    pub(super) id: PersonId,
    pub(super) actor: Actor,
}

/// The roles by their stored names.
pub(super) const ADMIN: &str = "head_office_admin";
pub(super) const MANAGER: &str = "branch_manager";
pub(super) const OPERATOR: &str = "operator";

pub(super) fn wishes(body: Value) -> RawPreferences {
    serde_json::from_value(body).expect("fields")
}

impl World {
    pub(super) async fn begin() -> Self {
        let mut app = TestApp::start().await;
        let server = MailServer::start().await;
        app.app.mailer = Some(server.mailer());
        let acme = app.tenant("Acme").await;
        World { app, server, acme }
    }

    pub(super) async fn branch(&self, code: &str, zone: &str) -> BranchId {
        let raw = RawBranch {
            code: code.into(),
            name: code.into(),
            country: "BD".into(),
            time_zone: zone.into(),
            ..RawBranch::default()
        };
        let made = branches::create(&self.app.app, &self.acme.operator, &raw).await;
        made.expect("the branch is made").id
    }

    /// Somebody who has an account already: how that comes about is told elsewhere.
    pub(super) async fn person(&self, name: &str, role: &str, at: &[BranchId]) -> Somebody {
        self.person_of(&self.acme, name, role, at).await
    }

    pub(super) async fn person_of(
        &self,
        tenant: &Tenant,
        name: &str,
        role: &str,
        at: &[BranchId],
    ) -> Somebody {
        let id: PersonId = self.app.app.new_id();
        let mut superuser = self.app.superuser().await;
        sqlx::query(
            "insert into app.people (tenant_id, id, email, canonical_email, name, role, status, created_at, updated_at)
             values ($1, $2, $3, $3, $4, $5, 'active', $6, $6)",
        )
        .bind(tenant.id.uuid())
        .bind(id.uuid())
        .bind(format!("{}@people.example", name.to_lowercase()))
        .bind(name)
        .bind(role)
        .bind(self.app.app.now())
        .execute(&mut superuser)
        .await
        .expect("the person is stored");
        for branch in at {
            sqlx::query(
                "insert into app.person_branches (tenant_id, person_id, branch_id) values ($1, $2, $3)",
            )
            .bind(tenant.id.uuid())
            .bind(id.uuid())
            .bind(branch.uuid())
            .execute(&mut superuser)
            .await
            .expect("the person works there");
        }
        let raw = RawToken {
            name: "a program".into(),
            person_id: id.to_string().into(),
            expires_in_days: "365".into(),
            ..RawToken::default()
        };
        let token = tokens::create(&self.app.app, &tenant.operator, &raw)
            .await
            .expect("the token is made");
        let text = token.text.expose_secret();
        let tx = tokens::authenticate(&self.app.app, text, Request::default())
            .await
            .expect("it is looked at")
            .expect("it is good");
        let actor = tx.actor().clone();
        tx.finish().await.expect("finishes");
        // The admins would be told of each token; these tests are about other messages.
        sqlx::query("delete from app.jobs where kind = 'security.tell'")
            .execute(&mut superuser)
            .await
            .expect("nobody is told");
        Somebody { id, actor }
    }

    pub(super) async fn wishes(&self, who: &Somebody, body: Value) -> Preferences {
        preferences::set(&self.app.app, &who.actor, &wishes(body))
            .await
            .expect("it is kept")
    }

    pub(super) async fn wishes_daily(&self, who: &Somebody) {
        self.wishes(who, json!({ "digest": "daily" })).await;
    }

    /// An obligation of this name, of medium severity.
    pub(super) async fn item(
        &self,
        branch: BranchId,
        title: &str,
        due_on: &str,
        owner: Option<&Somebody>,
    ) -> ObligationId {
        self.item_with(branch, title, due_on, owner, |_| {}).await
    }

    pub(super) async fn item_with(
        &self,
        branch: BranchId,
        title: &str,
        due_on: &str,
        owner: Option<&Somebody>,
        change: impl FnOnce(&mut RawObligation),
    ) -> ObligationId {
        let mut raw = RawObligation {
            branch_id: branch.to_string().into(),
            title: title.into(),
            category: "fire_safety".into(),
            severity: "medium".into(),
            due_on: due_on.into(),
            ..RawObligation::default()
        };
        if let Some(owner) = owner {
            raw.owner_id = owner.id.to_string().into();
        }
        change(&mut raw);
        commands::create(&self.app.app, &self.acme.operator, &raw)
            .await
            .expect("the obligation is made")
            .id
    }

    /// Moves the clock and lets the background work do what is due then.
    pub(super) async fn work_at(&self, then: &str) {
        self.app.travel_to(then);
        worker::run_once(&self.app.app)
            .await
            .expect("the work is done");
    }

    /// The digests that came, each with whom it reached and its subject without the organisation's name.
    pub(super) fn digests(&self) -> Vec<String> {
        let received = self.server.received();
        let digests = received.iter().filter(|mail| is_digest(&mail.subject()));
        digests
            .map(|mail| {
                let (to, subject) = (mail.header("To"), mail.subject());
                let name = to.split(' ').next().unwrap_or_default();
                let subject = subject.split(" · ").next().unwrap_or_default();
                format!("{name}: {subject}")
            })
            .collect()
    }

    /// The subjects of everything else that came.
    pub(super) fn single(&self) -> Vec<String> {
        let received = self.server.received();
        let subjects = received.iter().map(|mail| mail.subject());
        subjects.filter(|subject| !is_digest(subject)).collect()
    }

    /// The text of the last digest, with its lines as they were written.
    pub(super) fn last_digest(&self) -> String {
        let received = self.server.received();
        let mut digests = received.iter().filter(|mail| is_digest(&mail.subject()));
        let mail = digests.next_back().expect("a digest came");
        text_part(&mail.data)
    }

    /// Threshold, way and what became of it, of what one person is told of an item.
    pub(super) async fn ledger(&self, item: ObligationId, to: &Somebody) -> Vec<String> {
        let operator = &self.acme.operator;
        let mut tx = self.app.app.db.read(operator).await.expect("begins");
        let slots = reads::ledger(&mut tx, item).await.expect("is shown");
        tx.finish().await.expect("finishes");
        let theirs = slots.iter().filter(|slot| slot.recipient_id == Some(to.id));
        theirs
            .map(|slot| {
                let reason = slot.reason.as_deref().unwrap_or("-");
                let (threshold, way) = (&slot.threshold, &slot.connector);
                format!("{threshold} {way} {} {reason}", slot.state)
            })
            .collect()
    }
}

fn is_digest(subject: &str) -> bool {
    subject.starts_with("Daily digest") || subject.starts_with("Weekly digest")
}

/// The text of a mail, decoded.
fn text_part(data: &str) -> String {
    let part = data
        .split("Content-Type: ")
        .find(|part| part.starts_with("text/plain"))
        .expect("a text");
    let (head, body) = part.split_once("\r\n\r\n").expect("a body");
    let boundary = data.split("boundary=\"").nth(1).expect("parts");
    let boundary = format!("\r\n--{}", boundary.split('"').next().unwrap_or_default());
    let body = body.split(&boundary).next().unwrap_or_default();
    if head.to_lowercase().contains("base64") {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let bytes = STANDARD.decode(body.replace("\r\n", "")).expect("base64");
        return String::from_utf8(bytes)
            .expect("UTF-8")
            .replace("\r\n", "\n");
    }
    let unfolded = body.replace("=\r\n", "").replace("\r\n", "\n");
    quoted_printable(&unfolded)
}

fn quoted_printable(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let hex = others.get(..2).filter(|_| *first == b'=');
        let byte = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = match byte {
            Some(_) => &others[2..],
            None => others,
        };
    }
    String::from_utf8(bytes).expect("UTF-8")
}
