//! The SQL of people. Which people a branch manager sees is decided by the caller and passed as the visible branches:
//! people have no branch policy of their own, because authentication reads them before a scope is known.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{NewPerson, Person, PersonFacts, PersonFilter, PersonName, PersonStatus};
use crate::{
    error::Result,
    ids::{BranchId, InvitationId, PersonId, TenantId},
    permission::Role,
    sessions, tokens,
};

/// Who looks: with `branches`, only people of these branches, head office admins, and `person` themselves are seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    pub branches: Option<Vec<Uuid>>,
    pub person: Option<Uuid>,
}

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
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.people set name = $3, role = $4, status = $5, updated_at = $6, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        facts.name,
        facts.role as Role,
        facts.status as PersonStatus,
        now,
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
           where tenant_id = $1 and role = 'head_office_admin' and status = 'active' order by id for update"#,
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
           from app.people where tenant_id = $1 and id = $2 for update"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// What commands ask of a locked person.
#[derive(Debug)]
pub(super) struct Locked {
    pub joined: bool,
    pub canonical_email: String,
    pub status: PersonStatus,
}

pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    sight: &Sight,
) -> Result<Option<Person>> {
    Ok(sqlx::query_as!(
        Person,
        r#"select p.id as "id: PersonId", p.email, p.name, p.role as "role: Role", p.status as "status: PersonStatus",
                  array(select pb.branch_id from app.person_branches pb
                        where pb.tenant_id = p.tenant_id and pb.person_id = p.id
                          and ($3::uuid[] is null or pb.branch_id = any($3))
                        order by pb.branch_id) as "branch_ids!: Vec<BranchId>",
                  p.totp_confirmed_at is not null as "mfa_enrolled!", p.last_sign_in_at, p.created_at, p.updated_at, p.version
           from app.people p
           where p.tenant_id = $1 and p.id = $2
             and ($3::uuid[] is null or p.role = 'head_office_admin' or p.id = $4
                  or exists (select from app.person_branches pb
                             where pb.tenant_id = p.tenant_id and pb.person_id = p.id and pb.branch_id = any($3)))"#,
        tenant.uuid(),
        id.uuid(),
        sight.branches.as_deref() as Option<&[Uuid]>,
        sight.person,
    )
    .fetch_optional(conn)
    .await?)
}

/// By name.
pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &PersonFilter,
    sight: &Sight,
    after: Option<(String, Uuid)>,
    limit: i64,
) -> Result<Vec<Person>> {
    let (after_name, after_id) = after.unzip();
    Ok(sqlx::query_as!(
        Person,
        r#"select p.id as "id: PersonId", p.email, p.name, p.role as "role: Role", p.status as "status: PersonStatus",
                  array(select pb.branch_id from app.person_branches pb
                        where pb.tenant_id = p.tenant_id and pb.person_id = p.id
                          and ($2::uuid[] is null or pb.branch_id = any($2))
                        order by pb.branch_id) as "branch_ids!: Vec<BranchId>",
                  p.totp_confirmed_at is not null as "mfa_enrolled!", p.last_sign_in_at, p.created_at, p.updated_at, p.version
           from app.people p
           where p.tenant_id = $1
             and ($2::uuid[] is null or p.role = 'head_office_admin' or p.id = $3
                  or exists (select from app.person_branches pb
                             where pb.tenant_id = p.tenant_id and pb.person_id = p.id and pb.branch_id = any($2)))
             and ($4::text is null or p.role = $4)
             and ($5::text is null or p.status = $5)
             and ($6::uuid is null
                  or exists (select from app.person_branches pb
                             where pb.tenant_id = p.tenant_id and pb.person_id = p.id and pb.branch_id = $6
                               and ($2::uuid[] is null or pb.branch_id = any($2))))
             and ($7::text is null or (p.name, p.id) > ($7, $8))
           order by p.name, p.id limit $9"#,
        tenant.uuid(),
        sight.branches.as_deref() as Option<&[Uuid]>,
        sight.person,
        filter.role as Option<Role>,
        filter.status as Option<PersonStatus>,
        filter.branch_id.map(|id| id.uuid()),
        after_name,
        after_id.unwrap_or_default(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn names(
    conn: &mut PgConnection,
    tenant: TenantId,
    sight: &Sight,
    limit: i64,
) -> Result<Vec<PersonName>> {
    Ok(sqlx::query_as!(
        PersonName,
        r#"select p.id as "id: PersonId", p.name, p.role as "role: Role"
           from app.people p
           where p.tenant_id = $1 and p.status <> 'disabled'
             and ($2::uuid[] is null or p.role = 'head_office_admin' or p.id = $3
                  or exists (select from app.person_branches pb
                             where pb.tenant_id = p.tenant_id and pb.person_id = p.id and pb.branch_id = any($2)))
           order by p.name, p.id limit $4"#,
        tenant.uuid(),
        sight.branches.as_deref() as Option<&[Uuid]>,
        sight.person,
        limit,
    )
    .fetch_all(conn)
    .await?)
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
        "update app.people set totp_secret = null, totp_confirmed_at = null, totp_last_step = null, totp_failures = 0,
                totp_failures_since = null, updated_at = $3, version = version + 1
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
        "insert into app.people (tenant_id, id, email, canonical_email, name, role, status, password_hash, created_at,
                                 updated_at)
         values ($1, $2, $3, $4, $5, $6, 'active', $7, $8, $8) on conflict (canonical_email) do nothing",
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

/// Forgets wrong codes; whether the factor waited for them.
pub(super) async fn forget_failures(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    waits_from: i16,
) -> Result<bool> {
    let waited = sqlx::query_scalar!(
        r#"update app.people p set totp_failures = 0, totp_failures_since = null
           from (select totp_failures from app.people where tenant_id = $1 and id = $2) before
           where p.tenant_id = $1 and p.id = $2 returning before.totp_failures >= $3 as "waited!""#,
        tenant.uuid(),
        id.uuid(),
        waits_from,
    )
    .fetch_optional(conn)
    .await?;
    Ok(waited.unwrap_or(false))
}

pub(super) async fn insert_invitation(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: InvitationId,
    person: PersonId,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.invitations (tenant_id, id, person_id, token_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
        tenant.uuid(),
        id.uuid(),
        person.uuid(),
        &token_hash[..],
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn use_up_invitations(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.invitations set used_at = $3 where tenant_id = $1 and person_id = $2 and used_at is null",
        tenant.uuid(),
        person.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whom an invitation that still counts is for.
#[derive(Debug)]
pub(super) struct Invitee {
    pub person: PersonId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub tenant_name: String,
}

pub(super) async fn find_invitee(
    conn: &mut PgConnection,
    tenant: TenantId,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Invitee>> {
    Ok(sqlx::query_as!(
        Invitee,
        r#"select p.id as "person: PersonId", p.email, p.name, p.role as "role: Role", t.name as tenant_name
           from app.invitations i
           join app.people p on p.tenant_id = i.tenant_id and p.id = i.person_id
           join app.tenants t on t.id = i.tenant_id
           where i.tenant_id = $1 and i.token_hash = $2 and i.used_at is null and i.expires_at > $3
             and p.status = 'invited' and t.status = 'active'"#,
        tenant.uuid(),
        &token_hash[..],
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// Uses an invitation up. Of several at the same moment one is told `true`.
pub(super) async fn use_invitation(
    conn: &mut PgConnection,
    tenant: TenantId,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool> {
    let used = sqlx::query!(
        "update app.invitations set used_at = $3
         where tenant_id = $1 and token_hash = $2 and used_at is null and expires_at > $3",
        tenant.uuid(),
        &token_hash[..],
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(used == 1)
}

/// Gives somebody who was invited their password. `false` if they are not waiting for one.
pub(super) async fn join(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let joined = sqlx::query!(
        "update app.people set password_hash = $3, status = 'active', updated_at = $4, version = version + 1
         where tenant_id = $1 and id = $2 and status = 'invited'",
        tenant.uuid(),
        id.uuid(),
        password_hash,
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(joined == 1)
}
