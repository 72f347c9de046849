//! What is shown of imports: what each of them changed.

use super::{model::Import, queries};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::ImportId,
    paging::{Page, PageRequest},
    permission::Permission,
};

/// One page of the imports, the latest first.
pub async fn list(tx: &mut ReadTx, page: &PageRequest) -> Result<Page<Import>> {
    tx.may(Permission::ImportsRead)?;
    let tenant = tx.actor().tenant();
    let after = page.after(&())?;
    let rows = queries::list(tx.conn(), tenant, after, page.limit_and_one()).await?;
    page.cut(rows, &(), |last| (last.created_at, last.id.uuid()))
}

/// One import.
pub async fn get(tx: &mut ReadTx, id: ImportId) -> Result<Import> {
    tx.may(Permission::ImportsRead)?;
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, id)
        .await?
        .ok_or(Error::NotFound)
}
