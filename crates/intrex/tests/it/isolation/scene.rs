//! Two organisations, and who is in them. Acme has two branches: at the first Zenobia has a task, and Carol works there
//! without having it; Bob manages the second. Mallory is the admin of Globex. Names are chosen so that they stand nowhere
//! unless they were told; the short ones have digits and a stroke, which no random key has that a page shows (base32).

use intrex_core::{
    access_reviews,
    branches::Branch,
    catalogue::Language,
    ids::BranchId,
    imports::{self, Mode, Options},
    jurisdictions::{self, RawJurisdiction},
    obligations::{commands, input::RawObligation, model::Obligation},
    people,
    permission::Role,
    raw::Raw,
    templates::{self, RawTemplate},
    tokens::{self, RawToken},
    vault::opaque::{self, Kind},
};
use secrecy::ExposeSecret as _;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    caller::Caller,
    table::{Ids, TEMPLATE_CODE},
};
use crate::support::{Member, Tenant, TestApp, browser::Site};

/// The two organisations.
pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(super) site: Site,
    pub(crate) acme: Tenant,
    pub(crate) globex: Tenant,
    pub(crate) alice: Member,
    pub(super) bob: Member,
    pub(super) carol: Member,
    pub(super) mallory: Member,
    /// What Acme has at the first branch, where Zenobia works.
    pub(super) first: Ids,
    /// What Acme has at the second branch, which Bob manages.
    pub(super) second: Ids,
    /// What Globex has.
    pub(super) elsewhere: Ids,
}

/// Somebody who asks for what is not theirs.
pub(super) struct Attacker {
    pub(super) caller: Caller,
    /// None for nobody.
    pub(super) role: Option<Role>,
    pub(super) is_at_acme: bool,
    /// What they go for.
    pub(super) targets: Ids,
    /// Words that they must never read.
    pub(super) secrets: Vec<String>,
}

/// All words that are Acme's.
pub(super) const OF_ACME: [&str; 13] = [
    "acmegrove",
    "gulshanside",
    "uttaraside",
    "zenobia",
    "carol-8190",
    "alice-8190",
    "fire certificate of gulshan",
    "drug licence of uttara",
    "task of carols own",
    "template of acmes own",
    "place of acmes own",
    "token of alices own",
    "sheet of acmes own",
];

impl Scene {
    pub(crate) async fn begin() -> Self {
        Box::pin(Self::set()).await
    }

    async fn set() -> Self {
        let mut app = TestApp::start().await;
        // Everybody asks from one address, and the clock stands.
        app.set(|settings| settings.auth_rate_limit_max = 1_000);
        let acme = app.tenant("Acmegrove").await;
        let globex = app.tenant("Globex").await;
        let gulshan = app.branch(&acme, "GULSHANSIDE").await;
        let uttara = app.branch(&acme, "UTTARASIDE").await;
        let depot = app.branch(&globex, "DEPOT").await;
        let alice = app
            .member(&acme, "Alice-8190", Role::HeadOfficeAdmin, &[])
            .await;
        let zenobia = app
            .member(&acme, "Zenobia", Role::Operator, &[gulshan.id])
            .await;
        let bob = app
            .member(&acme, "Bob-8190", Role::BranchManager, &[uttara.id])
            .await;
        let carol = app
            .member(&acme, "Carol-8190", Role::Operator, &[gulshan.id])
            .await;
        let mallory = app
            .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
            .await;
        owed(&app, &acme, &gulshan, "task of carols own", Some(&carol)).await;
        let of_gulshan = owed(
            &app,
            &acme,
            &gulshan,
            "fire certificate of gulshan",
            Some(&zenobia),
        )
        .await;
        let of_uttara = owed(&app, &acme, &uttara, "drug licence of uttara", None).await;
        let of_depot = owed(&app, &globex, &depot, "tax return of the depot", None).await;
        let acme_connector = connector_of(&app, &acme).await;
        let globex_connector = connector_of(&app, &globex).await;
        let acmes_own = provider_of(&app, &acme, &alice).await;
        let mallorys_own = provider_of(&app, &globex, &mallory).await;
        let first = Ids {
            branch: gulshan.id.to_string(),
            obligation: of_gulshan.id.to_string(),
            person: zenobia.id.to_string(),
            token: token_of(&app, &alice, "token of alices own").await,
            session: session_of(&app, &zenobia).await,
            passkey: passkey_of(&app, &acme, &alice).await,
            provider: acmes_own.0,
            provider_domain: acmes_own.1,
            identity: acmes_own.2,
            connector: acme_connector.clone(),
            delivery: delivery_of(&app, &acme, &acme_connector).await,
            route: route_of(&app, &acme).await,
            message: message_of(&app, &alice, &of_gulshan).await,
            event: event_of(&app, &of_gulshan).await,
            security_event: security_event_of(&app, &acme).await,
            import: import_of(&app, &acme, "sheet of acmes own").await,
            jurisdiction: place_of(&app, &acme, "place of acmes own").await,
            template: template_of(&app, &acme, "template of acmes own").await,
            review: review_of(&app, &acme).await,
            invitation: replaced_invitation(&app, &acme, gulshan.id).await,
            reset: used_reset(&app, &acme, &zenobia).await,
            email_change: ended_email_change(&app, &acme, &zenobia).await,
            answer_link: expired_answer_link(&app, &zenobia, &of_gulshan).await,
            fresh: Uuid::nil().simple().to_string(),
        };
        let second = Ids {
            branch: uttara.id.to_string(),
            obligation: of_uttara.id.to_string(),
            person: bob.id.to_string(),
            event: event_of(&app, &of_uttara).await,
            ..first.clone()
        };
        let elsewhere = Ids {
            branch: depot.id.to_string(),
            obligation: of_depot.id.to_string(),
            person: mallory.id.to_string(),
            token: token_of(&app, &mallory, "token of mallorys own").await,
            session: session_of(&app, &mallory).await,
            passkey: passkey_of(&app, &globex, &mallory).await,
            provider: mallorys_own.0,
            provider_domain: mallorys_own.1,
            identity: mallorys_own.2,
            connector: globex_connector.clone(),
            delivery: delivery_of(&app, &globex, &globex_connector).await,
            route: route_of(&app, &globex).await,
            message: message_of(&app, &mallory, &of_depot).await,
            event: event_of(&app, &of_depot).await,
            security_event: security_event_of(&app, &globex).await,
            import: import_of(&app, &globex, "sheet of the other").await,
            jurisdiction: place_of(&app, &globex, "place of the other").await,
            template: template_of(&app, &globex, "template of the other").await,
            review: review_of(&app, &globex).await,
            invitation: replaced_invitation(&app, &globex, depot.id).await,
            reset: used_reset(&app, &globex, &mallory).await,
            email_change: ended_email_change(&app, &globex, &mallory).await,
            answer_link: expired_answer_link(&app, &mallory, &of_depot).await,
            fresh: Uuid::max().simple().to_string(),
        };
        for member in [&bob, &carol] {
            passkey_of(&app, &acme, member).await;
        }
        let site = app.serve_with_passkeys().await;
        Scene {
            app,
            site,
            acme,
            globex,
            alice,
            bob,
            carol,
            mallory,
            first,
            second,
            elsewhere,
        }
    }

    /// Nobody, the other tenant's admin, the other branch's manager and the lowest role.
    pub(super) async fn attackers(&self) -> [Attacker; 4] {
        let (app, first, second) = (&self.app, &self.first, &self.second);
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        // Mallory must not even learn which id Acme has.
        let mut of_acme: Vec<String> = words(&OF_ACME);
        of_acme.extend([
            self.acme.id.to_string(),
            self.acme.id.uuid().simple().to_string(),
        ]);
        [
            Attacker {
                caller: Caller::nobody(),
                role: None,
                is_at_acme: false,
                targets: first.clone(),
                secrets: of_acme.clone(),
            },
            Attacker {
                caller: Caller::full(app, "Mallory", &self.mallory).await,
                role: Some(Role::HeadOfficeAdmin),
                is_at_acme: false,
                targets: first.clone(),
                secrets: of_acme,
            },
            Attacker {
                caller: Caller::full(app, "Bob", &self.bob).await,
                role: Some(Role::BranchManager),
                is_at_acme: true,
                targets: first.clone(),
                secrets: words(&[
                    "gulshanside",
                    "zenobia",
                    "carol-8190",
                    "fire certificate of gulshan",
                    "token of alices own",
                    "sheet of acmes own",
                ]),
            },
            Attacker {
                caller: Caller::full(app, "Carol", &self.carol).await,
                role: Some(Role::Operator),
                is_at_acme: true,
                // The first branch is her own; its task is not.
                targets: Ids {
                    branch: second.branch.clone(),
                    ..first.clone()
                },
                secrets: words(&[
                    "uttaraside",
                    "zenobia",
                    "bob-8190",
                    "fire certificate of gulshan",
                    "drug licence of uttara",
                    "token of alices own",
                    "sheet of acmes own",
                ]),
            },
        ]
    }

    /// Ids of which no tenant has any.
    pub(super) fn unknown(&self) -> Ids {
        let app = &self.app.app;
        let id = || app.chance.uuid(app.now()).to_string();
        let token = |kind| {
            let (text, _) = opaque::mint(kind, self.acme.id, app.chance);
            text.expose_secret().to_owned()
        };
        Ids {
            branch: id(),
            obligation: id(),
            person: id(),
            token: id(),
            session: id(),
            passkey: id(),
            provider: id(),
            provider_domain: id(),
            identity: id(),
            connector: id(),
            delivery: id(),
            route: id(),
            jurisdiction: id(),
            template: id(),
            review: id(),
            message: id(),
            event: id(),
            security_event: id(),
            import: id(),
            invitation: token(Kind::Invitation),
            reset: token(Kind::PasswordReset),
            email_change: token(Kind::EmailChange),
            answer_link: token(Kind::Answer),
            // As long as the others, and for a name that is one of its kind.
            fresh: id().replace('-', ""),
        }
    }

    /// The id of Acme's first branch.
    pub(crate) fn first_branch(&self) -> String {
        self.first.branch.clone()
    }

    /// Something that is owed at Acme's first branch, to be changed by one test.
    pub(super) async fn something_owed(&self) -> String {
        let branch: BranchId = self.first.branch.parse().expect("an id");
        let raw = RawObligation {
            branch_id: branch.to_string().into(),
            category: "licence".into(),
            title: "something to change".into(),
            due_on: "2026-12-24".into(),
            ..RawObligation::default()
        };
        let made = commands::create(&self.app.app, &self.acme.operator, &raw).await;
        made.expect("the obligation is created").id.to_string()
    }

    /// A digest of each table's rows of Acme, but for the times of last use and for what the attackers' own sessions are.
    /// The log is not in it: it only grows, and what has come to it is looked at by itself.
    pub(super) async fn rows_of_acme(&self) -> Vec<(String, i64, String)> {
        let mut superuser = self.app.superuser().await;
        let tables: Vec<String> = sqlx::query_scalar(
            "select table_name::text from information_schema.columns
             where table_schema = 'app' and column_name = 'tenant_id' and table_name not like 'audit%'
             order by 1",
        )
        .fetch_all(&mut superuser)
        .await
        .expect("the tables");
        assert!(tables.len() > 10, "{tables:?}");
        let attackers: Vec<Uuid> = [&self.bob, &self.carol]
            .map(|member| member.id.uuid())
            .to_vec();
        let mut digests = Vec::new();
        for table in tables {
            let own = match table.as_str() {
                "sessions"
                | "known_devices"
                | "recovery_codes"
                | "pending_factors"
                | "notification_opt_outs"
                | "digest_wishes" => "person_id <> all($2)",
                // What their own browsers were asked to sign.
                "passkey_challenges" => {
                    "session_id not in (select id from app.sessions where person_id = any($2))"
                }
                // What they fail at is their own account, and is counted.
                "security_events" => "coalesce(person_id <> all($2), true)",
                "security_tallies" => "cardinality($2) = 0",
                _ => "cardinality($2) > 0",
            };
            let digest = format!(
                "select count(*), coalesce(md5(string_agg(line, '' order by line)), '') from (
                   select (to_jsonb(t) - 'last_used_at' - 'last_seen_at')::text as line
                   from app.{table} t where tenant_id = $1 and {own}) lines"
            );
            let (count, digest) = sqlx::query_as(AssertSqlSafe(digest))
                .bind(self.acme.id.uuid())
                .bind(&attackers)
                .fetch_one(&mut superuser)
                .await
                .expect("the rows");
            digests.push((table, count, digest));
        }
        digests
    }

    /// What Acme's log tells, by the id of each event.
    pub(super) async fn told_at_acme(&self) -> Vec<(Uuid, String)> {
        sqlx::query_as("select id, action from app.audit_events where tenant_id = $1 order by id")
            .bind(self.acme.id.uuid())
            .fetch_all(&mut self.app.superuser().await)
            .await
            .expect("the events")
    }
}

async fn owed(
    app: &TestApp,
    tenant: &Tenant,
    branch: &Branch,
    title: &str,
    owner: Option<&Member>,
) -> Obligation {
    let raw = RawObligation {
        branch_id: branch.id.to_string().into(),
        category: "licence".into(),
        title: title.into(),
        due_on: "2026-12-01".into(),
        owner_id: owner.map_or(Raw::default(), |owner| owner.id.to_string().into()),
        ..RawObligation::default()
    };
    commands::create(&app.app, &tenant.operator, &raw)
        .await
        .expect("the obligation is created")
}

async fn review_of(app: &TestApp, tenant: &Tenant) -> String {
    let started = access_reviews::start(&app.app, &tenant.operator).await;
    started.expect("a review begins").review.id.to_string()
}

async fn token_of(app: &TestApp, member: &Member, name: &str) -> String {
    let actor = app.acting(member).await;
    let raw = RawToken {
        name: name.into(),
        ..RawToken::default()
    };
    let made = tokens::create(&app.app, &actor, &raw).await;
    made.expect("a token").token.id.to_string()
}

async fn session_of(app: &TestApp, member: &Member) -> String {
    let actor = app.acting(member).await;
    actor.session_id().expect("a session").to_string()
}

/// A passkey of somebody, whose key is lost.
pub(super) async fn passkey_of(app: &TestApp, tenant: &Tenant, member: &Member) -> String {
    let id = app.app.chance.uuid(app.app.now());
    sqlx::query(
        "insert into app.passkeys (tenant_id, id, person_id, credential_id, rp_id, name, public_key, counter_state, transports,
                                   created_at)
         values ($1, $2, $3, $4, 'localhost', 'a key', $4, $5, 0, $6)",
    )
    .bind(tenant.id.uuid())
    .bind(id)
    .bind(member.id.uuid())
    .bind(&app.app.chance.bytes::<32>()[..])
    .bind(&[0_u8; 7][..])
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("the passkey is written");
    id.to_string()
}

/// A provider by which people sign in, the domain that leads to it, and whom another one vouches for: nobody answers at
/// either.
pub(super) async fn provider_of(
    app: &TestApp,
    tenant: &Tenant,
    member: &Member,
) -> (String, String, String) {
    let mut superuser = app.superuser().await;
    let (tenant, now) = (tenant.id.uuid(), app.app.now());
    let ids = [(); 4].map(|()| app.app.chance.uuid(now));
    let [enabled, other, domain, identity] = ids;
    for (id, enabled_at) in [(enabled, Some(now)), (other, None)] {
        sqlx::query(
            "insert into app.oidc_providers (tenant_id, id, name, issuer, client_id, client_secret, secret_set_at, enabled_at,
                                             created_at, updated_at)
             values ($1, $2, 'a provider', 'https://' || $2::text || '.example', 'intrex', 'v1.x.x.x', $3, $4, $3, $3)",
        )
        .bind(tenant)
        .bind(id)
        .bind(now)
        .bind(enabled_at)
        .execute(&mut superuser)
        .await
        .expect("the provider is written");
    }
    sqlx::query(
        "insert into app.oidc_domains (tenant_id, id, provider_id, domain, challenge, created_at, proven_at)
         values ($1, $2, $3, $2::text || '.example', repeat('0', 32), $4, $4)",
    )
    .bind(tenant)
    .bind(domain)
    .bind(enabled)
    .bind(now)
    .execute(&mut superuser)
    .await
    .expect("the domain is written");
    sqlx::query(
        "insert into app.oidc_identities (tenant_id, id, provider_id, subject, person_id, linked_at)
         values ($1, $2, $3, $2::text, $4, $5)",
    )
    .bind(tenant)
    .bind(identity)
    .bind(other)
    .bind(member.id.uuid())
    .bind(now)
    .execute(&mut superuser)
    .await
    .expect("the identity is written");
    (
        enabled.to_string(),
        domain.to_string(),
        identity.to_string(),
    )
}

/// A webhook, to where nothing is sent.
async fn connector_of(app: &TestApp, tenant: &Tenant) -> String {
    let id = app.app.chance.uuid(app.app.now());
    sqlx::query(
        "insert into app.connectors (tenant_id, id, type, name, status, config, created_at, updated_at)
         values ($1, $2, 'webhook', 'a webhook', 'active', '{\"url\":\"https://10.0.0.1/x\",\"headers\":{}}', $3, $3)",
    )
    .bind(tenant.id.uuid())
    .bind(id)
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("the connector is written");
    id.to_string()
}

/// A dead letter of a webhook.
async fn delivery_of(app: &TestApp, tenant: &Tenant, connector: &str) -> String {
    let id = app.app.chance.uuid(app.app.now());
    sqlx::query(
        "insert into app.notification_deliveries
           (tenant_id, id, connector_id, event_type, notices, fingerprint, state, reason, next_attempt_at, created_at, settled_at)
         values ($1, $2, $3::uuid, 'obligation.completed', '[{\"id\":\"00000000-0000-0000-0000-000000000001\",
           \"type\":\"obligation.completed\",\"version\":1,\"tenant_id\":\"00000000-0000-0000-0000-000000000001\",
           \"occurred_at\":\"2026-11-22T03:00:00Z\",\"severity\":null,\"branch\":null,
           \"entity\":{\"type\":\"obligation\",\"id\":\"00000000-0000-0000-0000-000000000001\",\"title\":\"of its own\"},
           \"timing\":{\"due_on\":null,\"certificate_expires_at\":null,\"days_remaining\":null},\"url\":null}]',
           sha256($2::text::bytea), 'dead', 'gave_up', $4, $4, $4)",
    )
    .bind(tenant.id.uuid())
    .bind(id)
    .bind(connector)
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("the delivery is written");
    id.to_string()
}

/// A route by the installation's own mail.
pub(super) async fn route_of(app: &TestApp, tenant: &Tenant) -> String {
    let id = app.app.chance.uuid(app.app.now());
    sqlx::query(
        "insert into app.notification_routes
           (tenant_id, id, name, event_types, min_severity, recipient, created_at, updated_at)
         values ($1, $2, $2::text, '{obligation.due}', 'low', 'head_office', $3, $3)",
    )
    .bind(tenant.id.uuid())
    .bind(id)
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("the route is written");
    id.to_string()
}

/// A message in somebody's inbox, as the worker would have put it there.
async fn message_of(app: &TestApp, member: &Member, about: &Obligation) -> String {
    let id = app.app.chance.uuid(app.app.now());
    sqlx::query(
        "insert into app.notification_events
           (tenant_id, id, recipient_id, branch_id, obligation_id, slot_id, type, severity, threshold, due_on, created_at)
         select tenant_id, $1, $2, branch_id, id, $1, 'obligation_due', severity, 'due-7', due_on, $4
         from app.obligation_instances where id = $3",
    )
    .bind(id)
    .bind(member.id.uuid())
    .bind(about.id.uuid())
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("the message is written");
    id.to_string()
}

/// What the log says of its making.
async fn event_of(app: &TestApp, item: &Obligation) -> String {
    let id: Uuid = sqlx::query_scalar(
        "select id from app.audit_events where entity_id = $1 and action = 'obligation.created'",
    )
    .bind(item.id.to_string())
    .fetch_one(&mut app.superuser().await)
    .await
    .expect("its making was told");
    id.to_string()
}

/// What the token that was made before is to whoever looks after security.
async fn security_event_of(app: &TestApp, tenant: &Tenant) -> String {
    let id: Uuid = sqlx::query_scalar(
        "select id from app.security_events where tenant_id = $1 and code = 'TOKEN_CREATED'",
    )
    .bind(tenant.id.uuid())
    .fetch_one(&mut app.superuser().await)
    .await
    .expect("the token was noticed");
    id.to_string()
}

/// Bangladesh, by another name.
async fn place_of(app: &TestApp, tenant: &Tenant, name: &str) -> String {
    let raw = RawJurisdiction {
        code: "BD".into(),
        kind: "country".into(),
        name: name.into(),
        ..RawJurisdiction::default()
    };
    let made = jurisdictions::commands::create(&app.app, &tenant.operator, &raw).await;
    made.expect("a place").place.id.to_string()
}

async fn template_of(app: &TestApp, tenant: &Tenant, title: &str) -> String {
    let raw = RawTemplate {
        code: TEMPLATE_CODE.into(),
        category: "licence".into(),
        title: title.into(),
        ..RawTemplate::default()
    };
    let made = templates::commands::create(&app.app, &tenant.operator, &raw, None).await;
    made.expect("a template").id.to_string()
}

/// The record of an import that found nothing to do.
async fn import_of(app: &TestApp, tenant: &Tenant, file_name: &str) -> String {
    let options = Options {
        mode: Mode::Apply,
        file_name: file_name.to_owned(),
        language: Language::ENGLISH,
    };
    let mut file =
        "external_id,branch_code,title,category,due_on\nF-1,NOWHERE,x,licence,2026-12-24\n"
            .as_bytes();
    let kind = imports::Kind::Obligations;
    let done = imports::import(
        &app.app,
        &tenant.operator,
        kind,
        &mut file,
        &options,
        &|_| (),
    )
    .await;
    done.expect("it is read").id.expect("a record").to_string()
}

/// An invitation that was made and then replaced by another: it counts no more.
async fn replaced_invitation(app: &TestApp, tenant: &Tenant, branch: BranchId) -> String {
    let invited = app.invite(tenant, "Ines", Role::Operator, &[branch]).await;
    people::reinvite(&app.app, &tenant.operator, invited.person.id)
        .await
        .expect("a new invitation");
    invited.token.expose_secret().to_owned()
}

/// A link to set another password that was used: it counts no more.
async fn used_reset(app: &TestApp, tenant: &Tenant, member: &Member) -> String {
    let (text, hash) = opaque::mint(Kind::PasswordReset, tenant.id, app.app.chance);
    sqlx::query(
        "insert into app.password_resets (tenant_id, id, person_id, token_hash, created_at, expires_at, used_at)
         values ($1, $2, $3, $4, $5, $5 + interval '30 minutes', $5)",
    )
    .bind(tenant.id.uuid())
    .bind(app.app.chance.uuid(app.app.now()))
    .bind(member.id.uuid())
    .bind(&hash[..])
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("the link is written");
    text.expose_secret().to_owned()
}

/// A link that agrees to an address that was asked for and given up: it counts no more.
async fn ended_email_change(app: &TestApp, tenant: &Tenant, member: &Member) -> String {
    let (text, hash) = opaque::mint(Kind::EmailChange, tenant.id, app.app.chance);
    let (_, other) = opaque::mint(Kind::EmailChange, tenant.id, app.app.chance);
    sqlx::query(
        "insert into app.email_changes (tenant_id, id, person_id, session_id, email, canonical_email, old_token_hash,
                                        new_token_hash, created_at, expires_at, ended_at)
         values ($1, $2, $3, $2, 'x@y.example', 'x@y.example', $4, $5, $6, $6 + interval '1 day', $6)",
    )
    .bind(tenant.id.uuid())
    .bind(app.app.chance.uuid(app.app.now()))
    .bind(member.id.uuid())
    .bind(&hash[..])
    .bind(&other[..])
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("the link is written");
    text.expose_secret().to_owned()
}

/// A link that answers a reminder, and has expired: it counts no more.
async fn expired_answer_link(app: &TestApp, member: &Member, about: &Obligation) -> String {
    let mut superuser = app.superuser().await;
    let tenant: Uuid =
        sqlx::query_scalar("select tenant_id from app.obligation_instances where id = $1")
            .bind(about.id.uuid())
            .fetch_one(&mut superuser)
            .await
            .expect("the item is there");
    let (text, hash) = opaque::mint(Kind::Answer, tenant.into(), app.app.chance);
    sqlx::query(
        "insert into app.answer_links (tenant_id, token_hash, person_id, obligation_id, threshold, due_on, created_at, expires_at)
         select tenant_id, $2, $3, id, 'due_day', due_on, $4, $4 from app.obligation_instances where id = $1",
    )
    .bind(about.id.uuid())
    .bind(&hash[..])
    .bind(member.id.uuid())
    .bind(app.app.now())
    .execute(&mut superuser)
    .await
    .expect("the link is written");
    text.expose_secret().to_owned()
}
