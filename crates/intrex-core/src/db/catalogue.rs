//! What the database's catalogue must look like, and the lint that compares. Row level security protects only what it was
//! switched on for: a table without it, a policy too many, a grant too wide or a foreign key without its tenant are found
//! here, by the tests and by `intrex doctor`, and not by an incident.
//!
//! This file has the lists, and a new table needs its line in them: [`TABLES`], [`SYSTEM`], [`GLOBAL_UNIQUES`],
//! [`TRIGGERS`]. The rules: `tables` (policies) · `grants` · `keys` (foreign and unique) · `code` (functions, triggers,
//! views) · `roles`.

mod code;
mod grants;
mod keys;
mod roles;
mod tables;

use std::fmt;

use sqlx::PgConnection;

use crate::error::Result;

/// Something in the catalogue that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Table, policy, function or role.
    pub object: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.what)
    }
}

/// What is found in one reading.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, object: impl Into<String>, what: impl Into<String>) {
        self.0.push(Finding {
            object: object.into(),
            what: what.into(),
        });
    }
}

/// Compares the catalogue of a database with the lists. Nothing found is how it must be. Any role can ask, in a transaction
/// of its own making too; an administrator is meant.
pub async fn lint(admin: &mut PgConnection) -> Result<Vec<Finding>> {
    let mut findings = Findings::default();
    tables::lint(admin, &mut findings).await?;
    grants::lint(admin, &mut findings).await?;
    keys::lint(admin, &mut findings).await?;
    code::lint(admin, &mut findings).await?;
    roles::lint(admin, &mut findings).await?;
    Ok(findings.0)
}

/// A table of the schema `app`.
#[derive(Debug, Clone, Copy)]
struct Table {
    name: &'static str,
    /// The column with the tenant's id; none where no row belongs to a tenant.
    tenant: Option<&'static str>,
    branch: Branch,
    /// Whether its rows go with their organisation and not before.
    kept_until_leaving: bool,
    /// What `intrex_app` may do. `update(columns)` is a grant for some columns, `update` one for all of them.
    app: &'static str,
}

/// Whether rows are narrowed to the actor's branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Branch {
    /// They are not.
    Whole,
    /// By this column, for reading and writing.
    By(&'static str),
    /// By this column, for reading: somebody with a narrower scope still writes.
    ReadBy(&'static str),
}

const fn table(name: &'static str, app: &'static str) -> Table {
    Table {
        name,
        tenant: Some("tenant_id"),
        branch: Branch::Whole,
        kept_until_leaving: false,
        app,
    }
}

impl Table {
    const fn of_nobody(self) -> Self {
        Table {
            tenant: None,
            ..self
        }
    }

    const fn tenant_in(self, column: &'static str) -> Self {
        Table {
            tenant: Some(column),
            ..self
        }
    }

    const fn branch(self, branch: Branch) -> Self {
        Table { branch, ..self }
    }

    /// May be deleted from by an organisation that is being deleted, and by nobody else.
    const fn kept_until_leaving(self) -> Self {
        Table {
            kept_until_leaving: true,
            ..self
        }
    }
}

/// Every table. What a life of an organisation never removes is `kept_until_leaving`. `person_branches` has no branch policy because authentication reads it to learn the scope; `imports`,
/// `jobs`, access reviews and the tables of people and credentials do not belong to a branch.
const TABLES: &[Table] = &[
    table("_sqlx_migrations", "").of_nobody(),
    table("access_review_rows", "select insert update(columns) delete").kept_until_leaving(),
    table("access_reviews", "select insert update(columns) delete").kept_until_leaving(),
    table("account_mail", "select insert update(columns) delete"),
    table("acknowledgements", "select insert delete")
        .kept_until_leaving()
        .branch(Branch::By("branch_id")),
    table("answer_links", "select insert update(columns) delete"),
    table("api_tokens", "select insert update(columns) delete"),
    table("applied_packs", "select insert update(columns) delete"),
    table("audit_cursor", "select").of_nobody(),
    table("audit_events", "select insert").branch(Branch::ReadBy("branch_id")),
    table("audit_heads", "select"),
    table("audit_leaves", "select"),
    table("branches", "select insert update(columns) delete")
        .branch(Branch::By("id"))
        .kept_until_leaving(),
    table("connector_secrets", "select insert update(columns) delete"),
    table("connectors", "select insert update(columns) delete").kept_until_leaving(),
    table("csp_reports", "select insert update delete"),
    table("data_keys", "select insert update(columns)"),
    table("delivery_attempts", "select insert update(columns) delete"),
    table("delivery_fingerprints", "select insert delete").kept_until_leaving(),
    table("digest_wishes", "select insert update(columns) delete"),
    table("digests", "select insert delete"),
    table("email_changes", "select insert update(columns) delete"),
    table("heartbeats", "select").of_nobody(),
    table("holidays", "select insert delete"),
    table("idempotency_keys", "select insert delete"),
    table("imports", "select insert delete").kept_until_leaving(),
    table("installation", "select").of_nobody(),
    table("invitations", "select insert update(columns) delete"),
    table("jobs", "select insert update(columns) delete"),
    table("jurisdictions", "select insert update(columns) delete"),
    table("known_devices", "select insert update(columns) delete"),
    table("known_networks", "select insert update(columns) delete"),
    table(
        "notification_deliveries",
        "select insert update(columns) delete",
    )
    .kept_until_leaving()
    .branch(Branch::By("branch_id")),
    table(
        "notification_events",
        "select insert update(columns) delete",
    )
    .kept_until_leaving()
    .branch(Branch::By("branch_id")),
    table("notification_opt_outs", "select insert delete"),
    table(
        "notification_routes",
        "select insert update(columns) delete",
    ),
    table(
        "obligation_instances",
        "select insert update(columns) delete",
    )
    .kept_until_leaving()
    .branch(Branch::By("branch_id")),
    table(
        "obligation_templates",
        "select insert update(columns) delete",
    ),
    table("oidc_attempts", "select insert update(columns) delete"),
    table("oidc_domains", "select insert update(columns) delete"),
    table("oidc_identities", "select insert update(columns) delete"),
    table("oidc_providers", "select insert update(columns) delete"),
    table("passkey_challenges", "select insert update(columns) delete"),
    table("passkeys", "select insert update(columns) delete"),
    table("password_history", "select insert delete"),
    table("password_resets", "select insert update(columns) delete"),
    table("pending_factors", "select insert update(columns) delete"),
    table("people", "select insert update(columns) delete").kept_until_leaving(),
    table("person_branches", "select insert delete"),
    table("recovery_codes", "select insert delete"),
    table("reminder_slots", "select insert update(columns) delete")
        .kept_until_leaving()
        .branch(Branch::By("branch_id")),
    table("security_events", "select insert update(columns) delete"),
    table("security_tallies", "select insert update(columns) delete"),
    table(
        "security_thresholds",
        "select insert update(columns) delete",
    )
    .kept_until_leaving(),
    table("sessions", "select insert update(columns) delete"),
    table("sign_in_counters", "select insert update delete"),
    table("snoozes", "select insert update(columns) delete").branch(Branch::By("branch_id")),
    table("tenants", "select insert update(columns)").tenant_in("id"),
];

/// Everything that `intrex_system` may do: table, command, columns (`*`: all). On tables with tenants each line has its
/// policy `system_access_<command>`. A line more here is a hole more in the wall between tenants: give the reason in the
/// migration.
const SYSTEM: &[(&str, &str, &str)] = &[
    (
        "account_mail",
        "select",
        "attempts fence id lease_until next_attempt_at state tenant_id",
    ),
    ("account_mail", "update", "attempts fence lease_until state"),
    ("audit_cursor", "select", "*"),
    ("audit_cursor", "update", "fence holder lease_until pos xid"),
    (
        "audit_events",
        "select",
        "entry epoch id partition_key pos tenant_id xid",
    ),
    ("audit_heads", "insert", "*"),
    ("audit_heads", "select", "*"),
    ("audit_heads", "update", "*"),
    ("audit_leaves", "insert", "*"),
    ("audit_leaves", "select", "*"),
    ("connectors", "select", "id parked_until tenant_id"),
    ("heartbeats", "insert", "*"),
    ("heartbeats", "select", "*"),
    ("heartbeats", "update", "*"),
    ("installation", "select", "*"),
    (
        "jobs",
        "select",
        "attempts fence id key kind lease_until run_at tenant_id",
    ),
    ("jobs", "update", "attempts fence lease_until"),
    (
        "notification_deliveries",
        "select",
        "attempts fence id lease_until next_attempt_at state tenant_id way",
    ),
    (
        "notification_deliveries",
        "update",
        "attempts fence lease_until state",
    ),
    (
        "oidc_domains",
        "select",
        "domain proven_at provider_id tenant_id",
    ),
    ("people", "select", "canonical_email id tenant_id"),
    (
        "reminder_slots",
        "select",
        "attempts fence id lease_until next_attempt_at state tenant_id",
    ),
    (
        "reminder_slots",
        "update",
        "attempts fence lease_until state",
    ),
    (
        "tenants",
        "select",
        "created_at deletion_due_at id name status",
    ),
];

/// Unique indexes of tenant tables that reach across tenants. One address belongs to one tenant, because a sign-in starts
/// from it, and so does one proven domain; a chain's key is its tenant's id.
const GLOBAL_UNIQUES: &[&str] = &[
    "audit_heads_pkey",
    "audit_leaves_pkey",
    "oidc_domains_proven",
    "people_canonical_email",
];

/// Every trigger, each of them enabled always: the second wall around the audit log, the keys of what it seals, and the
/// organisations themselves.
const TRIGGERS: &[(&str, &str)] = &[
    ("audit_events", "audit_events_append_only"),
    ("audit_events", "audit_events_no_truncate"),
    ("audit_heads", "audit_heads_kept"),
    ("audit_heads", "audit_heads_no_truncate"),
    ("audit_leaves", "audit_leaves_append_only"),
    ("audit_leaves", "audit_leaves_no_truncate"),
    ("data_keys", "data_keys_kept"),
    ("tenants", "tenants_leaving"),
];

/// Tables to which no foreign key leads and from which none comes: nothing that cascades may reach the log.
const WITHOUT_FOREIGN_KEYS: &str = "audit_";

/// The tables with rows of tenants.
#[cfg(test)]
pub(crate) fn tenant_tables() -> impl Iterator<Item = &'static str> {
    TABLES
        .iter()
        .filter(|table| table.tenant.is_some())
        .map(|table| table.name)
}

fn expected(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// The commands of `intrex_system` on a table, in the order of the list.
fn system_commands(table: &str) -> impl Iterator<Item = &'static str> {
    SYSTEM
        .iter()
        .filter(move |(name, _, _)| *name == table)
        .map(|(_, command, _)| *command)
}
