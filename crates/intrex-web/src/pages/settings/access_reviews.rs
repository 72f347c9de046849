//! Access reviews: the list with its one button, and a review with a form for each person. A decision that is refused is drawn
//! again in its own row.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    access_reviews::{self, AccessReview, Decision, RawDecision, ReviewRow},
    catalogue::{Text, keys},
    db::ReadTx,
    error::FieldError,
    ids::{AccessReviewId, PersonId},
    permission::Permission,
    security_events, tenants,
};

use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place, csv},
    request::{Exchange, Form, List, Nothing, PathId, Reader, guard::see_other},
    routes::{Access, Routes},
    words::{Tag, Words},
};

const PATH: &str = "/settings/access-reviews";

pub(super) fn routes(routes: Routes) -> Routes {
    let may = Access::Needs(Permission::AccessReviews);
    routes
        .page(PATH, may, list)
        .form(PATH, may, start)
        .page("/settings/access-reviews/{id}", may, show)
        .form("/settings/access-reviews/{id}/decide", may, decide)
        .form("/settings/access-reviews/{id}/finish", may, finish)
        .page("/settings/access-reviews/{id}/export", may, export)
}

/// One review in the list.
struct Line {
    id: AccessReviewId,
    began: String,
    due: String,
    state: Tag,
    summary: String,
}

#[derive(Template)]
#[template(path = "settings/access_reviews/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    lines: Vec<Line>,
    /// Whether one is open: there is one at a time.
    open: bool,
    next: Option<String>,
    lede: String,
}

/// One person of a review.
struct Row {
    id: PersonId,
    name: String,
    email: String,
    role: String,
    branches: String,
    last_sign_in: String,
    has_factor: bool,
    tokens: String,
    decision: Option<Tag>,
    note: String,
    decided: String,
    /// Whether somebody else decides on them: nobody does on themselves.
    own: bool,
    /// Whether they are as they were when the review began.
    is_changed: bool,
    /// When they were let in again after their access was revoked.
    enabled_again: Option<String>,
    /// What stands in the form.
    form: FormView,
    /// Whether the form is shown open, because it was refused.
    open: bool,
}

#[derive(Template)]
#[template(path = "settings/access_reviews/show.html")]
struct ShowPage<'a> {
    page: &'a Page,
    review: &'a AccessReview,
    state: Tag,
    summary: String,
    began: String,
    due: String,
    rows: Vec<Row>,
    decisions: Vec<(String, String)>,
    refused: Option<String>,
    /// What was refused and has no form of its own here.
    stray: FormView,
}

/// `GET /settings/access-reviews`
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<Nothing>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let found = access_reviews::reads::list(&mut tx, &list.page).await?;
    let open = access_reviews::reads::open(&mut tx).await?.is_some();
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let now = tx.now();
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::ACCESS_REVIEWS).await?;
    let lines = found.items.iter().map(|review| Line {
        id: review.id,
        began: words.date(review.started_at.with_timezone(&zone).date_naive()),
        due: words.date(review.due_on),
        state: state(words, review, now.with_timezone(&zone).date_naive()),
        summary: summary(words, review),
    });
    page.show(&ListPage {
        lines: lines.collect(),
        open,
        next: list.next_page(PATH, found.next_cursor.as_deref()),
        lede: match tenant.access_review_months {
            0 => words.t(keys::ACCESS_REVIEWS_BY_HAND),
            months => words.count(keys::ACCESS_REVIEWS_LEDE, months.into()),
        },
        page: &page,
    })
}

/// `POST /settings/access-reviews`
async fn start(State(web): State<WebState>, form: Form<Nothing>) -> Result<Response, Fault> {
    let started = access_reviews::start(&web.app, &form.actor).await?;
    Ok(see_other(&format!("{PATH}/{}", started.review.id)))
}

/// `GET /settings/access-reviews/{id}`
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(tx): Reader,
    PathId(id): PathId<AccessReviewId>,
) -> Result<Response, Fault> {
    draw(&web, tx, &exchange, id, StatusCode::OK, None, None).await
}

/// `POST /settings/access-reviews/{id}/decide`
async fn decide(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<AccessReviewId>,
    form: Form<RawDecision>,
) -> Result<Response, Fault> {
    let person = form.input.person_id.shown();
    let (status, errors) =
        match access_reviews::decide(&web.app, &form.actor, id, &form.input).await {
            Ok(_) => return Ok(see_other(&format!("{PATH}/{id}#row-{person}"))),
            Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
            Err(Error::Conflict(conflict)) => {
                let error = FieldError {
                    field: "decision".to_owned(),
                    text: conflict.text(),
                };
                (StatusCode::CONFLICT, vec![error])
            }
            Err(error) => return Err(error.into()),
        };
    let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
    let tx = web.app.db.read(&form.actor).await?;
    draw(&web, tx, &exchange, id, status, Some(view), None).await
}

/// `POST /settings/access-reviews/{id}/finish`
async fn finish(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<AccessReviewId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    match access_reviews::finish(&web.app, &form.actor, id).await {
        Ok(_) => Ok(see_other(&format!("{PATH}/{id}"))),
        Err(Error::Conflict(conflict)) => {
            let tx = web.app.db.read(&form.actor).await?;
            let refused = Some(conflict.text());
            draw(&web, tx, &exchange, id, StatusCode::CONFLICT, None, refused).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /settings/access-reviews/{id}/export`
async fn export(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(tx): Reader,
    PathId(id): PathId<AccessReviewId>,
) -> Result<Response, Fault> {
    let actor = tx.actor().clone();
    tx.finish().await?;
    let table = access_reviews::export(&web.app, &actor, id).await?;
    exchange.database_done();
    csv::file(&format!("access-review-{id}.csv"), table)
}

/// However it is drawn, everybody stands in it: it is counted as what it is.
async fn draw(
    web: &WebState,
    mut tx: ReadTx,
    exchange: &Exchange,
    id: AccessReviewId,
    status: StatusCode,
    typed: Option<FormView>,
    refused: Option<Text>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let whole = access_reviews::reads::get(&mut tx, id).await?;
    let branches = intrex_core::branches::reads::all(&mut tx).await?;
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let (now, actor) = (tx.now(), tx.actor().clone());
    let reader = actor.person_id();
    let page = Page::of_reader(tx, exchange, Place::Settings, keys::ACCESS_REVIEW).await?;
    security_events::note_bulk_read(&web.app, &actor, whole.rows.len(), false).await?;
    let asked = typed
        .as_ref()
        .map(|view| view.value("person_id").to_owned());
    let mut typed = typed;
    let rows = whole.rows.iter().map(|row| {
        let own = reader == Some(row.person_id);
        let open = !own && asked.as_deref() == Some(row.person_id.to_string().as_str());
        let form = match (open, typed.take_if(|_| open)) {
            (true, Some(view)) => view,
            _ => FormView::filled([
                (
                    "decision",
                    row.decision.map_or("", Decision::as_str).to_owned(),
                ),
                ("note", row.note.clone()),
            ]),
        };
        let branch = |id| branches.iter().find(|branch| branch.id == id);
        let named: Vec<&str> = row
            .branch_ids
            .iter()
            .filter_map(|id| branch(*id))
            .map(|branch| branch.name.as_str())
            .collect();
        Row {
            id: row.person_id,
            name: row.name.clone(),
            email: row.email.clone(),
            role: page.role(row.role),
            branches: named.join(", "),
            last_sign_in: match row.last_sign_in_at {
                Some(then) => words.date(then.with_timezone(&zone).date_naive()),
                None => page.t(keys::PERSON_NEVER_SIGNED_IN),
            },
            has_factor: row.mfa_enrolled,
            tokens: words.count(keys::ACCESS_REVIEW_TOKENS, row.token_count.into()),
            decision: row.decision.map(|decision| decided(words, decision)),
            note: row.note.clone(),
            decided: by(words, row, zone),
            own,
            is_changed: row.is_changed,
            enabled_again: row
                .enabled_again_at
                .map(|at| words.moment_in_zone(at, zone)),
            form,
            open,
        }
    });
    let rows: Vec<Row> = rows.collect();
    page.show_as(
        status,
        &ShowPage {
            // A refusal that belongs to no row's form is told above them.
            stray: typed.unwrap_or_default(),
            rows,
            state: state(words, &whole.review, now.with_timezone(&zone).date_naive()),
            summary: summary(words, &whole.review),
            began: words.moment_in_zone(whole.review.started_at, zone),
            due: words.day(whole.review.due_on),
            decisions: Decision::ALL
                .iter()
                .map(|decision| {
                    let name = decision.as_str();
                    (name.to_owned(), words.named("access-decision", name))
                })
                .collect(),
            refused: refused.map(|text| page.say(text)),
            review: &whole.review,
            page: &page,
        },
    )
}

fn state(words: Words, review: &AccessReview, today: chrono::NaiveDate) -> Tag {
    let (kind, icon, key) = match review.finished_at {
        Some(_) => ("ok", "check", keys::ACCESS_REVIEW_IS_FINISHED),
        None if review.due_on < today => ("over", "alert", keys::ACCESS_REVIEW_IS_OVERDUE),
        None => ("due", "clock", keys::ACCESS_REVIEW_IS_OPEN),
    };
    Tag {
        kind,
        icon,
        words: words.t(key),
    }
}

/// How far it has come.
pub(crate) fn summary(words: Words, review: &AccessReview) -> String {
    words.say(
        &Text::new(keys::ACCESS_REVIEW_SUMMARY)
            .with("decided", review.row_count - review.undecided_count)
            .with("all", review.row_count),
    )
}

fn decided(words: Words, decision: Decision) -> Tag {
    let (kind, icon) = match decision {
        Decision::Keep => ("ok", "check"),
        Decision::Change => ("due", "edit"),
        Decision::Revoke => ("over", "stop"),
    };
    Tag {
        kind,
        icon,
        words: words.named("access-decision", decision.as_str()),
    }
}

/// Who decided, and when.
fn by(words: Words, row: &ReviewRow, zone: Tz) -> String {
    match (row.decided_at, &row.decided_by_name) {
        (Some(at), Some(name)) => words.say(
            &Text::new(keys::ACCESS_REVIEW_DECIDED_BY)
                .with("name", name.as_str())
                .with("when", words.moment(at, zone)),
        ),
        (Some(at), None) => words.moment(at, zone),
        (None, _) => String::new(),
    }
}
