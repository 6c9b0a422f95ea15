//! Reads the steps of `pulumi preview --json`, and drops all values. The operations are those of
//! <https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/history.go> and `deploy/step.go`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::action::{Action, Actions};
use crate::inspection::Inspection;

/// An element of `steps`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    #[serde(default)]
    op: String,
    #[serde(default)]
    urn: String,
    replace_reasons: Option<Vec<String>>,
    diff_reasons: Option<Vec<String>>,
    detailed_diff: Option<BTreeMap<String, IgnoredAny>>,
}

/// An element of `diagnostics`.
#[derive(Debug, Deserialize)]
pub(crate) struct Diagnostic {
    #[serde(default)]
    pub(crate) severity: String,
}

/// The steps of a preview by the URN of their resource.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    resources: BTreeMap<String, Resource>,
    /// How many steps have each operation.
    operations: BTreeMap<String, u64>,
    /// How many steps the summary of the preview counts.
    summary: BTreeMap<String, u64>,
}

/// What a preview does to one resource. A replacement is three steps.
#[derive(Debug, Default)]
pub(crate) struct Resource {
    pub(crate) actions: Actions,
    pub(crate) unknown: Vec<String>,
    pub(crate) replace_reasons: Vec<String>,
    pub(crate) attributes: Vec<String>,
    is_replaced: bool,
    is_deleted_part: bool,
}

impl Preview {
    pub(crate) fn add(&mut self, step: Step) {
        *self.operations.entry(step.op.clone()).or_default() += 1;
        let resource = self.resources.entry(step.urn).or_default();
        match step.op.as_str() {
            "same" | "refresh" | "discard" | "read-discard" | "remove-pending-replace" => {}
            "create" => resource.add(Action::Create),
            "update" => resource.add(Action::Update),
            "delete" => resource.add(Action::Delete),
            "read" | "read-replacement" => resource.add(Action::Read),
            "import" => resource.add(Action::Import),
            "replace" | "create-replacement" => resource.is_replaced = true,
            "import-replacement" => {
                resource.is_replaced = true;
                resource.add(Action::Import);
            }
            "delete-replaced" | "discard-replaced" => resource.is_deleted_part = true,
            _ => resource.unknown.push(step.op),
        }
        let attributes = match step.detailed_diff {
            Some(diff) if !diff.is_empty() => diff.into_keys().map(|path| first_part(&path)).collect(),
            _ => step.diff_reasons.unwrap_or_default(),
        };
        resource.attributes.extend(attributes);
        resource.replace_reasons.extend(step.replace_reasons.unwrap_or_default());
    }

    pub(crate) fn set_summary(&mut self, summary: BTreeMap<String, u64>) {
        self.summary = summary;
    }

    /// Whether the summary counts a change that no step is about.
    pub(crate) fn lacks_steps(&self) -> bool {
        let changes = ["create", "update", "delete", "replace", "import"];
        let count =
            |all: &BTreeMap<String, u64>, operation: &str| all.get(operation).copied().unwrap_or_default();
        changes.iter().any(|operation| count(&self.summary, operation) > count(&self.operations, operation))
    }

    /// The resources with their actions, and shows each to the inspection.
    pub(crate) fn into_resources(
        self,
        inspection: &mut Inspection<'_>,
    ) -> impl Iterator<Item = (String, Resource)> {
        for urn in self.resources.keys() {
            inspection.coverage.see_resource([type_of(urn), urn]);
        }
        self.resources.into_iter().map(|(urn, mut resource)| {
            if resource.is_replaced {
                resource.add(Action::Replace);
            } else if resource.is_deleted_part {
                // What an earlier replacement left behind.
                resource.add(Action::Delete);
            }
            resource.attributes.sort_unstable();
            resource.attributes.dedup();
            resource.replace_reasons.sort_unstable();
            resource.replace_reasons.dedup();
            (urn, resource)
        })
    }
}

impl Resource {
    fn add(&mut self, action: Action) {
        self.actions = self.actions.with(action);
    }
}

/// The type of a resource: in `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`, `TYPE`.
pub(crate) fn type_of(urn: &str) -> &str {
    let qualified = urn.split("::").nth(2).unwrap_or_default();
    qualified.rsplit('$').next().unwrap_or_default()
}

/// The first part of a path such as `tags.owner` or `ingress[0].port`.
fn first_part(path: &str) -> String {
    path.split(['.', '[']).next().unwrap_or_default().to_owned()
}
