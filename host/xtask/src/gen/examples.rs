//! How a step is called on each platform, and how its outputs are read there, with the inputs of the example in its
//! `step.toml`.

use super::files_below;
use super::text;
use anyhow::{Context as _, Result};
use lockstep_model::info::{OutputInfo, StepInfo};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The folders with complete files, the CI system of each, and the language of its files.
const COMPLETE: [(&str, &str, &str); 3] = [
    ("examples/github", "GitHub Actions", "yaml"),
    ("examples/gitlab", "GitLab CI", "yaml"),
    ("examples/jenkins", "Jenkins", "groovy"),
];

/// What stands below the short examples: those that people wrote in `examples/steps/<step>.md`, and the complete files below
/// `examples/` that call the step.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn more(root: &Path, step: &StepInfo) -> Result<String> {
    let own = format!("examples/steps/{}.md", step.name);
    let own = fs::read_to_string(root.join(own)).map_or_else(|_| String::new(), |own| format!("\n{own}"));
    let calls = [format!("/{}@", step.name), format!("{}(", text::camel(&step.name))];
    let mut complete = String::new();
    for (folder, system, language) in COMPLETE {
        for path in files_below(root, Path::new(folder))? {
            let file = fs::read_to_string(root.join(&path)).with_context(|| path.display().to_string())?;
            if calls.iter().any(|call| file.contains(call)) {
                complete += &format!("\n{system}, `{}`:\n\n```{language}\n{file}```\n", path.display());
            }
        }
    }
    let head = if complete.is_empty() { "" } else { "\n## Complete files\n" };
    Ok(format!("{own}{head}{complete}"))
}

/// The part of the reference page.
pub(super) fn examples(step: &StepInfo) -> String {
    let name = &step.name;
    let arguments: Vec<String> = step
        .example
        .iter()
        .map(|(input, value)| format!("{}: {}", text::camel(input), groovy(value)))
        .collect();
    let output = step.outputs.iter().find(|output| !output.ty.is_named_outputs());
    let id = name.split('-').next().unwrap_or(name);
    format!(
        "\n## Examples\n\nOn a laptop:\n\n```sh\n{}\n```\n\n\
         GitHub Actions:\n\n```yaml\n- uses: OWNER/lockstep/actions/{name}@COMMIT\n  id: {id}\n  with:\n{}{}```\n\n\
         GitLab CI:\n\n```yaml\ninclude:\n  - component: $CI_SERVER_FQDN/OWNER/lockstep/{name}@COMMIT\n    inputs:\n{}{}```\n\n\
         Jenkins:\n\n```groovy\ndef result = {}({})\n{}```\n{}",
        command(step),
        yaml(step, 4),
        output.map_or(String::new(), |output| github_use(id, output)),
        yaml(step, 6),
        gitlab_use(step),
        text::camel(name),
        arguments.join(", "),
        output.map_or(String::new(), |output| format!(
            "echo \"${{result.outputs{}}}\"\n",
            groovy_member(&output.name)
        )),
        by_name(step, id)
    )
}

/// The command line of the example.
fn command(step: &StepInfo) -> String {
    let mut out = format!("lockstep run {}", step.name);
    for (input, value) in &step.example {
        for word in words(value) {
            match value {
                Value::Bool(_) => out += &format!(" --{input}={word}"),
                _ => out += &format!(" \\\n    --{input} {}", text::shell(&word)),
            }
        }
    }
    out
}

/// The texts of a value: each item of a list, else one.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(words).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// The inputs as a mapping. A list is one text with a line for each item.
fn yaml(step: &StepInfo, spaces: usize) -> String {
    let entry = |(input, value): &(String, Value)| match value {
        Value::Array(items) if items.len() > 1 => {
            format!("{input}: |\n{}", text::indented(&words(value).join("\n"), 2))
        }
        Value::Bool(_) | Value::Number(_) => format!("{input}: {value}\n"),
        _ => format!("{input}: {}\n", text::quoted(&words(value).concat())),
    };
    text::indented(&step.example.iter().map(entry).collect::<String>(), spaces)
}

fn groovy(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(groovy).collect::<Vec<_>>().join(", ")),
        Value::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        other => other.to_string(),
    }
}

fn groovy_member(name: &str) -> String {
    if name.contains('-') { format!("['{name}']") } else { format!(".{name}") }
}

fn github_use(id: &str, output: &OutputInfo) -> String {
    format!("- run: echo \"$VALUE\"\n  env:\n    VALUE: ${{{{ steps.{id}.outputs.{} }}}}\n", output.name)
}

/// What a later job does: the outputs are variables there. An output by name is one of the run, so its variable is a
/// placeholder.
fn gitlab_use(step: &StepInfo) -> String {
    let Some(output) = step.outputs.first() else { return String::new() };
    let prefix = format!("LOCKSTEP_{}_", text::upper(&step.name));
    let (name, comment) = match output.ty.is_named_outputs() {
        true => ("NAME".to_owned(), " # NAME: the name of the output, in capitals"),
        false => (text::upper(&output.name), ""),
    };
    format!(
        "\nafterwards:\n  stage: deploy\n  needs: [{}]\n  script:\n    - echo \"${prefix}{name}\"{comment}\n",
        step.name
    )
}

/// How outputs are read whose names only the run knows.
fn by_name(step: &StepInfo, id: &str) -> String {
    if !step.outputs.iter().any(|output| output.ty.is_named_outputs()) {
        return String::new();
    }
    let variable = format!("LOCKSTEP_{}_", text::upper(&step.name));
    format!(
        "\nOutputs that have their names from the run: on GitHub an action can only give outputs that are named in it, so \
         read them as `${{{{ fromJSON(steps.{id}.outputs.json).NAME }}}}`; a `run:` step that calls `lockstep run` itself \
         has each as `${{{{ steps.ID.outputs.NAME }}}}`. On GitLab they are the variables `{variable}NAME` of later jobs; \
         if GitLab would change a value, such as JSON with quotes, the variable has the path of a file with it. On Jenkins they \
         are the members of `result.outputs`.\n"
    )
}
