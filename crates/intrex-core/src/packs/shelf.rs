//! The packs that come with the program.

use std::sync::OnceLock;

use super::model::Pack;
use crate::error::{Error, Result};

macro_rules! files {
    ($($name:literal)+) => {
        pub(super) const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../../packs/", $name, ".json")))),+];
    };
}

files!("bangladesh" "india" "united-kingdom" "united-states-healthcare");

/// Every pack, by name.
pub fn all() -> Result<&'static [Pack]> {
    static ALL: OnceLock<Vec<Pack>> = OnceLock::new();
    if let Some(all) = ALL.get() {
        return Ok(all);
    }
    let read = FILES.iter().map(|(_, text)| Pack::read(text));
    let read = read.collect::<serde_json::Result<_>>();
    let read = read.map_err(Error::internal)?;
    Ok(ALL.get_or_init(|| read))
}

/// The pack of this name.
pub fn find(name: &str) -> Result<Option<&'static Pack>> {
    Ok(all()?.iter().find(|pack| pack.name == name))
}
