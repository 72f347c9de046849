//! The SQL of passkeys.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    ceremony::Registered,
    model::{Passkey, Purpose},
};
use crate::{
    error::Result,
    ids::{PasskeyId, PersonId, SessionId, TenantId},
};

/// A passkey as it is verified with.
#[derive(Debug)]
pub(super) struct Stored {
    pub id: PasskeyId,
    pub name: String,
    pub credential_id: Vec<u8>,
    pub public_key: Vec<u8>,
    pub counter_state: Vec<u8>,
    pub transports: i16,
}

/// How it stands with somebody's passkeys at one host.
#[derive(Debug)]
pub(super) struct Standing {
    /// How many they have.
    pub count: i64,
    /// Whether the organisation insists that they have one.
    pub required: bool,
}

pub(super) async fn standing(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    rp_id: &str,
) -> Result<Standing> {
    let found = sqlx::query_as!(
        Standing,
        r#"select p.role = 'head_office_admin' and t.admin_second_factor = 'passkey' as "required!",
                  (select count(*) from app.passkeys k
                   where k.tenant_id = p.tenant_id and k.person_id = p.id and k.rp_id = $3) as "count!"
           from app.people p join app.tenants t on t.id = p.tenant_id
           where p.tenant_id = $1 and p.id = $2"#,
        tenant.uuid(),
        person.uuid(),
        rp_id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.unwrap_or(Standing {
        count: 0,
        required: false,
    }))
}

/// Somebody who adds or removes a passkey.
#[derive(Debug)]
pub(super) struct Person {
    pub email: String,
    pub name: String,
}

/// Locks the person until the transaction ends, so that passkeys are added and removed one after the other.
pub(super) async fn lock_person(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<Person>> {
    Ok(sqlx::query_as!(
        Person,
        "select email, name from app.people where tenant_id = $1 and id = $2 and status = 'active' for update",
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Those of a person that were made for this host.
pub(super) async fn usable(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    rp_id: &str,
) -> Result<Vec<Stored>> {
    Ok(sqlx::query_as!(
        Stored,
        r#"select id as "id: PasskeyId", name, credential_id, public_key, counter_state, transports
           from app.passkeys where tenant_id = $1 and person_id = $2 and rp_id = $3 order by created_at, id"#,
        tenant.uuid(),
        person.uuid(),
        rp_id,
    )
    .fetch_all(conn)
    .await?)
}

/// All of a person, the oldest first.
pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    limit: i64,
) -> Result<Vec<Passkey>> {
    Ok(sqlx::query_as!(
        Passkey,
        r#"select id as "id: PasskeyId", name, rp_id, created_at, last_used_at
           from app.passkeys where tenant_id = $1 and person_id = $2 order by created_at, id limit $3"#,
        tenant.uuid(),
        person.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// One of a person.
pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    id: PasskeyId,
) -> Result<Option<Passkey>> {
    Ok(sqlx::query_as!(
        Passkey,
        r#"select id as "id: PasskeyId", name, rp_id, created_at, last_used_at
           from app.passkeys where tenant_id = $1 and person_id = $2 and id = $3"#,
        tenant.uuid(),
        person.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// How many a person has, for whatever host.
pub(super) async fn count(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from app.passkeys where tenant_id = $1 and person_id = $2"#,
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// A passkey to keep.
#[derive(Debug)]
pub(super) struct NewPasskey<'a> {
    pub id: PasskeyId,
    pub person: PersonId,
    pub rp_id: &'a str,
    pub name: &'a str,
    pub made: &'a Registered,
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: &NewPasskey<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into app.passkeys (tenant_id, id, person_id, credential_id, rp_id, name, public_key, counter_state, transports,
                                   created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant.uuid(),
        new.id.uuid(),
        new.person.uuid(),
        new.made.credential_id,
        new.rp_id,
        new.name,
        new.made.public_key,
        &new.made.counter_state[..],
        i16::from(new.made.transports),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what the library makes of a use: its counter, and when.
pub(super) async fn note_use(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PasskeyId,
    counter_state: &[u8; 7],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.passkeys set counter_state = $3, last_used_at = $4 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        &counter_state[..],
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn rename(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PasskeyId,
    name: &str,
) -> Result<()> {
    sqlx::query!(
        "update app.passkeys set name = $3 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        name,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn delete(conn: &mut PgConnection, tenant: TenantId, id: PasskeyId) -> Result<()> {
    sqlx::query!(
        "delete from app.passkeys where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn delete_all(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from app.passkeys where tenant_id = $1 and person_id = $2",
        tenant.uuid(),
        person.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected())
}

/// Notes what a session is asked, in the place of what it was asked before.
pub(super) async fn put_challenge(
    conn: &mut PgConnection,
    tenant: TenantId,
    session: SessionId,
    purpose: Purpose,
    state: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.passkey_challenges (tenant_id, session_id, purpose, state, expires_at) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, session_id)
         do update set purpose = excluded.purpose, state = excluded.state, expires_at = excluded.expires_at",
        tenant.uuid(),
        session.uuid(),
        purpose as Purpose,
        state,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a session was asked.
#[derive(Debug)]
pub(super) struct Challenge {
    pub purpose: Purpose,
    pub state: Vec<u8>,
    pub expires_at: DateTime<Utc>,
}

/// Removes what a session was asked. Of two answers at the same moment one gets it.
pub(super) async fn take_challenge(
    conn: &mut PgConnection,
    tenant: TenantId,
    session: SessionId,
) -> Result<Option<Challenge>> {
    Ok(sqlx::query_as!(
        Challenge,
        r#"delete from app.passkey_challenges where tenant_id = $1 and session_id = $2
           returning purpose as "purpose: Purpose", state, expires_at"#,
        tenant.uuid(),
        session.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}
