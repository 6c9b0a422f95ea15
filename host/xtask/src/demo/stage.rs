//! The place where the story is told: runs each command as a person would type it, shows what it says, and fails if that
//! is not how it was to end. It gives a command nothing of the environment but the way to programs, and no input.

use super::Programs;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The longest line of a command, in characters.
const WIDTH: usize = 110;

/// What git is told apart from the settings of the user: who makes commits, and that nothing else counts.
const GIT: [(&str, &str); 6] = [
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_AUTHOR_NAME", "Release"),
    ("GIT_AUTHOR_EMAIL", "release@example.com"),
    ("GIT_COMMITTER_NAME", "Release"),
    ("GIT_COMMITTER_EMAIL", "release@example.com"),
];

/// How a command is to end.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    /// Its exit code.
    pub(super) exit: i32,
    /// What its output has to hold, each a whole line but for what marks it as the step's own.
    pub(super) says: &'a [&'a str],
}

/// A good end with these lines.
pub(super) const fn well<'a>(says: &'a [&'a str]) -> End<'a> {
    End { exit: 0, says }
}

/// An end with this exit code and these lines.
pub(super) const fn ends<'a>(exit: i32, says: &'a [&'a str]) -> End<'a> {
    End { exit, says }
}

/// One thing that was shown.
#[derive(Debug)]
pub(super) struct Shown {
    /// The command behind `$ `, or what is said behind `# `.
    pub(super) line: String,
    /// The lines below it.
    pub(super) output: String,
}

impl Shown {
    /// As it is shown.
    pub(super) fn text(&self) -> String {
        format!("{}\n{}", self.line, self.output).trim_end_matches('\n').to_owned()
    }
}

/// The place where it is told.
#[derive(Debug)]
pub(super) struct Stage {
    folder: PathBuf,
    programs: Programs,
    say: fn(&str),
    shown: Vec<Shown>,
}

impl Stage {
    /// An empty folder with a copy of the example in it, as a checkout has it.
    pub(super) fn new(example: &Path, folder: &Path, programs: Programs, say: fn(&str)) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        copy_folder(example, &folder.join("shop"))?;
        fs::create_dir_all(folder.join("receipts"))?;
        let folder = folder.canonicalize()?;
        Ok(Self { folder, programs, say, shown: Vec::new() })
    }

    /// A path in the folder.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// The URL of something in the folder.
    pub(super) fn url(&self, path: &str) -> String {
        format!("file://{}", self.path(path).display())
    }

    /// What the story is told with.
    pub(super) fn programs(&self) -> &Programs {
        &self.programs
    }

    /// All that was shown so far.
    pub(super) fn shown(&self) -> &[Shown] {
        &self.shown
    }

    /// Says what comes next.
    pub(super) fn say(&mut self, text: &str) {
        self.show(text.lines().map(|line| format!("# {line}")).collect::<Vec<_>>().join("\n"), String::new());
    }

    /// Shows something that is no output of a command.
    pub(super) fn tell(&mut self, about: &str, text: &str) {
        self.show(format!("# {about}"), text.to_owned());
    }

    /// A run of a step, built in or from a file.
    pub(super) fn lockstep(&mut self, args: &[&str], end: End<'_>) -> Result<()> {
        let program = self.programs.host.clone();
        self.run("lockstep", &program, &[&["run"], args].concat(), end)
    }

    /// A call of git.
    pub(super) fn git(&mut self, args: &[&str], end: End<'_>) -> Result<()> {
        self.run("git", Path::new("git"), args, end)
    }

    /// Runs a command to its end. It writes to one pipe, so that its lines are in the order in which they were written.
    fn run(&mut self, name: &str, program: &Path, args: &[&str], end: End<'_>) -> Result<()> {
        let line = format!("$ {}", typed(name, args));
        let (mut reader, writer) = std::io::pipe()?;
        let mut command = Command::new(program);
        command.args(args).current_dir(self.path("shop")).env_clear().envs(GIT);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("LOCKSTEP_PLATFORM", "plain").env("HOME", self.path("home")).env("LANG", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.spawn().with_context(|| program.display().to_string())?;
        // It holds the ends for writing, and the pipe would never end.
        drop(command);
        let mut output = Vec::new();
        reader.read_to_end(&mut output)?;
        let status = child.wait()?;
        let output = String::from_utf8(output).context("the output is no text")?;
        self.show(line.clone(), output.clone());
        if status.code() != Some(end.exit) {
            bail!("{line}\nwas to end with exit code {}, and ended with {status}", end.exit);
        }
        let said = |wanted: &&str| output.lines().any(|line| line.trim_start_matches("│ ") == *wanted);
        match end.says.iter().find(|wanted| !said(wanted)) {
            Some(wanted) => bail!("{line}\nwas to say `{wanted}`, and did not"),
            None => Ok(()),
        }
    }

    fn show(&mut self, line: String, output: String) {
        let gap = if line.starts_with('#') && !self.shown.is_empty() { "\n" } else { "" };
        let shown = Shown { line, output };
        (self.say)(&format!("{gap}{}", shown.text()));
        self.shown.push(shown);
    }
}

/// A command as a person types it: with quotes where a shell needs them, on several lines if it is long.
fn typed(name: &str, args: &[&str]) -> String {
    let mut text = name.to_owned();
    let mut width = text.chars().count() + 2;
    let mut words = args.iter().peekable();
    while let Some(word) = words.next() {
        let mut part = quoted(word);
        // An option and its value stay together.
        if let Some(value) = words.next_if(|next| word.starts_with("--") && !next.starts_with("--")) {
            part = format!("{part} {}", quoted(value));
        }
        let long = part.chars().count() + 1;
        // Room for ` \` at the end.
        if width + long + 2 > WIDTH {
            text.push_str(" \\\n   ");
            width = 3;
        }
        text.push(' ');
        text.push_str(&part);
        width += long;
    }
    text
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

/// Copies a folder with all that is in it.
pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(())
}
