//! What people type, checked once: lines and paragraphs with a length in characters, without control characters (NUL
//! included, which PostgreSQL cannot store), in Unicode's composed form. The slices' own types build on these.

use unicode_normalization::UnicodeNormalization as _;

use crate::{
    catalogue::{Text, keys},
    error::{Error, Result},
};

/// A trimmed single line of 1 to `max` characters.
pub fn check_line(typed: &str, max: usize) -> std::result::Result<String, Text> {
    let line = check_optional_line(typed, max)?;
    if line.is_empty() {
        Err(keys::ERROR_FIELD_REQUIRED.into())
    } else {
        Ok(line)
    }
}

/// The same for a name that stands in mail to others: nobody is to put a link into a letter of ours by calling somebody so.
pub fn check_name(typed: &str, max: usize) -> std::result::Result<String, Text> {
    let line = check_line(typed, max)?;
    match makes_a_link(&line) {
        true => Err(keys::ERROR_FIELD_MAKES_A_LINK.into()),
        false => Ok(line),
    }
}

/// Schemes that need no `//` to be followed.
const SCHEMES: [&str; 14] = [
    "http",
    "https",
    "ftp",
    "file",
    "mailto",
    "tel",
    "callto",
    "sms",
    "sip",
    "skype",
    "whatsapp",
    "xmpp",
    "javascript",
    "vbscript",
];
/// Those of them that are followed over a blank, too.
const SCRIPTS: [&str; 2] = ["javascript", "vbscript"];

/// Whether programs that show mail would make a link of a part of this: a scheme, `www.`, or a host with a path. A bare dotted word
/// is not enough: there are companies with such names. Nor is a word with a colon, as in "Ward: north".
fn makes_a_link(line: &str) -> bool {
    let shown = line
        .chars()
        .filter(|c| c.is_whitespace() || !is_invisible(*c));
    let line: String = shown.nfkc().collect::<String>().to_lowercase();
    let scheme = line.match_indices(':').any(|(at, _)| {
        let before = line[..at].trim_end();
        let word = before.rsplit(|c: char| !c.is_alphanumeric()).next();
        let goes_on = line[at + 1..].starts_with(|c: char| !c.is_whitespace());
        word.is_some_and(|word| {
            SCRIPTS.contains(&word) || (goes_on && before.len() == at && SCHEMES.contains(&word))
        })
    });
    let www = line.match_indices("www.").any(|(at, found)| {
        let inside = line[..at]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        let goes_on = line[at + found.len()..]
            .chars()
            .next()
            .is_some_and(char::is_alphanumeric);
        !inside && goes_on
    });
    let host = |word: &str| match word.split_once('/') {
        Some((host, _)) => host.rsplit_once('.').is_some_and(|(name, last)| {
            name.chars().next_back().is_some_and(char::is_alphanumeric)
                && last.chars().count() >= 2
                && last.chars().all(char::is_alphanumeric)
        }),
        None => false,
    };
    line.contains("://") || scheme || www || line.split_whitespace().any(host)
}

/// A trimmed single line of 0 to `max` characters.
pub fn check_optional_line(typed: &str, max: usize) -> std::result::Result<String, Text> {
    check(typed, max, |c| c.is_control())
}

/// A trimmed text of 0 to `max` characters that may have several lines.
pub fn check_paragraphs(typed: &str, max: usize) -> std::result::Result<String, Text> {
    check(&typed.replace("\r\n", "\n"), max, |c| {
        c.is_control() && c != '\n' && c != '\t'
    })
}

fn check(
    typed: &str,
    max: usize,
    refused: impl Fn(char) -> bool,
) -> std::result::Result<String, Text> {
    // Bytes first: normalising a megabyte to find out that it is too long would be work for nothing.
    if typed.len() > max * 4 + 1024 {
        return Err(Text::new(keys::ERROR_FIELD_TOO_LONG).with("max", max));
    }
    let text: String = typed.trim().nfc().collect();
    if text.chars().any(|c| refused(c) || turns_text(c)) {
        return Err(keys::ERROR_FIELD_CONTROL_CHARACTERS.into());
    }
    // Some scripts and emoji need joiners within words; alone they are a text that nobody sees.
    if text.chars().all(is_invisible) {
        return Ok(String::new());
    }
    if text.chars().count() > max {
        return Err(Text::new(keys::ERROR_FIELD_TOO_LONG).with("max", max));
    }
    Ok(text)
}

/// Controls of direction, which turn the text around them as well: what is shown would not be what is stored. (Unicode
/// Standard Annex 9, explicit formatting characters; the implicit marks are harmless.)
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters without a shape of their own.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
}

/// The name of an IANA time zone, exactly as the database of zones spells it.
pub fn check_time_zone(typed: &str) -> std::result::Result<String, Text> {
    let name = check_line(typed, 64)?;
    name.parse::<chrono_tz::Tz>()
        .map(|zone| zone.name().to_owned())
        .map_err(|_| keys::ERROR_FIELD_UNKNOWN_TIME_ZONE.into())
}

/// A required line of a named field.
pub(crate) fn line(field: &str, typed: &str, max: usize) -> Result<String> {
    check_line(typed, max).map_err(|text| Error::invalid(field, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_composed_and_bounded() {
        assert_eq!(check_line("  Cafe\u{301} ", 10).as_deref(), Ok("Café"));
        assert_eq!(
            check_line("   ", 10),
            Err(keys::ERROR_FIELD_REQUIRED.into())
        );
        assert!(check_line(&"x".repeat(11), 10).is_err());
        assert!(check_line(&"x".repeat(1_000_000), 10).is_err());
    }

    #[test]
    fn a_name_is_no_link_and_dots_and_strokes_are_no_links_either() {
        for name in [
            "Dr. med. A. Müller",
            "J.R.R. Tolkien",
            "Ana/Anna",
            "Anna-Lena St.John",
            "Booking.com",
            "Acme N.V./S.A.",
            "Müller GmbH & Co. KG",
            "Dr./Prof. Li",
            "awww. Inc",
            "Www. Org",
            "M. O'Neill @ Acme",
            "alice@acme.example",
            "Acme p.a./Ltd",
            "Ward: north",
            "Ward:north",
            "Grand Hotel:Dhaka",
            "Acme Ltd, tel: 02-5555",
            "HTTP: The Company",
            "Section 8: mail to",
        ] {
            assert_eq!(check_name(name, 100).as_deref(), Ok(name));
        }
        for link in [
            "https://evil.example",
            "Bob, see hTTp://evil.example",
            "x://y",
            "www.evil.example",
            "Bob (WWW.evil.example)",
            "\u{ff57}ww.evil.example",
            "https\u{ff1a}//evil.example",
            "evil.example/login",
            "call evil.example/",
            "mailto:eve@evil.example",
            "write MailTo:eve@evil.example",
            "(tel:+8802555555)",
            "http:evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "JavaScript : alert(1)",
            "java\u{200b}script:alert(1)",
            "mailto\u{ff1a}eve@evil.example",
            "sms:02555555",
        ] {
            let refused = Err(keys::ERROR_FIELD_MAKES_A_LINK.into());
            assert_eq!(check_name(link, 100), refused, "{link}");
        }
    }

    #[test]
    fn control_characters_are_refused_and_lines_kept_where_they_belong() {
        assert!(check_line("a\0b", 10).is_err());
        assert!(check_line("a\nb", 10).is_err());
        assert_eq!(check_paragraphs("a\r\nb", 10).as_deref(), Ok("a\nb"));
        assert!(check_paragraphs("a\u{1b}[31mb", 20).is_err());
    }

    #[test]
    fn what_cannot_be_seen_is_no_text_and_nothing_turns_the_text_around_it() {
        for unseen in ["\u{200b}", "\u{2060} \u{feff}", "\u{3164}"] {
            let refused = check_line(unseen, 10);
            assert_eq!(
                refused,
                Err(keys::ERROR_FIELD_REQUIRED.into()),
                "{unseen:?}"
            );
        }
        assert!(check_line("abc\u{202e}fdp", 10).is_err());
        // A joiner between Bangla letters, and within an emoji.
        assert!(check_line("র\u{200d}্যাব 👩\u{200d}💼", 20).is_ok());
    }
}
