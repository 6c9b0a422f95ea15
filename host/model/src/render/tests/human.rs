//! The log for people: it says each thing once, a quiet run says little, and a terminal cuts tables.

use super::*;
use crate::outputs::OutputValue;
use crate::report::{ChangeVerb, ObjectChange};

/// A run of a built-in step that has changed one value of `a.yaml`.
fn patched() -> Report {
    let at = Location { path: "a.yaml".to_owned(), line: Some(2), column: Some(3) };
    let note =
        Note { level: Level::Info, message: "image: web:v1 → web:v2".to_owned(), location: Some(at) };
    let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let mut report = ordinary();
    report.ending.message = "changed 1 file".to_owned();
    report.notes = vec![note];
    report.outputs.push(Output::plain("edits", json!(1)));
    report.summary = vec![
        Block::Heading("1 value changed".to_owned()),
        Block::Table {
            columns: cells(&["File", "Path", "From", "To"]),
            rows: vec![cells(&["a.yaml:2", "image", "web:v1", "web:v2"])],
        },
    ];
    report
}

/// The lines at the end of a run.
fn end(report: &Report, change: impl FnOnce(&mut Renderer<'_>)) -> Vec<String> {
    let redactor = Redactor::empty();
    let mut r = renderer(Platform::Plain, report, &redactor);
    change(&mut r);
    let effects = r.closing(report, &redacted(&report.outputs, &redactor), 0, &mut || [1; 16]);
    let line = |effect| if let Effect::Line(line) = effect { Some(line) } else { None };
    effects.into_iter().filter_map(line).collect()
}

fn verbosity(verbosity: Verbosity) -> LogStyle {
    LogStyle { verbosity, ..LogStyle::PLAIN }
}

#[test]
fn a_change_that_a_note_shows_is_not_shown_again() {
    let report = patched();
    assert_eq!(
        end(&report, |_| ()),
        ["│ edits = 1", "│ 1 value changed", "lockstep manifest-patch: changed 1 file"]
    );
    let all = end(&report, |r| r.style = verbosity(Verbosity::Verbose));
    for line in ["│ changed a.yaml", "│ files = [\"a.yaml\"]", "│ changed = true, edits = 1"] {
        assert!(all.iter().any(|other| other == line), "{line}: {all:#?}");
    }
    assert!(all.iter().any(|line| line.starts_with("│ a.yaml:2  image")), "{all:#?}");
}

#[test]
fn a_component_from_a_file_cannot_hide_a_change_with_a_note() {
    let changed = |change: fn(&mut Report), is_builtin| {
        let mut report = patched();
        change(&mut report);
        end(&report, |r| r.is_builtin = is_builtin).contains(&"│ changed a.yaml".to_owned())
    };
    assert!(!changed(|_| (), true));
    assert!(changed(|_| (), false));
    assert!(changed(|report| report.notes[0].level = Level::Debug, true), "a note that is not shown");
    assert!(changed(|report| report.notes[0].level = Level::Warning, true), "a note about a problem");
}

#[test]
fn a_dry_run_shows_a_file_in_its_diff_only() {
    let mut report = patched();
    report.dry_run = true;
    report.notes.clear();
    let diff =
        "diff --git a/a.yaml b/a.yaml\n--- a/a.yaml\n+++ b/a.yaml\n@@ -1 +1 @@\n-x\n+diff --git a/b b/b\n";
    report.diff = Some(diff.to_owned());
    report.outputs.push(Output::plain("diff", json!(diff)));
    let change = |path: &str, private| Change { path: path.to_owned(), private, ..report.changes[0].clone() };
    report.changes = vec![change("a.yaml", false), change("b", false), change("a.yaml", true)];
    let lines = end(&report, |r| r.is_builtin = false);
    let host: Vec<_> = lines.iter().filter(|line| line.contains("would change")).collect();
    assert_eq!(host, ["│ would change b", "│ would change a.yaml"], "a diff has no private file");
    assert!(!lines.iter().any(|line| line.contains("diff =")), "{lines:#?}");
}

#[test]
fn an_output_that_is_above_is_not_repeated() {
    let mut report = ordinary();
    report.objects =
        vec![ObjectChange { name: "s3://bucket/x".to_owned(), digest: None, verb: ChangeVerb::Uploaded }];
    report.summary = vec![Block::Paragraph("2 to update, 1 to replace".to_owned())];
    let text =
        |name: &str, text: &str| Output { name: name.to_owned(), value: OutputValue::Text(text.to_owned()) };
    report.outputs = vec![
        Output::plain("changed", json!(true)),
        Output::plain("objects", json!(["s3://bucket/x"])),
        Output::plain("update", json!(2)),
        Output::plain("replace", json!(2)),
        Output::plain("drift", json!(false)),
        text("url", "https://example.com"),
        text("level", "file"),
        Output::plain("all", json!({"url": "https://example.com", "level": "file"})),
        text("json", r#"{"url":"https://example.com","level":"file"}"#),
    ];
    let lines = end(&report, |_| ());
    let outputs: Vec<_> = lines.iter().filter(|line| line.contains(" = ")).collect();
    assert_eq!(outputs, ["│ url = https://example.com", "│ level = file", "│ replace = 2, drift = false"]);
}

#[test]
fn a_count_that_is_above_is_no_row_again() {
    let mut report = ordinary();
    let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
    report.summary = vec![
        Block::Paragraph("2 objects uploaded, 1 skipped".to_owned()),
        Block::Table {
            columns: row(["Result", "Count"]),
            rows: vec![row(["Uploaded", "2"]), row(["Skipped", "2"]), row(["Sent", "3 bytes"])],
        },
    ];
    let lines = end(&report, |_| ());
    let rows = ["│ Result   Count", "│ Skipped  2", "│ Sent     3 bytes", "│ and 1 row that is above"];
    assert!(lines.windows(4).any(|window| window == rows), "{lines:#?}");
}

#[test]
fn nothing_to_change_is_said_once() {
    let mut report = ordinary();
    report.ending.message = "nothing to change".to_owned();
    report.changes.clear();
    report.outputs = vec![Output::plain("changed", json!(false)), Output::plain("edits", json!(0))];
    report.summary = vec![Block::Heading("Nothing to change".to_owned())];
    assert_eq!(end(&report, |_| ()), ["lockstep manifest-patch: nothing to change"]);
}

/// A run that found two problems, of which the first ended it.
fn rejected() -> Report {
    let error = |message: &str| Note { level: Level::Error, message: message.to_owned(), location: None };
    let row = |code: &str, text: &str| vec![code.to_owned(), text.to_owned()];
    let mut report = ordinary();
    report.changes.clear();
    report.outputs.clear();
    report.notes = vec![error("delete of x is denied"), error("delete of y is denied")];
    report.ending.exit = Exit::Rejected;
    report.ending.code = "forbidden".to_owned();
    report.ending.message = "delete of x is denied (and 1 more reason, noted above)".to_owned();
    report.summary = vec![Block::Table {
        columns: row("Code", "Reason"),
        rows: vec![row("forbidden", "delete of x is denied"), row("other", "delete of z is denied")],
    }];
    report
}

#[test]
fn an_error_of_the_log_is_not_the_last_line_again() {
    let report = rejected();
    assert_eq!(
        end(&report, |_| ()),
        [
            "│ Code   Reason",
            "│ other  delete of z is denied",
            "│ and 1 row that is above",
            "error: rejected (forbidden), for the error above (and 1 more reason, noted above)",
        ]
    );
    let whole = "error: delete of x is denied (and 1 more reason, noted above)";
    assert_eq!(end(&report, |r| r.is_builtin = false).last().map(String::as_str), Some(whole));
    let redactor = Redactor::empty();
    let mut r = renderer(Platform::Github, &report, &redactor);
    let mut errors = |builtin| {
        r.is_builtin = builtin;
        let effects = r.closing(&report, &[], 0, &mut || [1; 16]);
        effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Line(line) if line.starts_with("::error")))
            .count()
    };
    assert_eq!((errors(true), errors(false)), (2, 3));
}

#[test]
fn a_quiet_run_shows_problems_and_how_it_failed() {
    for platform in Platform::ALL {
        let redactor = Redactor::empty();
        let log = |report: &Report| {
            let mut r = renderer(platform, report, &redactor);
            r.style = verbosity(Verbosity::Quiet);
            let mut effects = r.opening(0);
            effects.extend(report.notes.iter().flat_map(|note| r.note(note)));
            effects.extend(r.stdio("printed"));
            effects.extend(r.progress(1, None, "files").map(Effect::Line));
            effects.extend(r.closing(report, &redacted(&report.outputs, &redactor), 0, &mut || [1; 16]));
            effects
        };
        let lines = |report: &Report| -> Vec<String> {
            let line = |effect| if let Effect::Line(line) = effect { Some(line) } else { None };
            let all = log(report).into_iter().filter_map(line);
            all.filter(|line| !line.contains(TOKEN)).collect()
        };
        let done = patched();
        assert_eq!(lines(&done), Vec::<String>::new(), "{platform:?}");
        let mut failed = rejected();
        failed.notes[1].level = Level::Warning;
        failed.ending.message = "no".to_owned();
        failed.ending.hint = Some("try again".to_owned());
        let said = lines(&failed).join("\n");
        for text in ["error: delete of x", "warning: delete of y", "no", "hint: try again"] {
            assert!(said.contains(text), "{platform:?} {text}: {said}");
        }
        assert!(!said.contains("Reason") && !said.contains("group") && !said.contains("section"), "{said}");
        let loud = renderer(platform, &done, &redactor);
        let files = |effects: Vec<Effect>| -> Vec<Effect> {
            effects.into_iter().filter(|effect| !matches!(effect, Effect::Line(_))).collect()
        };
        let loud = loud.closing(&done, &redacted(&done.outputs, &redactor), 0, &mut || [1; 16]);
        assert_eq!(files(log(&done)), files(loud), "files are for machines");
    }
}

/// A report with one row of long cells.
fn wide() -> Report {
    let mut report = ordinary();
    let cells = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
    report.summary = vec![Block::Table {
        columns: cells(["Object", "Why", "Short"]),
        rows: vec![cells([&"a".repeat(60), &"b".repeat(50), "c"])],
    }];
    report
}

#[test]
fn a_terminal_cuts_cells_and_counts_them() {
    let report = wide();
    let lines = |width, verbosity, charset| {
        let lines = end(&report, |r| {
            r.style = LogStyle { width, verbosity, charset, ..LogStyle::PLAIN };
        });
        lines.into_iter().filter(|line| line.contains("aaa") || line.contains("cut")).collect::<Vec<_>>()
    };
    let unicode = lines(Some(80), Verbosity::Normal, Charset::Unicode);
    assert_eq!(unicode[0].chars().count(), 75, "{unicode:?}");
    assert!(unicode[0].contains("a…  b") && unicode[0].ends_with("b…  c"), "{unicode:?}");
    assert_eq!(
        unicode[1],
        "│ 2 cells are cut to the 80 columns of the terminal; --verbose prints whole cells"
    );
    let ascii = lines(Some(100), Verbosity::Normal, Charset::Ascii);
    assert!(ascii[0].is_ascii() && ascii[0].contains("a...  b") && ascii[0].len() <= 100, "{ascii:?}");
    for whole in [
        lines(None, Verbosity::Normal, Charset::Unicode),
        lines(Some(80), Verbosity::Verbose, Charset::Unicode),
    ] {
        assert_eq!(whole.len(), 1, "{whole:?}");
        assert!(whole[0].contains(&"a".repeat(60)) && whole[0].contains(&"b".repeat(50)), "{whole:?}");
    }
    let fits = lines(Some(200), Verbosity::Normal, Charset::Unicode);
    assert_eq!(fits.len(), 1, "{fits:?}");
}

#[test]
fn a_log_in_ascii_has_no_other_glyph_of_the_host() {
    let mut report = patched();
    report.outputs.push(Output::plain("list", json!("x".repeat(20))));
    let redactor = Redactor::empty();
    for platform in Platform::ALL {
        let mut r = renderer(platform, &report, &redactor);
        r.style.charset = Charset::Ascii;
        let mut effects = r.opening(0);
        effects.extend(r.note(&report.notes[0]));
        effects.extend(r.stdio("a\n → b"));
        effects.extend(r.progress(1, None, "files").map(Effect::Line));
        effects.extend(r.closing(&report, &redacted(&report.outputs, &redactor), 0, &mut || [1; 16]));
        for effect in &effects {
            assert!(!matches!(effect, Effect::Line(line) if !line.is_ascii()), "{effect:?}");
        }
        assert!(effects.contains(&Effect::Line("| a.yaml:2:3: image: web:v1 -> web:v2".to_owned())));
    }
    let mut r = renderer(Platform::Github, &report, &redactor);
    r.style.charset = Charset::Ascii;
    assert!(r.masks(&["secret → 12345"]).contains(&Effect::Line("::add-mask::secret → 12345".to_owned())));
}
