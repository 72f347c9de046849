//! All SQL of packs that were taken over.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::compare::Own;
use crate::{
    error::Result,
    ids::{TemplateId, TenantId},
    templates::Template,
};

/// A pack that was taken over.
pub(super) struct Applied {
    pub(super) pack: String,
    pub(super) version: String,
    pub(super) applied_at: DateTime<Utc>,
}

pub(super) async fn applied(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Applied>> {
    Ok(sqlx::query_as!(
        Applied,
        "select pack, version, applied_at from app.applied_packs where tenant_id = $1",
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Notes that a pack was taken over. Who else takes it over waits until this is done.
pub(super) async fn apply(
    conn: &mut PgConnection,
    tenant: TenantId,
    pack: &str,
    version: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.applied_packs (tenant_id, pack, version, applied_at) values ($1, $2, $3, $4)
         on conflict on constraint applied_packs_pkey do update set version = excluded.version, applied_at = excluded.applied_at",
        tenant.uuid(),
        pack,
        version,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The organisation's templates that come from a pack, or have the code of one of its rules.
pub(super) async fn own(
    conn: &mut PgConnection,
    tenant: TenantId,
    pack: &str,
    codes: &[String],
) -> Result<Vec<Own>> {
    let rows = sqlx::query!(
        r#"select id as "id: TemplateId", code, category, title, description, authority, citation, jurisdiction, branch_types,
                  recurrence, anchor, lead_days, grace_days, severity, required_evidence, source, pack, active, updated_at, version,
                  taken_over
           from app.obligation_templates where tenant_id = $1 and (pack = $2 or code = any($3)) order by code"#,
        tenant.uuid(),
        pack,
        codes,
    )
    .fetch_all(conn)
    .await?;
    let own = rows.into_iter().map(|row| Own {
        taken_over: row.taken_over,
        template: Template {
            id: row.id,
            code: row.code,
            category: row.category,
            title: row.title,
            description: row.description,
            authority: row.authority,
            citation: row.citation,
            jurisdiction: row.jurisdiction,
            branch_types: row.branch_types,
            recurrence: row.recurrence,
            anchor: row.anchor,
            lead_days: row.lead_days,
            grace_days: row.grace_days,
            severity: row.severity,
            required_evidence: row.required_evidence,
            source: row.source,
            pack: row.pack,
            active: row.active,
            updated_at: row.updated_at,
            version: row.version,
        },
    });
    Ok(own.collect())
}

/// Notes what a rule said when it was taken over.
pub(super) async fn taken_over(
    conn: &mut PgConnection,
    tenant: TenantId,
    template: TemplateId,
    digest: &[u8],
    checked_on: NaiveDate,
) -> Result<()> {
    sqlx::query!(
        "update app.obligation_templates set taken_over = $3, checked_on = $4 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        template.uuid(),
        digest,
        checked_on,
    )
    .execute(conn)
    .await?;
    Ok(())
}
