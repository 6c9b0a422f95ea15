//! The compiler: reads one component from standard input and writes its machine code to standard output. The build and the
//! host both start it, so all components get the same settings. It never runs a component.
//!
//! An untrusted component can make a compiler run for hours or take all memory. So the compiler limits its own time and
//! memory, and gives up files, sockets and other programs before it reads the first byte, if the kernel supports that.
#![forbid(unsafe_code)]

mod jail;
mod limits;

use lockstep_sandbox::bounds;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    // If standard error is closed, nobody reads the line.
    let print = |line: String| drop(writeln!(io::stderr(), "{line}"));
    match compile() {
        Ok(missing) => {
            missing.into_iter().for_each(print);
            ExitCode::SUCCESS
        }
        Err(message) => {
            print(message);
            ExitCode::FAILURE
        }
    }
}

/// Compiles the component. Returns a line for each mechanism that this system lacks to confine the process.
fn compile() -> Result<Vec<String>, String> {
    let unconfined = |error: String| format!("the compiler cannot confine itself: {error}");
    limits::set().map_err(|error| unconfined(error.to_string()))?;
    let missing = jail::enter().map_err(unconfined)?;
    let mut wasm = Vec::new();
    let limit = bounds::WASM_BYTES + 1;
    io::stdin().lock().take(limit).read_to_end(&mut wasm).map_err(|error| error.to_string())?;
    if wasm.len() as u64 > bounds::WASM_BYTES {
        return Err(format!("the component has more than {} MiB", bounds::WASM_BYTES >> 20));
    }
    let engine = lockstep_sandbox::engine().map_err(|error| error.to_string())?;
    let code = engine.precompile_component(&wasm).map_err(|error| format!("{error:#}"))?;
    io::stdout().lock().write_all(&code).map_err(|error| error.to_string())?;
    Ok(missing)
}
