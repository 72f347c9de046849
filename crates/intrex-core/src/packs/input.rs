//! What people and programs send to take a pack over.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{Pack, shelf};
use crate::{
    catalogue::{Text, keys},
    error::{Error, FieldErrors, Result},
    raw::Raw,
};

/// Codes that can be named at once.
const MAX_CODES: usize = 500;

/// Which pack is taken over, and how.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = RawApplyPack)]
pub struct RawApply {
    /// Its name. Required.
    #[schema(value_type = String, max_length = 100)]
    pub pack: Raw,
    /// The codes of templates that the organisation has changed and that are to say what the pack says.
    #[schema(value_type = Option<Vec<String>>)]
    pub overwrite: Raw,
    /// Whether it is only looked at.
    #[schema(value_type = Option<bool>)]
    pub dry_run: Raw,
}

/// The same, checked.
pub(super) struct Wanted {
    pub(super) pack: &'static Pack,
    pub(super) overwrite: Vec<String>,
    pub(super) dry_run: bool,
}

impl RawApply {
    pub(super) fn parse(&self) -> Result<Wanted> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let pack = named(&self.pack, e)?;
        let overwrite = self.overwrite.list(e, "overwrite", MAX_CODES);
        let dry_run = self.dry_run.flag(e, "dry_run");
        if let (Some(pack), Some(codes)) = (pack, &overwrite) {
            let known = |code: &String| {
                pack.rules
                    .iter()
                    .any(|rule| rule.template.code.shown() == *code)
            };
            if !codes.iter().all(known) {
                e.add("overwrite", keys::ERROR_FIELD_UNKNOWN_REFERENCE);
            }
        }
        errors.finish()?;
        let wanted = (|| {
            Some(Wanted {
                pack: pack?,
                overwrite: overwrite?,
                dry_run: dry_run?.unwrap_or(false),
            })
        })();
        wanted.ok_or_else(|| Error::internal("a field was refused without saying why"))
    }
}

/// The pack of a name that was typed.
pub(super) fn named(raw: &Raw, errors: &mut FieldErrors) -> Result<Option<&'static Pack>> {
    let all = shelf::all()?;
    let names: Vec<&str> = all.iter().map(|pack| pack.name.as_str()).collect();
    let typed = raw.shown();
    if typed.trim().is_empty() {
        errors.add("pack", keys::ERROR_FIELD_REQUIRED);
        return Ok(None);
    }
    let found = shelf::find(typed.trim())?;
    if found.is_none() {
        let text = Text::new(keys::ERROR_FIELD_NOT_ONE_OF);
        errors.add("pack", text.with("choices", names.join(", ")));
    }
    Ok(found)
}
