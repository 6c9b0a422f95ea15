//! `lockstep run`: from the command line to the exit code, in stages. Each stage returns the next one, or the end of
//! the run with the facts so far. On every path the host writes the result for the CI system and the receipt.

mod conclude;
mod context;
mod execute;
mod finish;
mod grant;
mod load;
mod own_files;
mod resolve;

pub(crate) use load::LoadedStep;

use crate::args::missing_value::missing_value;
use crate::args::unknown_options::unknown_options;
use crate::args::{self, RunArgs};
use crate::connect::{self, JobCredentials};
use crate::console::{print_error, print_usage};
use crate::environment::Environment;
use crate::receipt::ReceiptTarget;
use crate::reporter::{self, OutputOptions, Reporter};
use crate::run_facts::{StageResult, StoppedRun};
use crate::secrets::Secrets;
use crate::signals::Signals;
use crate::terminal::{LogReader, LogStream};
use crate::trace;
use crate::verdict::run_end;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use conclude::ConcludedRun;
use context::RunContext;
use lockstep_model::exit::Exit;
use lockstep_model::host_code::HostCode;
use lockstep_model::info::{StepInfo, StepLimits};
use lockstep_model::inputs::Inputs;
use lockstep_model::render::Verbosity;
use lockstep_model::report::{Level, Note, RunEnd};
use lockstep_model::secret;
use std::path::PathBuf;
use std::sync::Arc;

/// Runs the step that the command line names. A `mistake` in the command line ends the run with a result and a receipt
/// too.
pub(crate) fn main(step: &str, words: &[String], secrets: Secrets, mistake: Option<RunEnd>) -> Exit {
    let loaded = mistake.map_or_else(|| LoadedStep::load(step), |mistake| Err(mistake.into()));
    let (mut args, mut loaded) = match read(step, words, loaded) {
        Ok(read) => read,
        Err(help) => return print_usage(&help),
    };
    let environment = match Environment::read(args.platform.as_deref()) {
        Ok(environment) => environment,
        Err(problem) => {
            loaded = loaded.and_then(|loaded| loaded.facts.stop(bad_usage(problem, step)));
            Environment::detected()
        }
    };
    args.dry_run |= environment.dry_run;
    match new_reporter(&args, &secrets, &environment) {
        Ok(reporter) => {
            let credentials = connect::job_credentials(&secrets);
            let facts = match &mut loaded {
                Ok(loaded) => &mut loaded.facts,
                Err(stopped) => &mut stopped.facts,
            };
            facts.notes.extend(secret_notes(&secrets));
            drop(secrets);
            run_and_report(&args, loaded, (&reporter, &environment), credentials)
        }
        Err(message) => {
            print_error(&message);
            Exit::Invalid
        }
    }
}

/// Reads the command line. If it has a mistake or names no step, the host still reads the options of `run`, which name
/// the files for the result and the receipt.
fn read(
    step: &str,
    words: &[String],
    loaded: StageResult<LoadedStep>,
) -> Result<(RunArgs, StageResult<LoadedStep>), clap::Error> {
    let stopped = match loaded {
        Ok(loaded) => match args::command(&[(step, &loaded.info)]).try_get_matches_from(words) {
            Ok(matches) => {
                let args = args::run_args(step, &loaded.info, &matches);
                let loaded = match args::contradiction(&matches)
                    .or_else(|| missing_value(words, &loaded.info.inputs))
                {
                    Some(problem) => loaded.facts.stop(bad_usage(problem, step)),
                    None => Ok(loaded),
                };
                return Ok((args, loaded));
            }
            Err(help) if help.exit_code() == 0 => return Err(help),
            Err(mistake) => {
                let ending = match unknown_options(words, &loaded.info.inputs) {
                    Some(problem) => bad_usage(problem, step),
                    None => usage_mistake(&mistake, step),
                };
                loaded.facts.stop(ending)
            }
        },
        stopped => stopped,
    };
    let info = empty_info(step);
    let command = args::command(&[(step, &info)]).ignore_errors(true);
    let matches = command.try_get_matches_from(args::options_of_run(step, words))?;
    Ok((args::run_args(step, &info, &matches), stopped))
}

/// The end of a run with a mistake that clap found.
fn usage_mistake(mistake: &clap::Error, step: &str) -> RunEnd {
    let text = mistake.to_string();
    let first = text.lines().next().unwrap_or_default();
    let mut ending = bad_usage(first.strip_prefix("error: ").unwrap_or(first).to_owned(), step);
    let more = match (mistake.get(ContextKind::SuggestedArg), mistake.get(ContextKind::ValidValue)) {
        (Some(ContextValue::String(near)), _) => format!("did you mean `{near}`?"),
        (_, Some(ContextValue::Strings(valid))) if !valid.is_empty() => {
            format!("expected one of {};", valid.join(", "))
        }
        _ if is_stray_word(mistake) => {
            "give a flag again for each item of a list, and write `--FLAG=true` or `--FLAG=false`;".to_owned()
        }
        _ => return ending,
    };
    ending.hint = ending.hint.map(|hint| format!("{more} {hint}"));
    ending
}

/// Whether the mistake is a word that belongs to no flag.
fn is_stray_word(mistake: &clap::Error) -> bool {
    let word = mistake.get(ContextKind::InvalidArg);
    mistake.kind() == ErrorKind::UnknownArgument
        && matches!(word, Some(ContextValue::String(word)) if !word.starts_with('-'))
}

/// The end of a run with a mistake in its command line.
pub(crate) fn bad_usage(problem: String, step: &str) -> RunEnd {
    let hint = format!("`lockstep run {step} --help` lists the flags");
    run_end(HostCode::BadUsage, problem, Some(hint))
}

/// Runs the stages, and reports how the run ended on every path.
fn run_and_report(
    args: &RunArgs,
    loaded: StageResult<LoadedStep>,
    (reporter, environment): (&Reporter, &Environment),
    credentials: JobCredentials,
) -> Exit {
    let started = reporter::now();
    if let Err(error) = reporter.start() {
        print_error(&error.to_string());
        return Exit::Invalid;
    }
    if let Err(stopped) = &loaded {
        redact_mistakes(reporter, stopped);
    }
    let platform = environment.platform;
    let distinct = reporter.check_distinct(&named_files(args));
    let bad_file = |problem: String| run_end(HostCode::BadFile, problem, None);
    let files = distinct.clone().and_then(|()| reporter.check_files()).map_err(bad_file);
    // Without the check, the receipt could replace another file of the run.
    let receipt_target = distinct.and_then(|()| ReceiptTarget::choose(args, platform, reporter.own_files()));
    let invalid = |problem: &String| run_end(HostCode::BadReceipt, problem.clone(), None);
    let ready = files.and(receipt_target.as_ref().map(drop).map_err(invalid));
    let (reporter, receipt_target) = (reporter.clone(), receipt_target.ok());
    let context = Arc::new(RunContext { reporter, receipt_target, platform, dry_run: args.dry_run, started });
    let signals = match listen(&context) {
        Ok(signals) => signals,
        Err(error) => {
            let message = format!("cannot listen for signals: {error}");
            return context.finish(stop(loaded, run_end(HostCode::NoSignals, message, None)));
        }
    };
    let result = match ready {
        Ok(()) => loaded.and_then(|loaded| stages(args, loaded, (&context, &signals), credentials)),
        Err(ending) => stop(loaded, ending),
    };
    // If no component ran, a signal can still end the run.
    let mut result = match signals.begin_end() {
        Some(exit) => stop_concluded(result, crate::verdict::cancelled(exit)),
        None => result,
    };
    if let Ok(done) = &mut result
        && signals.caught()
    {
        done.facts
            .note(Level::Notice, "the signal to stop came too late: the run was already ending".to_owned());
    }
    let exit = context.finish(result);
    signals.end_process(exit);
    exit
}

/// The files that the command line names, each with what it is for a message.
fn named_files(args: &RunArgs) -> Vec<(&'static str, PathBuf)> {
    let inputs = args.inputs_file.as_deref().filter(|path| *path != "-").map(PathBuf::from);
    let policy = args.policy.as_deref().map(PathBuf::from);
    let files = [("the inputs", inputs), ("the policy", policy), ("the receipt", args.receipt.clone())];
    files.into_iter().filter_map(|(what, path)| Some((what, path?))).collect()
}

/// Ends a run with its facts so far.
fn stop<T>(loaded: StageResult<LoadedStep>, ending: RunEnd) -> StageResult<T> {
    match loaded {
        Ok(loaded) => loaded.facts.stop(ending),
        Err(stopped) => stopped.facts.stop(ending),
    }
}

/// Ends a run with its facts so far and another end.
fn stop_concluded(result: StageResult<ConcludedRun>, ending: RunEnd) -> StageResult<ConcludedRun> {
    match result {
        Ok(done) => done.facts.stop(ending),
        Err(stopped) => stopped.facts.stop(ending),
    }
}

/// Makes signals end the run with a receipt from now on.
fn listen(context: &Arc<RunContext>) -> std::io::Result<Signals> {
    let context = Arc::clone(context);
    Signals::listen(move |exit| {
        context.finish(Err(crate::verdict::cancelled(exit).into()));
    })
}

/// Runs the stages after the first.
fn stages(
    args: &RunArgs,
    loaded: LoadedStep,
    (context, signals): (&RunContext, &Signals),
    credentials: JobCredentials,
) -> StageResult<ConcludedRun> {
    let reporter = &context.reporter;
    let mut resolved = loaded.resolve(args).inspect_err(|stopped| redact_mistakes(reporter, stopped))?;
    let clear = clear_text_secrets(resolved.inputs(), reporter);
    let secrets = resolved.inputs().iter().flat_map(|(_, value)| secret::find_secrets_in(value)).collect();
    if let Err(error) = reporter.add_secrets(&secrets) {
        return resolved.stop(run_end(HostCode::BadInput, error.to_string(), None));
    }
    if let Some(warning) = clear {
        resolved.note(Level::Warning, warning);
    } else if let Some(warning) = secrets_in_inputs(resolved.inputs(), reporter) {
        resolved.note(Level::Warning, warning);
    }
    resolved.grant(args)?.execute(args, (context, signals), credentials)?.conclude(args, signals)
}

/// The warning about inputs with a credential that is no secret of the job: somebody typed it into the workflow.
fn clear_text_secrets(inputs: &Inputs, reporter: &Reporter) -> Option<String> {
    let is_typed = |secret: &String| reporter.redact(secret) == *secret;
    let holds = |value: &serde_json::Value| secret::find_secrets_in(value).iter().any(is_typed);
    let names = inputs.iter().filter(|(_, value)| holds(value)).map(|(name, _)| format!("`{name}`"));
    let names: Vec<String> = names.collect();
    let message = format!(
        "inputs with a credential in clear text: {}. The log and the receipt hide it, but everybody who can read the workflow can \
         read it. Store it as a secret of the CI system. Steps with the input `credentials` send the secret in a variable \
         `LOCKSTEP_SECRET_NAME`",
        names.join(", ")
    );
    (!names.is_empty()).then_some(message)
}

/// The warning about inputs with a secret of the job. A step may send its inputs on, for example in a commit message.
fn secrets_in_inputs(inputs: &Inputs, reporter: &Reporter) -> Option<String> {
    let holds = |value: &serde_json::Value| {
        let text = value.to_string();
        reporter.redact(&text) != text
    };
    let names = inputs.iter().filter(|(_, value)| holds(value)).map(|(name, _)| format!("`{name}`"));
    let names: Vec<String> = names.collect();
    let message = format!(
        "inputs with a secret of the job: {}. The log hides it, but the step may send it to the servers that the inputs name",
        names.join(", ")
    );
    (!names.is_empty()).then_some(message)
}

/// Makes the log redact the secrets in messages about a wrong command line or input.
fn redact_mistakes(reporter: &Reporter, stopped: &StoppedRun) {
    let notes = stopped.facts.notes.iter().map(|note| &note.message);
    let texts = notes.chain([&stopped.ending.message]);
    // It fails only for a text of hundreds of megabytes, and these were cut.
    let _ = reporter.add_secrets(&texts.flat_map(|text| secret::find_secrets(text)).collect());
}

/// Makes the reporter of the run.
fn new_reporter(args: &RunArgs, secrets: &Secrets, environment: &Environment) -> Result<Reporter, String> {
    let stream = if args.json { LogStream::Stderr } else { LogStream::Stdout };
    let options = OutputOptions {
        platform: environment.platform,
        stream,
        reader: LogReader::of(stream, environment.is_ci, args.verbosity),
        is_builtin: !load::is_file(&args.step),
        masks: environment.is_github,
    };
    let reporter = Reporter::new(options, &args.step, &secrets.values(), &args.workspace)
        .map_err(|error| error.to_string())?;
    if args.verbosity == Verbosity::Verbose {
        trace::start(&reporter);
    }
    Ok(reporter)
}

/// The notes about secrets that the redactor does not search for.
fn secret_notes(secrets: &Secrets) -> Vec<Note> {
    let note = |level, names: Vec<&str>, problem: &str| {
        let message = format!("{problem}: {}", names.join(", "));
        (!names.is_empty()).then_some(Note { level, message, location: None })
    };
    let missing = secrets.missing().iter().map(String::as_str).collect();
    let too_short = "LOCKSTEP_SECRETS names variables whose values have fewer than 4 bytes, too short for the host to redact";
    let common = "the host does not redact the values of these variables, which are too short or too common";
    [
        note(Level::Warning, missing, "LOCKSTEP_SECRETS names variables that are not set or empty"),
        note(Level::Warning, secrets.short(), too_short),
        note(Level::Debug, secrets.common(), common),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A description without inputs, for a run that cannot start: it is enough to read the options of `run`.
fn empty_info(step: &str) -> StepInfo {
    StepInfo {
        version: 1,
        name: step.to_owned(),
        summary: String::new(),
        docs: String::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        permissions: std::collections::BTreeMap::new(),
        connect: lockstep_model::connect::Connect::default(),
        limits: StepLimits::default(),
        failures: Vec::new(),
        example: Vec::new(),
    }
}
