//! Who is told of an item: the built-in route. Only people who are active and can see the item's branch are ever told of
//! it; somebody who was moved to another branch hears no more of the old one.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::model::{BUILT_IN_ROUTE, Channel};
use crate::{
    obligations::schedule::{Audience, Recipient},
    permission::Role,
};

/// People of one audience of one item at most; the ones who joined first. More would be a broadcast, not a reminder.
const MAX_AUDIENCE: usize = 50;

/// The active people of a tenant who can see some branches.
#[derive(Debug, Default)]
pub(super) struct Directory {
    admins: Vec<Uuid>,
    managers: HashMap<Uuid, Vec<Uuid>>,
    at_branch: HashSet<(Uuid, Uuid)>,
}

/// The people named on an item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) branch: Uuid,
    pub(super) owner: Option<Uuid>,
    pub(super) deputy: Option<Uuid>,
}

impl Directory {
    /// Notes one active person, at one of the branches where they work. People come in a stable order.
    pub(super) fn add(&mut self, person: Uuid, role: Role, branch: Option<Uuid>) {
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

    /// Everybody who is told of an item, over every channel.
    pub(super) fn recipients(&self, item: &Named) -> Vec<Recipient> {
        let mut hands: Vec<Uuid> = [item.owner, item.deputy]
            .into_iter()
            .flatten()
            .filter(|person| self.sees(*person, item.branch))
            .collect();
        for stand_in in [self.managers(item.branch), &self.admins] {
            if hands.is_empty() {
                hands.extend(stand_in.iter().take(MAX_AUDIENCE));
            }
        }
        let wider = self.managers(item.branch).iter().chain(&self.admins);
        let regular = hands.into_iter().map(|person| (person, Audience::Regular));
        let escalation = wider
            .take(MAX_AUDIENCE)
            .map(|person| (*person, Audience::Escalation));
        regular
            .chain(escalation)
            .flat_map(|(person, audience)| {
                Channel::ALL.map(|channel| Recipient {
                    route_id: BUILT_IN_ROUTE,
                    connector_id: channel.connector(),
                    recipient_id: person,
                    audience,
                })
            })
            .collect()
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

    fn told(
        branch: Uuid,
        owner: Option<Uuid>,
        deputy: Option<Uuid>,
        audience: Audience,
    ) -> Vec<Uuid> {
        let named = Named {
            branch,
            owner,
            deputy,
        };
        let mut told: Vec<Uuid> = directory()
            .recipients(&named)
            .into_iter()
            .filter(|recipient| recipient.audience == audience)
            .map(|recipient| recipient.recipient_id)
            .collect();
        told.dedup();
        told
    }

    #[test]
    fn owner_and_deputy_are_told_first() {
        assert_eq!(
            told(GULSHAN, Some(OPERATOR), Some(MANAGER), Audience::Regular),
            [OPERATOR, MANAGER]
        );
    }

    #[test]
    fn without_them_the_managers_are_told_and_without_managers_head_office() {
        assert_eq!(told(GULSHAN, None, None, Audience::Regular), [MANAGER]);
        assert_eq!(told(BANANI, None, None, Audience::Regular), [ADMIN]);
        let gone = Uuid::from_u128(99);
        assert_eq!(
            told(GULSHAN, Some(gone), None, Audience::Regular),
            [MANAGER]
        );
    }

    #[test]
    fn an_owner_who_cannot_see_the_branch_is_not_told() {
        assert_eq!(
            told(BANANI, Some(OPERATOR), None, Audience::Regular),
            [ADMIN]
        );
        assert_eq!(told(BANANI, Some(ADMIN), None, Audience::Regular), [ADMIN]);
    }

    #[test]
    fn escalations_go_to_the_managers_and_head_office() {
        assert_eq!(
            told(GULSHAN, Some(OPERATOR), None, Audience::Escalation),
            [MANAGER, ADMIN]
        );
        assert_eq!(
            told(BANANI, Some(OPERATOR), None, Audience::Escalation),
            [ADMIN]
        );
    }

    #[test]
    fn everybody_is_told_over_every_channel() {
        let named = Named {
            branch: GULSHAN,
            owner: Some(OPERATOR),
            deputy: None,
        };
        let recipients = directory().recipients(&named);
        let by_mail = recipients
            .iter()
            .filter(|recipient| recipient.connector_id == Channel::Email.connector());
        assert_eq!(by_mail.count() * 2, recipients.len());
    }
}
