//! Tests that hold tables of the code to the contract in `wit/` and to `step.toml`. It changes nothing.

use lockstep_model::capability::Capability;
use std::collections::BTreeSet;
use std::fs;
use wit_parser::Resolve;

/// The registry names each function of each interface, and no other.
#[test]
fn the_registry_has_the_functions_of_the_contract() {
    let mut wit = Resolve::default();
    wit.push_dir(crate::root().join("wit")).unwrap();
    let mut interfaces = BTreeSet::new();
    for (_, interface) in &wit.interfaces {
        let name = interface.name.clone().unwrap_or_default();
        // A function of a resource is called `[method]file.read-at`.
        let plain = |name: &String| name.rsplit('.').next().unwrap_or(name).to_owned();
        let contract: BTreeSet<_> = interface.functions.keys().map(plain).collect();
        match Capability::parse(&name) {
            Some(capability) => {
                let registered: BTreeSet<_> =
                    capability.spec().functions.iter().map(|(function, _)| (*function).to_owned()).collect();
                assert_eq!(registered, contract, "{name}");
                assert_eq!(
                    registered.len(),
                    capability.spec().functions.len(),
                    "{name}: a function is there twice"
                );
            }
            // They reach nothing.
            None => assert!(["report", "types"].contains(&name.as_str()), "{name} is no capability"),
        }
        interfaces.insert(name);
    }
    for capability in Capability::ALL {
        assert!(interfaces.contains(capability.name()), "wit/ has no interface {}", capability.name());
    }
}

/// Each step declares in its code the failure codes of its `step.toml`, in the same order.
#[test]
fn each_step_has_the_failure_codes_of_its_step_toml() {
    let root = crate::root();
    for step in crate::build::steps(&root).unwrap() {
        let folder = root.join("components").join(&step);
        let file: toml::Table =
            toml::from_str(&fs::read_to_string(folder.join("step.toml")).unwrap()).unwrap();
        let declared: BTreeSet<String> =
            file["failures"].as_table().into_iter().flat_map(|table| table.keys().cloned()).collect();
        let code = fs::read_to_string(folder.join("src/failure.rs")).unwrap();
        let names = code.lines().filter_map(|line| line.split_once(" = (\"")?.1.split_once('"'));
        let coded: BTreeSet<String> = names.map(|(name, _)| name.to_owned()).collect();
        assert_eq!(coded, declared, "{step}");
    }
}
