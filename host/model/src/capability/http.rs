//! The entry of `wit/http.wit`.

use super::{Right, RightEffect, Spec};
use crate::scope::Scope;
use crate::web::WebAddress;

pub(super) const SPEC: Spec = Spec {
    name: "http",
    rights: &[
        (Right::Get, RightEffect::Reads),
        // No function needs it by itself: with it, the others may connect to private addresses.
        (Right::Private, RightEffect::Reads),
    ],
    functions: &[("authenticate", Some(Right::Get)), ("send", Some(Right::Get))],
    settings: &["credentials"],
    scope_form: "https://HOST",
    parse_scope: |text| WebAddress::parse(text).map(Scope::Web).map_err(|error| error.to_string()),
};
