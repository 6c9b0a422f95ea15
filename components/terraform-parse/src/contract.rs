//! The contract: which outputs there must be, read from `NAME[:TYPE][?][=DEFAULT]`. Never sees a document.

use std::fmt;

use lockstep_path::clip;

use crate::check;
use crate::grammar;
use crate::json::Json;
use crate::types::Type;

/// An output that there must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The name that Terraform knows it by.
    pub name: String,
    /// Its type, if one is declared.
    pub ty: Option<Type>,
    /// Whether it may be missing or null.
    pub optional: bool,
    /// What it then is, as it was given.
    pub default: Option<String>,
}

impl Expected {
    /// Reads one line of the contract.
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
            let (read, after) = grammar::read_type(typed)?;
            (ty, rest) = (Some(read), after);
        }
        let optional = rest.strip_prefix('?');
        rest = optional.unwrap_or(rest).trim_start();
        let default = match rest.strip_prefix('=') {
            Some(default) => Some(default.to_owned()),
            None if rest.is_empty() => None,
            None => return Err(format!("`{}` stands where `?`, `=` or the end should", clip(rest, 40))),
        };
        let expected = Self { name: name.into(), ty, optional: optional.is_some(), default };
        expected.default_value()?;
        Ok(expected)
    }

    /// Whether it may be missing or null.
    pub fn may_be_absent(&self) -> bool {
        self.optional || self.default.is_some()
    }

    /// What it is when it is missing or null; nothing if there is no default.
    ///
    /// # Errors
    /// If the default is not of the declared type. Then the line does not parse either.
    pub fn default_value(&self) -> Result<Option<Json<'_>>, String> {
        let Some(default) = &self.default else { return Ok(None) };
        let ty = match &self.ty {
            None | Some(Type::Any | Type::String) => return Ok(Some(Json::String(default.into()))),
            Some(ty) => ty,
        };
        let value =
            Json::parse(default).map_err(|flaw| format!("the default is no JSON for `{ty}`: {flaw}"))?;
        match check::mismatches("the default", &value, ty, false).first() {
            None => Ok(Some(value)),
            Some(mismatch) => Err(mismatch.to_string()),
        }
    }
}

impl fmt::Display for Expected {
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
