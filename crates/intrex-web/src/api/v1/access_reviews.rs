//! `/api/v1/access-reviews`: who has access, looked at by a date.

use axum::{extract::State, response::Response};
use intrex_core::{
    access_reviews::{self, AccessReview, RawDecision, ReviewRow, WholeReview},
    ids::AccessReviewId,
    paging,
    permission::Permission,
    security_events,
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{Fault, csv, json},
    request::{Exchange, Json, List, Nothing, PathId, Reader},
    routes::{Access, Routes, Verb},
};

const COLLECTION: &str = "/api/v1/access-reviews";
const ONE: &str = "/api/v1/access-reviews/{id}";

pub(super) fn routes(routes: Routes) -> Routes {
    let may = Access::Needs(Permission::AccessReviews);
    routes
        .api(Verb::Get, COLLECTION, may, list)
        .api(Verb::Post, COLLECTION, may, start)
        .api(Verb::Get, ONE, may, show)
        .api(
            Verb::Post,
            "/api/v1/access-reviews/{id}/decide",
            may,
            decide,
        )
        .api(
            Verb::Post,
            "/api/v1/access-reviews/{id}/finish",
            may,
            finish,
        )
        .api(Verb::Get, "/api/v1/access-reviews/{id}/export", may, export)
}

#[derive(OpenApi)]
#[openapi(paths(list, start, show, decide, finish, export))]
pub(super) struct Description;

/// Access reviews, the latest first.
#[utoipa::path(get, path = "/api/v1/access-reviews", tag = "access-reviews", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
), responses((status = 200, body = paging::Page<AccessReview>)))]
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<Nothing>,
) -> Result<Response, Fault> {
    let page = access_reviews::reads::list(&mut tx, &list.page).await?;
    json::read(&exchange, tx, &page)
}

/// Begins a review: what everybody has is written down. While one is open, that one is answered.
#[utoipa::path(post, path = "/api/v1/access-reviews", tag = "access-reviews",
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = AccessReview)))]
async fn start(State(web): State<WebState>, sent: Json<Nothing>) -> Result<Response, Fault> {
    let started = access_reviews::start(&web.app, &sent.actor).await?;
    json::ok(&started.review)
}

/// One review, with everybody whom it is about.
#[utoipa::path(get, path = "/api/v1/access-reviews/{id}", tag = "access-reviews", params(("id" = AccessReviewId, Path)),
    responses((status = 200, body = WholeReview), (status = 404, body = crate::answer::Problem)))]
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<AccessReviewId>,
) -> Result<Response, Fault> {
    let whole = access_reviews::reads::get(&mut tx, id).await?;
    let (actor, rows) = (tx.actor().clone(), whole.rows.len());
    let response = json::read(&exchange, tx, &whole)?;
    security_events::note_bulk_read(&web.app, &actor, rows, false).await?;
    Ok(response)
}

/// Decides on somebody; not on oneself. What is revoked is gone at once.
#[utoipa::path(post, path = "/api/v1/access-reviews/{id}/decide", tag = "access-reviews", request_body = RawDecision,
    params(("id" = AccessReviewId, Path)), responses((status = 200, body = ReviewRow),
    (status = 409, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn decide(
    State(web): State<WebState>,
    PathId(id): PathId<AccessReviewId>,
    sent: Json<RawDecision>,
) -> Result<Response, Fault> {
    let row = access_reviews::decide(&web.app, &sent.actor, id, &sent.input).await?;
    json::ok(&row)
}

/// Finishes a review in which everybody is decided on and every change is made.
#[utoipa::path(post, path = "/api/v1/access-reviews/{id}/finish", tag = "access-reviews", params(("id" = AccessReviewId, Path)),
    responses((status = 200, body = AccessReview), (status = 409, body = crate::answer::Problem)))]
async fn finish(
    State(web): State<WebState>,
    PathId(id): PathId<AccessReviewId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let review = access_reviews::finish(&web.app, &sent.actor, id).await?;
    json::ok(&review)
}

/// The review as comma-separated values, a line a person.
#[utoipa::path(get, path = "/api/v1/access-reviews/{id}/export", tag = "access-reviews", params(("id" = AccessReviewId, Path)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = crate::answer::Problem)))]
async fn export(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(tx): Reader,
    PathId(id): PathId<AccessReviewId>,
) -> Result<Response, Fault> {
    let actor = tx.actor().clone();
    drop(tx);
    let table = access_reviews::export(&web.app, &actor, id).await?;
    exchange.database_done();
    csv::file(&format!("access-review-{id}.csv"), table)
}
