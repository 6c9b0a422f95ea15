//! Random files in the many ways people write YAML, with the places one can edit. Every choice is
//! taken from a string of bytes, so that proptest can shrink it.

/// A random file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub text: String,
    /// The paths of all scalars, with what is known about each.
    pub scalars: Vec<Spot>,
    /// The paths of all mappings.
    pub mappings: Vec<Spot>,
    /// The paths of all lists, with the number of their items.
    pub lists: Vec<(Spot, usize)>,
    /// The paths of all collections but the root.
    pub collections: Vec<Spot>,
}

/// A place in a random file.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub path: String,
    /// Whether it is written within one line.
    pub one_line: bool,
    /// Whether it stands in brackets.
    pub flow: bool,
}

pub(crate) struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    /// A number below `limit`; 0 once the bytes are used up.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0.next().map_or(0, |&byte| usize::from(byte) % limit)
    }

    fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == chance - 1
    }

    pub(crate) fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

struct Writer<'a> {
    choices: Choices<'a>,
    out: String,
    unit: usize,
    sequence: usize,
    file: File,
}

const KEYS: [&str; 12] =
    ["name", "image", "a.b/c", "spec", "x y", "yes", "1", "ümläut", "k:v", "-k", "#k", "t"];
const PLAIN: [&str; 14] = [
    "v1",
    "nginx:1.27",
    "3",
    "true",
    "~",
    "hello world",
    "a#b",
    "http://x/y?z=1",
    "1.10",
    "-x",
    "it's",
    "ünïcode ☃",
    "say \"hi\"",
    "0x1F",
];
const TRAILERS: [&str; 5] = ["", " # note", "   # a: b", "\t# tab", "  "];
const BETWEEN: [&str; 5] = ["", "\n", "# own line: x\n", "\n# two\n\n", "   # odd\n"];

/// Writes a random file.
pub(crate) fn file(bytes: &[u8]) -> File {
    let mut choices = Choices::new(bytes);
    let unit = [2, 4, 3][choices.below(3)];
    let sequence = if choices.one_in(2) { unit } else { 0 };
    let file =
        File { text: String::new(), scalars: vec![], mappings: vec![], lists: vec![], collections: vec![] };
    let mut writer = Writer { choices, out: String::new(), unit, sequence, file };
    if writer.choices.one_in(4) {
        writer.out.push_str("# head\n\n---\n");
    }
    writer.block_mapping("", 0, 3);
    let between = writer.choices.pick(&["", "# tail\n", "\n", "...\n"]);
    writer.out.push_str(between);
    let mut text = writer.out;
    if writer.choices.one_in(4) && text.ends_with('\n') {
        text.pop();
    }
    if writer.choices.one_in(4) {
        text = text.replace('\n', "\r\n");
    }
    if writer.choices.one_in(6) {
        text.insert(0, '\u{feff}');
    }
    File { text, ..writer.file }
}

impl Writer<'_> {
    fn spot(&self, path: &str, one_line: bool, flow: bool) -> Spot {
        Spot { path: path.to_owned(), one_line, flow }
    }

    fn block_mapping(&mut self, path: &str, indent: usize, depth: usize) {
        self.file.mappings.push(self.spot(path, false, false));
        let first = self.choices.below(KEYS.len());
        for number in 0..=self.choices.below(4) {
            let key = KEYS[(first + number) % KEYS.len()];
            if number > 0 {
                let between = self.choices.pick(&BETWEEN);
                self.out.push_str(between);
                self.out.push_str(&" ".repeat(indent));
            } else if path.is_empty() {
                self.out.push_str(&" ".repeat(indent));
            }
            let quoted = key.starts_with(['#', '-']) || self.choices.one_in(5);
            self.out.push_str(&if quoted { format!("\"{key}\"") } else { key.to_owned() });
            self.out.push(':');
            let path = format!("{path}[\"{key}\"]");
            self.value(&path, indent, depth, false);
        }
    }

    /// Writes what stands behind `:` or `-`, with its line end.
    fn value(&mut self, path: &str, indent: usize, depth: usize, item: bool) {
        match self.choices.below(if depth == 0 { 6 } else { 12 }) {
            0..=2 => self.line_scalar(path),
            3 => {
                self.file.scalars.push(self.spot(path, true, false));
                self.trailer();
            }
            4 => self.block_scalar(path, indent),
            5 => {
                self.out.push(' ');
                let multi = self.flow(path, 2);
                self.file.collections.push(self.spot(path, !multi, false));
                self.trailer();
            }
            6..=8 => {
                self.file.collections.push(self.spot(path, false, false));
                let inner = indent + if item { 2 } else { self.unit };
                if item {
                    self.out.push(' ');
                } else {
                    self.trailer();
                    let between = self.choices.pick(&BETWEEN);
                    self.out.push_str(between);
                    self.out.push_str(&" ".repeat(inner));
                }
                self.block_mapping(path, inner, depth - 1);
            }
            _ if item => self.line_scalar(path),
            _ => {
                self.file.collections.push(self.spot(path, false, false));
                self.trailer();
                let inner = indent + self.sequence;
                let last = self.choices.below(3);
                self.file.lists.push((self.spot(path, false, false), last + 1));
                for index in 0..=last {
                    let between = self.choices.pick(&BETWEEN);
                    self.out.push_str(between);
                    self.out.push_str(&" ".repeat(inner));
                    self.out.push('-');
                    self.value(&format!("{path}[{index}]"), inner, depth - 1, true);
                }
            }
        }
    }

    fn line_scalar(&mut self, path: &str) {
        self.file.scalars.push(self.spot(path, true, false));
        let text = self.choices.pick(&PLAIN);
        let blanks = self.choices.pick(&[" ", "  ", "\t"]);
        self.out.push_str(blanks);
        let anchor = self.choices.one_in(8);
        if anchor {
            self.out.push_str(&format!("&anchor{} ", self.file.scalars.len()));
        }
        let written = match self.choices.below(4) {
            0 => format!("'{}'", text.replace('\'', "''")),
            1 => format!("\"{}\"", text.replace('"', "\\\"")),
            _ => text.to_owned(),
        };
        self.out.push_str(&written);
        self.trailer();
    }

    fn block_scalar(&mut self, path: &str, indent: usize) {
        self.file.scalars.push(self.spot(path, false, false));
        let header = self.choices.pick(&["|", ">", "|-", ">-", "|+", "|2", ">1-", "| # why"]);
        let digit = header.bytes().find(u8::is_ascii_digit).map(|digit| usize::from(digit - b'0'));
        let inner = " ".repeat(indent + digit.unwrap_or(self.unit));
        self.out.push_str(&format!(" {header}\n"));
        // With a digit and without text, the parser takes no comment that stands further in than the key.
        if digit.is_some() {
            self.out.push_str(&format!("{inner}first\n"));
        }
        for _ in 0..self.choices.below(4) {
            let line = self.choices.pick(&["text", "# no comment", "a: b", "- c", "", "long line of text"]);
            let line = if line.is_empty() { String::new() } else { format!("{inner}{line}") };
            self.out.push_str(&format!("{line}\n"));
        }
    }

    /// A collection in brackets. Says whether it takes several lines.
    fn flow(&mut self, path: &str, depth: usize) -> bool {
        let mapping = self.choices.one_in(2);
        let lines = self.choices.one_in(4);
        let gap = if lines { format!("\n{}", " ".repeat(40)) } else { String::new() };
        self.out.push_str(if mapping { "{" } else { "[" });
        if mapping {
            self.file.mappings.push(self.spot(path, !lines, true));
        }
        let count = self.choices.below(4);
        if !mapping {
            self.file.lists.push((self.spot(path, !lines, true), count));
        }
        let mut any = lines && count > 0;
        for index in 0..count {
            self.out.push_str(&gap);
            let path = if mapping {
                let key = ["a", "b", "c"][index];
                self.out.push_str(&format!("{key}: "));
                format!("{path}[\"{key}\"]")
            } else {
                format!("{path}[{index}]")
            };
            if depth > 0 && self.choices.one_in(4) {
                any |= self.flow(&path, depth - 1);
            } else {
                self.file.scalars.push(self.spot(&path, true, true));
                let text = self.choices.pick(&["v", "'q, r'", "\"d\"", "12", "nginx:1.2"]);
                self.out.push_str(text);
            }
            if index + 1 < count || self.choices.one_in(8) {
                self.out.push_str(", ");
            }
        }
        self.out.push_str(&gap);
        self.out.push_str(if mapping { "}" } else { "]" });
        any || lines
    }

    fn trailer(&mut self) {
        let trailer = self.choices.pick(&TRAILERS);
        self.out.push_str(trailer);
        self.out.push('\n');
    }
}
