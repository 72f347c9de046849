//! What people read of a delivery that carries no reminders: one sentence for each thing that it tells of, made from the facts
//! when it is sent. Reminders have words of their own, which follow from the ledger.

use html_escape::{encode_double_quoted_attribute, encode_safe};

use crate::{
    catalogue::{Key, Language, Text, keys},
    channels::Notice,
    outside::mail::html_page,
    reminders::Words,
};

/// The words; the first notice is the subject. None if nothing is told.
pub(super) fn compose(notices: &[Notice]) -> Option<Words> {
    let language = Language::ENGLISH;
    let first = sentence(notices.first()?);
    let subject = match notices.len() - 1 {
        0 => first,
        more => Text::new(keys::NOTICE_AND_MORE)
            .with("first", first)
            .with("n", i64::try_from(more).unwrap_or(i64::MAX))
            .to(language),
    };
    let (mut text, mut html) = (String::new(), String::new());
    let open = Text::from(keys::MAIL_REMINDER_OPEN).to(language);
    for notice in notices {
        let sentence = sentence(notice);
        text += &format!("{sentence}\n");
        html += &format!("<h1>{}</h1>\n", encode_safe(&sentence));
        if let Some(url) = &notice.url {
            text += &format!("{open}: {url}\n");
            html += &format!(
                "<p><a href=\"{}\">{}</a></p>\n",
                encode_double_quoted_attribute(url),
                encode_safe(&open)
            );
        }
        text += "\n";
    }
    Some(Words {
        html: html_page(language, &subject, &html),
        subject,
        text,
    })
}

fn sentence(notice: &Notice) -> String {
    let name = format!("notice-{}", notice.kind.as_str().replace(['.', '_'], "-"));
    let word = |name| notice.word(name).unwrap_or_default();
    let due_on = notice.timing.due_on;
    Text::new(Key::find(&name).unwrap_or(keys::NOTICE_OTHER))
        .with("type", notice.kind.as_str())
        .with("title", word("title"))
        .with("branch", word("branch"))
        .with(
            "date",
            due_on.map_or(String::new(), |day| day.format("%-d %b %Y").to_string()),
        )
        .to(Language::ENGLISH)
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        channels::{DigestFacts, EventType, NOTICE_VERSION, NoticeBranch, NoticeEntity, Timing},
        ids::TenantId,
    };

    fn notice(kind: EventType, title: &str) -> Notice {
        Notice {
            id: Uuid::nil(),
            kind,
            version: NOTICE_VERSION,
            tenant_id: TenantId::PLATFORM,
            occurred_at: "2026-11-23T03:00:00Z".parse().expect("an instant"),
            severity: None,
            branch: Some(NoticeBranch {
                id: Uuid::nil(),
                name: "Gulshan".into(),
            }),
            entity: NoticeEntity::new(
                Uuid::nil(),
                &DigestFacts {
                    title: title.into(),
                },
            ),
            timing: Timing {
                due_on: "2026-11-29".parse().ok(),
                ..Timing::default()
            },
            url: Some("https://intrex.example/obligations/1".into()),
        }
    }

    #[test]
    fn every_kind_of_event_has_its_sentence() {
        // A look at a connector composes its own.
        let looks = [EventType::ConnectorVerify, EventType::ConnectorTest];
        for kind in EventType::ALL
            .iter()
            .copied()
            .filter(|kind| !looks.contains(kind))
        {
            let words = compose(&[notice(kind, "VAT")]).expect("something is told");
            assert!(
                words.subject.contains("VAT") || kind == EventType::Digest,
                "{words:?}"
            );
            assert!(!words.subject.contains(kind.as_str()), "{words:?}");
        }
    }

    #[test]
    fn what_was_typed_stays_words_in_the_page() {
        let notices = [
            notice(EventType::ObligationCompleted, "<b>VAT</b>"),
            notice(EventType::ObligationWaived, "Two"),
        ];
        let words = compose(&notices).expect("something is told");
        assert!(words.subject.ends_with(", and one more"), "{words:?}");
        assert!(!words.html.contains("<b>") && words.text.contains("<b>VAT</b>"));
        assert!(words.text.contains("Two"));
        assert_eq!(compose(&[]), None);
    }
}
