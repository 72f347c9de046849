//! Rows that describe branches. A row makes a branch, changes the one with its code, or says what is so already; whether a
//! branch is closed is not the file's to say.

mod queries;

use std::collections::{HashMap, HashSet};

use super::{
    model::{Change, Kind, check_no_formula},
    run::{Run, all_faults},
    sheet::{Heading, Row},
};
use crate::{
    audit::Event,
    branches::{self, Branch, BranchFacts, MAX_CODE, RawBranch, note_changes},
    catalogue::keys,
    error::{Error, FieldErrors, Result},
    ids::{BranchId, ImportId},
    jurisdictions,
};

/// A row that is not yet compared with what is stored.
#[derive(Debug)]
struct Entry {
    number: u32,
    code: Option<String>,
    raw: RawBranch,
    errors: FieldErrors,
}

impl Entry {
    fn read(heading: &Heading, number: u32, cells: &[String]) -> Self {
        let mut errors = FieldErrors::new();
        for (column, cell) in heading.named(cells) {
            errors.take(column, check_no_formula(cell));
        }
        let raw = |column| heading.raw(cells, column);
        Entry {
            number,
            code: raw("code").line(&mut errors, "code", MAX_CODE),
            raw: RawBranch {
                code: raw("code"),
                name: raw("name"),
                address: raw("address"),
                city_corporation: raw("city_corporation"),
                district: raw("district"),
                region: raw("region"),
                country: raw("country"),
                jurisdiction: raw("jurisdiction"),
                kind: raw("type"),
                time_zone: raw("time_zone"),
            },
            errors,
        }
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
    let mut stored = look_up(run, &entries).await?;
    let tenant = run.tenant();
    let known = jurisdictions::queries::known(run.conn(), tenant).await?;
    let (mut made, mut changed) = (Vec::new(), Vec::new());
    for mut entry in entries {
        let code = entry.code.clone().unwrap_or_default();
        if let Some(text) = entry
            .code
            .as_deref()
            .and_then(|code| run.seen_before(code, entry.number, "code"))
        {
            entry.errors.add("code", text);
        }
        let before = stored.remove(&code);
        let parsed = entry.raw.parse(before.as_ref()).and_then(|mut facts| {
            branches::settle(&mut facts, &known)
                .map_err(|text| Error::invalid("jurisdiction", text))?;
            Ok(facts)
        });
        match (all_faults(entry.errors, parsed, Kind::Branches), before) {
            (Err(faults), _) => run.tally.rejected(entry.number, faults),
            (Ok(facts), None) => made.push((entry.number, run.app.new_id::<BranchId>(), facts)),
            (Ok(facts), Some(before)) if facts == facts_of(&before) => run.tally.unchanged(),
            (Ok(facts), Some(before)) => changed.push((entry.number, before, facts)),
        }
    }
    if run.shows() {
        show(run, &made, &changed);
    }
    let counted = run.shows().then(|| run.tally.clone());
    if run.writes() {
        write(run, &made, &changed).await?;
    }
    // What was shown is counted already.
    run.count_as(counted);
    Ok(())
}

type Made = (u32, BranchId, BranchFacts);
type Changed = (u32, Branch, BranchFacts);

async fn look_up(run: &mut Run<'_>, entries: &[Entry]) -> Result<HashMap<String, Branch>> {
    let tenant = run.tenant();
    let mut codes: Vec<String> = entries
        .iter()
        .filter_map(|entry| entry.code.clone())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    queries::by_code(run.conn(), tenant, &codes).await
}

async fn write(run: &mut Run<'_>, made: &[Made], changed: &[Changed]) -> Result<()> {
    let (tenant, now, import) = (run.tenant(), run.now, run.id);
    let mut events = Vec::with_capacity(made.len() + changed.len());
    if !made.is_empty() {
        let new = made.iter().map(|(_, id, facts)| (*id, facts));
        let inserted = queries::insert(run.conn(), tenant, new, now).await?;
        let inserted: HashSet<_> = inserted.into_iter().collect();
        for (number, id, facts) in made {
            if inserted.contains(&id.uuid()) {
                run.tally.created();
                let event = told("branch.created", *id, facts, import);
                events.push(event.with("time_zone", facts.time_zone.clone()));
            } else {
                run.tally
                    .rejected_as_a_whole(*number, &keys::IMPORT_CHANGED_MEANWHILE.into());
            }
        }
    }
    if !changed.is_empty() {
        let rows = changed.iter().map(|(_, before, facts)| (before, facts));
        let updated = queries::update(run.conn(), tenant, rows, now).await?;
        let updated: HashSet<_> = updated.into_iter().collect();
        for (number, before, facts) in changed {
            if updated.contains(&before.id.uuid()) {
                run.tally.updated();
                let event = told("branch.updated", before.id, facts, import);
                events.push(note_changes(event, before, facts));
            } else {
                run.tally
                    .rejected_as_a_whole(*number, &keys::IMPORT_CHANGED_MEANWHILE.into());
            }
        }
    }
    run.stage(events).await
}

fn told(action: &'static str, id: BranchId, facts: &BranchFacts, import: ImportId) -> Event {
    Event::new("branch", action)
        .on("branch", id)
        .at(id)
        .with("import_id", import.to_string())
        .summary(format!("{} {}", facts.code, facts.name))
}

/// Counts what would be done, and shows the first of it.
fn show(run: &mut Run<'_>, made: &[Made], changed: &[Changed]) {
    let mut shown = Vec::new();
    for (number, _, facts) in made {
        run.tally.created();
        shown.push(change_shown(*number, None, facts));
    }
    for (number, before, facts) in changed {
        run.tally.updated();
        shown.push(change_shown(*number, Some(&facts_of(before)), facts));
    }
    run.tally.show(shown);
}

/// A column, and where its value stands.
type Field = (&'static str, fn(&BranchFacts) -> &String);

fn change_shown(number: u32, before: Option<&BranchFacts>, after: &BranchFacts) -> Change {
    let mut change = match before {
        None => Change::created(number, &after.code),
        Some(_) => Change::updated(number, &after.code),
    };
    let fields: [Field; 8] = [
        ("name", |f| &f.name),
        ("address", |f| &f.address),
        ("city_corporation", |f| &f.city_corporation),
        ("district", |f| &f.district),
        ("region", |f| &f.region),
        ("country", |f| &f.country),
        ("type", |f| &f.kind),
        ("time_zone", |f| &f.time_zone),
    ];
    let place = |facts: &BranchFacts| facts.jurisdiction.clone().unwrap_or_default();
    change.field("jurisdiction", before.map(place), place(after));
    for (column, read) in fields {
        change.field(
            column,
            before.map(|facts| read(facts).clone()),
            read(after).clone(),
        );
    }
    change
}

fn facts_of(branch: &Branch) -> BranchFacts {
    BranchFacts {
        code: branch.code.clone(),
        name: branch.name.clone(),
        address: branch.address.clone(),
        city_corporation: branch.city_corporation.clone(),
        district: branch.district.clone(),
        region: branch.region.clone(),
        country: branch.country.clone(),
        jurisdiction: branch.jurisdiction.clone(),
        kind: branch.kind.clone(),
        time_zone: branch.time_zone.clone(),
    }
}
