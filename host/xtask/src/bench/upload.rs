//! Uploads of a folder by each tool to the same server of S3 on this machine. It is about what many small files, fewer
//! larger ones and a single one cost, and what a run costs that finds everything there.

use super::measure::Contender;
use super::work::with_args;
use crate::r#gen::files_below;
use crate::{build, shell};
use anyhow::{Context as _, Error, Result, ensure};
use lockstep_tests::s3::S3Target;
use lockstep_tests::s3::proxy::Proxy;
use lockstep_tests::s3::server::Server;
use lockstep_tests::s3::upload::noise;
use lockstep_tests::services;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

/// What everybody uploads below.
pub(super) const PREFIX: &str = "web";

/// What is uploaded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// How many files.
    pub(super) files: usize,
    /// How large each is, in kilobytes.
    pub(super) kilobytes: usize,
    /// How long each request is on its way to the server and back, in milliseconds.
    pub(super) away: u64,
}

/// Uploads to a bucket that is empty.
pub(super) fn uploads(root: &Path, folder: &Path, load: Load) -> Result<Vec<Contender>> {
    let scene = Rc::new(Scene::new(folder, load)?);
    let contenders = [copy(&scene)].into_iter().chain(tools(root, &scene)?);
    Ok(contenders.map(|(name, command)| contender(&scene, name, command, Bucket::Empty)).collect())
}

/// Uploads to a bucket that holds all of it already.
pub(super) fn repeats(root: &Path, folder: &Path, load: Load) -> Result<Vec<Contender>> {
    let scene = Rc::new(Scene::new(folder, load)?);
    let mut tools = tools(root, &scene)?;
    // They have no way to ask what is there.
    tools.retain(|(name, _)| !name.starts_with("boto3") && !name.starts_with("bare"));
    Ok(tools.into_iter().map(|(name, command)| contender(&scene, name, command, Bucket::Full)).collect())
}

/// How a bucket is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bucket {
    Empty,
    Full,
}

type Tool = (&'static str, Box<dyn Fn() -> Command>);

/// The files, and the server with its own folder.
struct Scene {
    server: Server,
    place: S3Target,
    /// What holds requests up, if the server is far away.
    _proxy: Option<Proxy>,
    files: PathBuf,
    load: Load,
}

impl Scene {
    fn new(folder: &Path, load: Load) -> Result<Self> {
        let files = folder.join(format!("upload-{}-{}", load.files, load.kilobytes));
        if !files.join(".complete").exists() {
            lay_out(&files, load)?;
        }
        let server = Server::versitygw();
        let proxy = (load.away > 0).then(|| Proxy::new(&server.place().endpoint));
        proxy.iter().for_each(|proxy| proxy.latency(Duration::from_millis(load.away)));
        let place =
            proxy.as_ref().map_or_else(|| server.place().clone(), |proxy| server.place().through(proxy));
        Ok(Self { server, place, _proxy: proxy, files, load })
    }

    /// Where the server keeps what lies below the prefix.
    fn held(&self) -> PathBuf {
        self.server.buckets().join(&self.place.bucket).join(PREFIX)
    }

    fn prepare(&self, bucket: Bucket) -> Result<()> {
        match bucket {
            Bucket::Empty => {
                match fs::remove_dir_all(self.held()) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                    _ => {}
                }
                // What the disk still has to do for the one before is not the next one's.
                shell::run(&mut Command::new("sync"))
            }
            // Filled by whoever comes first, in the round that does not count.
            Bucket::Full => Ok(()),
        }
    }

    fn check(&self) -> Result<()> {
        let held = self.held();
        let paths = files_below(&held, Path::new(""))?;
        let sizes = paths.iter().map(|path| Ok(usize::try_from(fs::metadata(held.join(path))?.len())?));
        let (files, bytes) = (paths.len(), sizes.sum::<Result<usize>>()?);
        let expected = (self.load.files, self.load.files * self.load.kilobytes * 1024);
        ensure!((files, bytes) == expected, "{files} files of {bytes} bytes arrived, not {expected:?}");
        Ok(())
    }
}

/// Files that differ from one another, a hundred in a folder.
fn lay_out(folder: &Path, load: Load) -> Result<()> {
    let block = noise(1024 * 1024);
    for number in 0..load.files {
        let below = folder.join(format!("d{}", number / 100));
        fs::create_dir_all(&below)?;
        let mut file = fs::File::create(below.join(format!("f{number}.bin")))?;
        let mut left = load.kilobytes * 1024;
        let head = format!("{number:016}");
        file.write_all(head.as_bytes())?;
        left -= head.len();
        while left > 0 {
            let length = left.min(block.len());
            file.write_all(&block[..length])?;
            left -= length;
        }
    }
    Ok(fs::write(folder.join(".complete"), "")?)
}

fn contender(scene: &Rc<Scene>, name: &str, command: Box<dyn Fn() -> Command>, bucket: Bucket) -> Contender {
    let (prepared, checked) = (Rc::clone(scene), Rc::clone(scene));
    let copies = name.starts_with("cp ");
    Contender {
        name: name.to_owned(),
        prepare: Box::new(move || prepared.prepare(bucket)),
        command,
        check: Box::new(move || if copies { Ok(()) } else { checked.check() }),
    }
}

/// The floor: the files read and written once, without a server.
fn copy(scene: &Rc<Scene>) -> Tool {
    let (from, to) = (scene.files.clone(), scene.files.with_extension("copy"));
    let command = move || {
        let script = "rm -rf \"$1\" && cp -r \"$0\" \"$1\"";
        with_args(Command::new("sh"), &["-c", script, &from.to_string_lossy(), &to.to_string_lossy()])
    };
    ("cp -r, no server", Box::new(command))
}

fn tools(root: &Path, scene: &Rc<Scene>) -> Result<Vec<Tool>> {
    let place = scene.place.clone();
    let python = services::moto_python().map_err(Error::msg)?;
    let rclone = services::rclone().map_err(Error::msg)?;
    let script = root.join("tests/peers/python/upload.py");
    let script = script.to_str().context("a path that is no text")?.to_owned();
    let files = scene.files.to_str().context("a path that is no text")?.to_owned();
    let name = scene.files.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (parent, state) =
        (scene.files.parent().unwrap_or(root).to_owned(), scene.files.with_extension("state"));
    let keyed = {
        let place = place.clone();
        move |mut command: Command| {
            command
                .env("AWS_ACCESS_KEY_ID", &place.access_key)
                .env("AWS_SECRET_ACCESS_KEY", &place.secret_key);
            command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_DEFAULT_REGION", &place.region);
            command
        }
    };
    let to = format!("s3://{}/{PREFIX}/", place.bucket);
    let bare = {
        let (this, keyed, files) = (std::env::current_exe()?, keyed.clone(), files.clone());
        let (endpoint, bucket) = (place.endpoint.clone(), place.bucket.clone());
        move || keyed(with_args(Command::new(&this), &["bench-send", &files, &endpoint, &bucket]))
    };
    let lockstep = {
        let (host, keyed, to, endpoint) =
            (build::host(root), keyed.clone(), to.clone(), place.endpoint.clone());
        move || {
            let args = ["run", "artifact-upload", "--source", &name, "--to", &to, "--endpoint", &endpoint];
            let mut command = keyed(with_args(Command::new(&host), &args));
            command.current_dir(&parent).env("XDG_STATE_HOME", &state);
            command
        }
    };
    let rclone = {
        let (files, place) = (files.clone(), place.clone());
        move || {
            let to = format!(":s3:{}/{PREFIX}", place.bucket);
            let mut command = with_args(
                Command::new(&rclone),
                &["copy", &files, &to, "--config", "/dev/null", "--checksum", "--exclude", ".complete"],
            );
            command.args(["--transfers", "16", "--checkers", "16", "--s3-upload-concurrency", "8"]);
            command.args([
                "--s3-provider",
                "Other",
                "--s3-endpoint",
                &place.endpoint,
                "--s3-region",
                &place.region,
            ]);
            command.args([
                "--s3-access-key-id",
                &place.access_key,
                "--s3-secret-access-key",
                &place.secret_key,
            ]);
            command
        }
    };
    let aws = {
        let (program, keyed, files, endpoint) =
            (python.join("aws"), keyed.clone(), files.clone(), place.endpoint.clone());
        move || {
            let args = [
                "s3",
                "sync",
                &files,
                &to,
                "--endpoint-url",
                &endpoint,
                "--only-show-errors",
                "--exclude",
                ".complete",
            ];
            keyed(with_args(Command::new(&program), &args))
        }
    };
    let boto3 = {
        let (program, bucket, endpoint) =
            (python.join("python3"), place.bucket.clone(), place.endpoint.clone());
        move || {
            keyed(with_args(
                Command::new(&program),
                &[&script, &files, &bucket, &format!("{PREFIX}/"), &endpoint],
            ))
        }
    };
    Ok(vec![
        ("bare requests, nothing proven", Box::new(bare) as Box<dyn Fn() -> Command>),
        ("lockstep run artifact-upload", Box::new(lockstep)),
        ("rclone copy, 16 at once", Box::new(rclone)),
        ("aws s3 sync", Box::new(aws)),
        ("boto3, 16 threads", Box::new(boto3)),
    ])
}
