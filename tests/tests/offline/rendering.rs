//! Whatever a report holds, no CI system is told anything that is not the host's own word: rendered reports
//! are read back the way the runners read them.

use lockstep_model::digest::Digest;
use lockstep_model::exit::Exit;
use lockstep_model::outputs::{Output, OutputValue, redacted};
use lockstep_model::redact::Redactor;
use lockstep_model::render::{Effect, LogStyle, OutputFile, Platform, Renderer, Verbosity};
use lockstep_model::report::{Block, Change, Level, Location, Note, Report, RunEnd};
use lockstep_tests::runner::{github, gitlab, jenkins};
use proptest::prelude::*;
use serde_json::{Value, json};

const TOKEN: &str = "5f0c1d2e3b4a59687786958473625140";
const SECRET: &str = "s3cr3t-Value/9";

/// Text as an attacker writes it: openings and ends of everything that means something to someone.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "::",
            "::error::",
            "::add-mask::",
            "::set-output name=a::",
            "::stop-commands::",
            "##[",
            "##[error]",
            "##[group]",
            "##vso[task.x]",
            "]",
            "\n",
            "\r\n",
            "\r",
            "%0A",
            "%",
            " ",
            "\t",
            "\u{a0}",
            "\u{2003}",
            "\u{200b}",
            "\u{feff}",
            "\u{202e}",
            "\u{2028}",
            "\u{1b}[8mha:",
            "\u{1b}[0K",
            "section_start:1:a\r\u{1b}[0K",
            "section_end:1:a\r\u{1b}[0K",
            "`",
            "```",
            "</details>",
            "<script>",
            "|",
            "@me",
            "[x](http://y)",
            "=",
            "<<",
            "\nEOF\nx=y\n",
            "PATH=",
            "\"",
            "'",
            "$X",
            "#",
            "x",
            "lockstep-",
            "\0",
            TOKEN,
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn location() -> impl Strategy<Value = Option<Location>> {
    prop::option::of((hostile(), prop::option::of(1_u32..9), prop::option::of(1_u32..9)))
        .prop_map(|at| at.map(|(path, line, column)| Location { path, line, column }))
}

fn notes() -> impl Strategy<Value = Vec<Note>> {
    let level =
        prop::sample::select(vec![Level::Debug, Level::Info, Level::Notice, Level::Warning, Level::Error]);
    let note = (level, hostile(), location()).prop_map(|(level, message, location)| Note {
        level,
        message,
        location,
    });
    prop::collection::vec(note, 0..4)
}

fn blocks() -> impl Strategy<Value = Vec<Block>> {
    let texts = || prop::collection::vec(hostile(), 0..3);
    let block = prop_oneof![
        hostile().prop_map(Block::Heading),
        hostile().prop_map(Block::Paragraph),
        (hostile(), hostile()).prop_map(|(language, text)| Block::Code { language, text }),
        (texts(), prop::collection::vec(texts(), 0..3))
            .prop_map(|(columns, rows)| Block::Table { columns, rows }),
    ];
    prop::collection::vec(block, 0..4)
}

fn outputs() -> impl Strategy<Value = Vec<Output>> {
    let plain = prop_oneof![
        hostile().prop_map(Value::from),
        prop::collection::vec(hostile(), 0..3).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(json!(SECRET)),
    ];
    let value = prop_oneof![plain.prop_map(OutputValue::Plain), hostile().prop_map(OutputValue::Text)];
    let output = (prop_oneof!["[a-zA-Z_][a-zA-Z0-9_-]{0,5}", hostile()], value);
    prop::collection::vec(output.prop_map(|(name, value)| Output { name, value }), 0..4)
}

prop_compose! {
    fn report()(
        step in hostile(), ending in (hostile(), hostile(), prop::option::of(hostile()), location()),
        failed in any::<bool>(), dry_run in any::<bool>(), outputs in outputs(), notes in notes(),
        summary in blocks(), paths in prop::collection::vec(hostile(), 0..3), diff in prop::option::of(hostile()),
    ) -> Report {
        let (code, message, hint, location) = ending;
        let change = |path| Change { path, before: None, after: Some(Digest::of(b"")), private: false };
        Report {
            step,
            ending: RunEnd {
                exit: if failed { Exit::Rejected } else { Exit::Done },
                code, message, hint, location,
            },
            dry_run, outputs, notes, summary,
            changes: paths.into_iter().map(change).collect(),
            objects: vec![],
            diff,
            receipt: None,
        }
    }
}

struct Run {
    log: Vec<String>,
    effects: Vec<Effect>,
}

fn run(platform: Platform, report: &Report) -> Run {
    let redactor = Redactor::new(&[SECRET]).expect("one short secret");
    let renderer = Renderer {
        platform,
        step: &report.step,
        redactor: &redactor,
        credentials: &redactor,
        token: TOKEN,
        masks: true,
        is_builtin: false,
        style: LogStyle { verbosity: Verbosity::Verbose, ..LogStyle::PLAIN },
        result_file: "lockstep-result.json",
        keeps_result: true,
        value_folder: "values",
    };
    let mut effects = renderer.opening(1);
    effects.extend(report.notes.iter().flat_map(|note| renderer.note(note)));
    effects.extend(renderer.stdio(&report.ending.message));
    effects.extend(renderer.progress(1, None, &report.ending.code).map(Effect::Line));
    let mut drawn = 0_u8;
    let mut random = || {
        drawn = drawn.wrapping_add(1);
        [drawn; 16]
    };
    effects.extend(renderer.closing(report, &redacted(&report.outputs, &redactor), 2, &mut random));
    // A line of ours that holds a line feed is two lines to whoever reads the log.
    let lines = effects.iter().flat_map(|effect| match effect {
        Effect::Line(line) => line.split('\n').map(str::to_owned).collect(),
        _ => Vec::new(),
    });
    let log = lines.collect();
    Run { log, effects }
}

impl Run {
    fn text_for(&self, target: OutputFile) -> String {
        let text = |effect: &Effect| match effect {
            Effect::Append { to, text } | Effect::Replace { to, text } if *to == target => Some(text.clone()),
            _ => None,
        };
        self.effects.iter().filter_map(text).collect()
    }
}

fn plain(output: &Output) -> String {
    let value = output.display();
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// How many annotations of a level the report itself stands for.
fn annotations(report: &Report, level: Level) -> usize {
    let ending = usize::from(level == Level::Error && report.ending.exit != Exit::Done);
    ending + report.notes.iter().filter(|note| note.level == level).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn github_obeys_only_the_host(report in report()) {
        let run = run(Platform::Github, &report);
        let mut log = github::Log::default();
        run.log.iter().for_each(|line| log.line(line));

        let bad_names = report.outputs.iter().filter(|output| !is_name(&output.name)).count();
        let expected = [
            ("add-mask", 0),
            ("group", 1),
            ("stop-commands", 1),
            (TOKEN, 1),
            ("endgroup", 1),
            ("error", annotations(&report, Level::Error)),
            ("warning", annotations(&report, Level::Warning) + bad_names),
            ("notice", annotations(&report, Level::Notice)),
        ];
        for (name, count) in expected {
            prop_assert_eq!(log.named(name).count(), count, "{} in {:#?}", name, run.log);
        }
        prop_assert_eq!(log.commands.len(), expected.iter().map(|(_, count)| count).sum::<usize>());

        let notices = report.notes.iter().filter(|note| note.level == Level::Notice);
        for (shown, note) in log.named("notice").zip(notices) {
            prop_assert_eq!(shown.data.split('\n').count(), note.message.lines().count().max(1));
        }

        let read = github::outputs(&run.text_for(OutputFile::Outputs)).unwrap();
        let secret_free = |output: &Output| plain(output).replace(SECRET, "***");
        let mut expected: std::collections::BTreeMap<String, String> = report.outputs.iter()
            .filter(|output| is_name(&output.name))
            .map(|output| (output.name.clone(), secret_free(output)))
            .collect();
        let result: Value = serde_json::from_str(&read["result"]).unwrap();
        prop_assert_eq!(&result["message"], &json!(report.ending.message));
        expected.insert("result".to_owned(), read["result"].clone());
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn a_log_has_no_text_that_a_terminal_or_jenkins_obeys(report in report()) {
        for platform in [Platform::Github, Platform::Jenkins, Platform::Plain] {
            let run = run(platform, &report);
            let log = run.log.join("\n");
            prop_assert_eq!(jenkins::console_notes(&log), 0);
            prop_assert_eq!(jenkins::obeyed(&log), Vec::<char>::new());
            if platform != Platform::Github {
                let mut github = github::Log::default();
                run.log.iter().for_each(|line| github.line(line));
                prop_assert_eq!(github.commands, []);
            }
        }
    }

    #[test]
    fn gitlab_gets_one_section_and_only_its_variables(report in report()) {
        let run = run(Platform::Gitlab, &report);
        let sections = gitlab::sections(&run.log.join("\n"));
        prop_assert_eq!(sections.len(), 2);
        prop_assert!(sections[0].starts && !sections[1].starts && sections[0].name == sections[1].name);
        let variables = gitlab::dotenv(&run.text_for(OutputFile::Dotenv)).unwrap();
        let value = |output: &Output| [plain(output).replace(SECRET, "***"), format!("values/{}", output.name)];
        let values: Vec<String> = report.outputs.iter().flat_map(value).collect();
        for (name, value) in variables {
            prop_assert!(name.starts_with("LOCKSTEP_") && values.contains(&value), "{}={}", name, value);
        }
        let notes = run.log.iter().filter(|line| line.contains("section_") && line.contains('\u{1b}')).count();
        prop_assert_eq!(notes, 2);
    }

    #[test]
    fn no_file_and_no_log_has_a_secret(report in report(), before in hostile(), after in hostile()) {
        let mut report = report;
        let leak = format!("{before}{SECRET}{after}");
        report.ending.message.push_str(&leak);
        report.ending.hint = Some(leak.clone());
        report.summary.push(Block::Paragraph(leak.clone()));
        report.outputs.push(Output::plain("leak", json!({ leak.clone(): [leak.clone()] })));
        report.outputs.push(Output { name: "text".to_owned(), value: OutputValue::Text(leak) });
        for platform in Platform::ALL {
            for effect in run(platform, &report).effects {
                let text = match effect {
                    Effect::Line(text) | Effect::Append { text, .. } | Effect::Replace { text, .. } => text,
                };
                prop_assert!(!text.contains(SECRET), "{}", text);
            }
        }
    }

    #[test]
    fn no_text_escapes_from_the_html_of_a_summary(report in report()) {
        let run = run(Platform::Github, &report);
        let text = run.text_for(OutputFile::Summary);
        let summary = github::summary(&text).unwrap();
        // Outside of fences every tag is one of ours and every line of text is within one.
        let mut fence: Option<String> = None;
        for line in summary.lines() {
            match &fence {
                Some(end) if line == end => fence = None,
                Some(_) => {}
                None if line.starts_with("```") => fence = Some(line.trim_end_matches(|c| c != '`').to_owned()),
                None => {
                    prop_assert!(line.is_empty() || line.starts_with('<'), "{}", line);
                    for tag in line.split('<').skip(1) {
                        let name = tag.trim_start_matches('/').split('>').next().unwrap();
                        let ours = ["h3", "p", "br", "span", "table", "tr", "th", "td", "details", "summary", "ul", "li", "code", "i"];
                        prop_assert!(ours.contains(&name), "{}", line);
                    }
                    prop_assert!(!line.contains("@me") && !line.contains("http://"), "{}", line);
                }
            }
        }
        prop_assert_eq!(fence, None);
    }
}
