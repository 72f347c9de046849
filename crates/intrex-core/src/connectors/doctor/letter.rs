//! What is said when a connector is looked at: that it is nothing but a test.

use html_escape::encode_safe;
use uuid::Uuid;

use super::Look;
use crate::{
    App,
    catalogue::{Language, Text, keys},
    channels::{
        Addressee, ConnectorFacts, EventType, Letter, NOTICE_VERSION, Notice, NoticeEntity, Timing,
    },
    connectors::Opened,
    outside::mail::{MessageId, html_page},
};

pub(super) fn compose(
    app: &App,
    opened: &Opened,
    organisation: &str,
    to: Option<Addressee>,
    look: Look,
) -> Letter {
    let language = Language::ENGLISH;
    let now = app.now();
    let id: Uuid = app.chance.uuid(now);
    let say = |key| {
        Text::new(key)
            .with("organisation", organisation)
            .with("connector", opened.name.as_str())
            .to(language)
    };
    let subject = say(keys::CONNECTOR_TEST_SUBJECT);
    let text = say(keys::CONNECTOR_TEST_TEXT);
    let body = format!(
        "<h1>{}</h1>\n<p>{}</p>\n",
        encode_safe(&subject),
        encode_safe(&text)
    );
    let base = &app.settings.base_url;
    let page = format!(
        "{}/settings/connectors/{}",
        base.as_str().trim_end_matches('/'),
        opened.id
    );
    let facts = ConnectorFacts {
        title: opened.name.clone(),
        reason: None,
    };
    Letter {
        id,
        message_id: MessageId::new(id, &app.chance.bytes(), base.host_str().unwrap_or_default()),
        written_at: now,
        notice: Notice {
            id,
            kind: match look {
                Look::Verify => EventType::ConnectorVerify,
                Look::Test => EventType::ConnectorTest,
            },
            version: NOTICE_VERSION,
            tenant_id: opened.tenant,
            occurred_at: now,
            severity: None,
            branch: None,
            entity: NoticeEntity::new(opened.id.uuid(), &facts),
            timing: Timing::default(),
            url: Some(page),
        },
        to,
        html: html_page(language, &subject, &body),
        subject,
        text,
    }
}
