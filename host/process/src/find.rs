//! Finds programs in the folders of PATH outside of the checkout. It starts none.

use super::Checkout;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The search path without a PATH, as in `execvp`.
const DEFAULT_PATH: &str = "/usr/bin:/bin";

/// The programs that a run may start.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The folders of PATH that the host searches.
    folders: Vec<PathBuf>,
    /// The entries of PATH that it does not search: relative, empty, or in the checkout.
    skipped: Vec<PathBuf>,
    checkout: Checkout,
    /// Whether a keeper starts the programs and ends them with the run.
    pub(crate) has_keeper: bool,
}

impl Default for Programs {
    fn default() -> Self {
        Self::new(None, Checkout::default())
    }
}

/// The error for a program that is missing, or that lies in the checkout.
#[derive(Debug)]
pub struct ProgramNotFound {
    name: String,
    /// The path of a program of this name in the checkout.
    within: Option<PathBuf>,
}

impl std::fmt::Display for ProgramNotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, within } = self;
        match within {
            Some(place) => write!(
                f,
                "`{}` lies in the workspace or its checkout, and lockstep starts no program from there; install `{name}` \
                 outside of it",
                place.display()
            ),
            None => write!(f, "there is no program `{name}` in the folders of PATH; install `{name}`"),
        }
    }
}

impl Programs {
    /// The programs in the folders of this PATH outside of the checkout.
    #[must_use]
    pub fn new(path: Option<OsString>, checkout: Checkout) -> Self {
        let path = path.unwrap_or_else(|| DEFAULT_PATH.into());
        let usable = |folder: &PathBuf| folder.is_absolute() && !checkout.holds(folder);
        let (folders, skipped) = std::env::split_paths(&path).partition(usable);
        Self { folders, skipped, checkout, has_keeper: true }
    }

    /// The same programs without a keeper, for tests whose executable has none. A started program may outlive this process.
    #[must_use]
    pub fn without_keeper(self) -> Self {
        Self { has_keeper: false, ..self }
    }

    /// The PATH of started programs, without the folders of the checkout.
    #[must_use]
    pub fn path(&self) -> OsString {
        std::env::join_paths(&self.folders).unwrap_or_else(|_| DEFAULT_PATH.into())
    }

    /// The checkout from which the host starts no program.
    #[must_use]
    pub fn checkout(&self) -> &Checkout {
        &self.checkout
    }

    /// Finds the program of this name or path.
    ///
    /// # Errors
    /// There is no such program outside of the checkout.
    pub fn find(&self, name: &str) -> Result<PathBuf, ProgramNotFound> {
        let not_found = |within| ProgramNotFound { name: file_name(name).to_owned(), within };
        if name.contains('/') {
            let path = PathBuf::from(name);
            let path = std::path::absolute(&path).unwrap_or(path);
            return match self.checkout.holds(&path) {
                true => Err(not_found(Some(path))),
                false => Ok(path),
            };
        }
        let (within, outside): (Vec<_>, Vec<_>) = self
            .folders
            .iter()
            .map(|folder| folder.join(name))
            .filter(|place| is_program(place))
            .partition(|place| self.checkout.holds(place));
        match outside.into_iter().next() {
            Some(place) => Ok(place),
            None => Err(not_found(within.into_iter().next().or_else(|| self.skipped_program(name)))),
        }
    }

    /// The first of these arguments that names a file in the checkout by an absolute path, since a script or a configuration
    /// can act as a program. A relative path does not lead there, because the host starts programs in the folder `/`.
    #[must_use]
    pub fn first_arg_inside<'a>(&self, args: &'a [String]) -> Option<&'a str> {
        args.iter().map(String::as_str).find(|arg| self.checkout.is_mentioned_in(arg))
    }

    /// The first program of this name in the folders of PATH that the host does not search.
    #[must_use]
    pub fn skipped_program(&self, name: &str) -> Option<PathBuf> {
        let here = |folder: &PathBuf| match folder.as_os_str() == OsStr::new("") {
            true => PathBuf::from(".").join(name),
            false => folder.join(name),
        };
        self.skipped.iter().map(here).find(|place| is_program(place))
    }
}

/// The last part of a path.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn no_program_of_the_checkout_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let ws = top.join("ws");
        for name in ["ws/node_modules/.bin/git", "ws/bin/aws", "usr/git", "usr/aws", "opt/kubelogin"] {
            program(&top.join(name));
        }
        fs::create_dir_all(top.join("linked")).unwrap();
        symlink(ws.join("bin/aws"), top.join("linked/aws")).unwrap();
        symlink(ws.join("bin"), top.join("into")).unwrap();
        symlink(top.join("opt"), ws.join("out")).unwrap();
        fs::write(top.join("opt/git"), "no program").unwrap();
        let entries =
            ["ws/node_modules/.bin", "into", "ws/out", "linked", "opt", "usr"].map(|entry| top.join(entry));
        let path =
            std::env::join_paths(entries.iter().chain([&PathBuf::new(), &PathBuf::from("rel")])).unwrap();
        let programs = Programs::new(Some(path), Checkout::new([ws.clone()]));
        assert_eq!(programs.find("git").unwrap(), top.join("usr/git"));
        assert_eq!(programs.find("aws").unwrap(), top.join("usr/aws"));
        assert_eq!(programs.find("kubelogin").unwrap(), top.join("opt/kubelogin"));
        assert_eq!(programs.skipped_program("git"), Some(ws.join("node_modules/.bin/git")));
        assert_eq!(
            programs.path(),
            std::env::join_paths(["linked", "opt", "usr"].map(|e| top.join(e))).unwrap()
        );
        for named in
            ["ws/bin/aws", "linked/aws", "into/aws", "usr/../ws/bin/aws", "ws/./bin/aws", "ws/out/kubelogin"]
        {
            let refused = programs.find(top.join(named).to_str().unwrap()).unwrap_err().to_string();
            assert!(refused.contains("lies in the workspace"), "{named}: {refused}");
        }
        let script = top.join("into/aws").display().to_string();
        let mut args = ["-x", "rel/aws", "/"].map(str::to_owned).to_vec();
        args.push(top.join("usr/aws").display().to_string());
        assert_eq!(programs.first_arg_inside(&args), None);
        for named in [&*script, &format!("--x={script}"), &format!("@{script}"), &format!("exec {script} 1")]
        {
            args.push(named.to_owned());
            assert_eq!(programs.first_arg_inside(&args), Some(named));
            args.pop();
        }
        let only = Programs::new(Some(ws.join("bin").into()), Checkout::new([ws]));
        assert!(only.find("aws").unwrap_err().to_string().contains("lies in the workspace"));
        assert!(only.find("none").unwrap_err().to_string().contains("install `none`"));
    }
}
