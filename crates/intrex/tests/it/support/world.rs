//! The verbs that tests tell their story with: `app.tenant("Acme")`, and what is done there. They call the product's own
//! commands wherever there is one, so that a test begins where the product can really be.

use chrono::{DateTime, Utc};
use intrex_core::{
    Actor,
    audit::Event,
    branches::{self, Branch, RawBranch},
    ids::TenantId,
    obligations::{commands, input::RawObligation, model::Obligation},
    raw::Raw,
    tenants::{self, RawTenant},
};
use uuid::Uuid;

use super::TestApp;

/// An organisation in a test.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    /// Its id.
    pub(crate) id: TenantId,
    /// Whoever runs the installation, acting for it.
    pub(crate) operator: Actor,
}

impl TestApp {
    /// An organisation of this name, without branches and people.
    pub(crate) async fn tenant(&self, name: &str) -> Tenant {
        let raw = RawTenant {
            name: Raw::from(name),
            ..RawTenant::default()
        };
        let tenant = tenants::create(&self.app, "a test", &raw)
            .await
            .expect("the tenant is created");
        Tenant {
            id: tenant.id,
            operator: Actor::operator(tenant.id, "a test").expect("a reason"),
        }
    }

    /// A branch with this code, in Dhaka.
    pub(crate) async fn branch(&self, tenant: &Tenant, code: &str) -> Branch {
        let raw = RawBranch {
            code: Raw::from(code),
            name: Raw::from(code),
            country: Raw::from("BD"),
            time_zone: Raw::from("Asia/Dhaka"),
            ..RawBranch::default()
        };
        branches::create(&self.app, &tenant.operator, &raw)
            .await
            .expect("the branch is created")
    }

    /// An obligation of a branch, due on a day such as `2026-12-31`.
    pub(crate) async fn obligation(
        &self,
        tenant: &Tenant,
        branch: &Branch,
        title: &str,
        due_on: &str,
    ) -> Obligation {
        let raw = RawObligation {
            branch_id: Raw::from(branch.id.to_string().as_str()),
            title: Raw::from(title),
            category: Raw::from("licence"),
            severity: Raw::from("medium"),
            due_on: Raw::from(due_on),
            ..RawObligation::default()
        };
        commands::create(&self.app, &tenant.operator, &raw)
            .await
            .expect("the obligation is created")
    }

    /// Moves the clock to an instant such as `2026-12-01T09:00:00Z`.
    pub(crate) fn travel_to(&self, then: &str) {
        let then: DateTime<Utc> = then.parse().expect("an instant in RFC 3339");
        self.app.clock.travel_to(then);
    }

    /// Commits one event that tells of nothing else, and answers what it was about.
    pub(crate) async fn record(&self, tenant: &Tenant, action: &'static str) -> Uuid {
        let about = self.app.chance.uuid(self.app.now());
        let tx = self
            .app
            .db
            .write(&tenant.operator)
            .await
            .expect("a transaction begins");
        let event = Event::new("test", action)
            .on("thing", about)
            .summary(format!("{action} of {about}"))
            .with("count", 1);
        tx.commit(event).await.expect("the event is committed");
        about
    }
}
