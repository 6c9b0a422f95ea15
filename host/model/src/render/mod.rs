//! From a report to what a platform is told: lines of the log, outputs, a summary, files. Everything here is
//! a function of its arguments; nothing is written, and no environment or clock is read.
//!
//! The texts of a report come from components and from the files and services they read. Each of them passes
//! [`Renderer::clean`] or [`Renderer::clean_lines`], and a line of the log that begins with such a text has
//! [`BAR`] before it, so that it cannot begin with a command.

mod github;
mod gitlab;
mod log;
mod markdown;
mod result;

pub use result::{ResultDocument, json_text};

use crate::outputs::{Output, OutputValue, RedactedOutput};
use crate::redact::Redactor;
use crate::report::{Block, Note, Report};
use crate::text;
use serde_json::Value;

/// What stands before each line of the log that holds a text of unknown origin.
pub const BAR: &str = "│ ";

/// Where a run takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Jenkins.
    Jenkins,
    /// A terminal, or a CI system that is not known.
    Plain,
}

impl Platform {
    /// Every platform.
    pub const ALL: [Self; 4] = [Self::Github, Self::Gitlab, Self::Jenkins, Self::Plain];

    /// Its name, as `LOCKSTEP_PLATFORM` and `--platform` take it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Jenkins => "jenkins",
            Self::Plain => "plain",
        }
    }

    /// The platform of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.name() == name)
    }
}

/// A file that the platform reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputFile {
    /// The outputs of a GitHub step.
    Outputs,
    /// The summary of a GitHub step.
    Summary,
    /// The dotenv report of a GitLab job, see [`dotenv_file`].
    Dotenv,
    /// The result of the run as JSON, see [`result_file`].
    ResultFile,
    /// The value of the output of this name, which does not fit the platform, in a folder of the run. Only its
    /// owner may read it.
    Value(String),
}

/// One thing to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// One line of the log, without its end.
    Line(String),
    /// To put at the end of a file.
    Append {
        /// The file.
        to: OutputFile,
        /// What to put there.
        text: String,
    },
    /// The new content of a file.
    Replace {
        /// The file.
        to: OutputFile,
        /// Its content.
        text: String,
    },
}

/// The name of the file that holds a step's result, where no other name is given.
#[must_use]
pub fn result_file(step: &str) -> String {
    format!("lockstep-{}.json", slug(step))
}

/// The name of the file that holds a step's outputs for later GitLab jobs.
#[must_use]
pub fn dotenv_file(step: &str) -> String {
    format!("lockstep-{}.env", slug(step))
}

/// The name of the folder that holds the values of a step's outputs that do not fit the platform.
#[must_use]
pub fn value_folder(step: &str) -> String {
    format!("lockstep-{}-values", slug(step))
}

/// Renders one run.
#[derive(Debug, Clone, Copy)]
pub struct Renderer<'a> {
    /// For whom.
    pub platform: Platform,
    /// The step's name, as in [`Report::step`].
    pub step: &'a str,
    /// What must not be seen.
    pub redactor: &'a Redactor,
    /// What must not be seen even by the platform: the credentials of the run.
    pub credentials: &'a Redactor,
    /// At least 128 random bits, drawn for this run, as hexadecimal digits.
    pub token: &'a str,
    /// Whether the log is read by GitHub itself, which takes masks out of it. Elsewhere a mask would show what it is to
    /// hide.
    pub masks: bool,
    /// Whether to use colours: only on a terminal.
    pub colour: bool,
    /// Whether debug notes are shown.
    pub verbose: bool,
    /// The path of the result file as people should read it.
    pub result_file: &'a str,
    /// Whether there is a result file at all.
    pub keeps_result: bool,
    /// The path of the folder of [`OutputFile::Value`] as later steps should read it.
    pub value_folder: &'a str,
}

impl Renderer<'_> {
    /// What comes before the step runs: on GitHub and GitLab what makes the log of a step
    /// one foldable part in which no command is obeyed. `now` is in seconds since 1970.
    #[must_use]
    pub fn opening(&self, now: u64) -> Vec<Effect> {
        match self.platform {
            Platform::Github => github::opening(self),
            Platform::Gitlab => gitlab::opening(self, now),
            Platform::Jenkins | Platform::Plain => Vec::new(),
        }
    }

    /// What comes before a text that holds these secrets is written anywhere: GitHub masks those that are long enough
    /// from then on, in every form.
    #[must_use]
    pub fn masks(&self, secrets: &[&str]) -> Vec<Effect> {
        match self.platform {
            Platform::Github if self.masks => github::masks(self, secrets),
            Platform::Github | Platform::Gitlab | Platform::Jenkins | Platform::Plain => Vec::new(),
        }
    }

    /// These parts of a summary as Markdown, for the component that made them. No secret is taken out: it would see
    /// what is missing, and could try one word after the other.
    #[must_use]
    pub fn markdown(&self, parts: &[Block]) -> String {
        let mut out = String::new();
        let nothing = Redactor::empty();
        markdown::parts(&Renderer { redactor: &nothing, credentials: &nothing, ..*self }, parts, &mut out);
        out
    }

    /// A note, as soon as it is made.
    #[must_use]
    pub fn note(&self, note: &Note) -> Vec<Effect> {
        log::note(self, note).map(Effect::Line).collect()
    }

    /// What a component wrote to its standard output or error.
    #[must_use]
    pub fn stdio(&self, text: &str) -> Vec<Effect> {
        self.barred(text).map(Effect::Line).collect()
    }

    /// How far the work is. How often to say it is the caller's to decide.
    #[must_use]
    pub fn progress(&self, done: u64, total: Option<u64>, unit: &str) -> Effect {
        let of = total.map_or(String::new(), |total| format!(" of {}", log::count(total)));
        let line = format!("{BAR}{}{of} {}", log::count(done), self.clean(unit));
        Effect::Line(line.trim_end().to_owned())
    }

    /// What comes when the run is over. `shown` are the outputs without secrets. `random` draws 128 bits. `now` is in
    /// seconds since 1970.
    #[must_use]
    pub fn closing(
        &self,
        report: &Report,
        shown: &[RedactedOutput],
        now: u64,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Vec<Effect> {
        // It can be long, and not everybody reads it.
        let wanted = self.keeps_result || self.platform == Platform::Github;
        let result =
            wanted.then(|| json_text(&ResultDocument::of(report, shown, self.redactor, self.credentials)));
        let result = result.unwrap_or_default();
        let mut effects = match self.platform {
            Platform::Github => github::closing(self, report, &result, random),
            Platform::Gitlab => gitlab::closing(self, report, now),
            Platform::Jenkins | Platform::Plain => log::closing(self, report).map(Effect::Line).collect(),
        };
        if self.keeps_result {
            effects.push(Effect::Replace { to: OutputFile::ResultFile, text: result + "\n" });
        }
        effects
    }

    /// An output as the platform gets it.
    fn value(&self, output: &Output) -> String {
        match &output.value {
            OutputValue::Plain(value) => plain_value(&self.redactor.redact_json(value.clone())),
            OutputValue::Text(value) | OutputValue::Sensitive { value, .. } => {
                self.credentials.redact(value).into_owned()
            }
        }
    }

    /// A text as one harmless line without secrets. Line ends in it are shown as `\u{a}`.
    fn clean(&self, text: &str) -> String {
        text::neutral(&self.redactor.redact(text))
    }

    /// The lines of a text, each harmless and without secrets.
    fn clean_lines(&self, text: &str) -> Vec<String> {
        text::lines(&self.redactor.redact(text)).collect()
    }

    /// The lines of a text as they may stand in the log.
    fn barred(&self, text: &str) -> impl Iterator<Item = String> {
        self.clean_lines(text).into_iter().map(|line| format!("{BAR}{line}"))
    }
}

/// A value as the text that scripts get: a string as it is, nothing as the empty text, all else as compact
/// JSON.
fn plain_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        _ => value.to_string(),
    }
}

/// A name of letters, digits, `.`, `_` and `-` only.
fn slug(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars().map(|c| if allowed(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests;
