//! Attack 8: takes everything that WASI gives without asking: variables, arguments, the current folder, standard
//! input, time, random numbers, and prints all of it everywhere. Expected: empty or harmless, no secret in it.

use hostile::report::{Block, Level};
use hostile::{Failure, Inputs, Outputs, done, report};
use std::collections::hash_map::RandomState;
use std::env;
use std::hash::BuildHasher as _;
use std::io::Read as _;
use std::time::SystemTime;

hostile::attack!(collect);

fn collect(_: Inputs) -> Result<Outputs, Failure> {
    let mut said: Vec<String> = env::vars_os().map(|pair| format!("variable {pair:?}")).collect();
    said.extend(env::args_os().map(|arg| format!("argument {arg:?}")));
    said.extend(
        env::current_dir().map(|path| format!("folder {path:?}")).ok().filter(|text| text != "folder \"/\""),
    );
    let mut input = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut input);
    said.extend((!input.is_empty()).then(|| format!("input {input:?}")));
    let harmless = format!("{:?} {:x}", SystemTime::now(), RandomState::new().hash_one(0));
    for text in said.iter().chain([&harmless]) {
        println!("{text}");
        eprintln!("{text}");
        report::note(Level::Warning, text, None);
        report::add_summary(&Block::Paragraph(text.clone()));
    }
    done(said)
}
