//! Sends the letters that are due, like the sender of reminders: claim in one short transaction across tenants; then,
//! tenant by tenant, look again whether the letter still makes sense, and open its link; then send with no transaction and
//! no connection held; then record how it ended, as far as the claim still holds. A worker that is killed anywhere loses
//! nothing: its claims end with their lease, and what was in flight goes out again under the same `Message-ID`.
//! It has a loop of its own, so that a flood of reminders does not hold up somebody who cannot sign in.

use std::collections::HashMap;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    Kind,
    message::{About, compose},
    model::wait_after,
    place,
    queries::{self, Row},
};
use crate::{
    App,
    actor::Actor,
    audit::Event,
    db::WriteTx,
    error::Result,
    ids::{PersonId, TenantId},
    outbox::{self, Claim},
    outside::mail::{MailFault, Mailer, Message, MessageId, SEND_TIMEOUT},
    permission::Permission,
    vault::{data_keys, seal},
};

/// The name of this work in the audit log.
const JOB: &str = "account_mail.send";
/// How long a claim holds.
const LEASE: TimeDelta = TimeDelta::seconds(60);
const _: () = assert!(
    SEND_TIMEOUT.as_secs() < 45,
    "a letter ends before its lease"
);
/// Letters that one round claims. All are on their way at once, so that none waits inside its lease.
const LETTERS_A_ROUND: i64 = 8;
/// Of which one tenant has so many at most.
const LETTERS_A_TENANT: i64 = 4;
/// Attempts after which a letter is given up, whether they failed or took their worker down.
const MAX_ATTEMPTS: i16 = 12;

/// A letter that is to go out.
struct Outgoing {
    claim: Claim,
    person: PersonId,
    kind: Kind,
    message: Message,
    /// What must not be repeated in what a server says of it.
    token: Option<SecretString>,
}

/// How an attempt ended.
type Sent = std::result::Result<(), MailFault>;

/// Sends one round of what is due. Answers how many letters were claimed. Without a mail server they wait.
pub async fn send_due(app: &App) -> Result<usize> {
    let Some(mailer) = app.mailer.clone() else {
        return Ok(0);
    };
    let mut tx = app.db.system().await?;
    let now = tx.now().await?;
    if !queries::anything_due(tx.conn(), now).await? {
        return Ok(0);
    }
    let claims = queries::claim(
        tx.conn(),
        now,
        now + LEASE,
        LETTERS_A_TENANT,
        LETTERS_A_ROUND,
    )
    .await?;
    tx.commit().await?;
    let claimed = claims.len();
    let mut letters = Vec::new();
    for (tenant, claims) in outbox::by_tenant(claims) {
        match prepare(app, tenant, &claims).await {
            Ok(prepared) => letters.extend(prepared),
            // The others are not held up: these claims end with their lease.
            Err(error) => tracing::error!(%error, %tenant, "account mail could not be prepared"),
        }
    }
    send_all(app, &mailer, letters).await;
    Ok(claimed)
}

/// Settles a tenant's claims that are moot, and puts the others together.
async fn prepare(app: &App, tenant: TenantId, claims: &[Claim]) -> Result<Vec<Outgoing>> {
    let actor = Actor::worker(tenant, JOB);
    actor.may(Permission::AccountMailSend)?;
    let claims: HashMap<Uuid, Claim> = claims.iter().map(|claim| (claim.id, *claim)).collect();
    let ids: Vec<Uuid> = claims.keys().copied().collect();
    let mut tx = app.db.write(&actor).await?;
    let rows = queries::load(tx.conn(), tenant, &ids).await?;
    let (mut letters, mut events) = (Vec::new(), Vec::new());
    for row in rows {
        let Some(claim) = claims.get(&row.id).filter(|claim| claim.fence == row.fence) else {
            continue;
        };
        match letter(app, &mut tx, *claim, &row).await? {
            Ok(letter) => letters.push(letter),
            Err(Moot { state, reason }) => {
                let now = tx.now();
                let settled =
                    queries::settle(tx.conn(), claim, state, Some(reason), None, now).await?;
                if settled {
                    let event = told(row.person, claim.id, &row.kind, state);
                    events.push(event.with("why", reason));
                }
            }
        }
    }
    if events.is_empty() {
        tx.commit_unaudited("nothing was settled: what follows goes out by mail")
            .await?;
    } else {
        tx.commit_all(events).await?;
    }
    Ok(letters)
}

/// Why a letter is not sent.
struct Moot {
    state: &'static str,
    reason: &'static str,
}

impl Moot {
    const fn dropped(reason: &'static str) -> Self {
        Moot {
            state: "dropped",
            reason,
        }
    }
}

async fn letter(
    app: &App,
    tx: &mut WriteTx,
    claim: Claim,
    row: &Row,
) -> Result<std::result::Result<Outgoing, Moot>> {
    let now = tx.now();
    let (Some(kind), Some(to)) = (Kind::parse(&row.kind), row.to_address.clone()) else {
        // Written by another version of the program.
        return Ok(Err(Moot::dropped("unknown")));
    };
    if row.expires_at <= now {
        return Ok(Err(Moot::dropped("expired")));
    }
    if !kind.is_for(row.status) {
        return Ok(Err(Moot::dropped("recipient_inactive")));
    }
    if claim.attempts > MAX_ATTEMPTS {
        return Ok(Err(Moot {
            state: "failed",
            reason: "gave_up",
        }));
    }
    let token = match (&row.token, kind.path()) {
        (None, None) => None,
        (Some(sealed), Some(_)) => match opened(tx, claim, sealed).await? {
            Some(token) => Some(token),
            None => return Ok(Err(Moot::dropped("unreadable"))),
        },
        _ => return Ok(Err(Moot::dropped("unknown"))),
    };
    let base_url = &app.settings.base_url;
    let fingerprint: [u8; 32] = Sha256::digest(claim.id.as_bytes()).into();
    let about = About {
        kind,
        id: MessageId::new(
            claim.id,
            &fingerprint,
            base_url.host_str().unwrap_or_default(),
        ),
        to_name: &row.name,
        to_address: to,
        tenant: &row.tenant_name,
        other: row.other_address.as_deref().unwrap_or_default(),
        seen: row.code.as_deref().zip(row.event_count),
        token: token.as_ref(),
        happened_at: row.created_at,
        expires_at: row.expires_at,
    };
    Ok(Ok(Outgoing {
        claim,
        person: row.person,
        kind,
        message: compose(about, base_url, now),
        token,
    }))
}

/// The text of a link's token. None if its key was erased or the row is not the one that it was sealed for.
async fn opened(tx: &mut WriteTx, claim: Claim, sealed: &str) -> Result<Option<SecretString>> {
    let (conn, _, inner) = tx.parts();
    let key = data_keys::key_for(conn, &inner.wrapping(), claim.tenant, None).await?;
    let place = place(claim.tenant, claim.id);
    let plain = key.and_then(|key| seal::open_with(&key.key, place, sealed).ok());
    Ok(plain
        .and_then(|plain| String::from_utf8(plain.to_vec()).ok())
        .map(SecretString::from))
}

/// Sends letters side by side, and records each as soon as it ends.
async fn send_all(app: &App, mailer: &Mailer, letters: Vec<Outgoing>) {
    let mut on_the_way = JoinSet::new();
    for letter in letters {
        let (app, mailer) = (app.clone(), mailer.clone());
        on_the_way.spawn(async move {
            let sent = mailer.send(&letter.message).await;
            if let Err(error) = record(&app, &letter, sent).await {
                // The claim ends with its lease, and the letter goes out again.
                tracing::error!(%error, "the outcome of account mail could not be written");
            }
        });
    }
    while let Some(ended) = on_the_way.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "sending account mail broke off");
        }
    }
}

/// Writes how an attempt ended.
async fn record(app: &App, letter: &Outgoing, sent: Sent) -> Result<()> {
    let claim = &letter.claim;
    let mut tx = app.db.write(&Actor::worker(claim.tenant, JOB)).await?;
    let now = tx.now();
    let event = |state| {
        told(letter.person, claim.id, letter.kind.as_str(), state)
            .with("message_id", letter.message.id.to_string())
    };
    let fault = match sent {
        Ok(()) => {
            let settled = queries::settle(tx.conn(), claim, "sent", None, None, now).await?;
            return finish(tx, settled.then(|| event("sent"))).await;
        }
        Err(fault) => fault,
    };
    let error = without_link(&fault.to_string(), letter.token.as_ref());
    let reason = match (fault.permanent, claim.attempts >= MAX_ATTEMPTS) {
        (true, _) => "refused",
        (false, true) => "gave_up",
        (false, false) => {
            let [chance] = app.chance.bytes();
            let at = now + wait_after(claim.attempts, chance);
            queries::postpone(tx.conn(), claim, at, Some(&error)).await?;
            return finish(tx, None).await;
        }
    };
    let settled =
        queries::settle(tx.conn(), claim, "failed", Some(reason), Some(&error), now).await?;
    let event = event("failed")
        .with("why", reason)
        .with("stage", fault.stage.as_str());
    finish(tx, settled.then_some(event)).await
}

async fn finish(tx: WriteTx, event: Option<Event>) -> Result<()> {
    match event {
        Some(event) => tx.commit(event).await,
        None => {
            tx.commit_unaudited("an attempt that is repeated, or a claim that holds no more")
                .await
        }
    }
}

/// What a server said, without the link: those that look for bad addresses in a message repeat them.
fn without_link(said: &str, token: Option<&SecretString>) -> String {
    match token {
        Some(token) => {
            // Servers shorten and break what they repeat: a part of it is enough to be left out altogether.
            let shown = said.contains(&token.expose_secret()[..8]);
            if shown {
                "the server repeated the link in its refusal".to_owned()
            } else {
                said.to_owned()
            }
        }
        None => said.to_owned(),
    }
}

fn told(person: PersonId, id: Uuid, kind: &str, state: &str) -> Event {
    let event = match state {
        "sent" => Event::new("account_mail", "account_mail.sent"),
        "failed" => Event::new("account_mail", "account_mail.failed").failed(),
        _ => Event::new("account_mail", "account_mail.dropped"),
    };
    event
        .on("person", person)
        .about(person)
        .with("mail_id", id.to_string())
        .with("kind", kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_repeats_the_link_is_kept_without_it() {
        let token = SecretString::from("itp_0123456789abcdef_secret");
        for said in [
            "accept: 550 spam: http://x/reset-password/itp_0123456789abcdef_secret",
            "accept: 550 bad link itp_0123456…",
        ] {
            let kept = without_link(said, Some(&token));
            assert!(!kept.contains("itp_"), "{kept}");
        }
        assert_eq!(
            without_link("accept: 552 full", Some(&token)),
            "accept: 552 full"
        );
    }
}
