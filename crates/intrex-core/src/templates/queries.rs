//! All SQL of templates.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{Definition, Template};
use crate::{
    error::Result,
    ids::{TemplateId, TenantId},
    obligations::recurrence::Recurrence,
};

/// One template.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: TemplateId,
) -> Result<Option<Template>> {
    let found = sqlx::query_as!(
        Template,
        r#"select id as "id: TemplateId", code, category, title, description, authority, citation, jurisdiction, branch_types,
                  recurrence, anchor, lead_days, grace_days, severity, required_evidence, source, pack, active, updated_at, version
           from app.obligation_templates where tenant_id = $1 and id = $2"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found)
}

/// One page by title, and one row more if there is one.
pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    active_only: Option<bool>,
    after: Option<(String, Uuid)>,
    limit: i64,
) -> Result<Vec<Template>> {
    let (after_title, after_id) = after.unzip();
    let rows = sqlx::query_as!(
        Template,
        r#"select id as "id: TemplateId", code, category, title, description, authority, citation, jurisdiction, branch_types,
                  recurrence, anchor, lead_days, grace_days, severity, required_evidence, source, pack, active, updated_at, version
           from app.obligation_templates
           where tenant_id = $1 and ($2::boolean is null or active = $2)
             and ($3::text is null or (title, id) > ($3, $4::uuid))
           order by title, id limit $5"#,
        tenant.uuid(),
        active_only,
        after_title,
        after_id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Inserts a template.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: TemplateId,
    new: &Definition,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let lead_days = days(new);
    sqlx::query!(
        "insert into app.obligation_templates (tenant_id, id, code, category, title, description, authority, citation,
             jurisdiction, branch_types, recurrence, anchor, lead_days, grace_days, severity, required_evidence, source, pack,
             created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19)",
        tenant.uuid(),
        id.uuid(),
        new.code,
        new.category,
        new.title,
        new.description,
        new.authority,
        new.citation,
        new.jurisdiction,
        &new.branch_types,
        new.recurrence.as_ref().map(Recurrence::as_str),
        new.anchor.as_str(),
        &lead_days,
        grace(new),
        new.severity.as_str(),
        &new.required_evidence,
        if new.pack.is_some() { "pack" } else { "tenant" },
        new.pack,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a template in place of the old one, if it still has the version that was read.
pub(crate) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: TemplateId,
    new: &Definition,
    version: i32,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let lead_days = days(new);
    let changed = sqlx::query!(
        "update app.obligation_templates
         set category = $3, title = $4, description = $5, authority = $6, citation = $7, jurisdiction = $8, branch_types = $9,
             recurrence = $10, anchor = $11, lead_days = $12, grace_days = $13, severity = $14, required_evidence = $15,
             updated_at = $16, version = version + 1
         where tenant_id = $1 and id = $2 and version = $17",
        tenant.uuid(),
        id.uuid(),
        new.category,
        new.title,
        new.description,
        new.authority,
        new.citation,
        new.jurisdiction,
        &new.branch_types,
        new.recurrence.as_ref().map(Recurrence::as_str),
        new.anchor.as_str(),
        &lead_days,
        grace(new),
        new.severity.as_str(),
        &new.required_evidence,
        now,
        version,
    )
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Allows or stops making obligations from it.
pub(crate) async fn set_active(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: TemplateId,
    active: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = sqlx::query!(
        "update app.obligation_templates set active = $3, updated_at = $4, version = version + 1
         where tenant_id = $1 and id = $2 and active <> $3",
        tenant.uuid(),
        id.uuid(),
        active,
        now,
    )
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() == 1)
}

fn days(definition: &Definition) -> Vec<i16> {
    definition
        .lead_days
        .as_slice()
        .iter()
        .map(|day| i16::try_from(*day).unwrap_or(i16::MAX))
        .collect()
}

fn grace(definition: &Definition) -> i16 {
    i16::try_from(definition.grace.get()).unwrap_or(i16::MAX)
}
