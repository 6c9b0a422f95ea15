//! Which places a commit can choose: the workspace and the checkout around it. It compares places and not spellings.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// Variables that may name a place in the checkout: they name data that CI systems put there, not settings.
pub const DATA_FILE_VARIABLES: [&str; 7] = [
    "TMPDIR",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_GHA_CREDS_PATH",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AZURE_FEDERATED_TOKEN_FILE",
];
/// The most links that one path may lead through.
const MAX_LINKS: usize = 40;

/// The folders whose content a commit, an artifact or a step can choose.
#[derive(Debug, Clone, Default)]
pub struct Checkout {
    /// Without links, and all there.
    roots: Vec<PathBuf>,
}

impl Checkout {
    /// These folders, and for each the checkout of git that it lies in. A folder that does not exist holds nothing.
    #[must_use]
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut roots = Vec::new();
        for folder in folders.into_iter().filter_map(|folder| folder.canonicalize().ok()) {
            let top = folder.ancestors().find(|top| top.join(".git").symlink_metadata().is_ok());
            let top = top.unwrap_or(&folder).to_owned();
            if !roots.contains(&top) {
                roots.push(top);
            }
        }
        Self { roots }
    }

    /// The first of these variables by which a program would read its settings in the checkout.
    #[must_use]
    pub fn first_setting_inside<'v>(
        &self,
        variables: &'v [(String, OsString)],
    ) -> Option<(&'v str, &'v Path)> {
        let settings = variables.iter().filter(|(name, _)| !DATA_FILE_VARIABLES.contains(&name.as_str()));
        let mut paths = settings.map(|(name, value)| (name.as_str(), Path::new(value)));
        // Programs are started in the folder `/`, so a relative path leads nowhere near.
        paths.find(|(_, path)| {
            path.is_absolute() && self.holds(path) || self.is_mentioned_in(&path.to_string_lossy())
        })
    }

    /// Whether a text, such as a list of paths or an option with a path, names something that is in the checkout.
    #[must_use]
    pub fn is_mentioned_in(&self, text: &str) -> bool {
        // Wherever a path can begin in such a text, and wherever it can end.
        let begins = text.match_indices('/').map(|(at, _)| &text[at..]);
        let whole = |path: &str| self.holds(Path::new(path)) && Path::new(path).exists();
        begins.into_iter().any(|rest| {
            let part = rest.split([':', ';', ',', '=', ' ', '"', '\'', '\n']).next().unwrap_or_default();
            whole(part) || whole(rest)
        })
    }

    /// Whether this path leads into the checkout or through it. What cannot be followed to its end counts as within.
    #[must_use]
    pub fn holds(&self, path: &Path) -> bool {
        let Ok(path) = std::path::absolute(path) else { return true };
        let mut left: VecDeque<OsString> = parts(&path);
        let (mut place, mut links) = (PathBuf::from("/"), 0);
        while let Some(part) = left.pop_front() {
            if part == ".." {
                place.pop();
                continue;
            }
            place.push(part);
            if self.roots.iter().any(|root| place.starts_with(root)) {
                return true;
            }
            match place.read_link() {
                Ok(target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return true;
                    }
                    place.pop();
                    if target.is_absolute() {
                        place = PathBuf::from("/");
                    }
                    let mut target = parts(&target);
                    target.append(&mut left);
                    left = target;
                }
                // No link, or nothing yet: what follows is taken as it is spelled.
                Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::NotFound) => {}
                // Nobody can open what is behind this.
                Err(error)
                    if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotADirectory) =>
                {
                    return false;
                }
                Err(_) => return true,
            }
        }
        false
    }
}

/// The parts of a path, without its root.
fn parts(path: &Path) -> VecDeque<OsString> {
    let part = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        _ => None,
    };
    path.components().filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_place_is_found_by_whatever_way_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        for made in ["ws/sub/bin", "ws/.git", "ws.tmp", "other/bin"] {
            fs::create_dir_all(top.join(made)).unwrap();
        }
        symlink("../ws/sub", top.join("other/into")).unwrap();
        symlink("../../../other", top.join("ws/sub/bin/out")).unwrap();
        symlink("loop", top.join("other/loop")).unwrap();
        symlink(top.join("other/into"), top.join("other/twice")).unwrap();
        let checkout = Checkout::new([top.join("ws/sub"), top.join("missing")]);
        for within in [
            "ws",
            "ws/x",
            "ws/sub/bin/tool",
            "ws/sub/../other-file",
            "other/into/bin/tool",
            "other/../ws/x",
            "other/twice/bin",
            "ws/sub/bin/out/bin",
            "ws/../other/bin",
            "other/loop",
            "ws/new/folder/x",
        ] {
            assert!(checkout.holds(&top.join(within)), "{within}");
        }
        for outside in ["ws.tmp/kubeconfig", "other/bin/tool", "other/new", "", "other/bin/.."] {
            assert!(!checkout.holds(&top.join(outside)), "{outside}");
        }
        assert!(!Checkout::default().holds(&top));
    }
}
