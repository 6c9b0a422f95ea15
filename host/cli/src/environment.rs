//! What the environment says about the platform, read once. It never holds a secret: those are taken out
//! before. No other module but [`crate::secrets`] reads a variable.

use lockstep_model::render::Platform;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment, as far as lockstep looks at it.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Where this runs.
    pub(crate) platform: Platform,
    /// Whether `CI` is set: no bars, no colours.
    pub(crate) is_ci: bool,
    /// Whether GitHub reads the log. An earlier job can set variables of a later one on GitLab, and `LOCKSTEP_PLATFORM`
    /// anywhere, but it can take away none that another system has set.
    pub(crate) is_github: bool,
    /// Whether `LOCKSTEP_DRY_RUN` asks for a dry run.
    pub(crate) dry_run: bool,
}

impl Environment {
    /// Reads it. The user's word decides over `LOCKSTEP_PLATFORM`, and that over what is detected.
    ///
    /// # Errors
    /// What decides names no platform, `LOCKSTEP_DRY_RUN` is neither true nor false, or a variable of lockstep is not UTF-8.
    pub(crate) fn read(given: Option<&str>) -> Result<Self, String> {
        all_readable()?;
        let environment = match given.map(str::to_owned).or_else(|| text("LOCKSTEP_PLATFORM")) {
            Some(name) => named(&name).map(Self::on),
            None => Ok(Self::detected()),
        };
        Ok(Self { dry_run: dry_run()?, ..environment? })
    }

    /// The platform whose variables are set.
    pub(crate) fn detected() -> Self {
        Self::on(match () {
            () if is_github() => Platform::Github,
            () if text("GITLAB_CI").as_deref() == Some("true") => Platform::Gitlab,
            () if text("JENKINS_URL").is_some() => Platform::Jenkins,
            () => Platform::Plain,
        })
    }

    fn on(platform: Platform) -> Self {
        let others = ["GITLAB_CI", "CI_JOB_ID", "CI_PROJECT_ID", "JENKINS_URL", "JENKINS_HOME", "BUILD_TAG"];
        let is_other = others.iter().any(|name| std::env::var_os(name).is_some());
        Self {
            platform,
            is_ci: text("CI").is_some() || platform != Platform::Plain,
            is_github: text("GITHUB_ACTIONS").as_deref() == Some("true") && !is_other,
            dry_run: false,
        }
    }
}

/// The platform of this name.
fn named(name: &str) -> Result<Platform, String> {
    Platform::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Platform::ALL.iter().map(|platform| platform.name()).collect();
        format!("`{name}` is no platform; there are {}", known.join(", "))
    })
}

/// The value of a variable; none if it is unset, empty or not UTF-8.
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Those of these variables that are set, with their values.
pub(crate) fn all_of(names: &[&str]) -> Vec<(String, OsString)> {
    let set = |name: &&str| Some(((*name).to_owned(), std::env::var_os(name)?));
    names.iter().filter_map(set).collect()
}

/// The variables with a name that fits, with their values.
pub(crate) fn fitting(fits: impl Fn(&str) -> bool) -> Vec<(String, OsString)> {
    let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
    std::env::vars_os().filter_map(named).filter(|(name, _)| fits(name)).collect()
}

/// The paths that a variable holds, which is a list as PATH is one; none if it names none.
pub(crate) fn paths(name: &str) -> Option<Vec<PathBuf>> {
    let value = std::env::var_os(name)?;
    let paths: Vec<_> = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect();
    (!paths.is_empty()).then_some(paths)
}

/// The folder of the user.
pub(crate) fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// The path a variable holds.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    text(name).map(PathBuf::from)
}

/// Whether a dry run is asked for. A word that is misspelled must not change anything.
fn dry_run() -> Result<bool, String> {
    const NAME: &str = "LOCKSTEP_DRY_RUN";
    let given = text(NAME).unwrap_or_default();
    match given.trim() {
        "" | "false" => Ok(false),
        "true" => Ok(true),
        _ => Err(format!(
            "{NAME}, which the input `dry-run` of a wrapper sets, is `{given}`: expected `true` or `false`; nothing was changed"
        )),
    }
}

/// The variables whose name begins with `prefix`, without it. An empty one says nothing.
pub(crate) fn with_prefix(prefix: &str) -> Vec<(String, String)> {
    let rest = |(name, value): (OsString, OsString)| {
        Some((name.to_str()?.strip_prefix(prefix)?.to_owned(), value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(rest).filter(|(_, value)| !value.is_empty()).collect()
}

/// Refuses a variable of lockstep that cannot be read: what it asks for, such as a policy, would be left out unseen.
fn all_readable() -> Result<(), String> {
    let own = |name: &OsString| name.as_encoded_bytes().starts_with(b"LOCKSTEP_");
    let unreadable =
        |(name, value): &(OsString, OsString)| name.to_str().is_none() || value.to_str().is_none();
    match std::env::vars_os().filter(|(name, _)| own(name)).find(unreadable) {
        Some((name, _)) => Err(format!("the variable {} is not UTF-8", name.to_string_lossy())),
        None => Ok(()),
    }
}

/// Whether this is a job of GitHub Actions, or of a runner that gives itself out for one.
pub(crate) fn is_github() -> bool {
    text("GITHUB_ACTIONS").as_deref() == Some("true")
}

/// Where a receipt goes if nobody says so: beside the job on a CI, else in the user's state folder.
pub(crate) fn receipt_folder(platform: Platform, folder: &Path) -> Option<PathBuf> {
    let state = || {
        let home = || path("HOME").map(|home| home.join(".local/state"));
        path("XDG_STATE_HOME").or_else(home).map(|state| state.join("lockstep/receipts"))
    };
    match platform {
        Platform::Github => path("RUNNER_TEMP").map(|temp| temp.join("lockstep")).or_else(state),
        Platform::Gitlab => Some(folder.to_owned()),
        Platform::Jenkins => path("WORKSPACE_TMP").map(|temp| temp.join("lockstep")).or_else(state),
        Platform::Plain => state(),
    }
}
