//! The SQL of second factors. The row of the person is locked first, and what their failures are counted by is read after
//! that: of guesses at the same moment each sees the one before.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{DeviceId, PersonId, TenantId},
    sessions::counters::Counter,
};

/// A person's second factor, and what sign-in needs besides.
#[derive(Debug)]
pub(crate) struct Factor {
    pub email: String,
    pub canonical_email: String,
    pub active: bool,
    /// Sealed.
    pub secret: Option<String>,
    pub confirmed: bool,
    pub last_step: Option<i64>,
    pub signed_in_before: bool,
    pub absolute_hours: i16,
    /// By which wrong ones are counted: the device that the person is known by, or whatever is none.
    pub lane: Option<DeviceId>,
    /// The wrong ones.
    pub wrong: Counter,
}

/// One statement, with and without the lock.
macro_rules! factor {
    ($conn:expr, $tenant:expr, $person:expr, $lane:expr, $lock:literal) => {
        match sqlx::query!(
            r#"select p.email, p.canonical_email, p.status = 'active' and t.status = 'active' as "active!",
                      p.totp_secret as secret, p.totp_confirmed_at is not null as "confirmed!", p.totp_last_step as last_step,
                      p.last_sign_in_at is not null as "signed_in_before!", t.session_absolute_hours as absolute_hours
               from app.people p join app.tenants t on t.id = p.tenant_id
               where p.tenant_id = $1 and p.id = $2"#
                + $lock,
            $tenant.uuid(),
            $person.uuid(),
        )
        .fetch_optional(&mut *$conn)
        .await?
        {
            None => Ok(None),
            Some(row) => Ok(Some(Factor {
                email: row.email,
                canonical_email: row.canonical_email,
                active: row.active,
                secret: row.secret,
                confirmed: row.confirmed,
                last_step: row.last_step,
                signed_in_before: row.signed_in_before,
                absolute_hours: row.absolute_hours,
                lane: $lane,
                wrong: wrong($conn, $tenant, $person, $lane).await?,
            })),
        }
    };
}

/// Locks the person until the transaction ends.
pub(in crate::sessions) async fn factor_for_update(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    lane: Option<DeviceId>,
) -> Result<Option<Factor>> {
    factor!(conn, tenant, person, lane, " for update of p")
}

pub(in crate::sessions) async fn factor(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    lane: Option<DeviceId>,
) -> Result<Option<Factor>> {
    factor!(conn, tenant, person, lane, "")
}

macro_rules! wrong {
    ($table:literal, $conn:expr, $tenant:expr, $id:expr) => {
        sqlx::query_as!(
            Counter,
            "select factor_wrong_from as window_from, factor_wrong as failures, factor_locks as locks, "
                + "factor_locked_until as locked_until from " + $table + " where tenant_id = $1 and id = $2",
            $tenant.uuid(),
            $id.uuid(),
        )
        .fetch_one($conn)
        .await?
    };
}

async fn wrong(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    lane: Option<DeviceId>,
) -> Result<Counter> {
    Ok(match lane {
        Some(device) => wrong!("app.known_devices", conn, tenant, device),
        None => wrong!("app.people", conn, tenant, person),
    })
}

macro_rules! set_wrong {
    ($table:literal, $conn:expr, $tenant:expr, $id:expr, $wrong:expr) => {
        sqlx::query!(
            "update " + $table + " set factor_wrong_from = $3, factor_wrong = $4, factor_locks = $5, factor_locked_until = $6
             where tenant_id = $1 and id = $2",
            $tenant.uuid(),
            $id.uuid(),
            $wrong.window_from,
            $wrong.failures,
            $wrong.locks,
            $wrong.locked_until,
        )
        .execute($conn)
        .await?
    };
}

/// Writes what the wrong ones of a lane have come to.
pub(in crate::sessions) async fn set_wrong(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    lane: Option<DeviceId>,
    wrong: &Counter,
) -> Result<()> {
    match lane {
        Some(device) => set_wrong!("app.known_devices", conn, tenant, device, wrong),
        None => set_wrong!("app.people", conn, tenant, person, wrong),
    };
    Ok(())
}

/// Forgets the wrong ones of every lane; whether the factor waited in one of them.
pub(crate) async fn forget_wrong(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let waited = sqlx::query_scalar!(
        r#"with before as (
             select factor_locked_until from app.people where tenant_id = $1 and id = $2
             union all
             select factor_locked_until from app.known_devices where tenant_id = $1 and person_id = $2),
           strangers as (
             update app.people set factor_wrong = 0, factor_locks = 0, factor_locked_until = null
             where tenant_id = $1 and id = $2),
           devices as (
             update app.known_devices set factor_wrong = 0, factor_locks = 0, factor_locked_until = null
             where tenant_id = $1 and person_id = $2)
           select exists (select from before where factor_locked_until > $3) as "waited!""#,
        tenant.uuid(),
        person.uuid(),
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(waited)
}

pub(in crate::sessions) async fn set_secret(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    sealed: &str,
) -> Result<()> {
    sqlx::query!(
        "update app.people set totp_secret = $3 where tenant_id = $1 and id = $2 and totp_confirmed_at is null",
        tenant.uuid(),
        person.uuid(),
        sealed,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Uses a step up and notes the sign-in. `false` if the step or a later one was used already.
pub(in crate::sessions) async fn use_step(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    step: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let used = sqlx::query!(
        "update app.people set totp_last_step = $3, last_sign_in_at = $4
         where tenant_id = $1 and id = $2 and (totp_last_step is null or totp_last_step < $3)",
        tenant.uuid(),
        person.uuid(),
        step,
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(used == 1)
}

/// Notes the sign-in, where something stood in for a code of the app.
pub(in crate::sessions) async fn note_given(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.people set last_sign_in_at = $3 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        person.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(in crate::sessions) async fn confirm_secret(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    sealed: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.people set totp_secret = $3, totp_confirmed_at = coalesce(totp_confirmed_at, $4)
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        person.uuid(),
        sealed,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
