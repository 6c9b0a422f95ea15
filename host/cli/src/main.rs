//! The program `lockstep`. Everything it does is in the modules below.
#![forbid(unsafe_code)]

mod args;
mod builtin;
mod commands;
mod conclude;
mod connect;
mod credential_files;
mod environment;
mod forges;
mod inputs;
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
