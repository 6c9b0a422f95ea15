//! The book of docs/: mdBook builds it without a warning, the finished program prints what the recipes and the README show, and
//! linters accept the recipes' files for CI systems.
#![forbid(unsafe_code)]

use lockstep_tests::shim::root;
use lockstep_tests::{services, support};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands in a page for what differs between two runs, and alone on a line for lines left out.
const ANY: char = '…';

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn mdbook_builds_the_book_without_a_warning() {
    let said = run(Command::new(env!("CARGO")).args(["xtask", "book"]).current_dir(root()));
    assert!(said.contains("the first page is "), "{said}");
}

#[test]
fn the_recipes_print_what_they_show() {
    let mut pages = recipes();
    pages.push(root().join("README.md"));
    let count: usize = pages.iter().map(|page| check(page)).sum();
    assert!(count > 10, "only {count} commands");
}

/// People write docs/command-line.md by hand; the other page is about `recover`.
#[test]
fn the_page_of_the_command_line_has_every_option() {
    let pages = ["docs/command-line.md", "docs/interrupted-runs.md"];
    let pages = pages.map(|page| fs::read_to_string(root().join(page)).expect("the page")).concat();
    for command in [&["run", "manifest-patch", "--help"][..], &["recover", "--help"], &["list", "--help"]] {
        let help = run(Command::new(support::slim()).args(command));
        // The inputs of a step come before, and an example comes after.
        let own = help.rsplit("\nOptions:").next().and_then(|rest| rest.split("\nExample:").next());
        let own = own.expect("a part");
        let options = own.split_whitespace().filter(|word| word.starts_with("--"));
        for option in options.map(|word| word.trim_end_matches(',')).filter(|option| *option != "--help") {
            let mut words = pages.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let named = words.any(|word| word == option);
            assert!(named, "no page has `{option}` of {command:?}");
        }
    }
}

/// In a repository that has the actions, the workflows name them as local ones, so that actionlint knows their inputs.
#[test]
fn actionlint_accepts_the_workflows_of_the_recipes() {
    let folder = tempfile::tempdir().expect("a folder");
    run(Command::new("cp").arg("-R").args(["actions", "ci"]).arg(folder.path()).current_dir(root()));
    run(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()));
    let workflows = folder.path().join(".github/workflows");
    fs::create_dir_all(&workflows).expect("a folder");
    let mut count = 0;
    for page in recipes() {
        let text = fs::read_to_string(&page).expect("the page");
        let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        for block in blocks.filter(|block| block.starts_with("# .github/workflows/")) {
            let local = block.replace("OWNER/lockstep/", "./").replace("@COMMIT", "");
            // The jobs that others bring are not in the page.
            let local = local.replace("    needs: build\n", "").replace("    needs: apply\n", "");
            count += 1;
            fs::write(workflows.join(format!("{count}.yml")), local).expect("a file");
        }
    }
    assert!(count > 3, "only {count} workflows");
    let program = services::actionlint().unwrap_or_else(|error| panic!("{error}"));
    run(Command::new(program).arg("-no-color").current_dir(folder.path()));
}

#[test]
fn the_pipelines_of_the_recipes_have_the_schema_of_gitlab() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut pipelines = Vec::new();
    for page in recipes() {
        let text = fs::read_to_string(&page).expect("the page");
        let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        for block in blocks.filter(|block| block.starts_with("# .gitlab-ci.yml")) {
            let path = folder.path().join(format!("{}.yml", pipelines.len()));
            fs::write(&path, block).expect("a file");
            pipelines.push(path);
        }
    }
    assert!(pipelines.len() > 2, "{pipelines:?}");
    let linters = services::linters().unwrap_or_else(|error| panic!("{error}"));
    let mut check = Command::new(linters.join("check-jsonschema"));
    run(check.args(["--builtin-schema", "vendor.gitlab-ci"]).args(pipelines));
}

/// The pages of the recipes.
fn recipes() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs/recipes")).expect("the recipes");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// Runs the commands of a page in their order, in a checkout of its own; gives their number.
fn check(page: &Path) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = shop(folder.path());
    let text = fs::read_to_string(page).expect("the page");
    let mut count = 0;
    for (command, shown) in commands(&text) {
        let printed = printed(&shop, &command);
        let printed: Vec<&str> = printed.lines().collect();
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        assert!(
            shows(&shown, &printed),
            "{} shows of `{command}`:\n{}\nIt prints:\n{}",
            page.display(),
            shown.join("\n"),
            printed.join("\n")
        );
        count += 1;
    }
    count
}

/// A checkout of the example, with a remote repository beside it.
fn shop(folder: &Path) -> PathBuf {
    let shop = folder.join("shop");
    run(Command::new("cp").arg("-R").arg(root().join("examples/demo")).arg(&shop));
    let origin = format!("file://{}", folder.join("shop.git").display());
    let commands: [&[&str]; 5] = [
        &["init", "--quiet", "--initial-branch=main"],
        &["add", "."],
        &["commit", "--quiet", "--message", "What runs today"],
        &["clone", "--quiet", "--bare", ".", "../shop.git"],
        &["remote", "add", "origin", &origin],
    ];
    for args in commands {
        run(clean(&mut Command::new("git"), &shop).args(args));
    }
    shop
}

/// The command in this folder, with an environment that holds nothing of the user's.
fn clean<'c>(command: &'c mut Command, folder: &Path) -> &'c mut Command {
    let name = [("NAME", "Release"), ("EMAIL", "release@example.com")];
    for (part, value) in name {
        command.env(format!("GIT_AUTHOR_{part}"), value).env(format!("GIT_COMMITTER_{part}"), value);
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("LOCKSTEP_PLATFORM", "plain").env("HOME", folder);
    command.env("LC_ALL", "C.UTF-8");
    command.current_dir(folder)
}

/// What a command of a page prints, on both outputs in one.
fn printed(shop: &Path, command: &str) -> String {
    let program = support::slim();
    let programs = program.parent().expect("a folder").display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    clean(&mut shell, shop).env("PATH", path).args(["-c", &format!("exec 2>&1\n{command}")]);
    String::from_utf8(shell.output().expect("a shell").stdout).expect("text")
}

/// The commands in the blocks of a page that show a console, each with the lines that it shows of its output.
fn commands(page: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for block in page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        for line in block.replace(" \\\n    ", " ").lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
                (None, Some((_, shown))) => shown.push(line.to_owned()),
                (None, None) => panic!("a block begins without a command: {line}"),
            }
        }
    }
    commands
}

/// Whether these lines are printed, with any lines for each line that is `…`.
fn shows(shown: &[&str], printed: &[&str]) -> bool {
    let Some((line, rest)) = shown.split_first() else { return printed.is_empty() };
    if line.trim() == ANY.to_string() {
        return (0..=printed.len()).any(|at| shows(rest, &printed[at..]));
    }
    printed.split_first().is_some_and(|(first, others)| is_like(line, first) && shows(rest, others))
}

/// Whether a line is this one, with any text for each `…`.
fn is_like(line: &str, printed: &str) -> bool {
    let Some((start, rest)) = line.split_once(ANY) else { return line == printed };
    let Some(printed) = printed.strip_prefix(start) else { return false };
    let ends = printed.char_indices().map(|(at, _)| at).chain([printed.len()]);
    ends.into_iter().any(|at| is_like(rest, &printed[at..]))
}

#[test]
fn a_page_that_shows_something_else_is_noticed() {
    let printed = ["1", "2 = 3", "4"];
    for same in [&["1", "2 = 3", "4"][..], &["…"], &["1", "…"], &["…", "2 = …", "4"], &["…", "4"]] {
        assert!(shows(same, &printed), "{same:?}");
    }
    for other in [&["1", "2 = 3"][..], &["2 = 3", "…"], &["1", "…", "5"], &["…", "2 = … 4", "…"]] {
        assert!(!shows(other, &printed), "{other:?}");
    }
}
