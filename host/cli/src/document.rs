//! Reads a document that the command line names: the inputs or the policy.

use lockstep_process::{Checkout, regular_file};
use std::path::Path;

/// Reads the text of a document. A commit can put a link in its place, and a message about the document would then show
/// lines of the file that the link leads to. So no link in the checkout of the workspace may be on the way.
///
/// # Errors
/// There is such a link, or the file cannot be read. The text names the document, `what`, and the path.
pub(crate) fn read(what: &str, path: &str, workspace: &Path) -> Result<String, String> {
    if Checkout::new([workspace.to_owned()]).has_link_on(Path::new(path)) {
        return Err(format!(
            "cannot read {what} from {path}: a symbolic link in the checkout leads to it; give the path of the file itself"
        ));
    }
    regular_file::read_text(Path::new(path), regular_file::MAX_DOCUMENT_BYTES)
        .map_err(|error| format!("cannot read {what} from {error}"))
}
