//! How one value is read: numbers within bounds, yes or no, URLs of given schemes, lists of networks.

use std::ops::RangeInclusive;

use ipnet::IpNet;
use url::Url;

use super::Environment;

/// A number within bounds, or the default.
pub(super) fn number(
    environment: &Environment,
    name: &str,
    default: u32,
    range: RangeInclusive<u32>,
) -> Result<u32, String> {
    let Some(text) = environment.get(name) else {
        return Ok(default);
    };
    text.parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            format!(
                "{name} must be a whole number from {} to {}",
                range.start(),
                range.end()
            )
        })
}

/// `true` or `false`, or the default.
pub(super) fn yes_or_no(
    environment: &Environment,
    name: &str,
    default: bool,
) -> Result<bool, String> {
    match environment.get(name) {
        None => Ok(default),
        Some("true" | "1" | "yes" | "on") => Ok(true),
        Some("false" | "0" | "no" | "off") => Ok(false),
        Some(_) => Err(format!("{name} must be true or false")),
    }
}

/// A URL of one of these schemes. The value itself is not repeated: it may hold a password.
pub(super) fn url(name: &str, value: &str, schemes: &[&str]) -> Result<Url, String> {
    let fault = || {
        let schemes: Vec<String> = schemes.iter().map(|s| format!("{s}://")).collect();
        format!(
            "{name} must be a URL that begins with {}",
            schemes.join(" or ")
        )
    };
    let url = Url::parse(value).map_err(|_| fault())?;
    if schemes.contains(&url.scheme()) {
        Ok(url)
    } else {
        Err(fault())
    }
}

/// Networks (`10.0.0.0/8`) or single addresses, with commas or spaces between; `none` is none.
pub(super) fn networks(environment: &Environment, name: &str) -> Result<Vec<IpNet>, String> {
    let text = environment.get(name).unwrap_or("none");
    text.split([',', ' '])
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "none")
        .map(|part| {
            part.parse::<IpNet>()
                .or_else(|_| part.parse::<std::net::IpAddr>().map(IpNet::from))
                .map_err(|_| {
                    format!("{name}: {part} is neither an address nor a network such as 10.0.0.0/8")
                })
        })
        .collect()
}
