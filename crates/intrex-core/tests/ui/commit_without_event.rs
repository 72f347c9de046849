//! Nothing is kept without the event that tells of it.
// error[E0061]: this method takes 1 argument but 0 arguments were supplied
// error[E0061]: this method takes 1 argument but 0 arguments were supplied

use intrex_core::{Result, db::WriteTx};

pub async fn commit(tx: WriteTx) -> Result<()> {
    tx.commit().await
}

pub async fn commit_without_reason(tx: WriteTx) -> Result<()> {
    tx.commit_unaudited().await
}
