//! When a server wants to be asked again: `Retry-After`, in seconds or as a date in each of the three forms that HTTP has
//! (RFC 9110, 5.6.7).

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use http::{HeaderMap, header::RETRY_AFTER};

/// The longest wait that a server is granted.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait that an answer asks for; none if it asks for none that can be understood.
pub(super) fn of(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    read(headers.get(RETRY_AFTER)?.to_str().ok()?.trim(), now)
}

/// So many seconds, up to the longest wait.
pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(LONGEST)
}

fn read(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are a very long time.
        return Some(seconds(value.parse().unwrap_or(u64::MAX)));
    }
    let then = date(value)?;
    // What has passed is now.
    Some((then - now).to_std().unwrap_or_default().min(LONGEST))
}

fn date(value: &str) -> Option<DateTime<Utc>> {
    const FORMS: [&str; 3] = [
        "%a, %d %b %Y %H:%M:%S GMT",
        "%A, %d-%b-%y %H:%M:%S GMT",
        "%a %b %e %H:%M:%S %Y",
    ];
    FORMS
        .into_iter()
        .find_map(|form| NaiveDateTime::parse_from_str(value, form).ok())
        .map(|then| then.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_every_form_of_a_date_are_understood() {
        let now: DateTime<Utc> = "2026-11-22T03:00:00Z".parse().expect("an instant");
        for (value, wait) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("Sun, 22 Nov 2026 03:02:00 GMT", Some(120)),
            ("Sunday, 22-Nov-26 03:02:00 GMT", Some(120)),
            ("Sun Nov 22 03:02:00 2026", Some(120)),
            ("Sun, 22 Nov 2020 03:02:00 GMT", Some(0)),
            ("Mon, 22 Nov 2060 03:02:00 GMT", Some(86_400)),
            ("100000", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("-5", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("Sun, 22 Nov 2026 03:02:00 +0600", None),
        ] {
            let expected = wait.map(Duration::from_secs);
            assert_eq!(read(value, now), expected, "{value}");
        }
    }
}
