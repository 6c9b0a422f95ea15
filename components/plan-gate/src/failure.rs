//! The failure codes and errors of the step. Errors contain no value of the plan.

use lockstep_sdk::StepError;

lockstep_sdk::failure_codes! {
    /// Why the step does not succeed.
    pub enum Code {
        /// An input is invalid.
        BadInput = ("bad-input", Invalid),
        /// A path or pattern of `plan` matches no file.
        NoFiles = ("no-files", Invalid),
        /// Other text surrounds the document, or a shell changed its encoding.
        Noise = ("noise", Invalid),
        /// The document is invalid JSON, or does not have the structure of a plan.
        Broken = ("broken", Invalid),
        /// The document is something else than a plan.
        NotAPlan = ("not-a-plan", Invalid),
        /// The format version of the plan is unknown.
        UnknownVersion = ("unknown-version", Invalid),
        /// The plan is errored, incomplete or deferred, or has unknown actions.
        Incomplete = ("incomplete", Rejected),
        /// `deny` matches an action, or `allow` does not.
        Forbidden = ("forbidden", Rejected),
        /// An action occurs more often than `max` allows.
        TooMany = ("too-many", Rejected),
        /// An attribute is not what `require` says.
        Attributes = ("attributes", Rejected),
        /// A check failed.
        Checks = ("checks", Rejected),
        /// An object changed outside of Terraform.
        Drift = ("drift", Rejected),
        /// A file cannot be read or written.
        Workspace = ("workspace", Invalid),
    }
}

/// An error of this step.
pub type Error = StepError<Code>;
