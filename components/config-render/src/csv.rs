//! Reads CSV strictly by RFC 4180, and accepts LF as line end too. It rejects a misplaced quote, which lenient readers turn
//! into a field that contains half of the file.

/// A record and its first line, counted from 1.
pub type Record = (u32, Vec<String>);

/// Why a text is not CSV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvError {
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong, as a lower-case fragment.
    pub message: &'static str,
}

/// All records of a text. A line end after the last one does not begin another.
///
/// # Errors
/// A quote or a carriage return is misplaced.
pub fn records(text: &str) -> Result<Vec<Record>, CsvError> {
    let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    let mut records = Vec::new();
    while !reader.rest.is_empty() {
        let line = reader.line;
        records.push((line, reader.record()?));
    }
    Ok(records)
}

struct Reader<'a> {
    rest: &'a str,
    line: u32,
}

impl Reader<'_> {
    fn record(&mut self) -> Result<Vec<String>, CsvError> {
        let mut fields = Vec::new();
        loop {
            fields.push(if self.skip("\"") { self.quoted()? } else { self.bare()? });
            if self.skip(",") {
                continue;
            }
            if self.skip("\r\n") || self.skip("\n") {
                self.line += 1;
            } else if !self.rest.is_empty() {
                return self.error(match self.rest.starts_with('\r') {
                    true => "a carriage return without a line feed",
                    false => "text after a closing quote",
                });
            }
            return Ok(fields);
        }
    }

    fn bare(&mut self) -> Result<String, CsvError> {
        let end = self.rest.find([',', '\n', '\r', '"']).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        if rest.starts_with('"') {
            return self.error("a quote in a field that does not begin with one");
        }
        self.rest = rest;
        Ok(field.to_owned())
    }

    fn quoted(&mut self) -> Result<String, CsvError> {
        let mut field = String::new();
        let opened = self.line;
        loop {
            let Some(end) = self.rest.find('"') else {
                return Err(CsvError { line: opened, message: "a quote without a closing quote" });
            };
            let lines = self.rest[..end].matches('\n').count();
            self.line += u32::try_from(lines).unwrap_or(u32::MAX);
            field.push_str(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            if !self.skip("\"") {
                return Ok(field);
            }
            field.push('"');
        }
    }

    fn skip(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn error<T>(&self, message: &'static str) -> Result<T, CsvError> {
        Err(CsvError { line: self.line, message })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_read_by_the_standard() {
        let text = "\u{feff}a,b\r\n\"x, y\",\"say \"\"hi\"\"\"\n\"two\nlines\",\n, z \n";
        let field = |text: &str| text.to_owned();
        let expected = [
            (1, vec![field("a"), field("b")]),
            (2, vec![field("x, y"), field("say \"hi\"")]),
            (3, vec![field("two\nlines"), field("")]),
            (5, vec![field(""), field(" z ")]),
        ];
        assert_eq!(records(text).unwrap(), expected);
        assert_eq!(records("").unwrap(), []);
        assert_eq!(records("a").unwrap(), records("a\n").unwrap());
    }

    #[test]
    fn a_misplaced_quote_is_rejected_with_its_line() {
        for (text, line, message) in [
            ("a\nb\"c\n", 2, "a quote in"),
            ("a\n\"b\"c\n", 2, "text after"),
            ("a\n\"b\nc\n", 2, "without a closing quote"),
            ("a\rb\n", 1, "carriage return"),
            ("\"a\n\" x", 2, "text after"),
        ] {
            let error = records(text).unwrap_err();
            assert!(error.line == line && error.message.contains(message), "{text:?}: {error:?}");
        }
    }

    proptest! {
        #[test]
        fn quoted_fields_are_read_unchanged(fields in proptest::collection::vec(any::<String>(), 1..6)) {
            let quoted: Vec<String> =
                fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            prop_assert_eq!(records(&quoted.join(",")).unwrap(), vec![(1, fields)]);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[a\",\r\n]{0,20}") {
            let _ = records(&text);
        }
    }
}
