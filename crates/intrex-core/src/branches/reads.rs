//! What is shown of branches: always those in the reader's reach, which the row policies decide.

use super::{
    model::{Branch, BranchFilter, BranchName},
    queries,
};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::BranchId,
    paging::{Page, PageRequest},
    permission::Permission,
    text,
};

/// The longest search text, in characters.
const MAX_NEEDLE: usize = 200;
/// Branches to choose from at most.
const MAX_NAMES: i64 = 5_000;

/// Branches by code.
pub async fn list(
    tx: &mut ReadTx,
    filter: &BranchFilter,
    page: PageRequest,
) -> Result<Page<Branch>> {
    tx.may(Permission::BranchesRead)?;
    let filter = checked(filter)?;
    let after = page.after(&filter)?;
    let needle = filter.q.as_ref().map(|q| q.to_lowercase());
    let tenant = tx.actor().tenant();
    let rows = queries::list(
        tx.conn(),
        tenant,
        &filter,
        needle.as_deref(),
        after,
        page.limit_and_one(),
    )
    .await?;
    page.cut(rows, &filter, |branch| {
        (branch.code.clone(), branch.id.uuid())
    })
}

/// One branch.
pub async fn get(tx: &mut ReadTx, id: BranchId) -> Result<Branch> {
    tx.may(Permission::BranchesRead)?;
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, id)
        .await?
        .ok_or(Error::NotFound)
}

/// The open branches by name, to choose from.
pub async fn all(tx: &mut ReadTx) -> Result<Vec<BranchName>> {
    tx.may(Permission::BranchesRead)?;
    let tenant = tx.actor().tenant();
    queries::names(tx.conn(), tenant, MAX_NAMES).await
}

/// The filter without empty values, each a text that the database can hold.
fn checked(filter: &BranchFilter) -> Result<BranchFilter> {
    let one = |field: &str, typed: &Option<String>| -> Result<Option<String>> {
        let Some(typed) = typed else { return Ok(None) };
        let value = text::check_optional_line(typed, MAX_NEEDLE)
            .map_err(|text| Error::invalid(field, text))?;
        Ok(Some(value).filter(|value| !value.is_empty()))
    };
    Ok(BranchFilter {
        status: filter.status,
        region: one("region", &filter.region)?,
        country: one("country", &filter.country)?,
        kind: one("type", &filter.kind)?,
        jurisdiction: one("jurisdiction", &filter.jurisdiction)?,
        q: one("q", &filter.q)?,
    })
}
