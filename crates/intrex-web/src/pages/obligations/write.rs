//! Creating an item, by hand or from a template, and changing one.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Actor, Error,
    catalogue::{Text, keys},
    db::ReadTx,
    error::{Conflict, FieldError},
    ids::{ObligationId, TemplateId},
    obligations::{
        commands,
        due_date::{DUE_DATE_MAX, DUE_DATE_MIN},
        input::RawObligation,
        model::Obligation,
        reads,
    },
    paging::{MAX_LIMIT, PageRequest},
    permission::Permission,
    raw::Raw,
    templates,
};
use serde::Deserialize;

use super::{
    form::{self, RuleForm, choices_of_categories, choices_of_rules, filled_category, filled_rule},
    item::{self, Drawing, Seen, version},
    list::{Choices, severities},
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, PathId, Query, Reader, Typed, guard::see_other},
    words::Words,
};

/// What a link to the empty form can bring along.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Start {
    template_id: Raw,
    branch_id: Raw,
}

/// What the form is about.
#[derive(Debug)]
enum About {
    /// A new item.
    New,
    /// This one.
    Changed(Box<Obligation>),
}

#[derive(Template)]
#[template(path = "obligations/form.html")]
struct FormPage<'a> {
    page: &'a Page,
    form: FormView,
    /// The item that is changed; its date and branch stay.
    item: Option<&'a Obligation>,
    action: String,
    back: String,
    stale: bool,
    /// Templates to start from.
    templates: Vec<(String, String)>,
    branches: Vec<(String, String)>,
    categories: Vec<(String, String)>,
    severities: Vec<(String, String)>,
    rules: Vec<(String, String)>,
    people: Vec<(String, String)>,
    min: String,
    max: String,
}

/// `GET /obligations/new`
pub(super) async fn new(
    exchange: Exchange,
    Reader(mut tx): Reader,
    Query(start): Query<Start>,
) -> Result<Response, Fault> {
    let mut fields = match start.template_id.words() {
        Ok(Some(words)) => {
            let id: TemplateId = words.trim().parse().map_err(|_| Error::NotFound)?;
            form::from_template(&templates::reads::get(&mut tx, id).await?)
        }
        _ => form::empty(),
    };
    fields.push(("branch_id", start.branch_id.shown()));
    draw(tx, &exchange, form::view(fields), About::New, Fate::Asked).await
}

/// `POST /obligations`
pub(super) async fn create(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RuleForm<RawObligation>>,
) -> Result<Response, Fault> {
    match commands::create(&web.app, &form.actor, &form.input.0).await {
        Ok(made) => Ok(see_other(&format!("/obligations/{}", made.id))),
        Err(Error::Invalid(errors)) => {
            let tx = web.app.db.read(&form.actor).await?;
            let view = typed(form.typed, &errors, &exchange);
            draw(tx, &exchange, view, About::New, Fate::Refused).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /obligations/{id}/edit`
pub(super) async fn edit(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ObligationId>,
) -> Result<Response, Fault> {
    let item = reads::get(&mut tx, id).await?;
    let view = form::view(fields_of(&item));
    draw(
        tx,
        &exchange,
        view,
        About::Changed(Box::new(item)),
        Fate::Asked,
    )
    .await
}

/// `POST /obligations/{id}`
pub(super) async fn update(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ObligationId>,
    Query(seen): Query<Seen>,
    form: Form<RuleForm<RawObligation>>,
) -> Result<Response, Fault> {
    let seen = version(&seen)?;
    match commands::update(&web.app, &form.actor, id, &form.input.0, seen).await {
        Ok(_) => Ok(see_other(&format!("/obligations/{id}"))),
        Err(Error::Invalid(errors)) => {
            let view = typed(form.typed, &errors, &exchange);
            again(&web, &exchange, &form.actor, id, view, Fate::Refused).await
        }
        Err(Error::Conflict(Conflict::Stale | Conflict::Settled(_))) => {
            let mut tx = web.app.db.read(&form.actor).await?;
            let item = reads::get(&mut tx, id).await?;
            let words = Words(exchange.language());
            let settled = item::settled_meanwhile(&mut tx, &item, words).await?;
            if settled.is_some() {
                let drawing = Drawing {
                    status: StatusCode::CONFLICT,
                    open: None,
                    notice: settled,
                    typed: changed(&item, form.typed),
                };
                return item::draw(tx, &exchange, item, drawing).await;
            }
            let view = FormView::typed(form.typed);
            let about = About::Changed(Box::new(item));
            draw(tx, &exchange, view, about, Fate::Stale).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Why a form is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Somebody asked for it.
    Asked,
    /// Something in it is wrong.
    Refused,
    /// Somebody else has changed the item in the meantime.
    Stale,
}

impl Fate {
    fn status(self) -> StatusCode {
        match self {
            Fate::Asked => StatusCode::OK,
            Fate::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Fate::Stale => StatusCode::PRECONDITION_FAILED,
        }
    }
}

async fn again(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    id: ObligationId,
    view: FormView,
    fate: Fate,
) -> Result<Response, Fault> {
    let mut tx = web.app.db.read(actor).await?;
    let item = reads::get(&mut tx, id).await?;
    draw(tx, exchange, view, About::Changed(Box::new(item)), fate).await
}

fn typed(typed: Typed, errors: &[FieldError], exchange: &Exchange) -> FormView {
    FormView::typed(typed).wrong(errors, exchange.language())
}

async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    form: FormView,
    about: About,
    fate: Fate,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let choices = Choices::read(&mut tx).await?;
    let templates = match about {
        About::New if tx.actor().can(Permission::TemplatesRead) => {
            templates(&mut tx, words).await?
        }
        _ => Vec::new(),
    };
    let (title, action, back) = match &about {
        About::New => (
            Text::new(keys::OBLIGATION_NEW),
            "/obligations".to_owned(),
            "/obligations".to_owned(),
        ),
        About::Changed(item) => (
            Text::new(keys::OBLIGATION_EDIT).with("title", item.title.as_str()),
            format!("/obligations/{}?seen={}", item.id, item.version),
            format!("/obligations/{}", item.id),
        ),
    };
    let page = Page::of_reader(tx, exchange, Place::Obligations, title).await?;
    page.show_as(
        fate.status(),
        &FormPage {
            page: &page,
            item: match &about {
                About::New => None,
                About::Changed(item) => Some(item),
            },
            action,
            back,
            stale: fate == Fate::Stale,
            templates,
            branches: choices.branches_to_pick(words),
            categories: choices_of_categories(words),
            severities: severities(words, None),
            rules: choices_of_rules(words),
            people: choices.people_or(words.t(keys::OBLIGATION_NOBODY)),
            min: DUE_DATE_MIN.to_string(),
            max: DUE_DATE_MAX.to_string(),
            form,
        },
    )
}

/// The templates that can be chosen from, with a first choice; none at all if there are none.
async fn templates(tx: &mut ReadTx, words: Words) -> Result<Vec<(String, String)>, Error> {
    let page = templates::reads::list(tx, Some(true), &PageRequest::first(MAX_LIMIT)).await?;
    if page.items.is_empty() {
        return Ok(Vec::new());
    }
    let by_hand = (String::new(), words.t(keys::OBLIGATION_BY_HAND));
    let named = page.items.into_iter().map(|template| {
        let category = words.category(&template.category);
        (
            template.id.to_string(),
            format!("{category}: {}", template.title),
        )
    });
    Ok(std::iter::once(by_hand).chain(named).collect())
}

/// What somebody had changed in an item's form. Ids of people are left out; they were chosen, not typed.
fn changed(item: &Obligation, typed: Typed) -> Vec<(String, String)> {
    let mut fields = typed.0;
    let present = fields_of(item);
    fields.retain(|(name, text)| {
        let same = present
            .iter()
            .any(|(known, value)| known == name && value == text);
        !same && !text.is_empty() && (!name.ends_with("_id") || name == "external_id")
    });
    fields
}

/// An item's fields as its form has them.
fn fields_of(item: &Obligation) -> Vec<(&'static str, String)> {
    let id =
        |id: Option<intrex_core::ids::PersonId>| id.map(|id| id.to_string()).unwrap_or_default();
    let mut fields = vec![
        ("title", item.title.clone()),
        ("severity", item.severity.clone()),
        ("anchor", item.anchor.clone()),
        ("lead_days", form::lead_days(&item.lead_days)),
        ("grace_days", item.grace_days.to_string()),
        ("owner_id", id(item.owner_id)),
        ("deputy_id", id(item.deputy_id)),
        ("reference", item.reference.clone()),
        ("notes", item.notes.clone()),
    ];
    fields.extend(filled_category(&item.category));
    fields.extend(filled_rule(item.recurrence.as_deref()));
    fields
}
