//! How many invitations are sent: to one address, so that nobody's mailbox is filled by an organisation that they may not even
//! know, and of one organisation.

use super::{
    counted::{Scope, keyed},
    platform, queries,
    rules::{self, Limits},
};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::{Text, keys},
    error::{Error, Result},
    sessions::seconds_until,
};

/// Counts an invitation that is about to be sent, or refuses it. Whoever is invited, deleted and invited again is one address.
/// Where no mail is sent nothing is counted: the link is shown to whoever asked for it.
pub(crate) async fn admit_invitation(
    app: &App,
    actor: &Actor,
    canonical_email: &str,
) -> Result<()> {
    if app.mailer.is_none() {
        return Ok(());
    }
    let key = app.vault.auth().current();
    let tenant = actor.tenant().to_string();
    let address = format!("{tenant}\0{canonical_email}");
    let keys = [
        (Scope::Invitation, keyed(key, "invitation", &address)),
        (Scope::Invitations, keyed(key, "invitations", &tenant)),
    ];
    let mut tx = platform(app, actor.request()).await?;
    let now = tx.now();
    let mut counters = queries::lock(tx.conn(), &keys, now).await?;
    let mut refused = None;
    for row in &mut counters {
        let limits = Limits::invitations(row.scope);
        let (next, admitted) = rules::after_request(row.counter.clone(), now, &limits);
        row.counter = next;
        if let Some(until) = admitted.wait_until {
            refused = Some((row.scope, limits, until, admitted.first_refusal));
            break;
        }
    }
    if let Some((scope, ..)) = &refused {
        // What goes to nobody is counted by what has refused it alone: neither against the organisation nor against the address.
        counters.retain(|row| row.scope == *scope);
    }
    queries::save(tx.conn(), &counters, now).await?;
    tx.commit_unaudited("what is sent has its own event, and what is refused too")
        .await?;
    let Some((scope, limits, until, is_first)) = refused else {
        return Ok(());
    };
    if is_first {
        let event = Event::new("person", "person.invitations_limited")
            .denied()
            .with("scope", scope.as_str())
            .with("limit", limits.threshold)
            .with("window_sec", limits.window.num_seconds());
        app.db.write(actor).await?.commit(event).await?;
    }
    let text = match scope {
        Scope::Invitation => keys::PERSON_INVITED_TOO_OFTEN,
        _ => keys::PERSON_TOO_MANY_INVITATIONS,
    };
    Err(Error::TooMany {
        text: Text::new(text).with("max", limits.threshold),
        retry_after_sec: seconds_until(until, now),
    })
}
