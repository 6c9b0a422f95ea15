//! `lockstep list`: prints the built-in steps, a line each.

use crate::terminal::charset;
use clap::ArgMatches;
use lockstep_model::info::StepInfo;
use std::io::{self, Write as _};

pub(super) fn main(infos: &[StepInfo], matches: &ArgMatches) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if matches.get_one::<String>("format").is_some_and(|format| format == "json") {
        let steps: Vec<_> = infos
            .iter()
            .map(|info| serde_json::json!({"name": info.name, "summary": info.summary}))
            .collect();
        return writeln!(out, "{}", serde_json::json!({"version": 1, "steps": steps}));
    }
    let width = infos.iter().map(|info| info.name.len()).max().unwrap_or_default();
    for info in infos {
        writeln!(out, "{:width$}  {}", info.name, charset().show(&info.summary))?;
    }
    Ok(())
}
