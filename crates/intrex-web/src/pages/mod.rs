//! Pages, one file a noun: what is read, what its forms do. A handler reads everything that the page shows in one
//! transaction, or runs one command and redirects; what was typed wrong is drawn again beside its sentence.

pub(crate) mod account;
mod answer;
pub(crate) mod audit;
pub(crate) mod branches;
mod deliveries;
pub(crate) mod errors;
pub(crate) mod invitation;
mod jurisdictions;
pub(crate) mod messages;
pub(crate) mod mfa;
pub(crate) mod obligations;
mod oidc;
pub(crate) mod packs;
mod passkey;
pub(crate) mod qr;
mod recovery;
pub(crate) mod seed;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
mod simulator;
pub(crate) mod step_up;
pub(crate) mod templates;
pub(crate) mod theme;
pub(crate) mod today;

pub(crate) use settings::organisation_deletion::PATH as LEAVING_PAGE;

use crate::routes::Routes;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .with(sign_in::routes)
        .with(oidc::routes)
        .with(mfa::routes)
        .with(passkey::routes)
        .with(sign_out::routes)
        .with(step_up::routes)
        .with(invitation::routes)
        .with(account::routes)
        .with(theme::routes)
        .with(today::routes)
        .with(branches::routes)
        .with(obligations::routes)
        .with(templates::routes)
        .with(packs::routes)
        .with(jurisdictions::routes)
        .with(messages::routes)
        .with(simulator::routes)
        .with(deliveries::routes)
        .with(answer::routes)
        .with(audit::routes)
        .with(settings::routes)
}
