//! A spreadsheet as text: its encoding, its delimiter, its heading, and its rows, read a chunk at a time. What cannot be
//! read as a whole is a [`Fault`], and nothing of the file is applied; what is wrong with one row is told with its number.

use std::ops::ControlFlow;

use super::{
    fault::Fault,
    scanner::{Scanner, Unsplittable},
};
use crate::{
    catalogue::{Text, keys},
    raw::Raw,
};

/// Bytes of the heading line at most.
const MAX_HEADING: usize = 16 * 1024;
/// Rows of a file at most.
pub(super) const MAX_ROWS: u32 = 200_000;
/// The bytes that say "UTF-8 follows".
const UTF8_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
/// What cells may be parted by.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// A column that a kind of file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// As the heading names it.
    pub name: &'static str,
    /// Whether a file without it is refused.
    pub required: bool,
}

/// The columns that a file has, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading(Vec<&'static str>);

impl Heading {
    fn read(cells: &[&str], known: &[Column]) -> Result<Self, Fault> {
        let mut names = Vec::new();
        let mut unknown = Vec::new();
        for (at, cell) in cells.iter().enumerate() {
            let cell = cell.trim();
            match known
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(cell))
            {
                _ if cell.is_empty() => return Err(Fault::UnnamedColumn { position: at + 1 }),
                None => unknown.push(cell.to_owned()),
                Some(column) if names.contains(&column.name) => {
                    return Err(Fault::ColumnTwice(column.name));
                }
                Some(column) => names.push(column.name),
            }
        }
        let missing: Vec<_> = known
            .iter()
            .filter(|column| column.required && !names.contains(&column.name))
            .map(|column| column.name)
            .collect();
        // A file of another kind lacks columns and has others: the missing ones say more.
        if !missing.is_empty() {
            return Err(Fault::MissingColumns(missing));
        }
        if !unknown.is_empty() {
            return Err(Fault::UnknownColumns(unknown));
        }
        Ok(Heading(names))
    }

    /// Whether the file has this column.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    /// A row's cell as a field that was sent, or as one that was not if the file lacks the column.
    pub(super) fn raw(&self, cells: &[String], name: &str) -> Raw {
        self.0
            .iter()
            .position(|column| *column == name)
            .and_then(|at| cells.get(at))
            .map(|cell| Raw::from(cell.as_str()))
            .unwrap_or_default()
    }

    /// A row's cells with the names of their columns.
    pub(super) fn named<'a>(
        &'a self,
        cells: &'a [String],
    ) -> impl Iterator<Item = (&'static str, &'a str)> {
        self.0.iter().copied().zip(cells.iter().map(String::as_str))
    }
}

/// One row of a file: the first after the heading has the number 1, and empty ones are numbered, too, so that row N is
/// line N + 1 of the spreadsheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Its number.
    pub(super) number: u32,
    /// One cell a column, or what is wrong with the row as a whole.
    pub(super) cells: Result<Vec<String>, Text>,
}

/// Reads a file of known columns.
#[derive(Debug)]
pub(super) struct Sheet {
    known: &'static [Column],
    stage: Stage,
    number: u32,
}

#[derive(Debug)]
enum Stage {
    /// Collecting the heading line, from which the delimiter follows.
    Heading(Vec<u8>),
    /// Reading rows.
    Rows(Heading, Scanner),
}

impl Sheet {
    /// At the beginning of a file.
    pub(super) fn new(known: &'static [Column]) -> Self {
        Sheet {
            known,
            stage: Stage::Heading(Vec::new()),
            number: 0,
        }
    }

    /// The heading, once it was read.
    pub(super) fn heading(&self) -> Option<&Heading> {
        match &self.stage {
            Stage::Heading(_) => None,
            Stage::Rows(heading, _) => Some(heading),
        }
    }

    /// Reads the next bytes of the file and gives each complete row away; rows without any words are left out.
    pub(super) fn read(&mut self, chunk: &[u8], give: &mut impl FnMut(Row)) -> Result<(), Fault> {
        match &mut self.stage {
            Stage::Rows(..) => self.rows(chunk, give),
            Stage::Heading(collected) => {
                collected.extend_from_slice(chunk);
                let collected = std::mem::take(collected);
                match heading_line(&collected)? {
                    ControlFlow::Continue(()) => {
                        self.stage = Stage::Heading(collected);
                        Ok(())
                    }
                    ControlFlow::Break(line) => {
                        self.begin(&collected[line.clone()])?;
                        self.rows(&collected[line.end..], give)
                    }
                }
            }
        }
    }

    /// The file has ended: gives its last row away, if that has no end of line.
    pub(super) fn end(&mut self, give: &mut impl FnMut(Row)) -> Result<(), Fault> {
        if let Stage::Heading(collected) = &mut self.stage {
            let mut collected = std::mem::take(collected);
            collected.push(b'\n');
            match heading_line(&collected)? {
                ControlFlow::Continue(()) => return Err(Fault::Empty),
                ControlFlow::Break(line) => self.begin(&collected[line])?,
            }
        }
        if let Stage::Rows(heading, scanner) = &mut self.stage {
            let last = scanner
                .end()
                .map_err(|fault| unsplittable(fault, self.number + 1))?;
            if last {
                self.number += 1;
                give_row(heading, scanner, self.number, give)?;
            }
        }
        Ok(())
    }

    /// Reads the heading line.
    fn begin(&mut self, line: &[u8]) -> Result<(), Fault> {
        let text = std::str::from_utf8(line).map_err(|_| Fault::NotUtf8 { row: 0 })?;
        if text.contains('\0') {
            return Err(Fault::Utf16);
        }
        let delimiter = delimiter_of(line);
        let mut scanner = Scanner::new(delimiter);
        let mut rest = line;
        loop {
            let (taken, complete) = scanner.read(rest).map_err(|_| Fault::HeadingTooLong)?;
            if complete {
                break;
            }
            rest = &rest[taken..];
            if rest.is_empty() {
                scanner.end().map_err(|_| Fault::HeadingTooLong)?;
                break;
            }
        }
        let cells: Vec<&str> = scanner
            .cells()
            .map(|cell| std::str::from_utf8(cell).unwrap_or_default())
            .collect();
        let heading = Heading::read(&cells, self.known)?;
        self.stage = Stage::Rows(heading, Scanner::new(delimiter));
        Ok(())
    }

    fn rows(&mut self, mut chunk: &[u8], give: &mut impl FnMut(Row)) -> Result<(), Fault> {
        let Stage::Rows(heading, scanner) = &mut self.stage else {
            return Ok(());
        };
        while !chunk.is_empty() {
            let (taken, complete) = scanner
                .read(chunk)
                .map_err(|fault| unsplittable(fault, self.number + 1))?;
            chunk = &chunk[taken..];
            if complete {
                self.number += 1;
                give_row(heading, scanner, self.number, give)?;
            }
        }
        Ok(())
    }
}

fn give_row(
    heading: &Heading,
    scanner: &mut Scanner,
    number: u32,
    give: &mut impl FnMut(Row),
) -> Result<(), Fault> {
    if number > MAX_ROWS {
        return Err(Fault::TooManyRows);
    }
    let cells = scanner
        .cells()
        .map(|cell| std::str::from_utf8(cell).map(str::to_owned))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Fault::NotUtf8 { row: number })?;
    let misquoted = scanner.misquoted();
    scanner.next();
    if cells.iter().all(|cell| cell.trim().is_empty()) {
        return Ok(());
    }
    let cells = if misquoted {
        Err(keys::IMPORT_ROW_MISQUOTED.into())
    } else if cells.len() != heading.0.len() {
        Err(Text::new(keys::IMPORT_ROW_RAGGED)
            .with("cells", cells.len())
            .with("columns", heading.0.len()))
    } else {
        Ok(cells)
    };
    give(Row { number, cells });
    Ok(())
}

fn unsplittable(fault: Unsplittable, row: u32) -> Fault {
    match fault {
        Unsplittable::CellTooLong => Fault::CellTooLong { row },
        Unsplittable::RecordTooLong => Fault::RowTooLong { row },
        Unsplittable::UnclosedQuote => Fault::UnclosedQuote { row },
    }
}

/// Where the first line that is not empty stands, as soon as its end is there. Tells encodings that are not UTF-8 by
/// their first bytes.
fn heading_line(bytes: &[u8]) -> Result<ControlFlow<std::ops::Range<usize>>, Fault> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(Fault::Utf16);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(Fault::Workbook);
    }
    let mark = if bytes.starts_with(&UTF8_MARK) {
        UTF8_MARK.len()
    } else {
        0
    };
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let Some(start) = bytes[mark..].iter().position(|byte| !is_end(byte)) else {
        return too_long(bytes.len());
    };
    let start = mark + start;
    match bytes[start..].iter().position(is_end) {
        // The line feed of a pair is an empty row otherwise, and would be numbered.
        Some(length) if bytes[start + length] == b'\r' => match bytes.get(start + length + 1) {
            None => Ok(ControlFlow::Continue(())),
            Some(b'\n') => Ok(ControlFlow::Break(start..start + length + 2)),
            Some(_) => Ok(ControlFlow::Break(start..start + length + 1)),
        },
        Some(length) => Ok(ControlFlow::Break(start..start + length + 1)),
        None => too_long(bytes.len()),
    }
}

fn too_long(length: usize) -> Result<ControlFlow<std::ops::Range<usize>>, Fault> {
    if length > MAX_HEADING {
        Err(Fault::HeadingTooLong)
    } else {
        Ok(ControlFlow::Continue(()))
    }
}

/// The delimiter that the heading has most of, outside of quotes; a comma if it has none.
fn delimiter_of(line: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [0_usize; DELIMITERS.len()];
    for byte in line {
        quoted ^= *byte == b'"';
        if let Some(at) = DELIMITERS
            .iter()
            .position(|d| d == byte)
            .filter(|_| !quoted)
        {
            counts[at] += 1;
        }
    }
    let most = counts.into_iter().max().unwrap_or(0);
    let at = counts.iter().position(|count| *count == most).unwrap_or(0);
    DELIMITERS[at]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::Language;

    const COLUMNS: &[Column] = &[
        Column {
            name: "code",
            required: true,
        },
        Column {
            name: "name",
            required: true,
        },
        Column {
            name: "notes",
            required: false,
        },
    ];

    fn read(bytes: &[u8]) -> Result<Vec<(u32, Vec<String>)>, Fault> {
        read_in_chunks(bytes, 5)
    }

    fn read_in_chunks(bytes: &[u8], chunk: usize) -> Result<Vec<(u32, Vec<String>)>, Fault> {
        let mut sheet = Sheet::new(COLUMNS);
        let mut rows = Vec::new();
        let mut give = |row: Row| {
            let cells = match row.cells {
                Ok(cells) => cells,
                Err(text) => vec![text.to(Language::ENGLISH)],
            };
            rows.push((row.number, cells));
        };
        for chunk in bytes.chunks(chunk) {
            sheet.read(chunk, &mut give)?;
        }
        sheet.end(&mut give)?;
        Ok(rows)
    }

    fn row(number: u32, cells: &[&str]) -> (u32, Vec<String>) {
        (
            number,
            cells.iter().map(|cell| (*cell).to_owned()).collect(),
        )
    }

    #[test]
    fn commas_semicolons_and_tabs_part_cells() {
        for text in [
            "code,name\nA,B\n",
            "code;name\nA;B\n",
            "code\tname\nA\tB\n",
            "\"code\";\"name\"\r\n\"A\";\"B\"",
            "\u{feff}code,name\r\nA,B\r\n",
            "\r\n Code , NAME \rA,B\r",
        ] {
            assert_eq!(
                read(text.as_bytes()),
                Ok(vec![row(1, &["A", "B"])]),
                "{text:?}"
            );
        }
    }

    #[test]
    fn rows_are_numbered_as_the_spreadsheet_numbers_its_lines() {
        assert_eq!(
            read(b"code,name\r\nA,B\r\n\r\n,\r\nC,\"D\r\nE\"\r\n\r\n"),
            Ok(vec![row(1, &["A", "B"]), row(4, &["C", "D\r\nE"])])
        );
    }

    #[test]
    fn a_ragged_or_misquoted_row_is_told_and_the_next_one_is_read() {
        let rows = read(b"code,name\nA\nA,B,C\n\"A\"x,B\nC,D\n").expect("is read");
        assert_eq!(rows.len(), 4);
        assert!(rows[0].1[0].contains("1"), "{:?}", rows[0]);
        assert!(rows[1].1[0].contains("3"), "{:?}", rows[1]);
        assert!(rows[2].1[0].contains("quotation"), "{:?}", rows[2]);
        assert_eq!(rows[3], row(4, &["C", "D"]));
    }

    #[test]
    fn other_encodings_are_told_apart() {
        let utf16: Vec<u8> = "code,name\nA,B\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let marked: Vec<u8> = [0xFF, 0xFE].into_iter().chain(utf16.clone()).collect();
        assert_eq!(read(&marked), Err(Fault::Utf16));
        assert_eq!(read(&utf16), Err(Fault::Utf16));
        assert_eq!(
            read(b"code,name\nA,B\nC,Caf\xE9\n"),
            Err(Fault::NotUtf8 { row: 2 })
        );
        assert_eq!(read(b"PK\x03\x04\x14\0"), Err(Fault::Workbook));
    }

    #[test]
    fn a_heading_is_refused_with_the_names_of_what_is_wrong() {
        assert_eq!(read(b""), Err(Fault::Empty));
        assert_eq!(read(b"\n\n"), Err(Fault::Empty));
        assert_eq!(
            read(b"notes\nx\n"),
            Err(Fault::MissingColumns(vec!["code", "name"]))
        );
        assert_eq!(
            read(b"code,name,colour\nA,B,C\n"),
            Err(Fault::UnknownColumns(vec!["colour".to_owned()]))
        );
        assert_eq!(
            read(b"code,name,Name\nA,B,C\n"),
            Err(Fault::ColumnTwice("name"))
        );
        assert_eq!(
            read(b"code,name,\nA,B,\n"),
            Err(Fault::UnnamedColumn { position: 3 })
        );
        assert_eq!(read(&[b'x'; 20_000]), Err(Fault::HeadingTooLong));
    }

    #[test]
    fn a_file_ends_where_its_limits_are() {
        let mut endless = b"code,name\nA,".to_vec();
        endless.resize(100_000, b'x');
        assert_eq!(read(&endless), Err(Fault::CellTooLong { row: 1 }));
        assert_eq!(
            read(b"code,name\nA,B\nC,\"D\nE,F\n"),
            Err(Fault::UnclosedQuote { row: 2 })
        );
        let mut lines = b"code,name\n".to_vec();
        lines.resize(lines.len() + MAX_ROWS as usize, b'\n');
        assert_eq!(read_in_chunks(&lines, 4096), Ok(vec![]));
        lines.push(b'\n');
        assert_eq!(read_in_chunks(&lines, 4096), Err(Fault::TooManyRows));
    }

    proptest! {
        #[test]
        fn the_size_of_the_chunks_does_not_matter(
            text in "(code,name|code;name|name\tcode)(\r\n|\n|\r)[a,;\t\"\r\n]{0,40}", chunk in 1_usize..20,
        ) {
            prop_assert_eq!(read_in_chunks(text.as_bytes(), chunk), read_in_chunks(text.as_bytes(), 1_000));
        }

        #[test]
        fn no_file_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500), chunk in 1_usize..99) {
            let mut file = b"code,name\n".to_vec();
            let _ = read_in_chunks(&bytes, chunk);
            file.extend(bytes);
            let _ = read_in_chunks(&file, chunk);
        }
    }
}
