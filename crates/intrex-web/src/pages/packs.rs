//! Packs: those that come with the program, what one would change here, and taking it over.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::{Key, Text, keys},
    db::ReadTx,
    ids::TemplateId,
    packs::{self, FieldChange, PackLook, PackSummary, RawApply, RuleLook, RuleState},
    permission::Permission,
    raw::Raw,
};
use serde::Deserialize;

use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, Query, Reader, guard::see_other},
    routes::{Access, Routes},
    words::{self, Words},
};

const READ: Access = Access::Needs(Permission::TemplatesRead);
const WRITE: Access = Access::Needs(Permission::TemplatesWrite);
const PATH: &str = "/templates/packs";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(PATH, READ, show).form(PATH, WRITE, apply)
}

/// Which pack is looked at; without it all are listed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    pack: Raw,
}

struct Row {
    name: String,
    title: String,
    rules: String,
    version: String,
    checked_on: String,
    taken_over: String,
    newer: Option<String>,
}

#[derive(Template)]
#[template(path = "templates/packs.html")]
struct ListPage<'a> {
    page: &'a Page,
    form: FormView,
    rows: Vec<Row>,
}

struct Rule {
    code: String,
    title: String,
    authority: String,
    citation: String,
    jurisdiction: String,
    severity: words::Severity,
    state: String,
    edited: bool,
    chosen: bool,
    template: Option<TemplateId>,
    changes: Vec<String>,
}

#[derive(Template)]
#[template(path = "templates/pack.html")]
struct PackPage<'a> {
    page: &'a Page,
    form: FormView,
    row: Row,
    note: String,
    does: Vec<String>,
    nothing: bool,
    again: bool,
    rules: Vec<Rule>,
}

/// `GET /templates/packs`, and with `pack` what taking that one over does.
async fn show(
    exchange: Exchange,
    Reader(tx): Reader,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let one = !asked.pack.shown().trim().is_empty();
    let pack = one.then_some(&asked.pack);
    draw(tx, &exchange, StatusCode::OK, pack, FormView::empty()).await
}

/// `POST /templates/packs`
async fn apply(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawApply>,
) -> Result<Response, Fault> {
    match packs::commands::apply(&web.app, &form.actor, &form.input).await {
        Ok(applied) => Ok(see_other(&format!("{PATH}?pack={}", applied.summary.pack))),
        Err(Error::Invalid(errors)) => {
            let pack = &form.input.pack;
            let known = packs::find(pack.shown().trim())?.map(|_| pack);
            let tx = web.app.db.read(&form.actor).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw(tx, &exchange, StatusCode::UNPROCESSABLE_ENTITY, known, view).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    status: StatusCode,
    pack: Option<&Raw>,
    form: FormView,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let Some(pack) = pack else {
        let found = packs::reads::list(&mut tx).await?;
        let page = Page::of_reader(tx, exchange, Place::Templates, keys::PACKS).await?;
        let rows = found.into_iter().map(|pack| row(pack, words)).collect();
        let list = ListPage {
            page: &page,
            form,
            rows,
        };
        return page.show_as(status, &list);
    };
    let look = packs::reads::look(&mut tx, pack).await?;
    let title = Text::new(keys::PACK_TITLE).with("title", look.summary.title.as_str());
    let page = Page::of_reader(tx, exchange, Place::Templates, title).await?;
    let does = does(&look, words);
    let rules = look.looks.into_iter();
    let one = PackPage {
        note: look.summary.note.clone(),
        does,
        nothing: look.made + look.changed + look.retired == 0,
        again: look.summary.applied_version.is_some(),
        rules: rules.map(|one| rule(one, &form, words)).collect(),
        row: row(look.summary, words),
        form,
        page: &page,
    };
    page.show_as(status, &one)
}

fn row(pack: PackSummary, words: Words) -> Row {
    let newer = pack
        .applied_version
        .as_ref()
        .is_some_and(|applied| *applied != pack.version);
    let version = |key, version: &str| words.say(&Text::new(key).with("version", version));
    Row {
        rules: words.count(keys::PACK_RULES, i64::from(pack.rules)),
        checked_on: words.date(pack.checked_on),
        taken_over: match &pack.applied_version {
            Some(applied) => version(keys::PACK_TAKEN_OVER_VERSION, applied),
            None => words.t(keys::PACK_NOT_YET),
        },
        newer: newer.then(|| version(keys::PACK_NEWER, &pack.version)),
        name: pack.pack,
        title: pack.title,
        version: pack.version,
    }
}

fn does(look: &PackLook, words: Words) -> Vec<String> {
    let always = [
        (keys::PACK_MAKES, look.made),
        (keys::PACK_CHANGES, look.changed),
        (keys::PACK_RETIRES, look.retired),
    ];
    let kept = (look.kept > 0).then_some((keys::PACK_KEEPS, look.kept));
    let all = always.into_iter().chain(kept);
    all.map(|(key, n)| words.count(key, i64::from(n))).collect()
}

fn rule(look: RuleLook, form: &FormView, words: Words) -> Rule {
    let state = match look.state {
        RuleState::New => keys::PACK_STATE_NEW,
        RuleState::Same => keys::PACK_STATE_SAME,
        RuleState::Changed => keys::PACK_STATE_CHANGED,
        RuleState::Edited => keys::PACK_STATE_EDITED,
        RuleState::Own => keys::PACK_STATE_OWN,
        RuleState::Gone => keys::PACK_STATE_GONE,
    };
    Rule {
        severity: words.severity(&look.severity),
        state: words.t(state),
        edited: look.state == RuleState::Edited,
        chosen: form.chosen("overwrite", &look.code),
        template: look.template_id,
        changes: look.changes.iter().map(|one| change(one, words)).collect(),
        code: look.code,
        title: look.title,
        authority: look.authority,
        citation: look.citation,
        jurisdiction: look.jurisdiction,
    }
}

fn change(change: &FieldChange, words: Words) -> String {
    let field = Key::find(&format!("field-{}", change.field.replace('_', "-")));
    let or_nothing = |text: &str| match text {
        "" => words.t(keys::PACK_FIELD_EMPTY),
        text => text.to_owned(),
    };
    let text = Text::new(keys::PACK_FIELD)
        .with(
            "field",
            field.map_or_else(|| change.field.to_owned(), |key| words.t(key)),
        )
        .with("before", or_nothing(&change.before))
        .with("after", or_nothing(&change.after));
    words.say(&text)
}
