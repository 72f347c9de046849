//! Who is told of an item, and by which way: the organisation's routes, or the built-in one until there are any. Only people
//! who are active and can see the item's branch are ever told of it; somebody who was moved to another branch hears no more of
//! the old one.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::model::{BUILT_IN_ROUTE, Channel};
use crate::{
    channels::EventType,
    ids::BranchId,
    obligations::{
        model::Severity,
        schedule::{Hears, Recipient},
    },
    permission::Role,
    routes::{Happening, Recipients, Route, Routes},
};

/// People of one audience of one item at most; the ones who joined first. More would be a broadcast, not a reminder.
const MAX_AUDIENCE: usize = 50;

/// The active people of a tenant who can see some branches, and its routes.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    admins: Vec<Uuid>,
    managers: HashMap<Uuid, Vec<Uuid>>,
    at_branch: HashSet<(Uuid, Uuid)>,
    routes: Routes,
}

/// What of an item says who is told of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    pub(crate) branch: Uuid,
    pub(crate) owner: Option<Uuid>,
    pub(crate) deputy: Option<Uuid>,
    pub(crate) severity: Severity,
}

impl Directory {
    /// Nobody yet, and these routes.
    pub(super) fn new(routes: Routes) -> Self {
        Directory {
            routes,
            ..Directory::default()
        }
    }

    /// Notes one active person, at one of the branches where they work. People come in a stable order.
    pub(crate) fn add(&mut self, person: Uuid, role: Role, branch: Option<Uuid>) {
        if role == Role::HeadOfficeAdmin && !self.admins.contains(&person) {
            self.admins.push(person);
        }
        if let Some(branch) = branch {
            self.at_branch.insert((person, branch));
            if role == Role::BranchManager {
                self.managers.entry(branch).or_default().push(person);
            }
        }
    }

    fn sees(&self, person: Uuid, branch: Uuid) -> bool {
        self.at_branch.contains(&(person, branch)) || self.admins.contains(&person)
    }

    fn managers(&self, branch: Uuid) -> &[Uuid] {
        self.managers.get(&branch).map_or(&[], Vec::as_slice)
    }

    /// Owner and deputy, else the managers, else head office.
    fn hands(&self, item: &Named) -> Vec<Uuid> {
        let hands: Vec<Uuid> = [item.owner, item.deputy]
            .into_iter()
            .flatten()
            .filter(|person| self.sees(*person, item.branch))
            .collect();
        match hands.is_empty() {
            true => self.managers_or_head_office(item),
            false => hands,
        }
    }

    fn managers_or_head_office(&self, item: &Named) -> Vec<Uuid> {
        match self.managers(item.branch) {
            [] => self.head_office(),
            managers => managers.iter().take(MAX_AUDIENCE).copied().collect(),
        }
    }

    fn head_office(&self) -> Vec<Uuid> {
        self.admins.iter().take(MAX_AUDIENCE).copied().collect()
    }

    fn wider(&self, item: &Named) -> Vec<Uuid> {
        let wider = self.managers(item.branch).iter().chain(&self.admins);
        wider.take(MAX_AUDIENCE).copied().collect()
    }

    /// Everybody who is told of an item: inside Intrex always, and by the ways of the routes.
    pub(crate) fn recipients(&self, item: &Named) -> Vec<Recipient> {
        if !self.routes.own {
            return self.built_in(item, &Channel::ALL);
        }
        let mut recipients = self.built_in(item, &[Channel::InApp]);
        for route in &self.routes.active {
            self.add_route(route, item, &mut recipients);
        }
        recipients
    }

    fn built_in(&self, item: &Named, channels: &[Channel]) -> Vec<Recipient> {
        let told = |(person, hears)| {
            channels.iter().map(move |channel| Recipient {
                route_id: BUILT_IN_ROUTE,
                connector_id: channel.connector(),
                recipient_id: Some(person),
                hears,
                quiet: None,
                unanswered_hours: None,
            })
        };
        let hands = self.hands(item).into_iter();
        let wider = self.wider(item).into_iter();
        hands
            .map(|person| (person, Hears::REGULAR))
            .chain(wider.map(|person| (person, Hears::ESCALATION)))
            .flat_map(told)
            .collect()
    }

    fn add_route(&self, route: &Route, item: &Named, recipients: &mut Vec<Recipient>) {
        let tells = |event_type| {
            route.matches(&Happening {
                event_type,
                severity: Some(item.severity),
                branch: Some(BranchId::from(item.branch)),
            })
        };
        let hears = Hears {
            due: tells(EventType::ObligationDue),
            overdue: tells(EventType::ObligationOverdue),
            escalation: tells(EventType::ObligationEscalated),
        };
        if hears == Hears::default() {
            return;
        }
        let connector = route.connector_id.map(Uuid::from);
        let told = |recipient_id, unanswered_hours| Recipient {
            route_id: route.id.uuid(),
            connector_id: connector.unwrap_or(Channel::Email.connector()),
            recipient_id,
            hears,
            quiet: route.quiet,
            unanswered_hours,
        };
        let first = self.chosen(route.recipient, route, item);
        recipients.extend(first.iter().map(|person| told(*person, None)));
        let (Some(hours), Some(wider)) = (route.escalate_after_hours, route.escalate_to) else {
            return;
        };
        let others = self.chosen(wider, route, item).into_iter();
        let others = others.filter(|person| !first.contains(person));
        recipients.extend(others.map(|person| told(person, Some(hours))));
    }

    /// Those whom a route means; nobody in particular if its connector names who gets it.
    pub(crate) fn chosen(&self, who: Recipients, route: &Route, item: &Named) -> Vec<Option<Uuid>> {
        let people = match who {
            Recipients::Endpoint => return vec![None],
            Recipients::Responsible => self.hands(item),
            Recipients::BranchManagers => self.managers_or_head_office(item),
            Recipients::HeadOffice => self.head_office(),
            Recipients::Person => {
                let person = route.person_id.map(Uuid::from);
                let person = person.filter(|person| self.sees(*person, item.branch));
                person.into_iter().collect()
            }
        };
        people.into_iter().map(Some).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GULSHAN: Uuid = Uuid::from_u128(1);
    const BANANI: Uuid = Uuid::from_u128(2);
    const ADMIN: Uuid = Uuid::from_u128(10);
    const MANAGER: Uuid = Uuid::from_u128(11);
    const OPERATOR: Uuid = Uuid::from_u128(12);

    fn directory() -> Directory {
        let mut directory = Directory::default();
        directory.add(ADMIN, Role::HeadOfficeAdmin, None);
        directory.add(MANAGER, Role::BranchManager, Some(GULSHAN));
        directory.add(OPERATOR, Role::Operator, Some(GULSHAN));
        directory
    }

    fn named(branch: Uuid, owner: Option<Uuid>, deputy: Option<Uuid>) -> Named {
        Named {
            branch,
            owner,
            deputy,
            severity: Severity::High,
        }
    }

    fn told(branch: Uuid, owner: Option<Uuid>, deputy: Option<Uuid>, hears: Hears) -> Vec<Uuid> {
        let mut told: Vec<Uuid> = directory()
            .recipients(&named(branch, owner, deputy))
            .into_iter()
            .filter(|recipient| recipient.hears == hears)
            .filter(|recipient| recipient.connector_id == Channel::InApp.connector())
            .filter_map(|recipient| recipient.recipient_id)
            .collect();
        told.dedup();
        told
    }

    #[test]
    fn owner_and_deputy_are_told_first() {
        assert_eq!(
            told(GULSHAN, Some(OPERATOR), Some(MANAGER), Hears::REGULAR),
            [OPERATOR, MANAGER]
        );
    }

    #[test]
    fn without_them_the_managers_are_told_and_without_managers_head_office() {
        assert_eq!(told(GULSHAN, None, None, Hears::REGULAR), [MANAGER]);
        assert_eq!(told(BANANI, None, None, Hears::REGULAR), [ADMIN]);
        let gone = Uuid::from_u128(99);
        assert_eq!(told(GULSHAN, Some(gone), None, Hears::REGULAR), [MANAGER]);
    }

    #[test]
    fn an_owner_who_cannot_see_the_branch_is_not_told() {
        assert_eq!(told(BANANI, Some(OPERATOR), None, Hears::REGULAR), [ADMIN]);
        assert_eq!(told(BANANI, Some(ADMIN), None, Hears::REGULAR), [ADMIN]);
    }

    #[test]
    fn escalations_go_to_the_managers_and_head_office() {
        assert_eq!(
            told(GULSHAN, Some(OPERATOR), None, Hears::ESCALATION),
            [MANAGER, ADMIN]
        );
        assert_eq!(
            told(BANANI, Some(OPERATOR), None, Hears::ESCALATION),
            [ADMIN]
        );
    }

    #[test]
    fn without_routes_everybody_is_told_inside_and_by_mail() {
        let recipients = directory().recipients(&named(GULSHAN, Some(OPERATOR), None));
        let by_mail = recipients
            .iter()
            .filter(|recipient| recipient.connector_id == Channel::Email.connector());
        assert_eq!(by_mail.count() * 2, recipients.len());
    }

    const CHAT: Uuid = Uuid::from_u128(50);

    fn route(event_types: &[EventType], recipient: Recipients) -> Route {
        let now = chrono::DateTime::UNIX_EPOCH;
        Route {
            id: Uuid::from_u128(40).into(),
            name: "A route".into(),
            event_types: event_types.to_vec(),
            min_severity: Severity::Medium,
            branch_id: None,
            connector_id: Some(CHAT.into()),
            recipient,
            person_id: None,
            quiet: None,
            escalate_after_hours: None,
            escalate_to: None,
            active: true,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// Who is told by the routes, with what they hear and after how many hours.
    fn by(routes: &[Route], item: &Named) -> Vec<(Option<Uuid>, Hears, Option<u16>)> {
        let mut directory = directory();
        directory.routes = Routes {
            own: true,
            active: routes.to_vec(),
        };
        let recipients = directory.recipients(item).into_iter();
        let outside = recipients.filter(|to| to.connector_id != Channel::InApp.connector());
        outside
            .map(|to| {
                assert_eq!(to.connector_id, CHAT);
                (to.recipient_id, to.hears, to.unanswered_hours)
            })
            .collect()
    }

    #[test]
    fn own_routes_take_the_place_of_mail_and_not_of_the_inbox() {
        let mut directory = directory();
        directory.routes.own = true;
        let recipients = directory.recipients(&named(GULSHAN, Some(OPERATOR), None));
        assert_eq!(recipients.len(), 3);
        for recipient in recipients {
            assert_eq!(recipient.connector_id, Channel::InApp.connector());
        }
    }

    #[test]
    fn a_route_tells_whom_it_names_what_it_is_for() {
        let item = named(GULSHAN, Some(OPERATOR), None);
        let due = Hears {
            due: true,
            ..Hears::default()
        };
        let told = |recipient| by(&[route(&[EventType::ObligationDue], recipient)], &item);
        assert_eq!(told(Recipients::Responsible), [(Some(OPERATOR), due, None)]);
        assert_eq!(
            told(Recipients::BranchManagers),
            [(Some(MANAGER), due, None)]
        );
        assert_eq!(told(Recipients::HeadOffice), [(Some(ADMIN), due, None)]);
        assert_eq!(told(Recipients::Endpoint), [(None, due, None)]);
        let late = [EventType::ObligationOverdue, EventType::ObligationEscalated];
        let told = by(&[route(&late, Recipients::Endpoint)], &item);
        let hears = Hears {
            due: false,
            overdue: true,
            escalation: true,
        };
        assert_eq!(told, [(None, hears, None)]);
    }

    #[test]
    fn a_person_is_told_of_branches_that_they_see() {
        let to = |person: Uuid| Route {
            person_id: Some(person.into()),
            ..route(&[EventType::ObligationDue], Recipients::Person)
        };
        let told = |person, branch| by(&[to(person)], &named(branch, None, None)).len();
        assert_eq!(told(OPERATOR, GULSHAN), 1);
        assert_eq!(told(OPERATOR, BANANI), 0);
        assert_eq!(told(ADMIN, BANANI), 1);
        assert_eq!(told(Uuid::from_u128(99), GULSHAN), 0, "not active");
    }

    #[test]
    fn a_route_of_another_branch_a_milder_item_or_one_that_is_off_tells_nobody() {
        let item = named(GULSHAN, None, None);
        let good = route(&[EventType::ObligationDue], Recipients::Endpoint);
        assert_eq!(by(std::slice::from_ref(&good), &item).len(), 1);
        let elsewhere = Route {
            branch_id: Some(BANANI.into()),
            ..good.clone()
        };
        let off = Route {
            active: false,
            ..good.clone()
        };
        let of_others = route(&[EventType::SecurityEvent], Recipients::Endpoint);
        assert_eq!(by(&[elsewhere, off, of_others], &item), []);
        let mild = Named {
            severity: Severity::Low,
            ..item
        };
        assert_eq!(by(&[good], &mild), []);
    }

    #[test]
    fn when_nobody_answers_others_are_told_but_not_twice() {
        let step = Route {
            escalate_after_hours: Some(24),
            escalate_to: Some(Recipients::BranchManagers),
            ..route(&[EventType::ObligationDue], Recipients::Responsible)
        };
        let hours = |owner| {
            let told = by(std::slice::from_ref(&step), &named(GULSHAN, owner, None));
            told.into_iter()
                .map(|(who, _, hours)| (who, hours))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            hours(Some(OPERATOR)),
            [(Some(OPERATOR), None), (Some(MANAGER), Some(24))]
        );
        assert_eq!(hours(Some(MANAGER)), [(Some(MANAGER), None)]);
    }
}
