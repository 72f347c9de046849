//! What is shown of tokens: one's own, or all of an organisation to the operator of the installation. Never their text.

use super::{model::Token, queries};
use crate::{
    db::ReadTx,
    error::Result,
    paging::{Page, PageRequest},
    permission::Permission,
};

/// Tokens, the newest first.
pub async fn list(tx: &mut ReadTx, page: &PageRequest) -> Result<Page<Token>> {
    let reach = tx.may(Permission::TokensRead)?;
    let owner = tx.actor().narrowed_to(reach);
    let after = page.after(&owner)?;
    let tenant = tx.actor().tenant();
    let rows = queries::list(tx.conn(), tenant, owner, after, page.limit_and_one()).await?;
    page.cut(rows, &owner, |token| (token.created_at, token.id.uuid()))
}
