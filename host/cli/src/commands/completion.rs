//! `lockstep completion`: prints the completion script for a shell, with the steps and their flags.

use clap::{ArgMatches, Command};
use clap_complete::Shell;
use std::io::{self, Write as _};

pub(super) fn main(mut command: Command, matches: &ArgMatches) -> io::Result<()> {
    let shell = matches.get_one::<Shell>("shell").copied().unwrap_or(Shell::Bash);
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "lockstep", &mut script);
    io::stdout().lock().write_all(&script)
}
