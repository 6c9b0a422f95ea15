//! Attack 24: gives outputs whose values hold delimiters and assignments, under names that mean something to
//! somebody. Expected: the platform reads exactly the declared outputs, and no other variable is set.

mod forger {
    wit_bindgen::generate!({
        path: ["../../wit", "wit"],
        world: "lockstep:hostile/forger",
        generate_all,
    });
}

use forger::{Failure, Inputs, Outputs};

struct Attack;

impl forger::Guest for Attack {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let value = || inputs.value.clone();
        Ok(Outputs {
            said: value(),
            result: value(),
            path: value(),
            node_options: value(),
            github_env: value(),
            ld_preload: value(),
        })
    }
}

forger::export!(Attack with_types_in forger);

fn main() {}
