//! Asks the server of a repository, asks it again while what keeps it from answering may pass, and says what it means when
//! it does not. It never says that something is not there because an answer was cut off.

use super::bare_repository::{BareRepository, id};
use super::git::GitFailure;
use lockstep_model::call::CallError;
use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

/// The first pause before a server is asked again. Each is twice as long as the one before, up to the longest.
const PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(8);
/// How long an answer that names no ref at all is doubted.
const EMPTY_ANSWER_TIME: Duration = Duration::from_secs(10);
/// What the head of a repository is called.
const HEAD: &str = "HEAD";

/// What git or its transport says where the credentials are not accepted.
const UNAUTHORIZED: [&str; 5] =
    ["Authentication failed", "could not read Username", "error: 401", "error: 403", "Permission denied"];
/// What they say where the thing is not there.
const NOT_FOUND: [&str; 5] = [
    "not found",
    "does not appear to be a git repository",
    "not our ref",
    "couldn't find remote ref",
    "does not exist",
];
/// What they say where this machine is at fault, as the C library words it.
const LOCAL: [&str; 5] = [
    "No space left on device",
    "Disk quota exceeded",
    "Read-only file system",
    "Too many open files",
    "Cannot allocate memory",
];
/// What will be the same the next time: the server's certificate, and a transport that is not allowed.
const PERMANENT: [&str; 3] = ["certificate", "' not allowed", "redirect"];
/// Why a server does not update a branch at this moment, in the words of git's own receiving side and of GitHub's. Any
/// other reason is a rule.
/// <https://github.com/git/git/blob/master/builtin/receive-pack.c>
const TRANSIENT: [&str; 8] = [
    "failed to update ref",
    "cannot lock ref",
    "failed to lock",
    "unpacker error",
    "internal error",
    "Internal Server Error",
    "fatal error in commit_refs",
    "incorrect old value provided",
];

/// How long something is tried again.
pub(super) struct RetryTimer {
    until: Instant,
    pause: Duration,
}

/// Why a server did not do what it was asked.
pub(super) struct ServerFault {
    pub(super) error: CallError,
    /// Whether it may do it the next time.
    pub(super) is_transient: bool,
}

impl RetryTimer {
    pub(super) fn of(timeout: Duration) -> Self {
        Self { until: Instant::now() + timeout, pause: PAUSE }
    }

    /// Waits before the next attempt; false if there is no time for one.
    pub(super) fn wait(&mut self) -> bool {
        if Instant::now() + self.pause > self.until {
            return false;
        }
        thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(MAX_PAUSE);
        true
    }
}

impl BareRepository {
    /// Asks the server something that changes nothing there.
    pub(super) fn query(&self, what: &str, args: &[&str], input: &[u8]) -> Result<Vec<u8>, CallError> {
        let mut timer = RetryTimer::of(self.retry_timeout);
        loop {
            let failure = match self.git.query(args, input)? {
                Ok(told) => return Ok(told),
                Err(failure) => failure,
            };
            let ServerFault { error, is_transient } = self.fault(what, &failure);
            if !is_transient || !timer.wait() {
                return Err(error);
            }
        }
    }

    /// What these refs of the server point at, of those that are there.
    ///
    /// Git takes an answer that it does not know for that of a server of the oldest kind, and an empty one for that of such a
    /// server without refs. So where not even the head of the repository is named, git is asked to write down what it hears:
    /// a server of today sends packets, and says where its list ends.
    /// <https://git-scm.com/docs/http-protocol#_dumb_server_response>, <https://git-scm.com/docs/git#Documentation/git.txt-GITTRACEPACKET>
    pub(super) fn refs(&self, what: &str, names: &[&str]) -> Result<HashMap<String, String>, CallError> {
        let args = [&["ls-remote", "origin", HEAD], names].concat();
        let packets = self.git.folder().join("lockstep-packets");
        let mut timer = RetryTimer::of(self.retry_timeout.min(EMPTY_ANSWER_TIME));
        loop {
            let refs = read(&self.query(what, &args, b"")?, names);
            if !refs.is_empty() {
                return Ok(refs);
            }
            let told = self.git.query_with(&args, b"", &[("GIT_TRACE_PACKET", &packets)])?;
            if let (Ok(told), Ok(1..)) = (told, packets.metadata().map(|packets| packets.len())) {
                return Ok(read(&told, names));
            }
            if !timer.wait() {
                let why = "the server names no branch at all, not even the head: the repository is empty, or answers are cut off";
                return Err(CallError::Unavailable(format!("{what} of `{}`: {why}", self.name())));
            }
        }
    }

    /// What it means that the server did not do what it was asked. Only git's own words count, and those of its transport:
    /// what a server says of itself can be anything.
    pub(super) fn fault(&self, what: &str, GitFailure { said, own, .. }: &GitFailure) -> ServerFault {
        let text = format!("{what} of `{}`: {said}", self.name());
        let says = |words: &[&str]| words.iter().any(|word| own.contains(word));
        let lasting = |error| ServerFault { error, is_transient: false };
        if says(&LOCAL) {
            return lasting(super::local_error(text));
        }
        if says(&UNAUTHORIZED) {
            let hint = "give a token that may, in LOCKSTEP_FORGE_TOKEN or the variable of its forge";
            return lasting(CallError::Unauthorized(format!("{text}; {hint}")));
        }
        if says(&NOT_FOUND) {
            return lasting(CallError::NotFound(text));
        }
        let is_transient = !says(&PERMANENT) && status(own).is_none_or(is_transient_status);
        ServerFault { error: CallError::Unavailable(text), is_transient }
    }

    /// What it means that a push did not go through, though the branch is still where it was. What git prints for programs
    /// says whether the server has looked at the push and does not want it.
    /// <https://git-scm.com/docs/git-push#_output>
    pub(super) fn push_fault(&self, what: &str, failure: &GitFailure) -> ServerFault {
        match rejection(&failure.printed) {
            Some(reason) if !TRANSIENT.iter().any(|words| reason.contains(words)) => {
                let message = format!("{what}: the server refuses it: {reason}: {}", failure.said);
                ServerFault { error: CallError::Upstream { status: 0, message }, is_transient: false }
            }
            Some(reason) => {
                let text = format!("{what}: the server could not do it now: {reason}: {}", failure.said);
                ServerFault { error: CallError::Unavailable(text), is_transient: true }
            }
            None => self.fault(what, failure),
        }
    }
}

/// What a list of refs says of the head and of these names.
fn read(list: &[u8], names: &[&str]) -> HashMap<String, String> {
    let list = String::from_utf8_lossy(list);
    let lines = list.lines().filter_map(|line| line.split_once('\t'));
    let wanted = lines.filter(|(at, name)| id(at).is_ok() && (*name == HEAD || names.contains(name)));
    wanted.map(|(at, name)| (name.to_owned(), at.to_owned())).collect()
}

/// Why the server rejects a push, where it does.
fn rejection(printed: &str) -> Option<&str> {
    printed.lines().find_map(|line| {
        let (_, summary) = line.strip_prefix("!\t")?.split_once('\t')?;
        summary.strip_prefix("[remote rejected] ")
    })
}

/// Whether a push found the branch where it was to bring it.
pub(super) fn is_up_to_date(printed: &[u8]) -> bool {
    String::from_utf8_lossy(printed).lines().any(|line| line.starts_with("=\t"))
}

/// The status of HTTP that git's transport names.
fn status(own: &str) -> Option<u16> {
    let (_, rest) = own.split_once("returned error: ")?;
    rest.get(..3)?.parse().ok()
}

/// Whether what a status says may pass.
fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_rejection_by_the_server_is_one() {
        let line = |summary: &str| format!("To file:///x\n!\tabc:refs/heads/main\t{summary}\nDone\n");
        let reason = |summary: &str| rejection(&line(summary)).map(str::to_owned);
        assert_eq!(
            reason("[remote rejected] (pre-receive hook declined)").as_deref(),
            Some("(pre-receive hook declined)")
        );
        for other in ["[rejected] (stale info)", "[remote failure] (remote failed to report status)"] {
            assert_eq!(reason(other), None, "{other}");
        }
        assert_eq!(rejection("remote: !\tx\t[remote rejected] (x)"), None);
        assert!(is_up_to_date(b"To x\n=\tabc:refs/heads/main\t[up to date]\nDone\n"));
        assert!(!is_up_to_date(b"To x\n \tabc:refs/heads/main\t1..2\nDone\n"));
    }

    #[test]
    fn a_status_passes_if_the_server_is_at_fault() {
        let is_transient = |text: &str| status(text).map(is_transient_status);
        assert_eq!(
            is_transient("error: RPC failed; HTTP 503 curl 22 The requested URL returned error: 503"),
            Some(true)
        );
        assert_eq!(
            is_transient("fatal: unable to access 'x': The requested URL returned error: 429"),
            Some(true)
        );
        assert_eq!(
            is_transient("fatal: unable to access 'x': The requested URL returned error: 302"),
            Some(false)
        );
        assert_eq!(is_transient("fatal: unable to access 'x': Empty reply from server"), None);
    }
}
