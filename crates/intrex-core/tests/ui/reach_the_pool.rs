//! The pools have no tenant: they stay inside.
// error[E0603]: struct `Inner` is private
// error[E0624]: method `system` is private
// error[E0616]: field `inner` of struct `Db` is private

use intrex_core::{App, db::Inner};

pub fn pool(app: &App) {
    let _: &Inner = &app.db.inner;
}

pub async fn across_tenants(app: &App) {
    let _ = app.db.system().await;
}
