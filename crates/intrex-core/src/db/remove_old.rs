//! Removing what is old enough, a bounded number of rows at a time, the oldest first. A macro, because each statement is
//! checked against its own table: one with `tenant_id`, `id` and the time after which a row is old.

/// Removes the rows of one tenant whose time lies before a point; how many.
macro_rules! remove_old {
    ($table:literal, $time:literal, $conn:expr, $tenant:expr, $before:expr, $limit:expr) => {
        sqlx::query!(
            "delete from "
                + $table
                + " t using (select id from "
                + $table
                + " where tenant_id = $1 and "
                + $time
                + " < $2 order by "
                + $time
                + " limit $3) old where t.tenant_id = $1 and t.id = old.id",
            $tenant.uuid(),
            $before,
            $limit,
        )
        .execute($conn)
        .await?
        .rows_affected()
    };
}
pub(crate) use remove_old;
