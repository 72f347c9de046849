//! What machines ask of the installation: whether it is alive and ready, its figures, what its API is, where to report a weakness; and
//! what browsers report to it. None of it tells a version, a name or a secret.

pub(crate) mod bucket;
mod csp_report;
mod health;
pub(crate) mod metrics;
mod well_known;

use crate::{
    assets,
    routes::{Access, Kind, Route, Routes, Verb},
};

pub(crate) fn routes(routes: Routes) -> Routes {
    let probe = |verb, path| Route::new(verb, Kind::Probe, path, Access::Public);
    routes
        .add(probe(Verb::Get, "/healthz"), health::alive)
        .add(probe(Verb::Get, "/readyz"), health::ready)
        .add(probe(Verb::Get, "/metrics"), metrics::show)
        .add(probe(Verb::Get, "/openapi.json"), well_known::openapi)
        .add(
            probe(Verb::Get, "/.well-known/security.txt"),
            well_known::security,
        )
        .add(
            probe(Verb::Post, "/csp-report")
                .harmless()
                .max_body(csp_report::MAX_REPORT_BYTES),
            csp_report::receive,
        )
        .add(
            Route::new(Verb::Get, Kind::Asset, "/static/{file}", Access::Public),
            assets::serve,
        )
}
