//! Each request: the cookie names a row, and one statement asks the row, the person and the organisation whether it still
//! counts, and sets the branches that the rest of the transaction shows.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    cookie::{self, Holder},
    model::{FullSession, Leaving, Provisional, Session, Stage, TOUCH_EVERY, touch_due},
    queries,
    user_agent::is_same_agent,
};
use crate::{
    Actor, App,
    actor::{BranchScope, Request},
    error::{Error, Result},
    passkeys,
    security_events::{AGENTS_TOLD_EVERY, MOVES_TOLD_EVERY, network_key, session_moved},
};

/// Who a session cookie stands for now.
pub async fn authenticate(app: &App, cookie: &str, request: Request) -> Result<Session> {
    let now = app.now();
    let Some(presented) = cookie::read(app.vault.auth(), cookie, now) else {
        return Ok(Session::None);
    };
    let tenant = presented.tenant;
    let mut tx = app.db.authenticate(tenant, request.clone()).await?;
    let hash = presented.sid.hash();
    let domain = passkeys::domain(&app.settings);
    let found =
        queries::authenticate(tx.conn(), tenant, &hash, presented.person, domain, now).await?;
    let Some(row) = found else {
        tx.finish().await?;
        return Ok(Session::None);
    };
    if row.stage != Stage::Full {
        tx.finish().await?;
        return Ok(Session::Provisional(Provisional {
            stage: row.stage,
            sid_for_csrf: presented.sid.for_csrf(),
            email: row.email,
            tenant_name: row.tenant_name,
            tenant,
            person: presented.person,
            session: row.id,
            role: row.role,
            amr: row.amr,
            request,
        }));
    }
    let idle = TimeDelta::minutes(row.idle_minutes.into());
    let touch_due = touch_due(row.last_seen_at, idle, now) || is_elsewhere(app, &row, &request);
    let scope = BranchScope::parse(&row.branches)?;
    let actor = Actor::person(tenant, presented.person, row.role, row.id, scope, request)
        .with_factor_at(row.factor_at)
        .noting_use(touch_due)
        .owing_a_password(row.must_change_password)
        .owing_a_passkey(row.must_add_passkey);
    let refresh = match presented.ageing {
        false => None,
        true => Some(cookie::make(
            app,
            &Holder {
                sid: &presented.sid,
                tenant,
                person: presented.person,
                amr: &row.amr,
                auth_time: row.auth_time,
                absolute_at: row.absolute_at,
            },
        )?),
    };
    let session = FullSession {
        sid_for_csrf: presented.sid.for_csrf(),
        refresh,
        touch_due,
        id: row.id,
        person: presented.person,
        person_name: row.person_name,
        email: row.email,
        tenant_name: row.tenant_name,
        leaving: row.deletion_due_at.map(|due_at| Leaving {
            due_at,
            time_zone: row.time_zone,
        }),
        auth_time: row.auth_time,
        must_change_password: row.must_change_password,
        must_add_passkey: row.must_add_passkey,
    };
    Ok(Session::Full(Box::new(tx.authenticated(actor)), session))
}

/// Whether a session is used from another network or by another browser than before, and that is to be told now. A request
/// that names no address is compared with none.
fn is_elsewhere(app: &App, row: &queries::Authenticated, request: &Request) -> bool {
    let now = app.now();
    let due = |told: Option<DateTime<Utc>>, every| told.is_none_or(|at| now - at >= every);
    let here = network_key(&app.vault, request.ip);
    let moved = here.is_some_and(|here| row.network.as_deref() != Some(&here[..]))
        && due(row.moved_at, MOVES_TOLD_EVERY);
    moved || (!is_same_agent(&row.user_agent, request) && due(row.agent_told_at, AGENTS_TOLD_EVERY))
}

/// Records that a session was used just now, and where, if that has changed. Of many requests at the same moment one writes.
pub async fn touch(app: &App, actor: &Actor) -> Result<()> {
    let session = actor.session_id().ok_or(Error::Forbidden)?;
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    // Several requests find the record old at the same time; the first one's writing is enough.
    let before = now - TOUCH_EVERY / 10;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let events = session_moved(&mut tx, session, person).await?;
    queries::touch(tx.conn(), actor.tenant(), session, now, before).await?;
    if !events.is_empty() {
        return tx.commit_all(events).await;
    }
    tx.commit_unaudited(
        "when a session was last used is kept for its idle limit, not for the record",
    )
    .await
}
