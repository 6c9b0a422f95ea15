//! The entry of `wit/objects.wit`.

use super::{Right, RightEffect, Spec};
use crate::object::ObjectName;
use crate::scope::Scope;

pub(super) const SPEC: Spec = Spec {
    name: "objects",
    rights: &[
        (Right::List, RightEffect::Reads),
        (Right::Head, RightEffect::Reads),
        (Right::Put, RightEffect::Changes),
        (Right::Multipart, RightEffect::Changes),
        (Right::Delete, RightEffect::Changes),
    ],
    functions: &[
        ("list-objects", Some(Right::List)),
        ("head-objects", Some(Right::Head)),
        ("put-objects", Some(Right::Put)),
        ("update-objects", Some(Right::Put)),
        ("delete-objects", Some(Right::Delete)),
        ("list-multipart-uploads", Some(Right::Multipart)),
        ("create-multipart-upload", Some(Right::Multipart)),
        ("resume-multipart-upload", Some(Right::Multipart)),
        ("list-parts", None),
        ("upload-parts", None),
        ("complete", None),
        ("abort", None),
    ],
    settings: &["endpoint", "region", "role"],
    scope_form: "s3://BUCKET/PREFIX/",
    parse_scope: |text| ObjectName::parse(text).map(Scope::Objects).map_err(|error| error.to_string()),
};
