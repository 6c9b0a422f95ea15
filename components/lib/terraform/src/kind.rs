//! Recognises the kind of a document of Terraform, OpenTofu or Pulumi by its top-level keys. It does not look at values.

use std::collections::BTreeSet;
use std::fmt;

/// The kind of a JSON document that Terraform, OpenTofu or Pulumi prints or stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// `show -json PLANFILE`.
    Plan,
    /// The parts of a plan without `format_version`, as another program may write them.
    UnversionedPlan,
    /// `show -json` of a state.
    State,
    /// `output -json`.
    Outputs,
    /// A line of the log that `plan -json` and `apply -json` print.
    Log,
    /// A state file as a backend stores it.
    StateFile,
    /// `.terraform/terraform.tfstate`, in which `init` keeps the settings of the backend.
    BackendSettings,
    /// `providers schema -json`.
    ProviderSchemas,
    /// `metadata functions -json`.
    Functions,
    /// `validate -json`.
    Validation,
    /// `version -json`.
    Version,
    /// `workspace list -json`.
    Workspaces,
    /// `modules -json`.
    Modules,
    /// `show -json` of a configuration.
    Configuration,
    /// Only diagnostics, which a command prints that failed.
    Diagnostics,
    /// `pulumi preview --json`.
    PulumiPreview,
    /// `pulumi stack export`.
    PulumiStack,
    /// A document with a `format_version` and keys that Lockstep does not know.
    Unknown,
}

/// The keys that only a plan has.
const PLAN: [&str; 5] =
    ["resource_changes", "planned_values", "output_changes", "resource_drift", "prior_state"];

/// Keys that only one kind of document with a `format_version` has.
const VERSIONED: [(&str, DocumentKind); 6] = [
    ("provider_schemas", DocumentKind::ProviderSchemas),
    ("function_signatures", DocumentKind::Functions),
    ("valid", DocumentKind::Validation),
    ("workspaces", DocumentKind::Workspaces),
    ("modules", DocumentKind::Modules),
    ("root_module", DocumentKind::Configuration),
];

/// The keys of a state without resources and outputs: `show -json` leaves `values` out.
const EMPTY_STATE: [&str; 3] = ["format_version", "terraform_version", "checks"];

/// All keys of a preview. Pulumi leaves out those without a value.
const PREVIEW: [&str; 6] = ["config", "steps", "diagnostics", "duration", "changeSummary", "maybeCorrupt"];

impl DocumentKind {
    /// Returns the kind of a document with these top-level keys. `has_version` means that `format_version` is a string; in
    /// `output -json`, `format_version` can be the name of an output, and then it is an object.
    pub fn from_keys<'a>(has_version: bool, keys: impl IntoIterator<Item = &'a str>) -> Self {
        let keys: BTreeSet<&str> = keys.into_iter().collect();
        if has_version { Self::of_versioned(&keys) } else { Self::of_unversioned(&keys) }
    }

    fn of_versioned(keys: &BTreeSet<&str>) -> Self {
        if PLAN.iter().any(|key| keys.contains(key)) {
            return Self::Plan;
        }
        if let Some((_, kind)) = VERSIONED.iter().find(|(key, _)| keys.contains(key)) {
            return *kind;
        }
        // A document without outputs must be a state: an unknown document must not pass as one without outputs.
        if keys.contains("values") || keys.iter().all(|key| EMPTY_STATE.contains(key)) {
            return Self::State;
        }
        if keys.contains("diagnostics") { Self::Diagnostics } else { Self::Unknown }
    }

    fn of_unversioned(keys: &BTreeSet<&str>) -> Self {
        let has = |key: &str| keys.contains(key);
        let any = |all: &[&str]| all.iter().any(|key| keys.contains(key));
        // No name of an output contains `@`.
        if any(&["@level", "@message"]) {
            Self::Log
        } else if has("resource_changes") || has("terraform_version") && any(&PLAN) {
            Self::UnversionedPlan
        } else if has("valid") && any(&["error_count", "diagnostics"]) {
            Self::Validation
        } else if has("terraform_version") && any(&["platform", "provider_selections"]) {
            Self::Version
        } else if has("version") && has("deployment") {
            Self::PulumiStack
        } else if any(&["steps", "changeSummary", "diagnostics", "maybeCorrupt"])
            && keys.iter().all(|key| PREVIEW.contains(key))
        {
            Self::PulumiPreview
        } else if has("version") && has("backend") {
            Self::BackendSettings
        } else if any(&["lineage", "terraform_version"])
            || has("version") && any(&["serial", "modules", "resources"])
        {
            Self::StateFile
        } else {
            Self::Outputs
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Plan => "a plan",
            Self::UnversionedPlan => "a plan without its `format_version`",
            Self::State => "a state",
            Self::Outputs => "outputs",
            Self::Log => "the log of `plan -json` or `apply -json`",
            Self::StateFile => "a state file as a backend stores it",
            Self::BackendSettings => "the settings of a backend, which `init` keeps in `.terraform`",
            Self::ProviderSchemas => "the schemas of providers, from `providers schema -json`",
            Self::Functions => "a list of functions, from `metadata functions -json`",
            Self::Validation => "the result of `validate -json`",
            Self::Version => "the version of the program, from `version -json`",
            Self::Workspaces => "a list of workspaces, from `workspace list -json`",
            Self::Modules => "a list of modules, from `modules -json`",
            Self::Configuration => "a configuration",
            Self::Diagnostics => "the diagnostics of a command that failed",
            Self::PulumiPreview => "a preview of Pulumi",
            Self::PulumiStack => "a stack of Pulumi, from `pulumi stack export`",
            Self::Unknown => "a document of an unknown kind",
        })
    }
}

/// Whether Lockstep can read documents of this `format_version`, such as `1.2`. A higher minor version only adds keys; another
/// major version may change their meaning.
pub fn is_known_version(version: &str) -> bool {
    let major = version.split_once('.').map_or(version, |(major, _)| major);
    matches!(major, "0" | "1")
}
