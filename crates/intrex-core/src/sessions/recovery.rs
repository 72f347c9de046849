//! A recovery code in the place of a code of the app: at the second step of signing in, and when stepping up. Wrong ones are
//! counted by the same counter as wrong codes, and the factor waits for both.

use super::{
    model::{Provisional, Stage, Verification, seconds_until},
    passkey,
    queries::{self, Factor},
    second_factor::{self, Checked},
};
use crate::{
    App,
    db::WriteTx,
    error::{Error, Result},
    ids::PersonId,
    recovery_codes::{self, Tried},
};

/// Signs in with a recovery code. It is used up in the transaction that begins the session.
pub async fn verify_recovery_code(
    app: &App,
    provisional: &Provisional,
    typed: &str,
) -> Result<Verification> {
    if provisional.stage != Stage::MfaVerify {
        return Err(Error::Forbidden);
    }
    let (tenant, person) = (provisional.tenant, provisional.person);
    let actor = provisional.actor();
    let mut tx = app.db.read(&actor).await?;
    let now = tx.now();
    let factor = queries::factor(tx.conn(), tenant, person).await?;
    tx.finish().await?;
    let waits = factor.and_then(|factor| second_factor::waits_until(&factor, now));
    let tried = recovery_codes::look_up(app, &actor, person, typed, waits).await?;
    let mut tx = app.db.write(&actor).await?;
    let factor = second_factor::lock(&mut tx, person).await?;
    let mut tx = match passkey::unless_needed(app, tx, person, &factor).await? {
        (Some(tx), _) => tx,
        (None, Checked::Waits(until)) => {
            return Ok(Verification::Wait {
                retry_after_sec: seconds_until(until, now),
            });
        }
        (None, _) => return Ok(Verification::Wrong),
    };
    match use_up(app, &mut tx, person, &factor, &tried).await? {
        Checked::Right => {
            let cookie = second_factor::begin_full_session(app, tx, provisional, &factor).await?;
            Ok(Verification::Full(cookie))
        }
        Checked::Wrong => {
            second_factor::count_wrong(tx, person, &factor).await?;
            Ok(Verification::Wrong)
        }
        Checked::Waits(until) => {
            tx.commit_unaudited("nothing is counted while the factor waits")
                .await?;
            Ok(Verification::Wait {
                retry_after_sec: seconds_until(until, now),
            })
        }
    }
}

/// Uses a code up, whose person's row is locked by this transaction.
pub(super) async fn use_up(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    factor: &Factor,
    tried: &Tried,
) -> Result<Checked> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    if let Some(until) = second_factor::waits_until(factor, now) {
        return Ok(Checked::Waits(until));
    }
    if !recovery_codes::use_up(app, tx, person, tried).await? {
        return Ok(Checked::Wrong);
    }
    queries::note_given(tx.conn(), tenant, person, now).await?;
    Ok(Checked::Right)
}
