//! Rows that say what a branch owes. A row makes an obligation, changes the one with its `external_id`, or says what is so
//! already. What the file has a column for is as the file says, empty cells included; a column that the file lacks is
//! left alone.

mod queries;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use super::{
    model::{Change, Kind, check_no_formula},
    run::{Run, all_faults},
    sheet::{Heading, Row},
};
use crate::{
    audit::Event,
    branches::MAX_CODE,
    catalogue::keys,
    error::{FieldError, FieldErrors, Result},
    ids::{BranchId, ImportId, ObligationId, PersonId},
    obligations::{
        commands::refused,
        input::RawObligation,
        model::{Definition, MAX_EXTERNAL_ID, Stored},
        schedule::StoredState,
        telling::changes,
    },
    people::{MAX_EMAIL, canonical_email},
    raw::Raw,
    reminders,
};

/// A row whose references are not yet looked up.
#[derive(Debug)]
struct Entry {
    number: u32,
    external_id: Option<String>,
    branch_code: Option<String>,
    owner_email: Option<String>,
    deputy_email: Option<String>,
    raw: RawObligation,
    errors: FieldErrors,
}

impl Entry {
    fn read(heading: &Heading, number: u32, cells: &[String]) -> Self {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        for (column, cell) in heading.named(cells) {
            e.take(column, check_no_formula(cell));
        }
        let raw = |column| heading.raw(cells, column);
        let external_id = raw("external_id").line(e, "external_id", MAX_EXTERNAL_ID);
        let mut email = |column| {
            let line = raw(column).optional_line(e, column, MAX_EMAIL)?;
            (!line.is_empty()).then(|| canonical_email(&line))
        };
        let owner_email = email("owner_email");
        let deputy_email = email("deputy_email");
        Entry {
            number,
            branch_code: raw("branch_code").line(e, "branch_code", MAX_CODE),
            owner_email,
            deputy_email,
            raw: RawObligation {
                category: raw("category"),
                title: raw("title"),
                severity: lower(&raw("severity")),
                due_on: raw("due_on"),
                recurrence: raw("recurrence"),
                anchor: lower(&raw("anchor")),
                lead_days: or_default(raw("lead_days")),
                grace_days: raw("grace_days"),
                external_id: external_id.as_deref().map(Raw::from).unwrap_or_default(),
                reference: raw("reference"),
                notes: raw("notes"),
                ..RawObligation::default()
            },
            external_id,
            errors,
        }
    }

    /// The obligation that the row describes, or everything that is wrong with it, in the order of the columns.
    fn define(&mut self, known: &Known) -> std::result::Result<Definition, Vec<FieldError>> {
        let e = &mut self.errors;
        let mut refer = |column, name: &Option<String>, found: Option<String>, unknown| {
            if name.is_some() && found.is_none() {
                e.add(column, unknown);
            }
            found.map(Raw::from).unwrap_or_default()
        };
        let branch = self
            .branch_code
            .as_ref()
            .and_then(|c| known.branches.get(c));
        let branch = branch.map(BranchId::to_string);
        let branch = refer(
            "branch_code",
            &self.branch_code,
            branch,
            keys::IMPORT_BRANCH_UNKNOWN,
        );
        let person = |email: &Option<String>| {
            let id = email.as_ref().and_then(|email| known.people.get(email));
            id.map(PersonId::to_string)
        };
        let unknown = keys::IMPORT_PERSON_UNKNOWN;
        self.raw.owner_id = refer(
            "owner_email",
            &self.owner_email,
            person(&self.owner_email),
            unknown,
        );
        self.raw.deputy_id = refer(
            "deputy_email",
            &self.deputy_email,
            person(&self.deputy_email),
            unknown,
        );
        // Without a branch the other fields are checked all the same: a person hears of all faults at once.
        self.raw.branch_id = if branch.is_given() {
            branch
        } else {
            Raw::from(uuid::Uuid::nil().to_string())
        };
        let parsed = self.raw.parse(None);
        all_faults(std::mem::take(&mut self.errors), parsed, Kind::Obligations)
    }
}

/// Spreadsheets capitalise words.
fn lower(raw: &Raw) -> Raw {
    match raw.words() {
        Ok(Some(words)) => Raw::from(words.to_lowercase()),
        _ => raw.clone(),
    }
}

/// An empty cell is no list, so that the usual one is taken.
fn or_default(raw: Raw) -> Raw {
    match raw.words() {
        Ok(None) => Raw::default(),
        _ => raw,
    }
}

/// What the rows of a batch refer to.
#[derive(Debug, Default)]
struct Known {
    branches: HashMap<String, BranchId>,
    people: HashMap<String, PersonId>,
    stored: HashMap<String, Stored>,
}

/// What a row comes to.
#[derive(Debug, PartialEq)]
enum Decision {
    Create,
    Change,
    Nothing,
}

/// Completes the definition by what the file has no column for, and decides what is to be done.
fn decide(
    heading: &Heading,
    old: Option<&Stored>,
    new: &mut Definition,
) -> std::result::Result<Decision, FieldError> {
    let Some(stored) = old else {
        return Ok(Decision::Create);
    };
    let old = &stored.definition;
    if old.branch_id != new.branch_id {
        return Err(FieldError {
            field: "branch_code".to_owned(),
            text: keys::IMPORT_BRANCH_FIXED.into(),
        });
    }
    new.template_id = old.template_id;
    macro_rules! unless_given {
        ($($column:literal => $field:ident),+ $(,)?) => {
            $(if !heading.has($column) {
                new.$field = old.$field.clone();
            })+
        };
    }
    unless_given!(
        "severity" => severity, "recurrence" => recurrence, "anchor" => anchor, "lead_days" => lead_days,
        "grace_days" => grace, "owner_email" => owner_id, "deputy_email" => deputy_id, "reference" => reference,
        "notes" => notes,
    );
    let settled = |key: crate::catalogue::Key| FieldError {
        field: "external_id".to_owned(),
        text: key.into(),
    };
    match stored.state {
        _ if old == new => Ok(Decision::Nothing),
        StoredState::Open => Ok(Decision::Change),
        StoredState::Completed => Err(settled(keys::IMPORT_ALREADY_COMPLETED)),
        StoredState::Waived => Err(settled(keys::IMPORT_ALREADY_WAIVED)),
    }
}

/// Compares a batch of rows with what is stored, and applies what is good unless it is a dry run.
pub(super) async fn apply(run: &mut Run<'_>, rows: Vec<Row>) -> Result<()> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        match row.cells {
            Ok(cells) => entries.push(Entry::read(&run.heading, row.number, &cells)),
            Err(text) => run.tally.rejected_as_a_whole(row.number, &text),
        }
    }
    let mut known = look_up(run, &entries).await?;
    let (mut made, mut changed) = (Vec::new(), Vec::new());
    for mut entry in entries {
        if let Some(text) = entry
            .external_id
            .as_deref()
            .and_then(|key| run.seen_before(key, entry.number, "external_id"))
        {
            entry.errors.add("external_id", text);
        }
        let mut new = match entry.define(&known) {
            Ok(new) => new,
            Err(faults) => {
                run.tally.rejected(entry.number, faults);
                continue;
            }
        };
        let key = new.external_id.clone().unwrap_or_default();
        let stored = known.stored.remove(&key);
        match decide(&run.heading, stored.as_ref(), &mut new) {
            Ok(Decision::Nothing) => run.tally.unchanged(),
            Ok(Decision::Create) => made.push((entry, run.app.new_id::<ObligationId>(), new)),
            Ok(Decision::Change) => changed.extend(stored.map(|old| (entry, old, new))),
            Err(fault) => run.tally.rejected(entry.number, vec![fault]),
        }
    }
    if run.shows() {
        show(run, &made, &changed).await?;
    }
    let counted = run.shows().then(|| run.tally.clone());
    if run.writes() {
        write(run, &made, &changed).await?;
    }
    // What was shown is counted already.
    run.count_as(counted);
    Ok(())
}

type Made = (Entry, ObligationId, Definition);
type Changed = (Entry, Stored, Definition);

async fn look_up(run: &mut Run<'_>, entries: &[Entry]) -> Result<Known> {
    let tenant = run.tenant();
    let distinct = |pick: fn(&Entry) -> [Option<&String>; 2]| {
        let mut values: Vec<String> = entries.iter().flat_map(pick).flatten().cloned().collect();
        values.sort_unstable();
        values.dedup();
        values
    };
    let codes = distinct(|entry| [entry.branch_code.as_ref(), None]);
    let emails = distinct(|entry| [entry.owner_email.as_ref(), entry.deputy_email.as_ref()]);
    let external_ids = distinct(|entry| [entry.external_id.as_ref(), None]);
    let conn = run.conn();
    Ok(Known {
        branches: queries::branches_by_code(conn, tenant, &codes).await?,
        people: if emails.is_empty() {
            HashMap::new()
        } else {
            queries::people_by_email(conn, tenant, &emails).await?
        },
        stored: queries::obligations_by_external_id(conn, tenant, &external_ids).await?,
    })
}

async fn write(run: &mut Run<'_>, made: &[Made], changed: &[Changed]) -> Result<()> {
    let (tenant, now, import) = (run.tenant(), run.now, run.id);
    let mut events = Vec::with_capacity(made.len() + changed.len());
    if !made.is_empty() {
        let new = made.iter().map(|(_, id, new)| (*id, new));
        let inserted = queries::insert_obligations(run.conn(), tenant, new, now)
            .await
            .map_err(refused)?;
        let inserted: HashSet<_> = inserted.into_iter().collect();
        for (entry, id, new) in made {
            if inserted.contains(&id.uuid()) {
                run.tally.created();
                events.push(told("obligation.created", *id, new, import).with("source", "import"));
            } else {
                run.tally
                    .rejected_as_a_whole(entry.number, &keys::IMPORT_CHANGED_MEANWHILE.into());
            }
        }
    }
    if !changed.is_empty() {
        let rows = changed.iter().map(|(_, old, new)| (old, new));
        let updated = queries::update_obligations(run.conn(), tenant, rows, now)
            .await
            .map_err(refused)?;
        let updated: HashSet<_> = updated.into_iter().collect();
        let (mut moved, mut kept) = (Vec::new(), Vec::new());
        for (entry, old, new) in changed {
            if !updated.contains(&old.id.uuid()) {
                run.tally
                    .rejected_as_a_whole(entry.number, &keys::IMPORT_CHANGED_MEANWHILE.into());
                continue;
            }
            run.tally.updated();
            events.extend(events_of_change(old, new, import));
            if old.definition.due_on == new.due_on {
                kept.push(old.id.uuid());
            } else {
                moved.push(old.id.uuid());
            }
        }
        // What was planned for them is planned anew, by the new date, owner and days.
        for (ids, why) in [(moved, "rescheduled"), (kept, "changed")] {
            reminders::queries::suppress_planned_of_all(run.conn(), tenant, &ids, why, now).await?;
        }
    }
    run.stage(events).await
}

fn told(
    action: &'static str,
    id: ObligationId,
    obligation: &Definition,
    import: ImportId,
) -> Event {
    Event::new("obligation", action)
        .on("obligation", id)
        .at(obligation.branch_id)
        .with("due_on", obligation.due_on.to_string())
        .with("import_id", import.to_string())
        .summary(&obligation.title)
}

/// A moved date is told like every other rescheduling; whatever else changed, as a change.
fn events_of_change(old: &Stored, new: &Definition, import: ImportId) -> Vec<Event> {
    let mut events = Vec::new();
    if old.definition.due_on != new.due_on {
        let event = told("obligation.rescheduled", old.id, new, import)
            .with("from", old.definition.due_on.to_string())
            .with("to", new.due_on.to_string())
            .personal("rescheduling_reason", "import");
        events.push(event);
    }
    let but_for_the_date = Definition {
        due_on: old.definition.due_on,
        ..new.clone()
    };
    if but_for_the_date != old.definition {
        let event = told("obligation.updated", old.id, new, import);
        events.push(changes(event, &old.definition, new));
    }
    events
}

/// Counts what would be done, and shows the first of it.
async fn show(run: &mut Run<'_>, made: &[Made], changed: &[Changed]) -> Result<()> {
    let emails = if run.tally.shows_changes() && !changed.is_empty() {
        let people = |(_, old, _): &Changed| [old.definition.owner_id, old.definition.deputy_id];
        let people: Vec<_> = changed
            .iter()
            .flat_map(people)
            .flatten()
            .map(PersonId::uuid)
            .collect();
        let tenant = run.tenant();
        queries::emails_of(run.conn(), tenant, &people).await?
    } else {
        HashMap::new()
    };
    let mut shown = Vec::new();
    for (entry, _, new) in made {
        run.tally.created();
        shown.push(change_shown(entry, None, new, &emails));
    }
    for (entry, old, new) in changed {
        run.tally.updated();
        shown.push(change_shown(entry, Some(&old.definition), new, &emails));
    }
    run.tally.show(shown);
    Ok(())
}

fn change_shown(
    entry: &Entry,
    old: Option<&Definition>,
    new: &Definition,
    emails: &HashMap<PersonId, String>,
) -> Change {
    let key = new.external_id.as_deref().unwrap_or_default();
    let mut change = match old {
        None => Change::created(entry.number, key),
        Some(_) => Change::updated(entry.number, key),
    };
    let email = |id: Option<PersonId>| id.and_then(|id| emails.get(&id)).cloned();
    if old.is_none() {
        change.field("branch_code", None::<String>, entry.branch_code.clone());
    }
    macro_rules! fields {
        ($($column:literal => $read:expr),+ $(,)?) => {{
            $(let read: fn(&Definition) -> serde_json::Value = $read;
            change.field($column, old.map(read), read(new));)+
        }};
    }
    fields!(
        "title" => |d| d.title.as_str().into(),
        "category" => |d| d.category.as_str().into(),
        "severity" => |d| d.severity.as_str().into(),
        "due_on" => |d| d.due_on.to_string().into(),
        "recurrence" => |d| d.recurrence.as_ref().map(|rule| rule.as_str().to_owned()).into(),
        "anchor" => |d| d.anchor.as_str().into(),
        "lead_days" => |d| d.lead_days.as_slice().to_vec().into(),
        "grace_days" => |d| d.grace.get().into(),
        "reference" => |d| d.reference.as_str().into(),
        "notes" => |d| d.notes.as_str().into(),
    );
    let before = |pick: fn(&Definition) -> Option<PersonId>| old.and_then(pick);
    if before(|d| d.owner_id) != new.owner_id {
        change.field(
            "owner_email",
            email(before(|d| d.owner_id)),
            entry.owner_email.clone(),
        );
    }
    if before(|d| d.deputy_id) != new.deputy_id {
        change.field(
            "deputy_email",
            email(before(|d| d.deputy_id)),
            entry.deputy_email.clone(),
        );
    }
    change
}
