//! The inbox: what a person was told inside Intrex, the latest first. Opening a message leads to its obligation; marking it
//! as read is a form of its own, because looking at a list must not change it.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use intrex_core::{
    Actor, Error,
    answers::{self, Answered, RawAcknowledgement, RawSelection},
    catalogue::{Text, keys},
    db::ReadTx,
    ids::NotificationId,
    notifications::{self, Inbox, Notification},
    permission::Permission,
    raw::Raw,
    tenants,
};
use serde::Deserialize;

use crate::{
    WebState,
    answer::{Fault, Page, Place},
    request::{Exchange, Form, List, Nothing, PathId, Reader, guard::see_other},
    routes::{Access, Routes},
    words::Words,
};

const PATH: &str = "/messages";
/// What waits for a word.
const OPEN: &str = "/messages?show=open";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::NotificationsRead);
    let answer = Access::Needs(Permission::RemindersAnswer);
    routes
        .page(PATH, read, list)
        .form("/messages/read", read, mark_all)
        .form("/messages/{id}/read", read, mark)
        .form("/messages/acknowledge", answer, acknowledge_selected)
        .form("/messages/snooze", answer, snooze_selected)
        .form("/messages/{id}/acknowledge", answer, acknowledge)
}

/// What narrows the inbox: nothing shows what was not read, `show=all` everything, `show=open` what was not acknowledged.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawInbox {
    show: Raw,
}

impl RawInbox {
    fn parse(&self) -> Result<Inbox, Error> {
        let mut errors = intrex_core::error::FieldErrors::new();
        let show = self
            .show
            .one_of(&mut errors, "show", "all, open", |text| match text {
                "all" => Some(Inbox::All),
                "open" => Some(Inbox::ToAcknowledge),
                _ => None,
            });
        errors.finish()?;
        Ok(show.flatten().unwrap_or(Inbox::Unread))
    }
}

/// One message as the page shows it.
#[derive(Debug)]
struct Row {
    id: NotificationId,
    href: String,
    kind: &'static str,
    icon: &'static str,
    title: String,
    about: String,
    when: String,
    instant: String,
    unread: bool,
    /// Whether it can be acknowledged and put off.
    answerable: bool,
    /// What was answered already, in words.
    answered: Option<String>,
}

#[derive(Template)]
#[template(path = "messages/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    show: &'static str,
    /// Whether anything on the page can be answered.
    answerable: bool,
    /// What was not done, and why.
    notice: Option<String>,
    choices: Vec<(&'static str, String)>,
    unread: i64,
    first: Option<String>,
    next: Option<String>,
}

/// `GET /messages`
async fn list(
    exchange: Exchange,
    Reader(tx): Reader,
    list: List<RawInbox>,
) -> Result<Response, Fault> {
    draw(tx, &exchange, list, None).await
}

/// The messages as the filter says, and on top what was not done.
async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    list: List<RawInbox>,
    notice: Option<String>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let inbox = list.filter.parse()?;
    let found = notifications::reads::list(&mut tx, inbox, &list.page).await?;
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let now = tx.now();
    let may_answer = tx.actor().can(Permission::RemindersAnswer);
    let page = Page::of_reader(tx, exchange, Place::Messages, keys::NAV_MESSAGES).await?;
    let rows: Vec<Row> = found
        .items
        .into_iter()
        .map(|message| answerable(message, zone, now, words, may_answer))
        .collect();
    let status = match notice {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    page.show_as(
        status,
        &ListPage {
            next: list.next_page(PATH, found.next_cursor.as_deref()),
            first: list.page.is_later().then(|| list.address(PATH)),
            answerable: rows.iter().any(|row| row.answerable),
            rows,
            show: match inbox {
                Inbox::All => "all",
                Inbox::Unread => "unread",
                Inbox::ToAcknowledge => "open",
            },
            notice,
            choices: choices(words),
            unread: page.unread(),
            page: &page,
        },
    )
}

/// Until when something can be put off, as a page offers it.
pub(crate) fn choices(words: Words) -> Vec<(&'static str, String)> {
    answers::input::CHOICES
        .into_iter()
        .map(|choice| (choice, words.named("snooze", &choice.replace('_', "-"))))
        .collect()
}

/// `POST /messages/{id}/read`
async fn mark(
    State(web): State<WebState>,
    PathId(id): PathId<NotificationId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    notifications::commands::mark_read(&web.app, &form.actor, id).await?;
    Ok(see_other(PATH))
}

/// `POST /messages/read`
async fn mark_all(State(web): State<WebState>, form: Form<Nothing>) -> Result<Response, Fault> {
    notifications::commands::mark_all_read(&web.app, &form.actor).await?;
    Ok(see_other(PATH))
}

/// `POST /messages/{id}/acknowledge`
async fn acknowledge(
    State(web): State<WebState>,
    PathId(id): PathId<NotificationId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let raw = RawAcknowledgement::default();
    answers::commands::acknowledge(&web.app, &form.actor, id, &raw).await?;
    Ok(see_other(OPEN))
}

/// The boxes that were ticked, and until when they are put off: both buttons send both.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTicked {
    ids: Raw,
    until: Raw,
}

/// `POST /messages/acknowledge`
async fn acknowledge_selected(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawTicked>,
) -> Result<Response, Fault> {
    let raw = RawSelection {
        ids: form.input.ids,
        ..RawSelection::default()
    };
    let done = answers::commands::acknowledge_selected(&web.app, &form.actor, &raw).await;
    ticked(&web, &exchange, &form.actor, done).await
}

/// `POST /messages/snooze`
async fn snooze_selected(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawTicked>,
) -> Result<Response, Fault> {
    let (ids, until) = (&form.input.ids, &form.input.until);
    let done = answers::commands::snooze_selected(&web.app, &form.actor, ids, until).await;
    ticked(&web, &exchange, &form.actor, done).await
}

/// What could not be done is said above the messages that wait.
async fn ticked(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    done: Result<Answered, Error>,
) -> Result<Response, Fault> {
    let errors = match done {
        Ok(_) => return Ok(see_other(OPEN)),
        Err(Error::Invalid(errors)) => errors,
        Err(error) => return Err(error.into()),
    };
    let words = Words(exchange.language());
    let sentences: Vec<String> = errors.iter().map(|error| words.say(&error.text)).collect();
    let tx = web.app.db.read(actor).await.map_err(Fault::from)?;
    let list = List {
        filter: RawInbox {
            show: "open".into(),
        },
        query: vec![("show".to_owned(), "open".to_owned())],
        ..List::first()
    };
    draw(tx, exchange, list, Some(sentences.join(" "))).await
}

/// A message with what can be answered to it, or was.
fn answerable(
    message: Notification,
    zone: Tz,
    now: DateTime<Utc>,
    words: Words,
    may_answer: bool,
) -> Row {
    let answered = match (message.acknowledged_at, message.snoozed_until) {
        (Some(at), _) => Some((keys::MESSAGE_ACKNOWLEDGED, at)),
        (None, Some(until)) if message.open && until > now => Some((keys::MESSAGE_SNOOZED, until)),
        _ => None,
    };
    let answerable = may_answer && message.open && message.acknowledged_at.is_none();
    Row {
        answerable,
        answered: answered
            .map(|(key, at)| words.say(&Text::new(key).with("when", words.moment(at, zone)))),
        ..row(message, zone, now, words)
    }
}

fn row(message: Notification, zone: Tz, now: DateTime<Utc>, words: Words) -> Row {
    if let (Some(event), Some(code)) = (message.security_event_id, &message.code) {
        let many = message.event_count.filter(|count| *count > 1);
        return Row {
            id: message.id,
            href: match many {
                Some(_) => format!("/settings/security?code={code}&open=true"),
                None => format!("/settings/security/events/{event}"),
            },
            kind: if message.severity == "high" {
                "over"
            } else {
                "due"
            },
            icon: "shield",
            title: match (many, &message.title) {
                (Some(n), _) => words.say(
                    &Text::new(keys::MESSAGE_SECURITY_MANY)
                        .with("what", words.named("security-event", code))
                        .with("n", n),
                ),
                (None, Some(name)) => words.say(
                    &Text::new(keys::MESSAGE_SECURITY_OF)
                        .with("what", words.named("security-event", code))
                        .with("name", name.as_str()),
                ),
                (None, None) => words.named("security-event", code),
            },
            about: words.say(
                &Text::new(keys::MESSAGE_SECURITY)
                    .with("severity", words.named("severity", &message.severity)),
            ),
            when: when(message.created_at, zone, now, words),
            instant: message.created_at.to_rfc3339(),
            unread: message.read_at.is_none(),
            answerable: false,
            answered: None,
        };
    }
    if message.obligation_id.is_none() {
        return of_access(message, zone, now, words);
    }
    let late = message.kind == "obligation_overdue";
    let why = message
        .threshold_text()
        .map(|text| words.say(&text))
        .unwrap_or_default();
    let about = Text::new(keys::MESSAGE_ABOUT)
        .with("why", why)
        .with(
            "date",
            message
                .due_on
                .map_or_else(String::new, |day| words.day(day)),
        )
        .with("severity", words.named("severity", &message.severity));
    let key = match late {
        true => keys::MESSAGE_OVERDUE,
        false => keys::MESSAGE_DUE,
    };
    let title = Text::new(key)
        .with("title", message.title.unwrap_or_default())
        .with("branch", message.branch_name.unwrap_or_default());
    Row {
        id: message.id,
        href: message.obligation_id.map_or_else(
            || "/obligations".to_owned(),
            |id| format!("/obligations/{id}"),
        ),
        kind: if late { "over" } else { "due" },
        icon: if late { "alert" } else { "clock" },
        title: words.say(&title),
        about: words.say(&about),
        when: when(message.created_at, zone, now, words),
        instant: message.created_at.to_rfc3339(),
        unread: message.read_at.is_none(),
        answerable: false,
        answered: None,
    }
}

/// A message about an access review, or about accounts that nobody uses.
fn of_access(message: Notification, zone: Tz, now: DateTime<Utc>, words: Words) -> Row {
    let late = message.severity == "high";
    let (href, title, about) = match (message.review_id, message.due_on) {
        (Some(id), Some(due_on)) => {
            let key = match late {
                true => keys::MESSAGE_ACCESS_REVIEW_OVERDUE,
                false => keys::MESSAGE_ACCESS_REVIEW,
            };
            let title = Text::new(key).with("date", words.day(due_on));
            (
                format!("/settings/access-reviews/{id}"),
                words.say(&title),
                words.t(keys::MESSAGE_ACCESS_REVIEW_ABOUT),
            )
        }
        _ => (
            "/settings/people?dormant=true".to_owned(),
            words.count(
                keys::MESSAGE_DORMANT,
                message.account_count.unwrap_or_default().into(),
            ),
            words.t(keys::MESSAGE_DORMANT_ABOUT),
        ),
    };
    Row {
        id: message.id,
        href,
        kind: if late { "over" } else { "due" },
        icon: if late { "alert" } else { "people" },
        title,
        about,
        when: when(message.created_at, zone, now, words),
        instant: message.created_at.to_rfc3339(),
        unread: message.read_at.is_none(),
        answerable: false,
        answered: None,
    }
}

fn when(at: DateTime<Utc>, zone: Tz, now: DateTime<Utc>, words: Words) -> String {
    match (now - at).num_days() {
        0 => words.ago(at, now),
        _ => words.moment(at, zone),
    }
}
