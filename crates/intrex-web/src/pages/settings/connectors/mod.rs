//! The organisation's connectors: the list with how each does, one of them with what was seen when it was looked at, and the
//! forms by which they are made and changed.
//!
//! `list` all of them · `show` one, and looking at it · `write` making and changing · `fields` the fields of each type ·
//! `rotation` another signing secret · `removal` the end

mod fields;
mod list;
mod removal;
mod rotation;
mod show;
mod write;

use intrex_core::{
    catalogue::{Key, keys},
    connectors::{ConnectorType, Status},
    permission::Permission,
};

use super::super::sign_in::MAX_FORM_BYTES;
use crate::routes::{Access, Kind, Route, Routes, Verb};

pub(super) const PATH: &str = "/settings/connectors";
const MANAGE: Access = Access::Needs(Permission::ConnectorsManage);
/// Bytes of the form with a private authority in it.
const MAX_CONNECTOR_FORM: usize = 64 * 1024;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::ConnectorsRead);
    let fresh = |verb, path| Route::new(verb, Kind::Page, path, MANAGE).fresh();
    // A button: where its command asks for the fresh factor, stepping up leads back to the page.
    let button = |path| Route::new(Verb::Post, Kind::Page, path, MANAGE).max_body(MAX_FORM_BYTES);
    routes
        .page(PATH, read, list::list)
        .add(fresh(Verb::Get, "/settings/connectors/new"), write::new)
        .add(
            fresh(Verb::Post, PATH).max_body(MAX_CONNECTOR_FORM),
            write::create,
        )
        .page("/settings/connectors/{id}", read, show::show)
        .add(
            fresh(Verb::Post, "/settings/connectors/{id}").max_body(MAX_CONNECTOR_FORM),
            write::update,
        )
        .add(
            fresh(Verb::Get, "/settings/connectors/{id}/edit"),
            write::edit,
        )
        .add(button("/settings/connectors/{id}/verify"), show::verify)
        .add(button("/settings/connectors/{id}/test"), show::test)
        .add(button("/settings/connectors/{id}/disable"), show::disable)
        .add(button("/settings/connectors/{id}/enable"), show::enable)
        .add(button("/settings/connectors/{id}/promote"), show::promote)
        .add(
            fresh(Verb::Get, "/settings/connectors/{id}/rotate"),
            rotation::form,
        )
        .add(
            fresh(Verb::Post, "/settings/connectors/{id}/rotate").max_body(MAX_FORM_BYTES),
            rotation::rotate,
        )
        .add(
            fresh(Verb::Get, "/settings/connectors/{id}/remove"),
            removal::confirm,
        )
        .add(
            fresh(Verb::Post, "/settings/connectors/{id}/remove").max_body(MAX_FORM_BYTES),
            removal::remove,
        )
}

/// The words for a type.
fn type_words(kind: ConnectorType) -> Key {
    match kind {
        ConnectorType::EmailSmtp => keys::CONNECTOR_TYPE_EMAIL_SMTP,
        ConnectorType::TelegramBot => keys::CONNECTOR_TYPE_TELEGRAM_BOT,
        ConnectorType::WhatsappBusiness => keys::CONNECTOR_TYPE_WHATSAPP_BUSINESS,
        ConnectorType::Webhook => keys::CONNECTOR_TYPE_WEBHOOK,
    }
}

/// A type's icon.
fn icon(kind: ConnectorType) -> &'static str {
    match kind {
        ConnectorType::EmailSmtp => "mail",
        ConnectorType::TelegramBot | ConnectorType::WhatsappBusiness => "message",
        ConnectorType::Webhook => "server",
    }
}

/// How a connector is, as a tag: kind, icon, words.
fn status_tag(status: Status) -> (&'static str, &'static str, Key) {
    match status {
        Status::PendingVerification => {
            ("due", "alert", keys::CONNECTOR_STATUS_PENDING_VERIFICATION)
        }
        Status::Active => ("ok", "check", keys::CONNECTOR_STATUS_ACTIVE),
        Status::Error => ("over", "alert", keys::CONNECTOR_STATUS_ERROR),
        Status::Disabled => ("mute", "stop", keys::CONNECTOR_STATUS_DISABLED),
    }
}
