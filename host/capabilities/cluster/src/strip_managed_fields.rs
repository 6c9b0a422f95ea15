//! Reads objects of a list or a watch without `managedFields`, which are half of what a cluster sends.

use kube::api::{ApiResource, DynamicObject, ObjectMeta, TypeMeta};
use kube::core::DynamicResourceScope;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;

/// An object without `managedFields`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StrippedObject {
    #[serde(flatten, default)]
    pub(super) types: Option<TypeMeta>,
    #[serde(default, deserialize_with = "without_managed_fields")]
    pub(super) metadata: ObjectMeta,
    #[serde(flatten)]
    pub(super) data: Value,
}

fn without_managed_fields<'de, D: Deserializer<'de>>(from: D) -> Result<ObjectMeta, D::Error> {
    #[derive(Deserialize)]
    struct MetadataParts {
        #[serde(default, rename = "managedFields")]
        _managed: IgnoredAny,
        #[serde(flatten)]
        rest: Value,
    }
    ObjectMeta::deserialize(MetadataParts::deserialize(from)?.rest).map_err(D::Error::custom)
}

impl From<StrippedObject> for DynamicObject {
    fn from(StrippedObject { types, metadata, data }: StrippedObject) -> Self {
        Self { types, metadata, data }
    }
}

impl kube::Resource for StrippedObject {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::kind(of)
    }

    fn group(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::group(of)
    }

    fn version(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::version(of)
    }

    fn api_version(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::api_version(of)
    }

    fn plural(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::plural(of)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_loses_its_managed_fields_and_nothing_else() {
        let object = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "web", "uid": "u", "resourceVersion": "7", "labels": {"app": "web"},
                "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:metadata": {}}}],
            },
            "spec": {"nodeName": "n"}, "status": {"phase": "Running"},
        });
        let stripped: StrippedObject = serde_json::from_str(&object.to_string()).unwrap();
        let mut expected: DynamicObject = serde_json::from_value(object).unwrap();
        expected.metadata.managed_fields = None;
        assert_eq!(DynamicObject::from(stripped), expected);
        let bare: StrippedObject =
            serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": null}"#).unwrap();
        assert_eq!((bare.types, bare.metadata.name.as_deref()), (None, Some("web")));
    }
}
