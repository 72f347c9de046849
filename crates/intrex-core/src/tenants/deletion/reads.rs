//! What is shown of a deletion: whether one waits, who asked for it, and what would go.

use serde::Serialize;
use utoipa::ToSchema;

use super::{model::Pending, queries};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    permission::Permission,
};

/// What whoever decides about it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Outlook {
    /// The request that waits, if there is one.
    pub pending: Option<Pending>,
    /// The name of the person who asked.
    pub requested_by_name: Option<String>,
    /// Branches that would go.
    pub branches: i64,
    /// People who would.
    pub people: i64,
    /// Obligations that would, settled ones included.
    pub obligations: i64,
}

/// Whether the reader's organisation is to be deleted, and what would go.
pub async fn outlook(tx: &mut ReadTx) -> Result<Outlook> {
    tx.may(Permission::TenantDelete)?;
    let id = tx.actor().tenant();
    let (standing, requested_by_name) =
        queries::look(tx.conn(), id).await?.ok_or(Error::NotFound)?;
    let [branches, people, obligations] = queries::counts(tx.conn(), id).await?;
    Ok(Outlook {
        pending: standing.pending(),
        requested_by_name,
        branches,
        people,
        obligations,
    })
}
