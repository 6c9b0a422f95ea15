//! The input `list-key`: the merge keys of lists of mappings. The step has no schemas of Kubernetes.

/// The merge keys of lists.
#[derive(Clone, Debug, Default)]
pub struct ListKeys {
    /// The name of a list and its key; `None` if a patch replaces the list.
    named: Vec<(String, Option<String>)>,
    /// The key of all other lists.
    default: Option<String>,
}

/// How a patch changes a list of mappings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListRule<'k> {
    /// It merges items with an equal value of this key.
    Merge(&'k str),
    /// It replaces the list, because the input says so.
    Replace,
    /// The input does not mention the list.
    Unspecified,
}

impl ListKeys {
    /// Adds `LIST=KEY`, `LIST=` or `KEY`.
    ///
    /// # Errors
    /// The text is none of them, or contradicts an earlier one; the message says why.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let Some((list, key)) = text.split_once('=') else {
            if text.is_empty() {
                return Err("it is empty".into());
            }
            let previous = self.default.replace(text.to_owned());
            return if previous.is_none() {
                Ok(())
            } else {
                Err("there is another key for every list".into())
            };
        };
        if list.is_empty() || list.contains(['.', '/', '[']) {
            return Err("LIST is the last key of the list's path, such as `containers`".into());
        }
        if self.named.iter().any(|(known, _)| known == list) {
            return Err(format!("there is another entry for `{list}`"));
        }
        self.named.push((list.to_owned(), (!key.is_empty()).then(|| key.to_owned())));
        Ok(())
    }

    /// The rule for a list of mappings with this name.
    pub(crate) fn rule(&self, list: &str) -> ListRule<'_> {
        match (self.named.iter().find(|(name, _)| name == list), &self.default) {
            (Some((_, Some(key))), _) | (None, Some(key)) => ListRule::Merge(key),
            (Some((_, None)), _) => ListRule::Replace,
            (None, None) => ListRule::Unspecified,
        }
    }
}
