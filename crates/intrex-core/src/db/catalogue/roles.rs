//! The running roles can do nothing by attribute, membership or setting that their grants do not say.

use sqlx::PgConnection;

use super::Findings;
use crate::error::Result;

/// Roles without any attribute but to sign in.
const PLAIN: [&str; 4] = [
    "intrex_app",
    "intrex_migrate",
    "intrex_owner",
    "intrex_system",
];

pub(super) async fn lint(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    attributes(conn, findings).await?;
    memberships(conn, findings).await?;
    settings(conn, findings).await
}

async fn attributes(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let rows = sqlx::query!(
        r#"select rolname::text as "name!", rolsuper as "superuser!", rolbypassrls as "bypasses!",
                  rolreplication as "replicates!", rolcreaterole as "creates_roles!", rolcreatedb as "creates_databases!",
                  rolcanlogin as "signs_in!", rolinherit as "inherits!"
           from pg_roles where rolname ~ '^intrex_'"#
    )
    .fetch_all(conn)
    .await?;
    for name in PLAIN {
        if !rows.iter().any(|row| row.name == name) {
            findings.add(name, "the role is not there");
        }
    }
    for row in rows {
        let backup = row.name == "intrex_backup";
        let faults = [
            (row.superuser, "is a superuser"),
            (row.bypasses && !backup, "has BYPASSRLS"),
            (row.replicates, "has REPLICATION"),
            (row.creates_roles, "has CREATEROLE"),
            (row.creates_databases, "has CREATEDB"),
            (row.name == "intrex_owner" && row.signs_in, "can sign in"),
            (
                row.name == "intrex_migrate" && row.inherits,
                "has the owner's rights without asking for them",
            ),
            (
                !backup && !PLAIN.contains(&row.name.as_str()),
                "is not one of the product's roles",
            ),
        ];
        for (_, what) in faults.into_iter().filter(|(fault, _)| *fault) {
            findings.add(&row.name, what);
        }
    }
    Ok(())
}

async fn memberships(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    // Whoever ran the first migration without being a superuser had to become a member of the owner: the administrator.
    let rows = sqlx::query!(
        r#"select m.rolname::text as "member!", r.rolname::text as "role!"
           from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles r on r.oid = a.roleid
           where (m.rolname ~ '^intrex_' or r.rolname ~ '^intrex_')
             and not (r.rolname = 'intrex_owner' and m.rolname in ('intrex_migrate', current_user))
             and not (r.rolname = 'pg_read_all_data' and m.rolname = 'intrex_backup') order by 1, 2"#
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        findings.add(row.member, format!("is a member of {}", row.role));
    }
    Ok(())
}

/// A tenant that is set for a role or a database would be there without anybody having asked for it.
async fn settings(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let rows = sqlx::query!(
        r#"select case when s.setrole = 0 then 'the database' else pg_get_userbyid(s.setrole)::text end as "object!",
                  c.setting as "setting!"
           from pg_db_role_setting s cross join lateral unnest(s.setconfig) c (setting)
           left join pg_database d on d.oid = s.setdatabase
           where (s.setdatabase = 0 or d.datname = current_database())
             and c.setting ~ '^(app\.|row_security=|role=|session_replication_role=|session_authorization=)'"#
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        findings.add(row.object, format!("is set to {} by default", row.setting));
    }
    Ok(())
}
