//! Splits bytes into the records and cells of RFC 4180, a chunk at a time. Written here because a spreadsheet from a
//! stranger needs two answers that a general parser does not give: a bound on what one cell and one record may hold
//! *before* they are in memory, and whether the quotes are closed. The `csv` crate is its judge in the tests.

/// Bytes of one cell at most: the longest field of a record is 4,000 characters of at most four bytes.
pub(super) const MAX_CELL: usize = 32 * 1024;
/// Bytes of one record at most, quotes and delimiters included.
pub(super) const MAX_RECORD: usize = 256 * 1024;

/// Why a file cannot be split any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsplittable {
    /// A cell is longer than [`MAX_CELL`].
    CellTooLong,
    /// A record is longer than [`MAX_RECORD`].
    RecordTooLong,
    /// The file ends inside quotes.
    UnclosedQuote,
}

/// Where the scanner stands inside a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a record.
    RecordStart,
    /// The same, behind a carriage return: a line feed belongs to it.
    AfterReturn,
    /// Before the first byte of a later cell.
    CellStart,
    /// In a cell without quotes.
    Bare,
    /// In a quoted cell.
    Quoted,
    /// Behind a quote inside a quoted cell: the first of two, or the closing one.
    QuoteInQuoted,
}

/// The scanner, with the record that it is reading.
#[derive(Debug)]
pub(super) struct Scanner {
    delimiter: u8,
    state: State,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    length: usize,
    misquoted: bool,
}

impl Scanner {
    /// For cells parted by this byte.
    pub(super) fn new(delimiter: u8) -> Self {
        Scanner {
            delimiter,
            state: State::RecordStart,
            bytes: Vec::new(),
            ends: Vec::new(),
            length: 0,
            misquoted: false,
        }
    }

    /// Reads on, up to the end of a record or of the chunk. Answers how many bytes it took, and whether a record is
    /// complete: then it is looked at, and [`Scanner::next`] begins another.
    pub(super) fn read(&mut self, chunk: &[u8]) -> Result<(usize, bool), Unsplittable> {
        for (at, byte) in chunk.iter().enumerate() {
            if self.step(*byte)? {
                return Ok((at + 1, true));
            }
        }
        Ok((chunk.len(), false))
    }

    /// The file has ended. Answers whether a last record, without an end of line, is complete.
    pub(super) fn end(&mut self) -> Result<bool, Unsplittable> {
        match self.state {
            State::Quoted => Err(Unsplittable::UnclosedQuote),
            State::RecordStart | State::AfterReturn => Ok(false),
            State::CellStart | State::Bare | State::QuoteInQuoted => {
                self.end_cell();
                Ok(true)
            }
        }
    }

    /// The cells of the complete record; none if the line was empty.
    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.bytes[start..*end])
    }

    /// Whether something stood between a closing quote and the end of its cell.
    pub(super) fn misquoted(&self) -> bool {
        self.misquoted
    }

    /// Forgets the record that was read.
    pub(super) fn next(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.length = 0;
        self.misquoted = false;
    }

    /// Takes one byte; true if it ends a record.
    fn step(&mut self, byte: u8) -> Result<bool, Unsplittable> {
        if self.state == State::AfterReturn {
            self.state = State::RecordStart;
            if byte == b'\n' {
                return Ok(false);
            }
        }
        self.length += 1;
        if self.length > MAX_RECORD {
            return Err(Unsplittable::RecordTooLong);
        }
        match (self.state, byte) {
            (State::Quoted, b'"') => self.state = State::QuoteInQuoted,
            (State::Quoted, _) => self.push(byte)?,
            (State::QuoteInQuoted, b'"') => {
                self.push(byte)?;
                self.state = State::Quoted;
            }
            (_, b'\r' | b'\n') => {
                if self.state != State::RecordStart {
                    self.end_cell();
                }
                self.state = if byte == b'\r' {
                    State::AfterReturn
                } else {
                    State::RecordStart
                };
                return Ok(true);
            }
            (_, _) if byte == self.delimiter => {
                self.end_cell();
                self.state = State::CellStart;
            }
            (State::RecordStart | State::CellStart, b'"') => self.state = State::Quoted,
            (State::QuoteInQuoted, _) => {
                self.misquoted = true;
                self.push(byte)?;
                self.state = State::Bare;
            }
            (_, _) => {
                self.push(byte)?;
                self.state = State::Bare;
            }
        }
        Ok(false)
    }

    fn push(&mut self, byte: u8) -> Result<(), Unsplittable> {
        let start = self.ends.last().copied().unwrap_or(0);
        if self.bytes.len() - start == MAX_CELL {
            return Err(Unsplittable::CellTooLong);
        }
        self.bytes.push(byte);
        Ok(())
    }

    fn end_cell(&mut self) {
        self.ends.push(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Records = Vec<Vec<Vec<u8>>>;

    fn scan(text: &[u8], chunk: usize) -> Result<Records, Unsplittable> {
        let mut scanner = Scanner::new(b',');
        let mut records = Records::new();
        let mut keep = |scanner: &mut Scanner| {
            let cells: Vec<_> = scanner.cells().map(<[u8]>::to_vec).collect();
            if !cells.is_empty() {
                records.push(cells);
            }
            scanner.next();
        };
        for mut chunk in text.chunks(chunk.max(1)) {
            while !chunk.is_empty() {
                let (taken, complete) = scanner.read(chunk)?;
                chunk = &chunk[taken..];
                if complete {
                    keep(&mut scanner);
                }
            }
        }
        if scanner.end()? {
            keep(&mut scanner);
        }
        Ok(records)
    }

    fn judge(text: &[u8]) -> Records {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        reader
            .byte_records()
            .map(|record| {
                let record = record.expect("bytes are always split");
                record.iter().map(<[u8]>::to_vec).collect()
            })
            .collect()
    }

    proptest! {
        #[test]
        fn bytes_are_split_as_the_csv_crate_splits_them(text in "[ab\",\r\n]{0,80}", chunk in 1_usize..9) {
            match scan(text.as_bytes(), chunk) {
                Ok(records) => prop_assert_eq!(records, judge(text.as_bytes())),
                Err(fault) => prop_assert_eq!(fault, Unsplittable::UnclosedQuote),
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), chunk in 1_usize..99) {
            let _ = scan(&bytes, chunk);
        }

        #[test]
        fn what_the_csv_crate_writes_is_read_back(
            records in proptest::collection::vec(proptest::collection::vec("[a\"\r\n, é;]{1,9}", 2..5), 0..9),
        ) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for record in &records {
                writer.write_record(record).expect("writes to memory");
            }
            let text = writer.into_inner().expect("writes to memory");
            let read: Vec<Vec<String>> = scan(&text, 7)
                .expect("is well formed")
                .into_iter()
                .map(|record| record.into_iter().map(|cell| String::from_utf8(cell).expect("was text")).collect())
                .collect();
            prop_assert_eq!(read, records);
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_is_found() {
        assert_eq!(
            scan(b"a,b\n1,\"2\n3,4\n", 3),
            Err(Unsplittable::UnclosedQuote)
        );
    }

    #[test]
    fn words_behind_a_closing_quote_are_noted() {
        let mut scanner = Scanner::new(b';');
        assert_eq!(scanner.read(b"\"a\"b;c\n"), Ok((7, true)));
        assert!(scanner.misquoted());
        scanner.next();
        assert_eq!(scanner.read(b"\"a\";\"b\"\"c\"\n"), Ok((11, true)));
        assert!(!scanner.misquoted());
    }

    #[test]
    fn neither_a_cell_nor_a_record_grows_without_bound() {
        let mut scanner = Scanner::new(b',');
        let chunk = [b'x'; 4096];
        let fault = (0..1_000).find_map(|_| scanner.read(&chunk).err());
        assert_eq!(fault, Some(Unsplittable::CellTooLong));
        assert!(scanner.bytes.len() <= MAX_CELL);

        let mut scanner = Scanner::new(b',');
        let fault = (0..1_000).find_map(|_| scanner.read(&[b','; 4096]).err());
        assert_eq!(fault, Some(Unsplittable::RecordTooLong));
    }
}
