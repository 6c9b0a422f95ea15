//! Outputs of which people see less than the platform.

use super::*;

const SECRET: &str = "correct-horse\nbattery";

fn sensitive() -> Report {
    let mut report = ordinary();
    let output = |name: &str, value| Output { name: name.to_owned(), value };
    report.outputs = vec![
        output("url", OutputValue::Text("https://example.com\n".to_owned())),
        output("password", OutputValue::Sensitive { value: SECRET.to_owned(), display: "***".to_owned() }),
        output("pin", OutputValue::Sensitive { value: "951".to_owned(), display: "***".to_owned() }),
    ];
    report.ending.message = format!("the password is {SECRET}");
    report
}

fn texts(platform: Platform, report: &Report) -> Vec<(Option<OutputFile>, String)> {
    let credentials = Redactor::new(&["ghp_token"]).unwrap();
    let redactor = credentials.with(&[SECRET]).unwrap();
    let r = Renderer { credentials: &credentials, ..renderer(platform, report, &redactor) };
    let text = |effect| match effect {
        Effect::Line(line) => (None, line),
        Effect::Append { to, text } | Effect::Replace { to, text } => (Some(to), text),
    };
    r.closing(report, &redacted(&report.outputs, &redactor), 0, &mut || [1; 16])
        .into_iter()
        .map(text)
        .collect()
}

#[test]
fn only_the_outputs_of_the_platform_hold_the_exact_text() {
    for platform in Platform::ALL {
        let report = sensitive();
        for (target, text) in texts(platform, &report) {
            let clear = text.contains("correct-horse") || text.contains("951");
            assert!(!clear || target == Some(OutputFile::Outputs), "{platform:?} {target:?}: {text}");
        }
    }
    let outputs: String = texts(Platform::Github, &sensitive())
        .into_iter()
        .filter(|(target, _)| *target == Some(OutputFile::Outputs))
        .map(|(_, text)| text)
        .collect();
    assert!(outputs.contains(&format!("\n{SECRET}\n")) && outputs.contains("\n951\n"), "{outputs}");
    assert!(outputs.contains("\nhttps://example.com\n\nlockstep-"), "the last line end stays: {outputs}");
}

#[test]
fn no_output_holds_a_credential_of_the_run() {
    let mut report = sensitive();
    report.outputs[0].value = OutputValue::Text("a ghp_token b".to_owned());
    assert!(texts(Platform::Github, &report).iter().all(|(_, text)| !text.contains("ghp_token")));
}

#[test]
fn a_report_that_others_can_download_holds_no_secret_at_all() {
    let mut report = sensitive();
    report.outputs[0].value = OutputValue::Text(format!("before {SECRET}"));
    let texts = texts(Platform::Gitlab, &report);
    assert!(texts.contains(&(Some(OutputFile::Dotenv), String::new())));
    assert!(!texts.iter().any(|(target, _)| matches!(target, Some(OutputFile::Value(_)))));
    let notice = "outputs with secrets are not in the dotenv report, because others can download it: url, password, pin";
    assert!(texts.contains(&(None, notice.to_owned())));
}

#[test]
fn github_masks_every_long_form_and_a_notice_names_the_outputs_that_it_drops() {
    let report = sensitive();
    let redactor = Redactor::empty();
    let masks = renderer(Platform::Github, &report, &redactor).masks(&[SECRET, "abc"]);
    let lines: Vec<_> = masks
        .iter()
        .map(|effect| match effect {
            Effect::Line(line) => line.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lines.first(), Some(&"::0123456789abcdef0123456789abcdef::"));
    assert_eq!(lines.last(), Some(&"::stop-commands::0123456789abcdef0123456789abcdef"));
    for form in ["correct-horse", "correct-horse\\nbattery", "636f72726563742d686f7273650a62617474657279"] {
        assert!(lines.contains(&format!("::add-mask::{form}").as_str()), "{form} is not in {lines:#?}");
    }
    // GitHub masks each line by itself, and `battery` is too short for that.
    for form in ["correct-horse%0Abattery", "battery", "abc"] {
        assert!(!lines.contains(&format!("::add-mask::{form}").as_str()), "{form}");
    }
    let notice = "::notice::outputs `password` contain masked values: GitHub passes them to later steps of this job, but not to other jobs";
    assert!(texts(Platform::Github, &report).contains(&(None, notice.to_owned())));
}

#[test]
fn no_step_can_mask_short_words_and_only_github_gets_masks() {
    let report = sensitive();
    let redactor = Redactor::new(&["ghp_0123456789abcdef"]).unwrap();
    let r = renderer(Platform::Github, &report, &redactor);
    let mask_lines = |r: &Renderer, secrets: &[&str]| {
        let lines = r.masks(secrets).into_iter().map(|effect| match effect {
            Effect::Line(line) => line,
            other => panic!("{other:?}"),
        });
        lines
            .filter(|line| !line.starts_with("::stop-commands") && !line.starts_with("::0123"))
            .collect::<Vec<_>>()
    };
    let words = ["true", "main", "v1.8.0", "\"master\"", "aaaaaaaa\ntrue", "  main\n\n\n", "abc"];
    let lines = mask_lines(&r, &words);
    let masks: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("::add-mask::")).collect();
    assert!(masks.iter().all(|mask| mask.len() >= 8 && !mask.contains("%0A")), "{masks:#?}");
    for word in ["true", "main", "v1.8.0", "master", "\"master\""] {
        assert!(!masks.contains(&word), "{word}: {masks:#?}");
    }
    let notice = "│ notice: GitHub does not mask 4 texts that the step makes secret, because they have fewer than 8 bytes: \
                Lockstep redacts them in the log of this step, but later steps do not";
    assert_eq!(lines.last().map(String::as_str), Some(notice));
    assert!(mask_lines(&Renderer { masks: false, ..r }, &["a-long-secret-text"]).is_empty());
    let opened =
        r.opening(0).into_iter().any(|effect| matches!(effect, Effect::Line(line) if line.contains("mask")));
    assert!(!opened, "a secret of the job is printed");
}
