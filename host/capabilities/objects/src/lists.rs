//! Where the lists of a run are, so that one of a server that goes round ends. It asks nobody.

use lockstep_model::call::CallError;
use std::collections::{HashMap, HashSet};

/// The most bytes that are remembered of where pages began.
const MOST: usize = 64 * 1024 * 1024;

/// Where the pages of each list began, by the prefix that is listed.
#[derive(Debug, Default)]
pub(super) struct Lists {
    begun: HashMap<String, HashSet<String>>,
    bytes: usize,
}

impl Lists {
    /// Notes where the next page of a list begins. `first` says that the list was begun anew.
    ///
    /// # Errors
    /// A page has begun there before: the list has no end.
    pub(super) fn go_on(&mut self, prefix: &str, first: bool, next: Option<&str>) -> Result<(), CallError> {
        if first && let Some(begun) = self.begun.remove(prefix) {
            self.bytes -= begun.iter().map(String::len).sum::<usize>();
        }
        let Some(next) = next else { return Ok(()) };
        if self.bytes + next.len() > MOST {
            return Err(CallError::LimitExceeded(format!(
                "list `{prefix}`: more pages than a run can keep in mind"
            )));
        }
        if self.begun.entry(prefix.to_owned()).or_default().insert(next.to_owned()) {
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
        let mut lists = Lists::default();
        lists.go_on("s3://a/", true, Some("s3://a/1")).unwrap();
        lists.go_on("s3://a/", false, Some("s3://a/2")).unwrap();
        lists.go_on("s3://b/", true, Some("s3://a/1")).unwrap();
        let round = lists.go_on("s3://a/", false, Some("s3://a/1")).unwrap_err();
        assert!(round.word() == "limit-exceeded" && round.message().contains("`s3://a/1`"), "{round:?}");
        lists.go_on("s3://a/", true, Some("s3://a/1")).unwrap();
        lists.go_on("s3://a/", false, None).unwrap();
        assert_eq!(lists.bytes, "s3://a/1".len() * 2);
    }
}
