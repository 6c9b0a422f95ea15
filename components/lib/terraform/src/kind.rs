//! Which document of Terraform this is, told by the keys at its top. Never looks at a value.

use std::fmt;

/// A document that Terraform or OpenTofu prints as JSON, or keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `show -json PLANFILE`.
    Plan,
    /// `show -json` of a state.
    State,
    /// `output -json`.
    Outputs,
    /// A line of the log that `plan -json` and `apply -json` print.
    Log,
    /// A state as a backend keeps it.
    StateFile,
}

impl Kind {
    /// The kind of a document with these keys at its top. `is_shown` says that `format_version` is a string: in
    /// `output -json` it could be the name of an output, whose value is an object.
    pub fn of<'a>(is_shown: bool, keys: impl IntoIterator<Item = &'a str>) -> Self {
        let mut kind = if is_shown { Self::State } else { Self::Outputs };
        for key in keys {
            match key {
                "resource_changes" | "planned_values" | "output_changes" | "resource_drift"
                | "prior_state"
                    if is_shown =>
                {
                    return Self::Plan;
                }
                // No name of an output has an `@`.
                "@level" | "@message" => return Self::Log,
                "lineage" | "terraform_version" if !is_shown => kind = Self::StateFile,
                _ => {}
            }
        }
        kind
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Plan => "a plan",
            Self::State => "a state",
            Self::Outputs => "outputs",
            Self::Log => "the log of `plan -json` or `apply -json`",
            Self::StateFile => "a state file as a backend keeps it",
        })
    }
}

/// Whether documents of this `format_version`, such as `1.2`, are known: a higher minor version only adds to them,
/// another major version may mean something else by the same words.
pub fn is_known_version(version: &str) -> bool {
    let major = version.split_once('.').map_or(version, |(major, _)| major);
    matches!(major, "0" | "1")
}
