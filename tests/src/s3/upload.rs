//! Runs of `artifact-upload` on a server of a test. It uses the command line only.

use super::S3Target;
use super::sts::{REQUEST_TOKEN, Sts};
use crate::support::{Run, Scene};

/// A run that sends the folder `dist` to `web/` in the bucket, with keys in its environment.
#[must_use]
pub fn upload<'s>(scene: &'s Scene, place: &S3Target) -> Run<'s> {
    let run = keyless(scene, place)
        .env("AWS_ACCESS_KEY_ID", &place.access_key)
        .env("AWS_SECRET_ACCESS_KEY", &place.secret_key);
    match &place.session_token {
        Some(token) => run.env("AWS_SESSION_TOKEN", token),
        None => run,
    }
}

/// The same without credentials.
#[must_use]
pub fn keyless<'s>(scene: &'s Scene, place: &S3Target) -> Run<'s> {
    let to = format!("s3://{}/web/", place.bucket);
    scene
        .run("artifact-upload")
        .args(["--source", "dist", "--to", &to, "--endpoint", &place.endpoint, "--region", &place.region])
        // Without this, the SDK would ask the metadata service of an EC2 instance.
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

/// The same with a role, as a GitHub job assumes it.
#[must_use]
pub fn with_role<'s>(scene: &'s Scene, place: &S3Target, sts: &Sts, role: &str) -> Run<'s> {
    keyless(scene, place)
        .args(["--role", role])
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", sts.token_url())
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)
        .env("AWS_ENDPOINT_URL_STS", sts.endpoint())
}

/// A scene with these files below `dist`.
#[must_use]
pub fn scene(files: &[(&str, &str)]) -> Scene {
    let scene = Scene::new();
    for (path, content) in files {
        scene.put(&format!("workspace/dist/{path}"), content);
    }
    scene
}

/// Pseudo-random bytes, equal each time.
#[must_use]
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
