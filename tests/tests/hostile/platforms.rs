//! Hostile components that speak to the CI system instead of to people. The log, the outputs, the summary and the
//! files of a run are read back the way each system reads them: nothing in them is obeyed but the host's own words.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lockstep_tests::runner::{github, gitlab, jenkins};
use lockstep_tests::support::{ProgramOutput, Run, SECRETS, Scene, assert_no_secret};

/// What means something to somebody. A command that is obeyed has `FORGED` at the beginning of its data.
const FORGED: [&str; 46] = [
    "::error::FORGED",
    "::warning file=FORGED::FORGED",
    "::add-mask::FORGED",
    "::set-output name=FORGED::FORGED",
    "::save-state name=FORGED::FORGED",
    "::set-env name=FORGED::FORGED",
    "::add-path::FORGED",
    "::add-matcher::FORGED",
    "::remove-matcher owner=FORGED::FORGED",
    "::stop-commands::FORGED",
    "::group::FORGED",
    "::endgroup::FORGED",
    "::echo::on",
    "::debug::FORGED",
    "  \t::error::FORGED",
    "\u{a0}::error::FORGED",
    "\u{2003}::error::FORGED",
    "\u{feff}::error::FORGED",
    "\u{200b}::error::FORGED",
    "\u{2028}::error::FORGED",
    "\u{85}::error::FORGED",
    "\u{b}::error::FORGED",
    "\r::error::FORGED",
    "x\r\n::error::FORGED",
    "%0A::error::FORGED",
    "##[error]FORGED",
    "middle ##[add-mask]FORGED",
    "#\u{200d}#[error]FORGED",
    "##\u{ad}[error]FORGED",
    "###[error]FORGED",
    "##vso[task.setvariable variable=FORGED]FORGED",
    "##teamcity[setParameter name='FORGED' value='FORGED']",
    "\u{1b}[31mFORGED\u{1b}[0m",
    "\u{1b}]0;FORGED\u{7}",
    "\u{1b}]8;;https://evil.example.com/\u{1b}\\FORGED\u{1b}]8;;\u{1b}\\",
    "\u{9b}31mFORGED",
    "\u{1b}[8mha:////FORGED",
    "\u{1b}[0Ksection_start:1:FORGED\r\u{1b}[0KFORGED",
    "section_end:1:FORGED\r\u{1b}[0K",
    "\u{202e}DEGROF",
    "\u{0}FORGED",
    "<script>FORGED</script>",
    "![x](https://evil.example.com/FORGED.png)",
    "</details></table>\n# FORGED\n| a |\n|-|\n",
    "@FORGED please look",
    "```\n<img src=https://evil.example.com/FORGED>",
];

/// Texts for an output: they pretend to end it and to set something else.
const VALUES: [&str; 9] = [
    "plain",
    "EOF\nPATH=/tmp/FORGED\nFORGED<<EOF\n",
    "a\r\nNODE_OPTIONS=--require FORGED\r\n",
    "lockstep-00000000000000000000000000000000\nFORGED=1",
    "\rFORGED=1",
    "$(touch FORGED) `touch FORGED` ${FORGED}",
    "\"\nCI_REGISTRY=FORGED",
    "::set-output name=FORGED::x\n##[add-mask]FORGED",
    "\u{1b}[8mha:////FORGED\u{2028}FORGED=1",
];

fn end(scene: &Scene, run: Run<'_>) -> ProgramOutput {
    let ended = run.end();
    assert_no_secret(scene, &ended);
    ended
}

/// What GitHub makes of the log, after a check that only the host's own commands were obeyed.
#[track_caller]
fn check_github(scene: &Scene, ended: &ProgramOutput, step: &str) {
    let mut log = github::Log::default();
    ended.stdout.lines().for_each(|line| log.line(line));
    for command in &log.commands {
        assert!(!command.data.starts_with("FORGED"), "{command:?}");
        let mut ours = ["group", "endgroup", "stop-commands", "error", "warning", "notice"].to_vec();
        let token = log.named("stop-commands").next().map(|stop| stop.data.as_str());
        ours.extend(token);
        assert!(ours.contains(&command.name.as_str()), "{command:?}");
    }
    let groups: Vec<&str> = log.named("group").map(|group| group.data.as_str()).collect();
    assert_eq!(groups, [format!("lockstep {step}")]);
    let tokens: Vec<&str> = log.named("stop-commands").map(|stop| stop.data.as_str()).collect();
    assert!(matches!(tokens[..], [token] if token.len() == 32), "{tokens:?}");
    // Commands are obeyed again when the run is over, or the rest of the job would lose its own.
    assert_eq!(log.named(tokens[0]).count(), 1);
    let obeyed = jenkins::obeyed(&ended.stdout);
    assert!(obeyed.is_empty(), "{obeyed:?}");
    for file in ["own/env", "own/path", "own/state"] {
        assert_eq!(scene.text(file), "", "{file}");
    }
}

/// What GitLab makes of the log: one section, the host's own.
#[track_caller]
fn check_gitlab(ended: &ProgramOutput, step: &str) {
    let sections = gitlab::sections(&ended.stdout);
    assert!(matches!(&sections[..], [a, b] if a.starts && !b.starts && a.name == b.name), "{sections:?}");
    assert!(sections[0].name.starts_with(&format!("lockstep-{step}-")), "{sections:?}");
    let own = |line: &&str| !line.starts_with("\u{1b}[0Ksection_");
    let rest: Vec<&str> = ended.stdout.split('\n').filter(own).collect();
    let obeyed = jenkins::obeyed(&rest.join("\n"));
    assert!(obeyed.is_empty(), "{obeyed:?}");
}

#[track_caller]
fn check_jenkins(ended: &ProgramOutput) {
    assert_eq!(jenkins::console_notes(&ended.stdout), 0);
    let obeyed = jenkins::obeyed(&ended.stdout);
    assert!(obeyed.is_empty(), "{obeyed:?}");
    assert!(ended.stdout.lines().all(|line| !line.trim_start().starts_with("::")));
}

/// The forged texts, few enough for one command line at a time.
fn forged_log<'s>(scene: &'s Scene, act: &str) -> Run<'s> {
    let limits = "calls: 5000";
    scene.attack_with(
        "forged_log",
        act,
        &FORGED.map(|text| text.trim_matches('\0')),
        &["read deploy/**"],
        limits,
    )
}

#[test]
fn attack_22_github_obeys_no_command_in_the_log() {
    let scene = Scene::new();
    for (act, exit) in [("done", 0), ("fail", 1), ("panic", 7), ("exit", 7)] {
        for run in [forged_log(&scene, act), forged_log(&scene, act).arg("--verbose")] {
            for file in ["own/output", "own/summary"] {
                scene.put(file, "");
            }
            let ended = end(&scene, run.platform("github"));
            assert_eq!(ended.exit, Some(exit), "{act}");
            check_github(&scene, &ended, "forged_log.wasm");
            let outputs = github::outputs(&scene.text("own/output")).unwrap();
            let names: Vec<&str> = outputs.keys().map(String::as_str).collect();
            assert_eq!(names, if exit == 0 { &["result", "said"][..] } else { &["result"] });
            check_summary(&scene);
        }
    }
}

/// The summary shows the texts and obeys none: no raw HTML, no image, no mention.
#[track_caller]
fn check_summary(scene: &Scene) {
    let text = scene.text("own/summary");
    let summary = github::summary(&text).expect("GitHub keeps it");
    assert!(!summary.is_empty());
    for bad in ["<script", "<img", "![x](https:", "</details></table>", "\u{1b}", "\u{202e}"] {
        assert!(!outside_of_code(summary).contains(bad), "{bad:?} in {summary}");
    }
    assert!(!outside_of_code(summary).lines().any(|line| line.starts_with("# FORGED")), "{summary}");
}

/// The text without what stands in fences of code, which shows everything.
fn outside_of_code(markdown: &str) -> String {
    let mut fence: Option<String> = None;
    let mut out = Vec::new();
    for line in markdown.lines() {
        let ticks: String = line.trim_start().chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line.trim() == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => out.push(line),
        }
    }
    out.join("\n")
}

#[test]
fn attack_23_terminals_jenkins_and_gitlab_obey_no_text_in_the_log() {
    let scene = Scene::new();
    for (act, exit) in [("done", 0), ("fail", 1), ("panic", 7), ("exit", 7)] {
        let ended = end(&scene, forged_log(&scene, act).arg("--verbose").platform("gitlab"));
        assert_eq!(ended.exit, Some(exit), "{act}");
        check_gitlab(&ended, "forged_log.wasm");
        for platform in ["jenkins", "plain"] {
            let ended = end(&scene, forged_log(&scene, act).arg("--verbose").platform(platform));
            assert_eq!(ended.exit, Some(exit), "{act}");
            check_jenkins(&ended);
        }
    }
}

#[test]
fn attack_22_the_json_result_has_no_command() {
    let scene = Scene::new();
    for act in ["done", "fail"] {
        let ended = end(&scene, forged_log(&scene, act));
        let mut log = github::Log::default();
        ended.stdout.lines().for_each(|line| log.line(line));
        assert_eq!(log.commands, []);
        assert!(jenkins::obeyed(&ended.stdout).is_empty());
        let result = ended.result();
        let messages: Vec<&str> =
            result["notes"].as_array().unwrap().iter().filter_map(|n| n["message"].as_str()).collect();
        assert!(messages.contains(&"##[error]FORGED"), "the texts are data, to the byte: {messages:?}");
    }
}

#[test]
fn attack_24_outputs_are_exactly_the_declared_ones_on_github() {
    let scene = Scene::new();
    for value in VALUES {
        scene.put("own/output", "");
        let run = scene.component(&lockstep_tests::support::hostile("forged_outputs"), &[], "");
        let ended = end(&scene, run.arg(format!("--value={value}")).platform("github"));
        assert_eq!(ended.exit, Some(0), "{ended:?}");
        check_github(&scene, &ended, "forged_outputs.wasm");
        let outputs = github::outputs(&scene.text("own/output")).unwrap();
        // No name of an output means anything to GitHub: what is in this file is in no environment.
        let names: Vec<&str> = outputs.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["GITHUB-ENV", "LD-PRELOAD", "NODE-OPTIONS", "path", "result", "said"],
            "{value:?}"
        );
        assert_eq!((outputs["said"].as_str(), outputs["path"].as_str()), (value, value));
        // The component has an output of this name too. The host's own is the one that counts.
        let result: serde_json::Value = serde_json::from_str(&outputs["result"]).unwrap();
        assert_eq!((&result["version"], &result["outputs"]["NODE-OPTIONS"]), (&1.into(), &value.into()));
    }
}

#[test]
fn attack_24_gitlab_reads_only_the_declared_variables() {
    let scene = Scene::new();
    for value in VALUES {
        let run = scene.component(&lockstep_tests::support::hostile("forged_outputs"), &[], "");
        let ended = end(&scene, run.arg(format!("--value={value}")).platform("gitlab"));
        assert_eq!(ended.exit, Some(0), "{ended:?}");
        check_gitlab(&ended, "forged_outputs.wasm");
        let variables = gitlab::dotenv(&scene.text("workspace/lockstep-forged_outputs.wasm.env")).unwrap();
        for (name, read) in &variables {
            assert!(name.starts_with("LOCKSTEP_FORGED_OUTPUTS_WASM_"), "{name}");
            assert_eq!(read, value);
        }
        assert_eq!(variables.is_empty(), value != "plain", "{variables:?}");
    }
}

/// The secret as it is, and as people encode the whole of it.
fn encoded(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url = secret
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace(' ', "%20")
        .replace('&', "%26")
        .replace('=', "%3D");
    vec![
        format!("before {secret} after"),
        STANDARD.encode(secret),
        STANDARD.encode(format!("user:{secret}@host")),
        URL_SAFE_NO_PAD.encode(format!("{secret}\n")),
        hex.to_uppercase(),
        hex,
        url,
    ]
}

#[test]
fn the_host_redacts_a_secret_of_the_inputs_in_every_text_of_a_component() {
    let scene = Scene::new();
    let known: Vec<String> = SECRETS[..2].iter().flat_map(|secret| encoded(secret)).collect();
    let words: Vec<&str> = known.iter().map(String::as_str).collect();
    for platform in ["github", "gitlab", "jenkins", "plain"] {
        for act in ["done", "fail", "panic"] {
            for name in ["output", "summary"] {
                scene.put(&format!("own/{name}"), "");
            }
            let run = scene.attack_with("forged_log", act, &words, &["read deploy/**"], "calls: 5000");
            let ended = end(&scene, run.arg("--verbose").platform(platform));
            assert!(ended.stdout.contains("***"), "{ended:?}");
        }
    }
}

#[test]
fn attack_3_a_link_under_the_name_of_a_platforms_file_is_not_followed() {
    for file in ["lockstep-reach.wasm.env", "lockstep-reach.wasm.json"] {
        let scene = Scene::new();
        let outside = lockstep_tests::support::tree(&scene.path("outside"));
        std::os::unix::fs::symlink("../outside/secret.txt", scene.path("workspace").join(file)).unwrap();
        let ended = end(&scene, scene.attack("reach", "read", &["deploy/web.yaml"]).platform("gitlab"));
        assert_eq!(ended.exit, Some(0), "{ended:?}");
        assert_eq!(lockstep_tests::support::tree(&scene.path("outside")), outside);
        assert!(scene.path("workspace").join(file).is_file(), "{file} is there for the platform");
    }
}

#[test]
fn attack_6_the_files_for_later_gitlab_jobs_are_out_of_reach() {
    for file in ["lockstep-reach.wasm.env", "lockstep-reach.wasm.json"] {
        let scene = Scene::new();
        let run = scene.attack_with("reach", "write", &[file], &["read,write **"], "");
        assert_eq!(end(&scene, run.platform("gitlab")).exit, Some(3), "{file}");
    }
}
