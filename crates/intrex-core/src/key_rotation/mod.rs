//! Sealing anew what a previous key has sealed, so that the previous key can be dropped: second factors under
//! `MFA_ENCRYPTION_KEY`, and the organisations' data keys under `CONNECTOR_ENC_KEY`. It runs beside a serving installation, a
//! batch of rows at a time, each in a transaction of its own with the event that tells of it; begun again, it goes on with
//! what is left.
//!
//! What lives for minutes is left alone: the secret of an app that nobody has confirmed yet is begun anew when its key is gone.
//! Password hashes cannot be made anew without the passwords; how many wait for their next sign-in is counted.

mod queries;

use serde::Serialize;
use uuid::Uuid;

use self::queries::Sealed;
use crate::{
    Actor, App,
    audit::Event,
    error::Result,
    ids::{KeyId, PersonId, TenantId},
    people,
    permission::Permission,
    sessions::second_factor,
    vault::{
        KeyRing, data_keys,
        seal::{self, Place},
    },
};

/// Rows of one transaction: their people wait for it when they sign in at that moment.
const ROWS_A_BATCH: i64 = 200;
/// What stands in the place of a reason where nothing is changed.
const LOOKING: &str = "looked whether keys have to be rotated";
/// Organisations that are listed at a time.
const TENANTS_A_BATCH: i64 = 500;

/// What was done, and what is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Organisations that were looked at.
    pub organisations: u64,
    /// Second factors that were sealed anew.
    pub second_factors: u64,
    /// Data keys that were wrapped anew.
    pub data_keys: u64,
    /// What neither the current nor the previous key opens. The log names each.
    pub unreadable: u64,
    /// Password hashes and recovery codes under another pepper than the current one: the next sign-in makes a password's
    /// hash anew; codes are made anew by their people.
    pub under_other_pepper: u64,
}

impl Report {
    /// Whether nothing needs the previous keys any more but passwords and recovery codes.
    pub fn is_whole(&self) -> bool {
        self.unreadable == 0
    }
}

/// What needs another key than the current ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Second factors and data keys under a previous key: [`rotate`] seals them anew.
    pub under_previous: u64,
    /// The same under a key that is not configured: nothing opens them.
    pub under_unknown: u64,
}

/// The public names of a ring's keys.
#[derive(Debug)]
struct Known {
    current: String,
    all: Vec<String>,
}

impl Known {
    fn of(ring: &KeyRing) -> Self {
        Known {
            current: ring.current().id().to_owned(),
            all: ring.all().map(|key| key.id().to_owned()).collect(),
        }
    }
}

/// What is sealed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    SecondFactors,
    DataKeys,
}

impl Kind {
    const ALL: [Kind; 2] = [Kind::SecondFactors, Kind::DataKeys];

    fn ring(self, app: &App) -> &KeyRing {
        match self {
            Kind::SecondFactors => &app.vault.keys.mfa,
            Kind::DataKeys => &app.vault.keys.connector,
        }
    }

    fn place(self, tenant: TenantId, row: Uuid) -> Place {
        match self {
            Kind::SecondFactors => second_factor::confirmed(tenant, PersonId::from(row)),
            Kind::DataKeys => data_keys::place(tenant, KeyId::from(row)),
        }
    }

    fn action(self) -> &'static str {
        match self {
            Kind::SecondFactors => "keys.second_factors_resealed",
            Kind::DataKeys => "keys.data_keys_rewrapped",
        }
    }
}

/// Seals everything anew that is not under the current keys, for every organisation and the platform. `progress` hears of
/// each batch.
pub async fn rotate(app: &App, reason: &str, progress: &impl Fn(&Report)) -> Result<Report> {
    let mut report = Report::default();
    for tenant in everybody(app).await? {
        rotate_tenant(app, tenant, reason, &mut report, progress).await?;
        if tenant != TenantId::PLATFORM {
            report.organisations += 1;
        }
        progress(&report);
    }
    Ok(report)
}

/// What is not under the current keys. Nothing is changed by looking.
pub async fn waiting(app: &App) -> Result<Waiting> {
    let mut waiting = Waiting::default();
    for tenant in everybody(app).await? {
        let actor = Actor::operator(tenant, LOOKING)?;
        actor.may(Permission::KeysRotate)?;
        let [mfa, connector] = Kind::ALL.map(|kind| Known::of(kind.ring(app)));
        let mut tx = app.db.read(&actor).await?;
        let found = queries::count_waiting(tx.conn(), tenant, &mfa, &connector).await?;
        tx.finish().await?;
        waiting.under_previous += found.under_previous;
        waiting.under_unknown += found.under_unknown;
    }
    Ok(waiting)
}

/// The platform and every organisation.
async fn everybody(app: &App) -> Result<Vec<TenantId>> {
    let mut all = vec![TenantId::PLATFORM];
    let mut after = Uuid::nil();
    loop {
        let mut system = app.db.system().await?;
        let tenants = queries::tenants_after(system.conn(), after, TENANTS_A_BATCH).await?;
        system.commit().await?;
        let Some(last) = tenants.last() else {
            return Ok(all);
        };
        after = last.uuid();
        all.extend(tenants);
    }
}

async fn rotate_tenant(
    app: &App,
    tenant: TenantId,
    reason: &str,
    report: &mut Report,
    progress: &impl Fn(&Report),
) -> Result<()> {
    let actor = Actor::operator(tenant, reason)?;
    actor.may(Permission::KeysRotate)?;
    for kind in Kind::ALL {
        let mut after = Uuid::nil();
        while let Some(batch) = reseal(app, &actor, kind, after).await? {
            after = batch.last;
            report.unreadable += batch.unreadable;
            match kind {
                Kind::SecondFactors => report.second_factors += batch.resealed,
                Kind::DataKeys => report.data_keys += batch.resealed,
            }
            progress(report);
        }
    }
    let mut tx = app.db.read(&actor).await?;
    let pepper = app.vault.keys.password_pepper.current().id();
    report.under_other_pepper +=
        queries::count_under_other_pepper(tx.conn(), tenant, pepper).await?;
    tx.finish().await
}

/// What became of some rows.
struct Batch {
    last: Uuid,
    resealed: u64,
    unreadable: u64,
}

/// Seals the next rows anew. Nothing is locked but them and, for second factors, the admins, and nobody who has read one before has to read it again: the former
/// key still opens it.
async fn reseal(app: &App, actor: &Actor, kind: Kind, after: Uuid) -> Result<Option<Batch>> {
    let (ring, tenant) = (kind.ring(app), actor.tenant());
    let current = ring.current().id();
    let mut tx = app.db.write(actor).await?;
    if kind == Kind::SecondFactors {
        // Whoever changes people locks the admins before anybody else; the other way round, both would wait in a circle.
        people::lock_admins(&mut tx).await?;
    }
    let conn = tx.conn();
    let stale = match kind {
        Kind::SecondFactors => {
            queries::stale_second_factors(conn, tenant, current, after, ROWS_A_BATCH).await?
        }
        Kind::DataKeys => {
            queries::stale_data_keys(conn, tenant, current, after, ROWS_A_BATCH).await?
        }
    };
    let Some(last) = stale.last().map(|row| row.id) else {
        tx.commit_unaudited("nothing was written").await?;
        return Ok(None);
    };
    let mut unreadable = 0;
    let (mut ids, mut sealed) = (Vec::new(), Vec::new());
    for Sealed { id, text } in stale {
        let place = kind.place(tenant, id);
        match seal::open(ring, place, &text) {
            Ok(plain) => {
                ids.push(id);
                sealed.push(seal::seal(ring, place, &plain, app.chance));
            }
            Err(_) => {
                tracing::error!(%tenant, %id, table = place.table, "neither the current nor the previous key opens it");
                unreadable += 1;
            }
        }
    }
    let resealed = match kind {
        Kind::SecondFactors => {
            queries::replace_second_factors(tx.conn(), tenant, &ids, &sealed).await?
        }
        Kind::DataKeys => queries::replace_data_keys(tx.conn(), tenant, &ids, &sealed).await?,
    };
    if resealed > 0 {
        let event = Event::new("keys", kind.action())
            .with("count", resealed)
            .with("key_id", current);
        tx.commit(event).await?;
    } else {
        tx.commit_unaudited("nothing was written").await?;
    }
    Ok(Some(Batch {
        last,
        resealed,
        unreadable,
    }))
}
