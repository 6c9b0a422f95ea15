//! The contract: declarations `NAME[:TYPE][?][=DEFAULT]` of the outputs that must exist. It does not look at a document.

use std::fmt;

use lockstep_path::clip;

use crate::check;
use crate::json::Json;
use crate::json_parser;
use crate::type_parser;
use crate::types::Type;

/// The declaration of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The name of the output.
    pub name: String,
    /// Its type; none if any value is accepted.
    pub ty: Option<Type>,
    /// Whether it may be missing or null.
    pub optional: bool,
    /// The value of an output that is missing or null, as the input spells it.
    pub default: Option<String>,
}

impl Declaration {
    /// Parses one declaration.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start();
        let end = text.find([':', '?', '=']).unwrap_or(text.len());
        let (name, mut rest) = (text[..end].trim_end(), &text[end..]);
        if name.is_empty() {
            return Err("the name is missing".into());
        }
        let mut ty = None;
        if let Some(typed) = rest.strip_prefix(':') {
            let (parsed, after) = type_parser::parse_prefix(typed)?;
            (ty, rest) = (Some(parsed), after);
        }
        let optional = rest.strip_prefix('?');
        rest = optional.unwrap_or(rest).trim_start();
        let default = match rest.strip_prefix('=') {
            Some(default) => Some(default.to_owned()),
            None if rest.is_empty() => None,
            None => return Err(format!("unexpected `{}`: expected `?`, `=` or the end", clip(rest, 40))),
        };
        let declaration = Self { name: name.into(), ty, optional: optional.is_some(), default };
        declaration.default_value()?;
        Ok(declaration)
    }

    /// Whether the output may be missing or null.
    pub fn may_be_absent(&self) -> bool {
        self.optional || self.default.is_some()
    }

    /// The value of an output that is missing or null; none without a default.
    ///
    /// # Errors
    /// The default does not have the declared type. [`parse`](Self::parse) rejects such a declaration.
    pub fn default_value(&self) -> Result<Option<Json<'_>>, String> {
        let Some(default) = &self.default else { return Ok(None) };
        let ty = match &self.ty {
            None | Some(Type::Any | Type::String) => return Ok(Some(Json::String(default.into()))),
            Some(ty) => ty,
        };
        let value = json_parser::parse(default)
            .map_err(|error| format!("the default is not a value for `{ty}`: {error}"))?;
        match check::mismatches("the default", &value, ty, false).first() {
            None => Ok(Some(value)),
            Some(mismatch) => Err(mismatch.to_string()),
        }
    }
}

impl fmt::Display for Declaration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)?;
        if let Some(ty) = &self.ty {
            write!(out, ":{ty}")?;
        }
        if self.optional {
            out.write_str("?")?;
        }
        if let Some(default) = &self.default {
            write!(out, "={default}")?;
        }
        Ok(())
    }
}
