//! What the other files do wrong, done right.

use intrex_core::{Actor, App, Result, audit::Event, ids::TenantId, permission::Permission};

pub async fn read(app: &App, actor: &Actor) -> Result<()> {
    let tx = app.db.read(actor).await?;
    tx.may(Permission::BranchesRead)?;
    tx.finish().await
}

pub async fn write(app: &App, tenant: TenantId) -> Result<()> {
    let actor = Actor::operator(tenant, "a reason")?;
    let tx = app.db.write(&actor).await?;
    tx.commit(Event::new("thing", "thing.done")).await
}
