//! What README.md shows is what the program prints: each command of its console blocks is run in the example
//! repository and its output compared.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::process::Command;

/// A command of the block, with the lines that follow it.
struct Shown {
    words: Vec<String>,
    output: String,
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let program = std::env::var("LOCKSTEP_BIN").expect("LOCKSTEP_BIN is set by `cargo xtask test`");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    copy(&root.join("examples/demo"), folder.path());
    let git = Command::new("git").args(["init", "--quiet"]).arg(folder.path()).status().unwrap();
    assert!(git.success());
    let shown = commands(&readme);
    for step in ["manifest-patch", "plan-gate", "terraform-parse"] {
        assert!(shown.iter().any(|shown| shown.words[2] == step), "the README shows {step}");
    }
    for Shown { words, output } in shown {
        let run = Command::new(&program)
            .args(&words[1..])
            .current_dir(folder.path())
            .env("LOCKSTEP_PLATFORM", "plain")
            .env("XDG_STATE_HOME", folder.path().join(".state"))
            .output()
            .unwrap();
        let printed = String::from_utf8([run.stdout, run.stderr].concat()).unwrap();
        assert_eq!(printed, output, "{}", words.join(" "));
    }
}

/// The commands of the console blocks. A line that ends in a backslash goes on.
fn commands(readme: &str) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for block in readme.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        assert!(block.starts_with("$ "), "a block begins with what is no command: {block}");
        for line in block.replace("\\\n", " ").lines() {
            match line.strip_prefix("$ ") {
                Some(command) => shown.push(Shown { words: words(command), output: String::new() }),
                None => shown.last_mut().unwrap().output.push_str(&format!("{line}\n")),
            }
        }
    }
    shown
}

/// Splits a command like a shell does; single quotes are all it knows.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
