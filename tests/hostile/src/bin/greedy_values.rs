//! Attack 28: passes and returns values that are small here and large in the host: texts that claim more than all
//! memory, and lists of texts that share the same bytes. Expected: a limit or a trap, and the host stays small.

use hostile::report::{Block, Level, Table};
use hostile::types::FailureKind;
use hostile::{Failure, Inputs, Outputs, done, report};
use std::alloc::{GlobalAlloc, Layout, System};

/// Never takes anything back, so that many texts can share one piece of memory.
struct Keeping;

// SAFETY: it allocates as the system does, and frees nothing.
unsafe impl GlobalAlloc for Keeping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: what holds for the caller holds for the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static KEEPING: Keeping = Keeping;

hostile::attack!(pass);

fn pass(inputs: Inputs) -> Result<Outputs, Failure> {
    let number = |at: usize| inputs.words.get(at).and_then(|word| word.parse().ok()).unwrap_or(0);
    let (count, length) = (number(0), number(1));
    match inputs.act.as_str() {
        // Longer than all memory.
        "text" => report::note(Level::Info, claimed(0x7fff_0000), None),
        "columns" => {
            report::add_summary(&Block::Table(Table { columns: alike(count, length), rows: vec![] }))
        }
        "rows" => {
            let rows = (0..count).map(|_| Vec::new()).collect();
            report::add_summary(&Block::Table(Table { columns: vec![], rows }));
        }
        "failure" => {
            let message = "\u{1}".repeat(length);
            return Err(Failure {
                kind: FailureKind::Rejected,
                code: String::new(),
                message,
                hint: None,
                location: None,
            });
        }
        "outputs" => return done(alike(count, length)),
        _ => {}
    }
    done(Vec::new())
}

/// Many texts over the same bytes, each of which is six when it is written as JSON.
fn alike(count: usize, length: usize) -> Vec<String> {
    let text = std::mem::ManuallyDrop::new("\u{1}".repeat(length));
    // SAFETY: nothing is ever freed or changed.
    let again = |_| unsafe { String::from_raw_parts(text.as_ptr().cast_mut(), length, length) };
    (0..count).map(again).collect()
}

/// A text that claims to be this long.
fn claimed(length: usize) -> &'static str {
    // SAFETY: there is none, the bytes are not there. The host has to find out.
    unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(16 as *const u8, length)) }
}
