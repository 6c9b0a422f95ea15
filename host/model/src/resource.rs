//! The name of objects in a Kubernetes cluster: `NAMESPACE/KIND[.GROUP][/NAME]`. This module sends no request.

use std::fmt;

/// The error of an invalid name of objects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// The text has too few or too many parts.
    #[error("invalid name `{0}`: expected `NAMESPACE/KIND[.GROUP][/NAME]`")]
    Syntax(String),
    /// The namespace is invalid.
    #[error(
        "invalid namespace `{0}`: expected a name in lower case, `.` for that of the context, or `-` for none"
    )]
    Namespace(String),
    /// The kind is invalid.
    #[error("invalid kind `{0}`: expected one such as `Pod` or `Deployment.apps`")]
    Kind(String),
    /// The name of the object is invalid.
    #[error("invalid name `{}` of an object", .0.escape_debug())]
    Name(String),
}

/// The name of objects of a cluster. In a scope each part can be `*`; in a target the name can be `*` for all objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    text: String,
    namespace: String,
    kind: String,
    group: String,
    /// None for all objects.
    name: Option<String>,
}

/// The wildcard.
const ANY: &str = "*";
/// The longest name of an object in bytes. <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>
const MAX_NAME_BYTES: usize = 253;

impl Resource {
    /// Parses a name. It accepts only the one canonical spelling.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, ResourceError> {
        let parts: Vec<&str> = text.split('/').collect();
        let (namespace, kind, name) = match parts.as_slice() {
            [namespace, kind] => (*namespace, *kind, ANY),
            [namespace, kind, name] => (*namespace, *kind, *name),
            _ => return Err(ResourceError::Syntax(text.to_owned())),
        };
        if !matches!(namespace, "." | "-" | ANY) && !is_label(namespace) {
            return Err(ResourceError::Namespace(namespace.to_owned()));
        }
        let (kind_name, group) = kind.split_once('.').unwrap_or((kind, ""));
        let plain = |c: char| c.is_ascii_alphanumeric();
        let named = !kind_name.is_empty() && kind_name.len() <= 63 && kind_name.chars().all(plain);
        let grouped = group.is_empty() && !kind.ends_with('.') || group.split('.').all(is_label);
        if kind != ANY && !(named && grouped) {
            return Err(ResourceError::Kind(kind.to_owned()));
        }
        if name != ANY && !is_name(name) {
            return Err(ResourceError::Name(name.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            namespace: namespace.to_owned(),
            kind: kind_name.to_owned(),
            group: group.to_owned(),
            name: (name != ANY).then(|| name.to_owned()),
        })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The namespace: `.` for that of the context, `-` for objects without one.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The kind without its group.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The API group, empty for the core group.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The name of the object; none for all objects.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether this names all objects that `other` names.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let namespace = self.namespace == ANY || self.namespace == other.namespace;
        let kind =
            self.kind == ANY || self.kind.eq_ignore_ascii_case(&other.kind) && self.group == other.group;
        let name = self.name.is_none() || self.name == other.name;
        namespace && kind && name
    }

    /// The reason for which no run may read the objects; none if the grant decides. It compares `Secret` without case,
    /// because a server may do so.
    #[must_use]
    pub fn unreachable(&self) -> Option<&'static str> {
        let credentials = self.group.is_empty() && self.kind.eq_ignore_ascii_case("Secret");
        if credentials {
            return Some("holds credentials");
        }
        // A target has one namespace and one kind; only a scope has wildcards there.
        (self.namespace == ANY || self.kind == ANY).then_some("is every kind or namespace at once")
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a text is a label of RFC 1123, as namespaces and the parts of groups are.
fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let outer = |c: Option<char>| c.is_some_and(|c| c != '-');
    text.len() <= 63
        && text.chars().all(inner)
        && outer(text.chars().next())
        && outer(text.chars().next_back())
}

/// Whether a name is one segment of a path, as the API server checks it. Most kinds have stricter rules.
fn is_name(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    !text.is_empty()
        && text.len() <= MAX_NAME_BYTES
        && text.chars().all(good)
        && text.chars().any(|c| c != '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> Resource {
        Resource::parse(text).unwrap()
    }

    #[test]
    fn a_name_has_its_parts() {
        let web = resource("shop/Deployment.apps/web");
        assert_eq!(
            (web.namespace(), web.kind(), web.group(), web.name()),
            ("shop", "Deployment", "apps", Some("web"))
        );
        let pods = resource("./Pod");
        assert_eq!((pods.namespace(), pods.group(), pods.name()), (".", "", None));
        assert_eq!(resource("-/Namespace/shop").namespace(), "-");
        assert_eq!(resource("a/Widget.example.com/x:y").group(), "example.com");
    }

    #[test]
    fn a_scope_covers_only_its_own_objects() {
        let scope = resource("shop/*");
        assert!(scope.covers(&resource("shop/Pod/web")) && scope.covers(&resource("shop/Pod")));
        for outside in ["shop2/Pod/web", "./Pod/web", "-/Node/a", "*/Pod"] {
            assert!(!scope.covers(&resource(outside)), "{outside}");
        }
        let one = resource("shop/Deployment.apps/web");
        assert!(one.covers(&one) && !one.covers(&resource("shop/Deployment.apps")));
        assert!(!one.covers(&resource("shop/Deployment.apps/web2")));
        assert!(!one.covers(&resource("shop/Deployment.evil.example/web")));
        assert!(!one.covers(&resource("shop/Deployment/web")));
    }

    #[test]
    fn a_name_in_another_spelling_is_refused() {
        for bad in [
            "",
            "shop",
            "shop/",
            "/Pod",
            "shop/Pod/",
            "shop/Pod/web/log",
            "shop/Pod/web/../../secrets/x",
            "shop/Pod/..",
            "shop/Pod/.",
            "shop/Pod/web%2f..",
            "shop/Pod/we b",
            "shop/Pod/web?x",
            "shop/Pod/web#x",
            "shop/Pod/web\n",
            "shop/Pod/wéb",
            "shop/Pod.",
            "shop/.apps",
            "shop/Pod.apps..x",
            "shop/pods%2fx",
            "Shop/Pod",
            "sh..op/Pod",
            "../Pod",
            "-a/Pod",
            "--/Pod",
        ] {
            assert!(Resource::parse(bad).is_err(), "{bad:?} passed");
        }
        assert!(Resource::parse(&format!("shop/Pod/{}", "a".repeat(254))).is_err());
    }

    #[test]
    fn credentials_are_out_of_reach_however_they_are_spelled() {
        for secret in ["shop/Secret/x", "shop/secret/x", "shop/SECRET", "*/Secret"] {
            assert!(resource(secret).unreachable().is_some(), "{secret}");
        }
        assert!(resource("shop/*/x").unreachable().is_some() && resource("*/Pod").unreachable().is_some());
        assert!(resource("shop/ConfigMap/x").unreachable().is_none());
    }
}
