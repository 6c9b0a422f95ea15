//! `lockstep describe`: what a step takes, gives and may do. Of a component from a file: its types and its
//! imports, without running it.

use super::{complain, finish};
use crate::prepare::{self, Known, Subject};
use clap::ArgMatches;
use lockstep_model::exit::Exit;
use lockstep_model::info::{InputInfo, StepInfo};
use lockstep_model::policy;
use lockstep_model::text;
use std::fmt::Write as _;
use std::io::{self, Write as _};

pub(super) fn main(infos: &[StepInfo], matches: &ArgMatches) -> Exit {
    let Some(name) = matches.get_one::<String>("step") else {
        return Exit::Invalid;
    };
    let json = matches
        .get_one::<String>("format")
        .is_some_and(|format| format == "json");
    if let Some(info) = infos.iter().find(|info| info.name == *name) {
        return finish(print(&if json { to_json(info) } else { describe(info) }));
    }
    let mut known = Known::default();
    match prepare::subject(name, &mut known) {
        Ok(subject) => finish(print(&if json {
            to_json(&subject.info)
        } else {
            describe_file(&subject, &known)
        })),
        Err(ending) => {
            complain(&ending.message);
            if let Some(hint) = ending.hint {
                complain(&format!("hint: {hint}"));
            }
            ending.exit
        }
    }
}

fn print(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

fn to_json(info: &StepInfo) -> String {
    // A description of strings and numbers always has a JSON form.
    serde_json::to_string_pretty(info).unwrap_or_default() + "\n"
}

fn describe(info: &StepInfo) -> String {
    let mut out = format!("{}: {}\n", info.name, info.summary);
    if !info.docs.is_empty() {
        let _ = writeln!(out, "\n{}", info.docs);
    }
    fields(&mut out, "Inputs", &info.inputs, true);
    fields(&mut out, "Outputs", &info.outputs, false);
    if !info.asks.is_empty() {
        out.push_str("\nAsks for\n");
        for (capability, lines) in &info.asks {
            let _ = writeln!(out, "  {capability}: {}", lines.join("; "));
        }
    }
    let limits = prepare::limits(info.limits);
    let _ = writeln!(
        out,
        "\nLimits\n  {} s, {} MiB of memory, {} host calls",
        limits.seconds, limits.memory_mb, limits.calls
    );
    if !info.failures.is_empty() {
        out.push_str("\nFailure codes\n");
        for (code, meaning) in &info.failures {
            let _ = writeln!(out, "  {code}: {meaning}");
        }
    }
    out
}

fn describe_file(subject: &Subject, known: &Known) -> String {
    let mut out = describe(&subject.info);
    let imports = &subject.step.imports;
    out.push_str("\nImports\n");
    for (capability, functions) in &imports.capabilities {
        let functions: Vec<_> = functions.iter().map(|name| text::neutral(name)).collect();
        let _ = writeln!(out, "  {}: {}", capability.word(), functions.join(", "));
    }
    for name in &imports.unknown {
        let _ = writeln!(
            out,
            "  {}: not offered, so the component cannot run",
            text::neutral(name)
        );
    }
    if let Some(digest) = known.component {
        let _ = write!(
            out,
            "\nA policy that allows all of it; narrow its patterns\n{}",
            policy::suggest(digest, &imports.rights())
        );
    }
    out
}

fn fields(out: &mut String, heading: &str, fields: &[InputInfo], inputs: bool) {
    let _ = writeln!(out, "\n{heading}");
    for field in fields {
        let name = text::neutral(&field.name);
        let need = match (&field.default, field.is_required()) {
            _ if !inputs => String::new(),
            (_, true) => ", required".into(),
            (Some(default), _) if *default != serde_json::json!([]) => format!(", default {default}"),
            _ => String::new(),
        };
        let _ = writeln!(out, "  {name} ({}{need})", text::neutral(&field.ty.to_string()));
        for line in field.docs.lines() {
            let _ = writeln!(out, "      {line}");
        }
    }
}
