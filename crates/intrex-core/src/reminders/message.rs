//! The words of a reminder. How many days are left is counted on the day of sending, in the branch's zone: after an outage
//! the message says what is true then.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use html_escape::encode_safe;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use uuid::Uuid;

use crate::{
    catalogue::{Key, Language, Text, keys},
    obligations::schedule::{Threshold, civil_today},
    outside::mail::html_page,
};

/// What a reminder is about.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) item: Uuid,
    pub(super) title: String,
    pub(super) reference: String,
    pub(super) branch: String,
    pub(super) tenant: String,
    pub(super) due_on: NaiveDate,
    pub(super) zone: Tz,
}

/// Who gets it.
pub(crate) use crate::channels::Addressee;

/// One thing that is said: about what, and why now.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) about: About,
    pub(super) threshold: Threshold,
    /// Where it is acknowledged or put off, if it goes to somebody in particular.
    pub(super) answer: Option<SecretString>,
    /// It had to wait because too much was said at once.
    pub(super) held: bool,
}

/// The words of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    /// One line.
    pub(crate) subject: String,
    /// The words.
    pub(crate) text: String,
    /// The same words as a page.
    pub(crate) html: String,
}

/// Puts the words of one reminder together, or of several that are due at once; none if there is nothing to say.
pub(super) fn compose(
    said: &[Said],
    to: Option<&Addressee>,
    base_url: &Url,
    now: DateTime<Utc>,
) -> Option<Words> {
    let language = Language::ENGLISH;
    let say = |text: Text| text.to(language);
    let first = said.first()?;
    let subject = match said.len() {
        1 => {
            let when = say(when(&first.about, first.threshold, now));
            say(with_facts(&first.about, keys::MAIL_REMINDER_SUBJECT).with("when", when.as_str()))
        }
        many => say(Text::new(keys::MAIL_REMINDER_SUBJECT_MANY)
            .with("n", i64::try_from(many).unwrap_or(i64::MAX))
            .with("tenant", first.about.tenant.as_str())),
    };
    let (mut text, mut html) = (String::new(), String::new());
    if let Some(to) = to {
        let greeting = say(Text::new(keys::MAIL_REMINDER_GREETING).with("name", to.name.as_str()));
        text += &format!("{greeting}\n\n");
        html += &format!("<p>{}</p>\n", encode_safe(&greeting));
    }
    let held = said.iter().filter(|one| one.held).count();
    if held > 0 {
        let held = say(Text::new(keys::MAIL_REMINDER_HELD)
            .with("n", i64::try_from(held).unwrap_or(i64::MAX))
            .with("tenant", first.about.tenant.as_str()));
        text += &format!("{held}\n\n");
        html += &format!("<p>{}</p>\n", encode_safe(&held));
    }
    for one in said {
        let (in_text, in_html) = paragraph(one, base_url, now);
        text += &in_text;
        html += &in_html;
    }
    let why = match said.len() {
        1 => say(with_facts(&first.about, keys::MAIL_REMINDER_WHY)
            .with("tenant", first.about.tenant.as_str())
            .with("zone", first.about.zone.name())),
        _ => {
            say(Text::new(keys::MAIL_REMINDER_WHY_MANY).with("tenant", first.about.tenant.as_str()))
        }
    };
    text += &format!("-- \n{why}\n");
    html += &format!("<p class=\"why\">{}</p>\n", encode_safe(&why));
    Some(Words {
        html: html_page(language, &subject, &html),
        subject,
        text,
    })
}

/// What is said of one item: as text, and as a part of a page.
fn paragraph(said: &Said, base_url: &Url, now: DateTime<Utc>) -> (String, String) {
    let language = Language::ENGLISH;
    let say = |text: Text| text.to(language);
    let Said {
        about,
        threshold,
        answer,
        held: _,
    } = said;
    let when = say(when(about, *threshold, now));
    let sentence = say(with_facts(
        about,
        match (threshold, is_overdue(about, now)) {
            (Threshold::Escalation, _) => keys::MAIL_REMINDER_ESCALATED,
            (_, true) => keys::MAIL_REMINDER_OVERDUE,
            (_, false) => keys::MAIL_REMINDER_DUE,
        },
    ));
    let mut text = format!("{when}: {sentence}\n");
    let mut html = format!(
        "<h1>{}</h1>\n<p>{}</p>\n",
        encode_safe(&when),
        encode_safe(&sentence),
    );
    if !about.reference.is_empty() {
        let reference = Text::new(keys::MAIL_REMINDER_REFERENCE);
        let reference = say(reference.with("reference", about.reference.as_str()));
        text += &format!("{reference}\n");
        html += &format!("<p>{}</p>\n", encode_safe(&reference));
    }
    let open = say(keys::MAIL_REMINDER_OPEN.into());
    let link = link_to(base_url, about.item);
    text += &format!("\n{open}: {link}\n");
    html += &linked(&link, &open);
    if let Some(answer) = answer {
        let link = answer.expose_secret();
        let answer = say(keys::MAIL_REMINDER_ANSWER.into());
        text += &format!("{answer}: {link}\n");
        html += &linked(link, &answer);
    }
    text += "\n";
    (text, html)
}

fn linked(link: &str, words: &str) -> String {
    format!(
        "<p><a href=\"{}\">{}</a></p>\n",
        html_escape::encode_double_quoted_attribute(link),
        encode_safe(words),
    )
}

fn with_facts(about: &About, key: Key) -> Text {
    Text::new(key)
        .with("title", about.title.as_str())
        .with("branch", about.branch.as_str())
        .with("date", about.due_on.format("%-d %b %Y").to_string())
}

fn is_overdue(about: &About, now: DateTime<Utc>) -> bool {
    about.due_on < civil_today(now, about.zone)
}

fn when(about: &About, threshold: Threshold, now: DateTime<Utc>) -> Text {
    let days = (about.due_on - civil_today(now, about.zone)).num_days();
    if days >= 0 {
        Text::new(keys::MAIL_WHEN_DUE).with("days", days)
    } else if threshold == Threshold::Escalation {
        Text::new(keys::MAIL_WHEN_ESCALATED).with("days", -days)
    } else {
        Text::new(keys::MAIL_WHEN_OVERDUE).with("days", -days)
    }
}

pub(super) fn link_to(base_url: &Url, item: Uuid) -> String {
    let base = base_url.as_str().trim_end_matches('/');
    format!("{base}/obligations/{item}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(title: &str) -> About {
        About {
            item: Uuid::nil(),
            title: title.into(),
            reference: "FSCD-1".into(),
            branch: "Gulshan".into(),
            tenant: "Acme".into(),
            due_on: "2026-11-29".parse().expect("a date"),
            zone: Tz::Asia__Dhaka,
        }
    }

    fn message(title: &str, threshold: Threshold, now: &str) -> Words {
        messages(&[(title, threshold)], now)
    }

    fn messages(said: &[(&str, Threshold)], now: &str) -> Words {
        let to = Addressee {
            name: "Alice".into(),
            email: "alice@example.com".into(),
        };
        let said: Vec<Said> = said
            .iter()
            .map(|(title, threshold)| Said {
                about: about(title),
                threshold: *threshold,
                answer: Some("https://intrex.example/a/ita_0_0".into()),
                held: *threshold == Threshold::Overdue,
            })
            .collect();
        compose(
            &said,
            Some(&to),
            &"https://intrex.example/".parse().expect("an address"),
            now.parse().expect("an instant"),
        )
        .expect("something is said")
    }

    fn subject(threshold: Threshold, now: &str) -> String {
        message("Fire licence renewal", threshold, now).subject
    }

    #[test]
    fn the_subject_says_when_what_and_where() {
        let item = "Fire licence renewal · Gulshan (29 Nov 2026)";
        for (threshold, now, when) in [
            (
                Threshold::Before(7),
                "2026-11-22T03:00:00Z",
                "Due in 7 days",
            ),
            (
                Threshold::Before(30),
                "2026-11-17T03:00:00Z",
                "Due in 12 days",
            ),
            (Threshold::Before(1), "2026-11-28T03:00:00Z", "Due tomorrow"),
            (Threshold::DueDay, "2026-11-28T20:00:00Z", "Due today"),
            (
                Threshold::Overdue,
                "2026-11-30T03:00:00Z",
                "Overdue by 1 day",
            ),
            (
                Threshold::Before(1),
                "2026-12-02T03:00:00Z",
                "Overdue by 3 days",
            ),
            (
                Threshold::Escalation,
                "2026-12-02T03:00:00Z",
                "Escalated, overdue by 3 days",
            ),
        ] {
            assert_eq!(subject(threshold, now), format!("{when}: {item}"));
        }
    }

    #[test]
    fn both_parts_have_the_link_and_the_reason() {
        let message = message("VAT", Threshold::DueDay, "2026-11-29T03:00:00Z");
        for part in [&message.text, &message.html] {
            assert!(part.contains(
                "https://intrex.example/obligations/00000000-0000-0000-0000-000000000000"
            ));
            assert!(
                part.contains("Asia/Dhaka") || part.contains("Asia&#x2F;Dhaka"),
                "{part}"
            );
            assert!(part.contains("FSCD-1"));
        }
        assert!(!message.html.contains("src=") && !message.html.contains("url("));
    }

    #[test]
    fn what_was_typed_stays_words_in_the_page() {
        let message = message(
            "<img src=x onerror=alert(1)>\"'&",
            Threshold::DueDay,
            "2026-11-29T03:00:00Z",
        );
        assert!(!message.html.contains("<img"));
        assert!(message.html.contains("&lt;img"));
        assert!(message.text.contains("<img"));
    }

    #[test]
    fn a_message_says_what_had_to_wait() {
        let now = "2026-11-30T03:00:00Z";
        let held = messages(
            &[("VAT", Threshold::Overdue), ("Drill", Threshold::DueDay)],
            now,
        );
        for part in [&held.text, &held.html] {
            assert!(part.contains("1 of these reminders had to wait"), "{part}");
        }
        assert!(
            !message("VAT", Threshold::DueDay, now)
                .text
                .contains("had to wait")
        );
    }

    #[test]
    fn what_is_due_at_once_is_one_message_that_names_every_item() {
        let message = messages(
            &[
                ("VAT", Threshold::DueDay),
                ("Fire drill", Threshold::Escalation),
            ],
            "2026-11-30T03:00:00Z",
        );
        assert_eq!(message.subject, "2 reminders from Acme");
        for part in [&message.text, &message.html] {
            for words in ["VAT", "Fire drill", "Escalated", "Hello Alice"] {
                assert!(part.contains(words), "{words}: {part}");
            }
            assert_eq!(
                part.matches("https://intrex.example/obligations").count(),
                2
            );
        }
    }
}
