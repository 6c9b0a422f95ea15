//! What a word after `cargo xtask test` names: a crate, a step with its cases, or a module of the crate of tests.

use super::{Extent, THROUGH};
use crate::members::{Member, has_clients};
use crate::{build, near};
use anyhow::{Result, bail};
use std::fmt::{self, Display};
use std::fs;
use std::path::Path;

/// The programs that the modules of `tests/tests` are built into.
const PROGRAMS: [&str; 3] = ["offline", "hostile", "live"];
/// A crate whose tests run the finished programs, beside the crate of tests.
const RUNNER: &str = "xtask";

/// Tests that are run together.
#[derive(Debug)]
pub(crate) enum Part<'m> {
    /// The tests of a crate itself.
    Crate(&'m Member),
    /// A module of one of the programs, or all of that program.
    Module {
        /// The program.
        program: &'static str,
        /// The module.
        module: Option<String>,
    },
    /// The cases of a step, through the finished program.
    Cases(&'m Member),
}

impl Part<'_> {
    /// Whether its tests run the finished programs.
    pub(crate) fn needs_finished(&self) -> bool {
        !matches!(self, Self::Crate(member) if member.name != THROUGH && member.name != RUNNER)
    }

    /// What cargo builds for it. A crate with clients is selected together with all others: alone, hundreds of libraries
    /// would get other features, and be built once more for it.
    pub(crate) fn selection(&self, members: &[Member]) -> Vec<String> {
        match self {
            Self::Crate(member) if member.name == THROUGH => {
                super::whole(&["--lib", "--test", "offline", "--test", "hostile"])
            }
            Self::Crate(member) if member.name != build::COMPILER && has_clients(member, members) => {
                super::whole(&["--lib", "--bins"])
            }
            Self::Crate(member) => super::alone(&member.name),
            Self::Module { program, .. } => super::whole(&["--test", program]),
            Self::Cases(_) => super::whole(&["--test", PROGRAMS[0]]),
        }
    }

    /// Whether a program of tests, of this crate and name, belongs to it.
    pub(crate) fn has(&self, package: &str, name: &str) -> bool {
        match self {
            Self::Crate(member) => member.name == package,
            Self::Module { program, .. } => package == THROUGH && name == *program,
            Self::Cases(_) => package == THROUGH && name == PROGRAMS[0],
        }
    }

    /// The module that its tests are in.
    pub(crate) fn module(&self) -> Option<&str> {
        match self {
            Self::Crate(_) => None,
            Self::Module { module, .. } => module.as_deref(),
            Self::Cases(_) => Some("cases"),
        }
    }
}

impl Display for Part<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crate(member) => write!(out, "{}", member.name),
            Self::Module { program, module: None } => write!(out, "{program}"),
            Self::Module { program, module: Some(module) } => write!(out, "{program}::{module}"),
            Self::Cases(member) => write!(out, "the cases of {}", member.name),
        }
    }
}

/// What a word names. Live modules are meant if the extent says so, or nothing else has the name.
pub(crate) fn choose<'m>(
    root: &Path,
    members: &'m [Member],
    extent: Extent,
    word: &str,
) -> Result<Vec<Part<'m>>> {
    let modules = modules(root)?;
    let named = modules.iter().filter(|(program, module)| match module {
        Some(module) => module == word,
        None => *program == word,
    });
    let (live, offline): (Vec<_>, Vec<_>) = named.cloned().partition(|(program, _)| *program == "live");
    let part = |(program, module)| Part::Module { program, module };
    let mut parts: Vec<Part<'m>> = Vec::new();
    if extent == Extent::Offline {
        for member in members.iter().filter(|member| member.is_called(word)) {
            parts.push(Part::Crate(member));
            if member.is_step(root) {
                parts.push(Part::Cases(member));
            }
        }
        parts.extend(offline.into_iter().map(part));
    }
    if parts.is_empty() {
        parts.extend(live.into_iter().map(part));
    }
    if parts.is_empty() {
        bail!("{}", unknown(members, &modules, extent, word));
    }
    Ok(parts)
}

/// Every module with its program, and each program as a whole.
fn modules(root: &Path) -> Result<Vec<(&'static str, Option<String>)>> {
    let mut modules = Vec::new();
    for program in PROGRAMS {
        modules.push((program, None));
        for entry in fs::read_dir(root.join("tests/tests").join(program))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let name = name.strip_suffix(".rs").unwrap_or(&name);
            if name != "main" {
                modules.push((program, Some(name.to_owned())));
            }
        }
    }
    Ok(modules)
}

/// The message for a word that names nothing.
fn unknown(
    members: &[Member],
    modules: &[(&'static str, Option<String>)],
    extent: Extent,
    word: &str,
) -> String {
    let is_meant = |program: &str| extent == Extent::Offline || program == "live";
    let modules = modules.iter().filter(|(program, _)| is_meant(program));
    let mut known: Vec<String> =
        modules.map(|(program, module)| module.clone().unwrap_or_else(|| (*program).to_owned())).collect();
    let mut kind = "module of live tests";
    if extent == Extent::Offline {
        known.extend(members.iter().flat_map(|member| [member.name.clone(), member.short()]));
        kind = "step, crate or module of tests";
    }
    known.sort();
    known.dedup();
    format!("`{word}` is no {kind}\n  hint: {}", near::hint(word, &known))
}

#[cfg(test)]
mod tests {
    use super::{Extent, choose};
    use crate::members::members;

    /// The parts that a word names, or what is said if it names none.
    fn named(word: &str, extent: Extent) -> String {
        let root = crate::root();
        let members = members(&root).unwrap();
        match choose(&root, &members, extent, word) {
            Ok(parts) => parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_word_names_a_step_a_crate_or_a_module() {
        let offline = |word| named(word, Extent::Offline);
        assert_eq!(offline("plan-gate"), "plan-gate, the cases of plan-gate");
        assert_eq!(offline("yaml"), "lockstep-yaml");
        assert_eq!(offline("cases"), "lockstep-cases, offline::cases");
        assert_eq!(offline("hostile"), "hostile");
        assert_eq!(
            (offline("wrappers"), offline("verify")),
            ("offline::wrappers".into(), "live::verify".into())
        );
        assert_eq!(named("wrappers", Extent::Live), "live::wrappers");
    }

    #[test]
    fn an_unknown_word_gets_the_nearest_name() {
        let said = "`recovr` is no step, crate or module of tests\n  hint: did you mean `recover`?";
        assert_eq!(named("recovr", Extent::Offline), said);
        assert!(named("plan-gate", Extent::Live).contains("is no module of live tests"));
    }
}
