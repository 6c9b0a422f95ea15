//! Passes the target triple of the host to the code.

fn main() {
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=LOCKSTEP_TARGET={target}");
    println!("cargo::rerun-if-changed=build.rs");
}
