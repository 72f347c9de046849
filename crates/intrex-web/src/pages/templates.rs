//! Templates: the rules that obligations are made from. Everybody may read them; a head office admin writes and retires the
//! organisation's own.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Actor, Error,
    catalogue::{Text, keys},
    db::ReadTx,
    error::Conflict,
    ids::TemplateId,
    permission::Permission,
    raw::Raw,
    templates::{self, RawTemplate, Template as Rule},
};
use serde::Deserialize;

use super::obligations::{
    RuleForm, Seen, choices_of_categories, choices_of_rules, filled_category, filled_rule,
    lead_days, severities, version,
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, List, Nothing, PathId, Query, Reader, guard::see_other},
    routes::{Access, Routes},
    words::{self, Words},
};

const READ: Access = Access::Needs(Permission::TemplatesRead);
const WRITE: Access = Access::Needs(Permission::TemplatesWrite);
const PATH: &str = "/templates";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .page(PATH, READ, list)
        .form(PATH, WRITE, create)
        .page("/templates/new", WRITE, new)
        .page("/templates/{id}", READ, show)
        .form("/templates/{id}", WRITE, update)
        .page("/templates/{id}/edit", WRITE, edit)
        .form("/templates/{id}/retire", WRITE, retire)
}

/// What narrows the list: nothing shows what can be used, `active=false` what was retired.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawFilter {
    active: Raw,
}

/// One row of the list.
#[derive(Debug)]
struct Row {
    id: TemplateId,
    title: String,
    code: String,
    category: String,
    cadence: String,
    severity: words::Severity,
    authority: String,
    jurisdiction: String,
}

#[derive(Template)]
#[template(path = "templates/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    active: bool,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "templates/show.html")]
struct ShowPage<'a> {
    page: &'a Page,
    rule: &'a Rule,
    category: String,
    cadence: String,
    anchor: String,
    severity: words::Severity,
    lead_days: String,
}

#[derive(Template)]
#[template(path = "templates/form.html")]
struct FormPage<'a> {
    page: &'a Page,
    form: FormView,
    rule: Option<&'a Rule>,
    action: String,
    back: String,
    stale: bool,
    categories: Vec<(String, String)>,
    severities: Vec<(String, String)>,
    rules: Vec<(String, String)>,
}

/// `GET /templates`
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<RawFilter>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let active = templates::parse_active(&list.filter.active)?.unwrap_or(true);
    let found = templates::reads::list(&mut tx, Some(active), &list.page).await?;
    let page = Page::of_reader(tx, &exchange, Place::Templates, keys::TEMPLATES).await?;
    let rows = found.items.into_iter().map(|rule| Row {
        id: rule.id,
        category: words.category(&rule.category),
        cadence: words.recurrence(rule.recurrence.as_deref()),
        severity: words.severity(&rule.severity),
        title: rule.title,
        code: rule.code,
        authority: rule.authority,
        jurisdiction: rule.jurisdiction,
    });
    page.show(&ListPage {
        rows: rows.collect(),
        active,
        next: list.next_page(PATH, found.next_cursor.as_deref()),
        page: &page,
    })
}

/// `GET /templates/{id}`
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<TemplateId>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let rule = templates::reads::get(&mut tx, id).await?;
    let title = Text::new(keys::TEMPLATE_TITLE).with("title", rule.title.as_str());
    let page = Page::of_reader(tx, &exchange, Place::Templates, title).await?;
    page.show(&ShowPage {
        category: words.category(&rule.category),
        cadence: words.recurrence(rule.recurrence.as_deref()),
        anchor: words.named("anchor", &rule.anchor),
        severity: words.severity(&rule.severity),
        lead_days: lead_days(&rule.lead_days),
        rule: &rule,
        page: &page,
    })
}

/// `GET /templates/new`
async fn new(exchange: Exchange, Reader(tx): Reader) -> Result<Response, Fault> {
    let form = FormView::filled([
        ("severity", "medium"),
        ("anchor", "schedule"),
        ("lead_days", "30, 14, 7, 3, 1"),
        ("grace_days", "0"),
    ]);
    draw(tx, &exchange, StatusCode::OK, form, None).await
}

/// `POST /templates`
async fn create(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RuleForm<RawTemplate>>,
) -> Result<Response, Fault> {
    match templates::commands::create(&web.app, &form.actor, &form.input.0, None).await {
        Ok(made) => Ok(see_other(&format!("/templates/{}", made.id))),
        Err(Error::Invalid(errors)) => {
            let tx = web.app.db.read(&form.actor).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw(tx, &exchange, StatusCode::UNPROCESSABLE_ENTITY, view, None).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /templates/{id}/edit`
async fn edit(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<TemplateId>,
) -> Result<Response, Fault> {
    let rule = templates::reads::get(&mut tx, id).await?;
    let form = filled(&rule);
    draw(tx, &exchange, StatusCode::OK, form, Some(rule)).await
}

/// `POST /templates/{id}`
async fn update(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<TemplateId>,
    Query(seen): Query<Seen>,
    form: Form<RuleForm<RawTemplate>>,
) -> Result<Response, Fault> {
    let seen = version(&seen)?;
    match templates::commands::update(&web.app, &form.actor, id, &form.input.0, seen).await {
        Ok(_) => Ok(see_other(&format!("/templates/{id}"))),
        Err(Error::Invalid(errors)) => {
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            again(&web, &exchange, &form.actor, id, status, view).await
        }
        Err(Error::Conflict(Conflict::Stale)) => {
            let view = FormView::typed(form.typed);
            let status = StatusCode::PRECONDITION_FAILED;
            again(&web, &exchange, &form.actor, id, status, view).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /templates/{id}/retire`
async fn retire(
    State(web): State<WebState>,
    PathId(id): PathId<TemplateId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    templates::commands::retire(&web.app, &form.actor, id).await?;
    Ok(see_other(&format!("/templates/{id}")))
}

async fn again(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    id: TemplateId,
    status: StatusCode,
    view: FormView,
) -> Result<Response, Fault> {
    let mut tx = web.app.db.read(actor).await?;
    let rule = templates::reads::get(&mut tx, id).await?;
    draw(tx, exchange, status, view, Some(rule)).await
}

async fn draw(
    tx: ReadTx,
    exchange: &Exchange,
    status: StatusCode,
    form: FormView,
    rule: Option<Rule>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let (title, action, back) = match &rule {
        None => (
            Text::new(keys::TEMPLATE_NEW),
            PATH.to_owned(),
            PATH.to_owned(),
        ),
        Some(rule) => (
            Text::new(keys::TEMPLATE_EDIT).with("title", rule.title.as_str()),
            format!("/templates/{}?seen={}", rule.id, rule.version),
            format!("/templates/{}", rule.id),
        ),
    };
    let page = Page::of_reader(tx, exchange, Place::Templates, title).await?;
    page.show_as(
        status,
        &FormPage {
            page: &page,
            form,
            rule: rule.as_ref(),
            action,
            back,
            stale: status == StatusCode::PRECONDITION_FAILED,
            categories: choices_of_categories(words),
            severities: severities(words, None),
            rules: choices_of_rules(words),
        },
    )
}

/// A template's fields as its form has them.
fn filled(rule: &Rule) -> FormView {
    let mut fields = vec![
        ("code", rule.code.clone()),
        ("title", rule.title.clone()),
        ("description", rule.description.clone()),
        ("authority", rule.authority.clone()),
        ("citation", rule.citation.clone()),
        ("jurisdiction", rule.jurisdiction.clone()),
        ("branch_types", rule.branch_types.join("; ")),
        ("anchor", rule.anchor.clone()),
        ("lead_days", lead_days(&rule.lead_days)),
        ("grace_days", rule.grace_days.to_string()),
        ("severity", rule.severity.clone()),
        ("required_evidence", rule.required_evidence.join("; ")),
    ];
    fields.extend(filled_category(&rule.category));
    fields.extend(filled_rule(rule.recurrence.as_deref()));
    FormView::filled(fields)
}
