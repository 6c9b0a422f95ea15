//! The compiler: reads one component from standard input and writes its machine code to standard output. The build and the
//! host both start it, so all components are compiled under the same settings. It never runs what it compiles.
//!
//! A component from elsewhere can make a compiler run for hours or take all memory. So it bounds its time and its memory, and
//! where the kernel offers that it gives up files, sockets and other programs before it reads the first byte.
#![forbid(unsafe_code)]

mod jail;
mod limits;

use lockstep_sandbox::bounds;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Nobody reads what is said if this fails.
    let say = |line: String| drop(writeln!(io::stderr(), "{line}"));
    match serve() {
        Ok(missing) => {
            missing.into_iter().for_each(say);
            ExitCode::SUCCESS
        }
        Err(message) => {
            say(message);
            ExitCode::FAILURE
        }
    }
}

/// Compiles the one component. Gives what this process is not confined by, a line each.
fn serve() -> Result<Vec<String>, String> {
    let unconfined = |error: String| format!("the compiler cannot confine itself: {error}");
    limits::set().map_err(|error| unconfined(error.to_string()))?;
    let missing = jail::enter().map_err(unconfined)?;
    let mut wasm = Vec::new();
    let limit = bounds::WASM_BYTES + 1;
    io::stdin().lock().take(limit).read_to_end(&mut wasm).map_err(|error| error.to_string())?;
    if wasm.len() as u64 > bounds::WASM_BYTES {
        return Err(format!("it has more than {} MiB", bounds::WASM_BYTES >> 20));
    }
    let engine = lockstep_sandbox::engine().map_err(|error| error.to_string())?;
    let code = engine.precompile_component(&wasm).map_err(|error| format!("{error:#}"))?;
    io::stdout().lock().write_all(&code).map_err(|error| error.to_string())?;
    Ok(missing)
}
