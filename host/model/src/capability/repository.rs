//! The entry of `wit/repository.wit`.

use super::{Right, RightEffect, Spec};
use crate::repository::RepositoryScope;
use crate::scope::Scope;

pub(super) const SPEC: Spec = Spec {
    name: "repository",
    rights: &[
        (Right::Read, RightEffect::Reads),
        // Nobody sees a commit before its push.
        (Right::Commit, RightEffect::Reads),
        (Right::Push, RightEffect::Changes),
    ],
    functions: &[
        ("branch-head", Some(Right::Read)),
        ("tag-commit", Some(Right::Read)),
        ("list-files", Some(Right::Read)),
        ("read-files", Some(Right::Read)),
        ("log", Some(Right::Read)),
        ("create-commit", Some(Right::Commit)),
        ("push", Some(Right::Push)),
        ("replace-head", Some(Right::Push)),
    ],
    settings: &["sign-commits", "timeout"],
    scope_form: "https://HOST/PATH//FOLDER/**",
    parse_scope: |text| {
        RepositoryScope::parse(text).map(Scope::Repository).map_err(|error| error.to_string())
    },
};
