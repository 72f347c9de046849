//! What a place is, and which one a branch is in, without a database.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{branches::BranchFacts, ids::JurisdictionId, words::words};

words! {
    /// The kinds of places, from the largest to the smallest.
    #[derive(PartialOrd, Ord, serde::Deserialize)]
    JurisdictionKind {
        /// A country.
        Country = "country",
        /// A division, a state, a nation of a kingdom.
        Region = "region",
        /// A district.
        District = "district",
        /// A city corporation.
        CityCorporation = "city_corporation",
        /// A zone of a city.
        Zone = "zone",
    }
}

/// A place as lists have it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = JurisdictionListed)]
pub struct Listed {
    /// Its id.
    pub id: JurisdictionId,
    /// Of ISO 3166, and below its subdivisions the organisation's own: `BD`, `BD-C`, `BD-C-DNCC`.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// `country`, `region`, `district`, `city_corporation` or `zone`.
    pub kind: String,
    /// The days on which offices are closed, `mon` to `sun`; null where they are those of what it is part of.
    pub weekend: Option<Vec<String>>,
    /// Its IANA time zone; null where it is that of what it is part of.
    pub time_zone: Option<String>,
    /// The pack it came with.
    pub pack: Option<String>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes; programs see it as the `ETag`.
    #[serde(skip)]
    pub version: i32,
}

/// A place with its holidays.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Jurisdiction {
    /// What lists have of it.
    #[serde(flatten)]
    pub place: Listed,
    /// The days on which its offices are closed beside the weekend, each with its name. Those of what it is part of hold too.
    #[schema(value_type = BTreeMap<String, String>)]
    pub holidays: BTreeMap<NaiveDate, String>,
}

/// What narrows a list of places.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JurisdictionFilter {
    /// This place and all of its parts, by its code.
    pub within: Option<String>,
}

/// A place's own facts, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facts {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) kind: JurisdictionKind,
    pub(super) weekend: Option<Vec<String>>,
    pub(super) time_zone: Option<String>,
    pub(super) holidays: BTreeMap<NaiveDate, String>,
}

/// Whether a place is another one or a part of it.
pub(crate) fn is_within(code: &str, place: &str) -> bool {
    code.strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The code of what a place is part of.
pub(super) fn parent(code: &str) -> Option<&str> {
    code.rsplit_once('-').map(|(parent, _)| parent)
}

/// The places that an organisation knows.
#[derive(Debug, Default)]
pub(crate) struct Places(pub(super) Vec<Known>);

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) kind: String,
}

impl Places {
    pub(crate) fn has(&self, code: &str) -> bool {
        self.0.iter().any(|place| place.code == code)
    }

    /// Whether one of them is of a larger kind than this.
    pub(super) fn is_larger(&self, code: &str, than: JurisdictionKind) -> bool {
        let mut places = self.0.iter();
        let found = places.find(|place| place.code == code);
        found
            .and_then(|place| JurisdictionKind::parse(&place.kind))
            .is_some_and(|kind| kind < than)
    }

    /// The smallest place of a branch's country that bears the name of its city corporation, district or region; else the
    /// country.
    pub(crate) fn of(&self, branch: &BranchFacts) -> Option<String> {
        let named = |kind: JurisdictionKind, name: &str| {
            let mut places = self.0.iter();
            let wanted = plain(name);
            places.find(|place| {
                place.kind == kind.as_str()
                    && is_within(&place.code, &branch.country)
                    && plain(&place.name) == wanted
            })
        };
        let found = [
            (JurisdictionKind::CityCorporation, &branch.city_corporation),
            (JurisdictionKind::District, &branch.district),
            (JurisdictionKind::Region, &branch.region),
        ]
        .into_iter()
        .filter(|(_, name)| !name.trim().is_empty())
        .find_map(|(kind, name)| named(kind, name));
        let country = || self.0.iter().find(|place| place.code == branch.country);
        found.or_else(country).map(|place| place.code.clone())
    }
}

/// A name without what only says of what kind a place is.
fn plain(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let kinds = [" city corporation", " division", " district", " state"];
    let short = kinds.iter().find_map(|kind| name.strip_suffix(kind));
    short.map_or(name.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let known = [
            ("BD", "Bangladesh", "country"),
            ("BD-C", "Dhaka Division", "region"),
            (
                "BD-C-DNCC",
                "Dhaka North City Corporation",
                "city_corporation",
            ),
            ("IN", "India", "country"),
            ("IN-DN", "Dhaka Division", "region"),
        ];
        Places(
            known
                .into_iter()
                .map(|(code, name, kind)| Known {
                    code: code.to_owned(),
                    name: name.to_owned(),
                    kind: kind.to_owned(),
                })
                .collect(),
        )
    }

    fn branch(country: &str, city_corporation: &str, region: &str) -> BranchFacts {
        BranchFacts {
            code: "A".into(),
            name: "A".into(),
            address: String::new(),
            city_corporation: city_corporation.into(),
            district: String::new(),
            region: region.into(),
            country: country.into(),
            jurisdiction: None,
            kind: String::new(),
            time_zone: "Asia/Dhaka".into(),
        }
    }

    #[test]
    fn a_branch_is_in_the_smallest_place_that_it_names() {
        let of = |country, city, region| places().of(&branch(country, city, region));
        let dncc = Some("BD-C-DNCC".to_owned());
        assert_eq!(of("BD", "Dhaka North City Corporation", "Dhaka"), dncc);
        assert_eq!(of("BD", " dhaka north ", ""), dncc);
        assert_eq!(of("BD", "Elsewhere", "dhaka division"), Some("BD-C".into()));
        assert_eq!(of("BD", "", ""), Some("BD".into()));
        assert_eq!(of("IN", "Dhaka North", "Dhaka"), Some("IN-DN".into()));
        assert_eq!(of("US", "Dhaka North", "Dhaka"), None);
    }

    #[test]
    fn a_place_is_within_itself_and_what_its_code_begins_with() {
        assert!(is_within("BD-C-DNCC", "BD-C") && is_within("BD", "BD"));
        assert!(!is_within("BD", "BD-C") && !is_within("BD-CX", "BD-C"));
        assert_eq!((parent("BD-C-DNCC"), parent("BD")), (Some("BD-C"), None));
    }
}
