//! The story told by the finished programs, held against the pages that show it, and told of examples in which one thing is
//! broken: each must be noticed. It needs what `cargo xtask test` builds, and no network.

use super::stage::{Shown, Stage, copy_folder, ends, well};
use super::{Programs, tell, thief};
use lockstep_tests::support;
use std::fs;
use std::path::{Path, PathBuf};

/// The pages that show parts of the story.
const PAGES: [&str; 2] = ["README.md", "docs/demo.md"];

/// What stands in them for what differs from one run to the next, and alone on a line for lines left out.
const ANY: char = '…';

fn programs() -> Programs {
    let hostile = support::hostile(thief::COMPONENTS[0]);
    let hostile = hostile.parent().unwrap().to_owned();
    Programs { host: support::slim(), hostile }
}

fn example() -> PathBuf {
    crate::root().join("examples/demo")
}

fn silent(_: &str) {}

#[test]
fn the_demo_ends_as_described_and_the_pages_show_it() {
    let folder = tempfile::tempdir().unwrap();
    let stage = tell(&example(), folder.path(), programs(), silent).unwrap();
    let told = lines(&stage.shown().iter().map(Shown::text).collect::<Vec<_>>().join("\n"));
    let pages = PAGES.map(|page| fs::read_to_string(crate::root().join(page)).unwrap()).concat();
    let blocks = pages.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<Vec<String>> = blocks.map(lines).collect();
    for block in &blocks {
        if let Err(missing) = shows(block, &told) {
            panic!(
                "{PAGES:?} show what the demo does not print there:\n{missing}\nIt prints:\n{}",
                told.join("\n")
            );
        }
    }
    let steps =
        ["artifact-upload", "manifest-patch", "env-promote", "plan-gate", "terraform-parse", "../thief.wasm"];
    for step in steps {
        let shown = blocks
            .iter()
            .flatten()
            .any(|line| line.starts_with("$ ") && line.contains(&format!(" run {step} ")));
        assert!(shown, "{PAGES:?} show {step}");
    }
}

/// The lines of a text, a command with all its parts in one, without empty ones.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace(" \\\n    ", " ");
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Whether the lines of a block are told in their order, with nothing between them but where the block says so; what is
/// left out of the output of a command ends with that output. Gives the lines that are not.
fn shows(block: &[String], told: &[String]) -> Result<(), String> {
    let mut rest = told;
    let alone = ANY.to_string();
    for part in block.split(|line| *line == alone).filter(|part| !part.is_empty()) {
        let fits = |told: &[String]| part.iter().zip(told).all(|(line, told)| is_like(line, told));
        let end = rest.iter().position(|line| begins(line)).filter(|_| !begins(&part[0]));
        let mut places = rest.windows(part.len()).take(end.unwrap_or(rest.len()));
        let at = places.position(fits).ok_or_else(|| part.join("\n"))?;
        rest = &rest[at + part.len()..];
    }
    let whole = block.last() == Some(&alone) || rest.first().is_none_or(|line| begins(line));
    if whole { Ok(()) } else { Err(format!("nothing more behind {:?}", block.last())) }
}

/// Whether something new begins with a line: a command, or what is said.
fn begins(line: &str) -> bool {
    line.starts_with("$ ") || line.starts_with("# ")
}

/// Whether a line is this one, with any text for each `…`.
fn is_like(line: &str, told: &str) -> bool {
    let Some((start, rest)) = line.split_once(ANY) else { return line == told };
    let Some(told) = told.strip_prefix(start) else { return false };
    let ends = told.char_indices().map(|(at, _)| at).chain([told.len()]);
    ends.into_iter().any(|at| is_like(rest, &told[at..]))
}

#[test]
fn a_page_that_shows_something_else_is_noticed() {
    let told = lines("$ a --b \\\n    --c /x/y/\n1\n\n2 = 3 = 4\n5\n$ d\n6");
    let same = [
        "$ a --b --c /x/y/\n1\n…",
        "$ a --b --c /…/\n…\n5",
        "$ a …\n…\n2 = … = 4\n…",
        "$ …\n1\n2…\n5\n$ d\n6",
        "$ a…\n1\n…\n5\n$ d\n…",
        "$ a…\n1\n…\n$ d\n6",
    ];
    for same in same {
        assert_eq!(shows(&lines(same), &told), Ok(()), "{same}");
    }
    let other = [
        "$ a --b\n…",
        "$ a…\n1\n5",
        "$ a…\n…\n2 = … = 5\n…",
        "$ a…\n…\n6",
        "$ a…\n1",
        "$ d\n…\n$ a…\n…",
        "1\n…",
    ];
    for other in other {
        assert!(shows(&lines(other), &told).is_err(), "{other}");
    }
}

/// One thing broken in a copy of the example or of the hostile components, and a word of the command that must then end the
/// story.
type Broken = (fn(&Path), &'static str);

/// A broken example for each step of the story.
const BROKEN: [Broken; 7] = [
    (|scene| fs::remove_dir_all(scene.join("shop/dist")).unwrap(), "run artifact-upload --source dist"),
    (|scene| replace(scene, "shop/envs/dev/web.yaml", "shop/web:", "shop/site:"), "run manifest-patch"),
    (
        |scene| replace(scene, "shop/envs/staging/web.yaml", "kind: Deploy", "kind: Employ"),
        "--to envs/staging",
    ),
    (|scene| replace(scene, "shop/envs/prod/web.yaml", "web:v1.7.3", "web:v1.8.0"), "--to envs/prod"),
    (
        |scene| replace(scene, "shop/plan.json", "terraform_data.database", "terraform_data.queue"),
        "plan-gate",
    ),
    (|scene| replace(scene, "shop/outputs.json", "\"url\"", "\"uri\""), "run terraform-parse"),
    // A component that reaches for nothing: nothing of it would be refused.
    (|scene| replace_thief(scene, "wasi_files"), "run ../thief.wasm"),
];

#[test]
fn a_step_with_another_end_ends_the_demo() {
    for (break_it, command) in BROKEN {
        let scene = tempfile::tempdir().unwrap();
        copy_folder(&example(), &scene.path().join("shop")).unwrap();
        let all = programs();
        let hostile = scene.path().join("hostile");
        copy_folder(&all.hostile, &hostile).unwrap();
        break_it(scene.path());
        let told =
            tell(&scene.path().join("shop"), &scene.path().join("told"), Programs { hostile, ..all }, silent);
        let error = told.unwrap_err().to_string();
        assert!(error.contains(command), "was to end at `{command}`, and ended with: {error}");
    }
}

fn replace_thief(scene: &Path, other: &str) {
    let component = |name: &str| scene.join("hostile").join(format!("{name}.wasm"));
    fs::copy(component(other), component(thief::COMPONENTS[0])).unwrap();
}

fn replace(scene: &Path, file: &str, old: &str, new: &str) {
    let path = scene.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{file} holds `{old}`");
    fs::write(path, text.replace(old, new)).unwrap();
}

#[test]
fn a_different_exit_code_or_word_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    // It runs git alone.
    let none = Programs { host: PathBuf::new(), hostile: PathBuf::new() };
    let mut stage = Stage::new(&example(), folder.path(), none, silent).unwrap();
    stage.git(&["check-ref-format", "--branch", "main"], well(&["main"])).unwrap();
    let error = stage.git(&["check-ref-format", "--branch", "main"], ends(3, &[])).unwrap_err().to_string();
    assert!(error.contains("was to end with exit code 3"), "{error}");
    let error = stage.git(&["check-ref-format", "--branch", "main"], well(&["mai"])).unwrap_err().to_string();
    assert!(error.contains("was to say `mai`"), "{error}");
}
