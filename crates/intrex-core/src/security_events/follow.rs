//! From the audit log to security events: one table says which audit events somebody should look at. It is read for every
//! event on its way to the log, in the same transaction, so that neither is there without the other.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    model::Code,
    places,
    queries::{self, Sighting},
    rules, telling,
};
use crate::{
    actor::Actor,
    audit::Event,
    db::Inner,
    error::Result,
    ids::{PersonId, SecurityEventId},
    permission::Role,
};

/// What was seen, before it has a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Noted {
    pub(super) code: Code,
    pub(super) subject: Subject,
    /// The person whom it concerns.
    pub(super) person: Option<PersonId>,
}

/// What it is about. Never anything that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Person(PersonId),
    Token(Uuid),
    Connector(Uuid),
    /// An account that nobody has, by its tag.
    Account(String),
    /// The network that the request came from.
    Network,
    /// Failures at any account, and not only at those that nobody has.
    AllAccounts,
    /// The whole organisation.
    Everybody,
}

/// What audit events let be seen: records it, counts by the rules, and answers the audit events that the rules add.
pub(crate) async fn follow(
    conn: &mut PgConnection,
    inner: &Inner,
    actor: &Actor,
    events: &[Event],
) -> Result<Vec<Event>> {
    let mut more = Vec::new();
    for noted in events.iter().filter_map(noted) {
        record(conn, inner, actor, &noted).await?;
        if matches!(noted.code, Code::LoginFailure | Code::MfaVerifyFailed) {
            more.extend(rules::failed(conn, inner, actor, &noted).await?);
        }
    }
    Ok(more)
}

/// Raises the count of what was seen before in this hour, or makes a row, of which the admins will be told if it is bad
/// enough. Whether it was made, or opened again after somebody had acknowledged it.
pub(super) async fn record(
    conn: &mut PgConnection,
    inner: &Inner,
    actor: &Actor,
    noted: &Noted,
) -> Result<bool> {
    let now = inner.clock.now();
    let id = SecurityEventId::from(inner.chance.uuid(now));
    let ip = actor.request().ip;
    let sighting = Sighting {
        id,
        code: noted.code,
        subject: noted.subject.named(inner, actor),
        person: noted.person,
        address: inner.kept_address(ip),
    };
    let recorded = queries::record(conn, actor.tenant(), &sighting, now).await?;
    if recorded.is_new {
        telling::plan(conn, inner, actor.tenant(), &recorded, noted.code).await?;
    }
    Ok(recorded.is_new)
}

impl Subject {
    fn named(&self, inner: &Inner, actor: &Actor) -> String {
        match self {
            Subject::Person(id) => format!("person:{id}"),
            Subject::Token(id) => format!("token:{id}"),
            Subject::Connector(id) => format!("connector:{id}"),
            Subject::Account(tag) => format!("account:{tag}"),
            Subject::Network => {
                format!("network:{}", places::network_tag(inner, actor.request().ip))
            }
            Subject::AllAccounts => "accounts:all".to_owned(),
            Subject::Everybody => String::new(),
        }
    }
}

/// What an audit event means to whoever looks after security, if anything.
fn noted(event: &Event) -> Option<Noted> {
    let person = event.subject();
    let about_person = |code| {
        Some(Noted {
            code,
            subject: match (person, event.machine_word("account")) {
                (Some(person), _) => Subject::Person(person),
                (None, Some(tag)) => Subject::Account(tag.to_owned()),
                (None, None) => Subject::Network,
            },
            person,
        })
    };
    let about_token = |code| {
        Some(Noted {
            code,
            subject: event.entity_id().map_or(Subject::Everybody, Subject::Token),
            person,
        })
    };
    let about_connector = |code| {
        Some(Noted {
            code,
            subject: event
                .entity_id()
                .map_or(Subject::Everybody, Subject::Connector),
            person: None,
        })
    };
    let about_everybody = |code| {
        Some(Noted {
            code,
            subject: Subject::Everybody,
            person: None,
        })
    };
    let admin = Role::HeadOfficeAdmin.as_str();
    match event.action() {
        "LOGIN_FAILURE" => about_person(Code::LoginFailure),
        "MFA_VERIFY_FAILED" => about_person(Code::MfaVerifyFailed),
        "OIDC_FAILURE" => about_person(Code::OidcFailure),
        "AUTH_LOCKOUT_TRIGGERED" => about_person(Code::LockoutTriggered),
        "AUTH_LOCKOUT_CLEARED" => about_person(Code::LockoutCleared),
        "LOGIN_RATE_LIMIT_BLOCK" => Some(Noted {
            code: Code::RateLimitBlock,
            subject: Subject::Network,
            person: None,
        }),
        "session.new_device" => about_person(Code::NewDevice),
        "session.new_network" => about_person(Code::NewNetwork),
        "session.agent_changed" => about_person(Code::SessionAgentChanged),
        "IMPOSSIBLE_SEQUENCE" => about_person(Code::ImpossibleSequence),
        "person.mfa_reset" => about_person(Code::MfaReset),
        "mfa.replaced" => about_person(Code::MfaReplaced),
        "mfa.recovery_code_used" => about_person(Code::RecoveryCodeUsed),
        "passkey.counter_went_back" => about_person(Code::PasskeyCounterWentBack),
        "person.invited" | "person.imported" if event.machine_word("role") == Some(admin) => {
            about_person(Code::PrivilegeRaised)
        }
        "person.updated" | "person.enabled" if event.became("role") == Some(admin) => {
            about_person(Code::PrivilegeRaised)
        }
        "token.created" => about_token(Code::TokenCreated),
        "token.refused_network" => about_token(Code::TokenRefusedNetwork),
        "oidc.domain_no_longer_proven" => about_everybody(Code::DomainNoLongerProven),
        "connector.failing" => about_connector(Code::ConnectorFailing),
        // Who disables one by hand knows it.
        "connector.disabled" if event.machine_word("cause") != Some("by_hand") => {
            about_connector(Code::ConnectorDisabled)
        }
        "tenant.deletion_requested" => about_everybody(Code::DeletionRequested),
        "tenant.deletion_cancelled" => about_everybody(Code::DeletionCancelled),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> PersonId {
        Uuid::from_u128(7).into()
    }

    fn code_of(event: Event) -> Option<Code> {
        noted(&event).map(|noted| noted.code)
    }

    #[test]
    fn a_role_counts_when_it_becomes_the_highest() {
        let updated = |before: &str, after: &str| {
            let event = Event::new("person", "person.updated").about(person());
            code_of(event.changed("role", before, after))
        };
        assert_eq!(
            updated("branch_manager", "head_office_admin"),
            Some(Code::PrivilegeRaised)
        );
        assert_eq!(updated("head_office_admin", "operator"), None);
        assert_eq!(updated("head_office_admin", "head_office_admin"), None);
        let invited = |role: &str| {
            let event = Event::new("person", "person.invited").about(person());
            code_of(event.with("role", role))
        };
        assert_eq!(invited("head_office_admin"), Some(Code::PrivilegeRaised));
        assert_eq!(invited("operator"), None);
    }

    #[test]
    fn a_failure_is_about_its_person_its_account_or_its_network() {
        let failure = || Event::new("security", "LOGIN_FAILURE").failed();
        let subject = |event: Event| noted(&event).expect("is noted").subject;
        assert_eq!(
            subject(failure().about(person())),
            Subject::Person(person())
        );
        assert_eq!(
            subject(failure().with("account", "0a")),
            Subject::Account("0a".to_owned())
        );
        assert_eq!(subject(failure()), Subject::Network);
    }

    #[test]
    fn what_happens_to_a_second_factor_is_noted() {
        for (action, expected) in [
            ("person.mfa_reset", Code::MfaReset),
            ("mfa.replaced", Code::MfaReplaced),
            ("mfa.recovery_code_used", Code::RecoveryCodeUsed),
            ("passkey.counter_went_back", Code::PasskeyCounterWentBack),
        ] {
            let event = Event::new("security", action).about(person());
            assert_eq!(code_of(event), Some(expected), "{action}");
        }
    }

    #[test]
    fn a_way_out_that_fails_is_noted_unless_somebody_wanted_it() {
        let disabled = |cause: &str| {
            let event = Event::new("connector", "connector.disabled").on("connector", Uuid::nil());
            code_of(event.with("cause", cause))
        };
        assert_eq!(disabled("failing"), Some(Code::ConnectorDisabled));
        assert_eq!(disabled("gone"), Some(Code::ConnectorDisabled));
        assert_eq!(disabled("by_hand"), None);
        let failing = Event::new("connector", "connector.failing").on("connector", Uuid::nil());
        let noted = noted(&failing).expect("is noted");
        assert_eq!(noted.subject, Subject::Connector(Uuid::nil()));
    }

    #[test]
    fn daily_work_is_no_security_event() {
        for action in ["obligation.completed", "session.started", "audit.read"] {
            assert_eq!(code_of(Event::new("x", action).about(person())), None);
        }
    }
}
