//! What people read of the finished program: the help, the log on a terminal and elsewhere, and questions for names that
//! were misspelt.

use lockstep_tests::support::{self, Run, Scene};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A run that changes one value.
fn patch(scene: &Scene) -> Run<'_> {
    scene.run("manifest-patch").args(["--files", "deploy/*.yaml", "--set", "image=web:v2"])
}

/// A plan that the gate rejects, with long reasons.
fn reject(scene: &Scene) -> Run<'_> {
    let plan = support::checkout().join("examples/demo/plan.json");
    support::copy(plan.parent().unwrap_or(Path::new(".")), &scene.path("workspace"));
    scene.run("plan-gate").args(["--plan", "plan.json", "--deny", "delete:*database*"])
}

/// What a run prints on a terminal with 90 columns.
fn on_terminal(run: Run<'_>) -> String {
    let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&main).unwrap();
    unlockpt(&main).unwrap();
    tcsetwinsize(&main, Winsize { ws_row: 50, ws_col: 90, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&main, Vec::new()).unwrap();
    let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let terminal = File::options().read(true).write(true).open(path).unwrap();
    let mut command = run.human().command();
    let mut child = command.stdout(terminal).spawn().unwrap();
    drop(command);
    let mut text = Vec::new();
    // Linux ends the stream with an error when the last program closes the terminal.
    let _ = File::from(main).read_to_end(&mut text);
    child.wait().unwrap();
    String::from_utf8_lossy(&text).replace("\r\n", "\n")
}

#[test]
fn a_change_is_one_line() {
    let scene = Scene::new();
    let ended = patch(&scene).human().end();
    let about: Vec<_> = ended.stdout.lines().filter(|line| line.contains("deploy/web.yaml")).collect();
    assert_eq!(about, ["│ deploy/web.yaml:1:8: image: web:v1 → web:v2"], "{ended:#?}");
    assert!(!ended.stdout.contains("changed = "), "{ended:#?}");
    let scene = Scene::new();
    let all = patch(&scene).human().arg("-v").end().stdout;
    assert!(all.contains("changed deploy/web.yaml") && all.contains("changed = true"), "{all}");
}

#[test]
fn a_finding_is_one_line() {
    let scene = Scene::new();
    let said = reject(&scene).human().end().stdout;
    assert_eq!(said.matches("is denied by").count(), 1, "{said}");
    let last = said.lines().rev().find(|line| !line.starts_with("  hint: "));
    assert!(last.is_some_and(|line| line.starts_with("error: ")), "{said}");
    let result = reject(&scene).end().expect(1, "forbidden");
    assert!(result["message"].as_str().is_some_and(|message| message.contains("is denied by")), "{result}");
}

#[test]
fn a_quiet_run_prints_problems_only() {
    for word in ["-q", "--quiet"] {
        let scene = Scene::new();
        let ended = patch(&scene).human().arg(word).end();
        assert_eq!((ended.exit, &*ended.stdout, &*ended.stderr), (Some(0), "", ""), "{ended:#?}");
        assert_eq!(scene.text("workspace/deploy/web.yaml"), "image: web:v2\n");
    }
    let scene = Scene::new();
    let said = reject(&scene).human().arg("-q").end().stdout;
    let lines = said.lines().map(|line| line.strip_prefix("│ ").unwrap_or(line));
    let is_problem = |line: &str| line.starts_with("error: ") || line.starts_with("  hint: ");
    assert!(lines.clone().count() > 0 && lines.clone().all(is_problem), "{said}");
    let ended = patch(&scene).arg("-q").end();
    assert_eq!(ended.expect(0, "done")["outputs"]["changed"], true);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_quiet_run_gives_the_ci_system_everything() {
    let of = |quiet: bool| {
        let scene = Scene::new();
        let run = patch(&scene).platform("github");
        let ended = if quiet { run.arg("--quiet") } else { run }.end();
        assert_eq!(ended.exit, Some(0), "{ended:#?}");
        let outputs = scene.text("own/output");
        (
            outputs.lines().filter(|line| !line.contains("lockstep-")).count(),
            scene.text("own/summary"),
            ended.stdout,
        )
    };
    let (quiet, loud) = (of(true), of(false));
    assert!(quiet.0 > 3 && quiet.0 == loud.0 && quiet.1 == loud.1, "{quiet:?}\n{loud:?}");
    let lines: Vec<_> = quiet.2.lines().filter(|line| !line.starts_with("::stop-commands")).collect();
    assert_eq!(lines.len(), 1, "the token resumes commands: {lines:?}");
}

#[test]
fn quiet_and_verbose_contradict_each_other_wherever_they_are() {
    let scene = Scene::new();
    for words in
        [&["run", "-q", "manifest-patch", "-v"][..], &["run", "manifest-patch", "--quiet", "--verbose"]]
    {
        let run = scene.call(support::slim()).args(words).args([
            "--files",
            "deploy/*.yaml",
            "--set",
            "image=web:v2",
        ]);
        let ended = run.args(["--format", "json", "-C"]).arg(scene.path("workspace")).end();
        let message = ended.expect(2, "bad-usage")["message"].to_string();
        assert!(message.contains("`--quiet` and `--verbose` contradict each other"), "{message}");
        assert_eq!(scene.text("workspace/deploy/web.yaml"), "image: web:v1\n");
    }
}

#[test]
fn a_help_has_each_heading_once() {
    let scene = Scene::new();
    for (words, inputs) in [
        (&["--help"][..], 0),
        (&["run", "--help"], 0),
        (&["run", "plan-gate", "--help"], 1),
        (&["run", "plan-gate", "-h"], 1),
    ] {
        let said = scene.call(support::slim()).args(words).end().stdout;
        let count = |heading: &str| said.lines().filter(|line| *line == heading).count();
        assert_eq!((count("Options:"), count("Inputs:")), (1, inputs), "{said}");
        assert_eq!(said.matches("--help").count(), 1, "{said}");
        assert_eq!(said.matches("--quiet").count(), usize::from(words.len() > 1), "{said}");
    }
}

#[test]
fn a_misspelt_name_is_answered_with_the_nearest() {
    let scene = Scene::new();
    let hint = |ended: &support::ProgramOutput| ended.result()["hint"].to_string();
    let step = scene.run("manifest-pach").end();
    assert!(hint(&step).contains("did you mean `manifest-patch`?"), "{step:#?}");
    let option = patch(&scene).args(["--flies", "x"]).end();
    assert!(hint(&option).contains("did you mean `--files`?"), "{option:#?}");
    let input =
        scene.run("manifest-patch").env("LOCKSTEP_INPUTS", r#"{"files": "a", "set-jsn": "x=1"}"#).end();
    let message = input.expect(2, "bad-input")["message"].to_string();
    assert!(message.contains("did you mean `set-json`?"), "{message}");
    let described = scene.call(support::slim()).args(["describe", "plan-gat"]).end();
    assert!(described.stderr.contains("did you mean `plan-gate`?"), "{described:#?}");
    let far = scene.run("zzz").end();
    assert!(!hint(&far).contains("did you mean"), "{far:#?}");
}

#[test]
fn a_locale_without_unicode_gets_ascii() {
    let scene = Scene::new();
    for (name, value) in [("LANG", "C"), ("LC_ALL", "POSIX"), ("LC_CTYPE", "de_DE.ISO-8859-1"), ("LANG", "")]
    {
        scene.put("workspace/deploy/web.yaml", "image: web:v1\n");
        let ended = patch(&scene).human().args(["--dry-run"]).env(name, value).end();
        assert!(
            ended.stdout.is_ascii()
                && ended.stdout.contains("| deploy/web.yaml:1:8: image: web:v1 -> web:v2"),
            "{ended:#?}"
        );
        for words in [&["run", "manifest-patch", "--help"][..], &["describe", "manifest-patch"]] {
            let said = scene.call(support::slim()).args(words).env(name, value).end().stdout;
            assert!(said.is_ascii() && said.contains("${{ ... }}"), "{said}");
        }
    }
    let utf8 = patch(&scene).human().env("LANG", "C").env("LC_ALL", "C.UTF-8").end().stdout;
    assert!(utf8.contains('│') && utf8.contains('→'), "{utf8}");
}

#[test]
fn a_terminal_gets_colours_and_tables_of_its_width() {
    let scene = Scene::new();
    let said = on_terminal(reject(&scene));
    assert!(said.contains("\u{1b}[31merror\u{1b}[0m"), "{said}");
    assert!(said.contains("cut to the 90 columns of the terminal; --verbose prints whole cells"), "{said}");
    let rows: Vec<_> = said.lines().filter(|line| line.starts_with("│ terraform_data.")).collect();
    assert!(rows.len() == 3 && rows.iter().all(|row| row.chars().count() <= 90), "{said}");
    let whole = on_terminal(reject(&scene).arg("-v"));
    assert!(whole.contains("because of triggers_replace  id, output, triggers_replace"), "{whole}");
    let columns = on_terminal(reject(&scene).env("COLUMNS", "200"));
    assert!(!columns.contains("cut to"), "{columns}");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb"), ("CI", "true")] {
        let plain = on_terminal(reject(&scene).env(name, value));
        assert!(!plain.contains('\u{1b}'), "{name}: {plain}");
    }
    let file = reject(&scene).human().env("COLUMNS", "90").end().stdout;
    assert!(!file.contains('\u{1b}') && !file.contains("cut to"), "{file}");
}

#[test]
fn progress_replaces_its_line_on_a_terminal_only() {
    let scene = Scene::new();
    drop(reject(&scene));
    // The gate reports progress each 16 MiB.
    let plan = scene.text("workspace/plan.json");
    let rest = plan.trim_start().strip_prefix('{').unwrap();
    let attribute = r#"{"resource":"a.b","attribute":["c"]}"#;
    let many = vec![attribute; 1_500_000].join(",");
    scene.put("workspace/plan.json", &format!("{{\"relevant_attributes\":[{many}],{rest}"));
    let run = || scene.run("plan-gate").args(["--plan", "plan.json", "--deny", "delete:*database*"]);
    let (clear, progress) = ("\r\u{1b}[2K", " MB");
    let bar = on_terminal(run());
    assert!(bar.contains(clear) && bar.contains(progress), "{bar}");
    for other in [on_terminal(run().env("CI", "true")), run().human().end().stdout] {
        assert!(!other.contains(clear), "{other}");
    }
    let quiet = on_terminal(run().arg("-q"));
    assert!(!quiet.contains(clear) && !quiet.contains(progress), "{quiet}");
}

#[test]
fn the_mistake_in_a_credential_shows_both_forms() {
    let scene = Scene::new();
    let run =
        scene.run("env-promote").args(["--from", "a", "--to", "b", "--pick", ".x", "--credentials", "x"]);
    let ended = run.end();
    let hint = ended.result()["hint"].to_string();
    for form in ["`ORIGIN=NAME`", "`ORIGIN,TOKEN-ORIGIN=NAME`", "LOCKSTEP_SECRET_METRICS"] {
        assert!(hint.contains(form), "{form}: {ended:#?}");
    }
}
