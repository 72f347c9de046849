//! The words of a digest, as they are true when it is sent.

use chrono::NaiveDate;
use chrono_tz::Tz;
use html_escape::{encode_double_quoted_attribute, encode_safe};
use url::Url;

use super::{
    agenda::{Counts, Group},
    listing::{Line, Listing},
    model::{Kind, SENT_AT},
};
use crate::{
    catalogue::{Key, Language, Text, keys},
    outside::mail::html_page,
    reminders::Words,
};

/// What a digest is made of.
#[derive(Debug, Clone)]
pub(super) struct Sheet<'a> {
    pub(super) kind: Kind,
    pub(super) listing: &'a Listing,
    /// Whose it is.
    pub(super) name: &'a str,
    pub(super) organisation: &'a str,
    /// By whose clock it came.
    pub(super) zone: Tz,
    /// The day there.
    pub(super) today: NaiveDate,
    pub(super) base_url: &'a Url,
}

fn say(text: impl Into<Text>) -> String {
    text.into().to(Language::ENGLISH)
}

fn date(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// What it is called.
pub(super) fn title(kind: Kind, on: NaiveDate) -> String {
    let key = match kind {
        Kind::Daily => keys::DIGEST_TITLE_DAILY,
        Kind::Weekly => keys::DIGEST_TITLE_WEEKLY,
    };
    say(Text::new(key).with("date", date(on)))
}

/// The letter; none if there is nothing to name.
pub(super) fn compose(sheet: &Sheet<'_>) -> Option<Words> {
    let Listing { lines, counts } = sheet.listing;
    if lines.is_empty() {
        return None;
    }
    let subject = subject(sheet, *counts);
    let greeting = say(Text::new(keys::MAIL_REMINDER_GREETING).with("name", sheet.name));
    let mut text = format!("{greeting}\n\n");
    let mut html = format!(
        "<h1>{}</h1>\n<p>{}</p>\n",
        encode_safe(&subject),
        encode_safe(&greeting)
    );
    for group in Group::ALL {
        let of_group = || lines.iter().filter(|line| line.group == group);
        if of_group().next().is_none() {
            continue;
        }
        let heading = counted(heading_key(group), sheet.kind, counts.of(group));
        text += &format!("{heading}\n");
        html += &format!("<h2>{}</h2>\n<ul>\n", encode_safe(&heading));
        for line in of_group() {
            let (in_text, in_html) = shown(line, sheet.base_url);
            text += &in_text;
            html += &in_html;
        }
        text += "\n";
        html += "</ul>\n";
    }
    let named = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    let more = counts.total() - named;
    let all = match more {
        ..=0 => say(keys::DIGEST_ALL),
        more => say(Text::new(keys::DIGEST_MORE).with("n", more)),
    };
    let mut link_to = |words: &str, link: &str| {
        text += &format!("{words}: {link}\n");
        html += &format!("<p>{}</p>\n", linked(link, words));
    };
    link_to(&all, &list(sheet));
    link_to(
        &say(keys::DIGEST_CHANGE),
        &page(sheet.base_url, "settings/notifications"),
    );
    let why = why(sheet);
    text += &format!("-- \n{why}\n");
    html += &format!("<p class=\"why\">{}</p>\n", encode_safe(&why));
    Some(Words {
        html: html_page(Language::ENGLISH, &subject, &html),
        subject,
        text,
    })
}

fn subject(sheet: &Sheet<'_>, counts: Counts) -> String {
    let key = match sheet.kind {
        Kind::Daily => keys::DIGEST_SUBJECT_DAILY,
        Kind::Weekly => keys::DIGEST_SUBJECT_WEEKLY,
    };
    let parts = Group::ALL.into_iter().filter_map(|group| {
        let n = Some(counts.of(group)).filter(|n| *n > 0)?;
        Some(counted(count_key(group), sheet.kind, n))
    });
    let parts: Vec<String> = parts.collect();
    let text = Text::new(key).with("counts", parts.join(", "));
    say(text.with("tenant", sheet.organisation))
}

fn counted(key: Key, kind: Kind, n: i64) -> String {
    say(Text::new(key).with("n", n).with("days", kind.days_ahead()))
}

fn count_key(group: Group) -> Key {
    match group {
        Group::Overdue => keys::DIGEST_COUNT_OVERDUE,
        Group::Today => keys::DIGEST_COUNT_TODAY,
        Group::Coming => keys::DIGEST_COUNT_COMING,
    }
}

fn heading_key(group: Group) -> Key {
    match group {
        Group::Overdue => keys::DIGEST_GROUP_OVERDUE,
        Group::Today => keys::DIGEST_GROUP_TODAY,
        Group::Coming => keys::DIGEST_GROUP_COMING,
    }
}

/// One obligation, as text and as an item of a list.
fn shown(line: &Line, base_url: &Url) -> (String, String) {
    let title = Text::new(keys::DIGEST_LINE).with("title", line.title.as_str());
    let title = say(title.with("branch", line.branch.as_str()));
    let when = match line.days {
        ..0 => Text::new(keys::MAIL_WHEN_OVERDUE).with("days", -line.days),
        0.. => Text::new(keys::MAIL_WHEN_DUE).with("days", line.days),
    };
    let when = Text::new(keys::DIGEST_LINE_WHEN).with("when", say(when).to_lowercase());
    let when = say(when.with("date", date(line.due_on)));
    let link = page(base_url, &format!("obligations/{}", line.item));
    (
        format!("- {title}: {when}\n  {link}\n"),
        format!(
            "<li>{}<br>{}</li>\n",
            linked(&link, &title),
            encode_safe(&when)
        ),
    )
}

fn linked(link: &str, words: &str) -> String {
    let link = encode_double_quoted_attribute(link);
    format!("<a href=\"{link}\">{}</a>", encode_safe(words))
}

fn page(base_url: &Url, path: &str) -> String {
    let base = base_url.as_str().trim_end_matches('/');
    format!("{base}/{path}")
}

/// Everything that it counts, for whoever reads the list in Intrex.
fn list(sheet: &Sheet<'_>) -> String {
    let last = sheet.today + chrono::TimeDelta::days(sheet.kind.days_ahead());
    page(
        sheet.base_url,
        &format!("obligations?status=open&due_to={last}"),
    )
}

fn why(sheet: &Sheet<'_>) -> String {
    let key = match sheet.kind {
        Kind::Daily => keys::DIGEST_WHY_DAILY,
        Kind::Weekly => keys::DIGEST_WHY_WEEKLY,
    };
    let text = Text::new(key)
        .with("time", SENT_AT.format("%H:%M").to_string())
        .with("zone", sheet.zone.name());
    say(text.with("tenant", sheet.organisation))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn line(title: &str, days: i64, group: Group) -> Line {
        let today: NaiveDate = "2026-11-23".parse().expect("a day");
        Line {
            item: Uuid::nil(),
            title: title.into(),
            branch: "Gulshan".into(),
            due_on: today + chrono::TimeDelta::days(days),
            days,
            group,
        }
    }

    fn letter(kind: Kind, lines: Vec<Line>, more: i64) -> Option<Words> {
        let mut counts = Counts::default();
        lines.iter().for_each(|line| counts.add(line.group));
        counts.coming += more;
        compose(&Sheet {
            kind,
            listing: &Listing { lines, counts },
            name: "Alice",
            organisation: "Acme & Sons",
            zone: Tz::Asia__Dhaka,
            today: "2026-11-23".parse().expect("a day"),
            base_url: &"https://intrex.example/".parse().expect("an address"),
        })
    }

    #[test]
    fn a_digest_says_what_is_overdue_what_is_due_today_and_what_comes() {
        let lines = vec![
            line("VAT", -3, Group::Overdue),
            line("Fire drill", 0, Group::Today),
            line("Licence", 7, Group::Coming),
        ];
        let words = letter(Kind::Daily, lines, 0).expect("something is due");
        assert_eq!(
            words.subject,
            "Daily digest: 1 overdue, 1 due today, 1 in the next 7 days · Acme & Sons"
        );
        let expected =
            "Hello Alice,\n\nOverdue (1)\n- VAT · Gulshan: 20 Nov 2026, overdue by 3 days\n";
        assert!(words.text.starts_with(expected), "{}", words.text);
        for part in [
            "Due today (1)\n- Fire drill · Gulshan: 23 Nov 2026, due today\n",
            "In the next 7 days (1)\n- Licence · Gulshan: 30 Nov 2026, due in 7 days\n",
            "All of them in Intrex: https://intrex.example/obligations?status=open&due_to=2026-11-30\n",
            "https://intrex.example/settings/notifications\n",
            "every day at 08:00 (Asia/Dhaka)",
        ] {
            assert!(words.text.contains(part), "{part}: {}", words.text);
        }
        assert!(words.html.contains("Acme &amp; Sons"), "{}", words.html);
    }

    #[test]
    fn what_is_not_named_is_counted_and_nothing_is_no_letter() {
        let words = letter(Kind::Weekly, vec![line("VAT", 1, Group::Coming)], 12);
        let words = words.expect("something is due");
        assert_eq!(
            words.subject,
            "Weekly digest: 13 in the next 30 days · Acme & Sons"
        );
        assert!(
            words
                .text
                .contains("And 12 more: https://intrex.example/obligations")
        );
        assert_eq!(letter(Kind::Daily, Vec::new(), 0), None);
    }

    #[test]
    fn what_was_typed_stays_words_in_the_page() {
        let title = "<img src=x onerror=alert(1)>\"'&";
        let words = letter(Kind::Daily, vec![line(title, 0, Group::Today)], 0);
        let words = words.expect("something is due");
        assert!(!words.html.contains("<img") && words.html.contains("&lt;img"));
        assert!(words.text.contains("<img"));
    }
}
