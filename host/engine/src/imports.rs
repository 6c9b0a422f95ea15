//! What a component imports, checked before it is instantiated: an import is the most it can ever touch.
//! It never links anything.

use crate::parallel;
use lockstep_model::capability::Capability;
use std::collections::{BTreeMap, BTreeSet};
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// The package of the contract.
const CONTRACT: &str = "lockstep:step/";
/// The versions of the contract this host serves: those that are compatible with this one.
const VERSION: &str = "0.1.";

/// The interfaces of WASI that are linked, over nothing: output is captured, there are no arguments, no
/// environment and no folders. Sockets and HTTP are not among them.
const WASI: [&str; 20] = [
    "cli/environment",
    "cli/exit",
    "cli/stdin",
    "cli/stdout",
    "cli/stderr",
    "cli/terminal-input",
    "cli/terminal-output",
    "cli/terminal-stdin",
    "cli/terminal-stdout",
    "cli/terminal-stderr",
    "clocks/wall-clock",
    "clocks/monotonic-clock",
    "filesystem/preopens",
    "filesystem/types",
    "io/error",
    "io/poll",
    "io/streams",
    "random/insecure",
    "random/insecure-seed",
    "random/random",
];

/// What a component imports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imports {
    /// The capabilities, each with the functions imported.
    pub capabilities: BTreeMap<Capability, BTreeSet<String>>,
    /// What this host has nothing to offer for, by its full name.
    pub unknown: Vec<String>,
    /// What it runs on all cores: functions of its own, which reach nothing.
    pub(crate) parallel: parallel::Functions,
}

impl Imports {
    /// Lists the imports of a component.
    pub(crate) fn of(engine: &Engine, component: &Component) -> Self {
        let mut imports = Self::default();
        for (name, item) in component.component_type().imports(engine) {
            if let Some(capability) = capability(name) {
                let functions = imports.capabilities.entry(capability).or_default();
                if let ComponentItem::ComponentInstance(instance) = item.ty {
                    let exports = instance.exports(engine);
                    functions.extend(
                        exports.filter(|(_, item)| is_function(&item.ty)).map(|(name, _)| name.to_owned()),
                    );
                }
            } else if let (true, ComponentItem::ComponentInstance(interface)) =
                (parallel::is_own(name, parallel::PARALLEL), &item.ty)
            {
                match parallel::functions(engine, component, interface) {
                    Ok(functions) => drop(imports.parallel.insert(name.to_owned(), functions)),
                    Err(function) => imports.unknown.push(format!("{name}#{function}")),
                }
            } else if !is_known(name) && !is_own_types(engine, name, &item.ty) {
                imports.unknown.push(name.to_owned());
            }
        }
        imports
    }

    /// The permissions that these imports can use: what a policy would have to allow, by capability.
    #[must_use]
    pub fn permissions(&self) -> BTreeMap<String, Vec<String>> {
        let lines = |(capability, functions): (&Capability, &BTreeSet<String>)| {
            let line = capability.suggest(functions.iter().map(String::as_str));
            (capability.name().to_owned(), line.into_iter().collect())
        };
        self.capabilities.iter().map(lines).collect()
    }
}

/// Whether it is the types that a step shares between its own interfaces: there is nothing in it to call.
fn is_own_types(engine: &Engine, name: &str, item: &ComponentItem) -> bool {
    let is_type = |item: &ComponentItem| matches!(item, ComponentItem::Type(_));
    match item {
        ComponentItem::ComponentInstance(interface) => {
            parallel::is_own(name, parallel::TYPES)
                && interface.exports(engine).all(|(_, item)| is_type(&item.ty))
        }
        _ => false,
    }
}

fn is_function(item: &ComponentItem) -> bool {
    matches!(item, ComponentItem::ComponentFunc(_))
}

fn capability(name: &str) -> Option<Capability> {
    let (interface, version) = name.strip_prefix(CONTRACT)?.split_once('@')?;
    Capability::parse(interface).filter(|_| version.starts_with(VERSION))
}

/// Whether the import is one that reaches nothing: the shared types, the report, or WASI over nothing.
fn is_known(name: &str) -> bool {
    let Some((path, version)) = name.split_once('@') else {
        return false;
    };
    match (path.strip_prefix(CONTRACT), path.strip_prefix("wasi:")) {
        (Some(interface), _) => matches!(interface, "types" | "report") && version.starts_with(VERSION),
        (_, Some(interface)) => WASI.contains(&interface) && version.starts_with("0.2."),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reaches_nothing_is_known() {
        for name in ["wasi:io/streams@0.2.6", "wasi:cli/stdout@0.2.0", "lockstep:step/report@0.1.0"] {
            assert!(is_known(name), "{name}");
        }
        for name in [
            "wasi:sockets/tcp@0.2.6",
            "wasi:http/outgoing-handler@0.2.6",
            "wasi:cli/stdout@0.3.0",
            "wasi:cli/stdout",
            "lockstep:step/workspace@0.1.0",
            "lockstep:step/report@0.2.0",
            "evil:step/report@0.1.0",
        ] {
            assert!(!is_known(name), "{name}");
        }
        assert_eq!(capability("lockstep:step/workspace@0.1.3"), Some(Capability::Workspace));
        assert_eq!(capability("lockstep:step/workspace@0.2.0"), None);
        assert_eq!(capability("lockstep:step/forge@0.1.0"), Some(Capability::Forge));
        assert_eq!(capability("lockstep:step/mail@0.1.0"), None);
    }
}
