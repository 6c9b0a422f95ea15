//! The page about exit codes, from the lists in the model.

use super::docs::row;
use lockstep_model::exit::Exit;
use lockstep_model::host_code::HostCode;

const HEAD: &str = "\
# Exit codes

`cargo xtask gen` writes this page. The exit codes are public API: a number never changes its meaning. The same cause has the
same code in every step: a missing file that an input names has 2, and a pattern that matches no file has 1. The word is the
`outcome` in the result, the receipt and the outputs of a CI system.

| exit code | outcome | meaning |
| --- | --- | --- |
";

const TAIL: &str = "
After exit code 6, a script can run the same step again later, because a second run does only what is left. After another code than 0,
somebody has to read the message first.

## Failure codes

The field `code` of the result is finer than the exit code. The page of each step lists the codes of the step. A code of a
component that is not in `kebab-case` becomes `unspecified`. The following codes are those of the host.

| code | exit code | meaning |
| --- | --- | --- |
";

/// The page.
pub(super) fn page() -> String {
    let mut out = HEAD.to_owned();
    for exit in Exit::ALL {
        row(&mut out, &[&exit.code().to_string(), &format!("`{}`", exit.word()), exit.meaning()]);
    }
    out += TAIL;
    for code in HostCode::ALL {
        row(&mut out, &[&format!("`{}`", code.word()), &code.exit().code().to_string(), code.meaning()]);
    }
    out
}
