//! Whole runs against a repository, a forge and registries in memory: a test decides what others do during the run, and at
//! which change the run is cut off.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![allow(dead_code, reason = "not every test uses everything")]

mod host;
pub(crate) mod shop;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use env_promote::{ForgeKind, Inputs, Mode, OnForeign, Outputs, run};
use lockstep_sdk::HostResult;
use lockstep_sdk::fake::{FakeForge, FakeHttp, FakeReporter, FakeRepository, FileTree};
use lockstep_sdk::forge::{BranchPair, PullRequest, PullRequestContent, PullRequestState};
use lockstep_sdk::http::{Header, Response};
use lockstep_sdk::report::Level;
use lockstep_sdk::types::{Error, Failure};

use host::Shared;

/// An edit of somebody else.
pub(crate) type Edit = fn(&mut FileTree);

/// A run that ended with outputs.
#[derive(Debug)]
pub(crate) struct Ended {
    outputs: Outputs,
    /// The failure that goes with the outputs.
    pub(crate) rejection: Option<Failure>,
}

/// A run that ended without outputs.
#[derive(Debug)]
pub(crate) struct Failed {
    /// The failure.
    pub(crate) failure: Box<Failure>,
    /// The errors in the log: all of them if there are several, none otherwise.
    pub(crate) noted: Vec<String>,
}

impl Deref for Ended {
    type Target = Outputs;

    fn deref(&self) -> &Outputs {
        &self.outputs
    }
}

impl Ended {
    /// The code of the rejection, if there is one.
    pub(crate) fn code(&self) -> Option<&str> {
        self.rejection.as_ref().map(|failure| failure.code.as_str())
    }
}

impl Failed {
    /// The code of the only error.
    pub(crate) fn code(&self) -> &str {
        assert!(self.noted.is_empty(), "{self:?}");
        &self.failure.code
    }
}

/// What a run meets.
#[derive(Clone, Default)]
pub(crate) struct Model {
    /// The forge and its repository.
    pub(crate) forge: FakeForge,
    /// The registries.
    pub(crate) http: FakeHttp,
    /// What a registry answers to a run with a token, by URL.
    pub(crate) with_token: BTreeMap<String, Response>,
    now: u64,
    /// The changes of the run, also attempted ones, in order.
    pub(crate) log: Vec<String>,
    /// The notes of the run.
    pub(crate) notes: Vec<(Level, String)>,
    /// Edits of somebody else on `main`, each before the push of this number.
    pub(crate) others: Vec<(usize, Edit)>,
    pushes: usize,
    /// The answer of the server to a push instead of accepting it.
    pub(crate) refusal: Option<Error>,
    /// What happens at each request for a status, in order.
    pub(crate) status_events: Vec<fn(&mut Self)>,
    /// How many requests for a status the forge does not answer.
    pub(crate) outages: u32,
    /// The forge lets another run open a pull request at the same time, and lists it in this state.
    pub(crate) duplicate: Option<PullRequestState>,
    /// Another run opens a pull request right before this one.
    pub(crate) rival: bool,
    /// The host says that a branch has commits of others.
    pub(crate) has_foreign_history: bool,
    /// What happens when the run has slept once.
    pub(crate) after_sleep: Option<fn(&mut Self)>,
    /// The run ends at the change of this number, which takes effect or not.
    pub(crate) cut: Option<(usize, bool)>,
}

impl Model {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let repository = FakeRepository::default().with_branch("main", files);
        Self { forge: FakeForge::new(repository), ..Self::default() }
    }

    /// Runs the step.
    pub(crate) fn run(&mut self, inputs: &Inputs) -> Result<Ended, Failed> {
        (self.log, self.pushes) = (Vec::new(), 0);
        let shared = Shared(Rc::new(RefCell::new(std::mem::take(self))));
        let mut reporter = FakeReporter::default();
        let result = run(&mut shared.clone(), &mut reporter, &mut shared.clone(), inputs);
        *self = shared.0.borrow().clone();
        self.notes = reporter.notes.into_iter().map(|note| (note.level, note.message)).collect();
        let errors = self.notes.iter().filter(|(level, _)| *level == Level::Error);
        let noted = errors.map(|(_, message)| message.clone()).collect();
        match result {
            Ok(outputs) => Ok(Ended { outputs, rejection: reporter.rejection }),
            Err(failure) => Err(Failed { failure: Box::new(failure), noted }),
        }
    }

    /// The head of `main`.
    pub(crate) fn head(&self) -> String {
        self.branch("main")
    }

    /// The head of a branch.
    pub(crate) fn branch(&self, branch: &str) -> String {
        self.forge.repository.branches[branch].clone()
    }

    /// The number of branches except `main`.
    pub(crate) fn other_branches(&self) -> usize {
        self.forge.repository.branches.keys().filter(|branch| *branch != "main").count()
    }

    /// The messages of the commits that runs created.
    pub(crate) fn messages(&self) -> Vec<&str> {
        self.forge.repository.messages()
    }

    /// A file of `main`.
    pub(crate) fn text(&self, path: &str) -> String {
        self.text_on("main", path)
    }

    /// A file of a branch.
    pub(crate) fn text_on(&self, branch: &str, path: &str) -> String {
        self.forge.repository.text(branch, path).unwrap().to_owned()
    }

    /// Somebody else commits to `main`.
    pub(crate) fn edit(&mut self, edit: Edit) {
        self.edit_on("main", edit);
    }

    /// Somebody else commits to a branch.
    pub(crate) fn edit_on(&mut self, branch: &str, edit: Edit) {
        self.forge.repository.commit_by_other(branch, edit);
    }

    /// Somebody merges a pull request by a squash.
    pub(crate) fn merge(&mut self, number: u64) {
        self.forge.merge_by_other(number);
    }

    /// Another run opens a pull request for a branch.
    pub(crate) fn open(&mut self, branch: &str, body: &str) {
        let branches = BranchPair { repository: ".".into(), base: "main".into(), head: branch.into() };
        let content = PullRequestContent { title: String::new(), body: body.to_owned(), labels: Vec::new() };
        self.forge.add_pull_request(&branches, &content);
    }

    /// A pull request.
    pub(crate) fn pull_request(&mut self, number: usize) -> &mut PullRequest {
        &mut self.forge.pull_requests[number - 1].pull_request
    }

    /// The number of pull requests.
    pub(crate) fn pull_requests(&self) -> usize {
        self.forge.pull_requests.len()
    }

    /// Whether the log has a note with this text.
    pub(crate) fn noted(&self, text: &str) -> bool {
        self.notes.iter().any(|(_, message)| message.contains(text))
    }

    /// Makes a change, unless the run is cut off before it.
    fn change<T>(&mut self, what: String, change: impl FnOnce(&mut Self) -> HostResult<T>) -> HostResult<T> {
        let number = self.log.len();
        self.log.push(what);
        let cut_off = || Error::Unavailable("cut off".into());
        match self.cut {
            Some((at, takes_effect)) if at == number => {
                if takes_effect {
                    change(self)?;
                }
                Err(cut_off())
            }
            Some((at, _)) if at < number => Err(cut_off()),
            _ => change(self),
        }
    }
}

/// The answer of a registry.
pub(crate) fn answer(status: u16, digest: Option<&str>, token_server: Option<&str>) -> Response {
    let header = |name: &str, value: String| Header { name: name.to_owned(), value };
    let digest = digest.map(|digest| header("docker-content-digest", digest.to_owned()));
    let challenge = token_server.map(|origin| format!("Bearer realm=\"{origin}/token\""));
    let challenge = challenge.map(|challenge| header("www-authenticate", challenge));
    let headers = digest.into_iter().chain(challenge).collect();
    Response { status, headers, body: Vec::new(), truncated: false, elapsed_ms: 1, remote_address: None }
}

/// Inputs with the defaults of `step.toml`.
pub(crate) fn default_inputs() -> Inputs {
    Inputs {
        from: String::new(),
        to: Vec::new(),
        app: "all".into(),
        pick: Vec::new(),
        keep: Vec::new(),
        repository: ".".into(),
        base: "main".into(),
        from_ref: String::new(),
        mode: Mode::Commit,
        branch: "promote/{app}-{to}".into(),
        allow_downgrade: false,
        verify_digest: Vec::new(),
        allow_private: false,
        credentials: Vec::new(),
        title: None,
        body: None,
        labels: Vec::new(),
        auto_merge: false,
        wait: "0s".into(),
        on_foreign: OnForeign::Stop,
        forge: ForgeKind::Auto,
        sign_commits: false,
        ledger: String::new(),
        timeout: "5m".into(),
    }
}
