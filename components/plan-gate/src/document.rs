//! Reads the JSON of a plan as it comes by, one resource at a time, and keeps what `plan` has. Never decides whether
//! the plan is a good one.

use std::collections::BTreeSet;

use lockstep_terraform::{Cursor, Kind, Source, Trouble};

use crate::gather::Gather;
use crate::plan::Plan;
use crate::raw::Text;

/// A document and what it says about itself.
#[derive(Debug)]
pub struct Document {
    /// What it is, by the keys at its top.
    pub kind: Kind,
    /// Its `format_version`.
    pub version: Option<String>,
    /// The plan, as far as it is one.
    pub plan: Plan,
}

/// Reads a document by a function that gives at most a number of bytes from an offset.
///
/// # Errors
/// If it is not one clean JSON document, or a part of it has not the form that it has in a plan.
pub fn read<E>(fetch: impl FnMut(u64, u32) -> Result<Vec<u8>, E>) -> Result<Document, Trouble<E>> {
    Cursor::document(Source::new(fetch), |cursor| {
        let mut gather = Gather::default();
        let mut version = None;
        let mut keys = BTreeSet::new();
        cursor.entries(|cursor, key| {
            if !keys.insert(key.to_owned()) {
                return Err(Trouble::Form(cursor.place(), "a key at the top comes twice".into()));
            }
            match key {
                "format_version" => version = cursor.value::<Text>()?.0,
                "errored" => gather.plan.errored = cursor.value::<Option<bool>>()?.unwrap_or_default(),
                "complete" => gather.plan.complete = cursor.value()?,
                "applyable" => gather.plan.applyable = cursor.value()?,
                _ => part(cursor, key, &mut gather)?,
            }
            Ok(())
        })?;
        gather.plan.lists_resources = keys.contains("resource_changes");
        let kind = Kind::of(version.is_some(), keys.iter().map(String::as_str));
        Ok(Document { kind, version, plan: gather.plan })
    })
}

/// A part of the plan with many elements.
fn part<F, E>(cursor: &mut Cursor<F, E>, key: &str, gather: &mut Gather) -> Result<(), Trouble<E>>
where
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    match key {
        "resource_changes" => cursor.each(|raw| gather.resource(raw)),
        "resource_drift" => cursor.each(|raw| gather.drift(raw)),
        "deferred_changes" | "deferred_action_invocations" => cursor.each(|raw| gather.deferred(raw)),
        "action_invocations" => cursor.each(|raw| gather.invoke(raw)),
        "checks" => cursor.each(|raw| gather.check(raw)),
        "output_changes" => cursor.each_entry(|name, raw| gather.output(name, &raw)),
        _ => cursor.skip(),
    }
}
