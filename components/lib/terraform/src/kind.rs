//! Recognises the kind of a Terraform document by its top-level keys. It does not look at values.

use std::fmt;

/// The kind of a JSON document that Terraform or OpenTofu prints or stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// `show -json PLANFILE`.
    Plan,
    /// `show -json` of a state.
    State,
    /// `output -json`.
    Outputs,
    /// A line of the log that `plan -json` and `apply -json` print.
    Log,
    /// A state file as a backend stores it.
    StateFile,
}

impl DocumentKind {
    /// Returns the kind of a document with these top-level keys. `has_version` means that `format_version` is a string; in
    /// `output -json`, `format_version` can be the name of an output, and then it is an object.
    pub fn from_keys<'a>(has_version: bool, keys: impl IntoIterator<Item = &'a str>) -> Self {
        let mut kind = if has_version { Self::State } else { Self::Outputs };
        for key in keys {
            match key {
                "resource_changes" | "planned_values" | "output_changes" | "resource_drift"
                | "prior_state"
                    if has_version =>
                {
                    return Self::Plan;
                }
                // No name of an output contains `@`.
                "@level" | "@message" => return Self::Log,
                "lineage" | "terraform_version" if !has_version => kind = Self::StateFile,
                _ => {}
            }
        }
        kind
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Plan => "a plan",
            Self::State => "a state",
            Self::Outputs => "outputs",
            Self::Log => "the log of `plan -json` or `apply -json`",
            Self::StateFile => "a state file as a backend stores it",
        })
    }
}

/// Whether Lockstep can read documents of this `format_version`, such as `1.2`. A higher minor version only adds keys; another
/// major version may change their meaning.
pub fn is_known_version(version: &str) -> bool {
    let major = version.split_once('.').map_or(version, |(major, _)| major);
    matches!(major, "0" | "1")
}
