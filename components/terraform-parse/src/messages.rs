//! Texts for the log and the summary: names, types and counts, but no values.

use lockstep_path::clip;
use lockstep_sdk::text::plural;

use crate::secrets::Secrets;
use crate::step_outputs::{StepOutput, StepOutputs, ValueState};

/// How many rows the table of the summary has at most.
const MAX_ROWS: usize = 50;
/// How many names one sentence has at most.
const MAX_NAMES: usize = 10;

/// `3 outputs, 1 of them sensitive`.
pub fn heading(outputs: &StepOutputs<'_>) -> String {
    let count = plural(outputs.items.len(), "output");
    match outputs.items.iter().filter(|item| item.sensitive).count() {
        0 => count,
        sensitive => format!("{count}, {sensitive} of them sensitive"),
    }
}

/// The note about a document that does not say which outputs are secret.
pub const NO_MARKS: &str = "`pulumi stack output` does not say which outputs are secret, so the step treats none as sensitive: name them in `secret-outputs`, or use `pulumi stack export --show-secrets`";

/// The columns of the table.
pub const COLUMNS: [&str; 4] = ["Output", "Type", "Sensitive", "Value"];

/// One row per output up to a limit, and then a row with the number of the others.
pub fn rows(outputs: &StepOutputs<'_>) -> Vec<Vec<String>> {
    let row = |item: &StepOutput<'_>| {
        let sensitive = if item.sensitive { "yes" } else { "" };
        vec![outputs.name(item), type_name(item), sensitive.into(), state(item.state).into()]
    };
    let mut rows: Vec<_> = outputs.items.iter().take(MAX_ROWS).map(row).collect();
    if let Some(more) = outputs.items.len().checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        let blank = String::new;
        rows.push(vec![format!("… and {more} more"), blank(), blank(), blank()]);
    }
    rows
}

fn type_name(item: &StepOutput<'_>) -> String {
    if item.ty.is_empty() {
        let kind = item.value.kind();
        return kind.split_once(' ').map_or(kind, |(_, noun)| noun).into();
    }
    clip(&item.ty, 40)
}

fn state(state: ValueState) -> &'static str {
    match state {
        ValueState::Present => "present",
        ValueState::Null => "null",
        ValueState::Absent => "absent",
        ValueState::Default => "default",
    }
}

/// The warning about secrets that are too short to be masked; none if the host can mask all of them.
pub fn unmasked(secrets: &Secrets) -> Option<String> {
    let values = match secrets.short {
        0 => return None,
        1 => "1 sensitive value is".to_owned(),
        count => format!("{count} sensitive values are"),
    };
    let mut names: Vec<_> = secrets.short_in.iter().take(MAX_NAMES).map(|name| clip(name, 100)).collect();
    if let Some(more) = secrets.short_in.len().checked_sub(MAX_NAMES).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    let outputs = if secrets.short_in.len() == 1 { "output" } else { "outputs" };
    let names = names.join(", ");
    Some(format!("{values} shorter than 4 bytes and cannot be masked in the log, in the {outputs} {names}"))
}
