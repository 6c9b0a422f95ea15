//! The budgets of the platforms.

use super::*;

fn closing(platform: Platform, report: &Report) -> Vec<Effect> {
    let redactor = Redactor::empty();
    renderer(platform, report, &redactor).closing(
        report,
        &redacted(&report.outputs, &redactor),
        0,
        &mut || [1; 16],
    )
}

fn log_of<'a>(effects: &'a [Effect]) -> Vec<&'a str> {
    let line = |effect: &'a Effect| {
        if let Effect::Line(line) = effect { Some(&**line) } else { None }
    };
    effects.iter().filter_map(line).collect()
}

fn text_for(effects: &[Effect], target: OutputFile) -> String {
    let text = |effect: &Effect| match effect {
        Effect::Append { to, text } | Effect::Replace { to, text } if *to == target => Some(text.clone()),
        _ => None,
    };
    effects.iter().filter_map(text).collect()
}

fn note(level: Level, message: &str) -> Note {
    Note { level, message: message.to_owned(), location: None }
}

#[test]
fn github_gets_ten_annotations_of_a_level_and_the_number_of_the_rest() {
    let mut report = ordinary();
    report.ending.exit = Exit::Rejected;
    report.notes = (0..12).map(|i| note(Level::Error, &format!("e{i}"))).collect();
    report.notes.extend((0..11).map(|i| note(Level::Notice, &format!("n{i}"))));
    let effects = closing(Platform::Github, &report);
    let log = log_of(&effects);
    let annotations = |level: &str| log.iter().filter(|line| line.starts_with(level)).count();
    assert_eq!((annotations("::error"), annotations("::notice")), (10, 10));
    assert!(log.contains(&"::error::1 value in 1 file"), "what ended the run is one of them");
    assert!(log.contains(&"more notes are in the log above: 3 of level error, 1 of level notice"));
}

#[test]
fn github_gets_no_message_that_it_would_cut() {
    let mut report = ordinary();
    report.notes = vec![note(Level::Warning, &"ü\n".repeat(5_000))];
    let effects = closing(Platform::Github, &report);
    let line = log_of(&effects).into_iter().find(|line| line.starts_with("::warning")).unwrap();
    assert!(line.replace("%0A", "\n").len() < 4_200 && line.ends_with("more bytes"), "{line}");
}

#[test]
fn an_output_that_is_too_long_is_a_file_and_its_path() {
    let mut report = ordinary();
    let long = "x".repeat(70_000);
    report.outputs = vec![Output::plain("diff", json!(long)), Output::plain("ok", json!(null))];
    let effects = closing(Platform::Github, &report);
    assert_eq!(
        log_of(&effects).into_iter().filter(|line| line.starts_with("::warning")).collect::<Vec<_>>(),
        [
            "::warning::output `diff` is too long for GitHub (70,000 bytes): its value is in a file, and the output is the path",
            "::warning::output `result` is too long for GitHub (70,205 bytes); it is in lockstep-x.json"
        ]
    );
    let outputs = text_for(&effects, OutputFile::Outputs);
    assert!(outputs.contains("\n/tmp/values/diff\n") && outputs.len() < 200, "{outputs}");
    assert_eq!(text_for(&effects, OutputFile::Value("diff".to_owned())), long);
}

#[test]
fn outputs_that_are_too_long_together_are_files_too() {
    let mut report = ordinary();
    report.outputs = (0..10).map(|i| Output::plain(&format!("o{i}"), json!("x".repeat(60_000)))).collect();
    let effects = closing(Platform::Github, &report);
    assert!(text_for(&effects, OutputFile::Outputs).len() < 500_000);
    assert!(text_for(&effects, OutputFile::Value("o7".to_owned())).is_empty());
    assert_eq!(text_for(&effects, OutputFile::Value("o8".to_owned())).len(), 60_000);
}

#[test]
fn a_delimiter_that_the_value_contains_is_replaced() {
    let mut report = ordinary();
    report.outputs = vec![Output::plain("a", json!(format!("x\nlockstep-{}\nPATH<<y", "01".repeat(16))))];
    let redactor = Redactor::empty();
    let mut drawn = 0_u8;
    let mut random = || {
        drawn += 1;
        [drawn; 16]
    };
    let effects = renderer(Platform::Github, &report, &redactor).closing(
        &report,
        &redacted(&report.outputs, &redactor),
        0,
        &mut random,
    );
    assert!(
        text_for(&effects, OutputFile::Outputs).starts_with(&format!("a<<lockstep-{}\n", "02".repeat(16)))
    );
}

#[test]
fn a_summary_stays_within_its_size_and_counts_the_missing_parts() {
    let mut report = ordinary();
    let code = |lines: usize| Block::Code { language: "diff".to_owned(), text: "0123456789\n".repeat(lines) };
    report.summary = vec![code(60_000), code(60_000), Block::Paragraph("@".repeat(200_000)), code(1)];
    let summary = text_for(&closing(Platform::Github, &report), OutputFile::Summary);
    assert!(summary.len() <= 900 * 1024 && summary.len() > 890 * 1024, "{}", summary.len());
    assert!(summary.contains("The rest does not fit here"));
    assert!(summary.ends_with("<p><i>2 more parts do not fit here; the log has them.</i></p>\n\n"));
    report.ending.message = "@\n".repeat(400_000);
    let summary = text_for(&closing(Platform::Github, &report), OutputFile::Summary);
    assert!(summary.len() <= 900 * 1024);
}

#[test]
fn gitlab_gets_only_values_that_it_returns_unchanged() {
    let mut report = ordinary();
    let values = ["v1", "a\nCI_X=1", "\"q\"", "$TOKEN", "ü", " x", "", "a b=c"];
    report.outputs = values
        .iter()
        .zip('a'..)
        .map(|(value, name)| Output::plain(&format!("out-{name}"), json!(value)))
        .collect();
    let effects = closing(Platform::Gitlab, &report);
    assert_eq!(
        text_for(&effects, OutputFile::Dotenv),
        "LOCKSTEP_MANIFEST_PATCH_OUT_A=v1\nLOCKSTEP_MANIFEST_PATCH_OUT_G=\nLOCKSTEP_MANIFEST_PATCH_OUT_H=a b=c\n"
    );
    let notice =
        "outputs that are not in the dotenv report are in lockstep-x.json: out-b, out-c, out-d, out-e, out-f";
    assert!(log_of(&effects).contains(&notice));

    for output in &mut report.outputs {
        output.value = OutputValue::Text(output.display().as_str().unwrap().to_owned());
    }
    let effects = closing(Platform::Gitlab, &report);
    let dotenv = text_for(&effects, OutputFile::Dotenv);
    assert!(dotenv.contains("LOCKSTEP_MANIFEST_PATCH_OUT_B=/tmp/values/out-b\n"), "{dotenv}");
    let notice = "outputs that are not in the dotenv report are files in /tmp/values: out-b, out-c, out-d, out-e, out-f";
    assert!(log_of(&effects).contains(&notice));
    assert_eq!(text_for(&effects, OutputFile::Value("out-b".to_owned())), "a\nCI_X=1");
}

#[test]
fn gitlab_gets_no_variable_that_a_later_step_would_read() {
    let mut report = ordinary();
    for (step, output) in [("input", "files"), ("allow", "build"), ("download", "base"), ("input-x", "y")] {
        report.step = step.to_owned();
        report.outputs = vec![Output::plain(output, json!("x"))];
        assert_eq!(text_for(&closing(Platform::Gitlab, &report), OutputFile::Dotenv), "", "{step}");
    }
}

#[test]
fn gitlab_gets_at_most_twenty_variables_and_four_and_a_half_kilobytes() {
    let mut report = ordinary();
    report.outputs = (0..30).map(|i| Output::plain(&format!("o{i}"), json!(i))).collect();
    assert_eq!(text_for(&closing(Platform::Gitlab, &report), OutputFile::Dotenv).lines().count(), 20);
    report.outputs = (0..30).map(|i| Output::plain(&format!("o{i}"), json!("x".repeat(1_000)))).collect();
    let report = text_for(&closing(Platform::Gitlab, &report), OutputFile::Dotenv);
    assert_eq!(report.lines().filter(|line| line.ends_with("xxx")).count(), 4);
    assert!(report.len() <= 4608);
}

#[test]
fn colours_appear_only_if_the_terminal_has_them() {
    let mut report = ordinary();
    report.ending.exit = Exit::Invalid;
    report.ending.hint = Some("try `--dry-run`".to_owned());
    report.ending.location = Some(Location { path: "a.yaml".to_owned(), line: Some(2), column: None });
    let redactor = Redactor::empty();
    let r = Renderer {
        style: LogStyle { colour: true, ..LogStyle::PLAIN },
        ..renderer(Platform::Plain, &report, &redactor)
    };
    let coloured = r.closing(&report, &redacted(&report.outputs, &redactor), 0, &mut || [0; 16]);
    assert!(log_of(&coloured).contains(&"\u{1b}[31merror\u{1b}[0m: a.yaml:2: 1 value in 1 file"));
    let plain = closing(Platform::Plain, &report);
    assert!(log_of(&plain).ends_with(&["error: a.yaml:2: 1 value in 1 file", "  hint: try `--dry-run`"]));
    assert!(log_of(&plain).iter().all(|line| !line.contains('\u{1b}')));
}

#[test]
fn a_verbose_log_shows_debug_notes() {
    let (report, redactor) = (ordinary(), Redactor::empty());
    let r = renderer(Platform::Plain, &report, &redactor);
    let debug = note(Level::Debug, "x\ny");
    assert_eq!(r.note(&debug), []);
    let verbose = Renderer { style: LogStyle { verbosity: Verbosity::Verbose, ..LogStyle::PLAIN }, ..r };
    assert_eq!(log_of(&verbose.note(&debug)), ["│ debug: x", "│   y"]);
}
