//! The one writer: every byte for a log, a terminal or a file of the platform is rendered elsewhere and
//! written here. It never makes a text of its own.

mod live;

use crate::environment;
use lockstep_model::digest::hex;
use lockstep_model::outputs::{self, Output, RedactedOutput};
use lockstep_model::redact::{Redactor, SecretsTooLong};
use lockstep_model::render::{self, Effect, OutputFile, Platform, Renderer, ResultDocument};
use lockstep_model::report::{Note, Report};
use lockstep_workspace::{FileAccess, NameOrigin, OwnFileError, OwnFiles};
use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write};
use std::mem::discriminant;
use std::path::{self, Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often progress is shown on a terminal, and in a log.
const BAR_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(10);
/// The variable that names the file of the result.
const RESULT: &str = "LOCKSTEP_RESULT";
/// Clears the line of the bar.
const CLEAR: &str = "\r\u{1b}[2K";

/// Where the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output: people read it.
    Stdout,
    /// Standard error: standard output is for the result.
    Stderr,
}

/// How a run speaks, chosen once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// For whom.
    pub(crate) platform: Platform,
    /// Where the log goes.
    pub(crate) stream: Stream,
    /// Whether debug notes are shown.
    pub(crate) verbose: bool,
    /// Whether this is a CI job: no bar, no colours.
    pub(crate) is_ci: bool,
    /// Whether GitHub reads the log, whatever platform it is written for.
    pub(crate) masks: bool,
}

/// The voice of one run. Its clones speak for the same run.
#[derive(Clone)]
pub(crate) struct Voice(Arc<Inner>);

struct Inner {
    manner: Manner,
    step: String,
    /// The secrets of the run itself.
    credentials: Redactor,
    /// Those, and what the component had masked.
    redactor: RwLock<Redactor>,
    token: String,
    colour: bool,
    bar: bool,
    result_name: String,
    value_folder: PathBuf,
    folder: PathBuf,
    own: OwnFiles,
    /// The one file that cannot be written, found out at the start. Nothing is written to it.
    refused: OnceLock<OutputFile>,
    out: Mutex<Out>,
}

/// What was shown last.
struct Out {
    shown: Instant,
    on_bar: bool,
    /// How far the work was, and when it last got on.
    done: u64,
    got_on: Instant,
}

impl Default for Out {
    fn default() -> Self {
        Self { shown: Instant::now(), on_bar: false, done: 0, got_on: Instant::now() }
    }
}

impl Voice {
    /// A voice for a run of `step` in `folder`.
    pub(crate) fn new(
        manner: Manner,
        step: &str,
        secrets: &[&str],
        folder: &Path,
    ) -> Result<Self, SecretsTooLong> {
        let terminal = match manner.stream {
            Stream::Stdout => io::stdout().is_terminal(),
            Stream::Stderr => io::stderr().is_terminal(),
        };
        let pretty = terminal && !manner.is_ci;
        let step =
            Path::new(step).file_name().map_or(step.into(), |name| name.to_string_lossy()).into_owned();
        let token = hex(&random());
        Ok(Self(Arc::new(Inner {
            manner,
            credentials: Redactor::new(secrets)?,
            redactor: RwLock::new(Redactor::new(secrets)?),
            value_folder: value_folder(manner.platform, folder, &step, &token),
            token,
            colour: pretty && environment::text("NO_COLOR").is_none(),
            bar: pretty,
            result_name: render::result_file(&step),
            step,
            folder: folder.to_owned(),
            own: OwnFiles::new(folder),
            refused: OnceLock::new(),
            out: Mutex::new(Out::default()),
        })))
    }

    /// The step's name, as people and files should see it.
    pub(crate) fn step(&self) -> &str {
        &self.0.step
    }

    /// The text without the secrets of the run, for what the host itself says: what a component had masked stays, or
    /// it could blacken what it did.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.0.credentials.redact(text).into_owned()
    }

    /// Looks for these secrets of inputs from now on, as for what a component had masked: what the host says of its own
    /// stays, or whoever writes an input could blacken it. GitHub is not told.
    pub(crate) fn learn(&self, secrets: &BTreeSet<String>) -> Result<(), SecretsTooLong> {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        self.0.redactor.write().unwrap_or_else(PoisonError::into_inner).learn(&secrets)
    }

    /// The outputs without any secret.
    pub(crate) fn shown(&self, outputs: &[Output]) -> Vec<RedactedOutput> {
        outputs::redacted(outputs, &self.redactor())
    }

    /// The writer of files.
    pub(crate) fn own(&self) -> &OwnFiles {
        &self.0.own
    }

    /// Makes sure that the files which the platform reads are in places that can be written to. The first one that is
    /// not is named, and left out when the run ends.
    pub(crate) fn check(&self) -> Result<(), String> {
        let any_value = OutputFile::Value("value".to_owned());
        let targets = match self.0.manner.platform {
            Platform::Github => {
                vec![OutputFile::Outputs, OutputFile::Summary, any_value, OutputFile::ResultFile]
            }
            Platform::Gitlab => vec![OutputFile::Dotenv, any_value, OutputFile::ResultFile],
            Platform::Jenkins | Platform::Plain => vec![OutputFile::ResultFile],
        };
        for target in targets {
            let Some(path) = self.path(&target) else { continue };
            if let Err(error) = self.0.own.check(&path, naming(&target)) {
                let message = format!("{} cannot be written to {error}", what(&target));
                let _ = self.0.refused.set(target);
                return Err(message);
            }
        }
        Ok(())
    }

    /// Says that the run begins.
    pub(crate) fn open(&self) -> io::Result<()> {
        self.apply(&self.render(|renderer| renderer.opening(now())))
    }

    /// Says what the host itself has to say.
    pub(crate) fn notes(&self, notes: &[Note]) {
        for note in notes {
            // The log is gone; the result still has the note.
            let _ = self.apply(&self.render(|renderer| renderer.note(note)));
        }
    }

    /// Says what a component printed.
    pub(crate) fn printed(&self, bytes: &[u8]) -> io::Result<()> {
        self.apply(&self.render(|renderer| renderer.stdio(&String::from_utf8_lossy(bytes))))
    }

    /// Says how the run ended, to people and to the platform; with [`Stream::Stderr`] the result goes to
    /// standard output.
    pub(crate) fn close(&self, report: &Report, shown: &[RedactedOutput]) -> io::Result<()> {
        let applied =
            self.apply(&self.render(|renderer| renderer.closing(report, shown, now(), &mut random)));
        if self.0.manner.stream == Stream::Stdout {
            return applied;
        }
        let result = ResultDocument::of(report, shown, &self.redactor(), &self.0.credentials);
        applied.and(self.result(&result))
    }

    fn result(&self, result: &ResultDocument<'_>) -> io::Result<()> {
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
            platform: inner.manner.platform,
            step: &inner.step,
            redactor: &self.redactor(),
            credentials: &inner.credentials,
            token: &inner.token,
            masks: inner.manner.masks,
            colour: inner.colour,
            verbose: inner.manner.verbose,
            result_file: &inner.result_name,
            keeps_result: self.path(&OutputFile::ResultFile).is_some(),
            value_folder: &inner.value_folder.to_string_lossy(),
        })
    }

    /// Carries out all of them, and gives the first error. What goes to the end of one file goes there in one write:
    /// a run that is killed leaves none of it or all.
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
                Effect::Replace { to, text } => done = done.and(self.put(to, text, false)),
            }
        }
        for (to, text) in appended(effects) {
            done = done.and(self.put(to, &text, true));
        }
        done.and(self.say(&lines, false))
    }

    /// Writes lines to the log, or with `bar` the bar.
    fn say(&self, text: &str, bar: bool) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        let clear = if out.on_bar { CLEAR } else { "" };
        out.on_bar = bar;
        let bytes = format!("{clear}{text}");
        let written = match self.0.manner.stream {
            Stream::Stdout => write_all(io::stdout().lock(), &bytes),
            Stream::Stderr => write_all(io::stderr().lock(), &bytes),
        };
        // Nobody is left to read: not a reason to stop a run that may be half way.
        written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
    }

    fn put(&self, to: &OutputFile, text: &str, append: bool) -> io::Result<()> {
        if self.0.refused.get().is_some_and(|refused| discriminant(refused) == discriminant(to)) {
            return Ok(());
        }
        let Some(path) = self.path(to) else { return Ok(()) };
        let own = &self.0.own;
        let put = if append {
            own.append(&path, text.as_bytes())
        } else {
            let access = if matches!(to, OutputFile::Value(_)) { FileAccess::Owner } else { FileAccess::Default };
            own.replace(&path, naming(to), access, &mut |out| out.write_all(text.as_bytes()))
        };
        put.map_err(|error: OwnFileError| io::Error::other(error.to_string()))
    }

    /// The files that this voice writes, which may lie in the workspace.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let targets = [OutputFile::Outputs, OutputFile::Summary, OutputFile::Dotenv, OutputFile::ResultFile];
        let files = targets.into_iter().filter_map(|target| self.path(&target));
        files.chain([self.0.folder.join(&self.0.value_folder)])
    }

    /// Where a file of the platform is; none if there is none here.
    fn path(&self, target: &OutputFile) -> Option<PathBuf> {
        let inner = &*self.0;
        let platform = inner.manner.platform;
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

/// Where the values go that do not fit the platform, as later steps should read it: beside the job where there is
/// such a place, else in the workspace.
fn value_folder(platform: Platform, folder: &Path, step: &str, token: &str) -> PathBuf {
    let name = render::value_folder(step);
    match (platform, environment::path("RUNNER_TEMP")) {
        // A job can run the same step more than once.
        (Platform::Github, Some(temp)) => {
            temp.join("lockstep").join(format!("{name}-{}", token.get(..8).unwrap_or_default()))
        }
        (Platform::Github, None) => path::absolute(folder).unwrap_or_default().join(name),
        _ => PathBuf::from(name),
    }
}

/// What goes to the end of each file, together.
fn appended(effects: &[Effect]) -> Vec<(&OutputFile, String)> {
    let mut all: Vec<(&OutputFile, String)> = Vec::new();
    for effect in effects {
        let Effect::Append { to, text } = effect else { continue };
        match all.iter_mut().find(|(other, _)| *other == to) {
            Some((_, joined)) => joined.push_str(text),
            None => all.push((to, text.clone())),
        }
    }
    all
}

/// Who chose the name of a file.
fn naming(target: &OutputFile) -> NameOrigin {
    match target {
        OutputFile::Outputs | OutputFile::Summary => NameOrigin::Caller,
        OutputFile::ResultFile if environment::path(RESULT).is_some() => NameOrigin::Caller,
        OutputFile::ResultFile | OutputFile::Dotenv | OutputFile::Value(_) => NameOrigin::Lockstep,
    }
}

/// What a file holds, as the beginning of a sentence.
fn what(target: &OutputFile) -> &'static str {
    match target {
        OutputFile::Outputs => "the outputs",
        OutputFile::Summary => "the summary",
        OutputFile::Dotenv => "the dotenv report",
        OutputFile::ResultFile => "the result",
        OutputFile::Value(_) => "the values of outputs",
    }
}

/// The seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// 128 random bits. Where the system has none, a delimiter would be guessable: better to stop.
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
    fn what_goes_to_one_file_goes_there_in_one_write() {
        let append = |to, text: &str| Effect::Append { to, text: text.into() };
        let effects = [
            append(OutputFile::Outputs, "a"),
            append(OutputFile::Summary, "s"),
            Effect::Line("log".into()),
            append(OutputFile::Outputs, "b"),
        ];
        let together = [(&OutputFile::Outputs, "ab".to_owned()), (&OutputFile::Summary, "s".to_owned())];
        assert_eq!(appended(&effects), together);
    }
}
