//! The entry of `wit/cluster.wit`.

use super::{Effect, Right, Spec};
use crate::resource::Resource;
use crate::scope::Scope;

pub(super) const SPEC: Spec = Spec {
    name: "cluster",
    rights: &[
        (Right::Read, Effect::Reads),
        (Right::Logs, Effect::Reads),
        (Right::Rollback, Effect::Changes),
        (Right::Scale, Effect::Changes),
        (Right::Suspend, Effect::Changes),
        (Right::Evict, Effect::Changes),
        (Right::PutConfigMap, Effect::Changes),
    ],
    functions: &[
        ("get", Some(Right::Read)),
        ("watch", Some(Right::Read)),
        ("next", None),
        ("logs", Some(Right::Logs)),
        ("rollback", Some(Right::Rollback)),
        ("scale", Some(Right::Scale)),
        ("suspend", Some(Right::Suspend)),
        ("evict", Some(Right::Evict)),
        ("put-config-map", Some(Right::PutConfigMap)),
    ],
    settings: &["context"],
    scope_form: "NAMESPACE/*",
    parse_scope: |text| Resource::parse(text).map(Scope::Cluster).map_err(|error| error.to_string()),
};
