//! What pages and programs are shown of templates.

use super::{model::Template, queries};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::TemplateId,
    paging::{Page, PageRequest},
    permission::Permission,
};

/// One page of templates by title.
pub async fn list(
    tx: &mut ReadTx,
    active: Option<bool>,
    page: &PageRequest,
) -> Result<Page<Template>> {
    tx.may(Permission::TemplatesRead)?;
    let tenant = tx.actor().tenant();
    let after = page.after(&active)?;
    let rows = queries::list(tx.conn(), tenant, active, after, page.limit_and_one()).await?;
    page.cut(rows, &active, |last| (last.title.clone(), last.id.uuid()))
}

/// One template.
pub async fn get(tx: &mut ReadTx, id: TemplateId) -> Result<Template> {
    tx.may(Permission::TemplatesRead)?;
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, id)
        .await?
        .ok_or(Error::NotFound)
}
