//! Has lockstep and other tools make the same planned edits, and prints what each came to. The corpus and the judge
//! are in the tests; here they are only counted.

use crate::{build, shell};
use anyhow::{Error, Result};
use lockstep_tests::peers::judge::{self, Outcome};
use lockstep_tests::peers::readers::Reader;
use lockstep_tests::peers::tools::{Attempt, Tool};
use lockstep_tests::peers::{self, corpus::PlannedEdit};
use std::path::Path;

const LEGEND: &str = "
exact     the bytes are those that the corpus expects
noisy     other bytes differ too, but every reader takes the intended values;
          lost: of these, how many lost a comment
refused   an error, and the file as it was
damaged   a reader refuses the result or takes another value than the intended one
readers   Kubernetes (yaml.v2), Go (yaml.v3), PyYAML (YAML 1.1), ruamel.yaml (YAML 1.2);
          the order of `images` in a kustomization does not count";

/// How many damaged edits of a tool are named.
const EXAMPLES: usize = 2;

/// Builds lockstep, unless `LOCKSTEP_BIN` names one, and scores it and its peers. With `details` every edit that is
/// not exact is named.
pub(crate) fn score(root: &Path, details: bool) -> Result<()> {
    let lockstep = Tool::Lockstep(match std::env::var_os("LOCKSTEP_BIN") {
        Some(program) => program.into(),
        None => build::build(root)?,
    });
    shell::step("other tools");
    let tools: Vec<Tool> = std::iter::once(lockstep).chain(Tool::peers().map_err(Error::msg)?).collect();
    let readers = Reader::all().map_err(Error::msg)?;
    let plan = peers::planned();
    let generated = plan.iter().filter(|planned| planned.generated).count();
    shell::say(&format!(
        "\n{} planned edits: {} by hand, {generated} combined; some in several forms of line ends\n\
         {:<32} {:>6} {:>6} {:>6} {:>6} {:>8} {:>8}",
        plan.len(),
        plan.len() - generated,
        "",
        "edits",
        "exact",
        "noisy",
        "lost",
        "refused",
        "damaged"
    ));
    let mut damaged = Vec::new();
    for tool in &tools {
        let judged = judged(tool, &plan, &readers)?;
        shell::say(&row(tool.name(), &judged));
        damaged.push((tool.name(), examples(&judged)));
        if details {
            for (planned, outcome, said) in judged.iter().filter(|(_, outcome, _)| *outcome != Outcome::Exact)
            {
                shell::say(&format!("    {outcome:?}: {}{said}", planned.name));
            }
        }
    }
    shell::say("\ndamaged, for example:");
    for (name, examples) in damaged.iter().filter(|(_, examples)| !examples.is_empty()) {
        examples.iter().for_each(|example| shell::say(&format!("{name:<32} {example}")));
    }
    shell::say(LEGEND);
    Ok(())
}

/// The edits that the tool attempts, each with its outcome and what the tool said.
fn judged<'a>(
    tool: &Tool,
    plan: &'a [PlannedEdit],
    readers: &[Reader],
) -> Result<Vec<(&'a PlannedEdit, Outcome, String)>> {
    let attempts = tool.attempt(plan).map_err(Error::msg)?;
    let attempts: Vec<(&PlannedEdit, Attempt)> =
        plan.iter().zip(attempts).filter_map(|(planned, attempt)| Some((planned, attempt?))).collect();
    let outcomes = judge::judge(&attempts, readers).map_err(Error::msg)?;
    let said = |attempt: Attempt| attempt.error.map(|error| format!("\n        {error}")).unwrap_or_default();
    let judged = attempts.into_iter().zip(outcomes);
    Ok(judged.map(|((planned, attempt), outcome)| (planned, outcome, said(attempt))).collect())
}

fn row(name: &str, judged: &[(&PlannedEdit, Outcome, String)]) -> String {
    let count = |is: fn(&Outcome) -> bool| judged.iter().filter(|(_, outcome, _)| is(outcome)).count();
    format!(
        "{name:<32} {:>6} {:>6} {:>6} {:>6} {:>8} {:>8}",
        judged.len(),
        count(|outcome| matches!(outcome, Outcome::Exact)),
        count(|outcome| matches!(outcome, Outcome::Noisy { .. })),
        count(|outcome| matches!(outcome, Outcome::Noisy { comments_lost: true })),
        count(|outcome| matches!(outcome, Outcome::Refused)),
        count(|outcome| matches!(outcome, Outcome::Damaged)),
    )
}

/// The first damaged edits, each of another file.
fn examples(judged: &[(&PlannedEdit, Outcome, String)]) -> Vec<String> {
    let mut examples: Vec<&str> = Vec::new();
    for (planned, _, _) in judged.iter().filter(|(_, outcome, _)| *outcome == Outcome::Damaged) {
        let entry = planned.name.split(':').next();
        if examples.iter().all(|example| example.split(':').next() != entry) {
            examples.push(&planned.name);
        }
    }
    examples.truncate(EXAMPLES);
    examples.into_iter().map(str::to_owned).collect()
}
