//! Attack 20: names repositories, branches, commits and files in every way that could lead to others, to options of git, to
//! a push over somebody else's work, or to what CI runs.
//! Expected: nothing that was not granted is read or changed, and a denied call ends the run as denied.

use hostile::repository::{self, FileChange};
use hostile::{Failure, Inputs, Outputs, done, word};

hostile::attack!(repositories);

fn repositories(inputs: Inputs) -> Result<Outputs, Failure> {
    let words = inputs.words.iter().map(|word| parts(word));
    let said = match inputs.act.as_str() {
        "head" => {
            words.map(|[repository, branch, _]| word(repository::branch_head(repository, branch))).collect()
        }
        "tag" => words.map(|[repository, name, _]| word(repository::tag_commit(repository, name))).collect(),
        "files" => words
            .map(|[repository, commit, pattern]| word(repository::list_files(repository, commit, pattern)))
            .collect(),
        "read" => words
            .map(|[repository, commit, path]| {
                word(
                    repository::read_files(repository, commit, &[path.to_owned()])
                        .map(|all| all.concat().len()),
                )
            })
            .collect(),
        "log" => {
            words.map(|[repository, commit, _]| word(repository::log(repository, commit, u32::MAX))).collect()
        }
        // On top of the head of `main`.
        "commit" => {
            words.map(|[repository, path, content]| word(commit(repository, path, content))).collect()
        }
        "replace" => {
            words.map(|[repository, branch, expected]| replace(repository, branch, expected)).collect()
        }
        "push" => words.map(|[repository, branch, expected]| push(repository, branch, expected)).collect(),
        // A commit that somebody else has made: pushing it would move a branch without a change of this run.
        _ => words
            .map(|[repository, branch, commit]| {
                word(repository::push(repository, branch, commit, Some(commit)))
            })
            .collect(),
    };
    done(said)
}

/// Three parts of a word, separated by `|`.
fn parts(word: &str) -> [&str; 3] {
    let mut parts = word.split('|');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

fn head(repository: &str) -> Result<String, hostile::types::Error> {
    Ok(repository::branch_head(repository, "main")?.unwrap_or_default())
}

fn commit(repository: &str, path: &str, content: &str) -> Result<String, hostile::types::Error> {
    let change = FileChange { path: path.to_owned(), content: Some(content.as_bytes().to_vec()) };
    repository::create_commit(repository, &head(repository)?, &[change], "a good change")
}

/// Pushes a commit of its own; `head` stands for the commit that it is on top of, nothing for a new branch.
fn push(repository: &str, branch: &str, expected: &str) -> String {
    let made = commit(repository, "envs/prod/web.yaml", "mine\n");
    let pushed = made.and_then(|made| {
        let head = head(repository)?;
        let expected = match expected {
            "head" => Some(head.as_str()),
            "" => None,
            other => Some(other),
        };
        repository::push(repository, branch, &made, expected)
    });
    word(pushed)
}

/// Puts a commit of its own in the place of what a branch has: `head` stands for what that is.
fn replace(repository: &str, branch: &str, expected: &str) -> String {
    let made = commit(repository, "envs/prod/web.yaml", "mine\n");
    let replaced = made.and_then(|made| {
        let head = match expected {
            "head" => repository::branch_head(repository, branch)?.unwrap_or_default(),
            other => other.to_owned(),
        };
        repository::replace_head(repository, branch, &made, &head)
    });
    word(replaced)
}
