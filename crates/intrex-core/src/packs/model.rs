//! What a pack is. Its file is read strictly: a member that nobody knows is an error and not a rule that is half there.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use crate::{
    ids::TemplateId, jurisdictions::JurisdictionKind, templates::RawTemplate, words::words,
};

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
    pub kind: JurisdictionKind,
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

words! {
    /// How a pack's rule stands beside an organisation's templates.
    RuleState {
        /// The organisation does not have it yet.
        New = "new",
        /// It has it as it is.
        Same = "same",
        /// The pack says something else than when it was taken over.
        Changed = "changed",
        /// The organisation has changed its template: it stays unless it is asked for by its code.
        Edited = "edited",
        /// The organisation has a template of its own under this code: it stays.
        Own = "own",
        /// The pack has it no more: the template is retired.
        Gone = "gone",
    }
}

/// What a field says here, and what the pack says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PackFieldChange)]
pub struct FieldChange {
    /// Its name.
    pub field: &'static str,
    /// What the organisation's template says.
    pub before: String,
    /// What the rule says.
    pub after: String,
}

/// A rule beside an organisation's templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PackRule)]
pub struct RuleLook {
    /// Its short name.
    pub code: String,
    /// Its title.
    pub title: String,
    /// Who asks for it.
    pub authority: String,
    /// Where that is written.
    pub citation: String,
    /// Where it holds.
    pub jurisdiction: String,
    /// How bad it is to be late.
    pub severity: String,
    /// When somebody last compared it with what it cites; null of what the pack has no more.
    pub checked_on: Option<NaiveDate>,
    /// How it stands.
    pub state: RuleState,
    /// The organisation's template, if there is one.
    pub template_id: Option<TemplateId>,
    /// What would change.
    pub changes: Vec<FieldChange>,
}

/// A pack beside what an organisation has of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PackSummary {
    /// Its name.
    pub pack: String,
    /// What it is called.
    pub title: String,
    /// Its version.
    pub version: String,
    /// The country.
    pub jurisdiction: String,
    /// When somebody last went through all of it.
    pub checked_on: NaiveDate,
    /// What to think of it.
    pub note: String,
    /// How many rules it has.
    pub rules: u32,
    /// The version that the organisation has taken over last; null if none.
    pub applied_version: Option<String>,
    /// When that was.
    pub applied_at: Option<DateTime<Utc>>,
}

/// What taking a pack over does, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PackLook {
    /// Which.
    #[serde(flatten)]
    pub summary: PackSummary,
    /// Every rule, and what the pack has no more, in the order of the pack.
    pub looks: Vec<RuleLook>,
    /// Templates that are made.
    pub made: u32,
    /// Templates that are changed.
    pub changed: u32,
    /// Templates that are retired.
    pub retired: u32,
    /// Templates that stay as the organisation has changed them.
    pub kept: u32,
    /// Whether nothing of it was done.
    pub dry_run: bool,
}
