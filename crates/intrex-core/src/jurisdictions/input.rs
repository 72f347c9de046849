//! What people and programs send about a place.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{Facts, Jurisdiction, JurisdictionKind, parent};
use crate::{
    catalogue::{Text, keys},
    error::{FieldErrors, Result},
    obligations::due_date::parse_due_date,
    raw::Raw,
    text,
};

/// Characters of a code at most.
const MAX_CODE: usize = 60;
/// Characters of a place's or a holiday's name at most.
const MAX_NAME: usize = 100;
/// Days of a place's calendar at most: twenty a year for fifty years.
const MAX_HOLIDAYS: usize = 1_000;
/// The days of a week as they are stored, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A place, new or changed: a change names only the fields that change.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawJurisdiction {
    /// Two letters of ISO 3166-1, and after hyphens those of its parts: `BD-C-DNCC`. What stands before the last hyphen must be
    /// there already. Required; can't be changed.
    #[schema(value_type = String, max_length = 60)]
    pub code: Raw,
    /// What it is called. Required.
    #[schema(value_type = String, max_length = 100)]
    pub name: Raw,
    /// Which kind of place it is. Required; can't be changed.
    #[schema(value_type = JurisdictionKind)]
    pub kind: Raw,
    /// The days on which offices are closed, `mon` to `sun`, six at most; none: those of what it is part of.
    #[schema(value_type = Option<Vec<String>>)]
    pub weekend: Raw,
    /// An IANA time zone; none: that of what it is part of.
    #[schema(value_type = Option<String>, max_length = 64)]
    pub time_zone: Raw,
    /// Other days on which offices are closed, each with its name. Written whole: what is not named is no holiday any more.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub holidays: Raw,
}

impl RawJurisdiction {
    /// Checks every field; what is left out is as in `current`, or missing.
    pub(super) fn parse(&self, current: Option<&Jurisdiction>) -> Result<Facts> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let (code, kind) = match current {
            Some(now) => self.fixed(now, e),
            None => {
                let code = e.take("code", checked_code(&self.code));
                let kind = kind(&self.kind, e);
                if let (Some(code), Some(kind)) = (&code, kind)
                    && parent(code).is_none() != (kind == JurisdictionKind::Country)
                {
                    e.add("kind", keys::JURISDICTION_KIND_OF_CODE);
                }
                (code, kind)
            }
        };
        let name = match current {
            Some(now) if !self.name.is_given() => Some(now.place.name.clone()),
            _ => self.name.line(e, "name", MAX_NAME),
        };
        let weekend = match current {
            Some(now) if !self.weekend.is_given() => Some(now.place.weekend.clone()),
            _ => weekend(&self.weekend, e),
        };
        let time_zone = match current {
            Some(now) if !self.time_zone.is_given() => Some(now.place.time_zone.clone()),
            _ => {
                let words = self.time_zone.words();
                let checked = words
                    .and_then(|words| words.map(|words| text::check_time_zone(&words)).transpose());
                e.take("time_zone", checked)
            }
        };
        let holidays = match current {
            Some(now) if !self.holidays.is_given() => Some(now.holidays.clone()),
            _ => holidays(&self.holidays, e),
        };
        let facts = || {
            Some(Facts {
                code: code?,
                name: name?,
                kind: kind?,
                weekend: weekend?,
                time_zone: time_zone?,
                holidays: holidays?,
            })
        };
        match facts() {
            Some(facts) if errors.is_empty() => Ok(facts),
            _ => Err(errors.into()),
        }
    }

    /// Code and kind of a place that is there: they may be said again, and stay.
    fn fixed(
        &self,
        now: &Jurisdiction,
        errors: &mut FieldErrors,
    ) -> (Option<String>, Option<JurisdictionKind>) {
        for (raw, field, stays) in [
            (&self.code, "code", &now.place.code),
            (&self.kind, "kind", &now.place.kind),
        ] {
            if raw.is_given() && raw.shown().trim() != stays {
                errors.add(field, keys::OBLIGATION_FIELD_FIXED);
            }
        }
        let kind = JurisdictionKind::parse(&now.place.kind);
        (Some(now.place.code.clone()), kind)
    }
}

fn checked_code(raw: &Raw) -> std::result::Result<String, Text> {
    let typed = raw.words()?.unwrap_or_default();
    let code = text::check_line(&typed, MAX_CODE)?.to_uppercase();
    let mut parts = code.split('-');
    let country = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let good = country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && rest.len() <= 4
        && rest.iter().all(|part| {
            (1..=12).contains(&part.len())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        });
    if good {
        Ok(code)
    } else {
        Err(keys::JURISDICTION_CODE_SHAPE.into())
    }
}

fn kind(raw: &Raw, errors: &mut FieldErrors) -> Option<JurisdictionKind> {
    let words: Vec<&str> = JurisdictionKind::ALL
        .iter()
        .map(|kind| kind.as_str())
        .collect();
    let kind = raw.one_of(errors, "kind", &words.join(", "), JurisdictionKind::parse)?;
    if kind.is_none() {
        errors.add("kind", keys::ERROR_FIELD_REQUIRED);
    }
    kind
}

/// Each day once, in the order of a week.
fn weekend(raw: &Raw, errors: &mut FieldErrors) -> Option<Option<Vec<String>>> {
    let named = raw.list(errors, "weekend", WEEKDAYS.len())?;
    let known = |day: &String| WEEKDAYS.contains(&day.as_str());
    if !named.iter().all(known) {
        let text = Text::new(keys::ERROR_FIELD_NOT_ONE_OF).with("choices", WEEKDAYS.join(", "));
        errors.add("weekend", text);
        return None;
    }
    let days: Vec<String> = WEEKDAYS
        .iter()
        .filter(|day| named.iter().any(|one| one == *day))
        .map(|day| (*day).to_owned())
        .collect();
    if days.len() == WEEKDAYS.len() {
        errors.add("weekend", keys::JURISDICTION_NEVER_OPEN);
        return None;
    }
    Some(Some(days).filter(|days| !days.is_empty()))
}

fn holidays(raw: &Raw, errors: &mut FieldErrors) -> Option<BTreeMap<NaiveDate, String>> {
    let pairs = raw.pairs(errors, "holidays", MAX_HOLIDAYS)?;
    let read = pairs.into_iter().map(|(day, name)| {
        let wrong = || Text::new(keys::JURISDICTION_HOLIDAY_WRONG).with("day", day.clone());
        let on = parse_due_date(&day).map_err(|_| wrong())?;
        let name = text::check_line(&name, MAX_NAME).map_err(|_| wrong())?;
        Ok((on, name))
    });
    errors.take("holidays", read.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Error;

    fn parsed(fields: serde_json::Value) -> Result<Facts> {
        let raw: RawJurisdiction = serde_json::from_value(fields).expect("fields");
        raw.parse(None)
    }

    #[test]
    fn a_place_is_read_whole() {
        let facts = parsed(json!({
            "code": "bd-c", "name": "Dhaka", "kind": "region", "weekend": ["sat", "fri", "sat"],
            "holidays": {"2026-12-16": "Victory Day"}
        }));
        let facts = facts.expect("is right");
        assert_eq!(
            (facts.code.as_str(), facts.kind.as_str()),
            ("BD-C", "region")
        );
        assert_eq!(
            facts.weekend,
            Some(vec!["fri".to_owned(), "sat".to_owned()])
        );
        assert_eq!(facts.holidays.len(), 1);
        let typed = parsed(json!({
            "code": "BD", "name": "Bangladesh", "kind": "country", "weekend": "",
            "holidays": "2026-12-16: Victory Day\n2026-02-21: Language Martyrs’ Day"
        }));
        let typed = typed.expect("is right");
        assert_eq!((typed.weekend, typed.holidays.len()), (None, 2));
    }

    #[test]
    fn wrong_values_are_named_by_their_field() {
        let good = json!({"code": "BD", "name": "Bangladesh", "kind": "country"});
        for (field, value) in [
            ("code", json!("B")),
            ("code", json!("BD-")),
            ("code", json!("BD-C D")),
            ("code", json!("BD-1-2-3-4-5")),
            ("kind", json!("region")),
            ("kind", json!("planet")),
            ("kind", json!(null)),
            ("name", json!("")),
            ("weekend", json!(["friday"])),
            ("weekend", json!(WEEKDAYS)),
            ("time_zone", json!("Dhaka")),
            ("holidays", json!("16 December")),
            ("holidays", json!({"2026-02-30": "None"})),
            ("holidays", json!({"2026-02-21": ""})),
        ] {
            let mut fields = good.clone();
            fields[field] = value.clone();
            let Err(Error::Invalid(faults)) = parsed(fields) else {
                panic!("accepted: {field} {value}");
            };
            assert_eq!(faults[0].field, field, "{value}");
        }
        assert!(parsed(good).is_ok());
    }
}
