//! `lockstep run`: from the command line to the exit code. Whatever happens in between, the platform gets its
//! outputs and its result, and the run leaves its receipt.

use super::{complain, usage};
use crate::args::{self, RunArgs};
use crate::closing::{Closing, Work};
use crate::conclude::{self, bug, ending};
use crate::connect::{self, Held};
use crate::credential_files::{self, Named};
use crate::environment::{self, Environment};
use crate::prepare::{self, Known, Subject};
use crate::receipt::Place;
use crate::secrets::Secrets;
use crate::signals::Signals;
use crate::trace;
use crate::voice::{self, Manner, Stream, Voice};
use crate::workspace;
use lockstep_cluster::Cluster;
use lockstep_engine::run::{Ended, Outcome, Remains, Setup, run};
use lockstep_forge::Forges;
use lockstep_http::Web;
use lockstep_model::exit::Exit;
use lockstep_model::gate::Gate;
use lockstep_model::info::{StepInfo, StepLimits};
use lockstep_model::report::{Ending, Level, Note};
use lockstep_model::secret;
use lockstep_objects::Objects;
use lockstep_repository::Repositories;
use lockstep_workspace::Workspace;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs the step that the command line names. A `mistake` in the command line ends it, as any other run ends.
pub(super) fn main(step: &str, words: &[String], secrets: Secrets, mistake: Option<Ending>) -> Exit {
    let mut known = Known::default();
    let subject = mistake.map_or_else(|| prepare::subject(step, &mut known), Err);
    let (mut args, subject) = match read(step, words, subject) {
        Ok(read) => read,
        Err(help) => return usage(&help),
    };
    let (environment, subject) = match Environment::read(args.platform.as_deref()) {
        Ok(environment) => (environment, subject),
        Err(problem) => (Environment::detected(), subject.and(Err(bad_usage(problem, step)))),
    };
    args.plan |= environment.plan;
    match speak(&args, &secrets, &environment) {
        Ok(voice) => {
            let held = connect::held(&secrets);
            known.notes.extend(about(&secrets));
            drop(secrets);
            answer(&args, subject, known, (&voice, &environment), held)
        }
        Err(message) => {
            complain(&message);
            Exit::Invalid
        }
    }
}

/// Reads the command line. Where it holds a mistake, or names no step, the options of `run` still count: they say
/// where the result and the receipt go.
fn read(
    step: &str,
    words: &[String],
    subject: Result<Subject, Ending>,
) -> Result<(RunArgs, Result<Subject, Ending>), clap::Error> {
    let ending = match subject {
        Ok(subject) => match args::command(&[(step, &subject.info)]).try_get_matches_from(words) {
            Ok(matches) => {
                return Ok((args::run_args(step, &subject.info, &matches), Ok(subject)));
            }
            Err(help) if help.exit_code() == 0 => return Err(help),
            Err(mistake) => {
                let text = mistake.to_string();
                let first = text.lines().next().unwrap_or_default();
                bad_usage(first.strip_prefix("error: ").unwrap_or(first).to_owned(), step)
            }
        },
        Err(ending) => ending,
    };
    let info = nothing_known(step);
    let command = args::command(&[(step, &info)]).ignore_errors(true);
    let matches = command.try_get_matches_from(args::own_words(step, words))?;
    Ok((args::run_args(step, &info, &matches), Err(ending)))
}

/// The ending of a command line that cannot be read.
pub(super) fn bad_usage(problem: String, step: &str) -> Ending {
    let hint = format!("`lockstep run {step} --help` lists the flags");
    ending(Exit::Invalid, "bad-usage", problem, Some(hint))
}

/// Carries the run out, and says how it ended on every path.
fn answer(
    args: &RunArgs,
    subject: Result<Subject, Ending>,
    mut known: Known,
    (voice, environment): (&Voice, &Environment),
    held: Held,
) -> Exit {
    let started = voice::now();
    if let Err(error) = voice.open() {
        complain(&error.to_string());
        return Exit::Invalid;
    }
    if let Err(mistake) = &subject {
        conceal(voice, mistake, &known);
    }
    let platform = environment.platform;
    let files = voice.check().map_err(|problem| ending(Exit::Invalid, "bad-file", problem, None));
    let place = Place::choose(args, platform, voice.own());
    let refused = |problem: &String| ending(Exit::Invalid, "bad-receipt", problem.clone(), None);
    let ready = files.and(place.as_ref().map(drop).map_err(refused));
    let (voice, place) = (voice.clone(), place.ok());
    let closing = Arc::new(Closing { voice, place, platform, planned: args.plan, started });
    let signals = listen(&closing);
    let result = match (ready, &signals) {
        (Err(ending), _) => Err(ending),
        (Ok(()), Err(error)) => {
            let message = format!("cannot listen for signals: {error}");
            Err(ending(Exit::Limit, "no-signals", message, None))
        }
        (Ok(()), Ok(signals)) => {
            subject.and_then(|subject| carry_out(args, subject, &mut known, (&closing, signals), held))
        }
    };
    let Ok(signals) = signals else { return closing.finish(known, result) };
    // Where no component ran, a signal could still end the run.
    let result = signals.decide().map_or(result, |exit| Err(conclude::cancelled(exit)));
    if signals.caught() && result.is_ok() {
        let message = "the signal to stop came when the run was ending already".to_owned();
        known.notes.push(Note { level: Level::Notice, message, at: None });
    }
    let exit = closing.finish(known, result);
    signals.pass_on(exit);
    exit
}

/// Has a signal end the run with a receipt, from now on.
fn listen(closing: &Arc<Closing>) -> std::io::Result<Signals> {
    let closing = Arc::clone(closing);
    Signals::listen(move |exit| {
        closing.finish(Known::default(), Err(conclude::cancelled(exit)));
    })
}

/// The run itself.
fn carry_out(
    args: &RunArgs,
    subject: Subject,
    known: &mut Known,
    (closing, signals): (&Closing, &Signals),
    held: Held,
) -> Result<Work, Ending> {
    let voice = &closing.voice;
    // The process ends soon: giving the memory of the code back takes a twentieth of a short run.
    let subject = ManuallyDrop::new(subject);
    prepare::inputs(args, &subject.info.inputs, known)
        .inspect_err(|mistake| conceal(voice, mistake, known))?;
    let shown = known.inputs.iter().flat_map(|(_, value)| secret::found_in(value)).collect();
    voice.learn(&shown).map_err(|error| ending(Exit::Invalid, "bad-input", error.to_string(), None))?;
    known.notes.extend(with_secrets(known, voice));
    prepare::grant(args, &subject, known)?;
    let own = own_files(args, closing, held.files(), known);
    let purpose = workspace::purpose(args.plan, &known.grant);
    let workspace = Workspace::open(&args.workspace, &known.limits, &own, purpose)
        .map_err(|error| workspace::refused(&error))?;
    if let Some((note, put_back)) = workspace.recovered().map(workspace::recovery) {
        known.notes.push(note);
        known.put_back = put_back;
    }
    let workspace =
        if args.inputs_file.as_deref() == Some("-") { workspace.without_stdin() } else { workspace };
    let gate = Arc::new(Gate::new(known.grant.clone(), known.limits));
    let connections = connect::connections(held, &known.inputs, args)?;
    let granted = prepare::linked(&subject, &known.grant);
    known.notes.extend(connect::passed_over(&connections, &granted));
    let setup = Setup {
        inputs: known.inputs.clone(),
        granted,
        gate: Arc::clone(&gate),
        workspace,
        objects: Objects::new(connections.objects, &known.limits, args.plan),
        web: Web::new(connections.http, &known.limits),
        cluster: Cluster::new(connections.cluster, &known.limits, args.plan),
        repositories: Repositories::new(connections.repository, args.plan),
        forges: Forges::new(connections.forge, args.plan),
        live: Box::new(voice.clone()),
        cancel: signals.cancel(),
    };
    signals.running();
    let Outcome { ended, remains } = run(&subject.step, setup);
    known.log = gate.log();
    // Objects are there whatever comes after, unlike files, which are staged.
    if let Some(remains) = &remains {
        known.objects.clone_from(&remains.objects);
    }
    let diff = remains.as_ref().map(|remains| remains.diff.clone()).unwrap_or_default();
    let remains = remains.map(|remains| heard(remains, known, voice));
    let cancelled = signals.decide().filter(|_| known.log.denial.is_none());
    if let Some(exit) = cancelled {
        return Err(conclude::cancelled(exit));
    }
    if let Some(ending) = conclude::verdict(&ended, &known.log) {
        return Err(ending);
    }
    match (ended, remains) {
        (Ended::Done(outputs), Some((workspace, rejected))) => {
            let rejected = rejected.map(|rejected| conclude::rejection(rejected, &known.log));
            Ok(Work { outputs, rejected, ..settle(args, workspace, &diff, known)? })
        }
        _ => Err(bug("the component ended in no known way")),
    }
}

/// Warns of inputs that hold a secret of the job: a step may send its inputs on, as the message of a commit.
fn with_secrets(known: &Known, voice: &Voice) -> Option<Note> {
    let holds = |value: &serde_json::Value| {
        let text = value.to_string();
        voice.redact(&text) != text
    };
    let names = known.inputs.iter().filter(|(_, value)| holds(value)).map(|(name, _)| format!("`{name}`"));
    let names: Vec<String> = names.collect();
    let message = format!(
        "inputs that hold a secret of the job: {}. The log hides it, and the step may send it where the inputs say",
        names.join(", ")
    );
    (!names.is_empty()).then_some(Note { level: Level::Warning, message, at: None })
}

/// Has the secrets hidden that show themselves in what is said of a wrong command line or input.
fn conceal(voice: &Voice, mistake: &Ending, known: &Known) {
    let texts = known.notes.iter().map(|note| &note.message).chain([&mistake.message]);
    // It fails only for a text of hundreds of megabytes, and these were cut.
    let _ = voice.learn(&texts.flat_map(|text| secret::found(text)).collect());
}

/// Keeps what the component said, and shows what it printed.
fn heard(remains: Remains, known: &mut Known, voice: &Voice) -> (Workspace, Option<Ending>) {
    known.heard.extend(remains.notes);
    known.summary.extend(remains.summary);
    let most = known.limits.printed_bytes;
    let is_cut = remains.printed.len() >= most;
    let mut printed = remains.printed;
    if is_cut {
        // By this a piece of a secret is known.
        printed.extend_from_slice("…".as_bytes());
    }
    // The log is gone; the run is not worth less for it.
    let _ = voice.printed(&printed);
    if is_cut {
        let message = format!("the component printed more than {most} bytes; the rest is lost");
        known.notes.push(Note { level: Level::Warning, message, at: None });
    }
    (remains.workspace, remains.rejected)
}

/// Puts what is staged in place, or with `--plan` only shows it.
fn settle(args: &RunArgs, workspace: Workspace, branches: &str, known: &mut Known) -> Result<Work, Ending> {
    if args.plan {
        let diff = workspace.plan_diff().map_err(|error| workspace::not_put(&error))? + branches;
        return Ok(Work { changes: workspace.changes(), diff: Some(diff), ..Work::default() });
    }
    let committed = workspace.commit().map_err(|error| workspace::not_put(&error))?;
    known.notes.extend(workspace::manner(&committed));
    let (changes, only_put_back) = workspace::all_changes(committed.changes.clone(), &known.put_back);
    Ok(Work { changes, only_put_back, committed: Some(committed), ..Work::default() })
}

/// The files of the platform and of this run, and those that hold credentials of the job: where they lie in the workspace,
/// no step may touch them. Those with credentials are named to the user.
fn own_files(args: &RunArgs, closing: &Closing, secrets: Vec<Named>, known: &mut Known) -> Vec<PathBuf> {
    const PLATFORM: [&str; 5] =
        ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"];
    let platform = PLATFORM.into_iter().filter_map(environment::path).chain(closing.voice.files());
    let given = [args.policy.as_ref(), args.inputs_file.as_ref()].into_iter().flatten().map(PathBuf::from);
    let receipt = closing.place.iter().filter_map(Place::path).map(Path::to_owned);
    let secrets = credential_files::all(&args.workspace, secrets);
    let inside = credential_files::inside(&args.workspace, &secrets);
    if !inside.is_empty() {
        let message = format!(
            "out of reach for this step, because they hold credentials of the job: {}",
            inside.join(", ")
        );
        known.notes.push(Note { level: Level::Notice, message, at: None });
    }
    let secrets = secrets.into_iter().map(|(_, path)| path);
    platform.chain(given).chain(receipt).chain(secrets).collect()
}

/// Who speaks for this run, and how.
fn speak(args: &RunArgs, secrets: &Secrets, environment: &Environment) -> Result<Voice, String> {
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
        (!names.is_empty()).then_some(Note { level, message, at: None })
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
        asks: std::collections::BTreeMap::new(),
        limits: StepLimits::default(),
        failures: Vec::new(),
        example: Vec::new(),
    }
}
