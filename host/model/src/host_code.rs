//! The failure codes of the host. Steps have their own; together they are the `code` of a result and a receipt.

use crate::exit::Exit;

/// A failure code of the host, with the exit code that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostCode {
    /// The command line has a mistake.
    BadUsage,
    /// No step has this name.
    UnknownStep,
    /// An input is missing or invalid.
    BadInput,
    /// The policy is invalid or unreadable.
    BadPolicy,
    /// The path of the receipt is not usable.
    BadReceipt,
    /// The path of a file for the CI system is not usable.
    BadFile,
    /// The component is not a step, or unreadable.
    BadComponent,
    /// The compiler is missing.
    NoCompiler,
    /// The compiler is of another build.
    WrongCompiler,
    /// The compiler used up its time or memory.
    CompilerLimit,
    /// No policy allows the component.
    NotAllowed,
    /// The component imports a capability without a right on it.
    NotGranted,
    /// The component imports what the host does not offer.
    UnknownImport,
    /// A call is not within the grant.
    Denied,
    /// The step used up a budget.
    LimitExceeded,
    /// The component trapped.
    Trapped,
    /// Another run works on the workspace.
    Busy,
    /// A killed run left changes that are not complete.
    Pending,
    /// The workspace is not usable.
    BadWorkspace,
    /// Somebody else changed a file meanwhile.
    Conflict,
    /// The system refuses to write a file.
    Unwritable,
    /// Some files have their new content and others could not get it.
    Unfinished,
    /// The system failed an operation on a file of the workspace.
    Workspace,
    /// The system failed another operation.
    Machine,
    /// A client has no credential.
    NoCredential,
    /// The receipt that the caller named is not written.
    ReceiptLost,
    /// The system does not let the host listen for signals.
    NoSignals,
    /// A built-in step is damaged.
    Damaged,
    /// SIGINT cancelled the run.
    Interrupted,
    /// SIGTERM cancelled the run.
    Terminated,
    /// A bug in Lockstep.
    Bug,
}

impl HostCode {
    /// All failure codes, in the order in which a run meets them.
    pub const ALL: [Self; 31] = [
        Self::BadUsage,
        Self::UnknownStep,
        Self::BadInput,
        Self::BadPolicy,
        Self::BadReceipt,
        Self::BadFile,
        Self::BadComponent,
        Self::NoCompiler,
        Self::WrongCompiler,
        Self::CompilerLimit,
        Self::NotAllowed,
        Self::NotGranted,
        Self::UnknownImport,
        Self::Denied,
        Self::LimitExceeded,
        Self::Trapped,
        Self::Busy,
        Self::Pending,
        Self::BadWorkspace,
        Self::Conflict,
        Self::Unwritable,
        Self::Unfinished,
        Self::Workspace,
        Self::Machine,
        Self::NoCredential,
        Self::ReceiptLost,
        Self::NoSignals,
        Self::Damaged,
        Self::Interrupted,
        Self::Terminated,
        Self::Bug,
    ];

    /// The value of `code` in the result.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().0
    }

    /// Its exit code.
    #[must_use]
    pub fn exit(self) -> Exit {
        self.row().1
    }

    /// One line for the page.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (&'static str, Exit, &'static str) {
        match self {
            Self::BadUsage => ("bad-usage", Exit::Invalid, "the command line has a mistake"),
            Self::UnknownStep => ("unknown-step", Exit::Invalid, "no built-in step has this name"),
            Self::BadInput => ("bad-input", Exit::Invalid, "an input is missing, invalid or unknown"),
            Self::BadPolicy => {
                ("bad-policy", Exit::Invalid, "the policy is invalid, or the host cannot read it")
            }
            Self::BadReceipt => (
                "bad-receipt",
                Exit::Invalid,
                "the host cannot write the receipt to the path that the caller named",
            ),
            Self::BadFile => ("bad-file", Exit::Invalid, "the host cannot write a file for the CI system"),
            Self::BadComponent => (
                "bad-component",
                Exit::Invalid,
                "the file is not a component that Lockstep can run, or the host cannot read it",
            ),
            Self::NoCompiler => {
                ("no-compiler", Exit::Invalid, "`lockstep-compiler` is missing or not executable")
            }
            Self::WrongCompiler => {
                ("wrong-compiler", Exit::Integrity, "`lockstep-compiler` is not the one of this build")
            }
            Self::CompilerLimit => (
                "compiler-limit",
                Exit::LimitExceeded,
                "the component needs more time or memory to compile than a compiler may use",
            ),
            Self::NotAllowed => {
                ("not-allowed", Exit::Denied, "the component is not built in, and no policy allows it")
            }
            Self::NotGranted => (
                "not-granted",
                Exit::Denied,
                "the component imports a capability on which the run has no right",
            ),
            Self::UnknownImport => (
                "unknown-import",
                Exit::Denied,
                "the component imports a function that the host does not offer",
            ),
            Self::Denied => {
                ("denied", Exit::Denied, "the component made a call that the grant does not allow")
            }
            Self::LimitExceeded => ("limit-exceeded", Exit::LimitExceeded, "the run used up a budget"),
            Self::Trapped => (
                "trapped",
                Exit::LimitExceeded,
                "the component ended with a trap of WebAssembly, such as a panic or a division by zero",
            ),
            Self::Busy => ("busy", Exit::Rejected, "another run changes files of the same workspace"),
            Self::Pending => (
                "pending",
                Exit::Invalid,
                "a killed run left changes in the workspace; `lockstep recover` shows them",
            ),
            Self::BadWorkspace => {
                ("bad-workspace", Exit::Invalid, "the host cannot use the folder of the workspace")
            }
            Self::Conflict => {
                ("conflict", Exit::Rejected, "somebody else changed a file after the step had read it")
            }
            Self::Unwritable => {
                ("unwritable", Exit::Invalid, "the system does not let the host write a file")
            }
            Self::Unfinished => (
                "unfinished",
                Exit::Invalid,
                "some files have their new content, and the host could not replace the others; `lockstep recover` finishes it",
            ),
            Self::Workspace => (
                "workspace",
                Exit::Invalid,
                "the system failed an operation on a file, such as a read without permission",
            ),
            Self::Machine => (
                "machine",
                Exit::Invalid,
                "the system failed an operation that is not on a file of the workspace",
            ),
            Self::NoCredential => {
                ("no-credential", Exit::Credentials, "a client of the host has no credential")
            }
            Self::ReceiptLost => (
                "receipt-lost",
                Exit::Invalid,
                "the step ended, and the host could not write the receipt that the caller named",
            ),
            Self::NoSignals => {
                ("no-signals", Exit::LimitExceeded, "the system does not let the host listen for signals")
            }
            Self::Damaged => {
                ("damaged", Exit::Integrity, "a built-in step is damaged; install Lockstep again")
            }
            Self::Interrupted => {
                ("cancelled", Exit::Interrupted, "SIGINT cancelled the run before it changed a file")
            }
            Self::Terminated => {
                ("cancelled", Exit::Terminated, "SIGTERM cancelled the run before it changed a file")
            }
            Self::Bug => ("bug", Exit::Bug, "a bug in Lockstep"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_for_one_failure() {
        for code in HostCode::ALL {
            let same = HostCode::ALL.iter().filter(|other| other.word() == code.word()).count();
            let expected = if code.word() == "cancelled" { 2 } else { 1 };
            assert_eq!(same, expected, "{}", code.word());
        }
    }
}
