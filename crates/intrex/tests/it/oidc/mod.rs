//! Sign-in by an organisation's own identity provider, over the real routes, with a provider that speaks the protocol and a
//! name server that has the proof of a domain: the way there and back, what attackers do on it, linking, and configuring.

mod answers;
mod configuring;
mod domains;
mod linking;
mod people;
mod rechecking;
mod returning;
mod signing_in;
mod silence;

use intrex_core::{
    ids::{ProviderDomainId, ProviderId},
    oidc::{self, RawDomain, RawProvider},
    outside::http::{Outgoing, OutgoingSettings},
    people::RawDeletion,
    permission::Role,
    raw::Raw,
};

use crate::support::{
    Member, Tenant, TestApp,
    browser::{Answer, Browser, Site},
    dns::{self, NameServer, Record},
    provider::{CLIENT_ID, CLIENT_SECRET, Provider},
};

/// Acme, whose people sign in by a provider of its own, and Alice, whom it knows as `alice-at-the-provider`.
struct Scene {
    app: TestApp,
    acme: Tenant,
    alice: Member,
    site: Site,
    names: NameServer,
    provider: Provider,
    id: ProviderId,
}

/// The domain that leads to Acme's provider.
const DOMAIN: &str = "acme.example";
const FAILURES: &str = "select count(*) from app.audit_events where action = 'OIDC_FAILURE'";
const PROVISIONAL: &str = "select count(*) from app.sessions where stage <> 'full'";
const IDENTITIES: &str = "select count(*) from app.oidc_identities";

impl Scene {
    /// The provider is enabled, and nobody has linked anything.
    async fn unlinked() -> Self {
        Self::unlinked_in(TestApp::start().await).await
    }

    async fn unlinked_in(mut app: TestApp) -> Self {
        // Everybody comes from one address, and the clock stands.
        app.set(|settings| settings.auth_rate_limit_max = 1_000);
        let names = NameServer::start().await;
        app.app.outgoing = Outgoing::new(OutgoingSettings {
            private_nets: vec!["127.0.0.0/8".parse().expect("a network")],
            name_servers: Some(vec![names.address()]),
            ..OutgoingSettings::default()
        });
        let provider = Provider::start(app.app.clock.clone()).await;
        let acme = app.tenant("Acme").await;
        let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
        let id = configured(&app, &acme, &provider).await;
        proven(&app, &acme, &names, id, DOMAIN).await;
        oidc::enable(&app.app, &acme.operator, id)
            .await
            .expect("it is enabled");
        let site = app.serve().await;
        Scene {
            app,
            acme,
            alice,
            site,
            names,
            provider,
            id,
        }
    }

    /// The same, and Alice has linked who she is there.
    async fn begin() -> Self {
        let scene = Self::unlinked().await;
        let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
        scene.links(&browser).await;
        scene
    }

    /// A second provider of Acme, enabled, with a domain of its own.
    async fn second_provider(&self) -> (Provider, ProviderId) {
        let provider = Provider::start(self.app.app.clock.clone()).await;
        let id = configured(&self.app, &self.acme, &provider).await;
        proven(&self.app, &self.acme, &self.names, id, "acme-labs.example").await;
        oidc::enable(&self.app.app, &self.acme.operator, id)
            .await
            .expect("it is enabled");
        (provider, id)
    }

    /// Bob, whom the provider knows as `bob-at-the-provider`, has linked who he is there; the provider's person is Bob now.
    async fn bob_links(&self) -> Member {
        let bob = self
            .app
            .member(&self.acme, "Bob", Role::Operator, &[])
            .await;
        self.provider.is_now("bob-at-the-provider");
        let browser = self.app.signed_in(&self.site, &bob).await;
        self.links(&browser).await;
        bob
    }

    /// Somebody links, in the browser in which they have just signed in.
    async fn links(&self, browser: &Browser) {
        let leaving = self.begins_linking(browser).await;
        let linked = self.provider.round_trip(browser, &leaving).await;
        assert_eq!(linked.leads_to(), "/settings/identities?linked=yes");
    }

    async fn begins_linking(&self, browser: &Browser) -> Answer {
        let page = format!("/settings/identities/{}/link", self.id);
        browser.submit(&page, &page, &[]).await
    }

    /// The page from which a browser goes on to Acme's provider.
    async fn leaves(&self, browser: &Browser) -> Answer {
        browser.visit(&format!("/sign-in/oidc/{}", self.id)).await
    }

    /// A browser goes to the provider and comes back: what it is answered.
    async fn goes(&self, browser: &Browser) -> Answer {
        let leaving = self.leaves(browser).await;
        self.provider.round_trip(browser, &leaving).await
    }

    /// The same, which lets nobody in: why, as the log has it.
    #[track_caller]
    fn refused<'a>(
        &'a self,
        browser: &'a Browser,
        answer: &'a Answer,
    ) -> impl Future<Output = String> + 'a {
        assert_eq!(answer.leads_to(), "/sign-in/organisation?refused=yes");
        assert_eq!(browser.cookie("__Host-session"), None);
        assert_eq!(browser.cookie("__Host-oidc"), None, "it was used");
        self.reason()
    }

    /// Why the last one was not let in.
    async fn reason(&self) -> String {
        sqlx::query_scalar(
            "select coalesce((convert_from(entry, 'UTF8')::jsonb) #>> '{metadata,code}', convert_from(entry, 'UTF8'))
             from app.audit_events where action = 'OIDC_FAILURE' order by pos desc limit 1",
        )
        .fetch_one(&mut self.app.superuser().await)
        .await
        .expect("a failure is in the log")
    }
}

/// A provider of an organisation, configured.
async fn configured(app: &TestApp, tenant: &Tenant, provider: &Provider) -> ProviderId {
    let raw = RawProvider {
        name: Raw::from("Acme account"),
        issuer: Raw::from(provider.issuer.as_str()),
        client_id: Raw::from(CLIENT_ID),
        client_secret: Raw::from(CLIENT_SECRET),
    };
    oidc::configure(&app.app, &tenant.operator, &raw)
        .await
        .expect("it is configured")
        .id
}

/// A domain of a provider, added.
async fn added(
    app: &TestApp,
    tenant: &Tenant,
    id: ProviderId,
    domain: &str,
) -> oidc::ProviderDomain {
    let raw = RawDomain {
        domain: Raw::from(domain),
    };
    let provider = oidc::add_domain(&app.app, &tenant.operator, id, &raw)
        .await
        .expect("it is added");
    let mut domains = provider.domains.into_iter();
    domains
        .find(|added| added.domain == domain)
        .expect("it is there")
}

/// Publishes the record of a domain.
fn publish(names: &NameServer, domain: &oidc::ProviderDomain) {
    let text: &'static str = Box::leak(domain.record_value.clone().into_boxed_str());
    let text: &'static [&'static str] = Box::leak(Box::new([text]));
    let records = vec![Record::Text(&["v=spf1 -all"]), Record::Text(text)];
    names.answers(&domain.record_name, dns::Answer::Records(records));
}

/// A domain of a provider, added and proven.
async fn proven(
    app: &TestApp,
    tenant: &Tenant,
    names: &NameServer,
    id: ProviderId,
    domain: &str,
) -> ProviderDomainId {
    let domain = added(app, tenant, id, domain).await;
    publish(names, &domain);
    oidc::prove_domain(&app.app, &tenant.operator, domain.id)
        .await
        .expect("it is proven");
    domain.id
}

/// Somebody is deleted, with everything that is theirs.
async fn delete(scene: &Scene, member: &Member) {
    let raw = RawDeletion {
        confirm: Raw::from(member.email.as_str()),
        ..RawDeletion::default()
    };
    intrex_core::people::delete(&scene.app.app, &scene.acme.operator, member.id, &raw)
        .await
        .expect("they are deleted");
}
