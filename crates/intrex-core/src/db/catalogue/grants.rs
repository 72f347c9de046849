//! Each role has exactly the privileges of the lists, nobody else has any, and nothing may be handed on.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgConnection;

use super::{Findings, SYSTEM, TABLES, expected};
use crate::error::Result;

/// The two running roles.
const RUNNING: [&str; 2] = ["intrex_app", "intrex_system"];

pub(super) async fn lint(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let found = found(conn, findings).await?;
    let wanted = wanted();
    for (place, privileges) in &found {
        for privilege in privileges {
            if !wanted
                .get(place)
                .is_some_and(|some| some.contains(privilege))
            {
                findings.add(
                    &place.0,
                    format!("{} may {privilege}: that is too much", place.1),
                );
            }
        }
    }
    for (place, privileges) in &wanted {
        for privilege in privileges {
            if !found
                .get(place)
                .is_some_and(|some| some.contains(privilege))
            {
                findings.add(
                    &place.0,
                    format!("{} may not {privilege}, and has to", place.1),
                );
            }
        }
    }
    update_of_keys(conn, findings).await?;
    schemas(conn, findings).await?;
    defaults(conn, findings).await
}

/// Relation and role, and what the role may do there: `select`, or `select (column column)`.
type Grants = BTreeMap<(String, String), BTreeSet<String>>;

fn wanted() -> Grants {
    let mut wanted = Grants::new();
    for table in TABLES {
        let may = table.app.split_whitespace().map(str::to_owned).collect();
        wanted.insert((table.name.to_owned(), "intrex_app".to_owned()), may);
    }
    for (table, command, columns) in SYSTEM {
        let privilege = match *columns {
            "*" => (*command).to_owned(),
            columns => format!("{command} ({columns})"),
        };
        wanted
            .entry(((*table).to_owned(), "intrex_system".to_owned()))
            .or_default()
            .insert(privilege);
    }
    wanted
}

async fn found(conn: &mut PgConnection, findings: &mut Findings) -> Result<Grants> {
    // On the whole relation (no column), and by column.
    let rows = sqlx::query!(
        r#"select c.relname::text as "relation!", coalesce(r.rolname::text, 'everybody') as "role!",
                  lower(a.privilege_type) as "privilege!", a.is_grantable as "grantable!", a.columns
           from pg_class c
           cross join lateral (
             select grantee, privilege_type, is_grantable, null::text as columns
             from aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)))
             union all
             select x.grantee, x.privilege_type, bool_or(x.is_grantable), string_agg(t.attname, ' ' order by t.attname)
             from pg_attribute t cross join lateral aclexplode(t.attacl) x
             where t.attrelid = c.oid and not t.attisdropped group by x.grantee, x.privilege_type) a
           left join pg_roles r on r.oid = a.grantee
           where c.relnamespace = 'app'::regnamespace and a.grantee <> c.relowner
           order by c.relname, a.grantee, a.privilege_type"#
    )
    .fetch_all(conn)
    .await?;
    let mut found = Grants::new();
    for row in rows {
        if row.grantable {
            findings.add(
                &row.relation,
                format!("{} may hand {} on", row.role, row.privilege),
            );
        }
        let by_column = expected(&row.relation)
            .is_some_and(|table| table.app.contains("update(columns)") && row.role == RUNNING[0]);
        let privilege = match row.columns {
            None => row.privilege,
            Some(_) if by_column && row.privilege == "update" => "update(columns)".to_owned(),
            Some(columns) => format!("{} ({columns})", row.privilege),
        };
        found
            .entry((row.relation, row.role))
            .or_default()
            .insert(privilege);
    }
    Ok(found)
}

/// A row never moves to another tenant, branch or identity: the columns of primary keys are not updated.
async fn update_of_keys(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let rows = sqlx::query!(
        r#"select c.relname::text as "relation!", t.attname::text as "column!"
           from pg_index i join pg_class c on c.oid = i.indrelid
           join pg_attribute t on t.attrelid = c.oid and t.attnum = any(i.indkey::int2[])
           where i.indisprimary and c.relnamespace = 'app'::regnamespace
             and has_column_privilege('intrex_app', c.oid, t.attnum, 'update')
             and not has_table_privilege('intrex_app', c.oid, 'update')"#
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let what = format!("intrex_app may change {}, a column of its key", row.column);
        findings.add(row.relation, what);
    }
    Ok(())
}

/// Nobody but the owner creates anything; nobody but the product's roles comes in.
async fn schemas(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let rows = sqlx::query!(
        r#"select 'the schema ' || n.nspname as "object!", coalesce(r.rolname::text, 'everybody') as "role!",
                  lower(a.privilege_type) as "privilege!"
           from pg_namespace n
           cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
           left join pg_roles r on r.oid = a.grantee
           where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and a.grantee <> n.nspowner
             and not (n.nspname = 'app' and coalesce(r.rolname, '') in ('intrex_app', 'intrex_system') and a.privilege_type = 'USAGE')
           union all
           select 'the database ' || d.datname, coalesce(r.rolname::text, 'everybody'), lower(a.privilege_type)
           from pg_database d
           cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
           left join pg_roles r on r.oid = a.grantee
           where d.datname = current_database() and a.grantee <> d.datdba
             and not (coalesce(r.rolname, '') in ('intrex_migrate', 'intrex_app', 'intrex_system', 'intrex_backup')
                      and a.privilege_type = 'CONNECT')"#
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        findings.add(
            row.object,
            format!("{} has the privilege {}", row.role, row.privilege),
        );
    }
    Ok(())
}

/// What is made later gives nobody anything by itself.
async fn defaults(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let rows = sqlx::query!(
        r#"select pg_get_userbyid(d.defaclrole)::text as "maker!", coalesce(r.rolname::text, 'everybody') as "role!",
                  lower(a.privilege_type) as "privilege!"
           from pg_default_acl d cross join lateral aclexplode(d.defaclacl) a
           left join pg_roles r on r.oid = a.grantee
           where a.grantee <> d.defaclrole"#
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in rows {
        let what = format!(
            "gives {} the privilege {} on what it makes",
            row.role, row.privilege
        );
        findings.add(row.maker, what);
    }
    let closed = sqlx::query_scalar!(
        r#"select exists (select from pg_default_acl where defaclrole = 'intrex_owner'::regrole and defaclobjtype = 'f'
                          and defaclnamespace = 0) as "closed!""#
    )
    .fetch_one(conn)
    .await?;
    if !closed {
        findings.add(
            "intrex_owner",
            "everybody may execute the functions that it makes",
        );
    }
    Ok(())
}
