//! Where the lists of a run are, so that one of a server that goes round ends. It asks nobody.

use lockstep_model::call::CallError;
use std::collections::{HashMap, HashSet};

/// The most bytes that are remembered of where pages began.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Where the pages of each list began, by the prefix that is listed.
#[derive(Debug, Default)]
pub(super) struct PageStarts {
    starts: HashMap<String, HashSet<String>>,
    bytes: usize,
}

impl PageStarts {
    /// Notes where the next page of a list begins. `is_first_page` says that the list was begun anew.
    ///
    /// # Errors
    /// A page has begun there before: the list has no end.
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
                "list `{prefix}`: more pages than a run can keep in mind"
            )));
        }
        if self.starts.entry(prefix.to_owned()).or_default().insert(next.to_owned()) {
            self.bytes += next.len();
            return Ok(());
        }
        Err(CallError::LimitExceeded(format!(
            "list `{prefix}`: the store comes back to `{next}`, where a page has begun before; the list has no end"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_comes_back_ends_and_one_that_is_begun_anew_does_not() {
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
