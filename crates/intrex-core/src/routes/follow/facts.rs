//! What is said of what has happened, as it is now: for programs the facts, from which the words for people are made.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{Barred, Happened, NOWHERE, Noted, Recorded};
use crate::{
    channels::{
        ConnectorFacts, DeliveryFacts, EventType, NOTICE_VERSION, Notice, NoticeBranch,
        NoticeEntity, ObligationFacts, SecurityEventFacts, Subject, Timing,
    },
    db::WriteTx,
    deliveries::Reason,
    error::Result,
    ids::{BranchId, PersonId},
    obligations::{
        model::Severity,
        schedule::{StoredState, civil_today},
    },
    reminders::Named,
    routes::{
        model::Happening,
        queries::facts::{self, ConnectorRow, DeliveryRow, ItemRow},
    },
};

/// Seconds within which people are told once of what folds.
const FOLDED_WITHIN: i64 = 3_600;

/// The facts of events of the log. What is not there any more is not told of.
pub(super) async fn of(
    tx: &mut WriteTx,
    recorded: &[Recorded],
    ids: &[Uuid],
) -> Result<Vec<Happened>> {
    let desk = Desk::open(tx, recorded).await?;
    let told = recorded.iter().filter_map(|one| {
        let id = *ids.get(one.place)?;
        match one.event_type.subject() {
            Subject::Obligation => Some(desk.item(one, id, desk.items.get(&one.entity)?)),
            Subject::Connector => Some(desk.connector(one, id, desk.connectors.get(&one.entity)?)),
            Subject::Delivery => Some(desk.delivery(one, id, desk.deliveries.get(&one.entity)?)),
            Subject::SecurityEvent | Subject::Digest => None,
        }
    });
    Ok(told.collect())
}

/// The facts of security events.
pub(super) async fn of_security(tx: &mut WriteTx, noted: &[Noted]) -> Result<Vec<Happened>> {
    let desk = Desk::open(tx, &[]).await?;
    let tenant = tx.actor().tenant();
    let zone = zone(&facts::zone(tx.conn(), tenant).await?);
    let (now, chance) = (tx.now(), tx.parts().2.chance);
    let told = noted.iter().map(|one| {
        let facts = SecurityEventFacts {
            title: one.title.clone(),
        };
        let event_type = EventType::SecurityEvent;
        let mut notice = desk.notice(event_type, chance.uuid(now));
        notice.entity = NoticeEntity::new(one.id.uuid(), &facts);
        notice.severity = Some(one.severity.as_str().to_owned());
        notice.url = desk.page(&format!("settings/security/events/{}", one.id));
        Happened {
            known_to: one.known_to,
            folds: Some(format!("{}:{}", one.code, hour(now))),
            ..everywhere(event_type, Some(one.severity), notice, zone)
        }
    });
    Ok(told.collect())
}

/// Everything that is read once for all that happens together.
struct Desk {
    now: DateTime<Utc>,
    tenant: crate::ids::TenantId,
    /// Who has done it, where that is a person and not their program: a program's owner may not know.
    done_by: Option<PersonId>,
    /// Where people reach the installation.
    base: Option<String>,
    items: HashMap<Uuid, ItemRow>,
    connectors: HashMap<Uuid, ConnectorRow>,
    deliveries: HashMap<Uuid, DeliveryRow>,
}

impl Desk {
    async fn open(tx: &mut WriteTx, recorded: &[Recorded]) -> Result<Self> {
        let (tenant, now) = (tx.actor().tenant(), tx.now());
        let done_by = tx.actor().session_id().and(tx.actor().person_id());
        let base = tx.parts().2.base_url.as_ref();
        let base = base.map(|url| url.as_str().trim_end_matches('/').to_owned());
        let ids = |subject| -> Vec<Uuid> {
            let of_it = recorded
                .iter()
                .filter(|one| one.event_type.subject() == subject);
            of_it.map(|one| one.entity).collect()
        };
        let mut desk = Desk {
            now,
            tenant,
            done_by,
            base,
            items: HashMap::new(),
            connectors: HashMap::new(),
            deliveries: HashMap::new(),
        };
        let wanted = ids(Subject::Obligation);
        if !wanted.is_empty() {
            let rows = facts::items(tx.conn(), tenant, &wanted).await?;
            desk.items = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        let wanted = ids(Subject::Connector);
        if !wanted.is_empty() {
            let rows = facts::connectors(tx.conn(), tenant, &wanted).await?;
            desk.connectors = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        let wanted = ids(Subject::Delivery);
        if !wanted.is_empty() {
            let rows = facts::deliveries(tx.conn(), tenant, &wanted).await?;
            desk.deliveries = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        Ok(desk)
    }

    fn page(&self, path: &str) -> Option<String> {
        Some(format!("{}/{path}", self.base.as_ref()?))
    }

    /// A notice that says what all say, and nothing yet about what.
    fn notice(&self, kind: EventType, id: Uuid) -> Notice {
        Notice {
            id,
            kind,
            version: NOTICE_VERSION,
            tenant_id: self.tenant,
            occurred_at: self.now,
            severity: None,
            branch: None,
            entity: NoticeEntity {
                kind: kind.subject().as_str().to_owned(),
                id: Uuid::nil(),
                more: serde_json::Map::new(),
            },
            timing: Timing::default(),
            url: None,
        }
    }

    fn item(&self, one: &Recorded, id: Uuid, row: &ItemRow) -> Happened {
        let zone = zone(&row.time_zone);
        let days = (row.due_on - civil_today(self.now, zone)).num_days();
        let status = match (StoredState::parse(&row.state), days) {
            (Some(StoredState::Open), ..0) => "overdue",
            (Some(StoredState::Open), 0) => "due_today",
            (Some(StoredState::Open), _) => "upcoming",
            _ => &row.state,
        };
        let facts = ObligationFacts {
            title: row.title.clone(),
            reference: Some(row.reference.clone()),
            status: Some(status.to_owned()),
        };
        // The column has a check; whatever else stood there would be told to all.
        let severity = Severity::parse(&row.severity).unwrap_or(Severity::Critical);
        let mut notice = self.notice(one.event_type, id);
        notice.entity = NoticeEntity::new(row.id, &facts);
        notice.severity = Some(severity.as_str().to_owned());
        notice.branch = Some(NoticeBranch {
            id: row.branch.uuid(),
            name: row.branch_name.clone(),
        });
        notice.timing = Timing {
            due_on: Some(row.due_on),
            certificate_expires_at: None,
            days_remaining: Some(days),
        };
        notice.url = self.page(&format!("obligations/{}", row.id));
        Happened {
            what: happening(one.event_type, Some(severity), Some(row.branch)),
            notice,
            named: Named {
                branch: row.branch.uuid(),
                owner: row.owner,
                deputy: row.deputy,
                severity,
            },
            zone,
            known_to: self.done_by,
            barred: None,
            folds: None,
        }
    }

    fn connector(&self, one: &Recorded, id: Uuid, row: &ConnectorRow) -> Happened {
        let facts = ConnectorFacts {
            title: row.name.clone(),
            reason: match one.event_type {
                EventType::ConnectorDisabled => row.disabled_reason.clone(),
                _ => row.last_error.clone(),
            },
        };
        let mut notice = self.notice(one.event_type, id);
        notice.entity = NoticeEntity::new(row.id, &facts);
        notice.url = self.page(&format!("settings/connectors/{}", row.id));
        Happened {
            known_to: self.done_by,
            barred: Some(Barred {
                connector: Some(row.id.into()),
                only_to: None,
            }),
            ..everywhere(one.event_type, None, notice, zone(&row.time_zone))
        }
    }

    fn delivery(&self, one: &Recorded, id: Uuid, row: &DeliveryRow) -> Happened {
        let reason = row.reason.as_deref().and_then(Reason::parse);
        let facts = DeliveryFacts {
            title: row.title.clone().unwrap_or_default(),
            connector_id: row.connector.map(Uuid::from),
            event_type: EventType::parse(&row.event_type),
            reason: row.last_class.clone().or_else(|| row.reason.clone()),
        };
        let mut notice = self.notice(one.event_type, id);
        notice.entity = NoticeEntity::new(row.id, &facts);
        notice.branch = row.branch.map(|branch| NoticeBranch {
            id: branch.uuid(),
            name: row.branch_name.clone().unwrap_or_default(),
        });
        notice.url = self.page(&format!("messages/deliveries/{}", row.id));
        let zone = zone(&row.time_zone);
        let mut happened = everywhere(one.event_type, None, notice, zone);
        happened.what.branch = row.branch;
        happened.named.branch = row.branch.map_or(NOWHERE, BranchId::uuid);
        happened.barred = Some(Barred {
            connector: row.connector,
            only_to: row.recipient.filter(|_| reason == Some(Reason::Refused)),
        });
        // All that waits for a way that is closed is given up at once.
        let way_is_closed = matches!(
            reason,
            Some(Reason::ConnectorDisabled | Reason::ConnectorUnverified | Reason::Gone)
        );
        happened.folds = way_is_closed.then(|| {
            let way = row.connector.map_or(Uuid::nil(), Uuid::from);
            format!("{way}:{}", hour(self.now))
        });
        happened
    }
}

/// What happens to the whole organisation.
fn everywhere(
    event_type: EventType,
    severity: Option<Severity>,
    notice: Notice,
    zone: Tz,
) -> Happened {
    Happened {
        what: happening(event_type, severity, None),
        notice,
        named: Named {
            branch: NOWHERE,
            owner: None,
            deputy: None,
            severity: severity.unwrap_or(Severity::Low),
        },
        zone,
        known_to: None,
        barred: None,
        folds: None,
    }
}

fn happening(
    event_type: EventType,
    severity: Option<Severity>,
    branch: Option<BranchId>,
) -> Happening {
    Happening {
        event_type,
        severity,
        branch,
    }
}

/// The columns hold zones that were read when they were set; a damaged one must hold up nothing that people do.
fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

fn hour(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(FOLDED_WITHIN)
}
