//! A test that compares a table of the code with the contract in `wit/`. It changes nothing.

use lockstep_model::capability::Capability;
use std::collections::BTreeSet;
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
