//! The program `lockstep`: it runs steps in a sandbox and reports how they ended. Its modules do the work.
#![forbid(unsafe_code)]

mod args;
mod builtin;
mod commands;
mod connect;
mod console;
mod credential_files;
mod distinct_files;
mod document;
mod environment;
mod forges;
mod inputs;
mod plural;
mod receipt;
mod reporter;
mod run;
mod run_facts;
mod secrets;
mod signals;
mod terminal;
mod trace;
mod unique_keys;
mod verdict;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::main()
}
