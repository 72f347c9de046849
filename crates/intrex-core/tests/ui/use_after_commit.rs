//! A transaction that was committed is gone.
// error[E0382]: use of moved value: `tx`

use intrex_core::{Result, audit::Event, db::WriteTx};

pub async fn twice(tx: WriteTx) -> Result<()> {
    tx.commit(Event::new("thing", "thing.done")).await?;
    tx.commit(Event::new("thing", "thing.done")).await
}
