//! Verifies promoted images: the tag must point at the digest beside it in its registry. Asks only registries that the inputs
//! name; a registry that does not answer verifies nothing.

use std::collections::BTreeMap;

use lockstep_sdk::Http;
use lockstep_sdk::types::Error as HostError;

use crate::failure::{Code, Error, Errors, repository_error};
use crate::plan::Plan;
use crate::registry::{ManifestInfo, head_manifests};
use crate::values::ValueChange;

/// The domain of images that name no registry.
/// <https://github.com/distribution/reference/blob/v0.6.0/normalize.go>
const DOCKER_DOMAIN: &str = "docker.io";
/// The registry of that domain.
const DOCKER_REGISTRY: &str = "registry-1.docker.io";
/// The prefix of a digest.
const SHA256: &str = "sha256:";

/// What to do if a server requires a credential.
const CREDENTIAL_HINT: &str = "give the credential with `credentials`, as `ORIGIN=NAME`, or as `ORIGIN,TOKEN-ORIGIN=NAME` for the server that gives out tokens";
/// What to do if the image changed.
const IMAGE_HINT: &str = "check which image runs now, and promote that one";

/// An image with a tag and a digest.
#[derive(Debug, PartialEq, Eq)]
struct Image<'a> {
    registry: &'a str,
    name: String,
    tag: &'a str,
    digest: &'a str,
}

/// Verifies the images that a plan promotes; without any origin, none.
///
/// # Errors
/// Every image that differs from its registry, or that the registry does not verify.
pub fn verify(host: &mut impl Http, origins: &[String], plan: &Plan) -> Result<(), Errors> {
    if origins.is_empty() {
        return Ok(());
    }
    let (mut errors, mut images) = (Vec::new(), BTreeMap::new());
    for change in plan.values.iter().filter(|change| is_image(change)) {
        match manifest_url(&change.after, origins) {
            Ok((url, digest)) => drop(images.insert(url, (digest, change))),
            Err(reason) => errors.push(image_error(Code::Digest, change, &reason)),
        }
    }
    let urls: Vec<_> = images.keys().cloned().collect();
    let answers = head_manifests(host, origins, &urls).map_err(request_error)?;
    for ((url, (digest, change)), answer) in images.iter().zip(answers) {
        errors.extend(check(url, digest, origins, &answer, change));
    }
    if errors.is_empty() { Ok(()) } else { Err(Errors(errors)) }
}

/// The error of an answer, if there is one.
fn check(
    url: &str,
    digest: &str,
    origins: &[String],
    answer: &Result<ManifestInfo, String>,
    change: &ValueChange,
) -> Option<Error> {
    let error = |code, reason: &str| image_error(code, change, reason);
    Some(match answer {
        Err(reason) => error(Code::Unavailable, &format!("{url}: {reason}")),
        Ok(ManifestInfo { status: 200, digest: Some(found), .. }) if found == digest => return None,
        Ok(ManifestInfo { status: 200, digest: Some(found), .. }) => {
            let reason = format!("the tag points at {found} now, and not at {digest}");
            error(Code::Digest, &reason).hint(IMAGE_HINT)
        }
        Ok(ManifestInfo { status: 401, token_server: Some(origin), .. }) if !origins.contains(origin) => {
            let reason = format!("{url}: the registry wants a token of {origin}");
            error(Code::Credentials, &reason).hint("name that origin in `verify-digest` too")
        }
        Ok(ManifestInfo { status: 401 | 403, .. }) => {
            error(Code::Credentials, &format!("{url}: the registry refuses the request"))
                .hint(CREDENTIAL_HINT)
        }
        Ok(ManifestInfo { status: 404, .. }) => {
            error(Code::Digest, "the registry has no such tag").hint(IMAGE_HINT)
        }
        Ok(ManifestInfo { status: 200, .. }) => {
            error(Code::Unavailable, &format!("{url}: the answer has no digest"))
        }
        Ok(ManifestInfo { status, .. }) => error(Code::Unavailable, &format!("{url}: status {status}")),
    })
}

/// A request that the host did not make, or a token that it did not get.
fn request_error(error: HostError) -> Error {
    let needs_credential = matches!(error, HostError::Unauthorized(_));
    let error = repository_error(error);
    if needs_credential { error.hint(CREDENTIAL_HINT) } else { error }
}

fn image_error(code: Code, change: &ValueChange, reason: &str) -> Error {
    let ValueChange { file, path, after, line, .. } = change;
    Error::new(code, format!("{file}: `{path}` would become {after}: {reason}")).at(file, *line)
}

/// Whether a value is an image: it has a digest, or its key is `image`.
fn is_image(change: &ValueChange) -> bool {
    change.after.contains("@sha256:") || change.path.rsplit('.').next() == Some("image")
}

/// The URL of the manifest of a tag, and the expected digest.
/// <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#checking-if-content-exists-in-the-registry>
fn manifest_url<'a>(text: &'a str, origins: &[String]) -> Result<(String, &'a str), String> {
    let image = parse_image(text)?;
    let with_scheme = |scheme: &str| {
        let origin = format!("{scheme}://{}", image.registry);
        origins.contains(&origin).then_some(origin)
    };
    let origin = with_scheme("https").or_else(|| with_scheme("http"));
    let origin =
        origin.ok_or_else(|| format!("`verify-digest` does not name its registry `{}`", image.registry))?;
    Ok((format!("{origin}/v2/{}/manifests/{}", image.name, image.tag), image.digest))
}

/// Reads an image with a tag and a digest.
fn parse_image(text: &str) -> Result<Image<'_>, String> {
    let (name, digest) = text.split_once('@').ok_or("it has no digest")?;
    let hex = digest.strip_prefix(SHA256).unwrap_or_default();
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("its digest is not a SHA-256 digest".to_owned());
    }
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => return Err("it has no tag".to_owned()),
    };
    let (registry, path) = match name.split_once('/') {
        Some((registry, path)) if registry.contains(['.', ':']) || registry == "localhost" => {
            (registry, path.to_owned())
        }
        Some(_) => (DOCKER_DOMAIN, name.to_owned()),
        None => (DOCKER_DOMAIN, format!("library/{name}")),
    };
    if !is_plain(&path, "._-/") || !is_plain(tag, "._-") || !is_plain(registry, ".:-") {
        return Err("it is not a valid image reference".to_owned());
    }
    let registry = if registry == DOCKER_DOMAIN { DOCKER_REGISTRY } else { registry };
    Ok(Image { registry, name: path, tag, digest })
}

/// Whether a text has only letters, digits and these characters, and no empty or parent segment.
fn is_plain(text: &str, punctuation: &str) -> bool {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || punctuation.contains(c);
    let has_bad_segment = text.split('/').any(|segment| segment.is_empty() || segment == "..");
    !text.is_empty() && text.chars().all(is_valid) && !has_bad_segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_one_manifest_url() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let origins = ["https://registry-1.docker.io".to_owned(), "http://127.0.0.1:5000".to_owned()];
        let url = |name: &str| manifest_url(&format!("{name}@{digest}"), &origins).map(|(url, _)| url);
        for (name, expected) in [
            ("nginx:1.27", "https://registry-1.docker.io/v2/library/nginx/manifests/1.27"),
            ("shop/web:1.3.0", "https://registry-1.docker.io/v2/shop/web/manifests/1.3.0"),
            ("docker.io/shop/web:1", "https://registry-1.docker.io/v2/shop/web/manifests/1"),
            ("127.0.0.1:5000/a/b/c:v1", "http://127.0.0.1:5000/v2/a/b/c/manifests/v1"),
        ] {
            assert_eq!(url(name).unwrap(), expected);
        }
        for name in [
            "ghcr.io/shop/web:1",
            "shop/web",
            "127.0.0.1:5000/web",
            "shop/../web:1",
            "shop/web:a?b",
            "shop//web:1",
        ] {
            assert!(url(name).is_err(), "{name}");
        }
        assert!(
            manifest_url("shop/web:1", &origins).is_err()
                && manifest_url("shop/web:1@sha256:ab", &origins).is_err()
        );
    }
}
