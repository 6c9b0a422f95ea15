//! The entry of `wit/forge.wit`.

use super::{Right, RightEffect, Spec};
use crate::repository::RepositoryScope;
use crate::scope::Scope;

pub(super) const SPEC: Spec = Spec {
    name: "forge",
    rights: &[
        (Right::Read, RightEffect::Reads),
        (Right::Open, RightEffect::Changes),
        (Right::Merge, RightEffect::Changes),
    ],
    functions: &[
        ("list-pull-requests", Some(Right::Read)),
        ("get-status", Some(Right::Read)),
        ("open", Some(Right::Open)),
        ("update", Some(Right::Open)),
        ("comment", Some(Right::Open)),
        ("close", Some(Right::Open)),
        ("merge", Some(Right::Merge)),
    ],
    settings: &["kind"],
    scope_form: "https://HOST/PATH#BASE...BRANCH",
    parse_scope: |text| {
        RepositoryScope::parse(text).map(Scope::Repository).map_err(|error| error.to_string())
    },
};
