//! What a row of obligations means, without a database.

use uuid::Uuid;

use super::*;
use crate::imports::sheet::Sheet;

const ALL: &str = "external_id,branch_code,title,category,severity,due_on,recurrence,anchor,lead_days,grace_days,\
                   owner_email,deputy_email,reference,notes";
const FEW: &str = "external_id,branch_code,title,category,due_on";

fn read(heading: &str, row: &str) -> (Heading, Entry) {
    let mut sheet = Sheet::new(Kind::Obligations.columns());
    let mut cells = None;
    let file = format!("{heading}\n{row}\n");
    sheet
        .read(file.as_bytes(), &mut |row| cells = row.cells.ok())
        .expect("a file");
    let heading = sheet.heading().cloned().expect("a heading");
    let entry = Entry::read(&heading, 1, &cells.expect("a row"));
    (heading, entry)
}

fn known() -> Known {
    Known {
        branches: HashMap::from([("GUL".to_owned(), branch(1))]),
        people: HashMap::from([("alice@example.com".to_owned(), person(1))]),
        stored: HashMap::new(),
    }
}

fn branch(number: u128) -> BranchId {
    Uuid::from_u128(number).into()
}

fn person(number: u128) -> PersonId {
    Uuid::from_u128(number).into()
}

fn defined(heading: &str, row: &str) -> (Heading, Definition) {
    let (heading, mut entry) = read(heading, row);
    (heading, entry.define(&known()).expect("a good row"))
}

fn faults(heading: &str, row: &str) -> Vec<String> {
    let (_, mut entry) = read(heading, row);
    let faults = entry.define(&known()).expect_err("a bad row");
    faults.into_iter().map(|fault| fault.field).collect()
}

fn stored(definition: Definition, state: StoredState) -> Stored {
    Stored {
        id: Uuid::from_u128(7).into(),
        series_id: Uuid::from_u128(7).into(),
        series_anchor: definition.due_on,
        occurrence_on: definition.due_on,
        definition,
        state,
        version: 1,
    }
}

const GOOD: &str = "A-1,GUL,VAT return,tax_vat,High,2027-01-15,FREQ=MONTHLY,Schedule,14;3,5,ALICE@example.com,,REF,\"a\nb\"";

#[test]
fn a_row_becomes_what_a_form_would_have_made_of_it() {
    let (_, new) = defined(ALL, GOOD);
    assert_eq!(new.branch_id, branch(1));
    assert_eq!(new.owner_id, Some(person(1)));
    assert_eq!(new.deputy_id, None);
    assert_eq!(new.severity.as_str(), "high");
    assert_eq!(new.lead_days.as_slice(), [14, 3]);
    assert_eq!(new.external_id.as_deref(), Some("A-1"));
    assert_eq!(new.notes, "a\nb");
    let (_, new) = defined(FEW, "A-1,GUL,VAT return,tax_vat,2027-01-15");
    assert_eq!(new.lead_days.as_slice(), [30, 14, 7, 3, 1]);
    assert_eq!(new.severity.as_str(), "medium");
}

#[test]
fn every_wrong_cell_of_a_row_is_named_in_the_order_of_the_columns() {
    assert_eq!(
        faults(
            ALL,
            ",XXX,=1+1,,worst,2027-02-30,FREQ=SECONDLY,never,0,-1,bob@example.com,nobody,a\0b,@x"
        ),
        Kind::Obligations
            .columns()
            .iter()
            .map(|c| c.name)
            .collect::<Vec<_>>()
    );
    assert_eq!(
        faults(FEW, "A-1,GUL,VAT return,tax_vat,0000-00-00"),
        ["due_on"]
    );
}

#[test]
fn a_second_import_finds_nothing_to_do() {
    let (heading, new) = defined(ALL, GOOD);
    for state in [
        StoredState::Open,
        StoredState::Completed,
        StoredState::Waived,
    ] {
        let before = stored(new.clone(), state);
        assert_eq!(
            decide(&heading, Some(&before), &mut new.clone()),
            Ok(Decision::Nothing)
        );
    }
}

#[test]
fn what_the_file_has_no_column_for_stays_and_an_empty_cell_empties() {
    let (_, before) = defined(ALL, GOOD);
    let before = stored(before, StoredState::Open);
    let (few, mut new) = defined(FEW, "A-1,GUL,VAT return,tax_vat,2027-01-15");
    assert_eq!(decide(&few, Some(&before), &mut new), Ok(Decision::Nothing));
    let (all, mut new) = defined(ALL, "A-1,GUL,VAT return,tax_vat,high,2027-01-15,,,,,,,,");
    assert_eq!(decide(&all, Some(&before), &mut new), Ok(Decision::Change));
    assert_eq!(
        (new.owner_id, new.recurrence, new.notes.as_str()),
        (None, None, "")
    );
}

#[test]
fn a_row_neither_moves_to_another_branch_nor_changes_what_is_settled() {
    let (heading, mut new) = defined(ALL, GOOD);
    let mut elsewhere = stored(new.clone(), StoredState::Open);
    elsewhere.definition.branch_id = branch(2);
    let fault = decide(&heading, Some(&elsewhere), &mut new).expect_err("is refused");
    assert_eq!(fault.field, "branch_code");
    let mut done = stored(new.clone(), StoredState::Completed);
    done.definition.title = "Another title".to_owned();
    let fault = decide(&heading, Some(&done), &mut new).expect_err("is refused");
    assert_eq!(fault.text, keys::IMPORT_ALREADY_COMPLETED.into());
}

#[test]
fn a_moved_date_is_told_apart_from_other_changes() {
    let (_, new) = defined(ALL, GOOD);
    let before = stored(new.clone(), StoredState::Open);
    let import = Uuid::nil().into();
    let moved = Definition {
        due_on: "2027-01-20".parse().expect("a date"),
        ..new.clone()
    };
    assert_eq!(events_of_change(&before, &moved, import).len(), 1);
    let both = Definition {
        title: "Another title".to_owned(),
        ..moved
    };
    assert_eq!(events_of_change(&before, &both, import).len(), 2);
}
