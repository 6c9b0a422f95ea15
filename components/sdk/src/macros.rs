//! The two macros of the crate. They make types and nothing else.

/// Generates the types of a step's own WIT file, and takes those of the contract from this crate. Write `export!(Step)` below
/// it.
///
/// `path` is as in `wit_bindgen::generate!`: the folders of the contract and of the step, relative to the step's `Cargo.toml`.
#[macro_export]
macro_rules! bindings {
    ({ path: $path:tt, world: $world:tt $(,)? }) => {
        $crate::wit_bindgen::generate!({
            path: $path,
            world: $world,
            generate_all,
            runtime_path: "::lockstep_sdk::wit_bindgen::rt",
            additional_derives: [PartialEq],
            with: {
                "lockstep:step/types@0.1.0": ::lockstep_sdk::types,
                "lockstep:step/report@0.1.0": ::lockstep_sdk::report,
                "lockstep:step/workspace@0.1.0": ::lockstep_sdk::workspace,
                "lockstep:step/objects@0.1.0": ::lockstep_sdk::objects,
                "lockstep:step/http@0.1.0": ::lockstep_sdk::http,
                "lockstep:step/cluster@0.1.0": ::lockstep_sdk::cluster,
                "lockstep:step/repository@0.1.0": ::lockstep_sdk::repository,
                "lockstep:step/forge@0.1.0": ::lockstep_sdk::forge,
            },
        });
    };
}

/// Declares the failure codes of a step: an enum that implements [`FailureCode`](crate::FailureCode). Each code has its name
/// and its [`FailureKind`](crate::types::FailureKind).
///
/// ```
/// use lockstep_sdk::FailureCode;
/// lockstep_sdk::failure_codes! {
///     /// Why the step does not succeed.
///     pub enum Code {
///         /// Nothing matches.
///         NoMatch = ("no-match", Rejected),
///     }
/// }
/// assert_eq!(Code::NoMatch.name(), "no-match");
/// ```
#[macro_export]
macro_rules! failure_codes {
    (
        $(#[$doc:meta])*
        $vis:vis enum $name:ident { $( $(#[$code_doc:meta])* $code:ident = ($text:literal, $kind:ident) ),+ $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $( $(#[$code_doc])* $code ),+ }

        impl $crate::FailureCode for $name {
            const ALL: &'static [Self] = &[$( Self::$code ),+];

            fn name(self) -> &'static str {
                match self { $( Self::$code => $text ),+ }
            }

            fn kind(self) -> $crate::types::FailureKind {
                match self { $( Self::$code => $crate::types::FailureKind::$kind ),+ }
            }
        }
    };
}
