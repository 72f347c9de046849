//! Foreign keys between tenant tables carry the tenant, because their checks and cascades see past row level security;
//! unique indexes begin within a tenant, because a collision tells that a row exists.

use sqlx::PgConnection;

use super::{Findings, GLOBAL_UNIQUES, WITHOUT_FOREIGN_KEYS, expected};
use crate::error::Result;

pub(super) async fn lint(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    foreign_keys(conn, findings).await?;
    unique_indexes(conn, findings).await
}

async fn foreign_keys(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let rows = sqlx::query!(
        r#"select con.conname::text as "name!", c.relname::text as "from!", f.relname::text as "to!",
                  con.convalidated as "validated!",
                  (select array_agg(a.attname::text || '>' || b.attname::text order by k.at)
                   from unnest(con.conkey, con.confkey) with ordinality k (own, other, at)
                   join pg_attribute a on a.attrelid = con.conrelid and a.attnum = k.own
                   join pg_attribute b on b.attrelid = con.confrelid and b.attnum = k.other) as "columns!"
           from pg_constraint con join pg_class c on c.oid = con.conrelid join pg_class f on f.oid = con.confrelid
           where con.contype = 'f' and c.relnamespace = 'app'::regnamespace order by con.conname"#
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        if row.from.starts_with(WITHOUT_FOREIGN_KEYS) || row.to.starts_with(WITHOUT_FOREIGN_KEYS) {
            findings.add(&row.name, "ties the audit log to something that cascades");
        }
        if !row.validated {
            findings.add(&row.name, "was never validated");
        }
        let tenant = |name: &str| expected(name).and_then(|table| table.tenant);
        let (Some(own), Some(other)) = (tenant(&row.from), tenant(&row.to)) else {
            continue;
        };
        if !row.columns.contains(&format!("{own}>{other}")) {
            findings.add(&row.name, "is a foreign key without the tenant");
        }
    }
    Ok(())
}

async fn unique_indexes(conn: &mut PgConnection, findings: &mut Findings) -> Result<()> {
    let rows = sqlx::query!(
        r#"select i.relname::text as "name!", c.relname::text as "table!",
                  array(select a.attname::text from pg_attribute a
                        where a.attrelid = c.oid and a.attnum = any(x.indkey::int2[])) as "columns!"
           from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
           where x.indisunique and c.relnamespace = 'app'::regnamespace order by i.relname"#
    )
    .fetch_all(conn)
    .await?;
    for global in GLOBAL_UNIQUES {
        if !rows.iter().any(|row| row.name == *global) {
            findings.add(
                *global,
                "is listed as unique across tenants, and is not there",
            );
        }
    }
    for row in rows {
        let Some(tenant) = expected(&row.table).and_then(|table| table.tenant) else {
            continue;
        };
        let within = row.columns.iter().any(|column| column == tenant);
        if !within && !GLOBAL_UNIQUES.contains(&row.name.as_str()) {
            findings.add(row.name, "is unique across tenants");
        }
    }
    Ok(())
}
