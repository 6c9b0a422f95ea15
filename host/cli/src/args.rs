//! The command line. Lockstep makes the flags of a step from its inputs, so no step has code here. This module never
//! checks the value of an input.

pub(crate) mod missing_value;
pub(crate) mod recover;
pub(crate) mod unknown_options;

use crate::builtin;
use crate::environment;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use lockstep_model::exit::Exit;
use lockstep_model::info::{InputInfo, StepInfo};
use lockstep_model::inputs::{RawInput, RawValue};
use lockstep_model::render::Verbosity;
use lockstep_model::types::Type;
use serde_json::Value;
use std::path::PathBuf;

/// Options of `run` that take a value. The word after such an option is not the step.
const VALUE_OPTIONS: [&str; 7] =
    ["--inputs", "--policy", "--receipt", "--platform", "--workspace", "--format", "-C"];

/// The flag for a dry run.
const DRY_RUN: &str = "dry-run";
/// The flag for more of the log.
const VERBOSE: &str = "verbose";
/// The flag for less of the log.
const QUIET: &str = "quiet";
/// Flags of `run` that the host reads even if the command line has a mistake.
const PLAIN_FLAGS: [&str; 5] = ["--dry-run", "--verbose", "-v", "--quiet", "-q"];
/// The flag that lets the host use configuration of credentials in the workspace.
const ALLOW_WORKSPACE_CREDENTIALS: &str = "allow-workspace-credentials";

/// The arguments of `lockstep run`.
#[derive(Debug, Clone)]
pub(crate) struct RunArgs {
    /// The step's name or the component's path.
    pub(crate) step: String,
    /// The inputs from flags.
    pub(crate) inputs: Vec<RawInput>,
    /// The file with inputs; `-` is standard input.
    pub(crate) inputs_file: Option<String>,
    /// Whether this is a dry run.
    pub(crate) dry_run: bool,
    /// Whether standard output gets one JSON result.
    pub(crate) json: bool,
    /// The policy file.
    pub(crate) policy: Option<String>,
    /// The path of the receipt.
    pub(crate) receipt: Option<PathBuf>,
    /// The CI system; without a name the host detects it.
    pub(crate) platform: Option<String>,
    /// The folder of the workspace.
    pub(crate) workspace: PathBuf,
    /// How much of the log there is.
    pub(crate) verbosity: Verbosity,
    /// Whether the host uses configuration of credentials in the workspace.
    pub(crate) trusts_workspace: bool,
}

/// Returns the word of a command line that names the step to run, and `None` for other commands.
pub(crate) fn step_name(args: &[String]) -> Option<&str> {
    let mut words = args.iter().skip(1).skip_while(|word| word.starts_with('-'));
    if words.next().map(String::as_str) != Some("run") {
        return None;
    }
    let mut skip = false;
    words.map(String::as_str).find(|word| {
        let option = word.starts_with('-') && *word != "-";
        let is_value = std::mem::replace(&mut skip, option && VALUE_OPTIONS.contains(word));
        !option && !is_value
    })
}

/// Returns a command line for `step` with the options of `run` itself, each once. The host reads these options even if
/// the command line has a mistake.
pub(crate) fn options_of_run(step: &str, words: &[String]) -> Vec<String> {
    let mut own = vec!["lockstep".to_owned(), "run".to_owned(), step.to_owned()];
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        let taken = own.iter().any(|own| own.split('=').next() == Some(name));
        if VALUE_OPTIONS.contains(&word.as_str()) {
            let value = words.next().filter(|_| !taken);
            own.extend(value.into_iter().flat_map(|value| [word.clone(), value.clone()]));
        } else if !taken && (VALUE_OPTIONS.contains(&name) || PLAIN_FLAGS.contains(&word.as_str())) {
            own.push(word.clone());
        }
    }
    own
}

/// Builds the whole command line, with a subcommand of `run` for each of the steps.
///
/// Each step has the word that names it on the command line: its name, or the path of its component.
pub(crate) fn command(steps: &[(&str, &StepInfo)]) -> Command {
    let styles = Styles::styled()
        .header(AnsiColor::Yellow.on_default().bold())
        .usage(AnsiColor::Yellow.on_default().bold())
        .literal(AnsiColor::Green.on_default())
        .placeholder(AnsiColor::Cyan.on_default());
    let run = Command::new("run")
        .about("Run a step, or a component from a file")
        .subcommand_required(true)
        .subcommand_value_name("STEP")
        .subcommand_help_heading("Steps")
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .args(run_options())
        .arg(dry_run_option())
        .subcommands(steps.iter().map(|(word, info)| step_command(word, info)))
        .after_help(exit_codes());
    Command::new("lockstep")
        .about("CI/CD steps that cannot steal your secrets")
        .version(env!("CARGO_PKG_VERSION"))
        .styles(styles)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(run)
        .subcommand(Command::new("list").about("List the built-in steps").arg(format_option()))
        .subcommand(
            Command::new("describe")
                .about("Show a step's inputs, outputs, permissions and failure codes, or what a component imports")
                .arg(
                    Arg::new("step")
                        .value_name("STEP")
                        .required(true)
                        .help("The step's name, or a component's path"),
                )
                .arg(format_option()),
        )
        .subcommand(recover::command(format_option()))
        .subcommand(
            Command::new("completion").about("Print the completion script for a shell").arg(
                Arg::new("shell")
                    .value_name("SHELL")
                    .required(true)
                    .value_parser(value_parser!(clap_complete::Shell)),
            ),
        )
}

/// Builds `run STEP`, with a flag for each input.
fn step_command(word: &str, info: &StepInfo) -> Command {
    let about = if info.docs.is_empty() {
        info.summary.clone()
    } else {
        format!("{}\n\n{}", info.summary, info.docs)
    };
    Command::new(word.to_owned())
        .about(info.summary.clone())
        .long_about(about)
        .disable_help_flag(true)
        .args(info.inputs.iter().map(input_option))
        .arg(dry_run_option())
        .after_help(format!("{}{}", example(word, info), exit_codes()))
}

fn input_option(field: &InputInfo) -> Arg {
    let mut help = field.docs.clone();
    for choice in &field.choices {
        help.push_str(&format!("\n- {}: {}", choice.name, choice.docs.replace('\n', " ")));
    }
    if !field.choices.is_empty() {
        help.push('\n');
    }
    if let Some(text) = shown_default(field) {
        help.push_str(&format!(" [default: {text}]"));
    }
    if field.required {
        help.push_str(" [required]");
    }
    let arg = Arg::new(field.name.clone()).long(field.name.clone()).help(help).help_heading("Inputs");
    match &field.ty {
        Type::Bool => arg
            .action(ArgAction::Append)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("BOOL"),
        ty => arg.action(ArgAction::Append).allow_hyphen_values(true).value_name(value_name(ty)),
    }
}

/// The example in the help of a step.
fn example(word: &str, info: &StepInfo) -> String {
    if info.example.is_empty() {
        return String::new();
    }
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let flags = |(input, value): &(String, Value)| -> String {
        let flag = |value: &Value| match value {
            Value::String(text) => format!(" --{input} {}", quoted(text)),
            other => format!(" --{input}={other}"),
        };
        match value {
            Value::Array(items) => items.iter().map(flag).collect(),
            value => flag(value),
        }
    };
    let flags: String = info.example.iter().map(flags).collect();
    format!("Example:\n  lockstep run {word}{flags}\n\n")
}

/// The default of an input for the help. The help leaves out `false`, an empty text or list and a missing value, because
/// readers expect these.
pub(crate) fn shown_default(field: &InputInfo) -> Option<String> {
    match &field.default {
        Value::Null | Value::Bool(false) => None,
        Value::Array(items) if items.is_empty() => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The word for a value in the help.
fn value_name(ty: &Type) -> String {
    match ty {
        Type::List(item) => format!("{}...", value_name(item)),
        Type::Option(inner) => value_name(inner),
        Type::Integer(_) | Type::Float => "NUMBER".into(),
        Type::Record(_) => "JSON".into(),
        Type::Enum(words) => words.join("|"),
        Type::String | Type::Bool => "TEXT".into(),
    }
}

fn run_options() -> Vec<Arg> {
    let file =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("FILE").help(help);
    let options = [
        file("inputs", "Read inputs from a JSON or YAML file; `-` is standard input"),
        format_option(),
        file("policy", "Restrict the step by this policy, or allow a component that is not built in"),
        file("receipt", "Write the receipt here"),
        Arg::new("platform")
            .long("platform")
            .value_name("NAME")
            .help("github, gitlab, jenkins or plain; detected by default"),
        Arg::new("workspace")
            .long("workspace")
            .short('C')
            .value_name("DIR")
            .help("The folder whose files the step works on; the current one by default"),
        Arg::new(VERBOSE)
            .long(VERBOSE)
            .short('v')
            .action(ArgAction::SetTrue)
            .help("Show debug notes, every host call, and texts that the log has already"),
        Arg::new(QUIET)
            .long(QUIET)
            .short('q')
            .action(ArgAction::SetTrue)
            .help("Print warnings and errors only, and how the run failed"),
        // An earlier job could set a variable, so this is a flag only.
        Arg::new(ALLOW_WORKSPACE_CREDENTIALS).long(ALLOW_WORKSPACE_CREDENTIALS).action(ArgAction::SetTrue).help(
            "Use a kubeconfig or an AWS configuration in the workspace; any commit could have put it there",
        ),
    ];
    options.into_iter().chain([help_option()]).map(|arg| arg.global(true).help_heading("Options")).collect()
}

/// The flag for the help, in the list of the other options. clap would put its own into a second list.
fn help_option() -> Arg {
    Arg::new("help")
        .long("help")
        .short('h')
        .action(ArgAction::Help)
        .help("Print help; `-h` prints less of it")
}

fn dry_run_option() -> Arg {
    Arg::new(DRY_RUN)
        .long(DRY_RUN)
        .action(ArgAction::SetTrue)
        .help("Change nothing; show what would change as a diff")
        .help_heading("Options")
}

fn format_option() -> Arg {
    Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .value_parser(["human", "json"])
        .default_value("human")
        .help("json: one JSON document on standard output, the log on standard error")
}

fn exit_codes() -> String {
    let lines = Exit::ALL.map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", lines.join("\n"))
}

/// Reads the arguments of `run STEP`. If a mistake left no matches for the step, it reads those of `run` or of the whole
/// command line.
pub(crate) fn run_args(step: &str, info: &StepInfo, whole: &ArgMatches) -> RunArgs {
    let run = whole.subcommand_matches("run");
    let matches = run.and_then(|run| run.subcommand_matches(step)).or(run).unwrap_or(whole);
    let flagged = |matches: &ArgMatches| matches!(matches.try_get_one(DRY_RUN), Ok(Some(true)));
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let input = |field: &InputInfo| {
        let words: Vec<String> = matches.get_many(&field.name)?.cloned().collect();
        Some(RawInput {
            name: field.name.clone(),
            source: format!("--{}", field.name),
            value: RawValue::Flags(words),
        })
    };
    RunArgs {
        step: step.to_owned(),
        inputs: info.inputs.iter().filter_map(input).collect(),
        inputs_file: text("inputs"),
        dry_run: flagged(matches) || run.is_some_and(flagged),
        json: text("format").as_deref() == Some("json"),
        policy: text("policy").or_else(|| environment::text("LOCKSTEP_POLICY")),
        receipt: text("receipt").map(PathBuf::from).or_else(|| environment::path("LOCKSTEP_RECEIPT")),
        platform: text("platform"),
        workspace: text("workspace").map_or_else(|| PathBuf::from("."), PathBuf::from),
        verbosity: match (matches.get_flag(QUIET), matches.get_flag(VERBOSE)) {
            (true, false) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        },
        trusts_workspace: matches.get_flag(ALLOW_WORKSPACE_CREDENTIALS),
    }
}

/// The problem of two options that contradict each other. clap does not see it if one is before and one after the step.
pub(crate) fn contradiction(whole: &ArgMatches) -> Option<String> {
    let run = whole.subcommand_matches("run");
    let levels = || run.into_iter().chain(run.and_then(|run| Some(run.subcommand()?.1)));
    let given = |name: &str| levels().any(|matches| matches!(matches.try_get_one(name), Ok(Some(true))));
    (given(QUIET) && given(VERBOSE))
        .then(|| "`--quiet` and `--verbose` contradict each other: give one of them".to_owned())
}

/// The descriptions of all built-in steps except damaged ones. A run of a damaged step reports the damage.
pub(crate) fn builtin_infos() -> Vec<StepInfo> {
    builtin::ALL.iter().filter_map(|step| step.info().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        command(&[]).debug_assert();
    }

    #[test]
    fn the_step_is_found_among_the_options() {
        let step = |line: &str| {
            let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
            step_name(&args).map(str::to_owned)
        };
        assert_eq!(step("lockstep run a --files b").as_deref(), Some("a"));
        assert_eq!(step("lockstep run --dry-run --policy p a b").as_deref(), Some("a"));
        assert_eq!(step("lockstep run --policy=p ./a.wasm").as_deref(), Some("./a.wasm"));
        assert_eq!(step("lockstep run --help"), None);
        assert_eq!(step("lockstep list"), None);
    }

    #[test]
    fn the_options_of_run_are_found_among_mistakes() {
        let own = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            options_of_run("a", &words).split_off(3).join(" ")
        };
        assert_eq!(own("lockstep run a --flies b --format json -C x"), "--format json -C x");
        assert_eq!(own("lockstep run --format=json a --dry-run --dry-run"), "--format=json --dry-run");
        assert_eq!(own("lockstep run a --receipt r --receipt s --dry-run=x --policy"), "--receipt r");
    }
}
