//! Tests of what searches find and what they skip.

use super::*;
use crate::SkipReason::{self, Hidden, Protected, SpecialFile, SymbolicLink, UnsupportedName};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

fn skipped(run: &mut Run, pattern: &str) -> Vec<(String, SkipReason)> {
    let found = run.search(pattern).unwrap();
    found.skipped.into_iter().map(|entry| (entry.path, entry.reason)).collect()
}

fn pairs(entries: &[(&str, SkipReason)]) -> Vec<(String, SkipReason)> {
    entries.iter().map(|(path, reason)| ((*path).to_owned(), *reason)).collect()
}

#[test]
fn a_name_that_no_path_can_hold_is_skipped_by_name() {
    let root = tree(&[("a.txt", ""), ("b.js", ""), ("d/x.txt", "")]);
    fs::write(root.path().join(OsStr::from_bytes(b"latin\xe9.txt")), "").unwrap();
    fs::write(root.path().join("new\nline.txt"), "").unwrap();
    fs::write(root.path().join("back\\slash.txt"), "").unwrap();
    fs::write(root.path().join("turn\u{202e}.txt"), "").unwrap();
    fs::write(root.path().join("new\nline.js"), "").unwrap();
    fs::create_dir(root.path().join("bell\u{7}")).unwrap();
    put(root.path(), "bell\u{7}/inside.txt", "");
    let mut run = Run::on(root.path());
    let names = [
        ("back\\\\slash.txt", UnsupportedName),
        ("bell\\u{7}", UnsupportedName),
        ("latin\\xe9.txt", UnsupportedName),
        ("new\\nline.txt", UnsupportedName),
        ("turn\\u{202e}.txt", UnsupportedName),
    ];
    assert_eq!(skipped(&mut run, "**/*.txt"), pairs(&names));
    assert_eq!(run.paths("**/*.txt"), ["a.txt", "d/x.txt"]);
    // Only what the pattern would match is skipped.
    assert_eq!(skipped(&mut run, "d/*"), []);
    assert_eq!(skipped(&mut run, "*.js"), pairs(&[("new\\nline.js", UnsupportedName)]));
}

#[test]
fn names_of_scripts_and_emoji_are_found() {
    let names =
        ["heart-\u{2764}\u{fe0f}.svg", "\u{645}\u{6cc}\u{200c}\u{62e}.html", "\u{1f469}\u{200d}\u{1f4bb}"];
    let root = tree(&names.map(|name| (name, "")));
    let mut run = Run::on(root.path());
    assert_eq!(run.search("**").unwrap().files.len(), 3);
    for name in names {
        assert_eq!(run.read(name).unwrap(), b"", "{name}");
    }
}

#[test]
fn hidden_names_are_skipped_unless_the_pattern_spells_them() {
    let root = tree(&[
        ("a", ""),
        (".env", ""),
        (".cache/x", ""),
        (".git/config", ""),
        ("d/.x/y", ""),
        (".well-known/security.txt", ""),
    ]);
    let mut run = Run::on(root.path());
    assert_eq!(run.paths("**"), [".well-known/security.txt", "a"]);
    let hidden = [(".cache", Hidden), (".env", Hidden), ("d/.x", Hidden)];
    assert_eq!(skipped(&mut run, "**"), pairs(&hidden));
    let folders: Vec<bool> = run.search("**").unwrap().skipped.iter().map(|entry| entry.is_folder).collect();
    assert_eq!(folders, [true, false, true]);
    assert_eq!(skipped(&mut run, "d/*"), []);
    assert_eq!(skipped(&mut run, "*"), pairs(&hidden[1..2]));
    assert_eq!(run.paths(".cache/*"), [".cache/x"]);
    let all = run.search_hidden("**").unwrap();
    let paths: Vec<&str> = all.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, [".cache/x", ".env", ".well-known/security.txt", "a", "d/.x/y"]);
    assert_eq!(all.skipped, []);
}

#[test]
fn links_and_special_files_are_skipped_by_their_own_paths() {
    let outside = tree(&[("secret", "canary")]);
    symlink("secret", outside.path().join("inner")).unwrap();
    let root = tree(&[("a/file", "1"), ("b", "1"), (".hidden/x", "1")]);
    let link = |target: &OsStr, path: &str| symlink(target, root.path().join(path)).unwrap();
    link(outside.path().as_os_str(), "folder");
    link(OsStr::new("../nowhere"), "a/dangling");
    link(OsStr::new("loop"), "loop");
    link(OsStr::from_bytes(b"\xff\x1b[31m"), "z");
    rustix::fs::mkfifoat(rustix::fs::CWD, root.path().join("pipe"), Mode::RWXU).unwrap();
    let mut run = Run::on(root.path());
    let all = [
        (".hidden", Hidden),
        ("a/dangling", SymbolicLink),
        ("folder", SymbolicLink),
        ("loop", SymbolicLink),
        ("pipe", SpecialFile),
        ("z", SymbolicLink),
    ];
    assert_eq!(skipped(&mut run, "**"), pairs(&all));
    let targets: Vec<_> = run.search("**").unwrap().skipped.into_iter().map(|entry| entry.target).collect();
    let target = |text: &str| Some(text.to_owned());
    let outside = outside.path().to_str().unwrap();
    let expected =
        [None, target("../nowhere"), target(outside), target("loop"), None, target("\u{fffd}\u{1b}[31m")];
    assert_eq!(targets, expected);
    assert_eq!(run.paths("**"), ["a/file", "b"]);
    assert_eq!(skipped(&mut run, "a/*"), pairs(&all[1..2]));
    // A link to a folder counts where files that match could be below it.
    assert_eq!(skipped(&mut run, "**/*.js"), pairs(&[all[0], all[2]]));
    assert_eq!(skipped(&mut run, "folder/*"), pairs(&all[2..3]));
    assert_eq!(skipped(&mut run, "pipe"), pairs(&all[4..5]));
    assert!(matches!(run.search("loop"), Err(CallError::Denied(_))));
    assert!(matches!(run.search("folder/inner"), Err(CallError::Denied(_))));
}

#[test]
fn the_target_of_a_link_is_cut_at_the_longest_path() {
    let root = tree(&[]);
    symlink(OsStr::from_bytes(&[0xff; 4000]), root.path().join("a")).unwrap();
    symlink("x".repeat(4000), root.path().join("b")).unwrap();
    let found = Run::on(root.path()).search("*").unwrap().skipped;
    // Each byte that is no text is shown as three.
    assert_eq!(found[0].target, Some("\u{fffd}".repeat(1365)));
    assert_eq!(found[1].target, Some("x".repeat(4000)));
}

#[test]
fn files_of_the_run_are_skipped_as_protected_and_git_is_not_mentioned() {
    let root =
        tree(&[(".git/x", ""), ("a/.git/x", ""), ("own/x", ""), ("output", ""), (".lockstep-0-0", "")]);
    symlink("x", root.path().join(".git/link")).unwrap();
    symlink("x", root.path().join("receipt")).unwrap();
    let own = ["own", "output", "receipt"].map(|name| root.path().join(name));
    let mut run = Run::with(root.path(), Limits::default(), &own);
    let protected = [("output", Protected), ("own", Protected), ("receipt", Protected)];
    assert_eq!(skipped(&mut run, "**"), pairs(&protected));
    for pattern in [".git/**", "a/.git/**"] {
        assert_eq!(skipped(&mut run, pattern), [], "{pattern}");
    }
    for path in [".git/link", "own/x", "output", "receipt"] {
        assert!(matches!(run.search(path), Err(CallError::Denied(_))), "{path}");
    }
}

#[test]
fn a_part_that_exists_as_it_is_spelled_is_that_name() {
    let root = tree(&[("out/[slug]/a.js", ""), ("out/s/b.js", ""), ("out/{a,b}.js", ""), ("out/a.js", "")]);
    let mut run = Run::on(root.path());
    let found = run.search("out/[slug]/**").unwrap();
    assert_eq!((found.base.as_str(), found.files.len()), ("out/[slug]", 1));
    assert_eq!(run.paths("out/[slug]/*.js"), ["out/[slug]/a.js"]);
    assert_eq!(run.paths("out/{a,b}.js"), ["out/{a,b}.js"]);
    assert_eq!(run.paths("out/[st]/*.js"), ["out/s/b.js"]);
    assert_eq!(run.paths("out/*/*.js"), ["out/[slug]/a.js", "out/s/b.js"]);
    assert_eq!(run.search("out/a.js").unwrap().base, "out");
}

#[test]
fn skipped_entries_count_for_the_limit() {
    let root = tree(&[("a", ""), (".b", ""), (".c", "")]);
    let limits = |found_files| Limits { found_files, ..Limits::default() };
    assert!(Run::with(root.path(), limits(3), &[]).search("*").is_ok());
    assert!(matches!(Run::with(root.path(), limits(2), &[]).search("*"), Err(CallError::LimitExceeded(_))));
}
