//! The entry of `wit/objects.wit`.

use super::{Effect, Right, Spec};
use crate::object::ObjectName;
use crate::scope::Scope;

pub(super) const SPEC: Spec = Spec {
    name: "objects",
    rights: &[
        (Right::List, Effect::Reads),
        (Right::Head, Effect::Reads),
        (Right::Put, Effect::Changes),
        (Right::Multipart, Effect::Changes),
        (Right::Delete, Effect::Changes),
    ],
    functions: &[
        ("list-objects", Some(Right::List)),
        ("head-objects", Some(Right::Head)),
        ("put-objects", Some(Right::Put)),
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
