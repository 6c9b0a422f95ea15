//! Attacks 2, 3, 6 and 7 once more, with the functions that look at many files: digests and searches. Expected: nothing
//! outside the grant is told, and what would cost without end is refused.

use hostile::{Failure, Inputs, Outputs, done, word, workspace};
use workspace::Algorithm;

hostile::attack!(watchers);

fn watchers(inputs: Inputs) -> Result<Outputs, Failure> {
    let words = &inputs.words;
    let digest =
        |paths: &[String], chunk_bytes| word(workspace::digests(paths, Algorithm::Sha256, chunk_bytes));
    done(match inputs.act.as_str() {
        "digest" => words.iter().map(|path| digest(std::slice::from_ref(path), None)).collect(),
        "search" => words.iter().map(|pattern| word(workspace::glob(pattern))).collect(),
        "hidden" => words.iter().map(|pattern| word(workspace::glob_hidden(pattern))).collect(),
        // One within the grant beside one outside.
        "both" => vec![digest(words, None)],
        "nothing" => vec![digest(words, Some(0))],
        "crumbs" => vec![digest(words, Some(1))],
        "more" => vec![digest(&vec![words[0].clone(); 10_001], None)],
        _ => vec![digest(&vec![words[0].clone(); 1_000_000], None)],
    })
}
