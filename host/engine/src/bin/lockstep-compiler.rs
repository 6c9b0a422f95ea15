//! Compiles a component ahead of time, for the build: standard input to standard output. It is the compiler
//! that the host runs as a child process, so built-in steps and others are compiled under the same settings.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match lockstep_engine::compile::serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nobody reads it if this fails.
            let _ = writeln!(std::io::stderr(), "error: {message}");
            ExitCode::FAILURE
        }
    }
}
