//! People of another system, with the bcrypt hashes that it kept of their passwords: they go on signing in with what they
//! know, without an invitation, and set up a second factor at their first sign-in. Their hash is made anew there, with the
//! pepper and at the cost of this installation. The operator's alone: a hash is as good as a password to whoever made it up.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::{input::RawPerson, queries};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::{Language, Text, keys},
    error::{Error, FieldError, FieldErrors, Result},
    ids::PersonId,
    permission::Permission,
    vault::passwords::{self, Passwords},
};

/// People of one import at most.
pub const MAX_PEOPLE: usize = 5_000;
/// Faults that are told one by one; the rest is counted.
const MAX_TOLD: usize = 500;
/// The variants of bcrypt that are verified as they are.
const VARIANTS: [&str; 3] = ["2a", "2b", "2y"];
/// Characters of salt and sum behind the cost.
const SALT_AND_SUM: usize = 53;

/// One row of an import.
#[derive(Debug, Default)]
pub struct ImportedPerson {
    /// As for an invitation. Branches are ids here.
    pub person: RawPerson,
    /// `$2b$12$…`
    pub password_hash: SecretString,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everybody who is well-formed is written.
    Apply,
    /// Everything is tried, and nothing is kept.
    DryRun,
}

/// What an import came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows of the file.
    pub rows: usize,
    /// People who are there now, or would be.
    pub created: usize,
    /// Rows that were refused.
    pub refused: usize,
    /// What is wrong with them, the first few hundred.
    pub errors: Vec<RowFault>,
}

/// What is wrong with a row. Row 1 is the first after the heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowFault {
    /// Which row.
    pub row: usize,
    /// Which column.
    pub field: String,
    /// What is wrong with it. Never shows a hash.
    pub message: String,
}

impl Report {
    fn refuse(&mut self, row: usize, faults: &[FieldError]) {
        self.refused += 1;
        for fault in faults {
            if self.errors.len() < MAX_TOLD {
                self.errors.push(RowFault {
                    row,
                    field: fault.field.clone(),
                    message: fault.text.to(Language::ENGLISH),
                });
            }
        }
    }
}

/// Imports people, all that are well-formed in one transaction.
pub async fn import(
    app: &App,
    actor: &Actor,
    people: &[ImportedPerson],
    mode: Mode,
) -> Result<Report> {
    actor.may(Permission::PeopleImport)?;
    if people.len() > MAX_PEOPLE {
        let text = Text::new(keys::ERROR_FIELD_TOO_MANY).with("max", MAX_PEOPLE);
        return Err(Error::invalid("rows", text));
    }
    let mut report = Report {
        rows: people.len(),
        created: 0,
        refused: 0,
        errors: Vec::new(),
    };
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let branches = queries::branch_ids(tx.conn(), tenant).await?;
    let mut events = Vec::new();
    for (at, imported) in people.iter().enumerate() {
        let row = at + 1;
        let hash = checked(imported, app.vault.passwords.cost());
        let (new, hash) = match (imported.person.parse(), hash) {
            (Ok(new), Ok(hash)) => (new, hash),
            (new, hash) => {
                let mut faults = Vec::new();
                for error in [new.err(), hash.err()].into_iter().flatten() {
                    match error {
                        Error::Invalid(fields) => faults.extend(fields),
                        other => return Err(other),
                    }
                }
                report.refuse(row, &faults);
                continue;
            }
        };
        let mut errors = FieldErrors::new();
        if new.branch_ids.iter().any(|id| !branches.contains(id)) {
            errors.add("branch_ids", keys::ERROR_FIELD_UNKNOWN_REFERENCE);
        } else {
            let id: PersonId = app.new_id();
            if queries::insert_imported(tx.conn(), tenant, id, &new, &hash, now).await? {
                queries::set_branches(tx.conn(), tenant, id, &new.branch_ids).await?;
                report.created += 1;
                events.push(
                    Event::new("person", "person.imported")
                        .on("person", id)
                        .about(id)
                        .with("role", new.role.as_str())
                        .with("branch_count", new.branch_ids.len())
                        .summary(new.name)
                        .personal("email", new.email.shown),
                );
                continue;
            }
            // By somebody of the file, of this organisation or of another one: nothing is said about whose it is.
            errors.add("email", keys::ERROR_FIELD_TAKEN);
        }
        if let Err(Error::Invalid(faults)) = errors.finish() {
            report.refuse(row, &faults);
        }
    }
    if mode == Mode::DryRun || events.is_empty() {
        // Dropped: nothing of it is kept.
        return Ok(report);
    }
    tx.commit_all(events).await?;
    Ok(report)
}

/// A bcrypt hash that this installation can verify without working longer than for its own.
fn checked(imported: &ImportedPerson, max_cost: u32) -> Result<String> {
    let hash = imported.password_hash.expose_secret();
    let refused = |text: Text| Error::invalid("password_hash", text);
    if hash.is_empty() {
        return Err(refused(keys::ERROR_FIELD_REQUIRED.into()));
    }
    let parts: Vec<&str> = hash.split('$').collect();
    let [_, variant, cost, sum] = parts.as_slice() else {
        return Err(refused(keys::IMPORT_HASH_NOT_BCRYPT.into()));
    };
    let well_formed = hash.starts_with('$')
        && VARIANTS.contains(variant)
        && cost.len() == 2
        && sum.len() == SALT_AND_SUM
        && sum
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/'));
    let cost: Option<u32> = cost.parse().ok().filter(|_| well_formed);
    match cost {
        None => Err(refused(keys::IMPORT_HASH_NOT_BCRYPT.into())),
        Some(cost) if !(passwords::MIN_IMPORTED_COST..=max_cost).contains(&cost) => {
            let text = Text::new(keys::IMPORT_HASH_COST)
                .with("min", passwords::MIN_IMPORTED_COST)
                .with("max", max_cost);
            Err(refused(text))
        }
        Some(_) => Ok(Passwords::imported(hash)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(hash: &str) -> std::result::Result<String, String> {
        let imported = ImportedPerson {
            password_hash: hash.into(),
            ..ImportedPerson::default()
        };
        checked(&imported, 12).map_err(|error| match error {
            Error::Invalid(faults) => faults[0].text.key.as_str().to_owned(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn only_a_bcrypt_hash_of_a_bearable_cost_is_taken() {
        let sum = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for variant in VARIANTS {
            let hash = format!("${variant}$10${sum}");
            assert_eq!(verdict(&hash), Ok(format!("plain${hash}")));
        }
        for bad in [
            format!("$2x$10${sum}"),
            format!("x$2b$10${sum}"),
            format!("$2b$10${sum}x"),
            format!("$2b$1${sum}"),
            format!("$2b$10$${}", &sum[1..]),
            format!("$2b$10${}'", &sum[1..]),
            "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
            "password".to_owned(),
        ] {
            assert_eq!(
                verdict(&bad),
                Err("import-hash-not-bcrypt".to_owned()),
                "{bad}"
            );
        }
        for cost in ["04", "07", "13", "31"] {
            assert_eq!(
                verdict(&format!("$2b${cost}${sum}")),
                Err("import-hash-cost".to_owned())
            );
        }
        assert_eq!(verdict(""), Err("error-field-required".to_owned()));
    }
}
