//! Claiming what waits to be sent: reminders, and mail about accounts. One rule of fairness and one kind of lease for all
//! tables with the columns `state`, `next_attempt_at`, `lease_until`, `fence` and `attempts`. The statements are macros,
//! because each is checked against its own table.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::ids::TenantId;

/// A row that is this sender's until its lease ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
    /// Counts the claims: whoever comes back with an older one has lost the row.
    pub(crate) fence: i64,
    pub(crate) attempts: i16,
}

/// The claims of each tenant, which is where they are worked on.
pub(crate) fn by_tenant(claims: Vec<Claim>) -> BTreeMap<TenantId, Vec<Claim>> {
    let mut by_tenant: BTreeMap<TenantId, Vec<Claim>> = BTreeMap::new();
    for claim in claims {
        by_tenant.entry(claim.tenant).or_default().push(claim);
    }
    by_tenant
}

/// Whether a look at a table is worth it, whose rows wait in a state: most of the time nothing is due.
macro_rules! anything_due {
    ($table:literal, $waiting:literal, $conn:expr, $now:expr) => {
        sqlx::query_scalar!(
            "select exists (
               select from "
                + $table
                + " where state in ('"
                + $waiting
                + "', 'sending') and next_attempt_at <= $1 and (state = '"
                + $waiting
                + r#"' or lease_until <= $1)) as "found!""#,
            $now,
        )
        .fetch_one($conn)
    };
}
pub(crate) use anything_due;

/// Claims due rows of a table: every tenant's first before anybody's second, so that one with a hundred thousand waiting does
/// not hold up the others. A suspended tenant's wait.
macro_rules! claim {
    ($table:literal, $waiting:literal, $conn:expr, $now:expr, $lease_until:expr, $a_tenant:expr, $limit:expr) => {
        sqlx::query_as!(
            $crate::outbox::Claim,
            r#"with candidates as (
                 select due.tenant_id, due.id
                 from app.tenants t
                 cross join lateral (
                   select s.tenant_id, s.id, s.next_attempt_at, row_number() over (order by s.next_attempt_at, s.id) as turn
                   from "#
                + $table
                + " s
                   where s.tenant_id = t.id and s.state in ('"
                + $waiting
                + "', 'sending') and s.next_attempt_at <= $1 and (s.state = '"
                + $waiting
                + "' or s.lease_until <= $1)
                   order by s.next_attempt_at, s.id limit $3) due
                 where t.status = 'active'
                 order by due.turn, due.next_attempt_at, due.id limit $4
               ), chosen as (
                 select s.tenant_id, s.id
                 from "
                + $table
                + " s join candidates c on c.tenant_id = s.tenant_id and c.id = s.id
                 where s.state in ('"
                + $waiting
                + "', 'sending') and s.next_attempt_at <= $1 and (s.state = '"
                + $waiting
                + "' or s.lease_until <= $1)
                 for update of s skip locked
               )
               update "
                + $table
                + r#" s
               set state = 'sending', lease_until = $2, fence = s.fence + 1, attempts = least(s.attempts + 1, 1000)
               from chosen c where s.tenant_id = c.tenant_id and s.id = c.id
               returning s.tenant_id as "tenant: crate::ids::TenantId", s.id, s.fence, s.attempts"#,
            $now,
            $lease_until,
            $a_tenant,
            $limit,
        )
        .fetch_all($conn)
    };
}
pub(crate) use claim;
