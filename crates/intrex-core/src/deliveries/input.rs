//! What people and programs send: how a list is narrowed, and which dead letters are sent again.

use chrono_tz::Tz;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    commands::{Range, Replay},
    model::{DeliveryFilter, State},
};
use crate::{
    audit::{End, moment},
    error::{FieldErrors, Result},
    raw::Raw,
};

/// How a list is narrowed, as it stands in the URL. Empty values mean no restriction.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawDeliveryFilter {
    /// `waiting`, `sending`, `delivered`, `dead` or `cancelled`.
    pub state: Raw,
    /// A connector's id.
    pub connector: Raw,
    /// A route's id.
    pub route: Raw,
    /// Made at or after: a day, or an instant in RFC 3339.
    pub from: Raw,
    /// Made before an instant, or until the end of a day.
    pub to: Raw,
}

/// What may be asked for.
const STATES: &str = "waiting, sending, delivered, dead, cancelled";

impl RawDeliveryFilter {
    /// The checked filter; days are days of `zone`.
    pub fn parse(&self, zone: Tz) -> Result<DeliveryFilter> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let filter = DeliveryFilter {
            state: self
                .state
                .one_of(e, "state", STATES, State::parse)
                .flatten(),
            connector: self.connector.id(e, "connector").flatten(),
            route: self.route.id(e, "route").flatten(),
            from: moment(&self.from, e, "from", zone, End::Begin),
            to: moment(&self.to, e, "to", zone, End::End),
        };
        errors.finish()?;
        Ok(filter)
    }
}

/// Which dead letters are sent again, and whether they are only counted.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawReplay {
    /// A connector's id; without it those of every connector and of the installation's own mail.
    #[schema(value_type = Option<String>)]
    pub connector: Raw,
    /// Made at or after: a day of the organisation's zone, or an instant in RFC 3339.
    #[schema(value_type = Option<String>)]
    pub from: Raw,
    /// Made before an instant, or until the end of a day.
    #[schema(value_type = Option<String>)]
    pub to: Raw,
    /// `true` counts and changes nothing.
    #[schema(value_type = Option<bool>)]
    pub dry_run: Raw,
}

impl RawReplay {
    /// The checked range; days are days of `zone`.
    pub(super) fn parse(&self, zone: Tz) -> Result<(Range, Replay)> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let dry_run = self.dry_run.flag(e, "dry_run").flatten();
        let range = Range {
            connector: self.connector.id(e, "connector").flatten(),
            from: moment(&self.from, e, "from", zone, End::Begin),
            to: moment(&self.to, e, "to", zone, End::End),
        };
        errors.finish()?;
        let replay = match dry_run {
            Some(true) => Replay::Count,
            Some(false) | None => Replay::Send,
        };
        Ok((range, replay))
    }
}
