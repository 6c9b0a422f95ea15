//! Reads the inputs into what a run does. It never looks at a file or a store.

use crate::headers::Rule;
use crate::host::{Algorithm, Keeping, Retention};
use crate::names::{Source, Target};
use crate::problem::{Code, Problem};

/// The inputs as they came.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// `source`.
    pub source: Vec<String>,
    /// `to`.
    pub to: String,
    /// `immutable`.
    pub immutable: bool,
    /// `sync`.
    pub sync: bool,
    /// `delete`.
    pub delete: bool,
    /// `max-delete`.
    pub max_delete: String,
    /// `headers`.
    pub headers: Vec<String>,
    /// `metadata`.
    pub metadata: Vec<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// `checksum`.
    pub checksum: Algorithm,
    /// `encryption`.
    pub encryption: Option<String>,
    /// `lock`.
    pub lock: Option<String>,
    /// `manifest`.
    pub manifest: String,
    /// `allow-empty`.
    pub allow_empty: bool,
}

/// What a run does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What to upload.
    pub sources: Vec<Source>,
    /// Where to.
    pub target: Target,
    /// Whether no object is ever replaced.
    pub immutable: bool,
    /// Whether what is there already is skipped.
    pub sync: bool,
    /// How much may be deleted; nothing is looked for without it.
    pub delete: Option<MaxDelete>,
    /// The rules for headers.
    pub rules: Vec<Rule>,
    /// How all objects are kept, but for their headers.
    pub keeping: Keeping,
    /// The manifest's path below the prefix.
    pub manifest: Option<String>,
    /// Whether a source may find nothing.
    pub allow_empty: bool,
}

/// How many objects may be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxDelete {
    /// So many.
    Count(u64),
    /// So many of a hundred.
    Percent(u64),
}

impl MaxDelete {
    /// Reads a number or a percentage.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let digits =
            |text: &str| text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let read = match text.strip_suffix('%') {
            Some(percent) => digits(percent).filter(|percent| *percent <= 100).map(Self::Percent),
            None => digits(text).map(Self::Count),
        };
        read.ok_or_else(|| {
            format!("`max-delete` is `{text}`, and not a number or a percentage such as `10%`")
        })
    }

    /// Whether so many of all may be deleted.
    #[must_use]
    pub fn allows(self, deletes: u64, all: u64) -> bool {
        match self {
            Self::Count(most) => deletes <= most,
            Self::Percent(most) => u128::from(deletes) * 100 <= u128::from(all) * u128::from(most),
        }
    }
}

impl Settings {
    /// Reads the inputs. `now` is in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(inputs: &Inputs, now: u64) -> Result<Self, Vec<Problem>> {
        let mut wrong = Vec::new();
        let mut bad = |message: String| wrong.push(Problem::new(Code::BadInput, message));
        let sources: Vec<_> =
            inputs.source.iter().filter_map(|text| Source::read(text).map_err(&mut bad).ok()).collect();
        if inputs.source.is_empty() {
            bad("no `source` is given".to_owned());
        }
        let max_delete = MaxDelete::read(&inputs.max_delete).map_err(&mut bad).ok();
        let rules =
            inputs.headers.iter().filter_map(|text| Rule::read(text).map_err(&mut bad).ok()).collect();
        let keeping = Keeping {
            headers: Vec::new(),
            metadata: metadata(&inputs.metadata).unwrap_or_else(|text| (bad(text), Vec::new()).1),
            tags: tags(&inputs.tags).unwrap_or_else(|text| (bad(text), Vec::new()).1),
            checksum: inputs.checksum,
            encryption: inputs.encryption.as_deref().and_then(|text| encryption(text).map_err(&mut bad).ok()),
            retention: inputs.lock.as_deref().and_then(|text| retention(text, now).map_err(&mut bad).ok()),
        };
        let manifest = Some(inputs.manifest.clone()).filter(|manifest| !manifest.is_empty());
        let target = Target::read(&inputs.to)
            .map_err(|(message, hint)| wrong.push(Problem::new(Code::BadInput, message).hint(hint)))
            .ok();
        if let (Some(target), Some(manifest)) = (&target, &manifest)
            && !target.fits(manifest)
        {
            let message = format!("`manifest` is `{manifest}`, which cannot be a name below `to`");
            wrong.push(Problem::new(Code::BadInput, message));
        }
        let demands = [("encryption", keeping.encryption.is_some()), ("lock", keeping.retention.is_some())];
        for (input, _) in demands.into_iter().filter(|(_, asked)| *asked) {
            if target.as_ref().is_some_and(|target| target.folder) {
                let message = format!("`{input}` is given, and a local folder has none");
                wrong.push(Problem::new(Code::BadInput, message));
            }
        }
        match target {
            Some(target) if wrong.is_empty() => Ok(Self {
                sources,
                target,
                immutable: inputs.immutable,
                sync: inputs.sync,
                delete: max_delete.filter(|_| inputs.delete),
                rules,
                keeping,
                manifest,
                allow_empty: inputs.allow_empty,
            }),
            _ => Err(wrong),
        }
    }
}

/// Splits `NAME=VALUE` texts.
fn pairs(texts: &[String], what: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for text in texts {
        let (name, value) = text
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| format!("`{text}` of `{what}` is not of the form `NAME=VALUE`"))?;
        if pairs.iter().any(|(other, _)| other == name) {
            return Err(format!("`{what}` has `{name}` twice"));
        }
        if value.chars().any(char::is_control) {
            return Err(format!("the value of `{name}` in `{what}` has a control character"));
        }
        pairs.push((name.to_owned(), value.to_owned()));
    }
    Ok(pairs)
}

/// Names without case, since they become headers:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>.
fn metadata(texts: &[String]) -> Result<Vec<(String, String)>, String> {
    const MOST: usize = 2048;
    let lower: Vec<String> = texts
        .iter()
        .map(|text| {
            text.split_once('=').map_or(text.clone(), |(n, v)| format!("{}={v}", n.to_ascii_lowercase()))
        })
        .collect();
    let pairs = pairs(&lower, "metadata")?;
    for (name, value) in &pairs {
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(format!("`{name}` of `metadata` has other characters than letters, digits and `-`"));
        }
        if !value.is_ascii() {
            return Err(format!(
                "the value of `{name}` in `metadata` has other characters than those of ASCII"
            ));
        }
    }
    match pairs.iter().map(|(name, value)| name.len() + value.len()).sum() {
        0..=MOST => Ok(pairs),
        bytes => Err(format!("`metadata` has {bytes} bytes; a store takes {MOST}")),
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>.
fn tags(texts: &[String]) -> Result<Vec<(String, String)>, String> {
    let pairs = pairs(texts, "tags")?;
    if pairs.len() > 10 {
        return Err(format!("there are {} tags; an object has at most ten", pairs.len()));
    }
    let long = |(name, value): &&(String, String)| name.chars().count() > 128 || value.chars().count() > 256;
    match pairs.iter().find(long) {
        Some((name, _)) => Err(format!("tag `{name}` is too long; a name has 128 characters, a value 256")),
        None => Ok(pairs),
    }
}

fn encryption(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        None if text == "aes256" => Ok("AES256".to_owned()),
        None if text == "kms" => Ok("aws:kms".to_owned()),
        Some(("kms", key)) if !key.is_empty() => Ok(format!("aws:kms:{key}")),
        _ => Err(format!("`encryption` is `{text}`, and not `aes256`, `kms` or `kms:KEY`")),
    }
}

fn retention(text: &str, now: u64) -> Result<Retention, String> {
    let wrong = || {
        format!(
            "`lock` is `{text}`, and not `governance:DURATION` or `compliance:DURATION`, such as `compliance:30d`"
        )
    };
    let (mode, duration) = text.split_once(':').ok_or_else(wrong)?;
    let compliance = match mode {
        "compliance" => true,
        "governance" => false,
        _ => return Err(wrong()),
    };
    let units = [('h', 3600), ('d', 24 * 3600), ('y', 365 * 24 * 3600)];
    let (digits, seconds) = units
        .into_iter()
        .find_map(|(unit, seconds)| Some((duration.strip_suffix(unit)?, seconds)))
        .filter(|(digits, _)| digits.bytes().all(|c| c.is_ascii_digit()))
        .ok_or_else(wrong)?;
    let number: u32 = digits.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
    // A hundred years is what stores take at most; a larger number is a slip that cannot be taken back.
    let length = u64::from(number) * seconds;
    if length > 100 * 365 * 24 * 3600 {
        return Err(format!("`lock` is `{text}`, which is more than a hundred years"));
    }
    Ok(Retention { compliance, until: now + length })
}
