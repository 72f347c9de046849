//! The SQL of people. Which people a branch manager sees is decided by the caller and passed as the visible branches:
//! people have no branch policy of their own, because authentication reads them before a scope is known.
//!
//! Here what is written; `reading` who is shown · `invitations` · `removal`.

mod invitations;
mod reading;
mod removal;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

pub(super) use self::{
    invitations::{
        Invitee, find_invitee, insert_invitation, join, use_invitation, use_up_invitations,
    },
    reading::{Sight, find, list, names},
    removal::{Hanging, KnownBy, erase, hanging, heir},
};
use super::{
    input::{NewPerson, PersonFacts},
    model::{DisabledBy, PersonStatus},
};
use crate::{
    error::Result,
    ids::{BranchId, PersonId, TenantId},
    permission::Role,
    sessions, tokens,
};

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    new: &NewPerson,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into app.people (tenant_id, id, email, canonical_email, name, role, status, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, 'invited', $7, $7)",
        tenant.uuid(),
        id.uuid(),
        new.email.shown,
        new.email.canonical,
        new.name,
        new.role as Role,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes these the branches of a person.
pub(super) async fn set_branches(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    branches: &[BranchId],
) -> sqlx::Result<()> {
    let branches: Vec<Uuid> = branches.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "delete from app.person_branches where tenant_id = $1 and person_id = $2 and branch_id <> all ($3)",
        tenant.uuid(),
        id.uuid(),
        &branches,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into app.person_branches (tenant_id, person_id, branch_id)
         select $1, $2, branch_id from unnest($3::uuid[]) as b (branch_id) on conflict do nothing",
        tenant.uuid(),
        id.uuid(),
        &branches,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    facts: &PersonFacts,
    disabled_by: Option<DisabledBy>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.people
         set active_since = case when $5 = 'active' and status <> 'active' then $6 else active_since end,
             name = $3, role = $4, status = $5, disabled_by = $7, updated_at = $6, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        facts.name,
        facts.role as Role,
        facts.status as PersonStatus,
        now,
        disabled_by as Option<DisabledBy>,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks the active head office admins until the transaction ends, in one order, so that two of them cannot remove each
/// other at the same moment.
pub(super) async fn lock_admins(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Vec<PersonId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: PersonId" from app.people
           where tenant_id = $1 and role = 'head_office_admin' and status = 'active' order by id for no key update"#,
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Locks one person until the transaction ends; tells whether they have ever set a password.
pub(super) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
) -> Result<Option<Locked>> {
    Ok(sqlx::query_as!(
        Locked,
        r#"select password_hash is not null as "joined!", canonical_email, status as "status: PersonStatus"
           from app.people where tenant_id = $1 and id = $2 and deleted_at is null for update"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Locks somebody who is leaving, and whoever takes their work over, in the order in which everybody holds several people.
pub(super) async fn lock_leaving(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    heir: Option<PersonId>,
) -> Result<()> {
    sqlx::query_scalar!(
        "select id from app.people where tenant_id = $1 and id = any($2) order by id for update",
        tenant.uuid(),
        &[Some(id), heir]
            .into_iter()
            .flatten()
            .map(PersonId::uuid)
            .collect::<Vec<_>>(),
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// Holds people until the transaction ends: nobody is deleted meanwhile. Before an item that is to name them is locked, as
/// whoever deletes them locks them before their items.
pub(crate) async fn hold(conn: &mut PgConnection, tenant: TenantId, ids: &[Uuid]) -> Result<()> {
    sqlx::query_scalar!(
        "select id from app.people where tenant_id = $1 and id = any($2) order by id for key share",
        tenant.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// Those of some people who can be given something to do, held until the transaction ends: nobody is deleted meanwhile.
pub(crate) async fn hold_assignable(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<PersonId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: PersonId" from app.people
           where tenant_id = $1 and id = any($2) and status in ('active', 'invited') and deleted_at is null
           order by id for key share"#,
        tenant.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?)
}

/// What commands ask of a locked person.
#[derive(Debug)]
pub(super) struct Locked {
    pub joined: bool,
    pub canonical_email: String,
    pub status: PersonStatus,
}

/// Ends every session and token of a person, and every open invitation: who was disabled does not come back by an old
/// door when they are enabled again.
pub(super) async fn revoke_credentials(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    end_access(&mut *conn, tenant, id, now).await?;
    use_up_invitations(conn, tenant, id, now).await
}

/// Ends every session and token of a person, and forgets their devices.
pub(super) async fn end_access(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sessions::end_others(&mut *conn, tenant, id, None).await?;
    tokens::revoke_all_of(conn, tenant, id, now).await
}

pub(super) async fn reset_second_factor(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.people set totp_secret = null, totp_confirmed_at = null, totp_last_step = null, updated_at = $3, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn require_password_change(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.people set must_change_password = true, updated_at = $3, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes somebody who comes with the bcrypt hash of another system, unless the address is somebody's. Tells whether.
pub(super) async fn insert_imported(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    new: &NewPerson,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into app.people (tenant_id, id, email, canonical_email, name, role, status, password_hash, active_since,
                                 created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, 'active', $7, $8, $8, $8) on conflict (canonical_email) do nothing",
        tenant.uuid(),
        id.uuid(),
        new.email.shown,
        new.email.canonical,
        new.name,
        new.role as Role,
        password_hash,
        now,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The ids of the organisation's branches.
pub(super) async fn branch_ids(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<HashSet<BranchId>> {
    let ids = sqlx::query_scalar!(
        r#"select id as "id: BranchId" from app.branches where tenant_id = $1"#,
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().collect())
}
