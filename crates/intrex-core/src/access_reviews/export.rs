//! A review as a table for auditors: comma-separated, a heading line, a line a person. Cells that a spreadsheet would take for a
//! formula are marked as text.

use chrono::{DateTime, Utc};

use super::model::{Decision, WholeReview};

/// The columns.
const HEADINGS: [&str; 17] = [
    "review_id",
    "started_at",
    "due_on",
    "finished_at",
    "person_id",
    "name",
    "email",
    "role",
    "branch_ids",
    "status",
    "mfa_enrolled",
    "last_sign_in_at",
    "token_count",
    "decision",
    "note",
    "decided_at",
    "decided_by",
];

/// The whole review.
pub fn csv(whole: &WholeReview) -> String {
    let review = &whole.review;
    let instant = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
    let mut out = line(HEADINGS.map(str::to_owned));
    for row in &whole.rows {
        let branches: Vec<String> = row.branch_ids.iter().map(ToString::to_string).collect();
        let decision = row.decision.map_or("not_reviewed", Decision::as_str);
        out += &line([
            review.id.to_string(),
            instant(Some(review.started_at)),
            review.due_on.to_string(),
            instant(review.finished_at),
            row.person_id.to_string(),
            text(&row.name),
            text(&row.email),
            row.role.as_str().to_owned(),
            branches.join(" "),
            row.status.as_str().to_owned(),
            row.mfa_enrolled.to_string(),
            instant(row.last_sign_in_at),
            row.token_count.to_string(),
            decision.to_owned(),
            text(&row.note),
            instant(row.decided_at),
            row.decided_by.map(|id| id.to_string()).unwrap_or_default(),
        ]);
    }
    out
}

/// A line as RFC 4180 has it, each cell in quotes.
fn line(cells: [String; HEADINGS.len()]) -> String {
    let cells = cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
    format!("{}\r\n", cells.join(","))
}

/// What was typed, so that no spreadsheet takes it for a formula.
fn text(typed: &str) -> String {
    match typed.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{typed}"),
        false => typed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one_whatever_stands_in_it() {
        let mut cells = HEADINGS.map(str::to_owned);
        cells[0] = "a \"quoted\", word\nand a line".to_owned();
        assert!(line(cells).starts_with("\"a \"\"quoted\"\", word\nand a line\",\"started_at\""));
    }

    #[test]
    fn what_looks_like_a_formula_is_marked_as_text() {
        for formula in ["=1+1", "+1", "-1", "@sum(a1)", "\t=1"] {
            assert_eq!(text(formula), format!("'{formula}"));
        }
        for words in ["Alice", "a=b", "'quoted"] {
            assert_eq!(text(words), words);
        }
    }
}
