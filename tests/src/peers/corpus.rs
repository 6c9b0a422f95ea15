//! Reads the corpus: files as people write them, and edits, each with the text that it replaces and the new text. The
//! expected bytes follow from these texts alone.

use super::edit::{Change, Edit};
use super::folder;
use serde::Deserialize;
use std::fs;

/// A planned edit of one file, with the expected result.
#[derive(Clone, Debug)]
pub struct PlannedEdit {
    /// The name in tables.
    pub name: String,
    /// The name of the file.
    pub file: String,
    /// Its bytes.
    pub before: String,
    /// The accepted results. There are several if two spellings are equally good, such as two kinds of quotes.
    pub expected: Vec<String>,
    /// The edit.
    pub edit: Edit,
    /// Whether a rule generated the edit, instead of a person.
    pub generated: bool,
}

/// A variant of a file with the same values.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum FileVariant {
    /// The file of the corpus, unchanged.
    Lf,
    /// With CRLF as line ends.
    Crlf,
    /// With a byte order mark.
    Bom,
    /// Without the last line end.
    Open,
    /// All three.
    CrlfBomOpen,
}

/// One file of the corpus.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CorpusEntry {
    #[serde(default = "manifest")]
    file: String,
    #[serde(default = "as_it_stands")]
    forms: Vec<FileVariant>,
    text: String,
    edit: Vec<Expectation>,
}

#[derive(Debug, Deserialize)]
struct Expectation {
    /// Texts that occur once in the file, each followed by the new text, or by several equally good ones.
    texts: Vec<Vec<String>>,
    #[serde(flatten)]
    edit: Edit,
}

fn manifest() -> String {
    "manifest.yaml".to_owned()
}

fn as_it_stands() -> Vec<FileVariant> {
    vec![FileVariant::Lf]
}

/// Every edit that the corpus holds.
///
/// # Panics
/// The corpus contradicts itself.
pub(super) fn all() -> Vec<PlannedEdit> {
    let entries = fs::read_dir(folder().join("corpus")).expect("the corpus").flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("an entry");
        let entry: CorpusEntry = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        all.extend(entry.plan(&name));
    }
    all
}

impl CorpusEntry {
    fn plan(&self, name: &str) -> Vec<PlannedEdit> {
        let mut plan = Vec::new();
        for expectation in &self.edit {
            let what = expectation.edit.image.as_ref().map(|image| format!("image {image}"));
            let what = what.or_else(|| expectation.edit.change.first().map(Change::to_string));
            let name =
                format!("{name}: {}", what.unwrap_or_else(|| panic!("{name}: an edit without change")));
            let expected = expectation.expected(&self.text).unwrap_or_else(|text| {
                panic!("{name}: {text:?} does not stand once in the file");
            });
            plan.extend(self.forms.iter().map(|form| PlannedEdit {
                name: format!("{name}{}", form.suffix()),
                file: self.file.clone(),
                before: form.apply(&self.text),
                expected: expected.iter().map(|text| form.apply(text)).collect(),
                edit: expectation.edit.clone(),
                generated: false,
            }));
        }
        plan
    }
}

impl Expectation {
    /// The file with the new texts, in each of the spellings. The error is a text that does not occur once.
    fn expected(&self, before: &str) -> Result<Vec<String>, String> {
        let spellings = self.texts.iter().map(|texts| texts.len() - 1).max().unwrap_or_default();
        let spell = |number: usize| {
            self.texts.iter().try_fold(before.to_owned(), |text, texts| {
                let old = &texts[0];
                let new = &texts[(number + 1).min(texts.len() - 1)];
                if before.matches(old.as_str()).count() == 1 && old != new {
                    Ok(text.replacen(old.as_str(), new, 1))
                } else {
                    Err(old.clone())
                }
            })
        };
        (0..spellings).map(spell).collect()
    }
}

impl FileVariant {
    /// The text in this variant.
    #[must_use]
    pub fn apply(self, text: &str) -> String {
        let open = text.strip_suffix('\n').unwrap_or(text);
        match self {
            Self::Lf => text.to_owned(),
            Self::Crlf => text.replace('\n', "\r\n"),
            Self::Bom => format!("\u{feff}{text}"),
            Self::Open => open.to_owned(),
            Self::CrlfBomOpen => format!("\u{feff}{}", open.replace('\n', "\r\n")),
        }
    }

    /// The suffix for the name of an edit.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Lf => "",
            Self::Crlf => " (CRLF)",
            Self::Bom => " (BOM)",
            Self::Open => " (no final newline)",
            Self::CrlfBomOpen => " (CRLF, BOM, no final newline)",
        }
    }
}
