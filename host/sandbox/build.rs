//! Passes the target triple to the code, which spells it out to the sandbox.

fn main() {
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=LOCKSTEP_TARGET={target}");
    println!("cargo::rerun-if-changed=build.rs");
}
