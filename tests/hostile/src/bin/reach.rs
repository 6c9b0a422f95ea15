//! Attacks 2, 3, 5, 6 and 7: uses every path it is given in one way, whatever it names, and then claims success.
//! Expected: nothing outside the grant is read or changed, and a denied call ends the run as denied.

use hostile::{Failure, Inputs, Outputs, done, word, workspace};

hostile::attack!(reach);

fn reach(inputs: Inputs) -> Result<Outputs, Failure> {
    let act = |path: &String| match inputs.act.as_str() {
        "read" => word(workspace::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())),
        "open" => word(workspace::open(path).and_then(|file| file.read_at(0, 1 << 20))),
        "glob" => word(workspace::glob(path)),
        "write" => word(workspace::write(path, b"attacked\n")),
        _ => word(workspace::remove(path)),
    };
    done(inputs.words.iter().map(act).collect())
}
