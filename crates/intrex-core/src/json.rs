//! Dates and instants in the JSON of what is shown by the page. Their own serialisation hands every digit to the writer by
//! itself, which looks at each for something to escape. Here the text is made first and handed over whole; it is the same.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Serializer;

/// For `serialize_with`: an instant as RFC 3339 has it.
pub(crate) fn instant<S: Serializer>(instant: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// For `serialize_with`: a civil date.
pub(crate) fn date<S: Serializer>(date: &NaiveDate, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&date.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_text_is_that_of_the_own_serialisation(micros in -62_000_000_000_000_000_i64..250_000_000_000_000_000, coarse in 0_u32..3) {
            let micros = micros - micros.rem_euclid(1_000_i64.pow(coarse));
            let then = DateTime::from_timestamp_micros(micros).expect("within the calendar");
            let mut text = Vec::new();
            instant(&then, &mut serde_json::Serializer::new(&mut text)).expect("a text");
            prop_assert_eq!(text, serde_json::to_vec(&then).expect("a text"));
            let mut text = Vec::new();
            date(&then.date_naive(), &mut serde_json::Serializer::new(&mut text)).expect("a text");
            prop_assert_eq!(text, serde_json::to_vec(&then.date_naive()).expect("a text"));
        }
    }
}
