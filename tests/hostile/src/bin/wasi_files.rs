//! Attack 1: uses the language's own file functions on every path it is given: password files, this process's
//! environment, the workspace by its absolute path. Expected: there is no file system, not one of them opens.

use hostile::{Failure, Inputs, Outputs, done};
use std::fs;

hostile::attack!(read);

fn read(inputs: Inputs) -> Result<Outputs, Failure> {
    let mut said = Vec::new();
    for path in &inputs.words {
        said.extend(fs::read(path).map(|bytes| format!("read {path}: {bytes:?}")).ok());
        said.extend(fs::read_dir(path).map(|_| format!("listed {path}")).ok());
        said.extend(fs::write(path, "attacked").map(|()| format!("wrote {path}")).ok());
        said.extend(fs::create_dir(format!("{path}.d")).map(|()| format!("made {path}.d")).ok());
        said.extend(fs::remove_file(path).map(|()| format!("removed {path}")).ok());
        said.extend(fs::metadata(path).map(|_| format!("looked at {path}")).ok());
    }
    done(said)
}
