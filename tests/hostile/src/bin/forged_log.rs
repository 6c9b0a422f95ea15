//! Attacks 22 and 23: says the given words, which hold commands of CI systems and of terminals, in every way in
//! which a component can say something. Expected: all of it is shown, none of it is obeyed, and it is cut.

use hostile::report::{Block, Code, Level, Table};
use hostile::types::{FailureKind, Location};
use hostile::{Failure, Inputs, Outputs, done, report};
use std::io::Write as _;

hostile::attack!(say);

fn say(inputs: Inputs) -> Result<Outputs, Failure> {
    let levels = [Level::Debug, Level::Info, Level::Notice, Level::Warning, Level::Error];
    for (word, level) in inputs.words.iter().zip(levels.into_iter().cycle()) {
        let location = Location { path: word.clone(), line: Some(1), column: Some(u32::MAX) };
        report::note(level, word, Some(&location));
        report::note(level, &format!("after\n{word}\r{word}\r\n{word}"), None);
        report::progress(1, Some(u64::MAX), word);
        report::add_summary(&Block::Heading(word.clone()));
        report::add_summary(&Block::Paragraph(format!("{word}\n\n{word}")));
        report::add_summary(&Block::Code(Code { language: word.clone(), text: format!("```\n{word}\n```") }));
        println!("{word}");
        eprintln!("middle {word}");
    }
    // Half of a character, then a command: what is not UTF-8 must not hide it.
    let _ = std::io::stdout().write_all(b"\xe2\x80::error::after half a character\n\xff##[error]x\n");
    let cells = inputs.words.clone();
    report::add_summary(&Block::Table(Table {
        columns: cells.clone(),
        rows: vec![cells.clone(), cells, vec![]],
    }));
    let text = inputs.words.concat();
    match inputs.act.as_str() {
        "fail" => Err(Failure {
            kind: FailureKind::Rejected,
            code: text.clone(),
            message: text.clone(),
            hint: Some(text.clone()),
            location: Some(Location { path: text, line: Some(0), column: Some(0) }),
        }),
        "panic" => panic!("{text}"),
        "exit" => std::process::exit(0),
        _ => done(inputs.words),
    }
}
