//! What a run left behind: its receipt, the files, and the absence of secrets. It never runs anything.

use super::{Ended, SECRETS, Scene, checkout};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use lockstep_model::digest::Digest;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// The receipt that the last run left.
#[must_use]
pub fn receipt(scene: &Scene) -> Value {
    let text = scene.text("own/receipt.json");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("the receipt: {error}: {text}"))
}

/// The host calls that the receipt of the last run lists: function, target, verdict.
#[must_use]
pub fn calls(scene: &Scene) -> Vec<(String, String, String)> {
    let receipt = receipt(scene);
    let calls = receipt["predicate"]["record"]["calls"].as_array().cloned().expect("a list of calls");
    let text = |call: &Value, name: &str| call[name].as_str().unwrap_or_default().to_owned();
    calls.iter().map(|call| (text(call, "call"), text(call, "target"), text(call, "verdict"))).collect()
}

/// Fails if a planted secret is in anything that the run left or printed, in any of the usual forms.
pub fn assert_no_secret(scene: &Scene, run: &Ended) {
    let mut texts = vec![("standard output".to_owned(), run.stdout.clone())];
    texts.push(("standard error".to_owned(), run.stderr.clone()));
    for (root, skip) in [("own", "own/stdin"), ("workspace", "workspace/.git")] {
        for path in tree(&scene.path(root)).keys().filter(|path| !path.starts_with(scene.path(skip))) {
            let small = fs::symlink_metadata(path).is_ok_and(|stat| stat.is_file() && stat.len() < 1 << 28);
            let bytes = if small { fs::read(path).unwrap_or_default() } else { Vec::new() };
            texts.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    let forms: Vec<String> = SECRETS.iter().flat_map(|secret| forms(secret)).collect();
    for (place, text) in texts {
        for form in &forms {
            // The runner's own way to be told a secret; it does not show this line.
            let leaks = |line: &str| line.contains(form.as_str()) && !line.starts_with("::add-mask::");
            assert!(!text.lines().any(leaks), "{place} holds `{form}`:\n{text}");
        }
    }
}

/// A text as it is, base64 at each offset, hexadecimal and URL-encoded.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    for shift in 0..3 {
        let bytes = [&b"xx"[..shift], secret.as_bytes()].concat();
        let whole = &bytes[..bytes.len() / 3 * 3];
        forms.extend(
            [STANDARD_NO_PAD.encode(whole), URL_SAFE_NO_PAD.encode(whole)].map(|text| text[4..].to_owned()),
        );
    }
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    forms.push(hex.to_uppercase());
    forms.push(hex);
    let escaped = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    forms.push(secret.bytes().map(escaped).collect());
    forms
}

/// Everything below a folder: its kind, permissions, and content or target.
#[must_use]
pub fn tree(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(stat) = fs::symlink_metadata(&path) else { continue };
            let kind = stat.file_type();
            let content = match () {
                () if kind.is_dir() => {
                    open.push(path.clone());
                    "folder".to_owned()
                }
                () if kind.is_symlink() => format!("link to {:?}", fs::read_link(&path).ok()),
                () if kind.is_fifo() || kind.is_char_device() || kind.is_socket() => "special".to_owned(),
                () if stat.len() > 1 << 30 => format!("{} bytes", stat.len()),
                () => {
                    format!("{:o} {}", stat.mode() & 0o7777, Digest::of(&fs::read(&path).unwrap_or_default()))
                }
            };
            found.insert(path, content);
        }
    }
    found
}

/// The files below a folder by path.
#[must_use]
pub fn contents(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.strip_prefix(root).ok()?.to_str().map(str::to_owned);
    let files = tree(root).into_keys().filter(|path| path.is_file());
    files.filter_map(|path| Some((name(&path)?, fs::read(&path).ok()?))).collect()
}

/// The names of the built-in steps: the folders with a `step.toml`.
#[must_use]
pub fn steps() -> Vec<String> {
    let folders = fs::read_dir(checkout().join("components")).expect("the components").flatten();
    let steps = folders.filter(|folder| folder.path().join("step.toml").exists());
    let mut names: Vec<_> = steps.map(|step| step.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a copy");
        }
    }
}
