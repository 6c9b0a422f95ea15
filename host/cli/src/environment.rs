//! The environment: the CI system and the variables of Lockstep. [`crate::secrets`] takes the secrets out of it before.
//! No other module reads variables.

use lockstep_model::render::Platform;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The settings of a run that come from the environment.
#[derive(Debug)]
pub(crate) struct Environment {
    /// The CI system.
    pub(crate) platform: Platform,
    /// Whether this is a CI job: the log has no progress bar and no colours.
    pub(crate) is_ci: bool,
    /// Whether GitHub reads the log. An earlier job can set variables of a later one on GitLab, and `LOCKSTEP_PLATFORM`
    /// anywhere, but it cannot remove the variables of another CI system.
    pub(crate) is_github: bool,
    /// Whether `LOCKSTEP_DRY_RUN` is `true`.
    pub(crate) dry_run: bool,
}

impl Environment {
    /// Reads the environment. The flag `--platform` comes before `LOCKSTEP_PLATFORM`, and the host detects the CI
    /// system if both are missing.
    ///
    /// # Errors
    /// The name of the CI system is unknown, `LOCKSTEP_DRY_RUN` is neither true nor false, or a variable of Lockstep is
    /// not UTF-8.
    pub(crate) fn read(given: Option<&str>) -> Result<Self, String> {
        check_encoding()?;
        let environment = match given.map(str::to_owned).or_else(|| text("LOCKSTEP_PLATFORM")) {
            Some(name) => parse_platform(&name).map(Self::on),
            None => Ok(Self::detected()),
        };
        Ok(Self { dry_run: dry_run()?, ..environment? })
    }

    /// Detects the CI system by its variables.
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

/// Reads the name of a CI system.
fn parse_platform(name: &str) -> Result<Platform, String> {
    Platform::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Platform::ALL.iter().map(|platform| format!("`{}`", platform.name())).collect();
        format!("invalid platform `{name}`: expected one of {}", known.join(", "))
    })
}

/// The value of a variable; `None` if it is unset, empty or not UTF-8.
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The names and values of those variables that are set.
pub(crate) fn variables(names: &[&str]) -> Vec<(String, OsString)> {
    let set = |name: &&str| Some(((*name).to_owned(), std::env::var_os(name)?));
    names.iter().filter_map(set).collect()
}

/// The names and values of the variables whose name `fits`.
pub(crate) fn variables_matching(fits: impl Fn(&str) -> bool) -> Vec<(String, OsString)> {
    let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
    std::env::vars_os().filter_map(named).filter(|(name, _)| fits(name)).collect()
}

/// The paths in a variable that is a list like PATH; `None` if it has no path.
pub(crate) fn paths(name: &str) -> Option<Vec<PathBuf>> {
    let value = std::env::var_os(name)?;
    let paths: Vec<_> = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect();
    (!paths.is_empty()).then_some(paths)
}

/// The home folder of the user.
pub(crate) fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// The path in a variable; `None` if it is unset, empty or not UTF-8.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    text(name).map(PathBuf::from)
}

/// Whether `LOCKSTEP_DRY_RUN` is `true`. A misspelled word is an error, so that it does not change anything.
fn dry_run() -> Result<bool, String> {
    const NAME: &str = "LOCKSTEP_DRY_RUN";
    let given = text(NAME).unwrap_or_default();
    match given.trim() {
        "" | "false" => Ok(false),
        "true" => Ok(true),
        _ => Err(format!(
            "invalid {NAME} `{given}`, which the input `dry-run` of a wrapper sets: expected `true` or `false`; nothing changed"
        )),
    }
}

/// The variables whose name begins with `prefix`: the rest of the name, and the value. It leaves out empty values.
pub(crate) fn variables_with_prefix(prefix: &str) -> Vec<(String, String)> {
    let rest = |(name, value): (OsString, OsString)| {
        Some((name.to_str()?.strip_prefix(prefix)?.to_owned(), value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(rest).filter(|(_, value)| !value.is_empty()).collect()
}

/// Rejects a variable of Lockstep that is not UTF-8. Otherwise the host would silently ignore it, for example a policy.
fn check_encoding() -> Result<(), String> {
    let own = |name: &OsString| name.as_encoded_bytes().starts_with(b"LOCKSTEP_");
    let unreadable =
        |(name, value): &(OsString, OsString)| name.to_str().is_none() || value.to_str().is_none();
    match std::env::vars_os().filter(|(name, _)| own(name)).find(unreadable) {
        Some((name, _)) => Err(format!("the variable {} is not UTF-8", name.to_string_lossy())),
        None => Ok(()),
    }
}

/// Whether this is a job of GitHub Actions or of a compatible runner.
pub(crate) fn is_github() -> bool {
    text("GITHUB_ACTIONS").as_deref() == Some("true")
}

/// The folder of a receipt without a path: a folder of the job in CI, else the state folder of the user.
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
