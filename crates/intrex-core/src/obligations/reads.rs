//! What pages and programs are shown of obligations. An operator sees the tasks of which they are owner or deputy; a
//! branch manager the assigned branches, which the database holds; the rest does not exist for them.

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    filter::Filter,
    listing::{self, DaysByBranch, Narrowing},
    model::Obligation,
    queries,
    recurrence::{Recurrence, SHOWN_UPCOMING_DATES},
};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::{ObligationId, PersonId},
    paging::{Page, PageRequest},
    permission::Permission,
};

/// One page of the obligations that pass a filter.
pub async fn list(
    tx: &mut ReadTx,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<Obligation>> {
    let reach = tx.may(Permission::ObligationsRead)?;
    let narrowed_to = tx.actor().narrowed_to(reach);
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let after = page.after::<(chrono::NaiveDate, Uuid)>(filter)?;
    let limit = page.limit_and_one();
    let rows = if *filter == Filter::default() && narrowed_to.is_none() {
        listing::everything(tx.conn(), tenant, after, limit, now).await?
    } else {
        let days = match filter.status.and_then(|status| status.by_day()) {
            Some(status) => Some(DaysByBranch::read(tx.conn(), tenant, status, now).await?),
            None => None,
        };
        let narrowing = Narrowing {
            to: narrowed_to,
            days: days.as_ref(),
        };
        listing::filtered(tx.conn(), tenant, filter, narrowing, after, limit, now).await?
    };
    page.cut(rows, filter, |last| (last.due_on, last.id.uuid()))
}

/// One obligation.
pub async fn get(tx: &mut ReadTx, id: ObligationId) -> Result<Obligation> {
    let reach = tx.may(Permission::ObligationsRead)?;
    let narrowed_to = tx.actor().narrowed_to(reach);
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    queries::find(tx.conn(), tenant, id, narrowed_to, now)
        .await?
        .ok_or(Error::NotFound)
}

/// The next dates of an obligation's series, as far as they can be told today: those after the date that the series gave
/// it, wherever somebody has moved it.
pub async fn next_dates(
    tx: &mut ReadTx,
    obligation: &Obligation,
) -> Result<Vec<chrono::NaiveDate>> {
    tx.may(Permission::ObligationsRead)?;
    let Some(rule) = &obligation.recurrence else {
        return Ok(Vec::new());
    };
    let rule = Recurrence::parse(rule).map_err(Error::internal)?;
    let tenant = tx.actor().tenant();
    let series = queries::series_of(tx.conn(), tenant, obligation.id).await?;
    Ok(rule.upcoming(series.anchor, series.occurrence_on, SHOWN_UPCOMING_DATES))
}

/// The item that follows one in its series, if it was made already and the reader sees it.
pub async fn successor(tx: &mut ReadTx, id: ObligationId) -> Result<Option<Obligation>> {
    let reach = tx.may(Permission::ObligationsRead)?;
    let narrowed_to = tx.actor().narrowed_to(reach);
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    match queries::successor_of(tx.conn(), tenant, id).await? {
        Some(next) => queries::find(tx.conn(), tenant, next, narrowed_to, now).await,
        None => Ok(None),
    }
}

/// The names of those who stand on obligations that the reader sees: owners, deputies, and who completed or waived. Whoever
/// sees an obligation sees whose it is, also an operator, who sees nothing else of people.
pub async fn people_of(tx: &mut ReadTx, items: &[Obligation]) -> Result<HashMap<PersonId, String>> {
    tx.may(Permission::ObligationsRead)?;
    let mut ids: Vec<Uuid> = items
        .iter()
        .flat_map(|item| {
            [
                item.owner_id,
                item.deputy_id,
                item.completion.as_ref().and_then(|done| done.by),
                item.waiver.as_ref().and_then(|waiver| waiver.by),
            ]
        })
        .flatten()
        .map(PersonId::uuid)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let tenant = tx.actor().tenant();
    queries::names_of(tx.conn(), tenant, &ids).await
}
