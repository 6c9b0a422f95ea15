//! The registries of the model: each URL of a manifest has one answer, and another one for a run with a token.

use env_promote::digest::{Registries, Told};
use lockstep_glue::Fault;

use super::Shared;

impl Registries for Shared {
    fn told(&mut self, urls: &[String]) -> Result<Vec<Result<Told, String>>, Fault> {
        let model = self.0.borrow();
        let told = |url: &String| model.registry.get(url).cloned().ok_or_else(|| "nobody answers".to_owned());
        Ok(urls.iter().map(told).collect())
    }

    fn authenticate(&mut self, url: &str) -> Result<Result<(), String>, Fault> {
        let mut model = self.0.borrow_mut();
        let Some(told) = model.tokens.remove(url) else {
            return Err(Fault::Unauthorized("it gives no token".into()));
        };
        model.registry.insert(url.to_owned(), told);
        Ok(Ok(()))
    }
}
