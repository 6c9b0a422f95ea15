//! `lockstep describe`: the inputs, outputs, permissions, limits and failure codes of a step. For a component from a file it shows
//! types and imports and does not run the component.

use crate::args;
use crate::console::PlainOutput;
use crate::run::LoadedStep;
use clap::ArgMatches;
use lockstep_model::exit::Exit;
use lockstep_model::info::{FieldInfo, StepInfo};
use lockstep_model::policy;
use lockstep_model::text;
use lockstep_model::types::Type;
use std::fmt::Write as _;

pub(super) fn main(infos: &[StepInfo], matches: &ArgMatches, plain: &PlainOutput) -> Exit {
    let Some(name) = matches.get_one::<String>("step") else {
        return Exit::Invalid;
    };
    let json = matches.get_one::<String>("format").is_some_and(|format| format == "json");
    if let Some(info) = infos.iter().find(|info| info.name == *name) {
        return plain.print(&if json { to_json(info) } else { describe(info) });
    }
    match LoadedStep::load(name) {
        Ok(loaded) => plain.print(&if json { to_json(&loaded.info) } else { describe_file(&loaded) }),
        Err(stopped) => {
            plain.print_error(&stopped.ending.message, stopped.ending.hint.as_deref());
            stopped.ending.exit
        }
    }
}

fn to_json(info: &StepInfo) -> String {
    // A description has strings and numbers only, so it always has a JSON form.
    serde_json::to_string_pretty(info).unwrap_or_default() + "\n"
}

fn describe(info: &StepInfo) -> String {
    let mut out = format!("{}: {}\n", info.name, info.summary);
    if !info.docs.is_empty() {
        let _ = writeln!(out, "\n{}", info.docs);
    }
    out.push_str("\nInputs\n");
    for input in &info.inputs {
        let need = match args::shown_default(input) {
            _ if input.required => ", required".to_owned(),
            Some(default) => format!(", default {default}"),
            None => String::new(),
        };
        field(&mut out, &input.name, &format!("{}{need}", short(&input.ty, &input.fields)), &input.docs);
        for choice in &input.choices {
            let _ = writeln!(out, "      - {}: {}", choice.name, choice.docs.replace('\n', " "));
        }
        for part in &input.fields {
            field(&mut out, &format!("  {}.{}", input.name, part.name), &part.ty.to_string(), &part.docs);
        }
    }
    out.push_str("\nOutputs\n");
    for output in &info.outputs {
        let name = if output.ty.is_named_outputs() { "(by name)" } else { &output.name };
        field(&mut out, name, &output.ty.to_string(), &output.docs);
    }
    if !info.permissions.is_empty() {
        out.push_str("\nPermissions\n");
        for (capability, lines) in &info.permissions {
            let _ = writeln!(out, "  {capability}: {}", lines.join("; "));
        }
    }
    let limits = info.limits.applied();
    let _ = writeln!(
        out,
        "\nLimits\n  {} s, {} MiB of memory, {} host calls, {} MiB of outputs",
        limits.seconds,
        limits.memory_mb,
        limits.calls,
        limits.output_bytes / (1024 * 1024)
    );
    if !info.failures.is_empty() {
        out.push_str("\nFailure codes\n");
        for failure in &info.failures {
            let _ =
                writeln!(out, "  {} (exit code {}): {}", failure.code, failure.exit_code, failure.meaning);
        }
    }
    out
}

/// A short name of a type whose fields follow in the list.
fn short(ty: &Type, fields: &[FieldInfo]) -> String {
    match ty {
        Type::List(_) if !fields.is_empty() => "list of records".to_owned(),
        _ if !fields.is_empty() => "record".to_owned(),
        _ => ty.to_string(),
    }
}

fn describe_file(loaded: &LoadedStep) -> String {
    let mut out = describe(&loaded.info);
    let imports = &loaded.step.imports;
    out.push_str("\nImports\n");
    for (capability, functions) in &imports.capabilities {
        let functions: Vec<_> = functions.iter().map(|name| text::neutral(name)).collect();
        let _ = writeln!(out, "  {}: {}", capability.name(), functions.join(", "));
    }
    for name in &imports.unknown {
        let _ = writeln!(
            out,
            "  {}: the host does not offer it, so the component cannot run",
            text::neutral(name)
        );
    }
    let _ = write!(
        out,
        "\nA policy that allows all of it; narrow its patterns\n{}",
        policy::suggest(loaded.digest, &imports.permissions())
    );
    out
}

fn field(out: &mut String, name: &str, note: &str, docs: &str) {
    let _ = writeln!(out, "  {} ({})", text::neutral(name), text::neutral(note));
    for line in docs.lines() {
        let _ = writeln!(out, "      {line}");
    }
}
