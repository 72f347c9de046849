//! What a branch is, and what is typed to make or change one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    audit::Event,
    catalogue::{Text, keys},
    error::{FieldErrors, Result},
    ids::BranchId,
    jurisdictions::{Places, is_within},
    raw::Raw,
    text,
};

/// The longest code, in characters.
pub(crate) const MAX_CODE: usize = 40;
/// The longest name, in characters.
pub(crate) const MAX_NAME: usize = 200;
/// The longest address, in characters.
const MAX_ADDRESS: usize = 500;
/// The longest name of a city corporation, district or region, in characters.
const MAX_PLACE: usize = 100;
/// The longest type, in characters.
const MAX_TYPE: usize = 60;

/// A branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Branch {
    /// Its id.
    pub id: BranchId,
    /// The organisation's own short name for it, unique there.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Street and house.
    pub address: String,
    /// The city corporation or municipality.
    pub city_corporation: String,
    /// The district.
    pub district: String,
    /// The region, state or division.
    pub region: String,
    /// Two capital letters (ISO 3166-1).
    pub country: String,
    /// The smallest known place that it is in, by its code, such as `BD-C-DNCC`.
    pub jurisdiction: Option<String>,
    /// What kind of place it is, in the organisation's own words.
    #[serde(rename = "type")]
    pub kind: String,
    /// The IANA time zone whose today decides what is due.
    pub time_zone: String,
    /// Whether it is still run.
    pub status: BranchStatus,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes; shown as the ETag.
    #[serde(skip)]
    pub version: i32,
}

/// Whether a branch is still run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum BranchStatus {
    /// It is.
    Active,
    /// It is not, and stays on the record.
    Closed,
}

/// A branch to choose from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BranchName {
    /// Its id.
    pub id: BranchId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its IANA time zone.
    pub time_zone: String,
}

/// Which branches a list shows; what is left out does not narrow it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BranchFilter {
    /// Open or closed.
    pub status: Option<BranchStatus>,
    /// Exactly this region.
    pub region: Option<String>,
    /// Exactly this country.
    pub country: Option<String>,
    /// Exactly this type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// In this place or one of its parts, by its code.
    pub jurisdiction: Option<String>,
    /// Part of the code or the name, in any case.
    pub q: Option<String>,
}

/// What is typed to make a branch, or to change one: then what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawBranch {
    /// Unique in the organisation. Required.
    #[schema(value_type = String, max_length = 40)]
    pub code: Raw,
    /// Required.
    #[schema(value_type = String, max_length = 200)]
    pub name: Raw,
    /// Street and house.
    #[schema(value_type = Option<String>, max_length = 500)]
    pub address: Raw,
    /// The city corporation or municipality.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub city_corporation: Raw,
    /// The district.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub district: Raw,
    /// The region, state or division.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub region: Raw,
    /// Two letters (ISO 3166-1). Required.
    #[schema(value_type = String, max_length = 2)]
    pub country: Raw,
    /// The smallest known place that it is in, by its code. Empty: the one that bears the name of its city corporation,
    /// district or region, else its country's.
    #[schema(value_type = Option<String>, max_length = 60)]
    pub jurisdiction: Raw,
    /// What kind of place it is.
    #[schema(value_type = Option<String>, max_length = 60)]
    #[serde(rename = "type")]
    pub kind: Raw,
    /// An IANA time zone. Required.
    #[schema(value_type = String, max_length = 64)]
    pub time_zone: Raw,
}

/// A branch's own facts, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BranchFacts {
    pub code: String,
    pub name: String,
    pub address: String,
    pub city_corporation: String,
    pub district: String,
    pub region: String,
    pub country: String,
    pub jurisdiction: Option<String>,
    pub kind: String,
    pub time_zone: String,
}

impl RawBranch {
    /// Checks every field; what is left out is as in `current`, or missing.
    pub(crate) fn parse(&self, current: Option<&Branch>) -> Result<BranchFacts> {
        let sent = |raw: &Raw, now: fn(&Branch) -> &String| match current {
            Some(branch) if !raw.is_given() => Raw::from(now(branch).as_str()),
            _ => raw.clone(),
        };
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let code = sent(&self.code, |b| &b.code).line(e, "code", MAX_CODE);
        let name = sent(&self.name, |b| &b.name).line(e, "name", MAX_NAME);
        let address = sent(&self.address, |b| &b.address).paragraphs(e, "address", MAX_ADDRESS);
        let city_corporation = sent(&self.city_corporation, |b| &b.city_corporation).optional_line(
            e,
            "city_corporation",
            MAX_PLACE,
        );
        let district =
            sent(&self.district, |b| &b.district).optional_line(e, "district", MAX_PLACE);
        let region = sent(&self.region, |b| &b.region).optional_line(e, "region", MAX_PLACE);
        let country = e.take(
            "country",
            checked(&sent(&self.country, |b| &b.country), check_country),
        );
        let jurisdiction = self.jurisdiction(current, country.as_deref(), e);
        let kind = sent(&self.kind, |b| &b.kind).optional_line(e, "type", MAX_TYPE);
        let time_zone = e.take(
            "time_zone",
            checked(
                &sent(&self.time_zone, |b| &b.time_zone),
                text::check_time_zone,
            ),
        );
        let facts = || {
            Some(BranchFacts {
                code: code?,
                name: name?,
                address: address?,
                city_corporation: city_corporation?,
                district: district?,
                region: region?,
                country: country?,
                jurisdiction: jurisdiction?,
                kind: kind?,
                time_zone: time_zone?,
            })
        };
        facts().ok_or_else(|| errors.into())
    }

    /// The place that was sent, which must be of the branch's country; or the present one, as long as it is.
    fn jurisdiction(
        &self,
        current: Option<&Branch>,
        country: Option<&str>,
        errors: &mut FieldErrors,
    ) -> Option<Option<String>> {
        let of_country = |code: &String| country.is_none_or(|country| is_within(code, country));
        if !self.jurisdiction.is_given() {
            let present = current.and_then(|branch| branch.jurisdiction.clone());
            return Some(present.filter(of_country));
        }
        let code = self
            .jurisdiction
            .optional_line(errors, "jurisdiction", MAX_TYPE)?
            .to_uppercase();
        if !code.is_empty() && !of_country(&code) {
            errors.add("jurisdiction", keys::BRANCH_JURISDICTION_ELSEWHERE);
            return None;
        }
        Some(Some(code).filter(|code| !code.is_empty()))
    }
}

fn checked<T>(
    raw: &Raw,
    check: fn(&str) -> std::result::Result<T, Text>,
) -> std::result::Result<T, Text> {
    check(&raw.words()?.unwrap_or_default())
}

/// Two letters; which of them are countries today is not for us to say.
fn check_country(typed: &str) -> std::result::Result<String, Text> {
    let country = text::check_line(typed, MAX_PLACE)?.to_uppercase();
    if country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(country)
    } else {
        Err(keys::ERROR_FIELD_NOT_A_COUNTRY.into())
    }
}

/// Puts a branch into a known place: the one that was named, or the one that its own words name.
pub(crate) fn settle(facts: &mut BranchFacts, known: &Places) -> std::result::Result<(), Text> {
    match &facts.jurisdiction {
        Some(code) if !known.has(code) => Err(keys::ERROR_FIELD_UNKNOWN_REFERENCE.into()),
        None => {
            facts.jurisdiction = known.of(facts);
            Ok(())
        }
        Some(_) => Ok(()),
    }
}

/// Notes what a change changes.
pub(crate) fn note_changes(event: Event, before: &Branch, after: &BranchFacts) -> Event {
    event
        .changed("code", before.code.as_str(), after.code.as_str())
        .changed("name", before.name.as_str(), after.name.as_str())
        .changed("address", before.address.as_str(), after.address.as_str())
        .changed(
            "city_corporation",
            before.city_corporation.as_str(),
            after.city_corporation.as_str(),
        )
        .changed(
            "district",
            before.district.as_str(),
            after.district.as_str(),
        )
        .changed("region", before.region.as_str(), after.region.as_str())
        .changed("country", before.country.as_str(), after.country.as_str())
        .changed(
            "jurisdiction",
            before.jurisdiction.clone(),
            after.jurisdiction.clone(),
        )
        .changed("type", before.kind.as_str(), after.kind.as_str())
        .changed(
            "time_zone",
            before.time_zone.as_str(),
            after.time_zone.as_str(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn raw() -> RawBranch {
        RawBranch {
            code: "DHK-01".into(),
            name: "Dhanmondi".into(),
            country: "bd".into(),
            time_zone: "Asia/Dhaka".into(),
            ..RawBranch::default()
        }
    }

    #[test]
    fn a_branch_needs_a_code_a_name_a_country_and_a_time_zone() {
        let Err(Error::Invalid(fields)) = RawBranch::default().parse(None) else {
            panic!("accepted");
        };
        let names: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(names, ["code", "name", "country", "time_zone"]);
        assert_eq!(raw().parse(None).expect("complete").country, "BD");
    }

    #[test]
    fn wrong_values_are_named_by_their_field() {
        let long = "x".repeat(501);
        for (wrong, field) in [
            (
                RawBranch {
                    country: "Bangladesh".into(),
                    ..raw()
                },
                "country",
            ),
            (
                RawBranch {
                    country: "ßß".into(),
                    ..raw()
                },
                "country",
            ),
            (
                RawBranch {
                    country: "12".into(),
                    ..raw()
                },
                "country",
            ),
            (
                RawBranch {
                    time_zone: "Dhaka".into(),
                    ..raw()
                },
                "time_zone",
            ),
            (
                RawBranch {
                    address: long.into(),
                    ..raw()
                },
                "address",
            ),
            (
                RawBranch {
                    region: "a\0b".into(),
                    ..raw()
                },
                "region",
            ),
            (
                RawBranch {
                    kind: "a\nb".into(),
                    ..raw()
                },
                "type",
            ),
        ] {
            let Err(Error::Invalid(fields)) = wrong.parse(None) else {
                panic!("accepted: {field}");
            };
            assert_eq!(fields[0].field, field);
        }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let now = DateTime::UNIX_EPOCH;
        let current = Branch {
            id: BranchId::from(uuid::Uuid::nil()),
            code: "A".into(),
            name: "Old".into(),
            address: "Street 1".into(),
            city_corporation: String::new(),
            district: String::new(),
            region: "North".into(),
            country: "BD".into(),
            jurisdiction: None,
            kind: String::new(),
            time_zone: "Asia/Dhaka".into(),
            status: BranchStatus::Active,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let change = RawBranch {
            name: "New".into(),
            region: "".into(),
            ..RawBranch::default()
        };
        let after = change.parse(Some(&current)).expect("valid");
        assert_eq!((after.code.as_str(), after.name.as_str()), ("A", "New"));
        assert_eq!(
            (after.address.as_str(), after.region.as_str()),
            ("Street 1", "")
        );
    }
}
