//! A Kubernetes control plane, etcd, kwok and `kubectl`, all of one Go module and linked as one program. It starts none of them.

use super::{QUICK, Result, digest, installed, run, said};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of Kubernetes that `go.mod` names, which the programs must be told.
const VERSION: (&str, &str, &str) = ("1", "34", "4");
/// What the program is called by, each the name of what it then is.
const NAMES: [&str; 6] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"];

/// The folder of `etcd`, `kube-apiserver`, `kube-controller-manager`, `kube-scheduler`, `kubectl`, and `kwok`, which plays
/// nodes and what runs on them.
///
/// # Errors
/// They cannot be built.
pub fn kubernetes() -> Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("live/kube");
    let files = ["main.go", "go.mod", "go.sum"].map(|name| source.join(name));
    let version = digest(&[&files[0], &files[1], &files[2]])?;
    installed("kubernetes", &version, |folder| {
        let package = "k8s.io/component-base/version";
        let (major, minor, patch) = VERSION;
        let linked = format!(
            "-s -w -X {package}.gitMajor={major} -X {package}.gitMinor={minor} \
             -X {package}.gitVersion=v{major}.{minor}.{patch}"
        );
        let mut build = Command::new("go");
        build.args([
            "build",
            QUICK,
            "-mod=readonly",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags",
            &linked,
            "-o",
        ]);
        // Without C there is less to build, and no library of the system is needed.
        build.arg(folder.join("kube")).arg(".").env("CGO_ENABLED", "0").current_dir(source);
        run(&mut build)?;
        NAMES.iter().try_for_each(|name| symlink("kube", folder.join(name))).map_err(said)
    })
}
