//! What a pack is. Its file is read strictly: a member that nobody knows is an error and not a rule that is half there.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, de};

use crate::templates::RawTemplate;

/// What authorities ask for in one country.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Where its schema is, for editors.
    #[serde(rename = "$schema")]
    _schema: String,
    /// Its name, for ever.
    #[serde(rename = "pack")]
    pub name: String,
    /// What it is called.
    pub title: String,
    /// Semantic versioning: a rule that says something else is a new minor version, a rule that is gone a new major one.
    pub version: String,
    /// Where all of it holds: a country of ISO 3166-1.
    pub jurisdiction: String,
    /// When somebody last went through all of it.
    pub checked_on: NaiveDate,
    /// What to think of it.
    pub note: String,
    /// The country and its parts, each after the one that it is part of.
    #[serde(rename = "jurisdictions")]
    pub places: Vec<Place>,
    /// Its rules.
    #[serde(rename = "templates")]
    pub rules: Vec<Rule>,
}

/// A country, or a part of one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Of ISO 3166, and below its subdivisions our own: `BD`, `BD-C`, `BD-C-DNCC`.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// Which kind of part it is.
    pub kind: PlaceKind,
    /// What it is part of; none of a country.
    #[serde(default)]
    pub parent: Option<String>,
    /// The days on which offices are closed, `mon` to `sun`; none: those of what it is part of.
    #[serde(default)]
    pub weekend: Vec<String>,
    /// Its zone; none: that of what it is part of.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// The kinds of parts, from the largest to the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// A country.
    Country,
    /// A division, a state, a nation of a kingdom.
    Region,
    /// A district.
    District,
    /// A city corporation.
    CityCorporation,
    /// A zone of a city.
    Zone,
}

/// A rule as its authority wrote it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The template that is made of it.
    pub template: RawTemplate,
    /// When somebody last compared it with what it cites.
    pub checked_on: NaiveDate,
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const CHECKED_ON: &str = "checked_on";
        let mut members = serde_json::Map::deserialize(deserializer)?;
        let checked_on = members
            .remove(CHECKED_ON)
            .ok_or_else(|| de::Error::missing_field(CHECKED_ON))?;
        Ok(Rule {
            checked_on: serde_json::from_value(checked_on).map_err(de::Error::custom)?,
            template: serde_json::from_value(members.into()).map_err(de::Error::custom)?,
        })
    }
}

impl Pack {
    /// Reads a file. A rule that names no place holds everywhere in the pack's.
    pub(super) fn read(text: &str) -> serde_json::Result<Self> {
        let mut pack: Pack = serde_json::from_str(text)?;
        for rule in &mut pack.rules {
            if !rule.template.jurisdiction.is_given() {
                rule.template.jurisdiction = pack.jurisdiction.as_str().into();
            }
        }
        Ok(pack)
    }
}
