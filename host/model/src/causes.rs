//! What an error names as its causes. It judges none of them.

use std::error::Error;
use std::io;
use std::iter::successors;

/// An error and what it names as its causes, down to the first.
pub fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(Some(error), |&error| {
        // An I/O error does not name as its source what it holds, but the source of that.
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// What all of them say, on one line: many say again what the one that they caused has said.
#[must_use]
pub fn line(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let said = cause.to_string();
        if text.is_empty() {
            text = said;
        } else if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the request failed:\n {0}")]
    struct Outer(#[source] io::Error);

    #[test]
    fn causes_are_told_once_and_also_those_that_an_io_error_holds() {
        let inner = io::Error::other(Outer(io::Error::other("reset by peer")));
        let error = Outer(io::Error::other(inner));
        assert_eq!(line(&error), "the request failed: the request failed: reset by peer");
        assert!(causes(&error).count() > 3 && causes(&error).last().unwrap().to_string() == "reset by peer");
    }
}
