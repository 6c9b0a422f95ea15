//! The third stage: reads the policy and decides what the run may do. A component that imports more than that ends the
//! run here, before it runs.

use super::resolve::ResolvedStep;
use crate::args::RunArgs;
use crate::builtin::{self, Builtin};
use crate::document;
use crate::run_facts::{RunFacts, StageResult};
use crate::verdict::{run_end, unknown_import};
use lockstep_engine::imports::Imports;
use lockstep_engine::load::Step;
use lockstep_model::capability::Capability;
use lockstep_model::connect::Connect;
use lockstep_model::digest::Digest;
use lockstep_model::grant::{Ceiling, Grant, Permission};
use lockstep_model::host_code::HostCode;
use lockstep_model::info::StepInfo;
use lockstep_model::inputs::Inputs;
use lockstep_model::limits::Limits;
use lockstep_model::near;
use lockstep_model::permissions;
use lockstep_model::policy::{self, Policy};
use lockstep_model::render::Verbosity;
use lockstep_model::report::{Level, RunEnd};
use std::collections::BTreeMap;
use std::path::Path;

/// A step with its inputs and its grant.
pub(crate) struct GrantedStep {
    pub(super) step: Step,
    pub(super) facts: RunFacts,
    /// The capabilities that the engine links.
    pub(super) linked: Vec<Capability>,
    /// The inputs that configure clients of the host.
    pub(super) connect: Connect,
}

/// The grant of a run, its budgets, and the inputs that configure clients.
struct GrantDecision {
    grant: Grant,
    limits: Limits,
    connect: Connect,
}

impl ResolvedStep {
    /// Reads the policy, and makes the grant.
    pub(crate) fn grant(self, args: &RunArgs) -> StageResult<GrantedStep> {
        let Self { info, step, is_builtin, digest, mut facts } = self;
        let decided = decide(args, (&info, &step, is_builtin, digest), &mut facts);
        let GrantDecision { grant, limits, connect } = match decided {
            Ok(decision) => decision,
            Err(ending) => return facts.stop(ending),
        };
        let linked = linked(&info, is_builtin, &grant);
        let checked = check_imports(&info.name, &step.imports, &linked, &grant);
        (facts.grant, facts.limits) = (grant, limits);
        match checked {
            Ok(()) => Ok(GrantedStep { step, facts, linked, connect }),
            Err(ending) => facts.stop(ending),
        }
    }
}

impl GrantedStep {
    /// The typed inputs.
    pub(crate) fn inputs(&self) -> &Inputs {
        &self.facts.inputs
    }

    /// What the run may do.
    pub(crate) fn grant(&self) -> &Grant {
        &self.facts.grant
    }

    /// Its budgets.
    pub(crate) fn limits(&self) -> &Limits {
        &self.facts.limits
    }
}

fn decide(
    args: &RunArgs,
    (info, step, is_builtin, digest): (&StepInfo, &Step, bool, Digest),
    facts: &mut RunFacts,
) -> Result<GrantDecision, RunEnd> {
    let policy = args.policy.as_deref().map(|path| read_policy(path, &args.workspace)).transpose()?;
    facts.policy = policy.as_ref().map(|policy| policy.digest);
    if let Some(policy) = &policy {
        note_unknown_steps(policy, facts);
    }
    if let Some(name) = step.imports.unknown.first() {
        return Err(unknown_import(&format!(
            "the component imports `{name}`, which the host does not offer"
        )));
    }
    let invalid = |error: &dyn std::fmt::Display| run_end(HostCode::BadPolicy, error.to_string(), None);
    if is_builtin {
        let requested = permissions::fill(&info.permissions, &facts.inputs)
            .map_err(|error| run_end(HostCode::BadInput, error.to_string(), None))?;
        let ceilings = match &policy {
            Some(policy) => {
                let rights = policy.bound(&info.name, &facts.inputs).map_err(|error| invalid(&error))?;
                vec![Ceiling { source: policy.source.clone(), rights }]
            }
            None => Vec::new(),
        };
        let grant = Grant { requested, ceilings, policy: None };
        return Ok(GrantDecision { grant, limits: info.limits.applied(), connect: info.connect.clone() });
    }
    let entry = policy.as_ref().and_then(|policy| Some((policy, policy.component(digest)?)));
    let (policy, entry) = entry.ok_or_else(|| not_allowed(digest, &step.imports, args, facts))?;
    let requested = policy.grant(entry, &facts.inputs).map_err(|error| invalid(&error))?;
    let has_input = |name: &str| info.inputs.iter().any(|input| input.name == name);
    entry.connect.check(has_input).map_err(|error| invalid(&error))?;
    let grant = Grant { requested, ceilings: Vec::new(), policy: Some(policy.source.clone()) };
    Ok(GrantDecision { grant, limits: entry.limits.applied(), connect: entry.connect.clone() })
}

/// Warns about names in the policy that no step has. The step that the author meant can then reach nothing.
fn note_unknown_steps(policy: &Policy, facts: &mut RunFacts) {
    for name in policy.steps().filter(|name| Builtin::find(name).is_none()) {
        let near = near::question(name, builtin::names()).map(|near| format!("; {near}")).unwrap_or_default();
        let problem = "restricts a step that this version of lockstep does not have";
        facts.note(Level::Warning, format!("{} {problem}: `{name}`{near}", policy.source));
    }
}

/// The capabilities that the engine links: those on which the run has a right, and those that a built-in step can
/// request but does not use with these inputs. The gate denies every call of the latter.
fn linked(info: &StepInfo, is_builtin: bool, grant: &Grant) -> Vec<Capability> {
    let requests = |capability: &Capability| {
        is_builtin && info.permissions.keys().any(|name| *name == capability.name())
    };
    let is_linked = |capability: &Capability| {
        let among = |rights: &[Permission]| rights.iter().any(|right| right.capability == *capability);
        match among(&grant.requested) {
            true => grant.ceilings.iter().all(|ceiling| among(&ceiling.rights)),
            false => requests(capability),
        }
    };
    Capability::ALL.into_iter().filter(is_linked).collect()
}

/// Checks that the engine links every imported capability.
fn check_imports(step: &str, imports: &Imports, linked: &[Capability], grant: &Grant) -> Result<(), RunEnd> {
    let Some(missing) = imports.capabilities.keys().find(|capability| !linked.contains(capability)) else {
        return Ok(());
    };
    let name = missing.name();
    if let Some(Ceiling { source, .. }) = grant.ceilings.iter().find(|ceiling| ceiling.rights.is_empty()) {
        let message = format!("{source} allows `{step}` nothing");
        let hint = format!("to allow it, add `{step}: {}` under `steps` in {source}", policy_lines(grant));
        return Err(run_end(HostCode::NotGranted, message, Some(hint)));
    }
    let hint = match grant.ceilings.first() {
        Some(ceiling) => format!("to allow it, add `{name}: [...]` for this step in {}", ceiling.source),
        None => format!("to allow it, add `{name}: [...]` under `allow` of this component in the policy"),
    };
    let message = format!("the component imports `{name}`, and this run has no right on it");
    Err(run_end(HostCode::NotGranted, message, Some(hint)))
}

/// The permissions that the step requests, as a policy has them: `{workspace: ["read plan.json"]}`.
fn policy_lines(grant: &Grant) -> String {
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for right in &grant.requested {
        lines.entry(right.capability.name()).or_default().push(format!("\"{}\"", right.line()));
    }
    let lines = lines.iter().map(|(capability, lines)| format!("{capability}: [{}]", lines.join(", ")));
    format!("{{{}}}", lines.collect::<Vec<_>>().join(", "))
}

fn read_policy(path: &str, workspace: &Path) -> Result<Policy, RunEnd> {
    let invalid = |message: String| run_end(HostCode::BadPolicy, message, None);
    let text = document::read("the policy", path, workspace).map_err(invalid)?;
    Policy::parse(&text, path).map_err(|error| invalid(error.to_string()))
}

/// Denies a component from a file without an entry in a policy. A note shows the policy that allows it.
fn not_allowed(digest: Digest, imports: &Imports, args: &RunArgs, facts: &mut RunFacts) -> RunEnd {
    let place = args.policy.as_deref().unwrap_or("a policy file");
    facts.note(
        Level::Notice,
        format!(
            "this policy allows every call of the component; narrow its patterns:\n{}",
            policy::suggest(digest, &imports.permissions())
        ),
    );
    let message = match &args.policy {
        Some(path) => format!("{path} has no entry for this component"),
        None => "a component that is not built in runs only under a policy".into(),
    };
    let hint = match args.verbosity {
        Verbosity::Quiet => "run it without --quiet: the log then has a policy that allows it".to_owned(),
        _ => format!("to allow it, put the policy above in {place} and pass it with --policy"),
    };
    run_end(HostCode::NotAllowed, message, Some(hint))
}
