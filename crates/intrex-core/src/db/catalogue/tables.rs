//! Every table is in the list, every table in the list is there, and each has exactly the policies that it must have, word
//! for word.

use sqlx::PgConnection;

use super::{Branch, Findings, TABLES, Table, expected, system_commands};
use crate::error::Result;

/// How PostgreSQL prints the tenant's predicate; `{}` is the column.
const TENANT: &str =
    "({} = (NULLIF(current_setting('app.current_tenant'::text, true), ''::text))::uuid)";
/// How it prints the predicate of branches.
const BRANCH: &str = "CASE ( SELECT current_setting('app.current_branches'::text, true) AS current_setting) \
    WHEN '*'::text THEN true \
    ELSE ({} = ANY ((( SELECT CASE \
    WHEN (current_setting('app.current_branches'::text, true) = ANY (ARRAY[''::text, '*'::text])) THEN NULL::text[] \
    ELSE string_to_array(current_setting('app.current_branches'::text, true), ','::text) \
    END AS string_to_array))::uuid[])) END";
/// How it prints the predicate of rows that are removed with their organisation and not before.
const LEAVING: &str = "(( SELECT t.status FROM app.tenants t \
    WHERE (t.id = (NULLIF(current_setting('app.current_tenant'::text, true), ''::text))::uuid)) = 'deleting'::text)";
/// How it prints the predicate of the role that looks across tenants.
const SYSTEM: &str = "(CURRENT_USER = 'intrex_system'::name)";

/// A policy, as it is or as it must be. Commands as in `pg_policy`: `*`, `r`, `a`, `w`, `d`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Policy {
    name: String,
    permissive: bool,
    command: String,
    role: String,
    using: Option<String>,
    check: Option<String>,
}

pub(super) async fn lint(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let tables = sqlx::query!(
        r#"select c.relname::text as "name!", c.relkind::text as "kind!", n.nspname::text as "schema!",
                  c.relrowsecurity as "secured!", c.relforcerowsecurity as "forced!",
                  pg_get_userbyid(c.relowner)::text as "owner!", obj_description(c.oid, 'pg_class') as comment
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
           order by n.nspname, c.relname"#
    )
    .fetch_all(&mut *conn)
    .await?;
    for missing in TABLES
        .iter()
        .filter(|table| !tables.iter().any(|found| found.name == table.name))
    {
        findings.add(missing.name, "the table is not there");
    }
    for found in tables {
        if found.schema != "app" {
            let name = format!("{}.{}", found.schema, found.name);
            findings.add(name, "stands outside the schema app");
            continue;
        }
        if found.kind == "v" || found.kind == "m" {
            continue;
        }
        if found.owner != "intrex_owner" {
            let what = format!("is owned by {}, not by intrex_owner", found.owner);
            findings.add(&found.name, what);
        }
        let Some(table) = expected(&found.name).filter(|_| found.kind != "f") else {
            findings.add(&found.name, "is not in the list of the catalogue lint");
            continue;
        };
        if found.comment.is_none() && !found.name.starts_with('_') {
            findings.add(&found.name, "has no comment");
        }
        if table.tenant.is_some() && !(found.secured && found.forced) {
            findings.add(&found.name, "row level security is not enabled and forced");
        }
        policies(conn, table, findings).await?;
        tenant_column(conn, table, findings).await?;
    }
    Ok(())
}

async fn policies(conn: &mut PgConnection, table: &Table, findings: &mut Findings) -> Result<()> {
    let found: Vec<Policy> = sqlx::query!(
        r#"select p.polname::text as "name!", p.polpermissive as "permissive!", p.polcmd::text as "command!",
                  coalesce((select string_agg(r.rolname, ' ' order by r.rolname) from pg_roles r
                            where r.oid = any(p.polroles)), 'public') as "role!",
                  pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as "check"
           from pg_policy p join pg_class c on c.oid = p.polrelid
           where c.relnamespace = 'app'::regnamespace and c.relname = $1 order by p.polname"#,
        table.name
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| Policy {
        name: row.name,
        permissive: row.permissive,
        command: row.command,
        role: row.role,
        using: row.using.map(|text| on_one_line(&text)),
        check: row.check.map(|text| on_one_line(&text)),
    })
    .collect();
    let wanted = wanted(table);
    for policy in &wanted {
        match found.iter().find(|found| found.name == policy.name) {
            None => findings.add(table.name, format!("the policy {} is missing", policy.name)),
            Some(found) if found != policy => findings.add(
                table.name,
                format!("the policy {} is not as it must be: {found:?}", policy.name),
            ),
            Some(_) => {}
        }
    }
    for policy in found {
        if !wanted.iter().any(|wanted| wanted.name == policy.name) {
            findings.add(
                table.name,
                format!("the policy {} is one too many", policy.name),
            );
        }
    }
    Ok(())
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Exactly the policies of a table.
fn wanted(table: &Table) -> Vec<Policy> {
    let Some(column) = table.tenant else {
        return Vec::new();
    };
    let policy = |name: &str, permissive, command: &str, role: &str, predicate: &str| Policy {
        name: name.to_owned(),
        permissive,
        command: command.to_owned(),
        role: role.to_owned(),
        using: (command != "a").then(|| predicate.to_owned()),
        check: matches!(command, "*" | "a" | "w").then(|| predicate.to_owned()),
    };
    let tenant = TENANT.replace("{}", column);
    let mut wanted = vec![
        policy("tenant_isolation", true, "*", "intrex_app", &tenant),
        policy("tenant_isolation_strict", false, "*", "intrex_app", &tenant),
        policy("migrate_access", true, "*", "intrex_owner", &tenant),
    ];
    let branch = match table.branch {
        Branch::Whole => None,
        Branch::By(column) => Some((column, "*")),
        Branch::ReadBy(column) => Some((column, "r")),
    };
    if let Some((column, command)) = branch {
        let predicate = BRANCH.replace("{}", column);
        wanted.push(policy(
            "branch_isolation",
            false,
            command,
            "intrex_app",
            &predicate,
        ));
    }
    if table.kept_until_leaving {
        wanted.push(policy("tenant_leaving", false, "d", "intrex_app", LEAVING));
    }
    for command in system_commands(table.name) {
        let name = format!("system_access_{command}");
        let letter = match command {
            "select" => "r",
            "insert" => "a",
            "update" => "w",
            _ => "d",
        };
        wanted.push(policy(&name, true, letter, "intrex_system", SYSTEM));
    }
    wanted
}

/// The column that the policies stand on is there, is a UUID, and is never null: a null would slip through foreign keys.
async fn tenant_column(
    conn: &mut PgConnection,
    table: &Table,
    findings: &mut Findings,
) -> Result<()> {
    let columns = sqlx::query!(
        r#"select a.attname::text as "name!", a.attnotnull as "not_null!", a.atttypid = 'uuid'::regtype as "uuid!"
           from pg_attribute a join pg_class c on c.oid = a.attrelid
           where c.relnamespace = 'app'::regnamespace and c.relname = $1 and a.attnum > 0 and not a.attisdropped"#,
        table.name
    )
    .fetch_all(conn)
    .await?;
    let column = |name: &str| columns.iter().find(|column| column.name == name);
    match table.tenant {
        Some(name) if !column(name).is_some_and(|column| column.not_null && column.uuid) => {
            findings.add(
                table.name,
                format!("{name} is not a uuid that is never null"),
            );
        }
        None if column("tenant_id").is_some() => {
            findings.add(table.name, "has a tenant_id, and is listed as nobody's");
        }
        _ => {}
    }
    if column("branch_id").is_some() && !BRANCHES_WITHOUT_POLICY.contains(&table.name) {
        match table.branch {
            Branch::Whole => findings.add(table.name, "has a branch_id and no branch policy"),
            Branch::By(_) | Branch::ReadBy(_) => {}
        }
    }
    Ok(())
}

/// Tables with a branch whose rows are not narrowed to branches: authentication reads one to learn the scope; the other is head
/// office's alone, and the planner's, who see all branches.
const BRANCHES_WITHOUT_POLICY: &[&str] = &["person_branches", "notification_routes"];
