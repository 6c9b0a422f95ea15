//! Embeds the compiled components. `cargo xtask build` makes them and names their folder in `LOCKSTEP_COMPONENTS`.
//! Without that variable the program has no built-in steps.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=LOCKSTEP_COMPONENTS");
    println!("cargo::rerun-if-changed=build.rs");
    let target = env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=LOCKSTEP_TARGET={target}");
    shrink(&target);

    let mut table = String::from("&[\n");
    if let Some(folder) = env::var_os("LOCKSTEP_COMPONENTS") {
        for step in steps(Path::new(&folder))? {
            table.push_str(&entry(&step)?);
        }
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("builtins.rs"), table)
}

/// Passes options that make the program smaller to the linker. Rust links only this target with lld, and other linkers may
/// reject the options.
fn shrink(target: &str) {
    if target != "x86_64-unknown-linux-gnu" {
        return;
    }
    // Merges functions with the same code: 1.5 MB.
    println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    // Packs relocations: 1.8 MB. The loader can read them since glibc 2.36, and refuses the program before.
    if glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of the C library of this machine.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}

/// The folders of the steps, sorted by name.
fn steps(folder: &Path) -> io::Result<Vec<PathBuf>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut steps = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .filter(|path| path.as_ref().map_or(true, |path| path.is_dir()))
        .collect::<io::Result<Vec<_>>>()?;
    steps.sort();
    Ok(steps)
}

/// Makes one line of the table: the description, the machine code, its checksum and the digest of the component.
fn entry(step: &Path) -> io::Result<String> {
    let file = |name: &str| {
        let path = step.join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        path
    };
    let (info, code) = (file("step.json"), file("component.cwasm"));
    let digests = fs::read_to_string(file("digests"))?;
    let mut digests = digests.lines();
    let name = step.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!(
        "    Builtin {{ name: {name:?}, info: include_str!({info:?}), code: include_bytes!({code:?}), checksum: {:?}, component: {:?} }},\n",
        digests.next().unwrap_or_default(),
        digests.next().unwrap_or_default(),
    ))
}
