//! The inputs of a step that configure clients of the host: `[connect]` of `step.toml`, and `connect` of a policy for
//! components that are not built in. No other input configures a client.

use crate::capability::Capability;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The inputs that configure clients: the name of the input by capability and setting.
///
/// ```
/// # use lockstep_model::{capability::Capability, connect::Connect};
/// let connect: Connect = serde_json::from_str(r#"{"objects": {"region": "aws-region"}}"#).unwrap();
/// assert_eq!(connect.input(Capability::Objects, "region"), Some("aws-region"));
/// assert_eq!(connect.input(Capability::Objects, "role"), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Connect(BTreeMap<String, BTreeMap<String, String>>);

/// The error of an invalid `connect`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No capability has this name.
    #[error("connect: invalid capability `{0}`")]
    Capability(String),
    /// The client of the capability has no such setting.
    #[error("connect: invalid setting `{setting}` of {capability}: expected one of `{}`", .known.join("`, `"))]
    Setting {
        /// The name of the capability.
        capability: &'static str,
        /// The invalid name.
        setting: String,
        /// The settings of the capability.
        known: &'static [&'static str],
    },
    /// The step has no such input.
    #[error("connect: the step has no input `{0}`")]
    Input(String),
}

impl Connect {
    /// The input that configures a setting of a client, if there is one.
    #[must_use]
    pub fn input(&self, capability: Capability, setting: &str) -> Option<&str> {
        self.0.get(capability.name())?.get(setting).map(String::as_str)
    }

    /// Whether no input configures a client.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks the names of capabilities, settings and inputs.
    ///
    /// # Errors
    /// The first name that is invalid.
    pub fn check(&self, has_input: impl Fn(&str) -> bool) -> Result<(), ConnectError> {
        for (name, settings) in &self.0 {
            let capability = Capability::parse(name).ok_or_else(|| ConnectError::Capability(name.clone()))?;
            let known = capability.spec().settings;
            for (setting, input) in settings {
                if !known.contains(&setting.as_str()) {
                    let (capability, setting) = (capability.name(), setting.clone());
                    return Err(ConnectError::Setting { capability, setting, known });
                }
                if !has_input(input) {
                    return Err(ConnectError::Input(input.clone()));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_of_clients_and_inputs_of_the_step_are_accepted() {
        let check = |text: &str| {
            let connect: Connect = serde_json::from_str(text).unwrap();
            connect.check(|input| input == "region").map_err(|error| error.to_string())
        };
        assert_eq!(check(r#"{"objects": {"region": "region"}}"#), Ok(()));
        assert_eq!(check("{}"), Ok(()));
        for (text, part) in [
            (r#"{"mail": {}}"#, "invalid capability `mail`"),
            (r#"{"objects": {"zone": "region"}}"#, "expected one of `endpoint`, `region`, `role`"),
            (r#"{"workspace": {"region": "region"}}"#, "invalid setting `region` of workspace"),
            (r#"{"objects": {"role": "role"}}"#, "no input `role`"),
        ] {
            assert!(check(text).is_err_and(|error| error.contains(part)), "{text}");
        }
    }
}
