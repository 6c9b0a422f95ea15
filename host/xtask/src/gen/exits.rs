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

Two codes tell a script what to do next:

- **6**: run the same step again later. Every step can run again: if there is nothing to do, it does nothing.
- **7**: a run that waits longer, reads more or calls more than its budget ends with this code. The message names the limit.

After **3** or **70** do not run the step again before somebody has read the message.
";

/// The page.
pub(super) fn page() -> String {
    let mut out = HEAD.to_owned();
    for exit in Exit::ALL {
        row(&mut out, &[&exit.code().to_string(), &format!("`{}`", exit.word()), exit.meaning()]);
    }
    out + TAIL
}
