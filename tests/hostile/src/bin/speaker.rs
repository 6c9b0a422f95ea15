//! Attacks 30 and 31: uses what a step may tell the host about its words and its end against the host. Expected:
//! the host redacts nothing that it did, no secret can be guessed, no private file is a way round the grant, and the end it
//! chooses never covers a denial.

use hostile::report::{Block, Level, add_summary, mask, note, reject, summary_markdown};
use hostile::types::FailureKind;
use hostile::{Failure, Inputs, Outputs, done, word, workspace};

hostile::attack!(speak);

fn speak(inputs: Inputs) -> Result<Outputs, Failure> {
    let words = &inputs.words;
    match inputs.act.as_str() {
        // Is a guess a secret of the host? If it were taken out of the Markdown, this would see it.
        "guess" => done(words.iter().map(|guess| format!("{}", seen(guess))).collect()),
        "mask" => {
            mask(words);
            done(vec![word(workspace::write("deploy/new.yaml", b"attacked\n"))])
        }
        "mask-denial" => {
            mask(words);
            done(vec![word(workspace::read("other/file"))])
        }
        "flood" => {
            let text = "x".repeat(1 << 20);
            for i in 0..100 {
                mask(&[format!("{i}{text}")]);
            }
            note(Level::Error, &words.concat(), None);
            done(vec![])
        }
        "flood-small" => {
            let texts: Vec<String> = (0..200_000).map(|i| format!("text-{i}")).collect();
            mask(&texts);
            note(Level::Error, &words.concat(), None);
            done(vec![])
        }
        "flood-markdown" => {
            add_summary(&Block::Paragraph("y".repeat(1 << 20)));
            done((0..1000).map(|_| summary_markdown().len().to_string()).collect())
        }
        "reject-then-reach" => {
            reject(&failure("chosen"));
            done(vec![word(workspace::read("other/file"))])
        }
        "reject-twice" => {
            reject(&failure("first"));
            reject(&failure("second"));
            word(workspace::write("deploy/new.yaml", b"attacked\n"));
            done(vec![])
        }
        "reject-then-fail" => {
            word(workspace::write("deploy/new.yaml", b"attacked\n"));
            reject(&failure("chosen"));
            Err(failure("returned"))
        }
        "write-private" => {
            done(words.iter().map(|path| word(workspace::write_private(path, b"attacked\n"))).collect())
        }
        _ => done(words.iter().map(|path| word(workspace::read(path))).collect()),
    }
}

fn seen(guess: &str) -> bool {
    add_summary(&Block::Code(hostile::report::Code { language: String::new(), text: guess.to_owned() }));
    summary_markdown().contains(guess)
}

fn failure(code: &str) -> Failure {
    let (message, hint) = (format!("chosen by {code}"), None);
    Failure { kind: FailureKind::Rejected, code: code.to_owned(), message, hint, location: None }
}
