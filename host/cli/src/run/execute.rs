//! The fourth stage: opens the workspace, connects the clients and runs the component to its end or to its limits.

use super::context::RunContext;
use super::grant::Granted;
use super::own_files;
use crate::args::RunArgs;
use crate::connect::{self, Connections, Held};
use crate::facts::{Facts, Stage};
use crate::signals::Signals;
use crate::voice::Voice;
use crate::workspace;
use lockstep_cluster::Cluster;
use lockstep_engine::guest::{GuestData, GuestExit, GuestResult};
use lockstep_engine::run::{Setup, run};
use lockstep_forge::Forges;
use lockstep_http::Web;
use lockstep_model::gate::Gate;
use lockstep_model::report::{Level, RunEnd};
use lockstep_objects::Objects;
use lockstep_repository::Repositories;
use lockstep_workspace::Workspace;
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// A run whose component has ended.
pub(crate) struct Executed {
    pub(super) facts: Facts,
    /// How the component ended.
    pub(super) ended: GuestExit,
    /// The files, with what is staged; none if the component did not come back.
    pub(super) workspace: Option<Workspace>,
    /// The failure with which the step rejected its result.
    pub(super) rejected: Option<RunEnd>,
    /// The diff of branches, in a dry run.
    pub(super) diff: String,
}

/// Where a run may act.
struct Place {
    workspace: Workspace,
    connections: Connections,
}

impl Granted {
    /// Runs the component.
    pub(crate) fn execute(
        mut self,
        args: &RunArgs,
        (context, signals): (&RunContext, &Signals),
        held: Held,
    ) -> Stage<Executed> {
        let place = match self.open(args, context, held) {
            Ok(place) => place,
            Err(ending) => return self.facts.stop(ending),
        };
        let gate = Arc::new(Gate::new(self.grant().clone(), *self.limits()));
        let setup = self.setup(args, place, &gate, (context, signals));
        // The process ends soon: giving the memory of the code back takes a twentieth of a short run.
        let step = ManuallyDrop::new(self.step);
        signals.running();
        let GuestResult { exit: ended, data } = run(&step, setup);
        let mut facts = self.facts;
        facts.log = gate.log();
        let Some(data) = data else {
            return Ok(Executed { facts, ended, workspace: None, rejected: None, diff: String::new() });
        };
        let GuestData { workspace, objects, diff, notes, summary, printed, rejected } = data;
        // Changes of objects stay whatever comes after; files are staged.
        facts.objects = objects;
        facts.step_notes.extend(notes);
        facts.summary.extend(summary);
        show_printed(printed, &mut facts, &context.voice);
        Ok(Executed { facts, ended, workspace: Some(workspace), rejected, diff })
    }

    /// Opens the workspace and connects the clients.
    fn open(&mut self, args: &RunArgs, context: &RunContext, held: Held) -> Result<Place, RunEnd> {
        let own = own_files::list(args, context, held.files(), &mut self.facts);
        let purpose = workspace::purpose(args.dry_run, self.grant());
        let opened = Workspace::open(&args.workspace, self.limits(), &own, purpose)
            .map_err(|error| workspace::refused(&error))?;
        if let Some((note, restored)) = opened.recovery().map(workspace::recovery) {
            self.facts.notes.push(note);
            self.facts.restored = restored;
        }
        let is_stdin_taken = args.inputs_file.as_deref() == Some("-");
        let workspace = if is_stdin_taken { opened.without_stdin() } else { opened };
        let connections = connect::connections(held, self.inputs(), &self.connect, args)?;
        let passed_over = connect::passed_over(&connections, &self.linked);
        self.facts.notes.extend(passed_over);
        Ok(Place { workspace, connections })
    }

    fn setup(
        &self,
        args: &RunArgs,
        place: Place,
        gate: &Arc<Gate>,
        (context, signals): (&RunContext, &Signals),
    ) -> Setup {
        let Place { workspace, connections } = place;
        Setup {
            inputs: self.inputs().clone(),
            granted: self.linked.clone(),
            gate: Arc::clone(gate),
            workspace,
            objects: Objects::new(connections.objects, self.limits(), args.dry_run),
            web: Web::new(connections.http, self.limits()),
            cluster: Cluster::new(connections.cluster, self.limits(), args.dry_run),
            repositories: Repositories::new(connections.repository, args.dry_run),
            forges: Forges::new(connections.forge, args.dry_run),
            live: Box::new(context.voice.clone()),
            cancel: signals.cancel(),
        }
    }
}

/// Shows what the component printed to its standard output and error.
fn show_printed(mut printed: Vec<u8>, facts: &mut Facts, voice: &Voice) {
    let limit = facts.limits.printed_bytes;
    let is_cut = printed.len() >= limit;
    if is_cut {
        // The redactor knows a piece of a secret by this character.
        printed.extend_from_slice("…".as_bytes());
    }
    // If nobody reads the log any more, the run still counts.
    let _ = voice.printed(&printed);
    if is_cut {
        facts
            .note(Level::Warning, format!("the component printed more than {limit} bytes; the rest is lost"));
    }
}
