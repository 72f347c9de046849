//! The verbs that tests tell their story with: `app.tenant("Acme")`, and what is done there. They call the product's own
//! commands wherever there is one, so that a test begins where the product can really be.

use chrono::{DateTime, Utc};
use intrex_core::{Actor, audit::Event, ids::TenantId};
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
        let id: TenantId = self.app.new_id();
        sqlx::query(
            "insert into app.tenants (id, name, created_at, updated_at) values ($1, $2, $3, $3)",
        )
        .bind(id.uuid())
        .bind(name)
        .bind(self.app.now())
        .execute(&mut self.superuser().await)
        .await
        .expect("the tenant is stored");
        Tenant {
            id,
            operator: Actor::operator(id, "a test").expect("a reason"),
        }
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
