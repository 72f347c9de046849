//! One line a route: what its path names, what it is sent, and which of those fields point at something else. What must be
//! answered is not written here; it follows from the permission that the route declares.

use serde_json::{Value, json};

/// What the tests type wherever words are asked for; a form that is drawn again must still have it.
pub(super) const TYPED: &str = "typed with care";

/// The code of each organisation's template.
pub(super) const TEMPLATE_CODE: &str = "T-1";

/// What an id is the id of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    Branch,
    Obligation,
    Person,
    Token,
    Session,
    Passkey,
    /// An identity provider by which people sign in.
    Provider,
    /// The one domain that leads to it.
    ProviderDomain,
    /// Whom another provider vouches for.
    Identity,
    /// A way to somebody outside.
    Connector,
    /// A message on its way to somebody outside.
    Delivery,
    /// Who is told of what, by which way.
    Route,
    /// A place.
    Jurisdiction,
    Template,
    AccessReview,
    /// A message in somebody's inbox.
    Message,
    /// An event of the audit log.
    Event,
    /// Something that somebody should look at.
    SecurityEvent,
    /// The record of an import.
    Import,
    /// The text of an invitation, in its address.
    Invitation,
    /// The same of a link to set another password.
    Reset,
    /// The same of a link that agrees to another address.
    EmailChange,
    /// The same of a link that answers a reminder.
    AnswerLink,
    /// A file's name.
    File,
}

/// One of each thing, for paths and bodies to name, and a word that was not used before.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    pub(super) branch: String,
    pub(super) obligation: String,
    pub(super) person: String,
    pub(super) token: String,
    pub(super) session: String,
    pub(super) passkey: String,
    pub(super) provider: String,
    pub(super) provider_domain: String,
    pub(super) identity: String,
    pub(super) connector: String,
    pub(super) delivery: String,
    pub(super) route: String,
    pub(super) jurisdiction: String,
    pub(super) template: String,
    pub(super) review: String,
    pub(super) message: String,
    pub(super) event: String,
    pub(super) security_event: String,
    pub(super) import: String,
    pub(super) invitation: String,
    pub(super) reset: String,
    pub(super) email_change: String,
    pub(super) answer_link: String,
    pub(super) fresh: String,
}

impl Ids {
    /// The one of this kind.
    pub(super) fn of(&self, thing: Thing) -> &str {
        match thing {
            Thing::Branch => &self.branch,
            Thing::Obligation => &self.obligation,
            Thing::Person => &self.person,
            Thing::Token => &self.token,
            Thing::Session => &self.session,
            Thing::Passkey => &self.passkey,
            Thing::Provider => &self.provider,
            Thing::ProviderDomain => &self.provider_domain,
            Thing::Identity => &self.identity,
            Thing::Connector => &self.connector,
            Thing::Delivery => &self.delivery,
            Thing::Route => &self.route,
            Thing::Jurisdiction => &self.jurisdiction,
            Thing::Template => &self.template,
            Thing::AccessReview => &self.review,
            Thing::Message => &self.message,
            Thing::Event => &self.event,
            Thing::SecurityEvent => &self.security_event,
            Thing::Import => &self.import,
            Thing::Invitation => &self.invitation,
            Thing::Reset => &self.reset,
            Thing::EmailChange => &self.email_change,
            Thing::AnswerLink => &self.answer_link,
            Thing::File => "none.css",
        }
    }

    /// All of them, for making two answers comparable.
    pub(super) fn all(&self) -> [&str; 23] {
        [
            &self.branch,
            &self.obligation,
            &self.person,
            &self.token,
            &self.session,
            &self.passkey,
            &self.provider,
            &self.provider_domain,
            &self.identity,
            &self.connector,
            &self.delivery,
            &self.route,
            &self.jurisdiction,
            &self.template,
            &self.review,
            &self.message,
            &self.security_event,
            &self.import,
            &self.invitation,
            &self.reset,
            &self.email_change,
            &self.answer_link,
            &self.fresh,
        ]
    }
}

/// What fields a route takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fields {
    /// None, or as the API's description says for this route.
    Described,
    /// Those of this struct of the API's description: forms decode into the same ones.
    Of(&'static str),
    /// Ids of people, by name: a form of its own.
    People(&'static [&'static str]),
}

/// A route and what it needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// What the path names.
    pub(super) thing: Option<Thing>,
    /// A good body, which names these ids: fields, or the text of a spreadsheet.
    pub(super) body: Option<fn(&Ids) -> Value>,
    /// The body's field that is refused if its ids are not the caller's.
    pub(super) refers: Option<&'static str>,
    /// What the body names: whose it is not is answered as for a path.
    pub(super) names: Option<Thing>,
    /// Parameters of the query that name an id.
    pub(super) filters: &'static [(&'static str, Thing)],
    pub(super) fields: Fields,
    /// Whether API tokens are refused whatever they may do.
    pub(super) in_session: bool,
    /// The field of a wrong password in its body: with the right one the caller's own session would end, or go on under
    /// another name. Such a body is well-formed, and refused by this field alone.
    pub(super) proves: Option<&'static str>,
}

const fn line(method: &'static str, path: &'static str) -> Line {
    Line {
        method,
        path,
        thing: None,
        body: None,
        refers: None,
        names: None,
        filters: &[],
        fields: Fields::Described,
        in_session: false,
        proves: None,
    }
}

const fn get(path: &'static str) -> Line {
    line("GET", path)
}

const fn post(path: &'static str) -> Line {
    line("POST", path)
}

impl Line {
    const fn of(self, thing: Thing) -> Self {
        Line {
            thing: Some(thing),
            ..self
        }
    }

    const fn sends(self, body: fn(&Ids) -> Value) -> Self {
        Line {
            body: Some(body),
            ..self
        }
    }

    const fn refers(self, field: &'static str) -> Self {
        Line {
            refers: Some(field),
            ..self
        }
    }

    const fn names(self, thing: Thing) -> Self {
        Line {
            names: Some(thing),
            ..self
        }
    }

    const fn filters(self, filters: &'static [(&'static str, Thing)]) -> Self {
        Line { filters, ..self }
    }

    const fn fields(self, fields: Fields) -> Self {
        Line { fields, ..self }
    }

    const fn in_session(self) -> Self {
        Line {
            in_session: true,
            ..self
        }
    }

    /// A body of these ids is refused by this field, whoever they belong to.
    const fn proves(self, field: &'static str) -> Self {
        Line {
            proves: Some(field),
            refers: Some(field),
            ..self
        }
    }

    /// Its path with an id in it.
    pub(super) fn at(&self, ids: &Ids) -> String {
        match (self.path.split_once('{'), self.thing) {
            (Some((before, rest)), Some(thing)) => {
                let after = rest.split_once('}').map_or("", |(_, after)| after);
                format!("{before}{}{after}", ids.of(thing))
            }
            (None, None) => self.path.to_owned(),
            _ => panic!("{}: the path and the table disagree", self.path),
        }
    }
}

const OBLIGATION_FILTERS: &[(&str, Thing)] = &[
    ("branch_id", Thing::Branch),
    ("owner_id", Thing::Person),
    ("template_id", Thing::Template),
];

/// Every route. `/sign-out` is the last one, because nothing can be asked after it.
pub(super) const TABLE: &[Line] = &[
    // What machines ask, and what everybody gets.
    get("/healthz"),
    get("/readyz"),
    get("/metrics"),
    get("/openapi.json"),
    get("/.well-known/security.txt"),
    post("/csp-report").sends(nothing),
    get("/static/{file}").of(Thing::File),
    get("/"),
    // Becoming somebody.
    get("/sign-in"),
    post("/sign-in").sends(credentials),
    get("/sign-in/organisation"),
    post("/sign-in/organisation").sends(address),
    get("/sign-in/oidc/callback"),
    get("/sign-in/oidc/{id}").of(Thing::Provider),
    post("/demo/sign-in").sends(demo),
    get("/invitation/{token}").of(Thing::Invitation),
    post("/invitation/{token}")
        .of(Thing::Invitation)
        .sends(password),
    get("/forgot-password"),
    post("/forgot-password").sends(forgotten),
    get("/reset-password/{token}").of(Thing::Reset),
    post("/reset-password/{token}")
        .of(Thing::Reset)
        .sends(password),
    get("/a/{token}").of(Thing::AnswerLink),
    post("/a/{token}").of(Thing::AnswerLink).sends(link_answer),
    get("/email-change/{token}").of(Thing::EmailChange),
    post("/email-change/{token}")
        .of(Thing::EmailChange)
        .sends(nothing),
    get("/mfa"),
    post("/mfa").sends(code),
    post("/mfa/passkey"),
    get("/mfa/setup"),
    post("/mfa/setup").sends(code),
    post("/settings/theme").sends(theme),
    get("/step-up"),
    post("/step-up").sends(both_factors).proves("password"),
    post("/step-up/passkey"),
    // Settings.
    get("/settings"),
    get("/settings/organisation"),
    post("/settings/organisation")
        .sends(organisation)
        .fields(Fields::Of("RawTenantUpdate")),
    get("/settings/organisation/edit"),
    get("/settings/organisation/delete"),
    post("/settings/organisation/delete")
        .sends(leaving)
        .fields(Fields::Of("RawTenantDeletion"))
        .proves("confirm_name"),
    post("/settings/organisation/delete/cancel"),
    get("/settings/second-factor"),
    get("/settings/second-factor/app"),
    post("/settings/second-factor/app")
        .sends(code)
        .proves("code"),
    get("/settings/second-factor/recovery-codes"),
    post("/settings/second-factor/recovery-codes"),
    get("/settings/health"),
    get("/settings/security"),
    get("/settings/security/events/{id}").of(Thing::SecurityEvent),
    post("/settings/security/events/{id}/acknowledge")
        .of(Thing::SecurityEvent)
        .sends(nothing),
    get("/settings/security/thresholds"),
    post("/settings/security/thresholds")
        .sends(thresholds)
        .fields(Fields::Of("RawThresholds")),
    get("/settings/sessions"),
    post("/settings/sessions/revoke-others"),
    post("/settings/sessions/{id}/revoke").of(Thing::Session),
    get("/settings/passkeys"),
    post("/settings/passkeys")
        .sends(no_passkey)
        .proves("credential"),
    get("/settings/passkeys/new"),
    post("/settings/passkeys/new"),
    get("/settings/passkeys/{id}/edit").of(Thing::Passkey),
    post("/settings/passkeys/{id}")
        .of(Thing::Passkey)
        .sends(name)
        .fields(Fields::Of("RawName")),
    get("/settings/passkeys/{id}/remove").of(Thing::Passkey),
    post("/settings/passkeys/{id}/remove").of(Thing::Passkey),
    get("/settings/identities"),
    get("/settings/identities/{id}/link").of(Thing::Provider),
    post("/settings/identities/{id}/link").of(Thing::Provider),
    get("/settings/identities/{id}/unlink").of(Thing::Identity),
    post("/settings/identities/{id}/unlink").of(Thing::Identity),
    get("/settings/notifications"),
    post("/settings/notifications")
        .sends(preferences_form)
        .fields(Fields::Of("RawPreferences")),
    get("/settings/routes"),
    post("/settings/routes")
        .sends(route_form)
        .refers("branch_id"),
    get("/settings/routes/new"),
    post("/settings/routes/preview")
        .sends(route_form)
        .refers("branch_id"),
    get("/settings/routes/{id}").of(Thing::Route),
    post("/settings/routes/{id}")
        .of(Thing::Route)
        .sends(route_form)
        .refers("branch_id"),
    post("/settings/routes/{id}/preview")
        .of(Thing::Route)
        .sends(route_form)
        .refers("branch_id"),
    get("/settings/routes/{id}/remove").of(Thing::Route),
    post("/settings/routes/{id}/remove").of(Thing::Route),
    get("/settings/connectors"),
    post("/settings/connectors").sends(connector_form),
    get("/settings/connectors/new"),
    get("/settings/connectors/{id}").of(Thing::Connector),
    post("/settings/connectors/{id}")
        .of(Thing::Connector)
        .sends(connector_form),
    get("/settings/connectors/{id}/edit").of(Thing::Connector),
    post("/settings/connectors/{id}/verify").of(Thing::Connector),
    post("/settings/connectors/{id}/test").of(Thing::Connector),
    post("/settings/connectors/{id}/disable").of(Thing::Connector),
    post("/settings/connectors/{id}/enable").of(Thing::Connector),
    post("/settings/connectors/{id}/promote").of(Thing::Connector),
    get("/settings/connectors/{id}/rotate").of(Thing::Connector),
    post("/settings/connectors/{id}/rotate")
        .of(Thing::Connector)
        .sends(nothing)
        .fields(Fields::Of("RawRotation")),
    get("/settings/connectors/{id}/remove").of(Thing::Connector),
    post("/settings/connectors/{id}/remove").of(Thing::Connector),
    get("/settings/sign-in"),
    post("/settings/sign-in")
        .sends(provider)
        .fields(Fields::Of("RawProvider")),
    get("/settings/sign-in/new"),
    get("/settings/sign-in/{id}/edit").of(Thing::Provider),
    post("/settings/sign-in/{id}")
        .of(Thing::Provider)
        .sends(provider_change)
        .fields(Fields::Of("RawProvider")),
    post("/settings/sign-in/{id}/domains")
        .of(Thing::Provider)
        .sends(provider_domain)
        .fields(Fields::Of("RawDomain")),
    post("/settings/sign-in/domains/{id}/prove").of(Thing::ProviderDomain),
    post("/settings/sign-in/domains/{id}/remove").of(Thing::ProviderDomain),
    get("/settings/sign-in/{id}/remove").of(Thing::Provider),
    post("/settings/sign-in/{id}/remove").of(Thing::Provider),
    post("/settings/sign-in/{id}/disable").of(Thing::Provider),
    post("/settings/sign-in/{id}/enable").of(Thing::Provider),
    get("/settings/tokens"),
    post("/settings/tokens")
        .sends(token)
        .refers("person_id")
        .fields(Fields::Of("RawToken")),
    get("/settings/tokens/new"),
    post("/settings/tokens/{id}/revoke").of(Thing::Token),
    get("/settings/people").filters(&[("branch_id", Thing::Branch)]),
    post("/settings/people")
        .sends(person)
        .refers("branch_ids")
        .fields(Fields::Of("RawPerson")),
    get("/settings/people/new"),
    get("/settings/people/{id}").of(Thing::Person),
    post("/settings/people/{id}")
        .of(Thing::Person)
        .sends(person_change)
        .fields(Fields::Of("RawPersonUpdate")),
    get("/settings/people/{id}/edit").of(Thing::Person),
    post("/settings/people/{id}/reinvite").of(Thing::Person),
    post("/settings/people/{id}/disable").of(Thing::Person),
    post("/settings/people/{id}/enable").of(Thing::Person),
    post("/settings/people/{id}/require-password-change").of(Thing::Person),
    post("/settings/people/{id}/unlock").of(Thing::Person),
    post("/settings/people/{id}/end-session")
        .of(Thing::Person)
        .sends(session),
    post("/settings/people/{id}/end-sessions").of(Thing::Person),
    get("/settings/people/{id}/reset-mfa").of(Thing::Person),
    post("/settings/people/{id}/reset-mfa")
        .of(Thing::Person)
        .sends(reason)
        .fields(Fields::Of("RawMfaReset")),
    get("/settings/people/{id}/delete").of(Thing::Person),
    post("/settings/people/{id}/delete")
        .of(Thing::Person)
        .sends(deletion)
        .proves("confirm"),
    get("/settings/access-reviews"),
    post("/settings/access-reviews"),
    get("/settings/access-reviews/{id}").of(Thing::AccessReview),
    post("/settings/access-reviews/{id}/decide")
        .of(Thing::AccessReview)
        .sends(decision)
        .fields(Fields::Of("RawDecision")),
    get("/settings/access-reviews/{id}/export").of(Thing::AccessReview),
    post("/settings/access-reviews/{id}/finish").of(Thing::AccessReview),
    get("/settings/password"),
    post("/settings/password")
        .sends(another_password)
        .proves("old_password"),
    get("/settings/email"),
    post("/settings/email")
        .sends(another_address)
        .proves("old_password"),
    // Pages.
    get("/today").filters(&[("done", Thing::Obligation)]),
    get("/audit").filters(&[
        ("entity_id", Thing::Obligation),
        ("actor_id", Thing::Person),
    ]),
    post("/audit/verify"),
    get("/audit/{id}").of(Thing::Event),
    get("/audit/{id}/reveal").of(Thing::Event),
    post("/audit/{id}/reveal")
        .of(Thing::Event)
        .sends(reason)
        .fields(Fields::Of("RawReason")),
    get("/branches"),
    post("/branches")
        .sends(branch)
        .fields(Fields::Of("RawBranch")),
    get("/branches/new"),
    get("/branches/{id}").of(Thing::Branch),
    post("/branches/{id}")
        .of(Thing::Branch)
        .sends(branch)
        .fields(Fields::Of("RawBranch")),
    get("/branches/{id}/edit").of(Thing::Branch),
    post("/branches/{id}/close").of(Thing::Branch),
    post("/branches/{id}/reopen").of(Thing::Branch),
    get("/obligations").filters(OBLIGATION_FILTERS),
    post("/obligations")
        .sends(obligation)
        .refers("branch_id")
        .fields(Fields::Of("RawObligation")),
    get("/obligations/new").filters(&[
        ("branch_id", Thing::Branch),
        ("template_id", Thing::Template),
    ]),
    get("/obligations/{id}").of(Thing::Obligation),
    post("/obligations/{id}")
        .of(Thing::Obligation)
        .sends(change)
        .fields(Fields::Of("RawObligation")),
    get("/obligations/{id}/edit").of(Thing::Obligation),
    post("/obligations/{id}/assign")
        .of(Thing::Obligation)
        .sends(assignment)
        .fields(Fields::People(&["owner_id", "deputy_id"])),
    post("/obligations/{id}/complete")
        .of(Thing::Obligation)
        .sends(completion)
        .fields(Fields::Of("RawCompletion")),
    post("/obligations/{id}/acknowledge")
        .of(Thing::Obligation)
        .sends(nothing)
        .fields(Fields::Of("RawAcknowledgement")),
    post("/obligations/{id}/snooze")
        .of(Thing::Obligation)
        .sends(until)
        .fields(Fields::Of("RawSnooze")),
    post("/obligations/{id}/reopen")
        .of(Thing::Obligation)
        .sends(reason)
        .fields(Fields::Of("RawReason")),
    post("/obligations/{id}/reschedule")
        .of(Thing::Obligation)
        .sends(reschedule)
        .fields(Fields::Of("RawReschedule")),
    post("/obligations/{id}/waive")
        .of(Thing::Obligation)
        .sends(reason)
        .fields(Fields::Of("RawReason")),
    get("/messages"),
    post("/messages/read"),
    post("/messages/{id}/read").of(Thing::Message),
    get("/messages/deliveries").filters(&[("connector", Thing::Connector)]),
    get("/messages/deliveries/replay"),
    get("/messages/simulator"),
    post("/messages/deliveries/replay")
        .sends(replay)
        .fields(Fields::Of("RawReplay")),
    get("/messages/deliveries/{id}").of(Thing::Delivery),
    post("/messages/deliveries/{id}/retry").of(Thing::Delivery),
    post("/messages/acknowledge")
        .sends(messages)
        .names(Thing::Message),
    post("/messages/snooze")
        .sends(messages_until)
        .names(Thing::Message),
    post("/messages/{id}/acknowledge").of(Thing::Message),
    get("/templates"),
    post("/templates")
        .sends(template)
        .fields(Fields::Of("RawTemplate")),
    get("/jurisdictions"),
    post("/jurisdictions")
        .sends(jurisdiction)
        .fields(Fields::Of("RawJurisdiction")),
    get("/jurisdictions/new"),
    get("/jurisdictions/{id}").of(Thing::Jurisdiction),
    post("/jurisdictions/{id}")
        .of(Thing::Jurisdiction)
        .sends(jurisdiction_change)
        .fields(Fields::Of("RawJurisdiction")),
    get("/jurisdictions/{id}/edit").of(Thing::Jurisdiction),
    post("/jurisdictions/{id}/remove").of(Thing::Jurisdiction),
    get("/templates/packs"),
    post("/templates/packs")
        .sends(pack)
        .fields(Fields::Of("RawApplyPack")),
    get("/templates/new"),
    get("/templates/{id}").of(Thing::Template),
    post("/templates/{id}")
        .of(Thing::Template)
        .sends(template_change)
        .fields(Fields::Of("RawTemplate")),
    get("/templates/{id}/edit").of(Thing::Template),
    post("/templates/{id}/retire").of(Thing::Template),
    // The API.
    get("/api/v1/access-reviews"),
    post("/api/v1/access-reviews").sends(nothing),
    get("/api/v1/access-reviews/{id}").of(Thing::AccessReview),
    post("/api/v1/access-reviews/{id}/decide")
        .of(Thing::AccessReview)
        .sends(decision),
    get("/api/v1/access-reviews/{id}/export").of(Thing::AccessReview),
    post("/api/v1/access-reviews/{id}/finish")
        .of(Thing::AccessReview)
        .sends(nothing),
    get("/api/v1/audit/events").filters(&[
        ("entity_id", Thing::Obligation),
        ("actor_id", Thing::Person),
    ]),
    get("/api/v1/audit/events/{id}").of(Thing::Event),
    post("/api/v1/audit/events/{id}/reveal")
        .of(Thing::Event)
        .sends(reason),
    get("/api/v1/branches"),
    post("/api/v1/branches").sends(branch),
    get("/api/v1/branches/{id}").of(Thing::Branch),
    line("PATCH", "/api/v1/branches/{id}")
        .of(Thing::Branch)
        .sends(branch),
    post("/api/v1/branches/{id}/close")
        .of(Thing::Branch)
        .sends(nothing),
    post("/api/v1/branches/{id}/reopen")
        .of(Thing::Branch)
        .sends(nothing),
    get("/api/v1/dashboard/summary"),
    get("/api/v1/health"),
    get("/api/v1/imports"),
    post("/api/v1/imports").sends(spreadsheet),
    get("/api/v1/imports/{id}").of(Thing::Import),
    get("/api/v1/notifications"),
    get("/api/v1/notifications/{id}").of(Thing::Message),
    post("/api/v1/notifications/{id}/read")
        .of(Thing::Message)
        .sends(nothing),
    post("/api/v1/notifications/simulate")
        .sends(simulation)
        .refers("route_id"),
    post("/api/v1/notifications/acknowledge")
        .sends(messages)
        .names(Thing::Message),
    post("/api/v1/notifications/{id}/acknowledge")
        .of(Thing::Message)
        .sends(nothing),
    post("/api/v1/notifications/{id}/snooze")
        .of(Thing::Message)
        .sends(until),
    get("/api/v1/obligations").filters(OBLIGATION_FILTERS),
    post("/api/v1/obligations")
        .sends(obligation)
        .refers("branch_id"),
    get("/api/v1/obligations/{id}").of(Thing::Obligation),
    line("PATCH", "/api/v1/obligations/{id}")
        .of(Thing::Obligation)
        .sends(change),
    post("/api/v1/obligations/{id}/acknowledge")
        .of(Thing::Obligation)
        .sends(nothing),
    get("/api/v1/obligations/{id}/answers").of(Thing::Obligation),
    post("/api/v1/obligations/{id}/snooze")
        .of(Thing::Obligation)
        .sends(until),
    post("/api/v1/obligations/{id}/complete")
        .of(Thing::Obligation)
        .sends(completion),
    post("/api/v1/obligations/{id}/reopen")
        .of(Thing::Obligation)
        .sends(reason),
    post("/api/v1/obligations/{id}/reschedule")
        .of(Thing::Obligation)
        .sends(reschedule),
    get("/api/v1/obligations/{id}/timeline").of(Thing::Obligation),
    post("/api/v1/obligations/{id}/waive")
        .of(Thing::Obligation)
        .sends(reason),
    get("/api/v1/organisation"),
    line("PATCH", "/api/v1/organisation").sends(organisation),
    get("/api/v1/organisation/deletion"),
    post("/api/v1/organisation/deletion")
        .sends(leaving)
        .proves("confirm_name"),
    line("DELETE", "/api/v1/organisation/deletion"),
    get("/api/v1/reports/overdue"),
    get("/api/v1/reports/upcoming"),
    get("/api/v1/second-factor"),
    post("/api/v1/second-factor/recovery-codes").sends(nothing),
    get("/api/v1/security-events"),
    get("/api/v1/security-events/{id}").of(Thing::SecurityEvent),
    post("/api/v1/security-events/{id}/acknowledge")
        .of(Thing::SecurityEvent)
        .sends(nothing)
        .in_session(),
    get("/api/v1/security-thresholds"),
    line("PATCH", "/api/v1/security-thresholds").sends(thresholds),
    get("/api/v1/sessions"),
    post("/api/v1/sessions/revoke-others")
        .sends(nothing)
        .in_session(),
    line("DELETE", "/api/v1/sessions/{id}")
        .of(Thing::Session)
        .sends(nothing),
    get("/api/v1/passkeys"),
    line("PATCH", "/api/v1/passkeys/{id}")
        .of(Thing::Passkey)
        .sends(name)
        .in_session(),
    line("DELETE", "/api/v1/passkeys/{id}")
        .of(Thing::Passkey)
        .sends(nothing),
    get("/api/v1/account/identities"),
    line("DELETE", "/api/v1/account/identities/{id}")
        .of(Thing::Identity)
        .sends(nothing),
    get("/api/v1/deliveries").filters(&[("connector", Thing::Connector)]),
    post("/api/v1/deliveries/replay").sends(replay),
    get("/api/v1/deliveries/{id}").of(Thing::Delivery),
    post("/api/v1/deliveries/{id}/retry")
        .of(Thing::Delivery)
        .sends(nothing),
    get("/api/v1/connectors"),
    post("/api/v1/connectors").sends(connector),
    get("/api/v1/connectors/{id}").of(Thing::Connector),
    line("PATCH", "/api/v1/connectors/{id}")
        .of(Thing::Connector)
        .sends(connector_change),
    line("DELETE", "/api/v1/connectors/{id}")
        .of(Thing::Connector)
        .sends(nothing),
    post("/api/v1/connectors/{id}/verify")
        .of(Thing::Connector)
        .sends(nothing),
    post("/api/v1/connectors/{id}/test")
        .of(Thing::Connector)
        .sends(nothing),
    post("/api/v1/connectors/{id}/disable")
        .of(Thing::Connector)
        .sends(nothing),
    post("/api/v1/connectors/{id}/enable")
        .of(Thing::Connector)
        .sends(nothing),
    post("/api/v1/connectors/{id}/rotate")
        .of(Thing::Connector)
        .sends(nothing),
    post("/api/v1/connectors/{id}/promote")
        .of(Thing::Connector)
        .sends(nothing),
    get("/api/v1/notification-routes"),
    post("/api/v1/notification-routes")
        .sends(route)
        .refers("branch_id"),
    post("/api/v1/notification-routes/preview")
        .sends(route)
        .refers("branch_id"),
    get("/api/v1/notification-routes/{id}").of(Thing::Route),
    line("PATCH", "/api/v1/notification-routes/{id}")
        .of(Thing::Route)
        .sends(route_change)
        .refers("branch_id"),
    line("DELETE", "/api/v1/notification-routes/{id}")
        .of(Thing::Route)
        .sends(nothing),
    get("/api/v1/notification-preferences"),
    line("PUT", "/api/v1/notification-preferences").sends(preferences),
    get("/api/v1/oidc/providers"),
    post("/api/v1/oidc/providers").sends(provider),
    get("/api/v1/oidc/providers/{id}").of(Thing::Provider),
    line("PATCH", "/api/v1/oidc/providers/{id}")
        .of(Thing::Provider)
        .sends(provider_change),
    post("/api/v1/oidc/providers/{id}/domains")
        .of(Thing::Provider)
        .sends(provider_domain),
    post("/api/v1/oidc/domains/{id}/prove")
        .of(Thing::ProviderDomain)
        .sends(nothing),
    line("DELETE", "/api/v1/oidc/domains/{id}")
        .of(Thing::ProviderDomain)
        .sends(nothing),
    post("/api/v1/oidc/providers/{id}/disable")
        .of(Thing::Provider)
        .sends(nothing),
    post("/api/v1/oidc/providers/{id}/enable")
        .of(Thing::Provider)
        .sends(nothing),
    line("DELETE", "/api/v1/oidc/providers/{id}")
        .of(Thing::Provider)
        .sends(nothing),
    get("/api/v1/jurisdictions"),
    post("/api/v1/jurisdictions").sends(jurisdiction),
    get("/api/v1/jurisdictions/{id}").of(Thing::Jurisdiction),
    line("PATCH", "/api/v1/jurisdictions/{id}")
        .of(Thing::Jurisdiction)
        .sends(jurisdiction_change),
    line("DELETE", "/api/v1/jurisdictions/{id}")
        .of(Thing::Jurisdiction)
        .sends(nothing),
    get("/api/v1/packs"),
    post("/api/v1/packs").sends(pack),
    get("/api/v1/templates"),
    post("/api/v1/templates").sends(template),
    get("/api/v1/templates/{id}").of(Thing::Template),
    line("PUT", "/api/v1/templates/{id}")
        .of(Thing::Template)
        .sends(template_change),
    post("/api/v1/templates/{id}/retire")
        .of(Thing::Template)
        .sends(nothing),
    get("/api/v1/tokens"),
    post("/api/v1/tokens").sends(token).refers("person_id"),
    line("DELETE", "/api/v1/tokens/{id}")
        .of(Thing::Token)
        .sends(nothing),
    get("/api/v1/users").filters(&[("branch_id", Thing::Branch)]),
    post("/api/v1/users").sends(person).refers("branch_ids"),
    get("/api/v1/users/{id}").of(Thing::Person),
    line("DELETE", "/api/v1/users/{id}")
        .of(Thing::Person)
        .sends(deletion)
        .proves("confirm"),
    get("/api/v1/users/{id}/deletion").of(Thing::Person),
    line("PATCH", "/api/v1/users/{id}")
        .of(Thing::Person)
        .sends(person_change),
    post("/api/v1/users/{id}/reinvite")
        .of(Thing::Person)
        .sends(nothing),
    post("/api/v1/users/{id}/require-password-change")
        .of(Thing::Person)
        .sends(nothing),
    post("/api/v1/users/{id}/reset-mfa")
        .of(Thing::Person)
        .sends(reason),
    get("/api/v1/users/{id}/sessions").of(Thing::Person),
    line("DELETE", "/api/v1/users/{id}/sessions")
        .of(Thing::Person)
        .sends(nothing),
    post("/api/v1/users/{id}/unlock")
        .of(Thing::Person)
        .sends(nothing),
    post("/sign-out"),
];

fn messages(ids: &Ids) -> Value {
    json!({ "ids": ids.message })
}

fn messages_until(ids: &Ids) -> Value {
    json!({ "ids": ids.message, "until": "1h" })
}

fn until(_: &Ids) -> Value {
    json!({ "until": "1h" })
}

fn link_answer(_: &Ids) -> Value {
    json!({ "act": "acknowledge", "note": TYPED })
}

fn nothing(_: &Ids) -> Value {
    json!({})
}

fn replay(_: &Ids) -> Value {
    json!({ "from": "2020-01-01", "to": "2020-01-02", "dry_run": "true" })
}

fn thresholds(_: &Ids) -> Value {
    json!({ "burst_failures": "40", "spray_accounts": "6" })
}

fn credentials(_: &Ids) -> Value {
    json!({ "email": "nobody@nowhere.example", "password": TYPED })
}

fn demo(_: &Ids) -> Value {
    json!({ "email": "nobody@nowhere.example" })
}

fn forgotten(_: &Ids) -> Value {
    json!({ "email": "nobody@nowhere.example" })
}

fn another_password(_: &Ids) -> Value {
    json!({ "old_password": "not the present one", "password": "a long word and another one" })
}

fn another_address(ids: &Ids) -> Value {
    json!({ "old_password": "not the present one", "email": format!("{}@people.example", ids.fresh) })
}

fn password(_: &Ids) -> Value {
    json!({ "password": "a long word and another one" })
}

fn code(_: &Ids) -> Value {
    json!({ "code": "no code" })
}

fn both_factors(_: &Ids) -> Value {
    json!({ "password": "not the password", "code": "no code" })
}

fn no_passkey(_: &Ids) -> Value {
    json!({ "name": TYPED, "credential": "{}" })
}

fn address(_: &Ids) -> Value {
    json!({ "email": "somebody@nowhere.example" })
}

fn provider(ids: &Ids) -> Value {
    json!({
        "name": TYPED, "issuer": format!("https://{}.example", ids.fresh), "client_id": "intrex",
        "client_secret": "a secret of theirs",
    })
}

fn provider_change(_: &Ids) -> Value {
    json!({ "name": TYPED, "client_id": "intrex" })
}

fn connector(ids: &Ids) -> Value {
    json!({
        "type": "webhook", "name": ids.fresh,
        "config": { "url": "https://hooks.example/x", "headers": { "X-Team": TYPED } }, "secrets": {},
    })
}

fn connector_change(ids: &Ids) -> Value {
    json!({ "name": ids.fresh, "config": { "headers": { "X-Team": TYPED } } })
}

fn connector_form(ids: &Ids) -> Value {
    json!({ "type": "webhook", "name": ids.fresh, "config.url": "https://hooks.example/x", "config.headers": "X-Team: ops" })
}

fn route(ids: &Ids) -> Value {
    json!({
        "name": ids.fresh, "event_types": ["obligation.due", "obligation.overdue"], "min_severity": "high",
        "branch_id": ids.branch, "recipient": "head_office", "quiet": { "from": "22:00", "to": "07:00" },
    })
}

fn route_change(ids: &Ids) -> Value {
    json!({ "name": ids.fresh, "branch_id": ids.branch })
}

fn route_form(ids: &Ids) -> Value {
    json!({
        "name": ids.fresh, "event_types": "obligation.due", "min_severity": "high", "branch_id": ids.branch,
        "connector_id": "", "recipient": "head_office", "person_id": "", "quiet.from": "22:00", "quiet.to": "07:00",
        "escalate_after_hours": "", "escalate_to": "", "active": "yes",
    })
}

fn preferences_form(_: &Ids) -> Value {
    json!({ "opted_out": "obligation.due", "digest": "daily", "digest_instead": "true" })
}

fn preferences(_: &Ids) -> Value {
    json!({ "opted_out": ["obligation.due"], "digest": "weekly", "digest_instead": true })
}

fn provider_domain(ids: &Ids) -> Value {
    json!({ "domain": format!("{}.example", ids.fresh) })
}

fn name(_: &Ids) -> Value {
    json!({ "name": TYPED })
}

/// As if the route was removed.
fn simulation(ids: &Ids) -> Value {
    json!({ "route_id": ids.route })
}

fn organisation(_: &Ids) -> Value {
    json!({
        "name": TYPED, "time_zone": "Asia/Dhaka", "lead_days": "30, 7", "session_preset": "",
        "session_absolute_hours": "168", "session_idle_minutes": "1440", "dormant_after_days": "90",
        "suspend_dormant": "no", "access_review_months": "3", "acknowledged_again_days": "7", "messages_an_hour": "10", "admin_second_factor": "any",
        "recovery_code_roles": "head_office_admin, branch_manager, operator",
    })
}

/// With a name that no organisation has.
fn leaving(_: &Ids) -> Value {
    json!({ "confirm_name": "not the name of anybody", "reason": TYPED })
}

fn theme(_: &Ids) -> Value {
    json!({ "theme": "dark", "back": "/today" })
}

fn reason(_: &Ids) -> Value {
    json!({ "reason": TYPED })
}

fn branch(ids: &Ids) -> Value {
    json!({
        "code": ids.fresh, "name": TYPED, "address": "12 Lake Road", "city_corporation": "Dhaka North",
        "district": "Dhaka", "region": "Dhaka", "country": "BD", "type": "shop", "time_zone": "Asia/Dhaka",
    })
}

fn obligation(ids: &Ids) -> Value {
    json!({
        "branch_id": ids.branch, "category": "tax_vat", "title": TYPED, "severity": "high", "due_on": "2027-01-31",
        "recurrence": "FREQ=MONTHLY", "anchor": "schedule", "lead_days": "30, 7", "grace_days": "2",
        "owner_id": ids.person, "deputy_id": "", "external_id": ids.fresh, "reference": "7/2026", "notes": "a note",
    })
}

/// With a row for a branch that is not in the file's organisation.
fn spreadsheet(ids: &Ids) -> Value {
    json!(format!(
        "external_id,branch_code,title,category,due_on\n{},NOWHERE,{TYPED},tax_vat,2027-01-31\n",
        ids.fresh
    ))
}

fn change(ids: &Ids) -> Value {
    json!({
        "category": "tax_vat", "title": TYPED, "severity": "low", "recurrence": "FREQ=YEARLY", "anchor": "completion",
        "lead_days": "14", "grace_days": "1", "owner_id": ids.person, "deputy_id": "", "reference": "8/2026",
        "notes": ids.fresh,
    })
}

fn assignment(ids: &Ids) -> Value {
    json!({ "owner_id": ids.person, "deputy_id": "" })
}

fn completion(_: &Ids) -> Value {
    json!({ "note": TYPED, "completed_on": "2026-11-20" })
}

fn reschedule(_: &Ids) -> Value {
    json!({ "due_on": "2027-02-14", "reason": TYPED })
}

fn template(ids: &Ids) -> Value {
    json!({
        "code": ids.fresh, "category": "tax_vat", "title": TYPED, "description": "what is asked for",
        "authority": "the revenue", "citation": "section 9", "jurisdiction": "BD", "branch_types": "shop",
        "recurrence": "FREQ=MONTHLY", "anchor": "schedule", "lead_days": "30, 7", "grace_days": "0",
        "severity": "medium", "required_evidence": "a receipt",
    })
}

fn pack(_: &Ids) -> Value {
    json!({ "pack": "india", "dry_run": "true", "overwrite": "" })
}

fn jurisdiction(ids: &Ids) -> Value {
    let part = ids.fresh[ids.fresh.len() - 12..].to_uppercase();
    json!({
        "code": format!("BD-{part}"), "name": TYPED, "kind": "zone", "weekend": "fri, sat", "time_zone": "Asia/Dhaka",
        "holidays": "2026-12-16: Victory Day",
    })
}

/// A place's code and kind stay as they were.
fn jurisdiction_change(_: &Ids) -> Value {
    json!({ "name": TYPED, "weekend": "fri, sat", "time_zone": "", "holidays": "2026-12-16: Victory Day" })
}

/// A template's code stays as it was.
fn template_change(ids: &Ids) -> Value {
    let mut body = template(ids);
    body["code"] = json!(TEMPLATE_CODE);
    body
}

fn token(ids: &Ids) -> Value {
    json!({ "name": TYPED, "scopes": "", "networks": "", "expires_in_days": "30", "person_id": ids.person })
}

fn decision(ids: &Ids) -> Value {
    json!({ "person_id": ids.person, "decision": "keep", "note": TYPED })
}

fn session(ids: &Ids) -> Value {
    json!({ "session_id": ids.session })
}

/// With an address that is not the person's.
fn deletion(_: &Ids) -> Value {
    json!({ "confirm": TYPED, "hand_over_to_id": "" })
}

fn person(ids: &Ids) -> Value {
    json!({
        "email": format!("{}@people.example", ids.fresh), "name": TYPED, "role": "operator", "branch_ids": ids.branch,
    })
}

fn person_change(ids: &Ids) -> Value {
    json!({ "name": TYPED, "role": "operator", "branch_ids": ids.branch, "status": "active" })
}
