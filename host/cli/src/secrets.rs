//! Takes secrets out of this process's environment before anything else happens, and makes its memory
//! unreadable to other processes of the same user. It never hands a secret to a component or a child process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

/// The variable by which a restarted process finds what it must not have in its environment.
const HANDOVER: &str = "LOCKSTEP_HANDOVER_FD";

/// Words that mark a variable as secret where they stand as a part of its name.
const SECRET_WORDS: [&str; 12] = [
    "TOKEN",
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "CREDENTIALS",
    "JWT",
    "PAT",
    "APIKEY",
    "AUTH",
];
/// Pairs of words that do.
const SECRET_PAIRS: [&str; 5] = ["PRIVATE_KEY", "ACCESS_KEY", "API_KEY", "SIGNING_KEY", "AUTH_CONFIG"];
/// Endings of names whose value says where a secret is, not what it is.
const PLACE_ENDINGS: [&str; 9] =
    ["_FILE", "_PATH", "_DIR", "_URL", "_URI", "_ID", "_NAME", "_SOCK", "_USERNAME"];

/// The secrets of this run, by the name of the variable each came in.
#[derive(Default)]
pub(crate) struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// The secret that came in this variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Each with its name.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Their values.
    pub(crate) fn values(&self) -> Vec<&str> {
        self.0.values().map(String::as_str).collect()
    }
}

/// Whether a variable of this name holds a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    if name.starts_with("LOCKSTEP_SECRET_") {
        return true;
    }
    let place = PLACE_ENDINGS.iter().any(|ending| name.ends_with(ending));
    let word = name.split('_').any(|part| SECRET_WORDS.contains(&part));
    let pair = SECRET_PAIRS.iter().any(|pair| name.contains(pair));
    // An access key's id is half of a credential.
    name == "AWS_ACCESS_KEY_ID" || (!place && (word || pair))
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
    for (name, value) in std::env::vars_os() {
        match name.to_str().filter(|name| is_secret(name) && !value.is_empty()) {
            Some(name) => drop(secret.insert(name.to_owned(), value.to_string_lossy().into_owned())),
            None => clean.push((name, value)),
        }
    }
    (clean, secret)
}

#[cfg(target_os = "linux")]
mod platform {
    use super::{HANDOVER, Secrets, split};
    use rustix::fs::MemfdFlags;
    use rustix::process::DumpableBehavior;
    use std::fs::{File, OpenOptions};
    use std::io::{self, Read as _, Seek as _, Write as _};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    pub(super) fn take() -> io::Result<Secrets> {
        let (clean, secret) = split();
        if secret.is_empty() {
            let handed_over = std::env::var_os(HANDOVER);
            return handed_over
                .map_or_else(|| Ok(Secrets::default()), |number| receive(&number.to_string_lossy()));
        }
        // A handover leaves no secret in the environment: where there are some, none took place, whoever says so.
        // The memory file outlives the exec, the environment does not.
        let mut file = File::from(rustix::fs::memfd_create("secrets", MemfdFlags::empty())?);
        file.write_all(serde_json::to_string(&secret)?.as_bytes())?;
        let mut args = std::env::args_os();
        let name = args.next().unwrap_or_default();
        let mut again = Command::new("/proc/self/exe");
        again.arg0(name).args(args).env_clear().envs(clean).env(HANDOVER, file.as_raw_fd().to_string());
        Err(again.exec())
    }

    /// Reads what the process before this one left, and empties the memory file for whoever inherits it.
    fn receive(number: &str) -> io::Result<Secrets> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{HANDOVER}: {what}"));
        let number: u32 = number.parse().map_err(|_| bad("not the number of an open file"))?;
        let mut file = OpenOptions::new().read(true).write(true).open(format!("/proc/self/fd/{number}"))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        file.set_len(0)?;
        file.rewind()?;
        serde_json::from_str(&text).map(Secrets).map_err(|_| bad("not what lockstep hands over"))
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
        Ok(Secrets(split().1))
    }

    pub(super) fn shield() -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn the_usual_names_are_known() {
        for name in [
            "GITHUB_TOKEN",
            "GITLAB_TOKEN",
            "CI_JOB_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "ACTIONS_RUNTIME_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_ACCESS_KEY_ID",
            "CI_REGISTRY_PASSWORD",
            "NPM_TOKEN",
            "DOCKER_AUTH_CONFIG",
            "SSH_PRIVATE_KEY",
            "LOCKSTEP_SECRET_CHAT",
            "SLACK_API_KEY",
            "CI_JOB_JWT",
            "GH_PAT",
            "db_password",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "GITHUB_SHA",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "SSH_AUTH_SOCK",
            "LOCKSTEP_INPUTS",
            "CI_COMMIT_AUTHOR",
            "GITHUB_OUTPUT",
            "PATTERN",
            "AUTHOR",
            "CI_DEPLOY_TOKEN_NAME",
            // Else a restarted process would find a secret, and start itself again without end.
            super::HANDOVER,
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
