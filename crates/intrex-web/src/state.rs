//! What every handler gets: the application, and how this installation is reached. Cheap to clone.

use std::{future::Future, pin::Pin, sync::Arc};

use intrex_core::{
    App,
    ids::{PersonId, TenantId},
    permission::Role,
};
use ipnet::IpNet;
use secrecy::SecretString;

use crate::{
    answer::headers::HeaderSet,
    probes::{bucket::Buckets, metrics::Metrics},
    request::host::Site,
    routes::RouteInfo,
};

/// The state of the web side.
#[derive(Debug, Clone)]
pub struct WebState {
    /// The application.
    pub app: App,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    site: Site,
    origin: String,
    headers: HeaderSet,
    reports: Buckets,
    links: Buckets,
    metrics: Option<Metrics>,
    routes: Vec<RouteInfo>,
}

/// What whoever runs the installation has decided about its web side.
#[derive(Debug, Default)]
pub struct Options {
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The people that a demo installation offers at its sign-in page.
    pub demo: Option<Vec<DemoPerson>>,
    /// What `/readyz` asks besides the database.
    pub readiness: Vec<Readiness>,
    /// Where to report a weakness: `mailto:…` or `https://…`. The mailbox that RFC 2142 sets aside for it otherwise.
    pub security_contact: Option<String>,
    /// The bearer of `/metrics`; without it there is no such page, and nothing is counted.
    pub metrics_token: Option<SecretString>,
}

/// One of the people of a demo installation.
#[derive(Debug, Clone)]
pub struct DemoPerson {
    /// Their organisation.
    pub tenant: TenantId,
    /// Its name.
    pub tenant_name: String,
    /// Their id.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: SecretString,
    /// Their role.
    pub role: Role,
    /// The names of their branches; none for the whole organisation.
    pub branches: Vec<String>,
}

/// Whether a part of the installation is fit to work: nothing, or a word on what is wrong with it.
type Check = dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync;

/// One thing that `/readyz` asks.
pub struct Readiness {
    /// Its name in the answer.
    pub name: &'static str,
    /// Asks.
    pub check: Box<Check>,
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Readiness({})", self.name)
    }
}

impl WebState {
    /// The state over an application.
    pub fn new(app: App, options: Options) -> Self {
        let base = &app.settings.base_url;
        let site = Site::of(base);
        let origin = base.origin().ascii_serialization();
        let (_, routes) = crate::all_routes().finish();
        WebState {
            shared: Arc::new(Shared {
                headers: HeaderSet::new(site.is_https(), &origin),
                site,
                origin,
                reports: Buckets::for_reports(),
                links: Buckets::for_links(),
                metrics: options.metrics_token.clone().map(Metrics::new),
                routes,
                options,
            }),
            app,
        }
    }

    pub(crate) fn options(&self) -> &Options {
        &self.shared.options
    }

    pub(crate) fn site(&self) -> &Site {
        &self.shared.site
    }

    /// Scheme, host and port, without a slash at the end.
    pub(crate) fn origin(&self) -> &str {
        &self.shared.origin
    }

    pub(crate) fn headers(&self) -> &HeaderSet {
        &self.shared.headers
    }

    pub(crate) fn reports(&self) -> &Buckets {
        &self.shared.reports
    }

    pub(crate) fn links(&self) -> &Buckets {
        &self.shared.links
    }

    pub(crate) fn metrics(&self) -> Option<&Metrics> {
        self.shared.metrics.as_ref()
    }

    /// Whether there is a page at this path: what is not there is not linked.
    pub(crate) fn has_page(&self, path: &str) -> bool {
        self.shared.routes.iter().any(|route| route.path == path)
    }
}
