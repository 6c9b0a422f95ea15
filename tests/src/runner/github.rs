//! The behaviour of the GitHub runner: commands in the log, files of outputs, summaries, masks and annotations.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::collections::{BTreeMap, BTreeSet};

/// The commands that a current runner obeys.
const COMMANDS: [&str; 14] = [
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "warning",
];
/// The maximum size of a summary in bytes. The runner drops a larger one as a whole.
const MAX_SUMMARY: usize = 1024 * 1024;
/// The number of annotations of one level that GitHub shows.
const MAX_ANNOTATIONS: usize = 10;
/// The number of characters of an annotation's message that GitHub shows.
const MAX_MESSAGE: usize = 4096;

/// A command that the runner obeyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its name.
    pub name: String,
    /// Its properties.
    pub properties: BTreeMap<String, String>,
    /// Its data, unescaped.
    pub data: String,
}

/// The runner's view of one step's log.
#[derive(Debug, Default)]
pub struct Log {
    /// The commands that the runner obeyed, in order.
    pub commands: Vec<Command>,
    /// The log that people see, after masking.
    pub shown: Vec<String>,
    masks: BTreeSet<String>,
    stopped: Option<String>,
}

impl Log {
    /// Reads one line that the step printed.
    pub fn line(&mut self, line: &str) {
        let Some(command) = self.parse(line) else {
            self.shown.push(self.masked(line));
            return;
        };
        match &*command.name {
            "stop-commands" => self.stopped = Some(command.data.clone()),
            name if Some(name) == self.stopped.as_deref() => self.stopped = None,
            "add-mask" => self.masks.extend(mask_forms(&command.data)),
            _ => {}
        }
        self.commands.push(command);
    }

    /// The commands of this name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Command> {
        self.commands.iter().filter(move |command| command.name == name)
    }

    /// The annotations of a level that people see, messages cut.
    #[must_use]
    pub fn annotations(&self, level: &str) -> Vec<String> {
        let message = |command: &Command| self.masked(&command.data).chars().take(MAX_MESSAGE).collect();
        self.named(level).take(MAX_ANNOTATIONS).map(message).collect()
    }

    fn parse(&self, line: &str) -> Option<Command> {
        // The runner compares these words by culture, which ignores some characters.
        let line: String = line.chars().filter(|c| !is_ignored(*c)).collect();
        let command = new_form(&line).filter(|c| self.obeys(&c.name));
        command.or_else(|| old_form(&line).filter(|c| self.obeys(&c.name)))
    }

    fn obeys(&self, name: &str) -> bool {
        match &self.stopped {
            Some(token) => name == token,
            None => name == "stop-commands" || COMMANDS.contains(&name),
        }
    }

    fn masked(&self, line: &str) -> String {
        let mut masks: Vec<&String> = self.masks.iter().collect();
        masks.sort_by_key(|mask| std::cmp::Reverse(mask.len()));
        masks.iter().fold(line.to_owned(), |line, mask| line.replace(mask.as_str(), "***"))
    }
}

/// `::name key=value,key=value::data` at the beginning, after any white space.
fn new_form(line: &str) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    Some(Command { name: name.to_owned(), properties: pairs(properties, ','), data: unescaped(data) })
}

/// `##[name key=value;key=value]data` anywhere.
fn old_form(line: &str) -> Option<Command> {
    let (_, rest) = line.split_once("##[")?;
    let (info, data) = rest.split_once(']')?;
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    Some(Command { name: name.to_owned(), properties: pairs(properties, ';'), data: unescaped(data) })
}

fn pairs(text: &str, separator: char) -> BTreeMap<String, String> {
    let pair =
        |pair: &str| pair.split_once('=').map(|(name, value)| (name.trim().to_owned(), unescaped(value)));
    text.split(separator).filter_map(pair).collect()
}

fn unescaped(text: &str) -> String {
    let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
    text.replace("%25", "%")
}

fn is_ignored(c: char) -> bool {
    matches!(u32::from(c), 0..=8 | 0x0E..=0x1F | 0x7F..=0x84 | 0x86..=0x9F | 0xAD | 0x34F | 0x61C | 0x180B..=0x180F
        | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF9..=0xFFFB
        | 0xE_0000..=0xE_0FFF)
}

/// The texts that the runner masks for one secret.
fn mask_forms(secret: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    for value in std::iter::once(secret).chain(secret.lines()).filter(|value| !value.trim().is_empty()) {
        forms.insert(value.to_owned());
        forms.insert(value.trim_matches('"').to_owned());
        forms.insert(serde_json::Value::from(value).to_string().trim_matches('"').to_owned());
        for shift in 0..3.min(value.len()) {
            let bytes = &value.as_bytes()[shift..];
            forms.insert(STANDARD_NO_PAD.encode(&bytes[..bytes.len() / 3 * 3]));
        }
    }
    forms.retain(|form| !form.is_empty());
    forms
}

/// Reads a file of outputs. The last value of a name wins.
///
/// # Errors
/// The reason why the runner rejects the file and fails the step.
pub fn outputs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let equals = line.find('=').unwrap_or(usize::MAX);
        let heredoc = line.find("<<").unwrap_or(usize::MAX);
        let (name, value) = if equals < heredoc {
            (&line[..equals], line[equals + 1..].to_owned())
        } else if heredoc < equals {
            let delimiter = &line[heredoc + 2..];
            let mut value = Vec::new();
            loop {
                let line =
                    lines.next().ok_or_else(|| format!("matching delimiter not found `{delimiter}`"))?;
                if line == delimiter {
                    break;
                }
                value.push(line);
            }
            (&line[..heredoc], value.join("\n"))
        } else {
            return Err(format!("invalid format `{line}`"));
        };
        if name.is_empty() {
            return Err(format!("invalid format `{line}`, name must not be empty"));
        }
        outputs.insert(name.to_owned(), value);
    }
    Ok(outputs)
}

/// The summary that people see: all of it or nothing.
#[must_use]
pub fn summary(text: &str) -> Option<&str> {
    (text.len() <= MAX_SUMMARY).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(lines: &[&str]) -> Vec<String> {
        let mut log = Log::default();
        lines.iter().for_each(|line| log.line(line));
        log.commands.into_iter().map(|command| format!("{}:{}", command.name, command.data)).collect()
    }

    #[test]
    fn github_obeys_a_command_after_white_space_and_the_old_form_anywhere() {
        for line in
            ["::error::x", "\t ::error::x", "\u{a0}::error::x", "\u{2003}::error::x", "\u{200b}::error::x"]
        {
            assert_eq!(commands(&[line]), ["error:x"], "{line:?}");
        }
        for line in ["##[error]x", "a ##[error]x", "a #\u{200d}#[error]x", "##[error a=b]x"] {
            assert_eq!(commands(&[line]), ["error:x"], "{line:?}");
        }
        for line in
            ["a::error::x", "│ ::error::x", "## [error]x", "::unknown::x", "::error:x", "\\u{1b}::error::x"]
        {
            assert_eq!(commands(&[line]), Vec::<String>::new(), "{line:?}");
        }
    }

    #[test]
    fn commands_stop_until_the_token_comes() {
        let lines = [
            "::stop-commands::t0k",
            "::error::x",
            "##[error]x",
            "::stop-commands::y",
            "::t0k::",
            "::error::z",
        ];
        assert_eq!(commands(&lines), ["stop-commands:t0k", "t0k:", "error:z"]);
    }

    #[test]
    fn data_and_properties_are_unescaped() {
        let mut log = Log::default();
        log.line("::error file=a%3Ab%2Cc,line=3::x%0Ay%250A");
        assert_eq!(log.commands[0].data, "x\ny%0A");
        assert_eq!(log.commands[0].properties["file"], "a:b,c");
    }

    #[test]
    fn a_masked_text_is_not_shown() {
        let mut log = Log::default();
        log.line("::add-mask::hunter2%0Asecond");
        log.line("a hunter2 second aHVudGVy");
        assert_eq!(log.shown, ["a *** *** ***"]);
    }

    #[test]
    fn the_file_of_outputs_is_read_as_the_runner_does() {
        let read = outputs("a=1\nb<<X\n1\nXX\n X\nX\n\nc=<<X\na<<Y\nY\nd=e=f<<g\n").unwrap();
        let expected = [("a", ""), ("b", "1\nXX\n X"), ("c", "<<X"), ("d", "e=f<<g")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        for bad in ["a", "=x", "<<X\nX", "a<<X\nx"] {
            assert!(outputs(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn limits_are_those_of_the_runner() {
        let mut log = Log::default();
        (0..12).for_each(|_| log.line(&format!("::error::{}", "x".repeat(5000))));
        assert_eq!(log.annotations("error").len(), 10);
        assert_eq!(log.annotations("error")[0].len(), 4096);
        assert_eq!(summary(&"x".repeat(1024 * 1024 + 1)), None);
    }
}
