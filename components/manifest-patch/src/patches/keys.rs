//! Which lists of mappings are merged item by item, and by which key. Never knows a schema.

/// What `list-key` says.
#[derive(Clone, Debug, Default)]
pub struct ListKeys {
    /// The name of a list and its key; `None` if it is replaced.
    named: Vec<(String, Option<String>)>,
    /// The key of all other lists.
    every: Option<String>,
}

/// What becomes of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule<'k> {
    /// It is merged by this key.
    Merge(&'k str),
    /// It is replaced: somebody said so.
    Replace,
    /// Nothing is said about it.
    Unsaid,
}

impl ListKeys {
    /// Adds `LIST=KEY`, `LIST=` or `KEY`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let Some((list, key)) = text.split_once('=') else {
            if text.is_empty() {
                return Err("it is empty".into());
            }
            let before = self.every.replace(text.to_owned());
            return if before.is_none() {
                Ok(())
            } else {
                Err("another key for every list was given".into())
            };
        };
        if list.is_empty() || list.contains(['.', '/', '[']) {
            return Err("LIST is the last key on the way to the list, such as `containers`".into());
        }
        if self.named.iter().any(|(known, _)| known == list) {
            return Err(format!("`{list}` was named before"));
        }
        self.named.push((list.to_owned(), (!key.is_empty()).then(|| key.to_owned())));
        Ok(())
    }

    /// What becomes of a list of mappings with this name.
    pub(crate) fn rule(&self, list: &str) -> Rule<'_> {
        match (self.named.iter().find(|(name, _)| name == list), &self.every) {
            (Some((_, Some(key))), _) | (None, Some(key)) => Rule::Merge(key),
            (Some((_, None)), _) => Rule::Replace,
            (None, None) => Rule::Unsaid,
        }
    }
}
