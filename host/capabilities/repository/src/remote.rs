//! Sends requests to the server of a repository, retries them after temporary errors, and classifies the errors of git. It never
//! takes an incomplete answer for the absence of a branch.

use super::bare_repository::{BareRepository, check_id};
use super::git::GitFailure;
use lockstep_model::call::CallError;
use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

/// The first pause before a retry. Each is twice as long as the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(8);
/// How long the host retries after an answer without any ref.
const EMPTY_ANSWER_TIME: Duration = Duration::from_secs(10);
/// The name of the default branch's head.
const HEAD: &str = "HEAD";

/// Messages of git and its transport if the server rejects the credentials.
const UNAUTHORIZED: [&str; 5] =
    ["Authentication failed", "could not read Username", "error: 401", "error: 403", "Permission denied"];
/// Messages if the repository or commit does not exist.
const NOT_FOUND: [&str; 5] = [
    "not found",
    "does not appear to be a git repository",
    "not our ref",
    "couldn't find remote ref",
    "does not exist",
];
/// Messages about this machine, in the words of the C library.
const LOCAL: [&str; 5] = [
    "No space left on device",
    "Disk quota exceeded",
    "Read-only file system",
    "Too many open files",
    "Cannot allocate memory",
];
/// Messages about permanent errors: the certificate of the server, a forbidden transport, a redirect.
const PERMANENT: [&str; 3] = ["certificate", "' not allowed", "redirect"];
/// Reasons of a server for a temporary rejection of a push, in the words of git and of GitHub. Any other reason is a rule.
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

/// The pauses of a retry loop, up to its timeout.
pub(super) struct RetryTimer {
    until: Instant,
    pause: Duration,
}

/// An error of the server.
pub(super) struct ServerFault {
    pub(super) error: CallError,
    /// Whether a retry may succeed.
    pub(super) is_transient: bool,
}

impl RetryTimer {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { until: Instant::now() + timeout, pause: FIRST_PAUSE }
    }

    /// Waits before the next attempt; false if the timeout comes first.
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
    /// Runs git with the server for a request that changes nothing there, with retries.
    pub(super) fn query(&self, label: &str, args: &[&str], input: &[u8]) -> Result<Vec<u8>, CallError> {
        let mut timer = RetryTimer::new(self.retry_timeout);
        loop {
            let failure = match self.git.query(args, input)? {
                Ok(output) => return Ok(output),
                Err(failure) => failure,
            };
            let ServerFault { error, is_transient } = self.fault(label, &failure);
            if !is_transient || !timer.wait() {
                return Err(error);
            }
        }
    }

    /// The commits of those of these refs that the server has.
    ///
    /// Git treats an unknown answer as one of a server with the oldest protocol, and an empty answer as one without refs. If an
    /// answer lacks even the head, the host therefore has git trace the packets: a server with a current protocol sends packets,
    /// and marks the end of its list.
    /// <https://git-scm.com/docs/http-protocol#_dumb_server_response>, <https://git-scm.com/docs/git#Documentation/git.txt-GITTRACEPACKET>
    pub(super) fn refs(&self, label: &str, names: &[&str]) -> Result<HashMap<String, String>, CallError> {
        let args = [&["ls-remote", "origin", HEAD], names].concat();
        let packets = self.git.folder().join("lockstep-packets");
        let mut timer = RetryTimer::new(self.retry_timeout.min(EMPTY_ANSWER_TIME));
        loop {
            let refs = read_refs(&self.query(label, &args, b"")?, names);
            if !refs.is_empty() {
                return Ok(refs);
            }
            let traced = self.git.query_with(&args, b"", &[("GIT_TRACE_PACKET", &packets)])?;
            if let (Ok(output), Ok(1..)) = (traced, packets.metadata().map(|packets| packets.len())) {
                return Ok(read_refs(&output, names));
            }
            if !timer.wait() {
                let why = "the answer of the server names no branch: the repository is empty, or the answer is incomplete";
                return Err(CallError::Unavailable(format!("{label} of `{}`: {why}", self.remote())));
            }
        }
    }

    /// Classifies a failure. It reads only messages of git and its transport, because a server can send any text.
    pub(super) fn fault(
        &self,
        label: &str,
        GitFailure { message, own_lines, .. }: &GitFailure,
    ) -> ServerFault {
        let text = format!("{label} of `{}`: {message}", self.remote());
        let says = |words: &[&str]| words.iter().any(|word| own_lines.contains(word));
        let permanent = |error| ServerFault { error, is_transient: false };
        if says(&LOCAL) {
            return permanent(super::local_error(text));
        }
        if says(&UNAUTHORIZED) {
            let hint = "set LOCKSTEP_FORGE_TOKEN or the variable of the forge to a token with access";
            return permanent(CallError::Unauthorized(format!("{text}; {hint}")));
        }
        if says(&NOT_FOUND) {
            return permanent(CallError::NotFound(text));
        }
        let is_transient = !says(&PERMANENT) && http_status(own_lines).is_none_or(is_transient_status);
        ServerFault { error: CallError::Unavailable(text), is_transient }
    }

    /// Classifies a failed push that has not moved the branch. The porcelain output of git tells whether the server rejects it.
    /// <https://git-scm.com/docs/git-push#_output>
    pub(super) fn push_fault(&self, label: &str, failure: &GitFailure) -> ServerFault {
        match rejection(&failure.stdout) {
            Some(reason) if !TRANSIENT.iter().any(|words| reason.contains(words)) => {
                let message = format!("{label}: the server rejects the push: {reason}: {}", failure.message);
                ServerFault { error: CallError::Upstream { status: 0, message }, is_transient: false }
            }
            Some(reason) => {
                let text =
                    format!("{label}: the server cannot accept the push now: {reason}: {}", failure.message);
                ServerFault { error: CallError::Unavailable(text), is_transient: true }
            }
            None => self.fault(label, failure),
        }
    }
}

/// The head and the named refs in the output of `git ls-remote`.
fn read_refs(list: &[u8], names: &[&str]) -> HashMap<String, String> {
    let list = String::from_utf8_lossy(list);
    let lines = list.lines().filter_map(|line| line.split_once('\t'));
    let wanted =
        lines.filter(|(commit, name)| check_id(commit).is_ok() && (*name == HEAD || names.contains(name)));
    wanted.map(|(commit, name)| (name.to_owned(), commit.to_owned())).collect()
}

/// The reason for which the server rejects a push; none if it does not.
fn rejection(output: &str) -> Option<&str> {
    output.lines().find_map(|line| {
        let (_, summary) = line.strip_prefix("!\t")?.split_once('\t')?;
        summary.strip_prefix("[remote rejected] ")
    })
}

/// Whether the branch already pointed at the pushed commit.
pub(super) fn is_up_to_date(output: &[u8]) -> bool {
    String::from_utf8_lossy(output).lines().any(|line| line.starts_with("=\t"))
}

/// The HTTP status in the messages of git.
fn http_status(own_lines: &str) -> Option<u16> {
    let (_, rest) = own_lines.split_once("returned error: ")?;
    rest.get(..3)?.parse().ok()
}

/// Whether a retry may succeed after this status.
fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_rejection_by_the_server_counts() {
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
    fn a_server_error_or_a_rate_limit_is_temporary() {
        let is_transient = |text: &str| http_status(text).map(is_transient_status);
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
