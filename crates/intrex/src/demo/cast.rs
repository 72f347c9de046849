//! Who is in the demonstration. Organisations, people, addresses and numbers are invented; what is owed, to whom and how
//! often is written from public facts (`packs/examples/README.md`).

use intrex_core::permission::Role;

/// An organisation of the demonstration.
#[derive(Debug)]
pub(super) struct Organisation {
    pub(super) name: &'static str,
    pub(super) time_zone: &'static str,
    /// The pack whose templates they took over.
    pub(super) pack: &'static str,
    pub(super) branches: Spreadsheet,
    pub(super) obligations: Spreadsheet,
    /// The head office admin first.
    pub(super) people: &'static [Member],
}

/// A file as somebody would import it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spreadsheet {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

/// A person of the demonstration.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) role: Role,
    /// The codes of their branches.
    pub(super) branches: &'static [&'static str],
}

macro_rules! spreadsheet {
    ($name:literal) => {
        Spreadsheet {
            name: $name,
            text: include_str!(concat!("../../../../packs/examples/", $name)),
        }
    };
}

const fn member(
    name: &'static str,
    email: &'static str,
    role: Role,
    branches: &'static [&'static str],
) -> Member {
    Member {
        name,
        email,
        role,
        branches,
    }
}

/// Both organisations.
pub(super) const ORGANISATIONS: [Organisation; 2] = [
    Organisation {
        name: "Shapla Pharmacy",
        time_zone: "Asia/Dhaka",
        pack: "bangladesh",
        branches: spreadsheet!("dhaka-pharmacy-chain.branches.csv"),
        obligations: spreadsheet!("dhaka-pharmacy-chain.obligations.csv"),
        people: &[
            member(
                "Farhana Akter",
                "farhana.akter@shapla.example",
                Role::HeadOfficeAdmin,
                &[],
            ),
            member(
                "Tanvir Hasan",
                "tanvir.hasan@shapla.example",
                Role::BranchManager,
                &["GUL", "BAN", "UTT"],
            ),
            member(
                "Nusrat Jahan",
                "nusrat.jahan@shapla.example",
                Role::BranchManager,
                &["DHN", "MOT", "LAL"],
            ),
            member(
                "Rafiq Islam",
                "rafiq.islam@shapla.example",
                Role::Operator,
                &["GUL", "BAN"],
            ),
            member(
                "Sumaiya Rahman",
                "sumaiya.rahman@shapla.example",
                Role::Operator,
                &["DHN", "MOT"],
            ),
        ],
    },
    Organisation {
        name: "Lone Star Clinics",
        time_zone: "America/Chicago",
        pack: "united-states-healthcare",
        branches: spreadsheet!("texas-clinic-group.branches.csv"),
        obligations: spreadsheet!("texas-clinic-group.obligations.csv"),
        people: &[
            member(
                "Margaret Holloway",
                "margaret.holloway@lonestar.example",
                Role::HeadOfficeAdmin,
                &[],
            ),
            member(
                "Luis Hernandez",
                "luis.hernandez@lonestar.example",
                Role::BranchManager,
                &["HOU", "SAT", "CRP"],
            ),
            member(
                "Dana Whitfield",
                "dana.whitfield@lonestar.example",
                Role::BranchManager,
                &["DAL", "FTW"],
            ),
            member(
                "Keisha Brooks",
                "keisha.brooks@lonestar.example",
                Role::Operator,
                &["HOU", "SAT"],
            ),
            member(
                "Tyler Nguyen",
                "tyler.nguyen@lonestar.example",
                Role::Operator,
                &["DAL", "FTW"],
            ),
        ],
    },
];

impl Organisation {
    /// The head office admin.
    pub(super) fn admin(&self) -> &'static Member {
        &self.people[0]
    }

    /// Whoever has this role at a branch.
    pub(super) fn at(&self, branch: &str, role: Role) -> Option<&'static Member> {
        self.people
            .iter()
            .find(|member| member.role == role && member.branches.contains(&branch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_organisation_has_an_admin_two_managers_and_two_operators() {
        for organisation in &ORGANISATIONS {
            let count = |role| {
                organisation
                    .people
                    .iter()
                    .filter(|m| m.role == role)
                    .count()
            };
            assert_eq!(organisation.admin().role, Role::HeadOfficeAdmin);
            assert_eq!(count(Role::HeadOfficeAdmin), 1);
            assert_eq!(count(Role::BranchManager), 2);
            assert_eq!(count(Role::Operator), 2);
        }
    }

    #[test]
    fn everybody_works_at_branches_that_exist_and_operators_below_a_manager() {
        for organisation in &ORGANISATIONS {
            for member in organisation.people {
                for code in member.branches {
                    let begins = format!("\n{code},");
                    assert!(organisation.branches.text.contains(&begins), "{code}");
                    assert!(
                        organisation.at(code, Role::BranchManager).is_some(),
                        "{code}"
                    );
                }
            }
        }
    }
}
