//! What the tests of patches share: a run over one file.
#![allow(dead_code, reason = "each test file uses its part")]

use lockstep_yaml::Alias;
use manifest_patch::batch::{Batch, Done};
use manifest_patch::problem::Problem;
use manifest_patch::request::{Inputs, Request};

/// A run with these patches and list keys.
pub(crate) struct Run<'a> {
    pub(crate) patches: &'a [&'a str],
    pub(crate) list_key: &'a [&'a str],
    pub(crate) alias: Alias,
    pub(crate) expect: &'a str,
}

impl Default for Run<'_> {
    fn default() -> Self {
        Self { patches: &[], list_key: &[], alias: Alias::Refuse, expect: "1+" }
    }
}

impl Run<'_> {
    pub(crate) fn done(&self, source: &str) -> Result<Done, Vec<Problem>> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (request, problems) = Request::read(&Inputs {
            patch: &self.patches.join("\n---\n"),
            list_key: &owned(self.list_key),
            alias: self.alias,
            expect: self.expect,
            ..Inputs::default()
        });
        let mut batch = Batch::new(request, problems);
        batch.add("file.yaml", source.as_bytes());
        batch.finish()
    }

    /// The text after the run; the problem in one line if there is one.
    pub(crate) fn text(&self, source: &str) -> Result<String, String> {
        match self.done(source) {
            Ok(done) => Ok(done.files.into_iter().next().map_or_else(|| source.to_owned(), |(_, text)| text)),
            Err(problems) => Err(problems[0].line()),
        }
    }
}

/// The text that one patch makes of another text.
pub(crate) fn patched(source: &str, patch: &str) -> Result<String, String> {
    Run { patches: &[patch], ..Run::default() }.text(source)
}
