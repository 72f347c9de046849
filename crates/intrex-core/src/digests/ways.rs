//! By which way a digest goes: the first of the organisation's routes for digests that leads to its recipient says by which
//! mail server, and when nobody is to be disturbed; without one it is the installation's own mail. Pure.

use super::model::Wisher;
use crate::{
    channels::EventType,
    permission::Role,
    routes::{Happening, Recipients, Route},
};

/// The route by which somebody's digest goes; none is the installation's own mail. A digest is a person's, so that a route
/// to whom a connector names carries none.
pub(crate) fn route<'a>(routes: &'a [Route], to: &Wisher) -> Option<&'a Route> {
    routes.iter().find(|route| {
        let happening = Happening {
            event_type: EventType::Digest,
            severity: None,
            // It is about all that its recipient sees.
            branch: route.branch_id,
        };
        route.matches(&happening) && at_their_branch(route, to) && leads_to(route, to)
    })
}

fn at_their_branch(route: &Route, to: &Wisher) -> bool {
    let everywhere = to.role == Role::HeadOfficeAdmin;
    let is_theirs = |branch| everywhere || to.branches.contains(&branch);
    route.branch_id.is_none_or(is_theirs)
}

fn leads_to(route: &Route, to: &Wisher) -> bool {
    match route.recipient {
        Recipients::Responsible => true,
        Recipients::BranchManagers => to.role == Role::BranchManager,
        Recipients::HeadOffice => to.role == Role::HeadOfficeAdmin,
        Recipients::Person => route.person_id == Some(to.person),
        Recipients::Endpoint => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use chrono_tz::Tz;
    use uuid::Uuid;

    use super::*;
    use crate::{
        digests::model::{Kind, Wish},
        obligations::model::Severity,
    };

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn to(role: Role) -> Wisher {
        Wisher {
            person: id(1).into(),
            role,
            branches: vec![id(2).into()],
            zone: Tz::UTC,
            wish: Wish {
                kind: Kind::Daily,
                instead: false,
                since: DateTime::UNIX_EPOCH,
            },
            last_on: None,
        }
    }

    fn a_route(recipient: Recipients) -> Route {
        let now = DateTime::UNIX_EPOCH;
        Route {
            id: id(40).into(),
            name: "A route".into(),
            event_types: vec![EventType::Digest],
            min_severity: Severity::Critical,
            branch_id: None,
            connector_id: Some(id(50).into()),
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

    #[test]
    fn the_first_route_for_digests_that_leads_to_somebody_carries_theirs() {
        let carries =
            |route: &Route, role| super::route(std::slice::from_ref(route), &to(role)).is_some();
        let (admin, manager) = (Role::HeadOfficeAdmin, Role::BranchManager);
        for (recipient, role, is) in [
            (Recipients::Responsible, Role::Operator, true),
            (Recipients::BranchManagers, manager, true),
            (Recipients::BranchManagers, admin, false),
            (Recipients::HeadOffice, admin, true),
            (Recipients::HeadOffice, manager, false),
            (Recipients::Person, manager, false),
            (Recipients::Endpoint, admin, false),
        ] {
            assert_eq!(
                carries(&a_route(recipient), role),
                is,
                "{recipient:?} {role:?}"
            );
        }
        let mut one = a_route(Recipients::Person);
        one.person_id = Some(id(1).into());
        assert!(carries(&one, manager));
        one.branch_id = Some(id(3).into());
        assert!(!carries(&one, manager) && carries(&one, admin));
        one.branch_id = Some(id(2).into());
        assert!(carries(&one, manager));
        one.active = false;
        assert!(!carries(&one, manager));
        one.active = true;
        one.event_types = vec![EventType::ObligationDue];
        assert!(!carries(&one, manager));
    }
}
