//! Attack 28: takes as much as it can of one thing: its own memory, handles, calls, the log, the summary, the
//! disk. Expected: a limit or a trap ends it, or it gets nothing more, and the host stays small.

use hostile::report::{Block, Level, Table};
use hostile::types::Error;
use hostile::workspace::{self, File};
use hostile::{Failure, Inputs, Outputs, done, report};
use std::io::Write as _;

hostile::attack!(take);

fn take(inputs: Inputs) -> Result<Outputs, Failure> {
    let count = inputs.words.first().and_then(|word| word.parse().ok()).unwrap_or(1_000_000);
    let path = inputs.words.get(1).map_or("", String::as_str);
    match inputs.act.as_str() {
        "memory" => while core::arch::wasm32::memory_grow(0, 16) != usize::MAX {},
        "allocation" => loop {
            std::mem::forget(std::hint::black_box(vec![1_u8; 1 << 20]));
        },
        "handles" => {
            let _files: Vec<File> = (0..count).filter_map(|_| workspace::open(path).ok()).collect();
        }
        "tables" => (0..count).for_each(|_| {
            let rows = vec![vec!["x".repeat(50); 20]; 50];
            report::add_summary(&Block::Table(Table { columns: vec!["x".repeat(50); 20], rows }));
        }),
        "progress" => {
            let unit = "files ".repeat(10_000);
            (0..count as u64).for_each(|done| report::progress(done, None, &unit));
        }
        "notes" => (0..count).for_each(|_| report::note(Level::Info, "", None)),
        "paragraphs" => (0..count).for_each(|_| report::add_summary(&Block::Paragraph(String::new()))),
        "names" => {
            let name = format!("deploy/{}", "\u{1f525}".repeat(280));
            (0..count).for_each(|_| drop(workspace::read(&name)));
        }
        // Goes on as if nothing had happened.
        "denials" => {
            report::note(Level::Info, "said before", None);
            (0..count).for_each(|_| drop(workspace::read(path)));
            report::note(Level::Info, "said after", None);
            println!("printed after");
            drop(workspace::write("deploy/after.yaml", b"attacked\n"));
        }
        "printed" => {
            let line = [b'x'; 4096];
            while std::io::stdout().write_all(&line).is_ok() {}
        }
        "staged" => staged(),
        _ => {}
    }
    done(Vec::new())
}

/// Writes files until the host says no.
fn staged() {
    let mut content = vec![0_u8; 8 << 20];
    for i in 0_u64.. {
        content[..8].copy_from_slice(&i.to_le_bytes());
        match workspace::write(&format!("deploy/{i}.bin"), &content) {
            Ok(_) => {}
            Err(Error::LimitExceeded(_)) => break,
            Err(error) => panic!("{error:?}"),
        }
    }
}
