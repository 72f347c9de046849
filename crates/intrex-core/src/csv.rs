//! Tables for spreadsheets. A spreadsheet runs what looks like a formula, whoever typed it: every table that leaves Intrex is
//! written here, and a cell that somebody typed is marked as text if it could be taken for one.

use std::borrow::Cow;

/// What a formula begins with, in every width that a spreadsheet reads as the same sign.
const FORMULA: [char; 13] = [
    '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '−',
];

/// A line as RFC 4180 has it, each cell in quotes.
pub(crate) fn line<const N: usize>(cells: [String; N]) -> String {
    let cells = cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
    format!("{}\r\n", cells.join(","))
}

/// What was typed, so that no spreadsheet takes it for a formula: blanks and signs that nobody sees do not hide one, and
/// a tab or a line break in front is marked whatever follows.
pub(crate) fn typed(text: &str) -> Cow<'_, str> {
    let begins = text.trim_start_matches(is_unseen);
    let is_broken = text.starts_with(char::is_control);
    match is_broken || begins.starts_with(FORMULA) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// Blanks of every width, control characters, and marks that take no room.
fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{00ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one_whatever_stands_in_it() {
        let written = line(["a \"quoted\", word\nand a line".to_owned(), "b".to_owned()]);
        assert_eq!(written, "\"a \"\"quoted\"\", word\nand a line\",\"b\"\r\n");
    }

    #[test]
    fn what_looks_like_a_formula_is_marked_as_text_whatever_stands_in_front_of_it() {
        let signs = [
            "=1+1",
            "+1",
            "-1",
            "@sum(a1)",
            "＝1+1",
            "＋1",
            "－1",
            "＠sum(a1)",
            "−1",
        ];
        let hidden = [
            "", " ", "   ", "\t", "\r", "\n", "\r\n", "\u{00a0}", "\u{3000}", "\u{200b}",
            "\u{feff}", "\u{202e}", "\0", " \t\n ",
        ];
        for before in hidden {
            for sign in signs {
                let formula = format!("{before}{sign}");
                assert_eq!(typed(&formula), format!("'{formula}"), "{formula:?}");
            }
        }
        for broken in ["\tAlice", "\rAlice", "\nAlice"] {
            assert_eq!(typed(broken), format!("'{broken}"), "{broken:?}");
        }
        for words in [
            "",
            "Alice",
            "a=b",
            "'quoted",
            " Alice",
            "3 - 1",
            "ＡＬＩＣＥ",
            "আলিস",
        ] {
            assert_eq!(typed(words), words);
        }
    }
}
