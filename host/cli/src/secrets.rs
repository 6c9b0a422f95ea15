//! Takes secrets out of the environment before anything else happens, and makes the memory of the process unreadable to
//! other processes of the same user. It never gives a secret to a component or a child process.

use crate::credential_files;
use lockstep_model::{redact, secret};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// The prefix of the zeroth argument that names the memory file of a restarted process. It is not a variable, because
/// earlier steps of a job can set variables; only the parent process sets the zeroth argument.
const HANDOVER: &str = "lockstep-handover";
/// The name of the memory file that hands the secrets over.
const MEMORY_FILE: &str = "lockstep-secrets";

/// The variable with the names of variables that hold secrets.
const NAMES_VARIABLE: &str = "LOCKSTEP_SECRETS";

/// Variables that this program or its libraries read. They stay in the environment, and the redactor searches for the
/// secrets in them.
const KEPT_VARIABLES: [&str; 20] = [
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

/// The prefixes of variables with inputs. The host searches these together with all other inputs.
const INPUT_PREFIXES: [&str; 3] = ["LOCKSTEP_INPUT", "LOCKSTEP_CONTROL_", "LOCKSTEP_DOCUMENT"];

/// The prefixes of variables whose value anybody can write, such as the title of a pull request. A text in them that
/// looks like a secret is not one of the job.
const UNTRUSTED_PREFIXES: [&str; 9] = [
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

/// The secrets of the job.
#[derive(Default)]
pub(crate) struct Secrets {
    /// The secrets from variables that left the environment, by the name of the variable.
    variables: BTreeMap<String, String>,
    /// The secrets in variables that stay in the environment.
    embedded: BTreeSet<String>,
    /// The variables that [`NAMES_VARIABLE`] names.
    named: BTreeSet<String>,
    /// Those of `named` that are not set or empty.
    missing: Vec<String>,
    /// Those of `named` whose value is too short.
    short: Vec<String>,
}

impl Secrets {
    /// Gathers the secrets of these variables and of the environment.
    fn of(variables: BTreeMap<String, String>) -> Self {
        let (mut embedded, mut set) = (BTreeSet::new(), BTreeSet::new());
        let named = named_variables();
        let is_short = |value: &str| !value.is_empty() && value.trim().len() < redact::MIN_BYTES;
        let own = variables.iter().filter(|(name, value)| named.contains(*name) && is_short(value));
        let mut short: Vec<String> = own.map(|(name, _)| name.clone()).collect();
        for (name, value) in std::env::vars_os() {
            let (Some(name), value) = (name.to_str(), value.to_string_lossy()) else { continue };
            if INPUT_PREFIXES.iter().all(|begin| !name.starts_with(begin)) {
                embedded.extend(secrets_in(name, &value));
            }
            if named.contains(name) && !value.is_empty() {
                set.insert(name.to_owned());
                short.extend(is_short(&value).then(|| name.to_owned()));
                embedded.insert(value.into_owned());
            }
        }
        let is_missing = |name: &&String| !set.contains(*name) && !variables.contains_key(*name);
        let missing = named.iter().filter(is_missing).cloned().collect();
        Self { variables, embedded, named, missing, short }
    }

    /// The secret from this variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// All secrets with the names of their variables. The name is empty for a part of a value.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let named = self.variables.iter().map(|(name, value)| (name.clone(), value.clone()));
        named.chain(self.embedded.iter().map(|value| (String::new(), value.clone()))).collect()
    }

    /// The texts that the redactor searches for. They have common words only if the user names their variable.
    pub(crate) fn values(&self) -> Vec<&str> {
        let is_hidden = |(name, value): &(&String, &String)| {
            !self.is_common(name, value) && secret_file(name, value).is_none()
        };
        let named = self.variables.iter().filter(is_hidden).map(|(_, value)| value);
        named.chain(&self.embedded).map(String::as_str).collect()
    }

    /// The files with secrets: a variable with the name of a secret can hold the path of a file, as those of type
    /// `file` do on GitLab.
    pub(crate) fn files(&self) -> Vec<(String, PathBuf)> {
        self.variables
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), secret_file(name, value)?)))
            .collect()
    }

    /// The variables that [`NAMES_VARIABLE`] names and that are not set or empty.
    pub(crate) fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The variables whose value is too short or too common for the redactor.
    pub(crate) fn common(&self) -> Vec<&str> {
        let common = self.variables.iter().filter(|(name, value)| self.is_common(name, value));
        common.map(|(name, _)| name.as_str()).collect()
    }

    /// The variables that the user names and whose value is still too short for the redactor.
    pub(crate) fn short(&self) -> Vec<&str> {
        self.short.iter().map(String::as_str).collect()
    }

    fn is_common(&self, name: &str, value: &str) -> bool {
        secret::is_common(value) && !self.named.contains(name)
    }
}

/// Finds the secrets in the value of a variable.
fn secrets_in(name: &str, value: &str) -> BTreeSet<String> {
    if UNTRUSTED_PREFIXES.iter().any(|begin| name.starts_with(begin)) {
        BTreeSet::new()
    } else {
        secret::find_secrets(value)
    }
}

/// The path of an existing file in a value, relative to the current folder or absolute. A name without a folder is a
/// path only in a variable for paths.
fn secret_file(name: &str, value: &str) -> Option<PathBuf> {
    let is_path = value.contains('/') || credential_files::is_path_variable(&name.to_ascii_uppercase());
    let path = Some(value).filter(|path| is_path && path.len() < 4096 && !path.contains(['\n', '\0']));
    path.map(PathBuf::from).filter(|path| path.exists())
}

/// The variables that the user names as secret.
fn named_variables() -> BTreeSet<String> {
    let names = std::env::var(NAMES_VARIABLE).unwrap_or_default();
    let names = names.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Whether the host takes a variable out of the environment.
fn is_secret(name: &str, value: &str, named: &BTreeSet<String>) -> bool {
    let upper = name.to_ascii_uppercase();
    let is_read = KEPT_VARIABLES.contains(&&*upper)
        || name == NAMES_VARIABLE
        || INPUT_PREFIXES.iter().any(|begin| name.starts_with(begin));
    !value.is_empty()
        && !is_read
        && (secret::is_secret_name(name) || named.contains(name) || !secrets_in(name, value).is_empty())
}

/// Takes the secrets. If there are any, the program starts itself again without them, because the first environment of
/// a process stays readable in /proc until it ends. Then this function returns in the new process only.
///
/// # Errors
/// The system does not start the program again, or does not protect its memory.
pub(crate) fn take() -> io::Result<Secrets> {
    let secrets = platform::take()?;
    platform::shield()?;
    Ok(secrets)
}

/// Splits the environment into variables that stay and secret ones.
fn split_environment() -> (Vec<(OsString, OsString)>, BTreeMap<String, String>) {
    let (mut clean, mut secret) = (Vec::new(), BTreeMap::new());
    let named = named_variables();
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
    use super::{HANDOVER, MEMORY_FILE, Secrets, split_environment};
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
        let (clean, secret) = split_environment();
        let mut args = std::env::args_os();
        let name = args.next().unwrap_or_default();
        if secret.is_empty() {
            return handed_over(&name).map_or_else(|| Ok(Secrets::of(BTreeMap::new())), receive);
        }
        // A handover leaves no secret in the environment, so a zeroth argument beside secrets is forged.
        // The new process inherits the memory file.
        let mut file = File::from(rustix::fs::memfd_create(MEMORY_FILE, MemfdFlags::ALLOW_SEALING)?);
        file.write_all(serde_json::to_string(&secret)?.as_bytes())?;
        let mut arg0 = OsString::from(format!("{HANDOVER}/{}/", file.as_raw_fd()));
        // clap takes the name of the program from the last part.
        arg0.push(Path::new(&name).file_name().unwrap_or(OsStr::new("lockstep")));
        let mut again = Command::new("/proc/self/exe");
        again.arg0(arg0).args(args).env_clear().envs(clean);
        Err(again.exec())
    }

    /// The number of the open file that the zeroth argument names; `None` in a process without a restart.
    fn handed_over(arg0: &OsStr) -> Option<u32> {
        // The name of the program follows the number and need not be UTF-8.
        let rest = arg0.as_encoded_bytes().strip_prefix(HANDOVER.as_bytes())?.strip_prefix(b"/")?;
        std::str::from_utf8(rest.split(|byte| *byte == b'/').next()?).ok()?.parse().ok()
    }

    /// Reads the secrets of the process before. Safe code cannot close the memory file by its number, so the host
    /// empties and seals it: a child process inherits an empty file and cannot write to it.
    fn receive(number: u32) -> io::Result<Secrets> {
        let bad = || {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("open file {number} is not what lockstep hands over"),
            )
        };
        let path = format!("/proc/self/fd/{number}");
        if std::fs::read_link(&path)? != Path::new(&format!("/memfd:{MEMORY_FILE} (deleted)")) {
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

    /// Keeps other processes of the same user from reading the memory and the environment of this one, and from
    /// attaching to it.
    pub(super) fn shield() -> io::Result<()> {
        Ok(rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::{Secrets, split_environment};
    use std::io;

    /// Other systems have no file with the environment of a process that others can read.
    pub(super) fn take() -> io::Result<Secrets> {
        Ok(Secrets::of(split_environment().1))
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
    fn a_variable_is_secret_by_name_by_value_or_because_the_user_names_it() {
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
