//! Reads CSV by the letter of RFC 4180, with LF as line end too. Never guesses: a quote that is out of place, which
//! lenient readers turn into half a file in one field, is refused.

/// One record and the line it begins in, counted from 1.
pub type Record = (u32, Vec<String>);

/// Text that is not CSV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCsv {
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong, as a lower-case fragment.
    pub problem: &'static str,
}

/// All records of a text. A line end behind the last one is not another record.
///
/// # Errors
/// If a quote or a carriage return is out of place.
pub fn records(text: &str) -> Result<Vec<Record>, BadCsv> {
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
    fn record(&mut self) -> Result<Vec<String>, BadCsv> {
        let mut fields = Vec::new();
        loop {
            fields.push(if self.skip("\"") { self.quoted()? } else { self.bare()? });
            if self.skip(",") {
                continue;
            }
            if self.skip("\r\n") || self.skip("\n") {
                self.line += 1;
            } else if !self.rest.is_empty() {
                return self.bad(match self.rest.starts_with('\r') {
                    true => "a carriage return without a line feed",
                    false => "text behind a closing quote",
                });
            }
            return Ok(fields);
        }
    }

    fn bare(&mut self) -> Result<String, BadCsv> {
        let end = self.rest.find([',', '\n', '\r', '"']).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        if rest.starts_with('"') {
            return self.bad("a quote within a field that does not begin with one");
        }
        self.rest = rest;
        Ok(field.to_owned())
    }

    fn quoted(&mut self) -> Result<String, BadCsv> {
        let mut field = String::new();
        let opened = self.line;
        loop {
            let Some(end) = self.rest.find('"') else {
                return Err(BadCsv { line: opened, problem: "a quote that is not closed" });
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

    fn skip(&mut self, mark: &str) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn bad<T>(&self, problem: &'static str) -> Result<T, BadCsv> {
        Err(BadCsv { line: self.line, problem })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_what_the_standard_says() {
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
    fn a_mark_out_of_place_is_refused_with_its_line() {
        for (text, line, problem) in [
            ("a\nb\"c\n", 2, "a quote within"),
            ("a\n\"b\"c\n", 2, "text behind"),
            ("a\n\"b\nc\n", 2, "not closed"),
            ("a\rb\n", 1, "carriage return"),
            ("\"a\n\" x", 2, "text behind"),
        ] {
            let bad = records(text).unwrap_err();
            assert!(bad.line == line && bad.problem.contains(problem), "{text:?}: {bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_as_it_was(fields in proptest::collection::vec(any::<String>(), 1..6)) {
            let quoted: Vec<String> =
                fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            prop_assert_eq!(records(&quoted.join(",")).unwrap(), vec![(1, fields)]);
        }

        #[test]
        fn no_text_is_too_strange(text in "[a\",\r\n]{0,20}") {
            let _ = records(&text);
        }
    }
}
