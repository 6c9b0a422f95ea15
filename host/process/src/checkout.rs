//! The folders whose content a commit can choose: the workspace and the checkout around it. It follows links, so that
//! every path to a file counts, and changes nothing.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// Variables that may name a file in the checkout. CI systems put these files there; they hold data, not settings.
pub const DATA_FILE_VARIABLES: [&str; 7] = [
    "TMPDIR",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_GHA_CREDS_PATH",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AZURE_FEDERATED_TOKEN_FILE",
];
/// The maximum number of links in a path.
const MAX_LINKS: usize = 40;

/// The folders whose content a commit, an artifact or a step can choose.
#[derive(Debug, Clone, Default)]
pub struct Checkout {
    /// Existing folders, as paths without links.
    roots: Vec<PathBuf>,
}

impl Checkout {
    /// The checkouts of git around these folders, or a folder itself outside of a checkout. It skips missing folders.
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

    /// The first of these variables that names settings in the checkout, with its value.
    #[must_use]
    pub fn first_setting_inside<'v>(
        &self,
        variables: &'v [(String, OsString)],
    ) -> Option<(&'v str, &'v Path)> {
        let settings = variables.iter().filter(|(name, _)| !DATA_FILE_VARIABLES.contains(&name.as_str()));
        let mut paths = settings.map(|(name, value)| (name.as_str(), Path::new(value)));
        // The host starts programs in the folder `/`, so a relative path does not lead to the checkout.
        paths.find(|(_, path)| {
            path.is_absolute() && self.holds(path) || self.is_mentioned_in(&path.to_string_lossy())
        })
    }

    /// Whether a text, such as a list of paths or an option with a path, names an existing file in the checkout.
    #[must_use]
    pub fn is_mentioned_in(&self, text: &str) -> bool {
        // Every `/` can begin a path, and each of these characters can end one.
        let begins = text.match_indices('/').map(|(at, _)| &text[at..]);
        let whole = |path: &str| self.holds(Path::new(path)) && Path::new(path).exists();
        begins.into_iter().any(|rest| {
            let part = rest.split([':', ';', ',', '=', ' ', '"', '\'', '\n']).next().unwrap_or_default();
            whole(part) || whole(rest)
        })
    }

    /// Whether this path leads into the checkout or through it. A path that the host cannot follow counts as inside.
    #[must_use]
    pub fn holds(&self, path: &Path) -> bool {
        walk(path, |place, _| self.is_inside(place))
    }

    /// Whether a link in this checkout, or in any other checkout of git, is on the way of this path. A path that the host
    /// cannot follow counts as such.
    #[must_use]
    pub fn has_link_on(&self, path: &Path) -> bool {
        walk(path, |place, is_link| is_link && (self.is_inside(place) || is_in_git(place)))
    }

    fn is_inside(&self, place: &Path) -> bool {
        self.roots.iter().any(|root| place.starts_with(root))
    }
}

/// Whether a file lies in a checkout of git.
fn is_in_git(place: &Path) -> bool {
    place.ancestors().skip(1).any(|folder| folder.join(".git").symlink_metadata().is_ok())
}

/// Follows a path and its links. `found` gets each place on the way, and whether it is a link. Returns whether `found`
/// found a place, or the host cannot follow the path.
fn walk(path: &Path, found: impl Fn(&Path, bool) -> bool) -> bool {
    let Ok(path) = std::path::absolute(path) else { return true };
    let mut left: VecDeque<OsString> = parts(&path);
    let (mut place, mut links) = (PathBuf::from("/"), 0);
    while let Some(part) = left.pop_front() {
        if part == ".." {
            place.pop();
            continue;
        }
        place.push(part);
        let target = place.read_link();
        if found(&place, target.is_ok()) {
            return true;
        }
        match target {
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
            // Not a link, or a missing file, whose path has no links.
            Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::NotFound) => {}
            // No process of this user can open a file below this one.
            Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotADirectory) => {
                return false;
            }
            Err(_) => return true,
        }
    }
    false
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
    fn a_link_in_the_checkout_is_found_wherever_it_leads() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        for made in ["ws/sub", "ws/.git", "other"] {
            fs::create_dir_all(top.join(made)).unwrap();
        }
        for file in ["ws/own.yaml", "ws/sub/own.yaml", "other/own.yaml"] {
            fs::write(top.join(file), "").unwrap();
        }
        symlink("../other/own.yaml", top.join("ws/out.yaml")).unwrap();
        symlink("sub", top.join("ws/folder")).unwrap();
        symlink("../ws", top.join("other/into")).unwrap();
        symlink("own.yaml", top.join("other/link.yaml")).unwrap();
        let checkout = Checkout::new([top.join("ws")]);
        for path in ["ws/out.yaml", "ws/folder/own.yaml", "other/into/out.yaml", "ws/sub/../folder/own.yaml"]
        {
            assert!(checkout.has_link_on(&top.join(path)), "{path}");
        }
        for path in ["ws/own.yaml", "ws/sub/own.yaml", "other/link.yaml", "other/into/own.yaml", "ws/missing"]
        {
            assert!(!checkout.has_link_on(&top.join(path)), "{path}");
        }
    }

    #[test]
    fn a_path_into_the_checkout_is_found_in_each_spelling() {
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
