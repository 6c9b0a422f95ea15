//! The fourth stage: opens the workspace, makes the clients and runs the component until it ends or reaches a limit.

use super::context::RunContext;
use super::grant::GrantedStep;
use super::own_files;
use crate::args::RunArgs;
use crate::connect::{self, ClientConfigs, JobCredentials};
use crate::reporter::Reporter;
use crate::run_facts::{RunFacts, StageResult};
use crate::signals::Signals;
use crate::workspace;
use lockstep_cluster::Cluster;
use lockstep_engine::guest::{GuestData, GuestExit, GuestResult};
use lockstep_engine::run::{Setup, run};
use lockstep_forge::Forges;
use lockstep_http::WebClient;
use lockstep_model::gate::Gate;
use lockstep_model::report::{Level, RunEnd};
use lockstep_objects::Objects;
use lockstep_repository::Repositories;
use lockstep_workspace::{OwnPaths, Workspace};
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// A step whose component has ended.
pub(crate) struct ExecutedStep {
    pub(super) facts: RunFacts,
    /// How the component ended.
    pub(super) ended: GuestExit,
    /// The workspace with the staged files; `None` if the host had to stop the component.
    pub(super) workspace: Option<Workspace>,
    /// The failure with which the step rejected its result.
    pub(super) rejected: Option<RunEnd>,
    /// The diff of branches, in a dry run.
    pub(super) diff: String,
}

/// The workspace of a run and the settings of its clients.
struct RunResources {
    workspace: Workspace,
    configs: ClientConfigs,
}

impl GrantedStep {
    /// Runs the component.
    pub(crate) fn execute(
        mut self,
        args: &RunArgs,
        (context, signals): (&RunContext, &Signals),
        credentials: JobCredentials,
    ) -> StageResult<ExecutedStep> {
        let resources = match self.open(args, context, credentials) {
            Ok(resources) => resources,
            Err(ending) => return self.facts.stop(ending),
        };
        let gate = Arc::new(Gate::new(self.grant().clone(), *self.limits()));
        let setup = self.setup(args, resources, &gate, (context, signals));
        // The process ends soon, and freeing the memory of the code takes a twentieth of a short run.
        let step = ManuallyDrop::new(self.step);
        signals.running();
        let GuestResult { exit: ended, data } = run(&step, setup);
        let mut facts = self.facts;
        facts.log = gate.log();
        let Some(data) = data else {
            return Ok(ExecutedStep { facts, ended, workspace: None, rejected: None, diff: String::new() });
        };
        let GuestData { workspace, objects, diff, notes, summary, printed, rejected } = data;
        // A failure after this point undoes files, which are staged, but no changes of objects.
        facts.objects = objects;
        facts.step_notes.extend(notes);
        facts.summary.extend(summary);
        show_printed(printed, &mut facts, &context.reporter);
        Ok(ExecutedStep { facts, ended, workspace: Some(workspace), rejected, diff })
    }

    /// Opens the workspace and makes the settings of the clients.
    fn open(
        &mut self,
        args: &RunArgs,
        context: &RunContext,
        credentials: JobCredentials,
    ) -> Result<RunResources, RunEnd> {
        let own = own_files::list(args, context, credentials.files(), &mut self.facts);
        let purpose = workspace::purpose(args.dry_run, self.grant());
        let opened = Workspace::open(&args.workspace, self.limits(), &own, purpose)
            .map_err(|error| workspace::workspace_failure(&error))?;
        if let Some((note, restored)) = opened.recovery().map(workspace::recovery_note) {
            self.facts.notes.push(note);
            self.facts.restored = restored;
        }
        let is_stdin_taken = args.inputs_file.as_deref() == Some("-");
        let workspace = if is_stdin_taken { opened.without_stdin() } else { opened };
        let mut configs = connect::client_configs(credentials, self.inputs(), &self.connect, args)?;
        configs.objects.own_files = OwnPaths::new(&own);
        let skipped = connect::skipped_programs(&configs, &self.linked);
        self.facts.notes.extend(skipped);
        Ok(RunResources { workspace, configs })
    }

    fn setup(
        &self,
        args: &RunArgs,
        resources: RunResources,
        gate: &Arc<Gate>,
        (context, signals): (&RunContext, &Signals),
    ) -> Setup {
        let RunResources { workspace, configs } = resources;
        Setup {
            inputs: self.inputs().clone(),
            granted: self.linked.clone(),
            gate: Arc::clone(gate),
            workspace,
            objects: Objects::new(configs.objects, self.limits(), args.dry_run),
            web: WebClient::new(configs.http, self.limits()),
            cluster: Cluster::new(configs.cluster, self.limits(), args.dry_run),
            repositories: Repositories::new(configs.repository, args.dry_run),
            forges: Forges::new(configs.forge, args.dry_run),
            live: Box::new(context.reporter.clone()),
            cancel: signals.cancel(),
        }
    }
}

/// Writes what the component printed to the log.
fn show_printed(mut printed: Vec<u8>, facts: &mut RunFacts, reporter: &Reporter) {
    let limit = facts.limits.printed_bytes;
    let is_cut = printed.len() >= limit;
    if is_cut {
        // This character tells the redactor that the text may end inside a secret.
        printed.extend_from_slice("…".as_bytes());
    }
    // If nobody reads the log, the run still counts.
    let _ = reporter.print_output(&printed);
    if is_cut {
        facts.note(
            Level::Warning,
            format!("the component printed more than {limit} bytes; the log has only the first {limit}"),
        );
    }
}
