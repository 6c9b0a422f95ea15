//! What the finished host consists of: its sections, and its code by crate. It links the host once more with its symbols,
//! and reads them with `size` and `nm` of binutils, so it works on Linux only.

use crate::build::{EVERYDAY, steps};
use crate::shell;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// How many crates are listed.
const CRATES: usize = 40;
/// Crates of the language: a function of theirs counts for the crate that its types are of.
const LANGUAGE: [&str; 3] = ["alloc", "core", "std"];

/// Prints the table.
pub(super) fn show(root: &Path) -> Result<()> {
    let mut link = EVERYDAY.host_command(root);
    shell::run(link.args(["--config", "profile.release.package.lockstep.strip=\"none\""]))?;
    let program = EVERYDAY.host(root);
    let sections = said("size", &["-A", "-d"], &program)?;
    let symbols = said("nm", &["--demangle", "--print-size", "--radix=d"], &program)?;
    shell::say(&format!("\nsize: parts of lockstep, in KB\n{:<44} {:>10}", "", "KB"));
    for (part, bytes) in parts(&sections, components(root)?) {
        shell::say(&row(part, bytes));
    }
    shell::say(&format!(
        "\nsize: code of lockstep by crate, the largest {CRATES}, in KB\n{:<44} {:>10}",
        "", "KB"
    ));
    let mut crates: Vec<_> = by_crate(&symbols).into_iter().collect();
    crates.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    for (name, bytes) in crates.iter().take(CRATES) {
        shell::say(&row(name, *bytes));
    }
    let rest = crates.iter().skip(CRATES).map(|(_, bytes)| bytes).sum();
    shell::say(&row(&format!("{} other crates", crates.len().saturating_sub(CRATES)), rest));
    // The everyday program has no symbols.
    shell::run(&mut EVERYDAY.host_command(root))
}

fn row(name: &str, bytes: u64) -> String {
    format!("{name:<44} {:>10.0}", bytes as f64 / 1e3)
}

fn said(tool: &str, args: &[&str], program: &Path) -> Result<String> {
    let output = shell::output(Command::new(tool).args(args).arg(program))?;
    String::from_utf8(output).with_context(|| format!("{tool} prints no text"))
}

/// The bytes of the machine code of all components.
fn components(root: &Path) -> Result<u64> {
    let folder = EVERYDAY.components(root);
    let code = steps(root)?.into_iter().map(|step| fs::metadata(folder.join(step).join("component.cwasm")));
    Ok(code.collect::<std::io::Result<Vec<_>>>()?.iter().map(fs::Metadata::len).sum())
}

/// What is loaded of the program, in parts. `size` prints a line for each section: name, bytes, address.
fn parts(sections: &str, components: u64) -> Vec<(&'static str, u64)> {
    let of = |wanted: &[&str]| -> u64 {
        let line = |line: &str| {
            let mut words = line.split_whitespace();
            words.next().filter(|name| wanted.contains(name)).and_then(|_| words.next()?.parse::<u64>().ok())
        };
        sections.lines().filter_map(line).sum()
    };
    vec![
        ("code of the host", of(&[".text"])),
        ("code of the components", components),
        ("constants", of(&[".rodata"]).saturating_sub(components)),
        ("tables for unwinding", of(&[".eh_frame", ".eh_frame_hdr", ".gcc_except_table"])),
        ("data with addresses", of(&[".data.rel.ro", ".data", ".got"])),
        ("relocations", of(&[".rela.dyn", ".relr.dyn"])),
    ]
}

/// The bytes of code by crate. `nm` prints a line for each symbol: address, bytes, kind, name.
fn by_crate(symbols: &str) -> BTreeMap<String, u64> {
    let mut crates = BTreeMap::new();
    for line in symbols.lines() {
        let mut words = line.splitn(4, ' ');
        let (_, bytes, kind, name) = (words.next(), words.next(), words.next(), words.next());
        let (Some(Ok(bytes)), Some("t" | "T"), Some(name)) = (bytes.map(str::parse::<u64>), kind, name)
        else {
            continue;
        };
        *crates.entry(crate_of(name)).or_default() += bytes;
    }
    crates
}

/// The crate that a function counts for: the first that its name mentions, those of the language apart.
fn crate_of(name: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut language = None;
    for (at, _) in name.match_indices("::") {
        let start = name[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
        let word = &name[start..at];
        // What stands behind `::` is a module or a type.
        if word.is_empty() || name[..start].ends_with("::") {
            continue;
        }
        match LANGUAGE.contains(&word) {
            true => language = language.or(Some(word)),
            false => return word.to_owned(),
        }
    }
    language.map_or_else(|| "C and assembly".to_owned(), |_| "the language's own".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_counts_for_the_crate_that_it_is_about() {
        for (name, wanted) in [
            ("kube_client::client::Client::send", "kube_client"),
            ("<kube_client::Client as core::clone::Clone>::clone", "kube_client"),
            ("core::ptr::drop_in_place<aws_sdk_s3::error::Error>", "aws_sdk_s3"),
            ("<&mut F as core::ops::FnOnce<A>>::call_once", "the language's own"),
            ("<alloc::vec::Vec<T> as serde_core::de::Deserialize>::deserialize", "serde_core"),
            ("ring_core_0_17_14__bn_mul_mont", "C and assembly"),
        ] {
            assert_eq!(crate_of(name), wanted, "{name}");
        }
    }

    #[test]
    fn sections_are_added_up() {
        let sections = "lockstep  :\nsection  size  addr\n.text  100  0\n.rodata  50  0\n.eh_frame 7 0\n.data 1 0\nTotal 158\n";
        let parts = parts(sections, 30);
        assert_eq!(
            parts[..3],
            [("code of the host", 100), ("code of the components", 30), ("constants", 20)]
        );
    }

    #[test]
    fn only_code_counts() {
        let symbols =
            "0001 0010 t a::b\n0002 0005 T a::c\n0003 0900 r a::d\n0004 t a::e\n0005 0001 t c_function\n";
        let expected = [("C and assembly".to_owned(), 1), ("a".to_owned(), 15)];
        assert_eq!(by_crate(symbols), expected.into());
    }
}
