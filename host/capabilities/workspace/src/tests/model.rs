//! Tests with random runs, which a model of two maps must match.

use super::*;
use proptest::prelude::*;

const PATHS: [&str; 8] = ["a", "a/x", "b", "d", "d/x", "d/y", "d-e", "e/f/g"];

#[derive(Debug, Clone)]
enum Act {
    Write(usize, String),
    Remove(usize),
    Read(usize),
    Glob,
    Diff,
}

fn act() -> impl Strategy<Value = Act> {
    let path = 0..PATHS.len();
    prop_oneof![
        4 => (path.clone(), "[xy]{0,2}").prop_map(|(path, content)| Act::Write(path, content)),
        2 => path.clone().prop_map(Act::Remove),
        2 => path.prop_map(Act::Read),
        1 => Just(Act::Glob),
        1 => Just(Act::Diff),
    ]
}

/// The files as the disk has them, and as the run sees them.
struct Model {
    disk: BTreeMap<&'static str, String>,
    seen: BTreeMap<&'static str, String>,
}

impl Model {
    fn is_folder(&self, path: &str) -> bool {
        let below = |other: &&&str| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        self.disk.keys().chain(self.seen.keys()).any(|other| below(&other))
    }

    fn is_below_file(&self, path: &str) -> bool {
        path.match_indices('/').any(|(at, _)| {
            let folder = &path[..at];
            self.disk.contains_key(folder) || self.seen.contains_key(folder)
        })
    }

    fn effect(&self, path: &str, content: &str) -> Option<WriteEffect> {
        if self.is_folder(path) || self.is_below_file(path) {
            return None;
        }
        Some(match self.disk.get(path) {
            Some(old) if old == content => WriteEffect::Unchanged,
            Some(_) => WriteEffect::Updated,
            None => WriteEffect::Created,
        })
    }

    fn changed(&self) -> Vec<&'static str> {
        let differ = |path: &&&str| self.disk.get(**path) != self.seen.get(**path);
        let mut changed: Vec<&str> =
            self.disk.keys().chain(self.seen.keys()).filter(differ).copied().collect();
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    fn step(&mut self, run: &mut Run, act: Act) {
        match act {
            Act::Write(path, content) => {
                let path = PATHS[path];
                let expected = self.effect(path, &content);
                assert_eq!(run.write(path, &content).ok(), expected, "{path}");
                if expected.is_some() {
                    self.seen.insert(path, content);
                }
            }
            Act::Remove(path) => {
                let removed = self.seen.remove(PATHS[path]).is_some();
                assert_eq!(run.remove(PATHS[path]).is_ok(), removed, "{}", PATHS[path]);
            }
            Act::Read(path) => {
                let expected = self.seen.get(PATHS[path]).map(|content| content.as_bytes().to_vec());
                assert_eq!(run.read(PATHS[path]).ok(), expected, "{}", PATHS[path]);
            }
            Act::Glob => {
                assert_eq!(run.paths("**"), self.seen.keys().copied().collect::<Vec<_>>());
            }
            Act::Diff => {
                let diff = run.diff().unwrap();
                let named: Vec<&str> =
                    diff.lines().filter_map(|line| line.strip_prefix("diff --git a/")).collect();
                let expected: Vec<String> =
                    self.changed().iter().map(|path| format!("{path} b/{path}")).collect();
                assert_eq!(named, expected);
            }
        }
        let changes: Vec<String> = run.workspace.changes().into_iter().map(|change| change.path).collect();
        assert_eq!(changes, self.changed());
    }
}

proptest! {
    #[test]
    fn a_run_behaves_like_its_model(
        disk in proptest::collection::btree_map(0..PATHS.len(), "[xy]{0,2}", 0..5),
        acts in proptest::collection::vec(act(), 0..40),
    ) {
        let mut files: BTreeMap<&str, String> = disk.into_iter().map(|(path, content)| (PATHS[path], content)).collect();
        for folder in ["a", "d"] {
            if files.keys().any(|path| path.starts_with(&format!("{folder}/"))) {
                files.remove(folder);
            }
        }
        let root = tree(&files.iter().map(|(path, content)| (*path, content.as_str())).collect::<Vec<_>>());
        let mut run = Run::on(root.path());
        let mut model = Model { disk: files.clone(), seen: files };
        for act in acts {
            model.step(&mut run, act);
        }
        let changed = model.changed().len();
        prop_assert_eq!(run.commit().unwrap().len(), changed);
        let mut now = snapshot(root.path());
        now.retain(|path, _| !path.ends_with('/'));
        let seen: BTreeMap<String, Vec<u8>> =
            model.seen.into_iter().map(|(path, content)| (path.to_owned(), content.into_bytes())).collect();
        prop_assert_eq!(now, seen);
    }
}
