//! Remembers where the pages of each list start, so that a list that returns to an earlier page ends. It asks no store.

use lockstep_model::call::CallError;
use std::collections::{HashMap, HashSet};

/// The most bytes of remembered page starts.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The starts of the pages of each list, by prefix.
#[derive(Debug, Default)]
pub(super) struct PageStarts {
    starts: HashMap<String, HashSet<String>>,
    bytes: usize,
}

impl PageStarts {
    /// Records the start of the next page. `is_first_page` says that the list has started again.
    ///
    /// # Errors
    /// A page started there before, so the list has no end.
    pub(super) fn record(
        &mut self,
        prefix: &str,
        is_first_page: bool,
        next: Option<&str>,
    ) -> Result<(), CallError> {
        if is_first_page && let Some(starts) = self.starts.remove(prefix) {
            self.bytes -= starts.iter().map(String::len).sum::<usize>();
        }
        let Some(next) = next else { return Ok(()) };
        if self.bytes + next.len() > MAX_BYTES {
            return Err(CallError::LimitExceeded(format!(
                "list `{prefix}`: the list has too many pages to remember"
            )));
        }
        if self.starts.entry(prefix.to_owned()).or_default().insert(next.to_owned()) {
            self.bytes += next.len();
            return Ok(());
        }
        Err(CallError::LimitExceeded(format!(
            "list `{prefix}`: the store returns to `{next}`, where an earlier page started; the list has no end"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_returns_to_a_page_ends_and_one_that_starts_again_does_not() {
        let mut page_starts = PageStarts::default();
        page_starts.record("s3://a/", true, Some("s3://a/1")).unwrap();
        page_starts.record("s3://a/", false, Some("s3://a/2")).unwrap();
        page_starts.record("s3://b/", true, Some("s3://a/1")).unwrap();
        let loop_error = page_starts.record("s3://a/", false, Some("s3://a/1")).unwrap_err();
        assert!(
            loop_error.word() == "limit-exceeded" && loop_error.message().contains("`s3://a/1`"),
            "{loop_error:?}"
        );
        page_starts.record("s3://a/", true, Some("s3://a/1")).unwrap();
        page_starts.record("s3://a/", false, None).unwrap();
        assert_eq!(page_starts.bytes, "s3://a/1".len() * 2);
    }
}
