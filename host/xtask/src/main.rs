//! The chores of the project, each one command: `cargo xtask build|demo|test|gen|new|bench|dist`. It never
//! runs as part of lockstep itself.
#![forbid(unsafe_code)]

mod bench;
mod build;
mod demo;
mod dist;
mod gen_;
mod new;
mod shell;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What went wrong, for people.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  build [--compile]   the finished host with its steps: target/release/lockstep;
                      with --compile also target/release/lockstep-full,
                      which runs components that are not built in
  demo                build, then run a step on real input and show it
  test [--live]       all tests; with --live also those that need real services
  gen [--check]       write what is generated: wrappers and reference pages
  new STEP            lay out the folder of a new step
  bench [--quick]     measure lockstep beside other tools
  dist                the form that ships: one static file
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = root();
    let done = match words.as_slice() {
        ["build"] => build::build(&root, build::Form::Slim).map(drop),
        ["build", "--compile"] => build::build(&root, build::Form::Both).map(drop),
        ["demo"] => demo::demo(&root),
        ["test"] => test::test(&root, test::Extent::Offline),
        ["test", "--live"] => test::test(&root, test::Extent::Live),
        ["gen"] => gen_::write(&root),
        ["gen", "--check"] => gen_::check(&root),
        ["new", step] => new::new(&root, step),
        ["bench"] => bench::bench(&root, bench::Rounds::Full),
        ["bench", "--quick"] => bench::bench(&root, bench::Rounds::Quick),
        ["dist"] => dist::dist(&root),
        [] | ["help" | "--help" | "-h"] => {
            shell::say(USAGE.trim_end());
            Ok(())
        }
        _ => {
            shell::complain(&format!("`{}` is no command\n\n{USAGE}", args.join(" ")));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::complain(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The top of the checkout.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
