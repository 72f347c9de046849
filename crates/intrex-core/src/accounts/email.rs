//! Another e-mail address for one's own account. Whoever has the session and the password asks; both addresses must agree
//! by a link of their own, so that neither a stolen session nor a stolen mailbox is enough; then both are told. Whether the
//! other address belongs to somebody already is not looked at before whoever reads its mail has agreed.

use chrono::TimeDelta;
use secrecy::SecretString;

use super::{
    end_links,
    proof::{Proof, prove},
    queries::{self, EmailChange, NewEmailChange},
};
use crate::{
    Actor, App,
    account_mail::{self, Letter},
    actor::Request,
    audit::Event,
    catalogue::keys,
    error::{Error, FieldErrors, Result},
    people::{Email, MAX_EMAIL},
    permission::Permission,
    raw::Raw,
    sessions,
    vault::opaque::{self, Kind, Presented},
};

/// How long the two links count.
pub const EMAIL_CHANGE_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// How often somebody may ask within [`EMAIL_CHANGE_LIFETIME`]: each time a stranger may get a mail.
const MAX_ASKED: i64 = 5;

/// What asking for another address came to. A wrong password and an address that is none are `Invalid` on their field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Both addresses get a link.
    Noted,
    /// Too many wrong passwords.
    Wait {
        /// Seconds until the next one counts.
        retry_after_sec: i64,
    },
}

/// Asks for another address. A newer request takes the place of an older one.
pub async fn ask(app: &App, actor: &Actor, email: &Raw, password: SecretString) -> Result<Asked> {
    actor.may(Permission::AccountOwn)?;
    let (Some(person), Some(session)) = (actor.person_id(), actor.session_id()) else {
        return Err(Error::Forbidden);
    };
    let tenant = actor.tenant();
    let mut tx = app.db.read(actor).await?;
    let account = queries::find(tx.conn(), tenant, person)
        .await?
        .ok_or(Error::NotFound)?;
    tx.finish().await?;
    let mut errors = FieldErrors::new();
    let typed = email.line(&mut errors, "email", MAX_EMAIL);
    let next = typed.and_then(|line| errors.take("email", Email::parse(&line)));
    if next
        .as_ref()
        .is_some_and(|next| next.canonical == account.canonical_email)
    {
        errors.add("email", keys::EMAIL_CHANGE_SAME);
    }
    match prove(app, actor, person, &account, &password).await? {
        Proof::Right => {}
        Proof::Wrong => errors.add("old_password", keys::PASSWORD_OLD_WRONG),
        Proof::Wait { retry_after_sec } => return Ok(Asked::Wait { retry_after_sec }),
    }
    let Some(next) = next.filter(|_| errors.is_empty()) else {
        return Err(errors.into());
    };
    if app.mailer.is_none() {
        return Err(Error::conflict(keys::EMAIL_CHANGE_NO_MAIL));
    }
    let (old_token, old_hash) = opaque::mint(Kind::EmailChange, tenant, app.chance);
    let (new_token, new_hash) = opaque::mint(Kind::EmailChange, tenant, app.chance);
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let expires_at = now + EMAIL_CHANGE_LIFETIME;
    // Under the person's lock, so that several requests at the same moment are counted one after the other.
    queries::lock_password(tx.conn(), tenant, person).await?;
    let since = now - EMAIL_CHANGE_LIFETIME;
    if queries::count_email_changes(tx.conn(), tenant, person, since).await? >= MAX_ASKED {
        return Err(Error::conflict(keys::EMAIL_CHANGE_TOO_MANY));
    }
    queries::end_email_changes(tx.conn(), tenant, person, now).await?;
    let change = NewEmailChange {
        id: app.chance.uuid(now),
        session: session.uuid(),
        email: &next.shown,
        canonical_email: &next.canonical,
        old_token_hash: old_hash,
        new_token_hash: new_hash,
        expires_at,
    };
    queries::insert_email_change(tx.conn(), tenant, person, &change, now).await?;
    let to_old = Letter::email_change_old(&old_token, &next.shown, expires_at);
    let to_new = Letter::email_change_new(&new_token, &next.shown, expires_at);
    account_mail::queue(app, &mut tx, person, &to_old).await?;
    account_mail::queue(app, &mut tx, person, &to_new).await?;
    let event = Event::new("security", "email.change_requested")
        .on("person", person)
        .about(person)
        .with("change_id", change.id.to_string())
        .personal("email", next.shown.clone());
    tx.commit(event).await?;
    Ok(Asked::Noted)
}

/// What the page of a link shows.
#[derive(Debug, Clone)]
pub struct Open {
    /// Whose address it is.
    pub name: String,
    /// Their organisation.
    pub tenant_name: String,
    /// The address that is to be used.
    pub email: String,
}

/// What agreeing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreed {
    /// Both have agreed: this is the address now.
    Changed {
        /// The new address.
        email: String,
    },
    /// This one has agreed; the other has not yet.
    Waiting,
    /// Both have agreed and it can't be: the address belongs to an account. Nothing was changed.
    Impossible,
    /// The link does not count: used, replaced, expired, or never made.
    Gone,
}

/// Looks at a link without using it: programs that look at mail open every link. `None` if it does not count.
pub async fn find(app: &App, request: Request, token: &str) -> Result<Option<Open>> {
    let Some(presented) = opaque::parse(Kind::EmailChange, token) else {
        return Ok(None);
    };
    let tenant = presented.tenant;
    let mut tx = app.db.authenticate(tenant, request).await?;
    let now = tx.now();
    let change = queries::find_email_change(tx.conn(), tenant, &presented.hash, now).await?;
    tx.finish().await?;
    Ok(change
        .filter(|change| change.is_open_to(&presented))
        .map(|change| Open {
            name: change.name,
            tenant_name: change.tenant_name,
            email: change.email,
        }))
}

/// Agrees for the address that the link went to. The second of the two changes it: the sessions other than the one that
/// asked end, and links that went to the old address count no more.
pub async fn agree(app: &App, request: Request, token: &str) -> Result<Agreed> {
    let Some(presented) = opaque::parse(Kind::EmailChange, token) else {
        return Ok(Agreed::Gone);
    };
    let tenant = presented.tenant;
    let nobody = Actor::anonymous(tenant, request);
    let mut tx = app.db.write(&nobody).await?;
    let now = tx.now();
    let hash = &presented.hash;
    let Some(found) = queries::find_email_change(tx.conn(), tenant, hash, now).await? else {
        return Ok(Agreed::Gone);
    };
    let person = found.person;
    // The person first, as everywhere: nobody waits in a circle. Then again, because it may have ended meanwhile.
    queries::lock_password(tx.conn(), tenant, person).await?;
    let again = queries::find_email_change(tx.conn(), tenant, hash, now).await?;
    let Some(change) = again.filter(|change| change.is_open_to(&presented)) else {
        return Ok(Agreed::Gone);
    };
    let told = |action| {
        Event::new("security", action)
            .on("person", person)
            .about(person)
            .with("change_id", change.id.to_string())
    };
    let side = if change.is_from_old(&presented) {
        "old"
    } else {
        "new"
    };
    let confirmed = told("email.change_confirmed").with("by", side);
    queries::confirm_email_change(tx.conn(), tenant, change.id, hash, now).await?;
    if !change.other_has_agreed(&presented) {
        tx.commit(confirmed).await?;
        return Ok(Agreed::Waiting);
    }
    let canonical = &change.canonical_email;
    match queries::set_email(tx.conn(), tenant, person, &change.email, canonical, now).await {
        Ok(()) => {}
        Err(error) if Error::constraint(&error) == Some("people_canonical_email") => {
            // The transaction is broken by it; the change is ended in another one.
            drop(tx);
            return give_up(app, &nobody, &change).await;
        }
        Err(error) => return Err(error.into()),
    }
    sessions::end_others(tx.conn(), tenant, person, Some(change.session.into())).await?;
    end_links(tx.conn(), tenant, person, now).await?;
    for to in [&change.old_email, &change.email] {
        let letter = Letter::email_changed(to, &change.email);
        account_mail::queue(app, &mut tx, person, &letter).await?;
    }
    let changed = told("person.email_changed").changed(
        "email",
        change.old_email.as_str(),
        change.email.as_str(),
    );
    tx.commit_all(vec![confirmed, changed]).await?;
    Ok(Agreed::Changed {
        email: change.email,
    })
}

async fn give_up(app: &App, nobody: &Actor, change: &EmailChange) -> Result<Agreed> {
    let tenant = nobody.tenant();
    let mut tx = app.db.write(nobody).await?;
    let now = tx.now();
    queries::end_email_changes(tx.conn(), tenant, change.person, now).await?;
    let event = Event::new("security", "email.change_refused")
        .failed()
        .on("person", change.person)
        .about(change.person)
        .with("change_id", change.id.to_string());
    tx.commit(event).await?;
    Ok(Agreed::Impossible)
}

impl EmailChange {
    fn is_from_old(&self, presented: &Presented) -> bool {
        self.old_token_hash.as_slice() == presented.hash
    }

    /// Whether this link has not agreed yet.
    fn is_open_to(&self, presented: &Presented) -> bool {
        match self.is_from_old(presented) {
            true => !self.old_confirmed,
            false => !self.new_confirmed,
        }
    }

    fn other_has_agreed(&self, presented: &Presented) -> bool {
        match self.is_from_old(presented) {
            true => self.new_confirmed,
            false => self.old_confirmed,
        }
    }
}
