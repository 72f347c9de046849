//! The words of a reminder. How many days are left is counted on the day of sending, in the branch's zone: after an outage
//! the message says what is true then.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use html_escape::encode_safe;
use url::Url;
use uuid::Uuid;

use crate::{
    catalogue::{Key, Language, Text, keys},
    obligations::schedule::{Threshold, civil_today},
    outside::mail::{Message, MessageId, html_page},
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
#[derive(Debug, Clone)]
pub(super) struct Addressee {
    pub(super) name: String,
    pub(super) email: String,
}

/// Puts the message together.
pub(super) fn compose(
    id: MessageId,
    about: &About,
    threshold: Threshold,
    to: &Addressee,
    base_url: &Url,
    now: DateTime<Utc>,
) -> Message {
    let language = Language::ENGLISH;
    let say = |text: Text| text.to(language);
    let date = about.due_on.format("%-d %b %Y").to_string();
    let when = say(when(about, threshold, now));
    let with_facts = |key: Key| {
        Text::new(key)
            .with("title", about.title.as_str())
            .with("branch", about.branch.as_str())
            .with("date", date.as_str())
    };
    let subject = say(with_facts(keys::MAIL_REMINDER_SUBJECT).with("when", when.as_str()));
    let sentence = say(with_facts(match (threshold, is_overdue(about, now)) {
        (Threshold::Escalation, _) => keys::MAIL_REMINDER_ESCALATED,
        (_, true) => keys::MAIL_REMINDER_OVERDUE,
        (_, false) => keys::MAIL_REMINDER_DUE,
    }));
    let greeting = say(Text::new(keys::MAIL_REMINDER_GREETING).with("name", to.name.as_str()));
    let reference = (!about.reference.is_empty()).then(|| {
        say(Text::new(keys::MAIL_REMINDER_REFERENCE).with("reference", about.reference.as_str()))
    });
    let open = say(keys::MAIL_REMINDER_OPEN.into());
    let link = link_to(base_url, about.item);
    let why = say(with_facts(keys::MAIL_REMINDER_WHY)
        .with("tenant", about.tenant.as_str())
        .with("zone", about.zone.name()));
    let mut text = format!("{greeting}\n\n{when}: {sentence}\n");
    let mut html = format!(
        "<p>{}</p>\n<h1>{}</h1>\n<p>{}</p>\n",
        encode_safe(&greeting),
        encode_safe(&when),
        encode_safe(&sentence),
    );
    if let Some(reference) = &reference {
        text += &format!("{reference}\n");
        html += &format!("<p>{}</p>\n", encode_safe(reference));
    }
    text += &format!("\n{open}: {link}\n\n-- \n{why}\n");
    html += &format!(
        "<p><a href=\"{}\">{}</a></p>\n<p class=\"why\">{}</p>\n",
        html_escape::encode_double_quoted_attribute(&link),
        encode_safe(&open),
        encode_safe(&why),
    );
    Message {
        id,
        date: now,
        to_address: to.email.clone(),
        to_name: to.name.clone(),
        html: html_page(language, &subject, &html),
        subject,
        text,
    }
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

fn link_to(base_url: &Url, item: Uuid) -> String {
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

    fn message(title: &str, threshold: Threshold, now: &str) -> Message {
        let to = Addressee {
            name: "Alice".into(),
            email: "alice@example.com".into(),
        };
        compose(
            MessageId::new(Uuid::nil(), &[0; 32], "intrex.example"),
            &about(title),
            threshold,
            &to,
            &"https://intrex.example/".parse().expect("an address"),
            now.parse().expect("an instant"),
        )
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
}
