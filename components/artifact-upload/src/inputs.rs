//! Reads the inputs. It never looks at a file or a store.

use std::collections::BTreeSet;

use lockstep_sdk::objects::{NameValue, PutOptions, Retention, RetentionMode};
use lockstep_sdk::suggest;

use crate::Inputs;
use crate::failure::{Code, Error};
use crate::filter::{Filter, FilterPattern};
use crate::headers::HeaderRule;
use crate::names::{self, Target};

/// What the inputs ask the run to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The paths and patterns of the files to upload, as the inputs have them.
    pub sources: Vec<String>,
    /// Which of these files the step leaves out.
    pub filter: Filter,
    /// Whether wildcards match hidden names.
    pub dotfiles: bool,
    /// The prefix of the objects.
    pub target: Target,
    /// Whether the step never replaces an object.
    pub immutable: bool,
    /// Whether the step skips files whose object has the same content.
    pub sync: bool,
    /// How many objects the step may delete; none without `delete`.
    pub max_delete: Option<MaxDelete>,
    /// The rules for headers.
    pub header_rules: Vec<HeaderRule>,
    /// The options of all objects, without their headers.
    pub options: PutOptions,
    /// The key of the manifest below the prefix.
    pub manifest: Option<String>,
    /// Whether a source may match no file.
    pub allow_empty: bool,
}

/// How many objects the step may delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxDelete {
    /// This many objects.
    Count(u64),
    /// This percentage of the objects below the prefix.
    Percent(u64),
}

impl MaxDelete {
    /// Parses a number or a percentage.
    ///
    /// # Errors
    /// The text is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits =
            |text: &str| text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let parsed = match text.strip_suffix('%') {
            Some(percent) => digits(percent).filter(|percent| *percent <= 100).map(Self::Percent),
            None => digits(text).map(Self::Count),
        };
        parsed.ok_or_else(|| {
            format!("invalid `max-delete` `{text}`: expected a number or a percentage such as `10%`")
        })
    }

    /// Whether the step may delete this many of all objects.
    #[must_use]
    pub fn allows(self, deletes: u64, all: u64) -> bool {
        match self {
            Self::Count(max) => deletes <= max,
            Self::Percent(max) => u128::from(deletes) * 100 <= u128::from(all) * u128::from(max),
        }
    }
}

impl Settings {
    /// Reads the inputs. `now` is in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// All mistakes in the inputs.
    pub fn read(inputs: &Inputs, now: u64) -> Result<Self, Vec<Error>> {
        let mut errors = Vec::new();
        let mut add = |message: String| errors.push(Error::new(Code::BadInput, message));
        for text in &inputs.source {
            names::source(text).map_err(&mut add).unwrap_or_default();
        }
        if inputs.source.is_empty() {
            add("`source` is empty".to_owned());
        }
        let mut patterns = |input: &str, texts: &[String]| {
            let parse = |text: &String| FilterPattern::parse(input, text).map_err(&mut add).ok();
            texts.iter().filter_map(parse).collect()
        };
        let include = patterns("include", &inputs.include);
        let filter = Filter { include, exclude: patterns("exclude", &inputs.exclude) };
        let max_delete = MaxDelete::parse(&inputs.max_delete).map_err(&mut add).ok();
        let header_rules =
            inputs.headers.iter().filter_map(|text| HeaderRule::parse(text).map_err(&mut add).ok()).collect();
        let options = options(inputs, now, &mut add);
        let manifest = Some(inputs.manifest.clone()).filter(|manifest| !manifest.is_empty());
        let target =
            Target::parse(&inputs.to).map_err(|error| errors.push(Error::input(Code::BadInput, error))).ok();
        if let Some(target) = &target {
            errors.extend(unsupported(target, inputs, manifest.as_deref(), &options));
        }
        match target {
            Some(target) if errors.is_empty() => Ok(Self {
                sources: inputs.source.clone(),
                filter,
                dotfiles: inputs.dotfiles,
                target,
                immutable: inputs.immutable,
                sync: inputs.sync,
                max_delete: max_delete.filter(|_| inputs.delete),
                header_rules,
                options,
                manifest,
                allow_empty: inputs.allow_empty,
            }),
            _ => Err(errors),
        }
    }
}

/// The options of all objects, without headers.
fn options(inputs: &Inputs, now: u64, mut add: impl FnMut(String)) -> PutOptions {
    PutOptions {
        headers: Vec::new(),
        metadata: metadata(&inputs.metadata).map_err(&mut add).unwrap_or_default(),
        tags: tags(&inputs.tags).map_err(&mut add).unwrap_or_default(),
        checksum: inputs.checksum,
        encryption: inputs.encryption.as_deref().and_then(|text| encryption(text).map_err(&mut add).ok()),
        retention: inputs.lock.as_deref().and_then(|text| retention(text, now).map_err(&mut add).ok()),
        acl: inputs.acl.clone(),
        storage_class: inputs.storage_class.clone(),
        website_redirect: None,
    }
}

/// The inputs that this target cannot have.
fn unsupported(target: &Target, inputs: &Inputs, manifest: Option<&str>, options: &PutOptions) -> Vec<Error> {
    let mut messages = Vec::new();
    let needs_prefix = [("delete", inputs.delete), ("manifest", manifest.is_some())];
    for (input, _) in needs_prefix.into_iter().filter(|(_, is_given)| *is_given && target.only_key.is_some())
    {
        messages
            .push(format!("`{input}` needs a prefix, and `to` is the name of one object: end `to` with `/`"));
    }
    if let Some(manifest) = manifest.filter(|manifest| !target.is_valid_key(manifest)) {
        messages.push(format!("`manifest` is `{manifest}`, which no object below `to` can be named"));
    }
    let given = [
        ("encryption", options.encryption.is_some()),
        ("lock", options.retention.is_some()),
        ("acl", options.acl.is_some()),
        ("storage-class", options.storage_class.is_some()),
    ];
    for (input, _) in given.into_iter().filter(|(_, is_given)| *is_given && target.is_folder) {
        messages.push(format!("a local folder does not support `{input}`"));
    }
    messages.into_iter().map(|message| Error::new(Code::BadInput, message)).collect()
}

/// Parses `NAME=VALUE` texts of an input.
fn pairs(texts: &[String], input: &str) -> Result<Vec<NameValue>, String> {
    let (mut pairs, mut names) = (Vec::new(), BTreeSet::new());
    for text in texts {
        let (name, value) = text
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| format!("`{text}` of `{input}` does not have the form `NAME=VALUE`"))?;
        if !names.insert(name) {
            return Err(format!("`{input}` has `{name}` twice"));
        }
        if value.chars().any(char::is_control) {
            return Err(format!("the value of `{name}` in `{input}` has a control character"));
        }
        pairs.push(NameValue { name: name.to_owned(), value: value.to_owned() });
    }
    Ok(pairs)
}

/// Parses metadata. Names become lower case, because the store takes them as names of headers:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>.
fn metadata(texts: &[String]) -> Result<Vec<NameValue>, String> {
    const MAX_BYTES: usize = 2048;
    let lower_case = |text: &String| match text.split_once('=') {
        Some((name, value)) => format!("{}={value}", name.to_ascii_lowercase()),
        None => text.clone(),
    };
    let pairs = pairs(&texts.iter().map(lower_case).collect::<Vec<_>>(), "metadata")?;
    for NameValue { name, value } in &pairs {
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(format!("`{name}` of `metadata` has other characters than letters, digits and `-`"));
        }
        if !value.is_ascii() {
            return Err(format!(
                "the value of `{name}` in `metadata` has other characters than those of ASCII"
            ));
        }
    }
    match pairs.iter().map(|pair| pair.name.len() + pair.value.len()).sum() {
        0..=MAX_BYTES => Ok(pairs),
        bytes => Err(format!("`metadata` has {bytes} bytes; an object has at most {MAX_BYTES}")),
    }
}

/// Parses tags: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>.
fn tags(texts: &[String]) -> Result<Vec<NameValue>, String> {
    const MAX: usize = 10;
    let pairs = pairs(texts, "tags")?;
    if pairs.len() > MAX {
        return Err(format!("`tags` has {} tags; an object has at most {MAX}", pairs.len()));
    }
    let is_long = |pair: &&NameValue| pair.name.chars().count() > 128 || pair.value.chars().count() > 256;
    match pairs.iter().find(is_long) {
        Some(NameValue { name, .. }) => {
            Err(format!("tag `{name}` is too long; a name has at most 128 characters, a value at most 256"))
        }
        None => Ok(pairs),
    }
}

fn encryption(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        None if text == "aes256" => Ok("AES256".to_owned()),
        None if text == "kms" => Ok("aws:kms".to_owned()),
        Some(("kms", key)) if !key.is_empty() => Ok(format!("aws:kms:{key}")),
        _ => {
            let expected = suggest::expected(text, &["aes256", "kms", "kms:KEY"]);
            Err(format!("invalid encryption `{text}`: {expected}"))
        }
    }
}

fn retention(text: &str, now: u64) -> Result<Retention, String> {
    // A hundred years is the longest retention of a store, and nobody can undo a longer one.
    const MAX_HOURS: u64 = 100 * 365 * 24;
    let invalid = || {
        let example = "`governance:DURATION` or `compliance:DURATION`, such as `compliance:30d`";
        format!("invalid lock `{text}`: expected {example}")
    };
    let (mode, duration) = text.split_once(':').ok_or_else(invalid)?;
    let mode = match mode {
        "compliance" => RetentionMode::Compliance,
        "governance" => RetentionMode::Governance,
        _ => return Err(invalid()),
    };
    let hours = hours(duration).filter(|hours| *hours > 0).ok_or_else(invalid)?;
    if hours > MAX_HOURS {
        return Err(format!("invalid lock `{text}`: it is longer than a hundred years"));
    }
    Ok(Retention { mode, until: now + hours * 3600 })
}

/// Parses a duration in hours, days or years of 365 days.
fn hours(text: &str) -> Option<u64> {
    let (digits, hours) = [('h', 1), ('d', 24), ('y', 365 * 24)]
        .into_iter()
        .find_map(|(unit, hours)| Some((text.strip_suffix(unit)?, hours)))?;
    let number: u32 = digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
    Some(u64::from(number) * hours)
}
