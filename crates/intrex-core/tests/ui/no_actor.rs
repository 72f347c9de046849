//! Tenant rows are not reached without saying who asks.
// error[E0061]: this method takes 1 argument but 0 arguments were supplied
// error[E0061]: this method takes 1 argument but 0 arguments were supplied

use intrex_core::{App, Result};

pub async fn read(app: &App) -> Result<()> {
    app.db.read().await?.finish().await
}

pub async fn write(app: &App) -> Result<()> {
    app.db.write().await?.commit_unaudited("no actor").await
}
