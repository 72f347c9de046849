//! The wall between tenants, and between branches, as the database itself holds it.

mod branches;
pub(crate) mod cancellation;
mod roles;
mod tenants;

/// A statement that copies a visible obligation into another branch.
fn copy_to_branch(branch: uuid::Uuid) -> String {
    format!(
        "insert into app.obligation_instances
         select (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(), 'branch_id', '{branch}'))).*
         from app.obligation_instances o limit 1"
    )
}
