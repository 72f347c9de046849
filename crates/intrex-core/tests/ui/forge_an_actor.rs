//! An actor is made in the core only, from a credential that was checked.
// error[E0616]: field `who` of struct `Actor` is private
// error: cannot construct `Actor` with struct literal syntax due to private fields
// error[E0624]: associated function `person` is private
// error[E0624]: associated function `worker` is private
// error[E0616]: field `tenant` of struct `Actor` is private
// error[E0599]: no function or associated item named `default` found for struct `Actor` in the current scope

use intrex_core::{
    Actor,
    actor::{BranchScope, Request},
    ids::{PersonId, SessionId, TenantId},
    permission::Role,
};

pub fn by_literal(tenant: TenantId, other: &Actor) -> Actor {
    Actor { tenant, scope: BranchScope::All, request: Request::default(), who: other.who.clone() }
}

pub fn by_constructor(tenant: TenantId, person: PersonId, session: SessionId) -> Actor {
    Actor::person(
        tenant,
        person,
        Role::HeadOfficeAdmin,
        session,
        BranchScope::All,
        Request::default(),
    )
}

pub fn as_background_work(tenant: TenantId) -> Actor {
    Actor::worker(tenant, "mine")
}

pub fn for_another_tenant(mut actor: Actor, tenant: TenantId) -> Actor {
    actor.tenant = tenant;
    actor
}

pub fn by_default() -> Actor {
    Actor::default()
}
