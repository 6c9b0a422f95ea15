//! Builds a Kubernetes control plane, etcd, kwok and `kubectl` from one Go module as one program. It starts none of them.

use super::{QUICK, Result, digest, installed, run, said};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of Kubernetes in `go.mod`, which the build sets in the programs.
const VERSION: (&str, &str, &str) = ("1", "34", "4");
/// The names under which the program acts as different tools.
const NAMES: [&str; 6] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"];

/// The folder of `etcd`, `kube-apiserver`, `kube-controller-manager`, `kube-scheduler`, `kubectl`, and `kwok`, which
/// simulates nodes and pods.
///
/// # Errors
/// The build of the programs fails.
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
        // Without C the build is shorter and needs no library of the system.
        build.arg(folder.join("kube")).arg(".").env("CGO_ENABLED", "0").current_dir(source);
        run(&mut build)?;
        NAMES.iter().try_for_each(|name| symlink("kube", folder.join(name))).map_err(said)
    })
}
