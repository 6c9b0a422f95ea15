//! Objects as they are read from a list or a watch. Who set which field, half of what a cluster sends, is never taken in.

use kube::api::{ApiResource, DynamicObject, ObjectMeta, TypeMeta};
use kube::core::DynamicResourceScope;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;

/// An object without `managedFields`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Slim {
    #[serde(flatten, default)]
    pub(super) types: Option<TypeMeta>,
    #[serde(default, deserialize_with = "without_managed_fields")]
    pub(super) metadata: ObjectMeta,
    #[serde(flatten)]
    pub(super) data: Value,
}

fn without_managed_fields<'de, D: Deserializer<'de>>(from: D) -> Result<ObjectMeta, D::Error> {
    #[derive(Deserialize)]
    struct Parts {
        #[serde(default, rename = "managedFields")]
        _managed: IgnoredAny,
        #[serde(flatten)]
        rest: Value,
    }
    ObjectMeta::deserialize(Parts::deserialize(from)?.rest).map_err(D::Error::custom)
}

impl From<Slim> for DynamicObject {
    fn from(Slim { types, metadata, data }: Slim) -> Self {
        Self { types, metadata, data }
    }
}

impl kube::Resource for Slim {
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
    fn all_but_who_set_it_is_taken_in() {
        let object = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "web", "uid": "u", "resourceVersion": "7", "labels": {"app": "web"},
                "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:metadata": {}}}],
            },
            "spec": {"nodeName": "n"}, "status": {"phase": "Running"},
        });
        let slim: Slim = serde_json::from_str(&object.to_string()).unwrap();
        let mut expected: DynamicObject = serde_json::from_value(object).unwrap();
        expected.metadata.managed_fields = None;
        assert_eq!(DynamicObject::from(slim), expected);
        let bare: Slim = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": null}"#).unwrap();
        assert_eq!((bare.types, bare.metadata.name.as_deref()), (None, Some("web")));
    }
}
