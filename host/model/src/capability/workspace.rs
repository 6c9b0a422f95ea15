//! The entry of `wit/workspace.wit`.

use super::{Right, RightEffect, Spec};
use crate::pattern::Pattern;
use crate::scope::Scope;

pub(super) const SPEC: Spec = Spec {
    name: "workspace",
    rights: &[
        (Right::Read, RightEffect::Reads),
        (Right::ReadHidden, RightEffect::Reads),
        (Right::Write, RightEffect::Changes),
        (Right::Remove, RightEffect::Changes),
    ],
    functions: &[
        ("glob", Some(Right::Read)),
        ("glob-hidden", Some(Right::ReadHidden)),
        ("digests", Some(Right::Read)),
        ("read", Some(Right::Read)),
        ("open", Some(Right::Read)),
        ("size", None),
        ("read-at", None),
        ("digest", None),
        ("write", Some(Right::Write)),
        ("write-private", Some(Right::Write)),
        ("remove", Some(Right::Remove)),
        // It shows only files that the run has staged.
        ("diff", None),
    ],
    settings: &[],
    scope_form: "**",
    parse_scope: |text| Pattern::parse(text).map(Scope::Files).map_err(|error| error.to_string()),
};
