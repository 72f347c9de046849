//! One obligation with everything about it: what it is, what can be done to it, what comes next and what happened. The same
//! page is drawn again when something was refused, with what was typed.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use chrono::NaiveDate;
use chrono_tz::Tz;
use intrex_core::{
    Error,
    answers::{self, reads::ItemAnswers},
    catalogue::{Text, keys},
    db::ReadTx,
    ids::ObligationId,
    obligations::{
        due_date::{DUE_DATE_MAX, DUE_DATE_MIN},
        model::Obligation,
        reads,
        schedule::{Status, civil_today},
    },
    permission::Permission,
    raw::Raw,
    templates,
};
use serde::Deserialize;

use super::{
    acts::{Act, Acts},
    list::{Choices, address},
    timeline::{self, Entry},
};
use crate::{
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, PathId, Reader},
    words::{self, Tag, Words},
};

/// What an action's address says besides the item: the version that the person has seen, and where to go afterwards.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Seen {
    seen: Raw,
    /// `today`, or nothing for the item's page.
    back: Raw,
}

impl Seen {
    /// Where to go when it is done.
    pub(super) fn then(&self, id: ObligationId) -> String {
        match self.back.shown().as_str() {
            "today" => format!("/today?done={id}"),
            _ => format!("/obligations/{id}"),
        }
    }
}

/// The version that the person has seen.
pub(crate) fn version(seen: &Seen) -> Result<Option<i32>, Error> {
    let mut errors = intrex_core::error::FieldErrors::new();
    let version = seen.seen.number(&mut errors, "seen", 0, i32::MAX.into());
    errors.finish()?;
    Ok(version
        .flatten()
        .and_then(|version| i32::try_from(version).ok()))
}

/// Why the page is drawn, and what it keeps of a form that was refused.
#[derive(Debug)]
pub(super) struct Drawing {
    pub(super) status: StatusCode,
    /// The form that stays open, as it was typed.
    pub(super) open: Option<(Act, FormView)>,
    /// A sentence on top.
    pub(super) notice: Option<Text>,
    /// What was typed into a form of another page, which the item has no place for any more: field and words.
    pub(super) typed: Vec<(String, String)>,
}

/// A link to an item: the one that follows, the template.
#[derive(Debug)]
struct Link {
    href: String,
    words: String,
}

#[derive(Template)]
#[template(path = "obligations/item.html")]
struct ItemPage<'a> {
    page: &'a Page,
    item: &'a Obligation,
    notice: Option<String>,
    state: Tag,
    cadence: String,
    repeats: bool,
    anchor: String,
    category: String,
    category_href: String,
    severity: words::Severity,
    due_on: String,
    relative: String,
    zone: String,
    grace: Option<String>,
    lead_days: String,
    dates: Vec<String>,
    owner: Option<String>,
    deputy: Option<String>,
    source: String,
    template: Option<Link>,
    /// What became of it, if it is not open.
    outcome: Option<String>,
    remark: Option<String>,
    successor: Option<Link>,
    following: Option<String>,
    entries: Vec<Entry>,
    /// Who has it in hand or has put it off: a sentence, and what they said.
    answers: Vec<(String, String)>,
    choices: Vec<(&'static str, String)>,
    acts: Acts,
    /// What was typed into a form that the item, as it is now, has no place for.
    typed: Vec<(String, String)>,
    people: Vec<(String, String)>,
    min: String,
    max: String,
    today: String,
}

/// `GET /obligations/{id}`
pub(super) async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ObligationId>,
) -> Result<Response, Fault> {
    let item = reads::get(&mut tx, id).await?;
    let drawing = Drawing {
        status: StatusCode::OK,
        open: None,
        notice: None,
        typed: Vec::new(),
    };
    draw(tx, &exchange, item, drawing).await
}

/// Draws an item's page.
pub(super) async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    item: Obligation,
    drawing: Drawing,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let zone: Tz = item.time_zone.parse().map_err(Error::internal)?;
    let today = civil_today(tx.now(), zone);
    let names = reads::people_of(&mut tx, std::slice::from_ref(&item)).await?;
    let successor = reads::successor(&mut tx, item.id).await?;
    let dates = reads::next_dates(&mut tx, &item).await?;
    let template = template(&mut tx, &item).await?;
    let entries = timeline::read(&mut tx, &item, zone, words).await?;
    let answered = answers::reads::of_item(&mut tx, item.id).await?;
    let people = match tx.actor().can(Permission::ObligationsUpdate) {
        true => Choices::read(&mut tx)
            .await?
            .people_or(words.t(keys::OBLIGATION_NOBODY)),
        false => Vec::new(),
    };
    let title = Text::new(keys::OBLIGATION_TITLE).with("title", item.title.as_str());
    let page = Page::of_reader(tx, exchange, Place::Obligations, title).await?;
    let name = |id: Option<_>| id.and_then(|id| names.get(&id).cloned());
    let (outcome, remark) = outcome(words, &item, &names);
    let acts = Acts::of(&item, today, drawing.open);
    page.show_as(
        drawing.status,
        &ItemPage {
            page: &page,
            notice: drawing.notice.map(|text| words.say(&text)),
            state: words.state(&item, today),
            cadence: words.recurrence(item.recurrence.as_deref()),
            repeats: item.recurrence.is_some(),
            anchor: words.named("anchor", &item.anchor),
            category: words.category(&item.category),
            category_href: address(
                &[
                    ("branch_id".to_owned(), item.branch_id.to_string()),
                    ("category".to_owned(), item.category.clone()),
                ],
                "",
                None,
            ),
            severity: words.severity(&item.severity),
            due_on: words.day(item.due_on),
            relative: words.relative(item.due_on, today),
            zone: zone.name().to_owned(),
            grace: grace(words, &item),
            lead_days: lead_days(words, &item),
            dates: dates.iter().map(|date| words.day(*date)).collect(),
            owner: name(item.owner_id),
            deputy: name(item.deputy_id),
            source: words.named("source", &item.source),
            template,
            following: following(words, &item, &dates, successor.as_ref()),
            successor: successor.map(|next| Link {
                href: format!("/obligations/{}", next.id),
                words: words.day(next.due_on),
            }),
            entries,
            answers: sentences(&answered, zone, words),
            choices: crate::pages::messages::choices(words),
            typed: [acts.typed_in_vain(outcome.is_none()), drawing.typed].concat(),
            acts,
            outcome,
            remark,
            people,
            min: DUE_DATE_MIN.to_string(),
            max: DUE_DATE_MAX.to_string(),
            today: today.to_string(),
            item: &item,
        },
    )
}

/// Who has an item in hand, and who has put it off.
fn sentences(answers: &ItemAnswers, zone: Tz, words: Words) -> Vec<(String, String)> {
    let acknowledged = answers.acknowledgements.iter().map(|said| {
        let text = Text::new(keys::ITEM_ACKNOWLEDGED_BY)
            .with("name", said.person_name.as_str())
            .with("when", words.moment(said.at, zone))
            .with("date", words.day(said.again_on));
        (words.say(&text), said.note.clone())
    });
    let snoozed = answers.snoozes.iter().map(|snooze| {
        let text = Text::new(keys::ITEM_SNOOZED_BY)
            .with("name", snooze.person_name.as_str())
            .with("when", words.moment(snooze.until, zone));
        (words.say(&text), String::new())
    });
    acknowledged.chain(snoozed).collect()
}

/// The template that an item was made from, for those who may read templates.
async fn template(tx: &mut ReadTx, item: &Obligation) -> Result<Option<Link>, Error> {
    let Some(id) = item.template_id else {
        return Ok(None);
    };
    if !tx.actor().can(Permission::TemplatesRead) {
        return Ok(None);
    }
    let template = templates::reads::get(tx, id).await?;
    Ok(Some(Link {
        href: format!("/templates/{id}"),
        words: template.title,
    }))
}

/// `5 days, until 10 Dec`
fn grace(words: Words, item: &Obligation) -> Option<String> {
    let days = i64::from(item.grace_days);
    let last = item
        .due_on
        .checked_add_signed(chrono::TimeDelta::days(days))
        .filter(|_| days > 0)?;
    let text = Text::new(keys::OBLIGATION_GRACE_UNTIL)
        .with("n", days)
        .with("date", words.day_and_month(last));
    Some(words.say(&text))
}

fn lead_days(words: Words, item: &Obligation) -> String {
    if item.lead_days.is_empty() {
        return words.t(keys::OBLIGATION_NO_LEAD_DAYS);
    }
    let text =
        Text::new(keys::OBLIGATION_LEAD_DAYS).with("days", super::form::lead_days(&item.lead_days));
    words.say(&text)
}

/// What became of an item that is not open: a sentence, and what the person said.
fn outcome(
    words: Words,
    item: &Obligation,
    names: &std::collections::HashMap<intrex_core::ids::PersonId, String>,
) -> (Option<String>, Option<String>) {
    let by = |id: Option<_>| {
        id.and_then(|id| names.get(&id).cloned())
            .unwrap_or_else(|| words.t(keys::OBLIGATION_SOMEBODY))
    };
    match (item.status(), &item.completion, &item.waiver) {
        (Status::Completed, Some(done), _) => {
            let text = Text::new(keys::OBLIGATION_COMPLETED_BY)
                .with("date", words.day(done.on))
                .with("name", by(done.by));
            (Some(words.say(&text)), done.note.clone())
        }
        (Status::Waived, _, Some(waiver)) => {
            let text = Text::new(keys::OBLIGATION_WAIVED_BY).with("name", by(waiver.by));
            (Some(words.say(&text)), Some(waiver.reason.clone()))
        }
        _ => (None, None),
    }
}

/// Who has settled an item and how, for somebody who was about to do something to it that needs an open one.
pub(super) async fn settled_meanwhile(
    tx: &mut ReadTx,
    item: &Obligation,
    words: Words,
) -> Result<Option<Text>, Error> {
    let names = reads::people_of(tx, std::slice::from_ref(item)).await?;
    let by = |id: Option<_>| {
        id.and_then(|id| names.get(&id).cloned())
            .unwrap_or_else(|| words.t(keys::OBLIGATION_SOMEBODY))
    };
    Ok(match (item.status(), &item.completion, &item.waiver) {
        (Status::Completed, Some(done), _) => Some(
            Text::new(keys::OBLIGATION_COMPLETED_MEANWHILE)
                .with("date", words.day(done.on))
                .with("name", by(done.by)),
        ),
        (Status::Waived, _, Some(waiver)) => {
            Some(Text::new(keys::OBLIGATION_WAIVED_MEANWHILE).with("name", by(waiver.by)))
        }
        _ => None,
    })
}

/// What completing or waiving will lead to.
fn following(
    words: Words,
    item: &Obligation,
    dates: &[NaiveDate],
    successor: Option<&Obligation>,
) -> Option<String> {
    match (successor, item.anchor.as_str()) {
        (Some(_), _) => Some(words.t(keys::OBLIGATION_NEXT_IS_THERE)),
        (None, "completion") if item.recurrence.is_some() => {
            Some(words.t(keys::OBLIGATION_NEXT_FROM_COMPLETION))
        }
        _ => dates.first().map(|date| {
            let text = Text::new(keys::OBLIGATION_NEXT_WILL_BE).with("date", words.day(*date));
            words.say(&text)
        }),
    }
}
