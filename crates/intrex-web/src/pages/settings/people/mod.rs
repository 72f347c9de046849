//! People: who works here, one of them, and what whoever manages them does. What somebody may not do is not offered; a branch
//! manager finds the people of the own branches, and acts for those who work nowhere else.
//!
//! `list` · `show` one person and their sessions · `write` inviting and changing · `acts` what is done by one button ·
//! `credentials` taking a second factor away · `removal` deleting for good.

mod acts;
mod credentials;
mod list;
mod removal;
mod show;
mod write;

use intrex_core::{
    branches::{self, BranchName},
    catalogue::keys,
    db::ReadTx,
    ids::{BranchId, PersonId},
    people::{Person, PersonStatus},
    permission::{Permission, Role},
};

use crate::{
    answer::{Fault, Page},
    routes::{Access, Kind, Route, Routes, Verb},
    words::Tag,
};

const PATH: &str = "/settings/people";
const NEW: &str = "/settings/people/new";
const ONE: &str = "/settings/people/{id}";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::PeopleRead);
    let write = Access::Needs(Permission::PeopleWrite);
    let credentials = Access::Needs(Permission::PeopleCredentials);
    let delete = Access::Needs(Permission::PeopleDelete);
    let sessions = Access::Needs(Permission::SessionsManage);
    let fresh = |verb, path, access| Route::new(verb, Kind::Page, path, access).fresh();
    routes
        .page(PATH, read, list::list)
        .add(fresh(Verb::Get, NEW, write), write::new)
        .add(fresh(Verb::Post, PATH, write), write::invite)
        .page(ONE, read, show::show)
        .add(
            fresh(Verb::Get, "/settings/people/{id}/edit", write),
            write::edit,
        )
        .add(fresh(Verb::Post, ONE, write), write::update)
        .form("/settings/people/{id}/reinvite", write, acts::reinvite)
        .form("/settings/people/{id}/disable", write, acts::disable)
        .form("/settings/people/{id}/enable", write, acts::enable)
        .form(
            "/settings/people/{id}/require-password-change",
            credentials,
            acts::require_password_change,
        )
        .form("/settings/people/{id}/unlock", credentials, acts::unlock)
        .form(
            "/settings/people/{id}/end-sessions",
            sessions,
            acts::end_sessions,
        )
        .form(
            "/settings/people/{id}/end-session",
            sessions,
            acts::end_session,
        )
        .add(
            fresh(Verb::Get, "/settings/people/{id}/reset-mfa", credentials),
            credentials::ask,
        )
        .add(
            fresh(Verb::Post, "/settings/people/{id}/reset-mfa", credentials),
            credentials::reset,
        )
        .add(
            fresh(Verb::Get, "/settings/people/{id}/delete", delete),
            removal::ask,
        )
        .add(
            fresh(Verb::Post, "/settings/people/{id}/delete", delete),
            removal::delete,
        )
}

fn at(id: PersonId) -> String {
    format!("{PATH}/{id}")
}

/// Whether somebody can sign in, in words.
fn status_tag(page: &Page, person: &Person) -> Tag {
    let (kind, icon, words) = match person.status {
        PersonStatus::Invited => ("info", "mail", keys::PERSON_INVITED),
        PersonStatus::Active if person.dormant == Some(true) => {
            ("due", "clock", keys::PERSON_DORMANT)
        }
        PersonStatus::Active => ("ok", "check", keys::PERSON_ACTIVE),
        PersonStatus::Disabled => ("mute", "stop", keys::PERSON_DISABLED),
    };
    Tag {
        kind,
        icon,
        words: page.t(words),
    }
}

/// The names of somebody's branches. Those that have been closed are not among the ones to choose from, and are counted.
fn branch_names(page: &Page, person: &Person, branches: &[BranchName]) -> String {
    if person.role == Role::HeadOfficeAdmin {
        return page.t(keys::PERSON_EVERY_BRANCH);
    }
    let known = |id: &BranchId| branches.iter().find(|branch| branch.id == *id);
    let mut names: Vec<&str> = person
        .branch_ids
        .iter()
        .filter_map(known)
        .map(|branch| branch.name.as_str())
        .collect();
    names.sort_unstable();
    let closed = person.branch_ids.len() - names.len();
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    if closed > 0 {
        names.push(page.t1(keys::PERSON_CLOSED_BRANCHES, "count", closed));
    }
    match names.is_empty() {
        true => page.t(keys::PERSON_NO_BRANCHES),
        false => names.join(", "),
    }
}

/// The branches that the reader sees, as far as they may.
async fn branches_of(tx: &mut ReadTx) -> Result<Vec<BranchName>, Fault> {
    match tx.actor().can(Permission::BranchesRead) {
        true => Ok(branches::reads::all(tx).await?),
        false => Ok(Vec::new()),
    }
}
