//! All SQL of sealing anew. A sealed text is `v1.<key id>.<nonce>.<ciphertext>`.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Known, Waiting};
use crate::{error::Result, ids::TenantId};

/// A row's sealed text.
#[derive(Debug)]
pub(super) struct Sealed {
    pub id: Uuid,
    pub text: String,
}

/// As `intrex_system`: the organisations after this one.
pub(super) async fn tenants_after(
    conn: &mut PgConnection,
    after: Uuid,
    limit: i64,
) -> Result<Vec<TenantId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: TenantId" from app.tenants where id > $1 order by id limit $2"#,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Rows of a table whose text another key has sealed, locked. What `$there` leaves out has nothing to seal anew.
macro_rules! stale {
    ($table:literal, $sealed:literal, $there:literal, $conn:expr, $tenant:expr, $current:expr, $after:expr, $limit:expr) => {
        sqlx::query_as!(
            Sealed,
            "select id, "
                + $sealed
                + r#" as "text!" from "#
                + $table
                + " where tenant_id = $1 and id > $3 and "
                + $there
                + " is not null and split_part("
                + $sealed
                + ", '.', 2) <> $2 order by id limit $4 for update",
            $tenant.uuid(),
            $current,
            $after,
            $limit,
        )
        .fetch_all($conn)
        .await?
    };
}

macro_rules! replace {
    ($table:literal, $sealed:literal, $conn:expr, $tenant:expr, $ids:expr, $texts:expr) => {
        sqlx::query!(
            "update "
                + $table
                + " t set "
                + $sealed
                + " = new.sealed from unnest($2::uuid[], $3::text[]) as new (id, sealed)
             where t.tenant_id = $1 and t.id = new.id",
            $tenant.uuid(),
            $ids,
            $texts,
        )
        .execute($conn)
        .await?
        .rows_affected()
    };
}

/// Confirmed secrets that another key has sealed, locked.
pub(super) async fn stale_second_factors(
    conn: &mut PgConnection,
    tenant: TenantId,
    current: &str,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Sealed>> {
    Ok(stale!(
        "app.people",
        "totp_secret",
        "totp_confirmed_at",
        conn,
        tenant,
        current,
        after,
        limit
    ))
}

pub(super) async fn replace_second_factors(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
    sealed: &[String],
) -> Result<u64> {
    Ok(replace!(
        "app.people",
        "totp_secret",
        conn,
        tenant,
        ids,
        sealed
    ))
}

/// Data keys that another key has wrapped, locked. An erased one has nothing to wrap.
pub(super) async fn stale_data_keys(
    conn: &mut PgConnection,
    tenant: TenantId,
    current: &str,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Sealed>> {
    Ok(stale!(
        "app.data_keys",
        "wrapped",
        "wrapped",
        conn,
        tenant,
        current,
        after,
        limit
    ))
}

pub(super) async fn replace_data_keys(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
    sealed: &[String],
) -> Result<u64> {
    Ok(replace!(
        "app.data_keys",
        "wrapped",
        conn,
        tenant,
        ids,
        sealed
    ))
}

/// What is under another key than the current one of its ring.
pub(super) async fn count_waiting(
    conn: &mut PgConnection,
    tenant: TenantId,
    mfa: &Known,
    connector: &Known,
) -> Result<Waiting> {
    let row = sqlx::query!(
        r#"with sealed as (
             select split_part(totp_secret, '.', 2) as key, $2::text as current, $3::text[] as known
             from app.people where tenant_id = $1 and totp_confirmed_at is not null
             union all
             select split_part(wrapped, '.', 2), $4::text, $5::text[]
             from app.data_keys where tenant_id = $1 and wrapped is not null)
           select count(*) filter (where key <> current and key = any(known)) as "under_previous!",
                  count(*) filter (where key <> all(known)) as "under_unknown!"
           from sealed"#,
        tenant.uuid(),
        mfa.current,
        &mfa.all,
        connector.current,
        &connector.all,
    )
    .fetch_one(conn)
    .await?;
    Ok(Waiting {
        under_previous: row.under_previous.unsigned_abs(),
        under_unknown: row.under_unknown.unsigned_abs(),
    })
}

/// Hashes that begin with another pepper's name, imported ones included.
pub(super) async fn count_under_other_pepper(
    conn: &mut PgConnection,
    tenant: TenantId,
    current: &str,
) -> Result<u64> {
    let count = sqlx::query_scalar!(
        r#"select (select count(*) from app.people
                   where tenant_id = $1 and password_hash is not null and split_part(password_hash, '$', 1) <> $2)
                + (select count(*) from app.recovery_codes
                   where tenant_id = $1 and split_part(code_hash, '$', 1) <> $2) as "count!""#,
        tenant.uuid(),
        current,
    )
    .fetch_one(conn)
    .await?;
    Ok(count.unsigned_abs())
}
