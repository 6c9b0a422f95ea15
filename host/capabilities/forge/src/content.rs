//! Checks the texts and labels that a call sends to a forge. It sends nothing.

use crate::types::PullRequestContent;
use lockstep_model::call::CallError;

/// The longest title, and the longest description or comment, in bytes. <https://docs.github.com/rest/pulls>
const MAX_TITLE_BYTES: usize = 250;
pub(crate) const MAX_TEXT_BYTES: usize = 60_000;
/// The most labels of a call.
const MAX_LABELS: usize = 50;

/// Checks title, description and labels.
pub(crate) fn check_content(content: &PullRequestContent) -> Result<(), CallError> {
    check_length("the title", &content.title, MAX_TITLE_BYTES)?;
    check_length("the description", &content.body, MAX_TEXT_BYTES)?;
    let plain = |label: &String| {
        !label.is_empty() && label.len() <= 50 && !label.contains(|c: char| c.is_control() || c == ',')
    };
    let invalid = content.labels.iter().find(|label| !plain(label));
    match invalid {
        _ if content.title.trim().is_empty() || content.title.contains(char::is_control) => {
            Err(CallError::Invalid("the title must be one line that is not empty".into()))
        }
        Some(label) => Err(CallError::Invalid(format!(
            "invalid label `{}`: expected at most 50 bytes without commas and control characters",
            label.escape_debug()
        ))),
        None if content.labels.len() > MAX_LABELS => {
            Err(CallError::Invalid(format!("a call has at most {MAX_LABELS} labels")))
        }
        None => Ok(()),
    }
}

/// Checks the length of a text. `name` says what it is.
pub(crate) fn check_length(name: &str, text: &str, max: usize) -> Result<(), CallError> {
    match text.len() > max {
        true => Err(CallError::Invalid(format!("{name} has more than {max} bytes"))),
        false => Ok(()),
    }
}
