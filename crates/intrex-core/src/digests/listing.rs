//! What is in the digests of some people: the obligations that they would be reminded of, found by the same rules. Everything open
//! is passed by once, however many people there are, and little of it is kept.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Days, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    agenda::{Counts, Group, Open, group},
    model::{Kind, MAX_LINES, Wisher},
    queries::{self, CarriedRow, ItemRow, Readers},
};
use crate::{
    error::Result,
    ids::{DeliveryId, TenantId},
    obligations::{
        due_date::DUE_DATE_MIN,
        schedule::{Recipient, Threshold, civil_today},
    },
    permission::Role,
    reminders::{self, Named},
    routes::Routes,
};

/// Obligations that one statement reads.
const ITEMS_A_PAGE: i64 = 5_000;
/// Obligations that one look passes by at most; a digest counts no more.
const MAX_ITEMS: usize = 200_000;

/// One obligation in a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) item: Uuid,
    pub(super) title: String,
    pub(super) branch: String,
    pub(super) due_on: NaiveDate,
    /// Days until then, by the clock of its branch.
    pub(super) days: i64,
    pub(super) group: Group,
}

/// What is in one digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// The first [`MAX_LINES`], the earliest due date first.
    pub(super) lines: Vec<Line>,
    /// All of them.
    pub(super) counts: Counts,
}

impl Listing {
    fn add(&mut self, open: &Open, group: Group, now: DateTime<Utc>) {
        self.counts.add(group);
        if self.lines.len() < MAX_LINES {
            self.lines.push(Line {
                item: open.item,
                title: String::new(),
                branch: String::new(),
                due_on: open.due_on,
                days: (open.due_on - civil_today(now, open.zone)).num_days(),
                group,
            });
        }
    }

    /// How many are counted and not named.
    pub(super) fn more(&self) -> Counts {
        let mut named = Counts::default();
        self.lines.iter().for_each(|line| named.add(line.group));
        self.counts.without(named)
    }
}

/// What the digests of these people have to tell now.
pub(super) async fn of_people(
    conn: &mut PgConnection,
    tenant: TenantId,
    routes: &Routes,
    people: &[&Wisher],
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Listing>> {
    let mut listings: HashMap<Uuid, Listing> = HashMap::new();
    let kinds: HashMap<Uuid, Kind> = people
        .iter()
        .map(|one| (one.person.uuid(), one.wish.kind))
        .collect();
    let until = horizon(now, kinds.values().copied());
    pass_by(conn, tenant, routes, people, until, |person, open| {
        let group = kinds.get(&person).and_then(|kind| group(*kind, open, now));
        if let Some(group) = group {
            listings.entry(person).or_default().add(open, group, now);
        }
    })
    .await?;
    name(conn, tenant, listings.values_mut()).await?;
    Ok(listings)
}

/// What is left of digests that were made: what each names, as far as it is open and its recipient would be reminded of it now,
/// with what it counts beside that.
pub(super) async fn left(
    conn: &mut PgConnection,
    tenant: TenantId,
    routes: &Routes,
    made: &[(&CarriedRow, &Wisher)],
    now: DateTime<Utc>,
) -> Result<HashMap<DeliveryId, Listing>> {
    let mut items: Vec<Uuid> = made.iter().flat_map(|(row, _)| row.items.clone()).collect();
    items.sort_unstable();
    items.dedup();
    let items = queries::still_open(conn, tenant, &items).await?;
    let named: Vec<Named> = items.iter().map(|item| item.named).collect();
    let routes = routes.clone();
    let directory = reminders::queries::directory_by(conn, tenant, routes, &named).await?;
    let mut listings: HashMap<DeliveryId, Listing> = HashMap::new();
    for item in &items {
        let hear = hear(&directory.recipients(&item.named), item);
        for (row, reader) in made {
            let from = hear
                .get(&row.person)
                .filter(|_| row.items.contains(&item.id));
            let Some(from) = from.filter(|_| may_read(reader, item)) else {
                continue;
            };
            let open = item.open(*from);
            if let Some(group) = group(row.kind, &open, now) {
                let listing = listings.entry(row.delivery).or_default();
                listing.add(&open, group, now);
            }
        }
    }
    for (row, _) in made {
        if let Some(listing) = listings.get_mut(&row.delivery) {
            listing.counts = listing.counts.with(row.more);
        }
    }
    name(conn, tenant, listings.values_mut()).await?;
    Ok(listings)
}

/// The last day on which something can be due that a digest of these kinds names: a day more than it looks ahead, because
/// somewhere it is tomorrow already.
pub(super) fn horizon(now: DateTime<Utc>, kinds: impl Iterator<Item = Kind>) -> NaiveDate {
    let days = kinds.map(Kind::days_ahead).max().unwrap_or_default() + 1;
    let today = now.date_naive();
    today
        .checked_add_days(Days::new(days.unsigned_abs()))
        .unwrap_or(today)
}

/// Shows everything open that is due until a day and of which one of these people would be reminded, with whom: the earliest
/// due date first.
pub(super) async fn pass_by(
    conn: &mut PgConnection,
    tenant: TenantId,
    routes: &Routes,
    people: &[&Wisher],
    until: NaiveDate,
    mut seen: impl FnMut(Uuid, &Open),
) -> Result<()> {
    let of_id: HashMap<Uuid, &Wisher> =
        people.iter().map(|one| (one.person.uuid(), *one)).collect();
    let readers = readers(people);
    let mut after = (DUE_DATE_MIN, Uuid::nil());
    let mut passed = 0;
    while passed < MAX_ITEMS {
        let items = queries::open_items(conn, tenant, &readers, until, after, ITEMS_A_PAGE).await?;
        let Some(last) = items.last() else {
            return Ok(());
        };
        after = (last.due_on, last.id);
        passed += items.len();
        let named: Vec<Named> = items.iter().map(|item| item.named).collect();
        let routes = routes.clone();
        let directory = reminders::queries::directory_by(conn, tenant, routes, &named).await?;
        for item in &items {
            for (person, from) in hear(&directory.recipients(&item.named), item) {
                if of_id
                    .get(&person)
                    .is_some_and(|reader| may_read(reader, item))
                {
                    seen(person, &item.open(from));
                }
            }
        }
        if items.len() < usize::try_from(ITEMS_A_PAGE).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
    tracing::warn!(%tenant, passed, "digests count no further");
    Ok(())
}

impl ItemRow {
    fn open(&self, from: Option<NaiveDate>) -> Open {
        Open {
            item: self.id,
            due_on: self.due_on,
            zone: self.zone,
            from,
        }
    }
}

fn readers(people: &[&Wisher]) -> Readers {
    let mut readers = Readers::default();
    for one in people {
        readers.people.push(one.person.uuid());
        match one.role {
            Role::HeadOfficeAdmin => readers.head_office = true,
            Role::BranchManager => {
                let branches = one.branches.iter().map(|branch| branch.uuid());
                readers.managed.extend(branches);
            }
            Role::Operator => {}
        }
    }
    readers.managed.sort_unstable();
    readers.managed.dedup();
    readers
}

/// Who hears of an item, each once: from the beginning, or from the day on which it has escalated.
fn hear(recipients: &[Recipient], item: &ItemRow) -> BTreeMap<Uuid, Option<NaiveDate>> {
    let escalates = Threshold::Escalation.on(item.due_on, item.grace);
    let mut hear: BTreeMap<Uuid, Option<NaiveDate>> = BTreeMap::new();
    for recipient in recipients {
        let Some(person) = recipient.recipient_id else {
            continue;
        };
        if recipient.hears.due || recipient.hears.overdue {
            hear.insert(person, None);
        } else if recipient.hears.escalation {
            hear.entry(person).or_insert(Some(escalates));
        }
    }
    hear
}

/// Whether somebody may open an item's page: an operator the own tasks alone, even if a route names them.
fn may_read(reader: &Wisher, item: &ItemRow) -> bool {
    let person = Some(reader.person.uuid());
    match reader.role {
        Role::HeadOfficeAdmin => true,
        Role::BranchManager => reader.branches.contains(&item.named.branch.into()),
        Role::Operator => {
            let theirs = item.named.owner == person || item.named.deputy == person;
            theirs && reader.branches.contains(&item.named.branch.into())
        }
    }
}

/// Gives lines their words. What is gone meanwhile is none any more.
async fn name(
    conn: &mut PgConnection,
    tenant: TenantId,
    listings: impl Iterator<Item = &mut Listing>,
) -> Result<()> {
    let listings: Vec<&mut Listing> = listings.collect();
    let mut items: Vec<Uuid> = listings
        .iter()
        .flat_map(|listing| listing.lines.iter().map(|line| line.item))
        .collect();
    items.sort_unstable();
    items.dedup();
    let called = queries::called(conn, tenant, &items).await?;
    for listing in listings {
        listing.lines.retain_mut(|line| {
            let Some(called) = called.get(&line.item) else {
                return false;
            };
            line.title.clone_from(&called.title);
            line.branch.clone_from(&called.branch);
            true
        });
        // Across zones, one day is over here and today there.
        listing.lines.sort_by_key(|line| line.group);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::{
        digests::model::Wish,
        obligations::{
            model::Severity,
            schedule::{GraceDays, Hears},
        },
    };

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn item() -> ItemRow {
        ItemRow {
            id: id(1),
            named: Named {
                branch: id(2),
                owner: Some(id(10)),
                deputy: Some(id(11)),
                severity: Severity::High,
            },
            due_on: NaiveDate::from_ymd_opt(2026, 11, 20).expect("a day"),
            grace: GraceDays::new(2).expect("days"),
            zone: Tz::Asia__Dhaka,
        }
    }

    fn to(person: u128, hears: Hears) -> Recipient {
        Recipient {
            route_id: id(100),
            connector_id: id(101),
            recipient_id: Some(id(person)),
            hears,
            quiet: None,
            unanswered_hours: None,
        }
    }

    #[test]
    fn the_wider_set_hears_of_an_item_once_it_has_escalated() {
        let nobody = Recipient {
            recipient_id: None,
            ..to(0, Hears::REGULAR)
        };
        let recipients = [
            to(10, Hears::REGULAR),
            to(12, Hears::ESCALATION),
            // Whoever hears of it both ways hears of it from the beginning.
            to(13, Hears::ESCALATION),
            to(13, Hears::REGULAR),
            to(13, Hears::ESCALATION),
            nobody,
        ];
        let escalates = NaiveDate::from_ymd_opt(2026, 11, 23);
        let expected = [(id(10), None), (id(12), escalates), (id(13), None)];
        assert_eq!(hear(&recipients, &item()), BTreeMap::from(expected));
    }

    #[test]
    fn nobody_reads_of_what_they_cannot_open() {
        let reader = |person: u128, role, branches: &[u128]| Wisher {
            person: id(person).into(),
            role,
            branches: branches.iter().map(|branch| id(*branch).into()).collect(),
            zone: Tz::UTC,
            wish: Wish {
                kind: Kind::Daily,
                instead: false,
                since: DateTime::UNIX_EPOCH,
            },
            last_on: None,
        };
        for (person, role, branches, may) in [
            (10, Role::Operator, [2], true),
            (11, Role::Operator, [2], true),
            (12, Role::Operator, [2], false),
            (10, Role::Operator, [3], false),
            (12, Role::BranchManager, [2], true),
            (12, Role::BranchManager, [3], false),
            (12, Role::HeadOfficeAdmin, [3], true),
        ] {
            let reader = reader(person, role, &branches);
            assert_eq!(may_read(&reader, &item()), may, "{reader:?}");
        }
    }
}
