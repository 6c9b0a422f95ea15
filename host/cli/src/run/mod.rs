//! `lockstep run`: from the command line to the exit code, in stages. Each stage returns the next one, or how the run ended and
//! what it knew by then. On every path the CI system gets its result, and the run leaves its receipt.

mod conclude;
mod context;
mod execute;
mod finish;
mod grant;
mod load;
mod own_files;
mod resolve;

pub(crate) use load::Loaded;

use crate::args::{self, RunArgs};
use crate::conclude::ending;
use crate::connect::{self, Held};
use crate::console::{print_error, print_usage};
use crate::environment::Environment;
use crate::facts::{Stage, Stopped};
use crate::receipt::Place;
use crate::secrets::Secrets;
use crate::signals::Signals;
use crate::trace;
use crate::voice::{self, Manner, Stream, Voice};
use conclude::Concluded;
use context::RunContext;
use lockstep_model::exit::Exit;
use lockstep_model::info::{StepInfo, StepLimits};
use lockstep_model::inputs::Inputs;
use lockstep_model::report::{Level, Note, RunEnd};
use lockstep_model::secret;
use std::sync::Arc;

/// Runs the step that the command line names. A `mistake` in the command line ends it, as any other run ends.
pub(crate) fn main(step: &str, words: &[String], secrets: Secrets, mistake: Option<RunEnd>) -> Exit {
    let loaded = mistake.map_or_else(|| Loaded::load(step), |mistake| Err(mistake.into()));
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
    match reporter(&args, &secrets, &environment) {
        Ok(voice) => {
            let held = connect::held(&secrets);
            let facts = match &mut loaded {
                Ok(loaded) => &mut loaded.facts,
                Err(stopped) => &mut stopped.facts,
            };
            facts.notes.extend(about(&secrets));
            drop(secrets);
            answer(&args, loaded, (&voice, &environment), held)
        }
        Err(message) => {
            print_error(&message);
            Exit::Invalid
        }
    }
}

/// Reads the command line. Where it holds a mistake, or names no step, the options of `run` still count: they say
/// where the result and the receipt go.
fn read(
    step: &str,
    words: &[String],
    loaded: Stage<Loaded>,
) -> Result<(RunArgs, Stage<Loaded>), clap::Error> {
    let stopped = match loaded {
        Ok(loaded) => match args::command(&[(step, &loaded.info)]).try_get_matches_from(words) {
            Ok(matches) => {
                return Ok((args::run_args(step, &loaded.info, &matches), Ok(loaded)));
            }
            Err(help) if help.exit_code() == 0 => return Err(help),
            Err(mistake) => {
                let text = mistake.to_string();
                let first = text.lines().next().unwrap_or_default();
                let problem = first.strip_prefix("error: ").unwrap_or(first).to_owned();
                loaded.facts.stop(bad_usage(problem, step))
            }
        },
        stopped => stopped,
    };
    let info = nothing_known(step);
    let command = args::command(&[(step, &info)]).ignore_errors(true);
    let matches = command.try_get_matches_from(args::own_words(step, words))?;
    Ok((args::run_args(step, &info, &matches), stopped))
}

/// The ending of a command line that cannot be read.
pub(crate) fn bad_usage(problem: String, step: &str) -> RunEnd {
    let hint = format!("`lockstep run {step} --help` lists the flags");
    ending(Exit::Invalid, "bad-usage", problem, Some(hint))
}

/// Runs the stages, and reports how the run ended on every path.
fn answer(
    args: &RunArgs,
    loaded: Stage<Loaded>,
    (voice, environment): (&Voice, &Environment),
    held: Held,
) -> Exit {
    let started = voice::now();
    if let Err(error) = voice.open() {
        print_error(&error.to_string());
        return Exit::Invalid;
    }
    if let Err(stopped) = &loaded {
        conceal(voice, stopped);
    }
    let platform = environment.platform;
    let files = voice.check().map_err(|problem| ending(Exit::Invalid, "bad-file", problem, None));
    let place = Place::choose(args, platform, voice.own());
    let refused = |problem: &String| ending(Exit::Invalid, "bad-receipt", problem.clone(), None);
    let ready = files.and(place.as_ref().map(drop).map_err(refused));
    let (voice, place) = (voice.clone(), place.ok());
    let context = Arc::new(RunContext { voice, place, platform, dry_run: args.dry_run, started });
    let signals = match listen(&context) {
        Ok(signals) => signals,
        Err(error) => {
            let message = format!("cannot listen for signals: {error}");
            return context.finish(stop(loaded, ending(Exit::LimitExceeded, "no-signals", message, None)));
        }
    };
    let result = match ready {
        Ok(()) => loaded.and_then(|loaded| stages(args, loaded, (&context, &signals), held)),
        Err(ending) => stop(loaded, ending),
    };
    // Where no component ran, a signal could still end the run.
    let mut result = match signals.decide() {
        Some(exit) => stop_concluded(result, crate::conclude::cancelled(exit)),
        None => result,
    };
    if let Ok(done) = &mut result
        && signals.caught()
    {
        done.facts.note(Level::Notice, "the signal to stop came when the run was ending already".to_owned());
    }
    let exit = context.finish(result);
    signals.pass_on(exit);
    exit
}

/// Ends a run that has loaded its step, or keeps the facts of one that ended before.
fn stop<T>(loaded: Stage<Loaded>, ending: RunEnd) -> Stage<T> {
    match loaded {
        Ok(loaded) => loaded.facts.stop(ending),
        Err(stopped) => stopped.facts.stop(ending),
    }
}

/// Ends a run with another ending, with the facts that it has.
fn stop_concluded(result: Stage<Concluded>, ending: RunEnd) -> Stage<Concluded> {
    match result {
        Ok(done) => done.facts.stop(ending),
        Err(stopped) => stopped.facts.stop(ending),
    }
}

/// Has a signal end the run with a receipt, from now on.
fn listen(context: &Arc<RunContext>) -> std::io::Result<Signals> {
    let context = Arc::clone(context);
    Signals::listen(move |exit| {
        context.finish(Err(crate::conclude::cancelled(exit).into()));
    })
}

/// The stages of the run.
fn stages(
    args: &RunArgs,
    loaded: Loaded,
    (context, signals): (&RunContext, &Signals),
    held: Held,
) -> Stage<Concluded> {
    let voice = &context.voice;
    let mut resolved = loaded.resolve(args).inspect_err(|stopped| conceal(voice, stopped))?;
    let secrets = resolved.inputs().iter().flat_map(|(_, value)| secret::found_in(value)).collect();
    if let Err(error) = voice.learn(&secrets) {
        return resolved.stop(ending(Exit::Invalid, "bad-input", error.to_string(), None));
    }
    if let Some(warning) = secrets_in_inputs(resolved.inputs(), voice) {
        resolved.note(Level::Warning, warning);
    }
    resolved.grant(args)?.execute(args, (context, signals), held)?.conclude(args, signals)
}

/// The warning about inputs that hold a secret of the job: a step may send its inputs on, for example in a commit message.
fn secrets_in_inputs(inputs: &Inputs, voice: &Voice) -> Option<String> {
    let holds = |value: &serde_json::Value| {
        let text = value.to_string();
        voice.redact(&text) != text
    };
    let names = inputs.iter().filter(|(_, value)| holds(value)).map(|(name, _)| format!("`{name}`"));
    let names: Vec<String> = names.collect();
    let message = format!(
        "inputs that hold a secret of the job: {}. The log hides it, and the step may send it where the inputs say",
        names.join(", ")
    );
    (!names.is_empty()).then_some(message)
}

/// Hides the secrets in messages about a wrong command line or input.
fn conceal(voice: &Voice, stopped: &Stopped) {
    let notes = stopped.facts.notes.iter().map(|note| &note.message);
    let texts = notes.chain([&stopped.ending.message]);
    // It fails only for a text of hundreds of megabytes, and these were cut.
    let _ = voice.learn(&texts.flat_map(|text| secret::found(text)).collect());
}

/// The writer of this run's log, outputs and files.
fn reporter(args: &RunArgs, secrets: &Secrets, environment: &Environment) -> Result<Voice, String> {
    let stream = if args.json { Stream::Stderr } else { Stream::Stdout };
    let manner = Manner {
        platform: environment.platform,
        stream,
        verbose: args.verbose,
        is_ci: environment.is_ci,
        masks: environment.is_github,
    };
    let voice = Voice::new(manner, &args.step, &secrets.values(), &args.workspace)
        .map_err(|error| error.to_string())?;
    if args.verbose {
        trace::start(&voice);
    }
    Ok(voice)
}

/// What is to be said of secrets that are not looked for.
fn about(secrets: &Secrets) -> Vec<Note> {
    let note = |level, names: Vec<&str>, what: &str| {
        let message = format!("{what}: {}", names.join(", "));
        (!names.is_empty()).then_some(Note { level, message, location: None })
    };
    let missing = secrets.missing().iter().map(String::as_str).collect();
    let too_short = "LOCKSTEP_SECRETS names variables whose values have fewer than 4 bytes, which are too short to be hidden";
    let common = "the values of these variables are too short or too common to be starred";
    [
        note(Level::Warning, missing, "LOCKSTEP_SECRETS names variables that are not set or empty"),
        note(Level::Warning, secrets.short(), too_short),
        note(Level::Debug, secrets.common(), common),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Enough of a description to read the options of a run that cannot start.
fn nothing_known(step: &str) -> StepInfo {
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
