//! The project's own tasks. It is never part of what ships.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a tool for the people who work on the project")]

mod r#gen;

use anyhow::{Result, bail};
use std::path::Path;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    let check = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["gen"] => false,
        ["gen", "--check"] => true,
        _ => bail!("usage: cargo xtask gen [--check]"),
    };
    let stale = r#gen::run(&root, check)?;
    for path in &stale {
        println!("{} {}", if check { "stale" } else { "wrote" }, path.display());
    }
    if check && !stale.is_empty() {
        bail!("{} files are stale; to write them: cargo xtask gen", stale.len());
    }
    Ok(())
}
