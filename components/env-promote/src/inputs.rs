//! Reads the inputs of a run and collects every error in them. Never calls the host.

use lockstep_sdk::{InputError, duration};
use lockstep_yaml::Path;

use crate::failure::{Code, Error};
use crate::{Inputs, Mode, OnForeign, branch};

/// The value of `pick` for whole files.
const ALL: &str = "all";

/// The default of `branch`, as in `step.toml`.
const DEFAULT_BRANCH: &str = "promote/{app}-{to}";

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// The repository, as the host names it.
    pub repository: String,
    /// The folder or file to promote.
    pub from: String,
    /// The folders or files to promote to.
    pub to: Vec<String>,
    /// What to promote.
    pub pick: Pick,
    /// The branch that receives the promotion.
    pub base: String,
    /// The branch, tag or commit that has `from`.
    pub from_ref: String,
    /// How to handle the pull request; none to commit to `base`.
    pub pull_request: Option<PullRequestOptions>,
    /// Whether a version may become an older one.
    pub allow_downgrade: bool,
    /// The origins of the registries that verify images; empty to verify none.
    pub registries: Vec<String>,
    /// The first line of the commit message.
    pub title: String,
    /// The file of the ledger, if there is one.
    pub ledger: Option<String>,
    /// The time for attempts when others push, in milliseconds.
    pub timeout_ms: u64,
}

/// How to handle a pull request.
#[derive(Clone, Debug)]
pub struct PullRequestOptions {
    /// Its head branch.
    pub branch: String,
    /// The text in front of the list of values.
    pub body: Option<String>,
    /// The labels to add.
    pub labels: Vec<String>,
    /// Whether to merge it.
    pub auto_merge: bool,
    /// The time to wait for its merge, in milliseconds; 0 to return at once.
    pub wait_ms: u64,
    /// Whether to use another branch if somebody else committed to this one.
    pub new_branch: bool,
}

/// What to promote.
#[derive(Clone, Debug)]
pub enum Pick {
    /// The values at these paths.
    Values(Vec<Path>),
    /// Whole files, except the values at these paths.
    Files(Vec<Path>),
}

impl Request {
    /// Reads the inputs.
    ///
    /// # Errors
    /// Every error in them.
    pub fn read(inputs: &Inputs) -> Result<Self, Vec<Error>> {
        let mut reader = Reader::default();
        let (from, to) = reader.environments(inputs);
        let pick = reader.pick(inputs);
        let pull_request = reader.pull_request(inputs, &from, &to);
        let timeout_ms = reader.duration("timeout", &inputs.timeout);
        let title = reader.title(inputs, &from, &to);
        if !reader.errors.is_empty() {
            return Err(reader.errors);
        }
        let registries = inputs.verify_digest.iter().map(|origin| without_slash(origin)).collect();
        Ok(Self {
            repository: inputs.repository.clone(),
            pick,
            base: inputs.base.clone(),
            from_ref: from_ref(inputs).to_owned(),
            pull_request,
            allow_downgrade: inputs.allow_downgrade,
            registries,
            ledger: Some(inputs.ledger.clone()).filter(|path| !path.is_empty()),
            from,
            to,
            title,
            timeout_ms,
        })
    }
}

fn without_slash(text: &str) -> String {
    text.trim_end_matches('/').to_owned()
}

/// A path in the repository as git names it: without `./` in front and `/` behind.
fn plain_path(text: &str) -> String {
    without_slash(text.trim_start_matches("./"))
}

fn from_ref(inputs: &Inputs) -> &str {
    if inputs.from_ref.is_empty() { &inputs.base } else { &inputs.from_ref }
}

/// Collects errors, so that the run reports all of them.
#[derive(Default)]
struct Reader {
    errors: Vec<Error>,
}

impl Reader {
    fn reject(&mut self, error: InputError) {
        self.errors.push(Error::input(Code::BadInput, error));
    }

    fn duration(&mut self, input: &str, text: &str) -> u64 {
        duration::parse_input(input, text).map_err(|error| self.reject(error)).unwrap_or_default()
    }

    fn paths(&mut self, input: &str, texts: &[String]) -> Vec<Path> {
        let mut paths = Vec::new();
        for text in texts {
            match Path::parse(text) {
                Ok(path) => paths.push(path),
                Err(error) => self.reject(InputError::without_hint(format!("`{input}`: {error}"))),
            }
        }
        paths
    }

    /// `from` and `to`, without a slash at the end.
    fn environments(&mut self, inputs: &Inputs) -> (String, Vec<String>) {
        let from = plain_path(&inputs.from);
        let to: Vec<_> = inputs.to.iter().map(|text| plain_path(text)).collect();
        if to.is_empty() {
            let hint = "name a folder or a file, such as `envs/prod`";
            self.reject(InputError::new("`to` is empty: expected at least one folder or file", hint));
        }
        for (input, text) in std::iter::once(("from", &from)).chain(to.iter().map(|text| ("to", text))) {
            if text.is_empty() || text == "." || text.contains(['*', '?', '[', ']', '{', '}']) {
                let message = format!("`{input}`: `{text}` is not the path of one folder or file");
                self.reject(InputError::new(
                    message,
                    "write its path in the repository, such as `envs/prod`",
                ));
            }
        }
        let contains = |outer: &str, path: &str| path == outer || path.starts_with(&format!("{outer}/"));
        for (index, text) in to.iter().enumerate() {
            // At another commit, `from` can be the same folder.
            let others =
                Some(&from).filter(|_| from_ref(inputs) == inputs.base).into_iter().chain(&to[..index]);
            let overlaps = |other: &&String| contains(other, text) || contains(text, other);
            if let Some(other) = others.into_iter().find(overlaps) {
                let message = format!("`to`: `{text}` and `{other}` overlap");
                self.reject(InputError::new(message, "name folders of which none contains another one"));
            }
        }
        (from, to)
    }

    fn pick(&mut self, inputs: &Inputs) -> Pick {
        let is_all = inputs.pick == [ALL];
        let values = if is_all { Vec::new() } else { self.paths("pick", &inputs.pick) };
        let keep = self.paths("keep", &inputs.keep);
        if inputs.pick.is_empty() {
            let message = "`pick` is empty: there is nothing to promote";
            self.reject(InputError::new(message, "name paths of values, or `all`"));
        }
        if !is_all && inputs.pick.iter().any(|text| text == ALL) {
            let hint = "remove the other paths, or write `.all` for a key of this name";
            self.reject(InputError::new("`pick`: `all` already includes every other path", hint));
        }
        if !is_all && !inputs.keep.is_empty() {
            let hint = "remove it: the step keeps every value that `pick` does not name";
            self.reject(InputError::new("`keep` is valid only with `pick: all`", hint));
        }
        if is_all { Pick::Files(keep) } else { Pick::Values(values) }
    }

    fn title(&mut self, inputs: &Inputs, from: &str, to: &[String]) -> String {
        let default = || format!("Promote {from} to {}", to.join(", "));
        let title = inputs.title.clone().filter(|title| !title.trim().is_empty()).unwrap_or_else(default);
        if title.contains(['\n', '\r']) {
            let hint = "write one line; `body` can have several";
            self.reject(InputError::new("`title` has more than one line", hint));
        }
        title
    }

    fn pull_request(&mut self, inputs: &Inputs, from: &str, to: &[String]) -> Option<PullRequestOptions> {
        let wait_ms = self.duration("wait", &inputs.wait);
        let new_branch = inputs.on_foreign == OnForeign::NewBranch;
        if inputs.mode == Mode::Commit {
            let given = [
                ("branch", inputs.branch != DEFAULT_BRANCH),
                ("body", inputs.body.is_some()),
                ("labels", !inputs.labels.is_empty()),
                ("auto-merge", inputs.auto_merge),
                ("wait", wait_ms > 0),
                ("on-foreign", new_branch),
            ];
            for (name, _) in given.into_iter().filter(|(_, given)| *given) {
                let message = format!("`{name}` is valid only with `mode: pull-request`");
                self.reject(InputError::new(message, "remove it, or promote with a pull request"));
            }
            return None;
        }
        let is_invalid = |label: &&String| label.trim().is_empty() || label.contains([',', '\n']);
        for label in inputs.labels.iter().filter(is_invalid) {
            let message = format!("`labels`: `{label}` is not a label");
            self.reject(InputError::new(message, "write one label per item of the list"));
        }
        let branch = branch::fill(&inputs.branch, &inputs.app, from, to);
        let branch = branch.map_err(|error| self.reject(error)).ok()?;
        if branch == inputs.base {
            let hint = "name another branch for the pull request";
            self.reject(InputError::new("`branch` and `base` are the same branch", hint));
        }
        Some(PullRequestOptions {
            branch,
            body: inputs.body.clone().filter(|body| !body.trim().is_empty()),
            labels: inputs.labels.clone(),
            auto_merge: inputs.auto_merge,
            wait_ms,
            new_branch,
        })
    }
}
