//! Numbers, each with the address of the list that has as many rows.

use chrono::NaiveDate;
use intrex_core::{
    catalogue::{Key, keys},
    reports::Totals,
};

use super::week_from;
use crate::words::Words;

/// One number.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) href: String,
    pub(super) count: i64,
    /// `over`, `due`, or nothing.
    pub(super) kind: &'static str,
    pub(super) icon: Option<&'static str>,
    pub(super) words: String,
}

/// The numbers on top of a page.
pub(super) fn figures(words: Words, totals: &Totals, today: NaiveDate) -> Vec<Figure> {
    let figure = |href: String, count: i64, kind, icon: Option<_>, key: Key| Figure {
        href,
        count,
        kind: if count > 0 { kind } else { "" },
        icon: icon.filter(|_| count > 0),
        words: words.count(key, count),
    };
    vec![
        figure(
            "/obligations?status=overdue".to_owned(),
            totals.overdue,
            "over",
            Some("alert"),
            keys::TODAY_OVERDUE,
        ),
        figure(
            due_href("", today, week_from(today)),
            totals.due_this_week,
            "due",
            Some("clock"),
            keys::TODAY_THIS_WEEK,
        ),
        figure(
            "/obligations?status=open&owner_id=none".to_owned(),
            totals.unowned,
            "",
            None,
            keys::TODAY_UNOWNED,
        ),
        figure(
            "/obligations?status=open".to_owned(),
            totals.open,
            "",
            None,
            keys::TODAY_OPEN,
        ),
    ]
}

/// The list of open items that are due from one day to another; `also` narrows it further.
pub(super) fn due_href(also: &str, from: NaiveDate, to: NaiveDate) -> String {
    format!("/obligations?status=open&due_from={from}&due_to={to}{also}")
}
