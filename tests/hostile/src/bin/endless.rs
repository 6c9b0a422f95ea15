//! Attack 27: never comes back: computing, sleeping, or in a host call that takes for ever. Expected: the wall
//! clock ends the run, a recursion ends at its stack, and nothing that was staged is put in place.

use hostile::report::{self, Level};
use hostile::{Failure, Inputs, Outputs, done, workspace};
use std::hint::black_box;
use std::time::Duration;

hostile::attack!(stay);

fn stay(inputs: Inputs) -> Result<Outputs, Failure> {
    let path = inputs.words.first().map_or("", String::as_str);
    // What is staged before must not appear.
    let _ = workspace::write("deploy/staged.yaml", b"attacked\n");
    report::note(Level::Info, "about to stay", None);
    match inputs.act.as_str() {
        "loop" => loop {
            black_box(());
        },
        "recursion" => drop(black_box(deeper(1))),
        "copy" => copy(),
        "sleep" => std::thread::sleep(Duration::from_secs(1_000_000)),
        // Of a huge sparse file: the call takes hours.
        "digest" => drop(black_box(workspace::open(path).and_then(|file| file.digest()))),
        // Leaves changes whose differences to what is there take long to find, for when the run is over.
        "change" => {
            let lines: String = (0..199_000).map(|line| format!("{}\n", line * 7919 % 1000)).collect();
            for path in &inputs.words {
                let _ = workspace::write(path, lines.as_bytes());
            }
        }
        // Keeps every open file while it sleeps.
        "hold" => {
            let _files: Vec<_> = (0..1_500).map_while(|_| workspace::open(path).ok()).collect();
            std::thread::sleep(Duration::from_secs(1_000_000));
        }
        _ => {}
    }
    done(Vec::new())
}

#[expect(unconditional_recursion, reason = "this is the attack")]
fn deeper(depth: u64) -> u64 {
    black_box(deeper(black_box(depth + 1))) + 1
}

fn copy() {
    let (mut from, mut to) = (vec![1_u8; 24 << 20], vec![0_u8; 24 << 20]);
    loop {
        to.copy_from_slice(black_box(&from));
        from.copy_from_slice(black_box(&to));
    }
}
