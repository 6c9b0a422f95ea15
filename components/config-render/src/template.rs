//! A template: a YAML or JSON file whose scalars have holes. Read once, filled for each row; what comes out is read
//! again by the YAML engine and compared with the template's tree. Never pastes text.

use std::collections::BTreeMap;

use lockstep_yaml::{Form, NodeId, Op, Position, Reason, Refusal, Stream, Value};
use serde::de::IgnoredAny;

use crate::hole::{self, BadHole, Piece};
use crate::kind::Kind;
use crate::problem::{Code, Problem};
use crate::rows::Row;
use crate::words::text_of;

/// A template that has been read.
#[derive(Debug)]
pub struct Template<'a> {
    path: &'a str,
    text: &'a str,
    kind: Kind,
    stream: Stream<'a>,
    sites: Vec<Site>,
}

/// A scalar with holes, or with text that stands for a hole.
#[derive(Debug)]
struct Site {
    node: NodeId,
    /// Whether it is the key of `node`.
    is_key: bool,
    /// Whether it is nothing but one hole, and takes a value of any type.
    typed: bool,
    pieces: Vec<Piece>,
    at: Position,
}

impl<'a> Template<'a> {
    /// Reads a template.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(path: &'a str, bytes: &'a [u8]) -> Result<Self, Vec<Problem>> {
        let bad = |message: String| Problem::new(Code::BadTemplate, message).at(path, None);
        let Some(kind) = Kind::of(path) else {
            let problem = bad("this version renders .yaml, .yml and .json files".into());
            return Err(vec![problem.hint("put the text into a YAML file, for example as a ConfigMap")]);
        };
        let refused = |refusal| vec![Problem::refused(Code::BadTemplate, path, &refusal)];
        let stream = Stream::open(bytes).map_err(refused)?;
        let text = str::from_utf8(bytes).unwrap_or_default();
        if kind == Kind::Json
            && let Err(error) = serde_json::from_str::<IgnoredAny>(text)
        {
            return Err(vec![
                bad(format!("not JSON: {error}")).hint("in JSON a hole stands in quotes: `\"((name))\"`"),
            ]);
        }
        let mut problems = Vec::new();
        let sites = sites(&stream, kind, &mut |bad, at| problems.push(bad_hole(path, &bad, at)));
        if problems.is_empty() { Ok(Self { path, text, kind, stream, sites }) } else { Err(problems) }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// What kind of file it is, and makes.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The names of its holes, each with the place of the first.
    #[must_use]
    pub fn names(&self) -> BTreeMap<&str, Position> {
        let mut names = BTreeMap::new();
        for site in &self.sites {
            for piece in &site.pieces {
                if let Piece::Hole(name) = piece {
                    names.entry(name.as_str()).or_insert(site.at);
                }
            }
        }
        names
    }

    /// The file of a row that has all names, as it probably will be. Only good to see whether it is there already.
    ///
    /// # Errors
    /// The value that its place cannot take.
    pub fn draft(&self, row: &Row) -> Result<String, Problem> {
        self.stream.draft(&self.ops(row)?).map_err(|refusal| self.refused(row, &refusal))
    }

    /// The file of a row that has all names.
    ///
    /// # Errors
    /// The value that its place cannot take.
    pub fn fill(&self, row: &Row) -> Result<String, Problem> {
        let edited = self.stream.edit(&self.ops(row)?).map_err(|refusal| self.refused(row, &refusal))?;
        let text = edited.text.unwrap_or_else(|| self.text.to_owned());
        if self.kind == Kind::Json
            && let Err(error) = serde_json::from_str::<IgnoredAny>(&text)
        {
            let message = format!("row {}: the file would not be JSON: {error}", row.number);
            let hint = "put the list that holds the hole into an object";
            return Err(Problem::new(Code::BadValue, message).hint(hint).at(self.path, None));
        }
        Ok(text)
    }

    fn ops(&self, row: &Row) -> Result<Vec<Op>, Problem> {
        self.sites.iter().map(|site| self.op(site, row)).collect()
    }

    fn op(&self, site: &Site, row: &Row) -> Result<Op, Problem> {
        let node = site.node;
        if let ([Piece::Hole(name)], true) = (site.pieces.as_slice(), site.typed) {
            return Ok(Op::Set { node, value: row.get(name).cloned().unwrap_or(Value::Null) });
        }
        let mut text = String::new();
        for piece in &site.pieces {
            match piece {
                Piece::Text(kept) => text.push_str(kept),
                Piece::Hole(name) => {
                    let value = row.get(name).unwrap_or(&Value::Null);
                    text.push_str(&text_of(value).map_err(|kind| self.no_text(site, row, name, kind))?);
                }
            }
        }
        Ok(match site.is_key {
            true => Op::Rename { node, key: text },
            false => Op::Set { node, value: Value::String(text) },
        })
    }

    fn no_text(&self, site: &Site, row: &Row, name: &str, kind: &str) -> Problem {
        let whole = site.pieces.len() == 1;
        let place = match (site.is_key, whole) {
            (true, _) => "is a key or a part of one",
            (false, true) => "stands in quotes or in a block",
            (false, false) => "is a part of a text",
        };
        let number = row.number;
        let message =
            format!("row {number}: `{name}` is {kind}, and its hole {place}, which takes only text");
        let hint = match (self.kind, site.is_key, whole) {
            (Kind::Yaml, false, true) => {
                format!("write `(({name}))` without quotes, or give row {number} a text")
            }
            _ => format!("give row {number} a text, or `(({name}))` a place of its own"),
        };
        Problem::new(Code::BadValue, message).hint(hint).at(self.path, Some(site.at))
    }

    fn refused(&self, row: &Row, refusal: &Refusal) -> Problem {
        let problem = Problem::refused(Code::BadValue, self.path, refusal);
        let message = format!("row {}: {}", row.number, problem.message);
        let hint = match &refusal.reason {
            Reason::Unproven { .. } | Reason::Unsupported(_) => {
                "put the hole into double quotes, where every text fits"
            }
            Reason::DuplicateKey { .. } => "two keys get the same name; give the row another value",
            _ => return Problem { message, ..problem },
        };
        Problem { message, hint: Some(hint.into()), ..problem }
    }
}

/// The scalars with holes. Comments are not looked at: they stay as they are.
fn sites(stream: &Stream<'_>, kind: Kind, bad: &mut impl FnMut(BadHole, Position)) -> Vec<Site> {
    for (name, at) in stream.names() {
        if !matches!(hole::split(name), Ok(None)) {
            let problem = "the name of an anchor, and a tag, cannot have a hole";
            bad(BadHole { written: name.to_owned(), problem, hint: "write the name out".into() }, at);
        }
    }
    let whole_value = match kind {
        Kind::Yaml => Form::Plain,
        Kind::Json => Form::DoubleQuoted,
    };
    let mut sites = Vec::new();
    for scalar in stream.scalars() {
        match hole::split(scalar.text) {
            Ok(None) => {}
            Ok(Some(pieces)) => {
                let one = matches!(pieces.as_slice(), [Piece::Hole(_)]);
                let typed = one && !scalar.is_key && scalar.form == whole_value;
                let (node, is_key, at) = (scalar.node, scalar.is_key, scalar.at);
                sites.push(Site { node, is_key, typed, pieces, at });
            }
            Err(problem) => bad(problem, scalar.at),
        }
    }
    sites
}

fn bad_hole(path: &str, bad: &BadHole, at: Position) -> Problem {
    let message = format!("`{}` is no hole: {}", bad.written, bad.problem);
    Problem::new(Code::BadTemplate, message).hint(bad.hint.clone()).at(path, Some(at))
}
