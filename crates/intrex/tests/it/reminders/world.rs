//! What these tests begin with: an organisation with its recurring jobs, branches in Dhaka, people who act by token, and
//! items that belong to them.

use intrex_core::{
    Actor,
    actor::Request,
    branches::{self, RawBranch},
    ids::{BranchId, ObligationId, PersonId, TenantId},
    obligations::{
        self,
        input::{RawCompletion, RawObligation, RawReason, RawReschedule},
    },
    reminders::reads::{self, SlotView},
    tenants::{self, RawTenant},
    tokens::{self, RawToken},
    worker,
};
use secrecy::ExposeSecret as _;

use crate::support::TestApp;

/// An organisation.
#[derive(Debug)]
pub(super) struct Organisation {
    pub(super) id: TenantId,
    pub(super) operator: Actor,
    name: &'static str,
}

/// Somebody in it.
#[derive(Debug)]
pub(super) struct Somebody {
    pub(super) id: PersonId,
    pub(super) actor: Actor,
}

/// The roles by their stored names.
pub(super) const ADMIN: &str = "head_office_admin";
pub(super) const MANAGER: &str = "branch_manager";
pub(super) const OPERATOR: &str = "operator";

pub(super) async fn organisation(app: &TestApp, name: &'static str) -> Organisation {
    let raw = RawTenant {
        name: name.into(),
        ..RawTenant::default()
    };
    let id = tenants::create(&app.app, "a test", &raw)
        .await
        .expect("the organisation is made")
        .id;
    Organisation {
        id,
        operator: Actor::operator(id, "a test").expect("a reason"),
        name,
    }
}

impl Organisation {
    pub(super) async fn branch(&self, app: &TestApp, code: &str) -> BranchId {
        let raw = RawBranch {
            code: code.into(),
            name: code.into(),
            country: "BD".into(),
            time_zone: "Asia/Dhaka".into(),
            ..RawBranch::default()
        };
        branches::create(&app.app, &self.operator, &raw)
            .await
            .expect("the branch is made")
            .id
    }

    /// Somebody who has an account already: how that comes about is told elsewhere.
    pub(super) async fn person(
        &self,
        app: &TestApp,
        name: &str,
        role: &str,
        at: &[BranchId],
    ) -> Somebody {
        let id: PersonId = app.app.new_id();
        let email = format!(
            "{}@{}.example",
            name.to_lowercase(),
            self.name.to_lowercase()
        );
        let mut superuser = app.superuser().await;
        sqlx::query(
            "insert into app.people (tenant_id, id, email, canonical_email, name, role, status, created_at, updated_at)
             values ($1, $2, $3, $3, $4, $5, 'active', $6, $6)",
        )
        .bind(self.id.uuid())
        .bind(id.uuid())
        .bind(email)
        .bind(name)
        .bind(role)
        .bind(app.app.now())
        .execute(&mut superuser)
        .await
        .expect("the person is stored");
        for branch in at {
            sqlx::query(
                "insert into app.person_branches (tenant_id, person_id, branch_id) values ($1, $2, $3)",
            )
            .bind(self.id.uuid())
            .bind(id.uuid())
            .bind(branch.uuid())
            .execute(&mut superuser)
            .await
            .expect("the person works there");
        }
        let actor = self.acting(app, id).await;
        // The admins would be told of each token; these tests are about other messages.
        sqlx::query("delete from app.jobs where kind = 'security.tell'")
            .execute(&mut superuser)
            .await
            .expect("nobody is told");
        Somebody { id, actor }
    }

    async fn acting(&self, app: &TestApp, person: PersonId) -> Actor {
        let raw = RawToken {
            name: "a program".into(),
            person_id: person.to_string().into(),
            expires_in_days: "365".into(),
            ..RawToken::default()
        };
        let token = tokens::create(&app.app, &self.operator, &raw)
            .await
            .expect("the token is made");
        let tx = tokens::authenticate(&app.app, token.text.expose_secret(), Request::default())
            .await
            .expect("it is looked at")
            .expect("it is good");
        let actor = tx.actor().clone();
        tx.finish().await.expect("finishes");
        actor
    }

    /// "Fire licence renewal" of a branch, due on a day.
    pub(super) async fn item(
        &self,
        app: &TestApp,
        branch: BranchId,
        due_on: &str,
        owner: Option<&Somebody>,
    ) -> ObligationId {
        let mut raw = RawObligation {
            branch_id: branch.to_string().into(),
            title: "Fire licence renewal".into(),
            category: "fire_safety".into(),
            due_on: due_on.into(),
            ..RawObligation::default()
        };
        if let Some(owner) = owner {
            raw.owner_id = owner.id.to_string().into();
        }
        obligations::commands::create(&app.app, &self.operator, &raw)
            .await
            .expect("the obligation is made")
            .id
    }

    pub(super) async fn reschedule(&self, app: &TestApp, id: ObligationId, due_on: &str) {
        let raw = RawReschedule {
            due_on: due_on.into(),
            reason: "the authority moved it".into(),
        };
        obligations::commands::reschedule(&app.app, &self.operator, id, &raw, None)
            .await
            .expect("it is moved");
    }

    pub(super) async fn reopen(&self, app: &TestApp, id: ObligationId) {
        let raw = RawReason {
            reason: "the paper was refused".into(),
        };
        obligations::commands::reopen(&app.app, &self.operator, id, &raw, None)
            .await
            .expect("it is opened again");
    }

    /// The item's reminders as its page shows them to the operator of the installation.
    pub(super) async fn ledger(&self, app: &TestApp, id: ObligationId) -> Vec<SlotView> {
        let mut tx = app.app.db.read(&self.operator).await.expect("begins");
        let slots = reads::ledger(&mut tx, id).await.expect("is shown");
        tx.finish().await.expect("finishes");
        slots
    }

    /// Threshold, way and what became of it, of one person's reminders by mail.
    pub(super) async fn mails(
        &self,
        app: &TestApp,
        id: ObligationId,
        to: &Somebody,
    ) -> Vec<String> {
        let slots = self.ledger(app, id).await;
        let mails = slots
            .iter()
            .filter(|slot| slot.connector == "email_smtp" && slot.recipient_id == Some(to.id));
        mails
            .map(|slot| match &slot.reason {
                Some(reason) => format!("{} {} {reason}", slot.threshold, slot.state),
                None => format!("{} {}", slot.threshold, slot.state),
            })
            .collect()
    }
}

impl Somebody {
    pub(super) async fn completes(&self, app: &TestApp, id: ObligationId) {
        obligations::commands::complete(&app.app, &self.actor, id, &RawCompletion::default(), None)
            .await
            .expect("it is completed");
    }
}

impl TestApp {
    /// Moves the clock and lets the background work do what is due then.
    pub(super) async fn work_at(&self, then: &str) {
        self.travel_to(then);
        worker::run_once(&self.app).await.expect("the work is done");
    }
}
