//! Version 1, one file a noun: its handlers call the same commands and reads as the pages.

mod access_reviews;
mod answers;
mod audit;
mod branches;
mod connectors;
mod deliveries;
mod health;
mod identities;
mod imports;
mod jurisdictions;
mod notification_preferences;
mod notification_routes;
mod notifications;
mod obligations;
mod oidc;
mod organisation;
mod packs;
mod passkeys;
mod reports;
mod second_factor;
mod security;
mod sessions;
mod templates;
mod tokens;
mod users;

use utoipa::{OpenApi as _, openapi::OpenApi as Document};

use crate::routes::Routes;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .with(branches::routes)
        .with(obligations::routes)
        .with(templates::routes)
        .with(packs::routes)
        .with(jurisdictions::routes)
        .with(imports::routes)
        .with(notifications::routes)
        .with(answers::routes)
        .with(reports::routes)
        .with(audit::routes)
        .with(users::routes)
        .with(sessions::routes)
        .with(second_factor::routes)
        .with(passkeys::routes)
        .with(identities::routes)
        .with(oidc::routes)
        .with(organisation::routes)
        .with(tokens::routes)
        .with(connectors::routes)
        .with(deliveries::routes)
        .with(notification_routes::routes)
        .with(notification_preferences::routes)
        .with(security::routes)
        .with(health::routes)
        .with(access_reviews::routes)
}

/// Adds what each noun says about itself.
pub(super) fn describe(document: &mut Document) {
    for part in [
        branches::Description::openapi(),
        health::Description::openapi(),
        obligations::Description::openapi(),
        templates::Description::openapi(),
        packs::Description::openapi(),
        jurisdictions::Description::openapi(),
        imports::Description::openapi(),
        notifications::Description::openapi(),
        answers::Description::openapi(),
        reports::Description::openapi(),
        audit::Description::openapi(),
        users::Description::openapi(),
        sessions::Description::openapi(),
        second_factor::Description::openapi(),
        passkeys::Description::openapi(),
        identities::Description::openapi(),
        oidc::Description::openapi(),
        organisation::Description::openapi(),
        tokens::Description::openapi(),
        connectors::Description::openapi(),
        deliveries::Description::openapi(),
        notification_routes::Description::openapi(),
        notification_preferences::Description::openapi(),
        security::Description::openapi(),
        access_reviews::Description::openapi(),
    ] {
        document.merge(part);
    }
}
