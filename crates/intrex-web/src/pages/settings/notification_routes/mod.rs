//! The organisation's routes: the list in plain sentences, and the form by which they are made and changed, on which what a
//! route would have been for can be looked at before it is kept.
//!
//! `list` all of them · `sentence` a route in words · `write` making and changing · `removal` the end

mod list;
mod removal;
mod sentence;
mod write;

pub(super) use sentence::event;

use intrex_core::permission::Permission;

use super::super::sign_in::MAX_FORM_BYTES;
use crate::routes::{Access, Kind, Route, Routes, Verb};

pub(super) const PATH: &str = "/settings/routes";
const MANAGE: Access = Access::Needs(Permission::RoutesManage);

pub(super) fn routes(routes: Routes) -> Routes {
    let page = |verb, path| Route::new(verb, Kind::Page, path, MANAGE);
    let form = |path| page(Verb::Post, path).max_body(MAX_FORM_BYTES);
    routes
        .page(PATH, Access::Needs(Permission::RoutesRead), list::list)
        .add(page(Verb::Get, "/settings/routes/new"), write::new)
        .add(form(PATH), write::create)
        .add(form("/settings/routes/preview"), write::preview)
        .add(page(Verb::Get, "/settings/routes/{id}"), write::edit)
        .add(form("/settings/routes/{id}"), write::update)
        .add(form("/settings/routes/{id}/preview"), write::preview_change)
        .add(
            page(Verb::Get, "/settings/routes/{id}/remove"),
            removal::confirm,
        )
        .add(form("/settings/routes/{id}/remove"), removal::remove)
}
