//! The postman of these tests: lets mail go out, reads what arrived, and looks for words where none of them may be.

use intrex_core::{account_mail, actor::Request};
use sqlx::AssertSqlSafe;

use crate::support::{MailServer, TestApp};

/// A test's application with a mail server.
pub(crate) async fn with_mail() -> (TestApp, MailServer) {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    (app, server)
}

/// A letter as somebody reads it.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) id: String,
    /// Text and page, lines unfolded.
    pub(super) body: String,
}

impl Letter {
    /// The token of the one link to this page, which text and page must agree on.
    #[track_caller]
    pub(super) fn token(&self, page: &str) -> String {
        let mark = format!("/{page}/");
        let mut tokens: Vec<String> = self
            .body
            .split(&mark)
            .skip(1)
            .map(|rest| {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                rest[..end.unwrap_or(rest.len())].to_owned()
            })
            .collect();
        assert_eq!(tokens.len(), 2, "{}", self.body);
        tokens.dedup();
        assert_eq!(tokens.len(), 1, "{}", self.body);
        tokens.remove(0)
    }
}

/// What a notice of a new device is about: nearly every sign-in of these tests is on one.
pub(super) const NEW_DEVICE: &str = "A sign-in from a new device";

/// Lets everything go out that is due, and answers what arrived by now but notices of new devices.
pub(crate) async fn post(app: &TestApp, server: &MailServer) -> Vec<Letter> {
    while account_mail::sender::send_due(&app.app)
        .await
        .expect("the sender works")
        > 0
    {}
    let mut arrived = read(server);
    arrived.retain(|letter| letter.subject != NEW_DEVICE);
    arrived
}

/// Everything that arrived by now.
pub(super) fn read(server: &MailServer) -> Vec<Letter> {
    server
        .received()
        .iter()
        .map(|mail| {
            let to = mail.to.first().expect("a recipient");
            Letter {
                to: to
                    .trim_start_matches("RCPT TO:<")
                    .trim_end_matches('>')
                    .to_owned(),
                subject: mail.subject(),
                id: mail.header("Message-ID"),
                body: mail.data.replace("=\r\n", "").replace("=3D", "="),
            }
        })
        .collect()
}

/// The last letter to an address.
#[track_caller]
pub(super) fn last_to<'a>(letters: &'a [Letter], to: &str) -> &'a Letter {
    let found = letters.iter().rev().find(|letter| letter.to == to);
    found.unwrap_or_else(|| panic!("nothing for {to} in {letters:?}"))
}

/// Subjects and recipients, in order.
pub(crate) fn subjects(letters: &[Letter]) -> Vec<String> {
    letters.iter().map(|l| l.subject.clone()).collect()
}

/// The tables in which a text stands, as it is or as the bytes of a column.
pub(crate) async fn tables_with(app: &TestApp, text: &str) -> Vec<String> {
    let mut superuser = app.superuser().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'app' order by 1",
    )
    .fetch_all(&mut superuser)
    .await
    .expect("the tables");
    assert!(tables.len() > 20, "{tables:?}");
    let mut found = Vec::new();
    for table in tables {
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
            "select count(*) from app.{table} t where t::text like $1 or t::text like $2"
        )))
        .bind(format!("%{text}%"))
        .bind(format!("%{}%", hex::encode(text)))
        .fetch_one(&mut superuser)
        .await
        .expect("is searched");
        if count > 0 {
            found.push(table);
        }
    }
    found
}

/// The states of letters, the oldest first: kind, state and reason.
pub(super) async fn letters(app: &TestApp) -> Vec<String> {
    let rows: Vec<(String, String, Option<String>)> =
        sqlx::query_as("select kind, state, reason from app.account_mail order by created_at, id")
            .fetch_all(&mut app.superuser().await)
            .await
            .expect("the outbox");
    rows.into_iter()
        .map(|(kind, state, reason)| match reason {
            Some(reason) => format!("{kind} {state} {reason}"),
            None => format!("{kind} {state}"),
        })
        .collect()
}

/// A request from an address of a network that nothing else comes from.
pub(super) fn from_afar(number: u8) -> Request {
    crate::support::members::from([203, 0, number, 1])
}
