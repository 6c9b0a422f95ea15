//! The reporter: writes each byte of the log, the terminal and the files of the CI system. The model renders the texts;
//! this module makes none.

mod live;
mod targets;

use crate::distinct_files::DistinctFiles;
use crate::environment;
use crate::terminal::{LogReader, LogStream};
use lockstep_model::digest::hex;
use lockstep_model::outputs::{self, Output, RedactedOutput};
use lockstep_model::redact::{Redactor, SecretsTooLong};
use lockstep_model::render::{self, Effect, OutputFile, Platform, Renderer, ResultDocument};
use lockstep_model::report::{Note, Report};
use lockstep_workspace::{ContentWriter, DocumentKind, FileAccess, NameOrigin, OwnFileError, OwnFiles};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::mem::discriminant;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use targets::{description, joined_appends, naming, value_folder};

/// How often the reporter shows progress on a terminal.
const BAR_EVERY: Duration = Duration::from_millis(100);
/// How often the reporter shows progress in a log.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// The variable with the path of the result.
const RESULT: &str = "LOCKSTEP_RESULT";
/// The kind of that document.
const RESULT_KIND: DocumentKind = DocumentKind { name: "result", start: render::RESULT_START };
/// Clears the line of the progress bar.
const CLEAR: &str = "\r\u{1b}[2K";

/// The settings of a reporter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutputOptions {
    /// The CI system.
    pub(crate) platform: Platform,
    /// The stream that gets the log.
    pub(crate) stream: LogStream,
    /// What the reader of the log can show.
    pub(crate) reader: LogReader,
    /// Whether the step is built in.
    pub(crate) is_builtin: bool,
    /// Whether GitHub reads the log. This can be so for any `platform`.
    pub(crate) masks: bool,
}

/// The writer of the log, the outputs and the result of one run. Clones write for the same run.
#[derive(Clone)]
pub(crate) struct Reporter(Arc<ReporterState>);

struct ReporterState {
    options: OutputOptions,
    step: String,
    /// The secrets of the job.
    credentials: Redactor,
    /// The secrets of the job, of the inputs, and those that the component masked.
    redactor: RwLock<Redactor>,
    token: String,
    result_name: String,
    value_folder: PathBuf,
    folder: PathBuf,
    own_files: OwnFiles,
    /// The first file that was not writable at the start. The reporter skips it.
    unwritable: OnceLock<OutputFile>,
    log: Mutex<LogState>,
}

/// The state of the log.
struct LogState {
    last_shown: Instant,
    on_bar: bool,
    /// The progress of the work, and when it last changed.
    done: u64,
    last_progress: Instant,
}

impl Default for LogState {
    fn default() -> Self {
        Self { last_shown: Instant::now(), on_bar: false, done: 0, last_progress: Instant::now() }
    }
}

impl Reporter {
    /// Makes the reporter for a run of `step` in the workspace `folder`.
    ///
    /// # Errors
    /// The secrets are too long for the redactor.
    pub(crate) fn new(
        options: OutputOptions,
        step: &str,
        secrets: &[&str],
        folder: &Path,
    ) -> Result<Self, SecretsTooLong> {
        let step =
            Path::new(step).file_name().map_or(step.into(), |name| name.to_string_lossy()).into_owned();
        let token = hex(&random());
        Ok(Self(Arc::new(ReporterState {
            options,
            credentials: Redactor::new(secrets)?,
            redactor: RwLock::new(Redactor::new(secrets)?),
            value_folder: value_folder(options.platform, folder, &step, &token),
            token,
            result_name: render::result_file(&step),
            step,
            folder: folder.to_owned(),
            own_files: OwnFiles::new(folder),
            unwritable: OnceLock::new(),
            log: Mutex::new(LogState::default()),
        })))
    }

    /// The name of the step for logs and files.
    pub(crate) fn step(&self) -> &str {
        &self.0.step
    }

    /// Redacts the secrets of the job from a text of the host. Texts that a component masked stay, so that it cannot hide
    /// its acts.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.0.credentials.redact(text).into_owned()
    }

    /// Adds secrets of inputs. Like masks of a component they do not change what the host says, so that the author of
    /// an input cannot hide it. GitHub does not get them as masks.
    pub(crate) fn add_secrets(&self, secrets: &BTreeSet<String>) -> Result<(), SecretsTooLong> {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        self.0.redactor.write().unwrap_or_else(PoisonError::into_inner).learn(&secrets)
    }

    /// Redacts all secrets from the outputs.
    pub(crate) fn redact_outputs(&self, outputs: &[Output]) -> Vec<RedactedOutput> {
        outputs::redacted(outputs, &self.redactor())
    }

    /// The writer of the host's own files.
    pub(crate) fn own_files(&self) -> &OwnFiles {
        &self.0.own_files
    }

    /// Checks that no two files of the run are the same one. `named` are those of the command line, each with what it is
    /// for a message. If the error is about a file for the CI system, the reporter skips that file when the run ends.
    pub(crate) fn check_distinct(&self, named: &[(&str, PathBuf)]) -> Result<(), String> {
        let mut files = DistinctFiles::default();
        named.iter().try_for_each(|(what, path)| files.add(what, path))?;
        self.check_each(|target, path| files.add(description(target), path))
    }

    /// Checks that the host can write the files for the CI system. The error names the first file that it cannot write;
    /// the reporter skips that file when the run ends.
    pub(crate) fn check_files(&self) -> Result<(), String> {
        let own = &self.0.own_files;
        self.check_each(|target, path| {
            let checked = match (target, naming(target)) {
                (OutputFile::ResultFile, NameOrigin::Caller) => own.check_document(path, RESULT_KIND),
                (_, origin) => own.check(path, origin),
            };
            checked.map_err(|error| format!("cannot write {} to {error}", description(target)))
        })
    }

    fn check_each(
        &self,
        mut check: impl FnMut(&OutputFile, &Path) -> Result<(), String>,
    ) -> Result<(), String> {
        let any_value = OutputFile::Value("value".to_owned());
        let targets = match self.0.options.platform {
            Platform::Github => {
                vec![OutputFile::Outputs, OutputFile::Summary, any_value, OutputFile::ResultFile]
            }
            Platform::Gitlab => vec![OutputFile::Dotenv, any_value, OutputFile::ResultFile],
            Platform::Jenkins | Platform::Plain => vec![OutputFile::ResultFile],
        };
        for target in targets {
            let Some(path) = self.path(&target) else { continue };
            if let Err(problem) = check(&target, &path) {
                let _ = self.0.unwritable.set(target);
                return Err(problem);
            }
        }
        Ok(())
    }

    /// Writes the beginning of the log.
    pub(crate) fn start(&self) -> io::Result<()> {
        self.apply(&self.render(|renderer| renderer.opening(now())))
    }

    /// Writes notes of the host to the log.
    pub(crate) fn print_notes(&self, notes: &[Note]) {
        for note in notes {
            // If nobody reads the log, the result still has the note.
            let _ = self.apply(&self.render(|renderer| renderer.note(note)));
        }
    }

    /// Writes what a component printed to the log.
    pub(crate) fn print_output(&self, bytes: &[u8]) -> io::Result<()> {
        self.apply(&self.render(|renderer| renderer.stdio(&String::from_utf8_lossy(bytes))))
    }

    /// Writes the end of the log, the outputs and the summary. With [`LogStream::Stderr`] it also prints the result to
    /// standard output.
    pub(crate) fn finish(&self, report: &Report, shown: &[RedactedOutput]) -> io::Result<()> {
        let applied =
            self.apply(&self.render(|renderer| renderer.closing(report, shown, now(), &mut random)));
        if self.0.options.stream == LogStream::Stdout {
            return applied;
        }
        let result = ResultDocument::of(report, shown, &self.redactor(), &self.0.credentials);
        applied.and(self.print_result(&result))
    }

    fn print_result(&self, result: &ResultDocument<'_>) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", render::json_text(result))?;
        stdout.flush()
    }

    fn redactor(&self) -> RwLockReadGuard<'_, Redactor> {
        self.0.redactor.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn render<T>(&self, act: impl FnOnce(&Renderer<'_>) -> T) -> T {
        let inner = &*self.0;
        act(&Renderer {
            platform: inner.options.platform,
            step: &inner.step,
            redactor: &self.redactor(),
            credentials: &inner.credentials,
            token: &inner.token,
            masks: inner.options.masks,
            is_builtin: inner.options.is_builtin,
            style: inner.options.reader.style,
            result_file: &inner.result_name,
            keeps_result: self.path(&OutputFile::ResultFile).is_some(),
            value_folder: &inner.value_folder.to_string_lossy(),
        })
    }

    /// Carries out all effects and returns the first error. It appends to each file in one write, so that a killed run
    /// leaves all of the text or none.
    fn apply(&self, effects: &[Effect]) -> io::Result<()> {
        let mut lines = String::new();
        let mut done = Ok(());
        for effect in effects {
            match effect {
                Effect::Line(line) => {
                    lines.push_str(line);
                    lines.push('\n');
                }
                Effect::Append { .. } => {}
                Effect::Replace { to, text } => done = done.and(self.write_file(to, text, false)),
            }
        }
        for (to, text) in joined_appends(effects) {
            done = done.and(self.write_file(to, &text, true));
        }
        done.and(self.write_log(&lines, false))
    }

    /// Writes lines to the log, or the progress bar if `bar` is true.
    fn write_log(&self, text: &str, bar: bool) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let mut log = self.0.log.lock().unwrap_or_else(PoisonError::into_inner);
        let clear = if log.on_bar { CLEAR } else { "" };
        log.on_bar = bar;
        let bytes = format!("{clear}{text}");
        let written = match self.0.options.stream {
            LogStream::Stdout => write_all(io::stdout().lock(), &bytes),
            LogStream::Stderr => write_all(io::stderr().lock(), &bytes),
        };
        // If nobody reads the log, the run still goes on: it may have changed half of its files.
        written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
    }

    fn write_file(&self, to: &OutputFile, text: &str, append: bool) -> io::Result<()> {
        if self.0.unwritable.get().is_some_and(|target| discriminant(target) == discriminant(to)) {
            return Ok(());
        }
        let Some(path) = self.path(to) else { return Ok(()) };
        let own = &self.0.own_files;
        let put = if append {
            own.append(&path, text.as_bytes())
        } else {
            let access =
                if matches!(to, OutputFile::Value(_)) { FileAccess::Owner } else { FileAccess::Default };
            let fill: ContentWriter<'_> = &mut |out| out.write_all(text.as_bytes());
            match (to, naming(to)) {
                (OutputFile::ResultFile, NameOrigin::Caller) => {
                    own.replace_document(&path, RESULT_KIND, fill)
                }
                (_, origin) => own.replace(&path, origin, access, fill),
            }
        };
        put.map_err(|error: OwnFileError| io::Error::other(error.to_string()))
    }

    /// The files that this reporter writes. Some may be in the workspace.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let targets = [OutputFile::Outputs, OutputFile::Summary, OutputFile::Dotenv, OutputFile::ResultFile];
        let files = targets.into_iter().filter_map(|target| self.path(&target));
        files.chain([self.0.folder.join(&self.0.value_folder)])
    }

    /// The path of a file for the CI system; `None` if the system has no such file.
    fn path(&self, target: &OutputFile) -> Option<PathBuf> {
        let inner = &*self.0;
        let platform = inner.options.platform;
        match target {
            OutputFile::Outputs => environment::path("GITHUB_OUTPUT"),
            OutputFile::Summary => environment::path("GITHUB_STEP_SUMMARY"),
            OutputFile::Value(name) => Some(inner.folder.join(&inner.value_folder).join(name)),
            OutputFile::Dotenv => Some(inner.folder.join(render::dotenv_file(&inner.step))),
            OutputFile::ResultFile => environment::path(RESULT).or_else(|| match platform {
                Platform::Github => {
                    Some(environment::path("RUNNER_TEMP")?.join("lockstep").join(&inner.result_name))
                }
                Platform::Gitlab => Some(inner.folder.join(&inner.result_name)),
                Platform::Jenkins | Platform::Plain => None,
            }),
        }
    }
}

/// The seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Returns 128 random bits. Without them somebody could guess a delimiter, so a system without them ends the run.
fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    bytes
}

fn write_all(mut to: impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_for_one_file_are_joined_to_one_write() {
        let append = |to, text: &str| Effect::Append { to, text: text.into() };
        let effects = [
            append(OutputFile::Outputs, "a"),
            append(OutputFile::Summary, "s"),
            Effect::Line("log".into()),
            append(OutputFile::Outputs, "b"),
        ];
        let together = [(&OutputFile::Outputs, "ab".to_owned()), (&OutputFile::Summary, "s".to_owned())];
        assert_eq!(joined_appends(&effects), together);
    }
}
