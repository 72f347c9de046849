//! What head office admins, or the operator of the installation, do with routes. Where messages can go at all is a connector's,
//! and making one asks for a fresh second factor; a route chooses among what is there, and does not (docs/decisions/0022).

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    input::{self, Facts, RawRoute},
    model::{MAX_ROUTES, Recipients, Route},
    queries,
};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::{Text, keys},
    connectors::{self, ConnectorType},
    error::{Conflict, Error, FieldErrors, Result},
    ids::{BranchId, PersonId, RouteId, TenantId},
    people,
    permission::Permission,
};

/// Makes a route.
pub async fn create(app: &App, actor: &Actor, raw: &RawRoute) -> Result<Route> {
    actor.may(Permission::RoutesManage)?;
    let (tenant, id) = (actor.tenant(), app.new_id::<RouteId>());
    let mut tx = app.db.write(actor).await?;
    let count = queries::lock_all(tx.conn(), tenant).await?;
    if count >= MAX_ROUTES {
        let text = Text::new(keys::ROUTE_TOO_MANY).with("max", MAX_ROUTES);
        return Err(Error::conflict(text));
    }
    let facts = checked(tx.conn(), tenant, raw, None).await?;
    let now = tx.now();
    queries::insert(tx.conn(), tenant, id, &facts, now)
        .await
        .map_err(taken)?;
    // The first one ends the time of the built-in one.
    let branches = match count {
        0 => None,
        _ => branches_of(&[&facts]),
    };
    let asked = queries::plan_anew(tx.conn(), tenant, branches.as_deref()).await?;
    let route = found(tx.conn(), tenant, id).await?;
    let event = told("route.created", &route, asked);
    tx.commit_answering(vec![event], &route).await?;
    Ok(route)
}

/// Changes a route; what is left out stays. `seen` is the version that the caller has looked at, if they say.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: RouteId,
    raw: &RawRoute,
    seen: Option<i32>,
) -> Result<Route> {
    actor.may(Permission::RoutesManage)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    queries::lock_all(tx.conn(), tenant).await?;
    let route = found(tx.conn(), tenant, id).await?;
    if seen.is_some_and(|seen| seen != route.version) {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let before = Facts::of(&route);
    let after = checked(tx.conn(), tenant, raw, Some(&before)).await?;
    let now = tx.now();
    queries::update(tx.conn(), tenant, id, &after, now)
        .await
        .map_err(taken)?;
    let renamed = Facts {
        name: after.name.clone(),
        ..before.clone()
    };
    let asked = match renamed == after {
        // What it is called is nothing that is planned.
        true => 0,
        false => {
            let branches = branches_of(&[&before, &after]);
            queries::plan_anew(tx.conn(), tenant, branches.as_deref()).await?
        }
    };
    let route = found(tx.conn(), tenant, id).await?;
    let mut event = told("route.updated", &route, asked);
    for ((field, before), (_, after)) in words(&before).into_iter().zip(words(&after)) {
        event = event.changed(field, before, after);
    }
    tx.commit_answering(vec![event], &route).await?;
    Ok(route)
}

/// Removes a route. What was planned by it and not sent is withdrawn.
pub async fn remove(app: &App, actor: &Actor, id: RouteId) -> Result<()> {
    actor.may(Permission::RoutesManage)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let count = queries::lock_all(tx.conn(), tenant).await?;
    let route = found(tx.conn(), tenant, id).await?;
    queries::delete(tx.conn(), tenant, id).await?;
    // After the last one the built-in one serves again.
    let branches = match count {
        1 => None,
        _ => branches_of(&[&Facts::of(&route)]),
    };
    let asked = queries::plan_anew(tx.conn(), tenant, branches.as_deref()).await?;
    tx.commit(told("route.removed", &route, asked)).await
}

/// The facts, with whom and what they refer to looked up: a foreign one is not there. What stays as it was is not asked about.
pub(super) async fn checked(
    conn: &mut PgConnection,
    tenant: TenantId,
    raw: &RawRoute,
    before: Option<&Facts>,
) -> Result<Facts> {
    let (facts, mut errors) = raw.parse(before);
    if let Some(facts) = &facts {
        refers(conn, tenant, facts, before, &mut errors).await?;
    }
    input::finished(facts, errors)
}

async fn refers(
    conn: &mut PgConnection,
    tenant: TenantId,
    facts: &Facts,
    before: Option<&Facts>,
    errors: &mut FieldErrors,
) -> Result<()> {
    const NOT_THERE: crate::catalogue::Key = keys::ERROR_FIELD_UNKNOWN_REFERENCE;
    if let Some(branch) = facts.branch_id
        && !queries::has_branch(conn, tenant, branch).await?
    {
        errors.add("branch_id", NOT_THERE);
    }
    if let Some(person) = facts.person_id
        && before.and_then(|before| before.person_id) != Some(person)
    {
        let found = people::hold_assignable(conn, tenant, &[PersonId::uuid(person)]).await?;
        if found.is_empty() {
            errors.add("person_id", NOT_THERE);
        }
    }
    let leads_to_people = match facts.connector_id {
        None => Some(true),
        Some(id) => connectors::hold(conn, tenant, id)
            .await?
            .map(|kind| kind == ConnectorType::EmailSmtp),
    };
    match leads_to_people {
        None => errors.add("connector_id", NOT_THERE),
        Some(to_people) => {
            if let Err(text) = input::fits_way(facts.recipient, to_people) {
                errors.add("recipient", text);
            }
        }
    }
    Ok(())
}

/// The branches whose items a route with these facts is for; none means all.
fn branches_of(facts: &[&Facts]) -> Option<Vec<Uuid>> {
    facts
        .iter()
        .map(|facts| facts.branch_id.map(BranchId::uuid))
        .collect()
}

async fn found(conn: &mut PgConnection, tenant: TenantId, id: RouteId) -> Result<Route> {
    let found = queries::routes(conn, tenant, Some(id)).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

fn told(action: &'static str, route: &Route, asked: u64) -> Event {
    let types: Vec<&str> = route.event_types.iter().map(|one| one.as_str()).collect();
    Event::new("route", action)
        .on("route", route.id)
        .with("event_types", types)
        .with("recipient", route.recipient.as_str())
        .with("connector_id", route.connector_id.map(|id| id.to_string()))
        .with("items_planned_anew", asked)
        .summary(route.name.clone())
}

/// A route's fields as words, for what has changed.
fn words(facts: &Facts) -> Vec<(&'static str, Option<String>)> {
    let types = facts.event_types.iter().map(|one| one.as_str());
    let quiet = facts.quiet.map(|quiet| {
        let days: Vec<_> = quiet
            .days
            .iter()
            .map(crate::obligations::schedule::day_word)
            .collect();
        format!(
            "{}-{} {}",
            quiet.from.format("%H:%M"),
            quiet.to.format("%H:%M"),
            days.join(",")
        )
    });
    vec![
        ("name", Some(facts.name.clone())),
        ("event_types", Some(types.collect::<Vec<_>>().join(", "))),
        ("min_severity", Some(facts.min_severity.as_str().to_owned())),
        ("branch_id", facts.branch_id.map(|id| id.to_string())),
        ("connector_id", facts.connector_id.map(|id| id.to_string())),
        ("recipient", Some(facts.recipient.as_str().to_owned())),
        ("person_id", facts.person_id.map(|id| id.to_string())),
        ("quiet", quiet),
        (
            "escalate_after_hours",
            facts.escalate_after_hours.map(|hours| hours.to_string()),
        ),
        (
            "escalate_to",
            facts
                .escalate_to
                .map(|to: Recipients| to.as_str().to_owned()),
        ),
        ("active", Some(facts.active.to_string())),
    ]
}

fn taken(error: sqlx::Error) -> Error {
    match Error::constraint(&error) {
        Some("notification_routes_name") => Error::invalid("name", keys::ERROR_FIELD_TAKEN),
        _ => error.into(),
    }
}
