//! How long a chore takes, stage by stage: what became slow shows in every log.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

/// A stage and the second at which it began.
type Stage = (String, u64);

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
static STAGES: Mutex<Vec<Stage>> = Mutex::new(Vec::new());

/// The seconds since the first call of this function.
pub(crate) fn seconds() -> u64 {
    BEGAN.elapsed().as_secs()
}

/// Notes that a stage begins; gives the seconds since the chore began.
pub(crate) fn begin(stage: &str) -> u64 {
    let now = seconds();
    STAGES.lock().unwrap_or_else(PoisonError::into_inner).push((stage.to_owned(), now));
    now
}

/// The stages so far with their seconds; nothing if there was only one.
pub(crate) fn table() -> Option<String> {
    let stages = STAGES.lock().unwrap_or_else(PoisonError::into_inner);
    (stages.len() > 1).then(|| laid_out(&stages, seconds()))
}

/// A line a stage, which lasts until the next one begins, and a line for all.
fn laid_out(stages: &[Stage], end: u64) -> String {
    let ends = stages.iter().skip(1).map(|(_, began)| *began).chain([end]);
    let mut text = String::from("\nseconds");
    for ((name, began), until) in stages.iter().zip(ends) {
        // What stands behind a colon is a list of names.
        let name = name.split(':').next().unwrap_or(name);
        text.push_str(&format!("\n{:>7}  {name}", until.saturating_sub(*began)));
    }
    text.push_str(&format!("\n{end:>7}  in all"));
    text
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    #[test]
    fn a_stage_lasts_until_the_next_one_begins() {
        let stages = [("components: a, b".to_owned(), 0), ("the host".to_owned(), 12)];
        assert_eq!(
            laid_out(&stages, 40),
            "\nseconds\n     12  components\n     28  the host\n     40  in all"
        );
    }
}
