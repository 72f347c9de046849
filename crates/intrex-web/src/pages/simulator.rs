//! What goes out in the next thirty days, and what a change would make of it, as the pages show it.

use std::fmt::Write as _;

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    obligations::schedule::civil_today,
    permission::Permission,
    reminders::simulator::{
        self, RawSimulation,
        model::{Day, ForeseenDigest, ForeseenMessage, ForeseenReminder, Foresight},
    },
    tenants,
};

use crate::{
    WebState,
    answer::{Fault, Page, Place},
    request::{Exchange, Reader},
    routes::{Access, Routes},
    words::Words,
};

const PATH: &str = "/messages/simulator";

/// The picture's own units: from bar to bar, a bar, the tallest, the whole, and what stands for nothing.
const STEP: u32 = 20;
const TALLEST: u32 = 56;
const HEIGHT: u32 = 62;
const NOTHING: u32 = 2;
/// Days between two dates under the picture.
const AXIS_DAYS: usize = 7;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(PATH, Access::Needs(Permission::RoutesManage), show)
}

/// One day in the picture.
pub(super) struct Bar {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) height: u32,
    pub(super) class: &'static str,
}

/// A message, or what of one comes or goes.
pub(super) struct Row {
    pub(super) when: String,
    pub(super) instant: String,
    pub(super) told: String,
    pub(super) way: String,
    pub(super) stopped: bool,
    pub(super) reminders: Vec<Line>,
}

/// One reminder of it.
pub(super) struct Line {
    pub(super) words: String,
    pub(super) href: Option<String>,
    pub(super) held: bool,
}

/// A look ahead in words.
pub(super) struct Foreseen {
    pub(super) summary: String,
    pub(super) bars: Vec<Bar>,
    pub(super) width: u32,
    pub(super) axis: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) shown_of: Option<String>,
    pub(super) left_out: Vec<(String, u32)>,
    pub(super) change: Option<Change>,
}

/// What a change makes of it.
pub(super) struct Change {
    pub(super) summary: String,
    pub(super) added: Vec<Row>,
    pub(super) removed: Vec<Row>,
}

#[derive(Template)]
#[template(path = "messages/simulator.html")]
struct SimulatorPage<'a> {
    page: &'a Page,
    ahead: Foreseen,
}

/// `GET /messages/simulator`
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let actor = tx.actor().clone();
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let page = Page::of_reader(tx, &exchange, Place::Messages, keys::SIMULATOR_TITLE).await?;
    let look = simulator::ahead(&web.app, &actor, &RawSimulation::default()).await?;
    page.show(&SimulatorPage {
        ahead: Foreseen::of(&look, zone, words),
        page: &page,
    })
}

impl Foreseen {
    pub(super) fn of(look: &Foresight, zone: Tz, words: Words) -> Self {
        let days = every_day(look, zone);
        let most = days.iter().map(|day| day.messages).max().unwrap_or(0);
        let bars = days.iter().zip(0..).map(|(day, at)| {
            let height = match day.messages {
                0 => NOTHING,
                n => (n.saturating_mul(TALLEST) / most.max(1)).max(NOTHING + 2),
            };
            Bar {
                x: at * STEP,
                y: HEIGHT - height,
                height,
                class: match day.messages {
                    0 => "none",
                    n if n == most => "peak",
                    _ => "",
                },
            }
        });
        let shown = u32::try_from(look.first.len()).unwrap_or(u32::MAX);
        let left_out = look.left_out.iter().filter_map(|one| {
            let why = one.reason_text()?;
            Some((words.say(&why), one.reminders))
        });
        Foreseen {
            summary: summary(look, words),
            width: u32::try_from(days.len()).unwrap_or(0) * STEP,
            bars: bars.collect(),
            axis: days
                .iter()
                .step_by(AXIS_DAYS)
                .map(|day| words.day_and_month(day.date))
                .collect(),
            rows: look.first.iter().map(|one| row(one, zone, words)).collect(),
            shown_of: (shown < look.messages.saturating_add(look.stopped))
                .then(|| words.count(keys::SIMULATOR_SHOWN, i64::from(shown))),
            left_out: left_out.collect(),
            change: look.change.as_ref().map(|change| Change {
                summary: [
                    words.count(keys::SIMULATOR_ADDED, i64::from(change.added)),
                    words.count(keys::SIMULATOR_REMOVED, i64::from(change.removed)),
                ]
                .join(" "),
                added: change
                    .first_added
                    .iter()
                    .map(|one| row(one, zone, words))
                    .collect(),
                removed: change
                    .first_removed
                    .iter()
                    .map(|one| row(one, zone, words))
                    .collect(),
            }),
        }
    }
}

fn summary(look: &Foresight, words: Words) -> String {
    let mut summary = words.count(keys::SIMULATOR_MESSAGES, i64::from(look.messages));
    let _ = write!(
        summary,
        " {}",
        words.count(keys::SIMULATOR_IN_APP, i64::from(look.in_app))
    );
    for (key, n) in [
        (keys::SIMULATOR_HELD, look.held),
        (keys::SIMULATOR_STAY, look.stopped),
    ] {
        if n > 0 {
            let _ = write!(summary, " {}", words.count(key, i64::from(n)));
        }
    }
    summary
}

/// Each day of the look, those without anything too.
fn every_day(look: &Foresight, zone: Tz) -> Vec<Day> {
    let (first, last) = (civil_today(look.from, zone), civil_today(look.until, zone));
    let mut days = Vec::new();
    let mut date: Option<NaiveDate> = Some(first);
    while let Some(day) = date.filter(|day| *day <= last) {
        let known = look.days.iter().find(|one| one.date == day).copied();
        days.push(known.unwrap_or(Day {
            date: day,
            messages: 0,
            in_app: 0,
        }));
        date = day.checked_add_days(Days::new(1));
    }
    days
}

fn row(message: &ForeseenMessage, zone: Tz, words: Words) -> Row {
    Row {
        when: words.moment(message.at, zone),
        instant: message.at.to_rfc3339(),
        told: message.told().to_owned(),
        way: match (&message.connector_name, message.connector_text()) {
            (Some(name), _) => name.clone(),
            (None, Some(text)) => words.say(&text),
            (None, None) => String::new(),
        },
        stopped: message.stopped,
        reminders: match &message.digest {
            Some(digest) => vec![digest_line(digest, words)],
            None => {
                let reminders = message.reminders.iter();
                reminders.map(|one| line(one, words)).collect()
            }
        },
    }
}

fn digest_line(digest: &ForeseenDigest, words: Words) -> Line {
    let text = Text::new(keys::SIMULATOR_DIGEST)
        .with("overdue", digest.overdue)
        .with("today", digest.today)
        .with("coming", digest.coming);
    Line {
        words: words.say(&text),
        href: None,
        held: false,
    }
}

fn line(reminder: &ForeseenReminder, words: Words) -> Line {
    let why = reminder.threshold_text().map(|text| words.say(&text));
    let facts = [
        Some(reminder.title.clone()),
        Some(reminder.branch_name.clone()),
        why,
    ];
    Line {
        words: facts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        href: reminder
            .obligation_id
            .map(|id| format!("/obligations/{id}")),
        held: reminder.held,
    }
}
