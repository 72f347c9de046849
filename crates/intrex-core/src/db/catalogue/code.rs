//! Code in the database sees what its owner sees, and the planner trusts what it is told about it: no definer functions,
//! none that everybody may call, none that claim to be immutable or leakproof, no views with their owner's eyes, no
//! triggers but those of the list.

use sqlx::PgConnection;

use super::{Findings, TRIGGERS};
use crate::error::Result;

pub(super) async fn lint(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    functions(conn, findings).await?;
    views(conn, findings).await?;
    triggers(conn, findings).await
}

async fn functions(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let rows = sqlx::query!(
        r#"select p.oid::regprocedure::text as "name!", p.prosecdef as "definer!", p.proleakproof as "leakproof!",
                  p.provolatile = 'i' as "immutable!", pg_get_userbyid(p.proowner)::text as "owner!",
                  array(select coalesce(r.rolname::text, 'everybody')
                        from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                        left join pg_roles r on r.oid = a.grantee where a.grantee <> p.proowner) as "callers!"
           from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1"#
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let faults = [
            (row.definer, "runs with its owner's rights"),
            (row.leakproof, "claims to be leakproof"),
            // The plan cache keeps what an immutable function once answered: one tenant's id for the next one.
            (row.immutable, "claims to be immutable"),
            (row.owner != "intrex_owner", "is not owned by intrex_owner"),
        ];
        for (_, what) in faults.into_iter().filter(|(fault, _)| *fault) {
            findings.add(&row.name, what);
        }
        for caller in row.callers {
            findings.add(&row.name, format!("may be executed by {caller}"));
        }
    }
    Ok(())
}

async fn views(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let rows = sqlx::query!(
        r#"select c.relname::text as "name!", c.relkind = 'm' as "materialised!",
                  coalesce(c.reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1'], false)
                  as "invoker!"
           from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('v', 'm') order by 1"#
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in rows {
        if row.materialised {
            findings.add(
                row.name,
                "is a materialised view: row level security does not reach it",
            );
        } else if !row.invoker {
            findings.add(row.name, "is a view that sees with its owner's eyes");
        }
    }
    let rules = sqlx::query!(
        r#"select w.rulename::text as "rule!", c.relname::text as "table!"
           from pg_rewrite w join pg_class c on c.oid = w.ev_class
           where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') order by 1"#
    )
    .fetch_all(conn)
    .await?;
    for row in rules {
        findings.add(
            row.table,
            format!("the rule {} rewrites its statements", row.rule),
        );
    }
    Ok(())
}

async fn triggers(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let rows = sqlx::query!(
        r#"select c.relname::text as "table!", t.tgname::text as "name!", t.tgenabled = 'A' as "always!"
           from pg_trigger t join pg_class c on c.oid = t.tgrelid
           where c.relnamespace = 'app'::regnamespace and not t.tgisinternal order by 1, 2"#
    )
    .fetch_all(conn)
    .await?;
    for (table, trigger) in TRIGGERS {
        match rows
            .iter()
            .find(|row| row.name == *trigger && row.table == *table)
        {
            None => findings.add(*table, format!("the trigger {trigger} is missing")),
            Some(row) if !row.always => {
                findings.add(
                    *table,
                    format!("the trigger {trigger} is not enabled always"),
                );
            }
            Some(_) => {}
        }
    }
    for row in rows {
        if !TRIGGERS.contains(&(row.table.as_str(), row.name.as_str())) {
            findings.add(
                row.table,
                format!("the trigger {} is one too many", row.name),
            );
        }
    }
    Ok(())
}
