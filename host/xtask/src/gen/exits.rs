//! The page about exit codes, from the list that the program ends with.

use super::docs::row;
use lockstep_model::exit::Exit;

const HEAD: &str = "\
# Exit codes

`cargo xtask gen` writes this page. The exit codes are public API: a number never changes its meaning. The same cause has the
same code in every step. The word is the `outcome` in the result, the receipt and the outputs of a CI system.

| exit code | outcome | meaning |
| --- | --- | --- |
";

const TAIL: &str = "
The field `code` of the result is finer: it is a word of the step, such as `no-match`, or of the host. The page of each step
lists its words.

After exit code 6, a script can run the same step again later, because a second run does only what is left. After another code than 0,
somebody has to read the message first.
";

/// The page.
pub(super) fn page() -> String {
    let mut out = HEAD.to_owned();
    for exit in Exit::ALL {
        row(&mut out, &[&exit.code().to_string(), &format!("`{}`", exit.word()), exit.meaning()]);
    }
    out + TAIL
}
