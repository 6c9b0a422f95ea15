//! Compiles a component ahead of time, for the build: standard input to standard output. It is the compiler
//! that the host runs as a child process, so built-in steps and others are compiled under the same settings.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Nobody reads what is said if this fails.
    let say = |line: String| drop(writeln!(std::io::stderr(), "{line}"));
    match lockstep_engine::compile::serve() {
        Ok(missing) => {
            missing.into_iter().for_each(say);
            ExitCode::SUCCESS
        }
        Err(message) => {
            say(format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}
