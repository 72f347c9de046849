//! Refuses to run as a role that sees around row level security: superuser, BYPASSRLS, owner or member of anything.

use sqlx::PgPool;

use crate::error::{Error, Result};

/// The program was given a role that row level security does not hold.
#[derive(Debug, thiserror::Error)]
#[error(
    "refusing to run as the database role `{role}`: {why}. Give the role {expected} in its place"
)]
pub struct DangerousRole {
    role: String,
    why: &'static str,
    expected: &'static str,
}

pub(super) async fn refuse_dangerous_role(pool: &PgPool, expected: &'static str) -> Result<()> {
    let role = sqlx::query!(
        r#"select r.rolname as "name!", r.rolsuper as "superuser!", r.rolbypassrls as "bypasses!",
                  r.rolreplication as "replicates!", r.rolcreaterole as "creates_roles!",
                  exists (select from pg_auth_members m where m.member = r.oid) as "member!",
                  exists (select from pg_class c where c.relowner = r.oid) as "owner!"
           from pg_roles r where r.rolname = current_user"#
    )
    .fetch_one(pool)
    .await?;
    let faults = [
        (role.superuser, "it is a superuser"),
        (role.bypasses, "it has BYPASSRLS"),
        (role.replicates, "it has REPLICATION"),
        (role.creates_roles, "it has CREATEROLE"),
        (role.member, "it is a member of another role"),
        (role.owner, "it owns tables"),
        (
            role.name != expected,
            "it is not the role that is meant here",
        ),
    ];
    match faults.into_iter().find(|(fault, _)| *fault) {
        Some((_, why)) => Err(Error::internal(DangerousRole {
            role: role.name,
            why,
            expected,
        })),
        None => Ok(()),
    }
}
