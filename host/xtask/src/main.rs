//! The chores of the project, each one command: `cargo xtask build|demo|test|lint|gen|book|new|bench|score|dist`. It never
//! runs as part of lockstep itself.
#![forbid(unsafe_code)]

mod bench;
mod book;
mod build;
mod clock;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod cycles;
mod demo;
mod deny;
mod dist;
mod fuzz;
mod r#gen;
#[cfg(test)]
mod knobs;
mod lint;
#[cfg(test)]
mod locks;
mod markdown;
mod members;
mod mutants;
mod near;
mod new;
#[cfg(test)]
mod pages;
mod score;
mod shell;
mod test;
#[cfg(test)]
mod tidy;

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  build               the finished programs: target/release/lockstep with its
                      steps, and beside it lockstep-compiler, which it starts
                      for components that are not built in
  demo                build, then show a whole release on a small repository,
                      and a component that tries to steal a token
  test [--live] [STEP|CRATE|MODULE [NAME]]
                      all tests without a network, or with --live those that
                      need real services; or the tests of a step with its
                      cases, of a crate, or of a module of tests/; of these
                      the ones with NAME in their name
  lint                formatting, lints, and all that `deny` checks
  deny                licences, sources and advisories of the libraries
  mutants             take out one check of the code after the other, and
                      fail if no test notices
  fuzz [SECONDS [TARGET]]
                      run each fuzz target for SECONDS, or without SECONDS on
                      the same bytes each time
  gen [--check]       write what is generated: wrappers and reference pages
  book                build the book of docs/ with mdBook
  new STEP            lay out the folder of a new step
  bench [--quick] [PART]
                      measure lockstep beside other tools, or one part of it
  score [--details]   count how exactly lockstep and other tools edit YAML
  dist                the form that ships: two static files
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = root();
    clock::seconds();
    let done = match words.as_slice() {
        ["build"] => build::build(&root).map(drop),
        ["demo"] => demo::demo(&root),
        ["test", words @ ..] => test::test(&root, words),
        ["gen"] => generate(&root, false),
        ["gen", "--check"] => generate(&root, true),
        // What `bench` measures as the floor, a process of its own.
        ["bench-one", words @ ..] => bench::one(words),
        ["bench-floor", folder] => bench::floor(Path::new(folder)),
        ["bench-send", folder, endpoint, bucket] => bench::send(Path::new(folder), endpoint, bucket),
        ["bench-paste", folder, count] => bench::paste(Path::new(folder), count.parse().unwrap_or_default()),
        ["fuzz"] => fuzz::fuzz(&root, None, fuzz::Bound::Fixed),
        ["fuzz", seconds, only @ ..] if only.len() < 2 => match seconds.parse() {
            Ok(seconds) => fuzz::fuzz(&root, only.first().copied(), fuzz::Bound::Seconds(seconds)),
            Err(_) => Err(anyhow::anyhow!("`{seconds}` is no number of seconds")),
        },
        ["lint"] => lint::lint(&root),
        ["deny"] => deny::deny(&root),
        ["mutants"] => mutants::mutants(&root),
        ["book"] => book::book(&root),
        ["new", step] => new::new(&root, step),
        ["bench", "--quick", only @ ..] if only.len() < 2 => {
            bench::bench(&root, bench::Rounds::Quick, only.first().copied())
        }
        ["bench", only @ ..] if only.len() < 2 => {
            bench::bench(&root, bench::Rounds::Full, only.first().copied())
        }
        ["score"] => score::score(&root, false),
        ["score", "--details"] => score::score(&root, true),
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
    // Chores that build and test; the others print results of their own.
    if matches!(words.first(), Some(&("build" | "demo" | "dist" | "lint" | "test"))) {
        clock::table().into_iter().for_each(|table| shell::say(&table));
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The top of the checkout.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Writes what is generated, or with `check` fails if that would change anything.
fn generate(root: &Path, check: bool) -> Result<()> {
    let stale = r#gen::run(root, check)?;
    for path in &stale {
        shell::say(&format!("{} {}", if check { "stale" } else { "wrote" }, path.display()));
    }
    if check && !stale.is_empty() {
        bail!("{} files are stale; to write them: cargo xtask gen", stale.len());
    }
    Ok(())
}
