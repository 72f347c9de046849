//! An organisation's own register, for it to take along: every line is JSON, and what stands in it is named here column by column.
//! How people prove who they are is not: no password, second factor, token or key, hashed or sealed. It is read in one snapshot and
//! handed over a page at a time, however large it is.

use sqlx::PgConnection;
use uuid::Uuid;

use super::reads;
use crate::{
    Actor, App,
    audit::{
        Event,
        reads::{self as audit, AuditFilter},
    },
    db::ReadTx,
    error::{Error, Result},
    ids::TenantId,
    paging::{MAX_LIMIT, PageRequest},
    permission::Permission,
};

/// Rows that one statement reads.
const ROWS_A_PAGE: i64 = 1_000;
/// The same of access reviews, each of which brings a row for every person.
const REVIEWS_A_PAGE: i64 = 10;

/// A part of the export: a file of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The organisation itself, one line.
    Organisation,
    /// Its branches.
    Branches,
    /// Its people, with where they work.
    People,
    /// What obligations are made from.
    Templates,
    /// What is owed, and what was.
    Obligations,
    /// The records of imports.
    Imports,
    /// Access reviews, each with its rows.
    AccessReviews,
    /// The audit log, the newest first.
    AuditEvents,
}

impl Part {
    /// Every part, in the order in which they come.
    pub const ALL: [Part; 8] = [
        Part::Organisation,
        Part::Branches,
        Part::People,
        Part::Templates,
        Part::Obligations,
        Part::Imports,
        Part::AccessReviews,
        Part::AuditEvents,
    ];

    /// For the name of its file.
    pub fn as_str(self) -> &'static str {
        match self {
            Part::Organisation => "organisation",
            Part::Branches => "branches",
            Part::People => "people",
            Part::Templates => "templates",
            Part::Obligations => "obligations",
            Part::Imports => "imports",
            Part::AccessReviews => "access_reviews",
            Part::AuditEvents => "audit_events",
        }
    }
}

/// One page: lines of JSON, each with its end.
#[derive(Debug)]
pub struct Lines {
    /// The lines.
    pub text: String,
    /// How many they are.
    pub count: usize,
}

/// Hands the actor's organisation over, page by page; how many lines there were. That it was taken is in the log before the first
/// line is.
pub async fn export(
    app: &App,
    actor: &Actor,
    mut take: impl AsyncFnMut(Part, &Lines) -> Result<()>,
) -> Result<usize> {
    actor.may(Permission::TenantExport)?;
    let id = actor.tenant();
    let tx = app.db.write(actor).await?;
    let event = Event::new("tenant", "tenant.exported")
        .on("tenant", id)
        .with("format", "jsonl");
    tx.commit(event).await?;
    let mut tx = app.db.read_snapshot(actor).await?;
    let mut total = 0;
    for part in Part::ALL {
        let mut place = Place::default();
        while let Some(lines) = page(&mut tx, id, part, &mut place).await? {
            total += lines.count;
            take(part, &lines).await?;
        }
    }
    tx.finish().await?;
    Ok(total)
}

/// How far a part was read.
#[derive(Debug, Default)]
struct Place {
    after: Uuid,
    cursor: Option<String>,
    ended: bool,
}

/// The next page of a part, if there is one.
async fn page(
    tx: &mut ReadTx,
    id: TenantId,
    part: Part,
    place: &mut Place,
) -> Result<Option<Lines>> {
    if place.ended {
        return Ok(None);
    }
    let lines = match part {
        Part::Organisation => {
            place.ended = true;
            vec![json(&reads::current(tx).await?)?]
        }
        Part::AuditEvents => {
            let request = PageRequest::first(MAX_LIMIT).at(place.cursor.take());
            let page = audit::list(tx, &AuditFilter::default(), &request).await?;
            place.ended = page.next_cursor.is_none();
            place.cursor = page.next_cursor;
            page.items.iter().map(json).collect::<Result<_>>()?
        }
        _ => {
            let rows = rows(tx.conn(), id, part, place.after).await?;
            match rows.last() {
                Some(last) => place.after = last.id,
                None => place.ended = true,
            }
            rows.into_iter().map(|row| row.line).collect()
        }
    };
    Ok((!lines.is_empty()).then(|| Lines {
        count: lines.len(),
        text: lines.into_iter().map(|line| line + "\n").collect(),
    }))
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

struct Row {
    id: Uuid,
    line: String,
}

/// The next rows of a table by id, with these columns and no others.
macro_rules! rows {
    ($table:literal, $columns:literal, $conn:expr, $tenant:expr, $after:expr, $limit:expr) => {
        sqlx::query_as!(
            Row,
            r#"select x.id as "id!", row_to_json(x)::text as "line!" from (select "#
                + $columns
                + " from app."
                + $table
                + " t where tenant_id = $1 and id > $2 order by id limit $3) x order by x.id",
            $tenant.uuid(),
            $after,
            $limit,
        )
        .fetch_all($conn)
        .await?
    };
}

async fn rows(
    conn: &mut PgConnection,
    tenant: TenantId,
    part: Part,
    after: Uuid,
) -> Result<Vec<Row>> {
    Ok(match part {
        Part::Branches => rows!(
            "branches",
            "id, code, name, address, city_corporation, district, region, country, jurisdiction, type, time_zone, status, created_at, updated_at",
            conn, tenant, after, ROWS_A_PAGE
        ),
        Part::People => rows!(
            "people",
            "id, name, email, role, status, mfa_enrolled, last_sign_in_at, created_at, updated_at, deleted_at,
             array(select b.branch_id from app.person_branches b where b.tenant_id = t.tenant_id and b.person_id = t.id
                   order by b.branch_id) as branch_ids",
            conn, tenant, after, ROWS_A_PAGE
        ),
        Part::Templates => rows!(
            "obligation_templates",
            "id, code, category, title, description, authority, citation, jurisdiction, branch_types, recurrence, anchor, lead_days,
             grace_days, severity, required_evidence, source, pack, active, created_at, updated_at",
            conn, tenant, after, ROWS_A_PAGE
        ),
        Part::Obligations => rows!(
            "obligation_instances",
            "id, branch_id, template_id, series_id, predecessor_id, category, title, severity, state, occurrence_on, due_on, grace_days,
             lead_days, recurrence, anchor, owner_id, deputy_id, source, external_id, reference, notes, completed_at, completed_on,
             completed_by, completion_note, waived_at, waived_by, waiver_reason, created_at, updated_at",
            conn, tenant, after, ROWS_A_PAGE
        ),
        Part::Imports => rows!(
            "imports",
            "id, kind, file_name, encode(file_sha256, 'hex') as file_sha256, rows, created, updated, unchanged, rejected, actor_id,
             created_at",
            conn, tenant, after, ROWS_A_PAGE
        ),
        Part::AccessReviews => rows!(
            "access_reviews",
            "id, due_on, started_at, started_by, finished_at, finished_by,
             array(select row_to_json(l) from (
                     select person_id, role, branch_ids, status, mfa_enrolled, last_sign_in_at, token_count, decision, note, decided_at,
                            decided_by, enabled_again_at
                     from app.access_review_rows r where r.tenant_id = t.tenant_id and r.review_id = t.id order by r.person_id) l)
               as rows",
            conn, tenant, after, REVIEWS_A_PAGE
        ),
        Part::Organisation | Part::AuditEvents => Vec::new(),
    })
}
