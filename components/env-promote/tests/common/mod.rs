//! A model of a repository with one branch, for whole runs: others push when they are told to, and the run can be cut off
//! before any of its calls that matter.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![allow(dead_code, reason = "not all tests ask for everything")]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;

use env_promote::host::{Change, Effect, File, Host};
use env_promote::problem::Problem;
use env_promote::promote::{Dice, Done, promote};
use env_promote::settings::Inputs;
use lockstep_glue::{Clock, Fault, Level, Tell};

pub(crate) type Tree = BTreeMap<String, Vec<u8>>;
/// What somebody else pushes.
pub(crate) type Push = fn(&mut Tree);

/// The repository, and what is known of a run.
#[derive(Clone, Default)]
pub(crate) struct Model {
    commits: HashMap<String, Tree>,
    pub(crate) messages: Vec<String>,
    pub(crate) head: Option<String>,
    now: u64,
    /// What the run asked for, in order.
    pub(crate) log: Vec<String>,
    pub(crate) said: Vec<String>,
    /// Before the push of this number, somebody else pushes.
    pub(crate) others: Vec<(usize, Push)>,
    pushes: usize,
    /// What the server answers to a push instead of taking it.
    pub(crate) refusal: Option<Fault>,
    pub(crate) planned: bool,
}

impl Model {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut model = Self::default();
        let tree = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let commit = model.add(tree);
        model.head = Some(commit);
        model
    }

    fn add(&mut self, tree: Tree) -> String {
        let id = format!("{:040x}", self.commits.len() + 1);
        self.commits.insert(id.clone(), tree);
        id
    }

    pub(crate) fn tree(&self) -> Tree {
        self.commits[self.head.as_ref().unwrap()].clone()
    }

    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.tree()[path].clone()).unwrap()
    }

    pub(crate) fn edit(&mut self, edit: Push) {
        let mut tree = self.tree();
        edit(&mut tree);
        let commit = self.add(tree);
        self.head = Some(commit);
    }

    pub(crate) fn run(&mut self, inputs: &Inputs) -> Result<Done, Vec<Problem>> {
        (self.log, self.said, self.pushes) = (Vec::new(), Vec::new(), 0);
        let shared = Shared(Rc::new(RefCell::new(std::mem::take(self))));
        let ended = promote(&mut shared.clone(), &mut shared.clone(), &mut shared.clone(), inputs);
        *self = shared.0.borrow().clone();
        ended
    }
}

/// Host, clock and listener are one.
#[derive(Clone)]
struct Shared(Rc<RefCell<Model>>);

fn id(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

impl Host for Shared {
    fn head(&mut self, _: &str) -> Result<Option<String>, Fault> {
        Ok(self.0.borrow().head.clone())
    }

    fn files(&mut self, commit: &str, pattern: &str) -> Result<Vec<File>, Fault> {
        let model = self.0.borrow();
        let (folder, below) = pattern.strip_suffix("/**").map_or((pattern, false), |folder| (folder, true));
        let is = |path: &&String| match below {
            true => path.starts_with(&format!("{folder}/")),
            false => **path == folder,
        };
        let files = model.commits[commit].iter().filter(|(path, _)| is(path));
        Ok(files.map(|(path, content)| File { path: path.clone(), id: id(content) }).collect())
    }

    fn read(&mut self, commit: &str, paths: &[String]) -> Result<Vec<Vec<u8>>, Fault> {
        let model = self.0.borrow();
        Ok(paths.iter().map(|path| model.commits[commit][path].clone()).collect())
    }

    fn commit(&mut self, parent: &str, changes: &[Change], message: &str) -> Result<String, Fault> {
        let mut model = self.0.borrow_mut();
        model.log.push(format!("commit {}", changes.len()));
        model.messages.push(message.to_owned());
        let mut tree = model.commits[parent].clone();
        tree.extend(changes.iter().cloned());
        Ok(model.add(tree))
    }

    fn push(&mut self, branch: &str, commit: &str, expected: &str) -> Result<Effect, Fault> {
        let mut model = self.0.borrow_mut();
        model.log.push(format!("push {branch}"));
        let number = model.pushes;
        model.pushes += 1;
        let others: Vec<_> =
            model.others.iter().filter(|(when, _)| *when == number).map(|(_, push)| *push).collect();
        others.into_iter().for_each(|push| model.edit(push));
        if let Some(refusal) = &model.refusal {
            return Err(refusal.clone());
        }
        if model.head.as_deref() != Some(expected) {
            return Err(Fault::Conflict("somebody else has pushed".into()));
        }
        if model.planned {
            return Ok(Effect::Planned);
        }
        model.head = Some(commit.to_owned());
        Ok(Effect::Made)
    }
}

impl Clock for Shared {
    fn now(&self) -> u64 {
        self.0.borrow().now
    }

    fn sleep(&mut self, milliseconds: u64) {
        self.0.borrow_mut().now += milliseconds;
    }
}

impl Dice for Shared {
    fn roll(&mut self) -> f64 {
        0.5
    }
}

impl Tell for Shared {
    fn note(&mut self, level: Level, message: &str) {
        self.0.borrow_mut().said.push(format!("{level:?}: {message}"));
    }

    fn progress(&mut self, _: usize, _: usize) {}
}
