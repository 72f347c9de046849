//! Obligations: the list with its filters in the address, one item with everything about it, and the forms.
//!
//! `list` · `item` one item as a page shows it · `timeline` what comes next and what happened, `reminders` its part from the ledger · `acts` what can be done to an
//! item · `form` the fields of a new or changed item · `write` creating and changing.

mod acts;
mod form;
mod item;
mod list;
mod reminders;
mod timeline;
mod write;

use intrex_core::permission::Permission;

pub(super) use form::{
    RuleForm, choices_of_categories, choices_of_rules, filled_category, filled_rule, lead_days,
};
pub(super) use item::{Seen, version};
pub(super) use list::{Row, severities};

use crate::routes::{Access, Routes};

const READ: Access = Access::Needs(Permission::ObligationsRead);
const CREATE: Access = Access::Needs(Permission::ObligationsCreate);
const UPDATE: Access = Access::Needs(Permission::ObligationsUpdate);
const COMPLETE: Access = Access::Needs(Permission::ObligationsComplete);
const ANSWER: Access = Access::Needs(Permission::RemindersAnswer);
const WAIVE: Access = Access::Needs(Permission::ObligationsWaive);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .page("/obligations", READ, list::show)
        .form("/obligations", CREATE, write::create)
        .page("/obligations/new", CREATE, write::new)
        .page("/obligations/{id}", READ, item::show)
        .form("/obligations/{id}", UPDATE, write::update)
        .page("/obligations/{id}/edit", UPDATE, write::edit)
        .form("/obligations/{id}/acknowledge", ANSWER, acts::acknowledge)
        .form("/obligations/{id}/snooze", ANSWER, acts::snooze)
        .form("/obligations/{id}/assign", UPDATE, acts::assign)
        .form("/obligations/{id}/complete", COMPLETE, acts::complete)
        .form("/obligations/{id}/reopen", UPDATE, acts::reopen)
        .form("/obligations/{id}/reschedule", UPDATE, acts::reschedule)
        .form("/obligations/{id}/waive", WAIVE, acts::waive)
}
