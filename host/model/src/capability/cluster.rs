//! The entry of `wit/cluster.wit`.

use super::{Right, RightEffect, Spec};
use crate::resource::Resource;
use crate::scope::Scope;

pub(super) const SPEC: Spec = Spec {
    name: "cluster",
    rights: &[
        (Right::Read, RightEffect::Reads),
        (Right::Logs, RightEffect::Reads),
        (Right::Rollback, RightEffect::Changes),
        (Right::Scale, RightEffect::Changes),
        (Right::Suspend, RightEffect::Changes),
        (Right::Evict, RightEffect::Changes),
        (Right::PutConfigMap, RightEffect::Changes),
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
