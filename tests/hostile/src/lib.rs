//! What the attacks share: the generated side of the contract, and a way to end. It attacks nothing itself.

/// The contract as most attacks see it.
pub mod attacker {
    wit_bindgen::generate!({
        path: ["../../wit", "wit"],
        world: "lockstep:hostile/attacker",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "hostile::attacker",
    });
}

pub use attacker::lockstep::step::{cluster, forge, objects, report, repository, types, workspace};
pub use attacker::{Failure, Inputs, Outputs};

/// The end of an attack that claims to have done good work, with what it saw.
pub fn done(said: Vec<String>) -> Result<Outputs, Failure> {
    Ok(Outputs { said })
}

/// How a host call ended, in one word, or what it gave.
pub fn word<T: std::fmt::Debug>(result: Result<T, types::Error>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(types::Error::Denied(_)) => "denied".into(),
        Err(types::Error::NotFound(_)) => "not-found".into(),
        Err(types::Error::Conflict(_)) => "conflict".into(),
        Err(types::Error::Invalid(_)) => "invalid".into(),
        Err(types::Error::LimitExceeded(_)) => "limit-exceeded".into(),
        Err(types::Error::Unavailable(_)) => "unavailable".into(),
        Err(types::Error::Unauthorized(_)) => "unauthorized".into(),
        Err(types::Error::Integrity(_)) => "integrity".into(),
        Err(types::Error::Upstream(_)) => "upstream".into(),
        Err(types::Error::Local(_)) => "local".into(),
    }
}

/// Makes a component of a function `fn(Inputs) -> Result<Outputs, Failure>`.
#[macro_export]
macro_rules! attack {
    ($run:ident) => {
        struct Attack;

        impl $crate::attacker::Guest for Attack {
            fn run(inputs: $crate::Inputs) -> Result<$crate::Outputs, $crate::Failure> {
                $run(inputs)
            }
        }

        $crate::attacker::export!(Attack with_types_in $crate::attacker);

        fn main() {}
    };
}
