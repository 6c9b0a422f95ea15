//! The command line of `lockstep recover`.

use clap::{Arg, ArgAction, ArgGroup, Command};
use lockstep_workspace::RecoverAction;

/// The options that end a killed run: name, effect, help.
pub(crate) const ACTIONS: [(&str, RecoverAction, &str); 3] = [
    ("finish", RecoverAction::Finish, "Put the rest of the new files in place"),
    ("undo", RecoverAction::Undo, "Put the old files back"),
    (
        "keep",
        RecoverAction::Keep,
        "Leave all files as they are now; remove the journal and the temporary files",
    ),
];

/// Builds the command line of `lockstep recover`.
pub(super) fn command(format: Arg) -> Command {
    let flag = |(name, _, help): (&'static str, RecoverAction, &'static str)| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("recover")
        .about("Show what a killed run left in a workspace, and end it")
        .long_about(
            "Show what a killed run left in a workspace, and end it.\n\nWithout an option this command changes nothing and \
             ends with exit code 0, with or without a killed run; `--format json` lists what is pending. The next run that \
             changes files in the same workspace puts the old files back by itself. Use this command if that run \
             fails, or if there is no next run.",
        )
        .arg(
            Arg::new("workspace")
                .long("workspace")
                .short('C')
                .value_name("DIR")
                .default_value(".")
                .help("The workspace of the run that was killed"),
        )
        .args(ACTIONS.map(flag))
        .group(ArgGroup::new("action").args(ACTIONS.map(|(name, ..)| name)))
        .arg(format)
}
