//! Attack 16: uses handles that it was never given: guessed, already dropped, or of another type. Expected: the
//! first use traps, and no call gets through on such a handle.

use hostile::workspace::{self, File};
use hostile::{Failure, Inputs, Outputs, done, word};

hostile::attack!(forge);

fn forge(inputs: Inputs) -> Result<Outputs, Failure> {
    // Open standard output's handle first, so that a handle of another type exists too.
    println!("about to forge a handle");
    let path = inputs.words.first().map_or("", String::as_str);
    let handle = match inputs.act.as_str() {
        "dropped" => {
            let file = workspace::open(path).map_err(|_| unreachable!()).ok();
            let handle = file.as_ref().map_or(0, File::handle);
            drop(file);
            handle
        }
        guessed => guessed.parse().unwrap_or(u32::MAX),
    };
    // SAFETY: there is none. That the host does not care is what is tested.
    let file = unsafe { File::from_handle(handle) };
    done(vec![file.size().to_string(), word(file.read_at(0, 100)), word(file.digest())])
}
