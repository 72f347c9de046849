//! Who is shown. Somebody who was deleted is nowhere among people; their id leads to a name that says so.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{BranchId, PersonId, TenantId},
    people::model::{DisabledBy, Dormancy, Person, PersonFilter, PersonName, PersonStatus},
    permission::Role,
};

/// Who looks: with `branches`, only people of these branches, head office admins, and `person` themselves are seen.
#[derive(Debug, Clone, Default)]
pub(in crate::people) struct Sight {
    pub branches: Option<Vec<Uuid>>,
    pub person: Option<Uuid>,
}

pub(in crate::people) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    sight: &Sight,
    now: DateTime<Utc>,
) -> Result<Option<Person>> {
    Ok(sqlx::query_as!(
        Person,
        r#"select p.id as "id: PersonId", p.email, p.name, p.role as "role: Role", p.status as "status: PersonStatus",
                  p.disabled_by as "disabled_by: DisabledBy",
                  array(select pb.branch_id from app.person_branches pb
                        where pb.tenant_id = p.tenant_id and pb.person_id = p.id
                          and ($3::uuid[] is null or pb.branch_id = any($3))
                        order by pb.branch_id) as "branch_ids!: Vec<BranchId>",
                  p.mfa_enrolled as "mfa_enrolled?", p.last_sign_in_at,
                  p.must_change_password as "must_change_password?",
                  p.status = 'active' and greatest(p.last_sign_in_at, p.active_since, p.created_at)
                    < $5::timestamptz - make_interval(days => t.dormant_after_days) as "dormant?",
                  p.created_at, p.updated_at, p.version
           from app.people p join app.tenants t on t.id = p.tenant_id
           where p.tenant_id = $1 and p.id = $2 and p.deleted_at is null
             and ($3::uuid[] is null or p.role = 'head_office_admin' or p.id = $4
                  or exists (select from app.person_branches pb
                             where pb.tenant_id = p.tenant_id and pb.person_id = p.id and pb.branch_id = any($3)))"#,
        tenant.uuid(),
        id.uuid(),
        sight.branches.as_deref() as Option<&[Uuid]>,
        sight.person,
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// By name. The filter's text is in the canonical form of addresses.
pub(in crate::people) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &PersonFilter,
    sight: &Sight,
    now: DateTime<Utc>,
    after: Option<(String, Uuid)>,
    limit: i64,
) -> Result<Vec<Person>> {
    let (after_name, after_id) = after.unzip();
    Ok(sqlx::query_as!(
        Person,
        r#"select p.id as "id: PersonId", p.email, p.name, p.role as "role: Role", p.status as "status: PersonStatus",
                  p.disabled_by as "disabled_by: DisabledBy",
                  array(select pb.branch_id from app.person_branches pb
                        where pb.tenant_id = p.tenant_id and pb.person_id = p.id
                          and ($2::uuid[] is null or pb.branch_id = any($2))
                        order by pb.branch_id) as "branch_ids!: Vec<BranchId>",
                  p.mfa_enrolled as "mfa_enrolled?", p.last_sign_in_at,
                  p.must_change_password as "must_change_password?",
                  p.status = 'active' and greatest(p.last_sign_in_at, p.active_since, p.created_at)
                    < $10::timestamptz - make_interval(days => t.dormant_after_days) as "dormant?",
                  p.created_at, p.updated_at, p.version
           from app.people p join app.tenants t on t.id = p.tenant_id
           where p.tenant_id = $1 and p.deleted_at is null
             and ($2::uuid[] is null or p.role = 'head_office_admin' or p.id = $3
                  or exists (select from app.person_branches pb
                             where pb.tenant_id = p.tenant_id and pb.person_id = p.id and pb.branch_id = any($2)))
             and ($4::text is null or p.role = $4)
             and ($5::text is null or p.status = $5)
             and ($6::uuid is null
                  or exists (select from app.person_branches pb
                             where pb.tenant_id = p.tenant_id and pb.person_id = p.id and pb.branch_id = $6
                               and ($2::uuid[] is null or pb.branch_id = any($2))))
             and ($11::text is null or strpos(lower(p.name), $11) > 0 
                  or (strpos(p.canonical_email, $11) > 0 and ($2::uuid[] is null or p.role <> 'head_office_admin')))
             -- Nobody learns by searching what they are not shown.
             and ($12::boolean is null or $2::uuid[] is null or p.role <> 'head_office_admin')
             and ($12::boolean is null
                  or $12 = (p.status = 'active' and greatest(p.last_sign_in_at, p.active_since, p.created_at)
                              < $10::timestamptz - make_interval(days => t.dormant_after_days)))
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
        now,
        filter.q.as_deref(),
        filter.dormant.map(|dormancy| dormancy == Dormancy::Dormant),
    )
    .fetch_all(conn)
    .await?)
}

pub(in crate::people) async fn names(
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
