//! CSV as RFC 4180 has it. Strict about quotes: a reader that guesses what half a quote meant swallows rows.

/// One row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    /// Its cells, without their quotes.
    pub(crate) cells: Vec<String>,
}

/// A quote that is not closed, or that stands where none may: around only a part of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadQuote {
    /// The line on which the row begins.
    pub(crate) line: u64,
}

/// The rows of a file. Lines end with LF, CRLF or CR.
#[derive(Debug)]
pub(crate) struct Records<'a> {
    rest: &'a str,
    line: u64,
    delimiter: char,
}

/// `;` when the first line has more of them than of `,`: spreadsheets in French write the former.
fn delimiter(text: &str) -> char {
    let header = text.split(['\n', '\r']).next().unwrap_or_default();
    if header.matches(';').count() > header.matches(',').count() { ';' } else { ',' }
}

impl<'a> Records<'a> {
    /// The delimiter is the first line's.
    pub(crate) fn of(text: &'a str) -> Self {
        Self { rest: text, line: 1, delimiter: delimiter(text) }
    }

    /// One cell, up to what ends it; `None` when its quotes are wrong.
    fn cell(&mut self) -> Option<String> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            self.rest = quoted;
            return self.quoted();
        }
        let delimiter = self.delimiter;
        let text = self.take_until(|c| c == delimiter || matches!(c, '\n' | '\r'));
        (!text.contains('"')).then(|| text.to_owned())
    }

    /// The rest of a quoted cell; two quotes stand for one.
    fn quoted(&mut self) -> Option<String> {
        let mut cell = String::new();
        loop {
            cell.push_str(self.take_until(|c| c == '"'));
            self.rest = self.rest.strip_prefix('"')?;
            match self.rest.strip_prefix('"') {
                Some(rest) => self.rest = rest,
                None => break,
            }
            cell.push('"');
        }
        let breaks = cell.replace("\r\n", "\n").matches(['\n', '\r']).count();
        self.line += u64::try_from(breaks).unwrap_or_default();
        let delimiter = self.delimiter;
        self.rest.chars().next().is_none_or(|c| c == delimiter || matches!(c, '\n' | '\r')).then_some(cell)
    }

    fn take_until(&mut self, end: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) = self.rest.split_at(self.rest.find(end).unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Steps over the end of the line, if there is one.
    fn end_line(&mut self) {
        let ended = ["\r\n", "\n", "\r"].iter().find_map(|end| self.rest.strip_prefix(end));
        if let Some(rest) = ended {
            self.rest = rest;
            self.line += 1;
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, BadQuote>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            let Some(cell) = self.cell() else {
                self.take_until(|c| matches!(c, '\n' | '\r'));
                self.end_line();
                return Some(Err(BadQuote { line }));
            };
            cells.push(cell);
            match self.rest.strip_prefix(self.delimiter) {
                Some(rest) => self.rest = rest,
                None => break,
            }
        }
        self.end_line();
        Some(Ok(Record { line, cells }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row with its line; without cells where it was refused.
    fn read(text: &str) -> Vec<Record> {
        Records::of(text).map(|row| row.unwrap_or_else(|bad| refused(bad.line))).collect()
    }

    fn row(line: u64, cells: &[&str]) -> Record {
        Record { line, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() }
    }

    fn refused(line: u64) -> Record {
        row(line, &[])
    }

    #[test]
    fn the_header_decides_the_delimiter() {
        assert_eq!(read("a;b\n1,5;2"), [row(1, &["a", "b"]), row(2, &["1,5", "2"])]);
        assert_eq!(read("a,b\n1;5,2"), [row(1, &["a", "b"]), row(2, &["1;5", "2"])]);
        assert_eq!(read("a"), [row(1, &["a"])]);
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let text = "a,b\r\n\"one\r\ntwo\",x\r\rlast,\n";
        assert_eq!(
            read(text),
            [row(1, &["a", "b"]), row(2, &["one\r\ntwo", "x"]), row(4, &[""]), row(5, &["last", ""])]
        );
    }

    #[test]
    fn quotes_hold_delimiters_and_quotes() {
        assert_eq!(read("\"a;\"\"b\"\"\";\"\"\n"), [row(1, &["a;\"b\"", ""])]);
    }

    #[test]
    fn half_a_quote_is_refused_where_it_stands() {
        assert_eq!(read("a,b\n\"open,2\n3,4\n"), [row(1, &["a", "b"]), refused(2)]);
        assert_eq!(read("a,b\n19\",2\n3,4\n"), [row(1, &["a", "b"]), refused(2), row(3, &["3", "4"])]);
        assert_eq!(read("a,b\n\"x\"y,2\n3,4\n"), [row(1, &["a", "b"]), refused(2), row(3, &["3", "4"])]);
        assert_eq!(read("\""), [refused(1)]);
    }
}
