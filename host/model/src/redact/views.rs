//! Views of a text: with its escapes resolved, and without white space. They map ranges of the view to ranges of the
//! text.

/// A view of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Resolves the escapes of JSON and of similar programming languages: `\/`, `\u002f`, `\x2f`.
    Backslash,
    /// Resolves the escapes of URLs: `%2f`.
    Percent,
    /// Resolves the escapes of HTML and XML: `&amp;`, `&#43;`, `&#x2b;`.
    Entity,
    /// Resolves all these escapes.
    Escapes,
    /// Removes white space, for secrets that are broken into lines.
    Joined,
    /// Removes white space, and the first character of the lines of a diff or a comment.
    Unquoted,
}

/// The names of ASCII characters in HTML: <https://html.spec.whatwg.org/multipage/named-characters.html>
const ENTITIES: [(&str, char); 42] = [
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("plus", '+'),
    ("sol", '/'),
    ("bsol", '\\'),
    ("equals", '='),
    ("num", '#'),
    ("percnt", '%'),
    ("colon", ':'),
    ("semi", ';'),
    ("commat", '@'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("dash", '-'),
    ("dollar", '$'),
    ("ast", '*'),
    ("midast", '*'),
    ("comma", ','),
    ("period", '.'),
    ("excl", '!'),
    ("quest", '?'),
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("verbar", '|'),
    ("vert", '|'),
    ("grave", '`'),
    ("Hat", '^'),
    ("hellip", '\u{2026}'),
    ("NewLine", '\n'),
    ("Tab", '\t'),
];

/// The first characters of the lines of a diff, a comment or a quotation.
const QUOTES: &[u8] = b"+-#>|";

/// The longest name or number of a character, in bytes.
const MAX_ENTITY_BYTES: usize = 10;

/// One or more bytes of a text, and their bytes in the view.
struct Token {
    /// The number of bytes in the text.
    text_len: usize,
    /// The bytes in the view: the first `view_len` of these.
    bytes: [u8; 4],
    view_len: usize,
}

impl Token {
    fn byte(text_len: usize, byte: u8) -> Self {
        Self { text_len, bytes: [byte, 0, 0, 0], view_len: 1 }
    }

    fn char(text_len: usize, c: char) -> Self {
        let mut bytes = [0; 4];
        let view_len = c.encode_utf8(&mut bytes).len();
        Self { text_len, bytes, view_len }
    }
}

impl View {
    /// Whether the view of a text differs from the text.
    pub(super) fn applies(self, text: &[u8]) -> bool {
        let has = |wanted: &[u8]| text.iter().any(|byte| wanted.contains(byte));
        match self {
            Self::Backslash => has(b"\\"),
            Self::Percent => has(b"%"),
            Self::Entity => has(b"&"),
            Self::Escapes => has(b"\\%&"),
            Self::Joined => text.iter().any(|byte| is_white(*byte)),
            Self::Unquoted => text.windows(2).any(|two| two[0] == b'\n' && QUOTES.contains(&two[1])),
        }
    }

    /// The view of a text.
    pub(super) fn read(self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        if self == Self::Joined {
            out.extend(text.iter().filter(|byte| !is_white(**byte)));
            return out;
        }
        let mut at = 0;
        while at < text.len() {
            let token = self.token(&text[at..]);
            out.extend_from_slice(&token.bytes[..token.view_len]);
            at += token.text_len;
        }
        out
    }

    /// The ranges of the text for ranges of the view, both in order.
    pub(super) fn places(self, text: &[u8], ranges: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let mut places = Vec::with_capacity(ranges.len());
        let (mut at, mut read) = (0, 0);
        let mut wanted = ranges.iter().peekable();
        let mut began = None;
        while at < text.len() && wanted.peek().is_some() {
            let token = self.token(&text[at..]);
            let (next, then) = (at + token.text_len, read + token.view_len);
            // One token can contain more than one range.
            while let Some(&&(_, end)) = wanted.peek().filter(|(start, _)| *start < then) {
                let from = *began.get_or_insert(at);
                if end > then {
                    break;
                }
                places.push((from, next));
                began = None;
                wanted.next();
            }
            (at, read) = (next, then);
        }
        places
    }

    /// The first token of a text.
    fn token(self, text: &[u8]) -> Token {
        let read = match (self, text[0]) {
            (Self::Unquoted, b'\n') if text.get(1).is_some_and(|byte| QUOTES.contains(byte)) => {
                Some(Token { text_len: 2, bytes: [0; 4], view_len: 0 })
            }
            (Self::Joined | Self::Unquoted, byte) if is_white(byte) => {
                Some(Token { text_len: 1, bytes: [0; 4], view_len: 0 })
            }
            (Self::Backslash | Self::Escapes, b'\\') => backslash(text),
            (Self::Percent | Self::Escapes, b'%') => {
                hexadecimal(text, 1, 2).map(|byte| Token::byte(3, byte.to_le_bytes()[0]))
            }
            (Self::Entity | Self::Escapes, b'&') => entity(text),
            _ => None,
        };
        read.unwrap_or_else(|| Token::byte(1, text[0]))
    }
}

/// Whether a byte is a blank, a tab or a part of a line end.
pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn backslash(text: &[u8]) -> Option<Token> {
    let plain = |byte| Some(Token::byte(2, byte));
    match *text.get(1)? {
        b'n' => plain(b'\n'),
        b'r' => plain(b'\r'),
        b't' => plain(b'\t'),
        byte @ (b'\\' | b'/' | b'"' | b'\'' | b'`') => plain(byte),
        // A line that continues on the next one.
        b'\n' => plain(b'\n'),
        b'x' => hexadecimal(text, 2, 2).map(|byte| Token::byte(4, byte.to_le_bytes()[0])),
        b'u' => unicode(text),
        _ => None,
    }
}

/// Resolves `\u002f`, or two of them for a character outside the first plane.
fn unicode(text: &[u8]) -> Option<Token> {
    let first = hexadecimal(text, 2, 4)?;
    if let Some(c) = char::from_u32(first) {
        return Some(Token::char(6, c));
    }
    let second = text.get(6..8).filter(|begin| *begin == b"\\u").and_then(|_| hexadecimal(text, 8, 4))?;
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(pair).next()?.ok()?;
    Some(Token::char(12, c))
}

fn entity(text: &[u8]) -> Option<Token> {
    let rest = &text[1..text.len().min(MAX_ENTITY_BYTES + 2)];
    if let Some(number) = rest.strip_prefix(b"#") {
        let (radix, digits, before) = match number {
            [b'x' | b'X', digits @ ..] => (16, digits, 3),
            digits => (10, digits, 2),
        };
        let many = digits.iter().take_while(|byte| char::from(**byte).is_digit(radix)).count();
        let digits = std::str::from_utf8(&digits[..many]).ok()?;
        let c = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
        let closed = usize::from(text.get(before + many) == Some(&b';'));
        return Some(Token::char(before + many + closed, c));
    }
    let name = &rest[..rest.iter().position(|byte| *byte == b';')?];
    let (_, c) = ENTITIES.iter().find(|(known, _)| known.as_bytes() == name)?;
    Some(Token::char(name.len() + 2, *c))
}

fn hexadecimal(text: &[u8], from: usize, digits: usize) -> Option<u32> {
    let digits = text.get(from..from + digits)?;
    digits.iter().try_fold(0, |sum, byte| Some(sum * 16 + char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_escape_is_resolved_and_its_range_known() {
        for (view, text, want) in [
            (View::Backslash, r#"a\/b\u002fc\u002Bd\x2fe\\f\"g\q"#, "a/b/c+d/e\\f\"g\\q"),
            (View::Backslash, r"\ud83d\ude00 \ud83d \u00", "\u{1f600} \\ud83d \\u00"),
            (View::Percent, "a%2Fb%2fc%2", "a/b/c%2"),
            (View::Entity, "&amp;&#43;&#x2b;&#X2B&#47&sol;&nope;&", "&+++//&nope;&"),
            (View::Escapes, r"%2f\/&#47;", "///"),
            (View::Joined, "a b\r\n\tc", "abc"),
            (View::Unquoted, "a b\n+ c\n-+d", "abc+d"),
        ] {
            let read = view.read(text.as_bytes());
            assert_eq!(String::from_utf8_lossy(&read), want);
            let whole = view.places(text.as_bytes(), &[(0, read.len())]);
            assert_eq!(whole, [(0, text.len())]);
        }
        let text = br"x%2f%2Fy";
        assert_eq!(View::Percent.places(text, &[(1, 2), (2, 4)]), [(1, 4), (4, 8)]);
        let two = "\\u00e9z";
        assert_eq!(View::Backslash.places(two.as_bytes(), &[(0, 1), (1, 2)]), [(0, 6), (0, 6)]);
    }
}
