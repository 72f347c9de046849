//! A look ahead: every message of the next thirty days, as it goes out if nobody does anything; and what a changed route, or a
//! file that is imported, would do to them. It asks the planner, the judge and the limit of messages themselves, and is held to
//! what is then sent by a test that lives through those days.
//!
//! `model` what it answers with · `ground` what it begins with · `walk` through the days · `showing` names for what was found ·
//! here who may ask for what.

mod ground;
pub mod model;
mod showing;
mod walk;

use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::ToSchema;

use self::model::Foresight;
pub(crate) use self::{ground::Look, showing::compared};
use crate::{
    Actor, App,
    error::{Error, FieldErrors, Result},
    ids::RouteId,
    permission::Permission,
    raw::Raw,
    routes::{self, RawRoute},
};

/// Looks at once in this process: each holds a connection and all that an organisation has open.
const AT_ONCE: usize = 1;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// Which change is asked about: `route` alone as if that route was made, with `route_id` as if that one was changed so, `route_id`
/// alone as if it was removed, neither for things as they are.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(as = RawSimulation)]
#[serde(deny_unknown_fields)]
pub struct RawSimulation {
    /// A route of the organisation.
    #[serde(default)]
    #[schema(value_type = Option<RouteId>)]
    pub route_id: Raw,
    /// What it would be.
    #[serde(default)]
    pub route: Option<RawRoute>,
}

/// Waits until nobody else looks, without a connection.
pub(crate) async fn turn() -> Result<SemaphorePermit<'static>> {
    TURNS.acquire().await.map_err(Error::internal)
}

/// Looks ahead.
pub async fn ahead(app: &App, actor: &Actor, raw: &RawSimulation) -> Result<Foresight> {
    actor.may(Permission::RoutesManage)?;
    let mut errors = FieldErrors::new();
    let instead_of: Option<RouteId> = raw.route_id.id(&mut errors, "route_id").flatten();
    errors.finish()?;
    let _turn = turn().await?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let as_it_is = routes::routes(tx.conn(), tenant).await?;
    let changed = match (instead_of, &raw.route) {
        (None, None) => None,
        (id, route) => Some(routes::as_if(app, tx.conn(), tenant, now, id, route.as_ref()).await?),
    };
    let before = Look::of(app, tx.conn(), tenant, now, as_it_is).await?;
    let after = match changed {
        Some(routes) => Some(Look::of(app, tx.conn(), tenant, now, routes).await?),
        None => None,
    };
    tx.commit_unaudited("looking ahead writes nothing").await?;
    Ok(match after {
        Some(after) => compared(&before, &after),
        None => showing::alone(&before),
    })
}
