//! The page about files that no step can change, from the list that decides about them.

use lockstep_model::protected::names::ProtectedNames;
use lockstep_model::protected::{KINDS, ProtectedKind};
use std::fmt::Write as _;

const HEAD: &str = "\
# Files that no step can change

`cargo xtask gen` writes this page. No input and no policy opens these files, in the workspace, in a repository that a step
pushes to, and in a folder that serves as a store (`file://`). A run that tries ends with exit code 3 and names the file.

- A name counts at any depth, because a folder below the workspace can be a checkout of its own.
- Lockstep compares names without regard to case, and without characters that nobody can see. `*` stands for any text.
- Of a folder, everything below it is closed too.
- The same holds for `.git` and for names that begin with `.lockstep-`, which no step can read either.

An upload to S3 may have such names. For a `file://` store, name sources without them, such as `dist/**/*.js`.
";

/// The page.
pub(super) fn page() -> String {
    let mut out = HEAD.to_owned();
    for ProtectedKind { title, names, .. } in KINDS {
        let _ = writeln!(
            out,
            "\n## {title}\n\n| for | files | folders | documentation |\n| --- | --- | --- | --- |"
        );
        for ProtectedNames { reader, source, files, folders } in names {
            let list =
                |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(out, "| {reader} | {} | {} | {source} |", list(files), list(folders));
        }
    }
    out
}
