//! `lockstep run`: from the command line to the exit code. Whatever happens in between, the platform gets its
//! outputs and its result, and the run leaves its receipt.

use super::{complain, usage};
use crate::args::{self, RunArgs};
use crate::conclude::{self, bug, ending};
use crate::connect::{self, Held};
use crate::credential_files::{self, Named};
use crate::environment::{self, Environment};
use crate::prepare::{self, Known, Subject};
use crate::receipt::{self, Place};
use crate::secrets::Secrets;
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
use lockstep_model::outputs::Output;
use lockstep_model::report::{Change, Ending, Level, Note, Report};
use lockstep_model::secret;
use lockstep_objects::Objects;
use lockstep_repository::Repositories;
use lockstep_workspace::{Committed, Workspace};
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::Arc;

/// What a run that did its work leaves.
#[derive(Default)]
struct Work {
    outputs: Vec<Output>,
    changes: Vec<Change>,
    /// The files that are in place, and that the next run takes back until this is finished.
    committed: Option<Committed>,
    diff: Option<String>,
    /// How it ends all the same, where the step says no.
    rejected: Option<Ending>,
}

/// Runs the step that the command line names. A `mistake` in the command line ends it, as any other run ends.
pub(super) fn main(step: &str, words: &[String], secrets: Secrets, mistake: Option<Ending>) -> Exit {
    let mut known = Known::default();
    let subject = mistake.map_or_else(|| prepare::subject(step, &mut known), Err);
    let (args, subject) = match read(step, words, subject) {
        Ok(read) => read,
        Err(help) => return usage(&help),
    };
    let (environment, subject) = match Environment::read(args.platform.as_deref()) {
        Ok(environment) => (environment, subject),
        Err(problem) => (Environment::detected(), subject.and(Err(bad_usage(problem, step)))),
    };
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
    let place = Place::choose(args, environment.platform);
    let result = match &place {
        Ok(place) => subject.and_then(|subject| carry_out(args, subject, &mut known, (voice, place), held)),
        Err(problem) => Err(ending(Exit::Invalid, "bad-receipt", problem.clone(), None)),
    };
    if let Err(ending) = &result {
        // What was wrong with an input shows some of it. Where that could not be learned there is no such text.
        let texts = [Some(&ending.message), ending.hint.as_ref()].into_iter().flatten();
        let shown =
            texts.chain(known.notes.iter().map(|note| &note.message)).flat_map(|text| secret::found(text));
        let _ = voice.learn(&shown.collect());
    }
    let (ending, mut work) = match result {
        Ok(mut work) => (work.rejected.take().unwrap_or_else(|| done(&work, args.plan, &known)), work),
        Err(ending) => (ending, Work { changes: std::mem::take(&mut known.put_back), ..Work::default() }),
    };
    let committed = work.committed.take();
    let mut report = Report {
        step: voice.step().to_owned(),
        ending,
        planned: args.plan,
        outputs: work.outputs,
        notes: Vec::new(),
        summary: std::mem::take(&mut known.summary),
        changes: work.changes,
        objects: std::mem::take(&mut known.objects),
        diff: work.diff,
        receipt: None,
    };
    let shown = voice.shown(&report.outputs);
    let platform = environment.platform;
    let written =
        place.ok().map(|place| receipt::write(&place, &report, &shown, &known, voice, platform, started));
    if let Some((digest, problem)) = written {
        report.receipt = Some(digest);
        known.notes.extend(problem);
    }
    voice.notes(&known.notes);
    report.notes.append(&mut known.heard);
    report.notes.append(&mut known.notes);
    let exit = report.ending.exit;
    let told = voice.close(&report, &shown).map_err(|error| {
        complain(&format!("the outputs could not be handed over: {error}"));
    });
    // Only now: a run that is killed before this is taken back by the next one, which then does and tells it all.
    let kept = committed.map_or(Ok(()), Committed::finish).map_err(|error| {
        complain(&format!("the files are changed, and {error}"));
        complain(
            "hint: `lockstep recover --finish` keeps them; without that the next run puts the old ones back",
        );
    });
    if exit == Exit::Done && told.and(kept).is_err() { Exit::Invalid } else { exit }
}

/// The run itself.
fn carry_out(
    args: &RunArgs,
    subject: Subject,
    known: &mut Known,
    (voice, place): (&Voice, &Place),
    held: Held,
) -> Result<Work, Ending> {
    // The process ends soon: giving the memory of the code back takes a twentieth of a short run.
    let subject = ManuallyDrop::new(subject);
    prepare::inputs(args, &subject.info.inputs, known)?;
    let shown = known.inputs.iter().flat_map(|(_, value)| secret::found_in(value)).collect();
    voice.learn(&shown).map_err(|error| ending(Exit::Invalid, "bad-input", error.to_string(), None))?;
    prepare::grant(args, &subject, known)?;
    let own = own_files(args, place, voice, held.files(), known);
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
    };
    let Outcome { ended, remains } = run(&subject.step, setup);
    known.log = gate.log();
    // Objects are there whatever comes after, unlike files, which are staged.
    if let Some(remains) = &remains {
        known.objects.clone_from(&remains.objects);
    }
    let diff = remains.as_ref().map(|remains| remains.diff.clone()).unwrap_or_default();
    let remains = remains.map(|remains| heard(remains, known, voice));
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

/// Keeps what the component said, and shows what it printed.
fn heard(remains: Remains, known: &mut Known, voice: &Voice) -> (Workspace, Option<Ending>) {
    known.heard.extend(remains.notes);
    known.summary.extend(remains.summary);
    // The log is gone; the run is not worth less for it.
    let _ = voice.printed(&remains.printed);
    let most = known.limits.printed_bytes;
    if remains.printed.len() >= most {
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
    let changes = workspace::all_changes(committed.changes.clone(), &known.put_back);
    Ok(Work { changes, committed: Some(committed), ..Work::default() })
}

fn done(work: &Work, planned: bool, known: &Known) -> Ending {
    let (files, objects) = (work.changes.len(), known.objects.len());
    let verb = if planned { "would change" } else { "changed" };
    let message = match (files, objects) {
        (0, 0) if known.grant.only_reads() => "done".to_owned(),
        (0, 0) => "nothing to change".to_owned(),
        (files, 0) => format!("{verb} {}", counted(files, "file")),
        (0, objects) => format!("{verb} {}", counted(objects, "object")),
        (files, objects) => format!("{verb} {} and {}", counted(files, "file"), counted(objects, "object")),
    };
    ending(Exit::Done, "done", message, None)
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The files of the platform and of this run, and those that hold credentials of the job: where they lie in the workspace,
/// no step may touch them. Those with credentials are named to the user.
fn own_files(
    args: &RunArgs,
    place: &Place,
    voice: &Voice,
    secrets: Vec<Named>,
    known: &mut Known,
) -> Vec<PathBuf> {
    const PLATFORM: [&str; 5] =
        ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"];
    let platform = PLATFORM.into_iter().filter_map(environment::path).chain(voice.files());
    let given = [args.policy.as_ref(), args.inputs_file.as_ref()].into_iter().flatten().map(PathBuf::from);
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
    platform.chain(given).chain(place.path()).chain(secrets).collect()
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
    let common = "the values of these variables are too short or too common to be starred";
    [
        note(Level::Warning, missing, "LOCKSTEP_SECRETS names variables that are not set"),
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
