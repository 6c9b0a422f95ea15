//! Takes secrets out of this process's environment before anything else happens, and makes its memory
//! unreadable to other processes of the same user. It never hands a secret to a component or a child process.

use crate::credential_files;
use lockstep_model::{redact, secret};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// The beginning of the zeroth argument by which a restarted process finds what it must not have in its environment. No
/// variable says it: those are set by whoever comes before us in a job, the zeroth argument by who starts the program.
const HANDOVER: &str = "lockstep-handover";
/// The name of the memory file in which secrets are handed over.
const MEMORY: &str = "lockstep-secrets";

/// The variable that names others which hold secrets.
const NAMES: &str = "LOCKSTEP_SECRETS";

/// Variables that this program or its libraries read themselves. They stay in the environment, and what is secret in them
/// is only looked for in texts.
const READ: [&str; 20] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "PATH",
    "HOME",
    "TMPDIR",
    "GITHUB_SERVER_URL",
    "GITHUB_API_URL",
    "GITHUB_REPOSITORY",
    "CI_SERVER_URL",
    "CI_API_V4_URL",
    "CI_JOB_URL",
    "BUILD_URL",
    "JENKINS_URL",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// The variables that hold inputs, which are looked at together with all other inputs.
const INPUTS: [&str; 3] = ["LOCKSTEP_INPUT", "LOCKSTEP_CONTROL_", "LOCKSTEP_DOCUMENT"];

/// The beginnings of variables that hold what anybody can write, such as the title of a pull request: what looks like a
/// secret there is none of the job.
const FOREIGN: [&str; 9] = [
    "GITHUB_",
    "CI_COMMIT_",
    "CI_MERGE_REQUEST_",
    "CI_EXTERNAL_PULL_REQUEST_",
    "CI_OPEN_MERGE_REQUESTS",
    "CHANGE_",
    "BRANCH_",
    "GIT_",
    "BUILD_CAUSE",
];

/// The secrets of this run.
#[derive(Default)]
pub(crate) struct Secrets {
    /// By the name of the variable each came in.
    variables: BTreeMap<String, String>,
    /// Those that show themselves in variables which stay where they are.
    pieces: BTreeSet<String>,
    /// The variables that [`NAMES`] names.
    named: BTreeSet<String>,
    /// Those of them that nobody has set.
    missing: Vec<String>,
    /// Those of them whose value is too short.
    short: Vec<String>,
}

impl Secrets {
    /// The secrets of these variables and of those that are in the environment.
    fn of(variables: BTreeMap<String, String>) -> Self {
        let (mut pieces, mut set) = (BTreeSet::new(), BTreeSet::new());
        let named = named();
        let is_short = |value: &str| !value.is_empty() && value.trim().len() < redact::MIN_BYTES;
        let own = variables.iter().filter(|(name, value)| named.contains(*name) && is_short(value));
        let mut short: Vec<String> = own.map(|(name, _)| name.clone()).collect();
        for (name, value) in std::env::vars_os() {
            let (Some(name), value) = (name.to_str(), value.to_string_lossy()) else { continue };
            if INPUTS.iter().all(|begin| !name.starts_with(begin)) {
                pieces.extend(found(name, &value));
            }
            if named.contains(name) && !value.is_empty() {
                set.insert(name.to_owned());
                short.extend(is_short(&value).then(|| name.to_owned()));
                pieces.insert(value.into_owned());
            }
        }
        let is_missing = |name: &&String| !set.contains(*name) && !variables.contains_key(*name);
        let missing = named.iter().filter(is_missing).cloned().collect();
        Self { variables, pieces, named, missing, short }
    }

    /// The secret that came in this variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Each with its name, and those without one of their own.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let named = self.variables.iter().map(|(name, value)| (name.clone(), value.clone()));
        named.chain(self.pieces.iter().map(|piece| (String::new(), piece.clone()))).collect()
    }

    /// The texts that must not be seen. Common words are among them only if the user names their variable.
    pub(crate) fn values(&self) -> Vec<&str> {
        let is_hidden =
            |(name, value): &(&String, &String)| !self.is_common(name, value) && place(name, value).is_none();
        let named = self.variables.iter().filter(is_hidden).map(|(_, value)| value);
        named.chain(&self.pieces).map(String::as_str).collect()
    }

    /// The files that hold secrets: variables with the name of a secret can hold the path of a file, as those of type
    /// `file` do on GitLab.
    pub(crate) fn files(&self) -> Vec<(String, PathBuf)> {
        self.variables.iter().filter_map(|(name, value)| Some((name.clone(), place(name, value)?))).collect()
    }

    /// The variables that [`NAMES`] names and nobody has set.
    pub(crate) fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The variables whose value is too short or too common to be looked for in texts.
    pub(crate) fn common(&self) -> Vec<&str> {
        let common = self.variables.iter().filter(|(name, value)| self.is_common(name, value));
        common.map(|(name, _)| name.as_str()).collect()
    }

    /// The variables that the user names and whose value is too short to be looked for all the same.
    pub(crate) fn short(&self) -> Vec<&str> {
        self.short.iter().map(String::as_str).collect()
    }

    fn is_common(&self, name: &str, value: &str) -> bool {
        secret::is_common(value) && !self.named.contains(name)
    }
}

/// The secrets that show themselves in the value of a variable.
fn found(name: &str, value: &str) -> BTreeSet<String> {
    if FOREIGN.iter().any(|begin| name.starts_with(begin)) { BTreeSet::new() } else { secret::found(value) }
}

/// The file that a value is the path of, relative to the current folder or whole. A bare name is one only in variables that
/// hold paths.
fn place(name: &str, value: &str) -> Option<PathBuf> {
    let is_path = value.contains('/') || credential_files::is_place(&name.to_ascii_uppercase());
    let path = Some(value).filter(|path| is_path && path.len() < 4096 && !path.contains(['\n', '\0']));
    path.map(PathBuf::from).filter(|path| path.exists())
}

/// The variables that hold secrets by the user's word.
fn named() -> BTreeSet<String> {
    let names = std::env::var(NAMES).unwrap_or_default();
    let names = names.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Whether a variable is taken out of the environment.
fn is_secret(name: &str, value: &str, named: &BTreeSet<String>) -> bool {
    let upper = name.to_ascii_uppercase();
    let is_read =
        READ.contains(&&*upper) || name == NAMES || INPUTS.iter().any(|begin| name.starts_with(begin));
    !value.is_empty()
        && !is_read
        && (secret::is_secret_name(name) || named.contains(name) || !found(name, value).is_empty())
}

/// Takes the secrets. Where there are any, the program starts itself again without them in its environment,
/// since what a process was started with stays readable in /proc as long as it lives: then this returns in
/// the new process only.
///
/// # Errors
/// The system refuses to start the program again, or to shield its memory.
pub(crate) fn take() -> io::Result<Secrets> {
    let secrets = platform::take()?;
    platform::shield()?;
    Ok(secrets)
}

/// The environment in two: what stays, and what is secret.
fn split() -> (Vec<(OsString, OsString)>, BTreeMap<String, String>) {
    let (mut clean, mut secret) = (Vec::new(), BTreeMap::new());
    let named = named();
    for (name, value) in std::env::vars_os() {
        match name.to_str().filter(|name| is_secret(name, &value.to_string_lossy(), &named)) {
            Some(name) => drop(secret.insert(name.to_owned(), value.to_string_lossy().into_owned())),
            None => clean.push((name, value)),
        }
    }
    (clean, secret)
}

#[cfg(target_os = "linux")]
mod platform {
    use super::{HANDOVER, MEMORY, Secrets, split};
    use rustix::fs::{MemfdFlags, SealFlags};
    use rustix::process::DumpableBehavior;
    use std::collections::BTreeMap;
    use std::ffi::{OsStr, OsString};
    use std::fs::{File, OpenOptions};
    use std::io::{self, Read as _, Write as _};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::process::CommandExt as _;
    use std::path::Path;
    use std::process::Command;

    pub(super) fn take() -> io::Result<Secrets> {
        let (clean, secret) = split();
        let mut args = std::env::args_os();
        let name = args.next().unwrap_or_default();
        if secret.is_empty() {
            return handed_over(&name).map_or_else(|| Ok(Secrets::of(BTreeMap::new())), receive);
        }
        // A handover leaves no secret in the environment: where there are some, none took place, whoever says so.
        // The memory file outlives the exec, the environment does not.
        let mut file = File::from(rustix::fs::memfd_create(MEMORY, MemfdFlags::ALLOW_SEALING)?);
        file.write_all(serde_json::to_string(&secret)?.as_bytes())?;
        let mut arg0 = OsString::from(format!("{HANDOVER}/{}/", file.as_raw_fd()));
        // Messages about the command line name the program by the last part.
        arg0.push(Path::new(&name).file_name().unwrap_or(OsStr::new("lockstep")));
        let mut again = Command::new("/proc/self/exe");
        again.arg0(arg0).args(args).env_clear().envs(clean);
        Err(again.exec())
    }

    /// The number of the open file that the zeroth argument names; none if this process was not restarted.
    fn handed_over(arg0: &OsStr) -> Option<u32> {
        // The part behind the number is the program's name, which need not be UTF-8.
        let rest = arg0.as_encoded_bytes().strip_prefix(HANDOVER.as_bytes())?.strip_prefix(b"/")?;
        std::str::from_utf8(rest.split(|byte| *byte == b'/').next()?).ok()?.parse().ok()
    }

    /// Reads what the process before this one left. The memory file stays open, since no safe code closes a number, so it
    /// is emptied and sealed: a child process that inherits it has nothing and can leave nothing in it.
    fn receive(number: u32) -> io::Result<Secrets> {
        let bad = || {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("open file {number} is not what lockstep hands over"),
            )
        };
        let path = format!("/proc/self/fd/{number}");
        if std::fs::read_link(&path)? != Path::new(&format!("/memfd:{MEMORY} (deleted)")) {
            return Err(bad());
        }
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let secrets = serde_json::from_str(&text).map(Secrets::of).map_err(|_| bad())?;
        file.set_len(0)?;
        rustix::fs::fcntl_add_seals(
            &file,
            SealFlags::SEAL | SealFlags::GROW | SealFlags::SHRINK | SealFlags::WRITE,
        )?;
        Ok(secrets)
    }

    /// No other process of the same user may read this one's memory or environment, or attach to it.
    pub(super) fn shield() -> io::Result<()> {
        Ok(rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::{Secrets, split};
    use std::io;

    /// Elsewhere a started process's environment is not a file that others can read.
    pub(super) fn take() -> io::Result<Secrets> {
        Ok(Secrets::of(split().1))
    }

    pub(super) fn shield() -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(name: &str, value: &str) -> bool {
        is_secret(name, value, &BTreeSet::from(["OTHER".to_owned()]))
    }

    #[test]
    fn variables_are_taken_by_name_by_value_and_by_the_users_word() {
        let token = "glpat-Ab3dEf6hIj9lMn2pQr5t";
        for (name, value) in [
            ("DEPLOY_TOKEN", "x"),
            ("ANYTHING", token),
            ("OTHER", "x"),
            ("PIP_INDEX_URL", "https://u:pa55@h/"),
        ] {
            assert!(is_taken(name, value), "{name}");
        }
        let proxy = "http://user:pa55word@proxy.example.com:3128";
        for (name, value) in [
            ("DEPLOY_TOKEN", ""),
            ("HTTPS_PROXY", proxy),
            ("https_proxy", proxy),
            ("LOCKSTEP_INPUTS", token),
            ("LOCKSTEP_INPUT_CREDENTIALS", token),
            ("LOCKSTEP_SECRETS", "OTHER"),
            ("PLAIN", "value"),
            ("CI_COMMIT_MESSAGE", "x://u:hunter2-7@h"),
        ] {
            assert!(!is_taken(name, value), "{name}");
        }
    }

    #[test]
    fn a_path_is_a_file_that_holds_a_secret_and_a_common_word_is_none() {
        let variables = [
            ("A_KEY", "/etc/passwd"),
            ("A_TOKEN", "src/secrets.rs"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "Cargo.toml"),
            ("Z_TOKEN", "Cargo.toml"),
            ("B_TOKEN", "hunter2"),
            ("C_AUTH", "true"),
            ("D_KEY", "/9j/4AAQSkZJRg"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let secrets = Secrets { variables: variables.into(), ..Secrets::default() };
        assert_eq!(secrets.values(), ["hunter2", "/9j/4AAQSkZJRg", "Cargo.toml"]);
        let file = |name: &str, path: &str| (name.to_owned(), PathBuf::from(path));
        let google = file("GOOGLE_APPLICATION_CREDENTIALS", "Cargo.toml");
        let files = [file("A_KEY", "/etc/passwd"), file("A_TOKEN", "src/secrets.rs"), google];
        assert_eq!(secrets.files(), files);
        assert_eq!(secrets.common(), ["C_AUTH"]);
        assert_eq!(secrets.all().len(), 7);
    }
}
