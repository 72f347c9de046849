//! The first step: address and password. Whoever asks learns nothing about whether the account exists: the work, the answer
//! and the counting are the same for an address that nobody has.

use secrecy::SecretString;

use super::{
    cookie::{self, Holder, Sid},
    counters::{self, Admission, Counted, Failure},
    devices,
    methods::First,
    model::{PROVISIONAL_LIFETIME, SignIn, Stage, Started, kept_user_agent, seconds_until},
    queries::{self, Account, NewSession},
};
use crate::{
    Actor, App,
    actor::Request,
    audit::Event,
    db::WriteTx,
    error::Result,
    ids::{PersonId, SessionId, TenantId},
    people::canonical_email,
    security_events::network_key,
    vault::passwords::Verified,
};

/// How much of a typed address is looked at, in characters: a longer one belongs to nobody.
const MAX_TYPED: usize = 300;

/// Signs in with a password, as far as that goes: to a provisional session that awaits the second factor.
pub async fn sign_in(
    app: &App,
    request: Request,
    email: &str,
    password: SecretString,
) -> Result<SignIn> {
    let canonical = canonical_typed(email);
    let device = devices::presented_for(app, &request, &canonical).await?;
    let counted = Counted::of(app, &canonical, &request, device);
    match counters::admit(app, &request, &counted).await? {
        Admission::Open => {}
        Admission::TooFast(until) => return Ok(wait(app, until)),
        Admission::Locked(until) => {
            // The same work as for an account that is not locked.
            app.vault.passwords.verify(&password, None).await?;
            return Ok(wait(app, until));
        }
    }
    let found = find(app, &request, &canonical).await?;
    let known = found
        .as_ref()
        .map(|(tenant, account)| (*tenant, account.person));
    let usable = found.filter(|(_, account)| account.can_sign_in);
    let stored = usable
        .as_ref()
        .and_then(|(_, account)| account.password_hash.as_deref());
    let verified = app.vault.passwords.verify(&password, stored).await?;
    match (verified, usable) {
        (Verified::Yes | Verified::Outdated, Some((tenant, account))) => {
            // Other tries may have locked the account while this one was computed: their number is what counts.
            if let Some(until) = counters::locked_until(app, &request, &counted).await? {
                return Ok(wait(app, until));
            }
            let outdated = (verified == Verified::Outdated).then_some(&password);
            // Or the password was changed meanwhile, and this one counts no more.
            let started = start(app, request, tenant, &account, outdated).await?;
            Ok(started.map_or(SignIn::Refused, SignIn::Started))
        }
        _ => match counters::failed(app, &request, &counted, known).await? {
            Failure::Counted => Ok(SignIn::Refused),
            Failure::Locked(until) => Ok(wait(app, until)),
        },
    }
}

/// What was typed as an address, in the form in which addresses are compared. Anything has one.
pub(crate) fn canonical_typed(email: &str) -> String {
    // The database cannot be asked about a NUL; no address has one, and the work is to be the same as for any other.
    let typed: String = email
        .chars()
        .take(MAX_TYPED)
        .map(|c| {
            if c == '\0' {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect();
    canonical_email(&typed)
}

/// Whose address this is, looked up across tenants; nothing else can be read there.
pub(crate) async fn find_by_email(
    app: &App,
    canonical: &str,
) -> Result<Option<(TenantId, PersonId)>> {
    let mut system = app.db.system().await?;
    let found = queries::find_by_email(system.conn(), canonical).await?;
    system.commit().await?;
    Ok(found)
}

/// Only the look-up of the address crosses tenants; what belongs to the account is read as the application.
async fn find(
    app: &App,
    request: &Request,
    canonical: &str,
) -> Result<Option<(TenantId, Account)>> {
    let found = find_by_email(app, canonical).await?;
    // For an address that nobody has, the same questions are asked of a tenant that has no rows.
    let (tenant, person) = found.unwrap_or((TenantId::PLATFORM, PersonId::from(uuid::Uuid::nil())));
    let mut tx = app.db.authenticate(tenant, request.clone()).await?;
    let account = queries::find_account(tx.conn(), tenant, person).await?;
    tx.finish().await?;
    Ok(account.map(|account| (tenant, account)))
}

async fn start(
    app: &App,
    request: Request,
    tenant: TenantId,
    account: &Account,
    outdated: Option<&SecretString>,
) -> Result<Option<Started>> {
    let stage = if account.mfa_enrolled {
        Stage::MfaVerify
    } else {
        Stage::MfaSetup
    };
    let rehashed = match outdated {
        Some(password) => Some(app.vault.passwords.hash(password).await?),
        None => None,
    };
    let nobody = Actor::anonymous(tenant, request.clone());
    let mut tx = app.db.write(&nobody).await?;
    let hash = account.password_hash.as_deref();
    if !queries::keeps_password(tx.conn(), tenant, account.person, hash).await? {
        return Ok(None);
    }
    let begun = begin_provisional(app, &mut tx, account.person, stage, First::Password).await?;
    if let (Some(hash), Some(old)) = (rehashed, &account.password_hash) {
        queries::replace_password_hash(tx.conn(), tenant, account.person, old, &hash).await?;
    }
    let event = Event::new("session", "session.password_accepted")
        .on("person", account.person)
        .about(account.person)
        .with("session_id", begun.id.to_string())
        .with("next", stage.as_str());
    tx.commit(event).await?;
    begun.started(app, tenant, account.person, stage).map(Some)
}

/// A provisional session that was just written.
pub(super) struct Begun {
    pub(super) id: SessionId,
    sid: Sid,
    began_at: chrono::DateTime<chrono::Utc>,
    absolute_at: chrono::DateTime<chrono::Utc>,
    by: First,
}

/// Writes a session that awaits its second factor, in the caller's transaction: after the first factor, whichever it was.
pub(super) async fn begin_provisional(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    stage: Stage,
    by: First,
) -> Result<Begun> {
    let (tenant, request, now) = (tx.actor().tenant(), tx.actor().request().clone(), tx.now());
    let begun = Begun {
        id: app.new_id(),
        sid: Sid::new(app.chance),
        began_at: now,
        absolute_at: now + PROVISIONAL_LIFETIME,
        by,
    };
    let new = NewSession {
        id: begun.id,
        person,
        sid_hash: begun.sid.hash(),
        stage,
        amr: by.as_str().to_owned(),
        absolute_at: begun.absolute_at,
        device: None,
        ip: app.kept_address(request.ip),
        user_agent: kept_user_agent(&request),
        network: network_key(&app.vault, request.ip),
    };
    queries::insert(tx.conn(), tenant, &new, now).await?;
    Ok(begun)
}

impl Begun {
    /// Its cookie: once it is committed.
    pub(super) fn started(
        &self,
        app: &App,
        tenant: TenantId,
        person: PersonId,
        stage: Stage,
    ) -> Result<Started> {
        let cookie = cookie::make(
            app,
            &Holder {
                sid: &self.sid,
                tenant,
                person,
                amr: self.by.as_str(),
                auth_time: self.began_at,
                absolute_at: self.absolute_at,
            },
        )?;
        Ok(Started { cookie, stage })
    }
}

fn wait(app: &App, until: chrono::DateTime<chrono::Utc>) -> SignIn {
    SignIn::Wait {
        retry_after_sec: seconds_until(until, app.now()),
    }
}
