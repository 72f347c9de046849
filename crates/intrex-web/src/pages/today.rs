//! Where people land.

use askama::Template;
use axum::response::{IntoResponse as _, Response};
use intrex_core::{catalogue::keys, permission::Permission};

use crate::{
    answer::{Fault, Page, Place},
    request::{Exchange, Reader, guard::see_other, next},
    routes::{Access, Routes},
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .page("/", Access::Public, async || {
            see_other(next::HOME).into_response()
        })
        .page("/today", Access::Needs(Permission::ObligationsRead), show)
}

#[derive(Template)]
#[template(path = "today/today.html")]
struct TodayPage<'a> {
    page: &'a Page,
}

/// `GET /today`
async fn show(exchange: Exchange, Reader(tx): Reader) -> Result<Response, Fault> {
    let page = Page::of_reader(tx, &exchange, Place::Today, keys::NAV_TODAY).await?;
    page.show(&TodayPage { page: &page })
}
