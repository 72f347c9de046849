//! Mail through a server of the organisation's: the words as text and as a page, to one person.

use std::time::Duration;

use super::{
    exchange::shown,
    letter::{Addressee, Letter},
    outcome::{Attempt, Class, Outcome, Stage, on_the_way},
};
use crate::{
    App,
    connectors::{EmailConfig, Opened, SecretName, TlsMode},
    outside::{
        http::OutgoingError,
        mail::{self, Message, Security},
        smtp::{Conversation, Server, Until, Why},
    },
};

pub(super) async fn send(app: &App, by: &Opened, config: &EmailConfig, letter: &Letter) -> Attempt {
    hand_over(app, by, config, letter, Until::Accepted).await
}

/// As far as can be asked without sending anything.
pub(super) async fn verify(
    app: &App,
    by: &Opened,
    config: &EmailConfig,
    letter: &Letter,
) -> Attempt {
    hand_over(app, by, config, letter, Until::Recipient).await
}

async fn hand_over(
    app: &App,
    by: &Opened,
    config: &EmailConfig,
    letter: &Letter,
    until: Until,
) -> Attempt {
    let Ok(from) = config.from.parse() else {
        return unsendable(Class::Sender);
    };
    let Some(to) = &letter.to else {
        return unsendable(Class::NoRecipient);
    };
    let login = match (&config.username, by.secret(SecretName::Password)) {
        (Some(user), Some(password)) => Some((user.as_str(), password)),
        (Some(_), None) => return unsendable(Class::Credentials),
        (None, _) => None,
    };
    let server = Server {
        host: &config.host,
        port: config.port,
        security: security(config.tls),
        authority: config.ca.as_deref(),
        login,
        from: &from,
    };
    let message = message(letter, to);
    let conversation = server
        .hand_over(app.outgoing.guard(), &message, until)
        .await;
    let mut redaction = by.redaction();
    if let Some((user, password)) = login {
        redaction = redaction.and_login(user, password);
    }
    let attempt = attempt(&conversation, config, letter, until);
    Attempt {
        answer: redaction.apply(&attempt.answer),
        stages: attempt
            .stages
            .into_iter()
            .map(|stage| Stage {
                detail: stage.detail.map(|detail| redaction.apply(&detail)),
                ..stage
            })
            .collect(),
        ..attempt
    }
}

fn message(letter: &Letter, to: &Addressee) -> Message {
    Message {
        id: letter.message_id.clone(),
        date: letter.written_at,
        to_address: to.email.clone(),
        to_name: to.name.clone(),
        subject: letter.subject.clone(),
        text: letter.text.clone(),
        html: letter.html.clone(),
    }
}

fn security(mode: TlsMode) -> Security {
    match mode {
        TlsMode::Implicit => Security::Implicit,
        TlsMode::StartTls => Security::StartTls,
        TlsMode::None => Security::None,
    }
}

fn attempt(
    conversation: &Conversation,
    config: &EmailConfig,
    letter: &Letter,
    until: Until,
) -> Attempt {
    let ended = conversation.stages.last().map(|(stage, _)| *stage);
    let (outcome, code, answer) = match &conversation.outcome {
        Ok(said) => (
            Outcome::Delivered {
                receipt: Some(letter.message_id.to_string()),
            },
            Some(250),
            said.clone(),
        ),
        Err(fault) => {
            let code = match fault.why {
                Why::Refused(code) => Some(code),
                _ => None,
            };
            let stage = ended.unwrap_or(mail::Stage::Compose);
            (outcome(stage, fault.why), code, fault.said.clone())
        }
    };
    let fault = conversation.outcome.as_ref().err().map(|fault| {
        let said = shown(&fault.said);
        match fault.why {
            Why::Refused(code) if said.is_empty() => format!("the server answered {code}"),
            Why::Refused(code) => format!("the server answered {code}: {said}"),
            Why::Outside(error) => error.to_string(),
            Why::Message(fault) => fault.to_string(),
            Why::NotOffered if ended == Some(mail::Stage::Encrypt) => {
                "the server does not offer STARTTLS".to_owned()
            }
            Why::NotOffered => {
                "the server offers neither PLAIN nor LOGIN to sign in with".to_owned()
            }
        }
    });
    let begun: Vec<_> = conversation
        .stages
        .iter()
        .map(|(stage, took)| (stage.as_str(), *took))
        .collect();
    Attempt {
        outcome,
        code,
        answer,
        took: begun.iter().map(|(_, took)| *took).sum(),
        stages: on_the_way(&stages_of(config, until), &begun, fault),
    }
}

/// The stages of a message through this server, in their order.
fn stages_of(config: &EmailConfig, until: Until) -> Vec<&'static str> {
    use mail::Stage as S;
    let mut all = vec![S::Compose, S::Address, S::Connect];
    match config.tls {
        TlsMode::Implicit => all.extend([S::Encrypt, S::Greeting]),
        TlsMode::StartTls => all.extend([S::Greeting, S::Encrypt]),
        TlsMode::None => all.push(S::Greeting),
    }
    if config.username.is_some() {
        all.push(S::Authenticate);
    }
    all.extend([S::Sender, S::Recipient]);
    if until == Until::Accepted {
        all.push(S::Accept);
    }
    all.into_iter().map(mail::Stage::as_str).collect()
}

/// What a fault means for this message. Who we are and as whom we send is the same for every message: that is a fault of
/// the connector, and passes when somebody has mended it.
fn outcome(stage: mail::Stage, why: Why) -> Outcome {
    use mail::Stage as S;
    let again = |class| Outcome::Again { after: None, class };
    let permanent = |code: u16| code >= 500;
    match (stage, why) {
        (_, Why::Message(mail::BadMessage::Address)) => Outcome::Never {
            class: Class::Recipient,
        },
        (_, Why::Message(mail::BadMessage::Malformed)) => Outcome::Never {
            class: Class::Content,
        },
        (_, Why::NotOffered) => again(Class::NotOffered),
        (_, Why::Outside(error)) => again(Class::of_outside(error)),
        (S::Recipient, Why::Refused(code)) if permanent(code) => Outcome::Never {
            class: Class::Recipient,
        },
        (S::Accept, Why::Refused(code)) if permanent(code) => Outcome::Never {
            class: Class::Content,
        },
        (S::Authenticate, Why::Refused(code)) if permanent(code) => again(Class::Credentials),
        (S::Sender, Why::Refused(code)) if permanent(code) => again(Class::Sender),
        (S::Encrypt, Why::Refused(_)) => again(Class::of_outside(OutgoingError::Tls)),
        (_, Why::Refused(code)) if permanent(code) => again(Class::Refused),
        // 4yz: not now.
        (_, Why::Refused(_)) => again(Class::ServerFault),
    }
}

/// Nothing was asked of anybody.
fn unsendable(class: Class) -> Attempt {
    Attempt {
        outcome: Outcome::Never { class },
        code: None,
        answer: String::new(),
        took: Duration::ZERO,
        stages: vec![Stage::failed(
            mail::Stage::Compose.as_str(),
            Duration::ZERO,
            class.as_str().to_owned(),
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_recipient_is_for_good_and_a_refused_password_is_the_connectors_fault() {
        use mail::Stage as S;
        let never = |class| Outcome::Never { class };
        let again = |class| Outcome::Again { after: None, class };
        for (stage, code, expected) in [
            (S::Recipient, 550, never(Class::Recipient)),
            (S::Recipient, 450, again(Class::ServerFault)),
            (S::Accept, 554, never(Class::Content)),
            (S::Accept, 452, again(Class::ServerFault)),
            (S::Authenticate, 535, again(Class::Credentials)),
            (S::Authenticate, 454, again(Class::ServerFault)),
            (S::Sender, 550, again(Class::Sender)),
            (S::Greeting, 554, again(Class::Refused)),
            (S::Encrypt, 454, again(Class::Tls)),
        ] {
            assert_eq!(
                outcome(stage, Why::Refused(code)),
                expected,
                "{stage:?} {code}"
            );
        }
    }
}
