//! What pages and programs are shown of places.

use super::{
    model::{Jurisdiction, JurisdictionFilter, Listed},
    queries,
};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::JurisdictionId,
    paging::{Page, PageRequest},
    permission::Permission,
    text,
};

/// Characters of a filter at most.
const MAX_FILTER: usize = 60;
/// Places to choose from at most.
const MAX_CHOICES: i64 = 2_000;

/// One page of places by code, so that parts follow what they are part of.
pub async fn list(
    tx: &mut ReadTx,
    filter: &JurisdictionFilter,
    page: &PageRequest,
) -> Result<Page<Listed>> {
    tx.may(Permission::JurisdictionsRead)?;
    let tenant = tx.actor().tenant();
    let within = filter.within.as_deref().unwrap_or_default();
    let within = text::check_optional_line(within, MAX_FILTER)
        .map_err(|text| Error::invalid("within", text))?;
    let within = Some(within).filter(|code| !code.is_empty());
    let after = page.after(&within)?;
    let rows = queries::list(
        tx.conn(),
        tenant,
        within.as_deref(),
        after,
        page.limit_and_one(),
    )
    .await?;
    page.cut(rows, &within, |last| last.code.clone())
}

/// The places by code, to choose from.
pub async fn all(tx: &mut ReadTx) -> Result<Vec<Listed>> {
    tx.may(Permission::JurisdictionsRead)?;
    let tenant = tx.actor().tenant();
    queries::list(tx.conn(), tenant, None, None, MAX_CHOICES).await
}

/// One place with its holidays.
pub async fn get(tx: &mut ReadTx, id: JurisdictionId) -> Result<Jurisdiction> {
    tx.may(Permission::JurisdictionsRead)?;
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, id)
        .await?
        .ok_or(Error::NotFound)
}
