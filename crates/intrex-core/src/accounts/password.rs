//! Changing one's own password: the present one, another one that the policy accepts and that was not used lately, and then
//! every other session ends and this one goes on under a new name.

use secrecy::SecretString;

use super::{
    end_links,
    proof::{Proof, prove},
    queries::{self, Account},
};
use crate::{
    Actor, App,
    account_mail::{self, Notice},
    audit::Event,
    catalogue::{Text, keys},
    db::{ReadTx, WriteTx},
    error::{Conflict, Error, Result},
    ids::PersonId,
    people::password_policy,
    permission::Permission,
    sessions::{self, Factor, SessionCookie},
    tokens,
    vault::Vault,
};

/// How many earlier passwords are not chosen again, besides the present one. Each is compared by bcrypt, off any lock.
pub(super) const REMEMBERED: i64 = 5;

/// What somebody types to change their password.
#[derive(Debug)]
pub struct PasswordChange {
    /// The present one.
    pub old: SecretString,
    /// The next one.
    pub new: SecretString,
    /// What becomes of the person's API tokens.
    pub tokens: Tokens,
}

/// What becomes of a person's API tokens when they change their password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// They go on: programs are not disturbed by a change that has no particular reason.
    Kept,
    /// They are revoked: somebody else may have made one.
    Revoked,
}

/// What a change came to. A wrong present password and a refused next one are `Invalid` on their field.
#[derive(Debug)]
pub enum Changed {
    /// Done; the session goes on with this cookie.
    Done(SessionCookie),
    /// Too many wrong passwords.
    Wait {
        /// Seconds until the next one counts.
        retry_after_sec: i64,
    },
}

/// What the page for it says.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// The shortest password, in characters.
    pub min_password: usize,
    /// Whether nothing else opens until it is changed.
    pub is_due: bool,
}

/// What the page for it says.
pub async fn standing(tx: &mut ReadTx) -> Result<Standing> {
    tx.may(Permission::AccountOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    let account = queries::find(tx.conn(), tenant, person)
        .await?
        .ok_or(Error::NotFound)?;
    Ok(Standing {
        min_password: password_policy::min_length(account.role),
        is_due: account.must_change_password,
    })
}

/// Changes one's own password. Only a session can: no program needs it.
pub async fn change(app: &App, actor: &Actor, typed: PasswordChange) -> Result<Changed> {
    actor.may(Permission::AccountOwn)?;
    let (Some(person), Some(session)) = (actor.person_id(), actor.session_id()) else {
        return Err(Error::Forbidden);
    };
    let tenant = actor.tenant();
    let (account, earlier) = load(app, actor, person).await?;
    match prove(app, actor, person, &account, &typed.old).await? {
        Proof::Right => {}
        Proof::Wrong => return Err(Error::invalid("old_password", keys::PASSWORD_OLD_WRONG)),
        Proof::Wait { retry_after_sec } => return Ok(Changed::Wait { retry_after_sec }),
    }
    acceptable(&app.vault, &account, &earlier, &typed.new).await?;
    let hash = app.vault.passwords.hash(&typed.new).await?;
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    // What was proven is what is replaced: of two changes at the same moment one is told that it came late.
    let old = account.password_hash.as_deref().unwrap_or_default();
    if !replace(app, &mut tx, person, Some(old), &hash).await? {
        return Err(Error::Conflict(Conflict::Stale));
    }
    sessions::end_others(tx.conn(), tenant, person, Some(session)).await?;
    // The factor was not asked for: it is as fresh as before.
    let (_, cookie) = sessions::renew(app, &mut tx, Factor::AsBefore).await?;
    if typed.tokens == Tokens::Revoked {
        tokens::revoke_all_of(tx.conn(), tenant, person, now).await?;
    }
    end_links(tx.conn(), tenant, person, now).await?;
    account_mail::notify(app, &mut tx, person, Notice::PasswordChanged).await?;
    let event = Event::new("security", "password.changed")
        .on("person", person)
        .about(person)
        .with("tokens_revoked", typed.tokens == Tokens::Revoked)
        .with("was_due", account.must_change_password);
    tx.commit(event).await?;
    Ok(Changed::Done(cookie))
}

async fn load(app: &App, actor: &Actor, person: PersonId) -> Result<(Account, Vec<String>)> {
    let mut tx = app.db.read(actor).await?;
    let tenant = actor.tenant();
    let account = queries::find(tx.conn(), tenant, person)
        .await?
        .ok_or(Error::NotFound)?;
    let earlier = queries::earlier_passwords(tx.conn(), tenant, person, REMEMBERED).await?;
    tx.finish().await?;
    Ok((account, earlier))
}

/// Whether a password may be the next one: by the policy, and not one of the last.
pub(super) async fn acceptable(
    vault: &Vault,
    account: &Account,
    earlier: &[String],
    password: &SecretString,
) -> Result<()> {
    let known = [
        account.tenant_name.as_str(),
        account.email.as_str(),
        account.name.as_str(),
    ];
    password_policy::accept(password, account.role, &known).await?;
    let present = account.password_hash.iter();
    let used: Vec<&str> = present.chain(earlier).map(String::as_str).collect();
    if vault.passwords.is_one_of(password, &used).await? {
        let text = Text::new(keys::PASSWORD_USED_BEFORE).with("count", REMEMBERED);
        return Err(Error::invalid("password", text));
    }
    Ok(())
}

/// Puts another hash in the place of the present one (of `old`, if that is given), and remembers the latter. `false` if the
/// person cannot sign in, or has another password by now.
pub(super) async fn replace(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    old: Option<&str>,
    new: &str,
) -> Result<bool> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let id = app.chance.uuid(now);
    let conn = tx.conn();
    let Some(replaced) = queries::lock_password(conn, tenant, person).await? else {
        return Ok(false);
    };
    if old.is_some_and(|old| old != replaced) {
        return Ok(false);
    }
    queries::remember_password(conn, tenant, person, id, &replaced, now).await?;
    queries::forget_passwords(conn, tenant, person, REMEMBERED).await?;
    queries::set_password(conn, tenant, person, new, now).await?;
    Ok(true)
}
