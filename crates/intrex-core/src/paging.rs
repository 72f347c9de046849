//! Paging by cursor: a page names where the next one begins, so that nothing is repeated or skipped when rows come and
//! go between two pages. A cursor belongs to its filter and is refused with another.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    catalogue::keys,
    error::{Error, FieldErrors, Result},
    raw::Raw,
};

/// Rows of a page if nobody says how many.
pub const DEFAULT_LIMIT: u32 = 50;
/// Rows of a page at most.
pub const MAX_LIMIT: u32 = 200;
/// Characters of a cursor at most.
const MAX_CURSOR: usize = 1_000;
/// The version of the cursor's form.
const VERSION: u8 = 1;

/// Which page of a list is asked for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    limit: u32,
    cursor: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        PageRequest {
            limit: DEFAULT_LIMIT,
            cursor: None,
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last one.
    pub next_cursor: Option<String>,
}

impl PageRequest {
    /// Reads `limit` and `cursor` of a URL.
    pub fn parse(limit: &Raw, cursor: &Raw) -> Result<Self> {
        let mut errors = FieldErrors::new();
        let limit = limit.number(&mut errors, "limit", 1, MAX_LIMIT.into());
        let cursor = errors.take("cursor", cursor.words());
        errors.finish()?;
        let limit = limit.flatten().and_then(|limit| u32::try_from(limit).ok());
        Ok(PageRequest {
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            cursor: cursor.flatten(),
        })
    }

    /// The first page with so many rows, 200 at most.
    pub fn first(limit: u32) -> Self {
        PageRequest {
            limit: limit.clamp(1, MAX_LIMIT),
            cursor: None,
        }
    }

    /// The page that begins at a cursor, with as many rows.
    pub fn at(self, cursor: Option<String>) -> Self {
        PageRequest { cursor, ..self }
    }

    /// Whether another page stands before it.
    pub fn is_later(&self) -> bool {
        self.cursor.is_some()
    }

    /// Rows to ask the database for: one more than the page has, to know whether there is a next one.
    pub(crate) fn limit_and_one(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The sort key behind which the page begins, if it is not the first.
    pub(crate) fn after<K: DeserializeOwned>(&self, filter: &impl Serialize) -> Result<Option<K>> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let unreadable = || Error::invalid("cursor", keys::ERROR_FIELD_CURSOR);
        if cursor.len() > MAX_CURSOR {
            return Err(unreadable());
        }
        let bytes = B64.decode(cursor).map_err(|_| unreadable())?;
        let (version, hash, key): (u8, String, Value) =
            serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
        if version != VERSION || hash != hash_of(filter)? || !storable(&key) {
            return Err(unreadable());
        }
        serde_json::from_value(key)
            .map(Some)
            .map_err(|_| unreadable())
    }

    /// Cuts the one row too many off, and names where the next page begins.
    pub(crate) fn cut<T, K: Serialize>(
        &self,
        mut rows: Vec<T>,
        filter: &impl Serialize,
        key: impl Fn(&T) -> K,
    ) -> Result<Page<T>> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last().filter(|_| more) {
            Some(last) => {
                let cursor = serde_json::to_vec(&(VERSION, hash_of(filter)?, key(last)))
                    .map_err(Error::internal)?;
                Some(B64.encode(cursor))
            }
            None => None,
        };
        Ok(Page {
            items: rows,
            next_cursor,
        })
    }
}

/// Whether the database can hold the parts of a key: a cursor comes from outside, and a forged one must not become a
/// fault of ours. It has no NUL in its texts and no dates outside of the calendar's four-digit years.
fn storable(key: &Value) -> bool {
    match key {
        Value::Array(parts) => parts.iter().all(storable),
        Value::String(text) => {
            let year = (text.parse::<NaiveDate>().map(|day| day.year()))
                .or_else(|_| text.parse::<DateTime<Utc>>().map(|instant| instant.year()));
            !text.contains('\0') && year.map_or(true, |year| (1..=9999).contains(&year))
        }
        _ => true,
    }
}

fn hash_of(filter: &impl Serialize) -> Result<String> {
    let bytes = serde_json::to_vec(filter).map_err(Error::internal)?;
    Ok(hex::encode(&Sha256::digest(bytes)[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_continues_its_own_list_and_no_other() {
        let page = PageRequest::first(2)
            .cut(vec![1, 2, 3], &"open", |row| *row)
            .expect("cuts");
        assert_eq!(page.items, [1, 2]);
        let next = PageRequest::first(2).at(page.next_cursor);
        assert_eq!(next.after::<i32>(&"open").expect("reads"), Some(2));
        assert!(next.after::<i32>(&"closed").is_err());
        assert!(next.after::<(String, i32)>(&"open").is_err());
    }

    #[test]
    fn the_last_page_names_no_next_one() {
        assert_eq!(
            PageRequest::first(3)
                .cut(vec![1, 2, 3], &(), |row| *row)
                .expect("cuts")
                .next_cursor,
            None
        );
    }

    #[test]
    fn garbage_is_a_wrong_field() {
        for cursor in ["x", "", "AAAA", "W10", &"A".repeat(5_000)] {
            let page = PageRequest::default().at(Some(cursor.to_owned()));
            assert!(
                matches!(page.after::<i32>(&()), Err(Error::Invalid(_))),
                "{cursor}"
            );
        }
        for key in [
            "a\0b",
            "-0044-03-15",
            "+12345-01-01",
            "-9999-01-01T00:00:00Z",
        ] {
            let forged = serde_json::to_vec(&(VERSION, hash_of(&()).expect("hashes"), (key, 1)));
            let page = PageRequest::default().at(forged.ok().map(|bytes| B64.encode(bytes)));
            assert!(page.after::<(String, i32)>(&()).is_err(), "{key:?}");
        }
        assert!(PageRequest::parse(&Raw::from("0"), &Raw::default()).is_err());
        assert!(PageRequest::parse(&Raw::from("201"), &Raw::default()).is_err());
    }
}
