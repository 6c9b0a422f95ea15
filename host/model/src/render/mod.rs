//! Renders a report for a CI system: lines of the log, outputs, a summary, files. The functions return effects and
//! write nothing.
//!
//! The texts of a report come from components, files and services. Each of them passes [`Renderer::clean`] or
//! [`Renderer::clean_lines`]. A line of the log that begins with such a text has [`BAR`] before it, so that it cannot
//! begin with a command.

mod fragments;
mod github;
mod gitlab;
mod log;
mod markdown;
mod printed;
mod result;
mod style;
mod table;

pub use result::{RESULT_START, ResultDocument, json_text};
pub use style::{Charset, LogStyle, Verbosity};

use crate::outputs::{Output, OutputValue, RedactedOutput};
use crate::redact::Redactor;
use crate::report::{Block, Level, Note, Report};
use crate::text;
use serde_json::Value;

/// The prefix of each line of the log that begins with a text of unknown origin.
pub const BAR: &str = "│ ";

/// The CI system of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Jenkins.
    Jenkins,
    /// A terminal, or another CI system.
    Plain,
}

impl Platform {
    /// Every platform.
    pub const ALL: [Self; 4] = [Self::Github, Self::Gitlab, Self::Jenkins, Self::Plain];

    /// The name for `LOCKSTEP_PLATFORM` and `--platform`.
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

/// A file for the CI system.
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
    /// The value of the output of this name that is too long for the CI system, in a folder of the run. Only its owner
    /// may read it.
    Value(String),
}

/// An effect: a text to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A line of the log, without its line end.
    Line(String),
    /// A text to append to a file.
    Append {
        /// The file.
        to: OutputFile,
        /// The text.
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

/// The default name of the file for the result of a step.
#[must_use]
pub fn result_file(step: &str) -> String {
    format!("lockstep-{}.json", slug(step))
}

/// The name of the file with the outputs of a step for later GitLab jobs.
#[must_use]
pub fn dotenv_file(step: &str) -> String {
    format!("lockstep-{}.env", slug(step))
}

/// The name of the folder with the values of outputs that are too long for the CI system.
#[must_use]
pub fn value_folder(step: &str) -> String {
    format!("lockstep-{}-values", slug(step))
}

/// The renderer of one run.
#[derive(Debug, Clone, Copy)]
pub struct Renderer<'a> {
    /// The CI system.
    pub platform: Platform,
    /// The name of the step, as in [`Report::step`].
    pub step: &'a str,
    /// The secrets that readers may not see.
    pub redactor: &'a Redactor,
    /// The credentials of the run, which the CI system may not see either.
    pub credentials: &'a Redactor,
    /// At least 128 random bits, drawn for this run, as hexadecimal digits.
    pub token: &'a str,
    /// Whether GitHub itself reads the log and removes masks from it. Elsewhere a mask would show the secret.
    pub masks: bool,
    /// Whether the step is built in. The notes of such a step can stand for lines of the host.
    pub is_builtin: bool,
    /// How the log looks.
    pub style: LogStyle,
    /// The path of the result file for readers.
    pub result_file: &'a str,
    /// Whether there is a result file.
    pub keeps_result: bool,
    /// The path of the folder of [`OutputFile::Value`] for later steps.
    pub value_folder: &'a str,
}

impl Renderer<'_> {
    /// The effects before the step runs. On GitHub and GitLab they begin a foldable section of the log, on GitHub
    /// without commands. `now` is in seconds since 1970.
    #[must_use]
    pub fn opening(&self, now: u64) -> Vec<Effect> {
        self.in_charset(match self.platform {
            Platform::Github => github::opening(self),
            Platform::Gitlab => gitlab::opening(self, now),
            Platform::Jenkins | Platform::Plain => Vec::new(),
        })
    }

    /// The effects before the host writes a text with these secrets: GitHub masks the long ones from then on, in every
    /// form.
    #[must_use]
    pub fn masks(&self, secrets: &[&str]) -> Vec<Effect> {
        match self.platform {
            Platform::Github if self.masks => github::masks(self, secrets),
            Platform::Github | Platform::Gitlab | Platform::Jenkins | Platform::Plain => Vec::new(),
        }
    }

    /// Parts of a summary as Markdown, for the component that made them. It redacts nothing, because the component
    /// could find out secrets by trying words.
    #[must_use]
    pub fn markdown(&self, parts: &[Block]) -> String {
        let mut out = String::new();
        let nothing = Redactor::empty();
        markdown::parts(&Renderer { redactor: &nothing, credentials: &nothing, ..*self }, parts, &mut out);
        out
    }

    /// The lines of a note.
    #[must_use]
    pub fn note(&self, note: &Note) -> Vec<Effect> {
        self.in_charset(log::note(self, note).map(Effect::Line))
    }

    /// The lines of a text that the component wrote to its standard output or error. A quiet run has none.
    #[must_use]
    pub fn stdio(&self, text: &str) -> Vec<Effect> {
        let lines = self.barred(text).filter(|_| self.style.verbosity != Verbosity::Quiet);
        self.in_charset(lines.map(Effect::Line))
    }

    /// The line about the progress of the work. A quiet run has none.
    #[must_use]
    pub fn progress(&self, done: u64, total: Option<u64>, unit: &str) -> Option<String> {
        let of = total.map_or(String::new(), |total| format!(" of {}", fragments::count(total)));
        let line = format!("{BAR}{}{of} {}", fragments::count(done), self.clean(unit));
        let shown = self.style.verbosity != Verbosity::Quiet;
        shown.then(|| self.style.charset.show(line.trim_end()).into_owned())
    }

    /// The effects at the end of the run. `shown` are the redacted outputs, `random` returns 128 random bits, and `now`
    /// is in seconds since 1970.
    #[must_use]
    pub fn closing(
        &self,
        report: &Report,
        shown: &[RedactedOutput],
        now: u64,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Vec<Effect> {
        // The result can be long, so it is only made if it is used.
        let wanted = self.keeps_result || self.platform == Platform::Github;
        let result =
            wanted.then(|| json_text(&ResultDocument::of(report, shown, self.redactor, self.credentials)));
        let result = result.unwrap_or_default();
        let mut effects = match self.platform {
            Platform::Github => github::closing(self, report, &result, random),
            Platform::Gitlab => gitlab::closing(self, report, now),
            Platform::Jenkins | Platform::Plain => {
                let log::Closing { details, summary } = log::Closing::of(self, report);
                let lines = details.into_iter().chain(summary).chain(log::ending(self, report));
                lines.map(Effect::Line).collect()
            }
        };
        if self.keeps_result {
            effects.push(Effect::Replace { to: OutputFile::ResultFile, text: result + "\n" });
        }
        self.in_charset(effects)
    }

    /// Effects whose lines for people have the characters of the log. Files and commands stay as they are: a mask must
    /// be exact.
    fn in_charset(&self, effects: impl IntoIterator<Item = Effect>) -> Vec<Effect> {
        let charset = self.style.charset;
        let effect = |effect| match effect {
            Effect::Line(line) if !line.starts_with("::") => Effect::Line(charset.show(&line).into_owned()),
            effect => effect,
        };
        effects.into_iter().map(effect).collect()
    }

    /// Whether the log shows notes of this level.
    fn shows(&self, level: Level) -> bool {
        level
            >= match self.style.verbosity {
                Verbosity::Quiet => Level::Warning,
                Verbosity::Normal => Level::Info,
                Verbosity::Verbose => Level::Debug,
            }
    }

    fn is_verbose(&self) -> bool {
        self.style.verbosity == Verbosity::Verbose
    }

    /// The value of an output for the CI system.
    fn value(&self, output: &Output) -> String {
        match &output.value {
            OutputValue::Plain(value) => plain_value(&self.redactor.redact_json(value.clone())),
            OutputValue::Text(value) | OutputValue::Sensitive { value, .. } => {
                self.credentials.redact(value).into_owned()
            }
        }
    }

    /// A text, redacted and escaped, as one line with `\u{a}` for line ends.
    fn clean(&self, text: &str) -> String {
        text::neutral(&self.redactor.redact(text))
    }

    /// The lines of a text, redacted and escaped.
    fn clean_lines(&self, text: &str) -> Vec<String> {
        text::lines(&self.redactor.redact(text)).collect()
    }

    /// The lines of a text for the log, each with [`BAR`].
    fn barred(&self, text: &str) -> impl Iterator<Item = String> {
        self.clean_lines(text).into_iter().map(|line| format!("{BAR}{line}"))
    }
}

/// A value as text for scripts: a string as it is, null as the empty text, any other value as compact JSON.
fn plain_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        _ => value.to_string(),
    }
}

/// The name with `-` for each character except letters, digits, `.`, `_` and `-`.
fn slug(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars().map(|c| if allowed(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests;
