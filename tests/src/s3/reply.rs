//! The reply of a server, and the few elements that tests read from it. It is not an XML parser.

use super::http::find;

/// A reply.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, with names as sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header; empty without such a header.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        find(&self.headers, name).unwrap_or("")
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The texts of all elements of this name in the body.
    #[must_use]
    pub fn all(&self, element: &str) -> Vec<String> {
        elements(&self.text(), element)
    }

    /// The text of the first element of this name; empty if there is none.
    #[must_use]
    pub fn first(&self, element: &str) -> String {
        self.all(element).into_iter().next().unwrap_or_default()
    }

    /// Whether the request succeeded: S3 can also report an error with status 200.
    #[must_use]
    pub fn done(&self) -> bool {
        (200..300).contains(&self.status) && !self.text().contains("<Error>")
    }

    /// The reply of a successful request.
    ///
    /// # Panics
    /// The server rejects the request.
    #[must_use]
    #[track_caller]
    pub fn well(self) -> Self {
        assert!(self.done(), "{}: {}", self.status, self.text());
        self
    }
}

/// The texts of all elements of this name, in order. An element may hold others, but none of its own name.
#[must_use]
pub fn elements(xml: &str, element: &str) -> Vec<String> {
    let (begin, end) = (format!("<{element}"), format!("</{element}>"));
    let mut found = Vec::new();
    for (at, _) in xml.match_indices(&begin) {
        // `<Key` also begins `<KeyCount>`, and an element can be empty or have attributes.
        if let Some((tag, rest)) = xml[at + begin.len()..].split_once('>')
            && (tag.is_empty() || tag.starts_with([' ', '/']))
        {
            let text = if tag.ends_with('/') { "" } else { rest.split(&end).next().unwrap_or("") };
            // The content stays unparsed, for a further search.
            found.push(if text.contains('<') { text.to_owned() } else { plain(text) });
        }
    }
    found
}

fn plain(text: &str) -> String {
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&apos;", "'"), ("&#39;", "'")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)).replace("&amp;", "&")
}

/// A text with the escapes of XML.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_whole_name() {
        let xml = "<R x=\"1\"><KeyCount>2</KeyCount><Key>a&amp;lt;</Key><Key/><Key a=\"b\">c</Key></R>";
        assert_eq!(elements(xml, "Key"), ["a&lt;", "", "c"]);
        assert_eq!(elements(xml, "R").len(), 1);
        let nested = "<Part><PartNumber>1</PartNumber><Name>&amp;amp;</Name></Part><Part><PartNumber>2</PartNumber></Part>";
        let parts = elements(nested, "Part");
        assert_eq!(
            parts.iter().flat_map(|part| elements(part, "PartNumber")).collect::<Vec<_>>(),
            ["1", "2"]
        );
        assert_eq!(elements(&parts[0], "Name"), ["&amp;"]);
        assert_eq!(elements(xml, "None"), [""; 0]);
        assert_eq!(plain(&escape("<a & \"b\">")), "<a & \"b\">");
    }
}
