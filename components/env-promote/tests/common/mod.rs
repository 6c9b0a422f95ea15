//! A model of a repository and its forge, for whole runs: others push, commit, close and merge when they are told to, and
//! the run can be cut off at any call that changes something.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![allow(dead_code, reason = "not all tests ask for everything")]

mod machine;
mod registries;
pub(crate) mod shop;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;

use env_promote::digest::Told;
use env_promote::host::{
    Change, Commit, Effect, File, Forge, Host, Hurdle, Merging, Onto, Proposal, PullRequest, Stand, Standing,
};
use env_promote::problem::Problem;
use env_promote::promote::{Done, promote};
use env_promote::settings::Inputs;
use lockstep_glue::Fault;

pub(crate) type Tree = BTreeMap<String, Vec<u8>>;
/// What somebody else pushes.
pub(crate) type Push = fn(&mut Tree);

/// A pull request of the forge.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) branch: String,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) labels: Vec<String>,
    pub(crate) stand: Stand,
    merged: Option<String>,
    pub(crate) auto_merge: bool,
}

/// A commit, with what is in it.
#[derive(Clone)]
struct Made {
    tree: Tree,
    commit: Commit,
}

/// The repository, and what is known of a run.
#[derive(Clone, Default)]
pub(crate) struct Model {
    commits: HashMap<String, Made>,
    pub(crate) messages: Vec<String>,
    /// What `main` points at.
    pub(crate) head: Option<String>,
    /// What other branches point at.
    pub(crate) branches: BTreeMap<String, String>,
    now: u64,
    /// What the run changed, or tried to, in order.
    pub(crate) log: Vec<String>,
    pub(crate) said: Vec<String>,
    /// Before the push of this number, somebody else pushes.
    pub(crate) others: Vec<(usize, Push)>,
    pushes: usize,
    /// What the server answers to a push instead of taking it.
    pub(crate) refusal: Option<Fault>,
    pub(crate) planned: bool,
    /// The pull requests; the first has number 1.
    pub(crate) requests: Vec<Request>,
    /// The tags, each with its commit.
    pub(crate) tags: BTreeMap<String, String>,
    /// Comments, by number and name.
    pub(crate) comments: BTreeMap<(u64, String), String>,
    /// What happens at each look at a pull request that waits, in order.
    pub(crate) looks: Vec<fn(&mut Self)>,
    /// What keeps pull requests from being merged.
    pub(crate) hurdle: Option<Hurdle>,
    /// What the forge says to a merge.
    pub(crate) merging: Option<Result<Merging, Fault>>,
    /// What registries have, by URL.
    pub(crate) registry: BTreeMap<String, Told>,
    /// What they have for a run with a token.
    pub(crate) tokens: BTreeMap<String, Told>,
    /// The forge lets another run open a pull request at the same moment; closed, it does not show it yet.
    pub(crate) careless: Option<Stand>,
    /// How many looks the forge does not answer.
    pub(crate) faults: u32,
    /// Another run opens a pull request just before this one does.
    pub(crate) rival: bool,
    /// The host says that a branch rests on what others have done.
    pub(crate) rests: bool,
    /// What happens when the run has waited once.
    pub(crate) later: Option<fn(&mut Self)>,
    /// The run ends at the change of this number, which is made or not.
    pub(crate) cut: Option<(usize, bool)>,
}

impl Model {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut model = Self::default();
        let tree = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let commit = model.add(tree, None, "first", false);
        model.head = Some(commit);
        model
    }

    fn add(&mut self, tree: Tree, parent: Option<String>, message: &str, sealed: bool) -> String {
        let id = format!("{:040x}", self.commits.len() + 1);
        let author = if sealed { "lockstep" } else { "Eva <eva@example.com>" }.to_owned();
        let commit = Commit { id: id.clone(), parent, author, message: message.to_owned(), sealed };
        self.commits.insert(id.clone(), Made { tree, commit });
        id
    }

    pub(crate) fn tree(&self) -> Tree {
        self.commits[self.head.as_ref().unwrap()].tree.clone()
    }

    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.tree()[path].clone()).unwrap()
    }

    /// What a branch has at a path.
    pub(crate) fn text_on(&self, branch: &str, path: &str) -> String {
        String::from_utf8(self.commits[&self.branches[branch]].tree[path].clone()).unwrap()
    }

    /// Somebody else commits to `main`.
    pub(crate) fn edit(&mut self, edit: Push) {
        let mut tree = self.tree();
        edit(&mut tree);
        let commit = self.add(tree, self.head.clone(), "others", false);
        self.head = Some(commit);
    }

    /// Somebody else commits to a branch.
    pub(crate) fn edit_on(&mut self, branch: &str, edit: Push) {
        let at = self.branches[branch].clone();
        let mut tree = self.commits[&at].tree.clone();
        edit(&mut tree);
        let commit = self.add(tree, Some(at), "theirs", false);
        self.branches.insert(branch.to_owned(), commit);
    }

    /// Somebody merges a pull request by a squash: another commit with what its branch changes.
    pub(crate) fn merge(&mut self, number: usize) {
        let made = self.commits[&self.branches[&self.requests[number - 1].branch]].clone();
        let before = &self.commits[made.commit.parent.as_ref().unwrap()].tree;
        let changed: Vec<_> =
            made.tree.iter().filter(|(path, text)| before.get(*path) != Some(text)).collect();
        let mut tree = self.tree();
        tree.extend(changed.into_iter().map(|(path, text)| (path.clone(), text.clone())));
        let commit = self.add(tree, self.head.clone(), &made.commit.message, false);
        (self.requests[number - 1].stand, self.requests[number - 1].merged) =
            (Stand::Merged, Some(commit.clone()));
        self.head = Some(commit);
    }

    /// Another run opens a pull request for a branch.
    pub(crate) fn open(&mut self, branch: &str, body: &str) {
        let (branch, stand) = (branch.to_owned(), Stand::Open);
        let (title, body, labels) = (String::new(), body.to_owned(), Vec::new());
        self.requests.push(Request { branch, title, body, labels, stand, merged: None, auto_merge: false });
    }

    pub(crate) fn run(&mut self, inputs: &Inputs) -> Result<Done, Vec<Problem>> {
        (self.log, self.said, self.pushes) = (Vec::new(), Vec::new(), 0);
        let shared = Shared(Rc::new(RefCell::new(std::mem::take(self))));
        let ended = promote(&mut shared.clone(), &mut shared.clone(), &mut shared.clone(), inputs);
        *self = shared.0.borrow().clone();
        ended
    }

    /// Notes a change. Gives whether it is made, and whether the run is cut off with it.
    fn change(&mut self, what: String) -> (bool, Result<(), Fault>) {
        let number = self.log.len();
        self.log.push(what);
        let cut = Err(Fault::Unavailable("cut off".into()));
        match self.cut {
            Some((at, made)) if at == number => (made, cut),
            Some((at, _)) if at < number => (false, cut),
            _ => (true, Ok(())),
        }
    }

    fn to_pull_request(&self, index: usize) -> PullRequest {
        let Request { branch, body, stand, merged, auto_merge, .. } = self.requests[index].clone();
        let number = index as u64 + 1;
        let head = self.branches.get(&branch).cloned().unwrap_or_default();
        PullRequest { number, url: format!("https://forge/{number}"), stand, head, merged, body, auto_merge }
    }
}

/// Host, forge, clock and listener are one.
#[derive(Clone)]
struct Shared(Rc<RefCell<Model>>);

fn id(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

impl Host for Shared {
    fn head(&mut self, branch: &str) -> Result<Option<String>, Fault> {
        let model = self.0.borrow();
        Ok(if branch == "main" { model.head.clone() } else { model.branches.get(branch).cloned() })
    }

    fn tag(&mut self, name: &str) -> Result<Option<String>, Fault> {
        Ok(self.0.borrow().tags.get(name).cloned())
    }

    fn history(&mut self, commit: &str, most: u32) -> Result<Vec<Commit>, Fault> {
        let model = self.0.borrow();
        let mut next = Some(commit.to_owned());
        let commits = std::iter::from_fn(|| {
            let commit = model.commits[&next.take()?].commit.clone();
            next.clone_from(&commit.parent);
            Some(commit)
        });
        Ok(commits.take(most as usize).collect())
    }

    fn files(&mut self, commit: &str, pattern: &str) -> Result<Vec<File>, Fault> {
        let model = self.0.borrow();
        let (folder, below) = pattern.strip_suffix("/**").map_or((pattern, false), |folder| (folder, true));
        let is = |path: &&String| match below {
            true => path.starts_with(&format!("{folder}/")),
            false => **path == folder,
        };
        let files = model.commits[commit].tree.iter().filter(|(path, _)| is(path));
        Ok(files.map(|(path, content)| File { path: path.clone(), id: id(content) }).collect())
    }

    fn read(&mut self, commit: &str, paths: &[String]) -> Result<Vec<Vec<u8>>, Fault> {
        let model = self.0.borrow();
        let tree = &model.commits[commit].tree;
        let read = |path: &String| tree.get(path).cloned().ok_or_else(|| Fault::NotFound(path.clone()));
        paths.iter().map(read).collect()
    }

    fn commit(&mut self, parent: &str, changes: &[Change], message: &str) -> Result<String, Fault> {
        let mut model = self.0.borrow_mut();
        model.change(format!("commit {}", changes.len())).1?;
        model.messages.push(message.to_owned());
        let mut tree = model.commits[parent].tree.clone();
        tree.extend(changes.iter().cloned());
        Ok(model.add(tree, Some(parent.to_owned()), message, true))
    }

    fn push(&mut self, branch: &str, commit: &str, onto: Onto<'_>) -> Result<Effect, Fault> {
        let mut model = self.0.borrow_mut();
        let (made, ended) = model.change(format!("push {branch}"));
        let number = model.pushes;
        model.pushes += 1;
        let others: Vec<_> =
            model.others.iter().filter(|(when, _)| *when == number).map(|(_, push)| *push).collect();
        others.into_iter().for_each(|push| model.edit(push));
        if let Some(refusal) = &model.refusal {
            return Err(refusal.clone());
        }
        let at = if branch == "main" { model.head.clone() } else { model.branches.get(branch).cloned() };
        let expected = match onto {
            Onto::Nothing => None,
            Onto::Head(expected) | Onto::Replace(expected) => Some(expected),
        };
        if at.as_deref() != expected {
            return Err(Fault::Conflict("somebody else has pushed".into()));
        }
        if matches!(onto, Onto::Replace(at) if model.rests || !model.commits[at].commit.sealed) {
            return Err(Fault::Invalid("it would be lost that somebody else has committed".into()));
        }
        if model.planned {
            return Ok(Effect::Planned);
        }
        match branch {
            _ if !made => {}
            "main" => model.head = Some(commit.to_owned()),
            _ => drop(model.branches.insert(branch.to_owned(), commit.to_owned())),
        }
        ended.map(|()| Effect::Made)
    }
}

impl Forge for Shared {
    fn pull_requests(&mut self, branch: &str) -> Result<Vec<PullRequest>, Fault> {
        let model = self.0.borrow();
        let all = (0..model.requests.len()).rev().filter(|index| model.requests[*index].branch == branch);
        Ok(all.map(|index| model.to_pull_request(index)).collect())
    }

    fn inspect(&mut self, _: &str, number: u64) -> Result<Standing, Fault> {
        let mut model = self.0.borrow_mut();
        if model.faults > 0 {
            model.faults -= 1;
            return Err(Fault::Unavailable("502".into()));
        }
        if !model.looks.is_empty() {
            let look = model.looks.remove(0);
            look(&mut model);
        }
        let hurdle = model.hurdle.unwrap_or(Hurdle::None);
        Ok(Standing { now: model.to_pull_request(number as usize - 1), hurdle, checks: Vec::new() })
    }

    fn open(&mut self, branch: &str, proposal: &Proposal) -> Result<Option<PullRequest>, Fault> {
        let mut model = self.0.borrow_mut();
        let (made, ended) = model.change(format!("open {branch}"));
        let is_open = |one: &Request| one.branch == branch && one.stand == Stand::Open;
        if model.careless.is_none() && model.requests.iter().any(is_open) {
            return Err(Fault::Conflict("there is one".into()));
        }
        let rival = std::mem::take(&mut model.rival);
        if let Some(stand) = model.careless.take().or(rival.then_some(Stand::Open)) {
            // Another run opens one at the same moment.
            let Proposal { title, body, labels } = proposal.clone();
            let branch = branch.to_owned();
            let other = Request { branch, title, body, labels, stand, merged: None, auto_merge: false };
            model.requests.push(other);
        }
        if rival {
            return Err(Fault::Conflict("there is one".into()));
        }
        if model.planned {
            return Ok(None);
        }
        if made {
            let Proposal { title, body, labels } = proposal.clone();
            let (branch, stand) = (branch.to_owned(), Stand::Open);
            let request = Request { branch, title, body, labels, stand, merged: None, auto_merge: false };
            model.requests.push(request);
        }
        ended.map(|()| Some(model.to_pull_request(model.requests.len() - 1)))
    }

    fn edit(&mut self, _: &str, number: u64, proposal: &Proposal) -> Result<(), Fault> {
        let mut model = self.0.borrow_mut();
        let (made, ended) = model.change(format!("edit {number}"));
        if made && !model.planned {
            let request = &mut model.requests[number as usize - 1];
            (request.title, request.body) = (proposal.title.clone(), proposal.body.clone());
        }
        ended
    }

    fn comment(&mut self, _: &str, number: u64, name: &str, text: &str) -> Result<(), Fault> {
        let mut model = self.0.borrow_mut();
        let (made, ended) = model.change(format!("comment {number} {name}"));
        if made && !model.planned {
            model.comments.insert((number, name.to_owned()), text.to_owned());
        }
        ended
    }

    fn withdraw(&mut self, _: &str, number: u64) -> Result<(), Fault> {
        let mut model = self.0.borrow_mut();
        let (made, ended) = model.change(format!("withdraw {number}"));
        if made {
            model.requests[number as usize - 1].stand = Stand::Closed;
        }
        ended
    }

    fn merge(&mut self, _: &str, number: u64, head: &str, message: &str) -> Result<Merging, Fault> {
        assert!(message.contains("Promoted-From: "), "{message}");
        let mut model = self.0.borrow_mut();
        let (made, ended) = model.change(format!("merge {number}"));
        if model.to_pull_request(number as usize - 1).head != head {
            return Err(Fault::Conflict("its branch has moved".into()));
        }
        if let Some(merging) = model.merging.clone() {
            return merging;
        }
        if made {
            model.merge(number as usize);
        }
        ended.map(|()| Merging::Merged)
    }
}
