//! The program `lockstep`. Everything it does is in the modules below.
#![forbid(unsafe_code)]

mod args;
mod builtin;
mod commands;
mod conclude;
mod connect;
mod console;
mod credential_files;
mod environment;
mod facts;
mod forges;
mod inputs;
mod plural;
mod receipt;
mod run;
mod secrets;
mod signals;
mod trace;
mod voice;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::main()
}
