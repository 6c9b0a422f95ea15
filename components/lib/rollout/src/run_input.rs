//! The inputs `namespace` and `timeout`, which every step on a cluster has.

use lockstep_sdk::{InputError, duration};

/// The longest timeout, in milliseconds: a little less than the limit of such a step.
const MAX_TIMEOUT_MS: u64 = 3 * 60 * 60 * 1000 - 60 * 1000;

/// The namespaces of the input `namespace`.
///
/// # Errors
/// The list is empty.
pub fn namespaces(names: &[String]) -> Result<Vec<String>, InputError> {
    match names {
        [] => Err(InputError::new("`namespace` is empty", "write `.` for the namespace of the context")),
        names => Ok(names.to_vec()),
    }
}

/// The milliseconds of the input `timeout`.
///
/// # Errors
/// The text is no duration, or the step may not run as long.
pub fn timeout_ms(text: &str) -> Result<u64, InputError> {
    match duration::parse_input("timeout", text)? {
        milliseconds @ ..=MAX_TIMEOUT_MS => Ok(milliseconds),
        _ => Err(InputError::new("`timeout` is longer than a run may take", "write at most `2h59m`")),
    }
}
