//! Lists and checks the imports of a component before its instantiation. A component can call nothing but its imports.
//! This module links nothing.

use crate::parallel;
use lockstep_model::capability::Capability;
use std::collections::{BTreeMap, BTreeSet};
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// The package of the contract.
const CONTRACT: &str = "lockstep:step/";
/// The prefix of the versions of the contract that the host implements.
const VERSION: &str = "0.1.";

/// The interfaces of WASI that the host links. It captures the output and offers no arguments, no environment and no
/// folders. The list has no sockets and no HTTP.
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

/// The imports of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imports {
    /// The capabilities, each with the imported functions.
    pub capabilities: BTreeMap<Capability, BTreeSet<String>>,
    /// The full names of imports that the host does not have.
    pub unknown: Vec<String>,
    /// The parallel functions of the component, which have no capabilities.
    pub(crate) parallel: parallel::ParallelFunctions,
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
                (parallel::is_own_interface(name, parallel::PARALLEL), &item.ty)
            {
                match parallel::functions(engine, component, interface) {
                    Ok(functions) => drop(imports.parallel.insert(name.to_owned(), functions)),
                    Err(function) => imports.unknown.push(format!("{name}#{function}")),
                }
            } else if !is_base_import(name) && !is_types_interface(engine, name, &item.ty) {
                imports.unknown.push(name.to_owned());
            }
        }
        imports
    }

    /// The permissions that a policy must allow for these imports, by capability.
    #[must_use]
    pub fn permissions(&self) -> BTreeMap<String, Vec<String>> {
        let lines = |(capability, functions): (&Capability, &BTreeSet<String>)| {
            let line = capability.suggest(functions.iter().map(String::as_str));
            (capability.name().to_owned(), line.into_iter().collect())
        };
        self.capabilities.iter().map(lines).collect()
    }
}

/// Whether an import is the interface `types` of the component's own package and has only types, so nothing to call.
fn is_types_interface(engine: &Engine, name: &str, item: &ComponentItem) -> bool {
    let is_type = |item: &ComponentItem| matches!(item, ComponentItem::Type(_));
    match item {
        ComponentItem::ComponentInstance(interface) => {
            parallel::is_own_interface(name, parallel::TYPES)
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

/// Whether the host links this import into every run: the types and the report of the contract, or WASI.
fn is_base_import(name: &str) -> bool {
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
    fn base_imports_have_no_capability() {
        for name in ["wasi:io/streams@0.2.6", "wasi:cli/stdout@0.2.0", "lockstep:step/report@0.1.0"] {
            assert!(is_base_import(name), "{name}");
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
            assert!(!is_base_import(name), "{name}");
        }
        assert_eq!(capability("lockstep:step/workspace@0.1.3"), Some(Capability::Workspace));
        assert_eq!(capability("lockstep:step/workspace@0.2.0"), None);
        assert_eq!(capability("lockstep:step/forge@0.1.0"), Some(Capability::Forge));
        assert_eq!(capability("lockstep:step/mail@0.1.0"), None);
    }
}
