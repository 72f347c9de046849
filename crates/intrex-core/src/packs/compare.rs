//! What a pack's rule says beside the template that an organisation has of it. Pure.

use sha2::{Digest as _, Sha256};

use super::model::{FieldChange, RuleState};
use crate::{
    error::{Error, Result},
    obligations::recurrence::Recurrence,
    templates::{Definition, Template},
};

/// A template of an organisation, and what its rule said when it was taken over.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) template: Template,
    pub(super) taken_over: Option<Vec<u8>>,
}

/// Every field that a rule decides, in one order, as people read it.
type Fields = [(&'static str, String); 12];

pub(super) fn of_rule(rule: &Definition) -> Fields {
    let days = rule.lead_days.as_slice().iter().map(ToString::to_string);
    let recurrence = rule.recurrence.as_ref().map(Recurrence::as_str);
    [
        ("title", rule.title.clone()),
        ("description", rule.description.clone()),
        ("category", rule.category.clone()),
        ("authority", rule.authority.clone()),
        ("citation", rule.citation.clone()),
        ("jurisdiction", rule.jurisdiction.clone()),
        ("branch_types", rule.branch_types.join(", ")),
        ("recurrence", recurrence.unwrap_or_default().to_owned()),
        (
            "anchor_and_grace_days",
            format!("{}, {}", rule.anchor.as_str(), rule.grace.get()),
        ),
        ("lead_days", days.collect::<Vec<_>>().join(", ")),
        ("severity", rule.severity.as_str().to_owned()),
        ("required_evidence", rule.required_evidence.join(", ")),
    ]
}

pub(super) fn of_template(own: &Template) -> Fields {
    let days = own.lead_days.iter().map(ToString::to_string);
    [
        ("title", own.title.clone()),
        ("description", own.description.clone()),
        ("category", own.category.clone()),
        ("authority", own.authority.clone()),
        ("citation", own.citation.clone()),
        ("jurisdiction", own.jurisdiction.clone()),
        ("branch_types", own.branch_types.join(", ")),
        ("recurrence", own.recurrence.clone().unwrap_or_default()),
        (
            "anchor_and_grace_days",
            format!("{}, {}", own.anchor, own.grace_days),
        ),
        ("lead_days", days.collect::<Vec<_>>().join(", ")),
        ("severity", own.severity.clone()),
        ("required_evidence", own.required_evidence.join(", ")),
    ]
}

/// The same bytes for the same rule.
pub(super) fn digest(fields: &Fields) -> Result<Vec<u8>> {
    let text = serde_json::to_vec(fields).map_err(Error::internal)?;
    Ok(Sha256::digest(text).to_vec())
}

/// How a rule stands beside what the organisation has under its code, and what would change.
pub(super) fn compare(
    pack: &str,
    rule: &Definition,
    own: Option<&Own>,
) -> Result<(RuleState, Vec<FieldChange>)> {
    let Some(own) = own else {
        return Ok((RuleState::New, Vec::new()));
    };
    if own.template.pack.as_deref() != Some(pack) {
        return Ok((RuleState::Own, Vec::new()));
    }
    let (here, there) = (of_template(&own.template), of_rule(rule));
    let changes: Vec<FieldChange> = here
        .iter()
        .zip(&there)
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| FieldChange {
            field,
            before: before.clone(),
            after: after.clone(),
        })
        .collect();
    let untouched = own.taken_over == Some(digest(&here)?);
    let state = match (changes.is_empty(), untouched) {
        (true, _) => RuleState::Same,
        (false, true) => RuleState::Changed,
        (false, false) => RuleState::Edited,
    };
    Ok((state, changes))
}
