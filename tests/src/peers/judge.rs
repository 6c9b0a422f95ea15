//! Judges an edit by the bytes before, the expected bytes and the bytes after, and by the values that real readers read from
//! them. It knows neither tools nor edits.

use super::corpus::PlannedEdit;
use super::readers::Reader;
use super::tools::Attempt;
use crate::services::Result;

/// The outcome of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The bytes are those expected.
    Exact,
    /// Other bytes differ too, but every reader reads the intended values.
    Noisy {
        /// Whether a comment is gone.
        comments_lost: bool,
    },
    /// The tool reported an error and left the file unchanged.
    Refused,
    /// A reader rejects the result, or reads another value than the intended one.
    Damaged,
}

/// The outcome without a reader: `None` is noisy or damaged.
#[must_use]
pub fn by_bytes(planned: &PlannedEdit, attempt: &Attempt) -> Option<Outcome> {
    let untouched = attempt.after == planned.before.as_bytes();
    match &attempt.error {
        Some(_) if untouched => Some(Outcome::Refused),
        Some(_) => Some(Outcome::Damaged),
        None if planned.expected.iter().any(|expected| expected.as_bytes() == attempt.after) => {
            Some(Outcome::Exact)
        }
        None => std::str::from_utf8(&attempt.after).is_err().then_some(Outcome::Damaged),
    }
}

/// The outcomes of attempts.
///
/// # Errors
/// A reader fails as a program.
pub fn judge(attempts: &[(&PlannedEdit, Attempt)], readers: &[Reader]) -> Result<Vec<Outcome>> {
    let mut outcomes: Vec<Option<Outcome>> =
        attempts.iter().map(|(planned, attempt)| by_bytes(planned, attempt)).collect();
    let open: Vec<usize> = (0..attempts.len()).filter(|&i| outcomes[i].is_none()).collect();
    let after: Vec<String> =
        open.iter().map(|&i| String::from_utf8_lossy(&attempts[i].1.after).into_owned()).collect();
    let expected = open.iter().map(|&i| attempts[i].0.expected[0].as_str());
    let texts: Vec<&str> = expected.chain(after.iter().map(String::as_str)).collect();
    let mut right = vec![true; open.len()];
    for reader in readers {
        let read = reader.read(&texts)?;
        let (expected, after) = read.split_at(open.len());
        for (right, (expected, after)) in right.iter_mut().zip(expected.iter().zip(after)) {
            // A reader that cannot read the expected bytes does not count.
            *right &= expected.is_none() || expected == after;
        }
    }
    for (&i, right) in open.iter().zip(right) {
        let (planned, attempt) = &attempts[i];
        let after = String::from_utf8_lossy(&attempt.after);
        let comments_lost = comments_lost(&planned.expected[0], &after);
        outcomes[i] = Some(if right { Outcome::Noisy { comments_lost } } else { Outcome::Damaged });
    }
    Ok(outcomes.into_iter().flatten().collect())
}

/// Whether a comment of `expected` is missing in `after`. Text in a block that looks like a comment counts too.
#[must_use]
pub fn comments_lost(expected: &str, after: &str) -> bool {
    let comment = |line: &str| {
        let line = line.trim();
        let at = if line.starts_with('#') { Some(0) } else { line.rfind(" #").map(|at| at + 1) };
        at.map(|at| line[at..].to_owned())
    };
    let count = |text: &str, comment: &str| text.matches(comment).count();
    expected.lines().filter_map(comment).any(|comment| count(after, &comment) < count(expected, &comment))
}
