//! A recovery code in the place of a code of the app: at the second step of signing in, and when stepping up. Wrong ones are
//! counted by the same counter as wrong codes, and the factor waits for both.

use super::{
    attempts::{self, Checked, waits_until},
    devices,
    methods::Second,
    model::{Provisional, Stage, Verification},
    passkey,
    queries::{self, Factor},
    second_factor,
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
    if let Some(waits) = attempts::admit(app, provisional).await? {
        return Ok(waits);
    }
    let (tenant, person) = (provisional.tenant, provisional.person);
    let actor = provisional.actor();
    let mut tx = app.db.read(&actor).await?;
    let now = tx.now();
    let lane = devices::presented(tx.conn(), &provisional.request, tenant, person, now).await?;
    let factor = queries::factor(tx.conn(), tenant, person, lane).await?;
    tx.finish().await?;
    // Nothing is computed while the factor waits, and what was not looked at is not wrong when the wait is over.
    if let Some(until) = factor.and_then(|factor| waits_until(&factor, now)) {
        return Ok(Checked::Waits(until).refused(now));
    }
    let tried = recovery_codes::look_up(app, &actor, person, typed).await?;
    let mut tx = app.db.write(&actor).await?;
    let factor = second_factor::lock(&mut tx, person).await?;
    let mut tx = match passkey::unless_needed(app, tx, person, &factor).await? {
        Ok(tx) => tx,
        Err(checked) => return Ok(checked.refused(now)),
    };
    let checked = use_up(app, &mut tx, person, &factor, &tried).await?;
    match attempts::pass(tx, person, &factor, checked).await? {
        Ok(tx) => {
            let by = Second::OneTimeCode;
            let cookie =
                second_factor::begin_full_session(app, tx, provisional, &factor, by).await?;
            Ok(Verification::Full(cookie))
        }
        Err(checked) => Ok(checked.refused(now)),
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
    if let Some(until) = waits_until(factor, now) {
        return Ok(Checked::Waits(until));
    }
    if !recovery_codes::use_up(app, tx, person, tried).await? {
        return Ok(Checked::Wrong);
    }
    queries::note_given(tx.conn(), tenant, person, now).await?;
    Ok(Checked::Right)
}
