//! The chain of causes of an error.

use std::error::Error;
use std::io;
use std::iter::successors;

/// An error and its causes, outermost first.
pub fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(Some(error), |&error| {
        // The source of an I/O error is the source of the error that it wraps, so the wrapped error itself would be
        // left out.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// The messages of an error and its causes on one line. A message that an outer one already contains is left out.
#[must_use]
pub fn line(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let message = cause.to_string();
        if text.is_empty() {
            text = message;
        } else if !text.contains(&message) {
            text = format!("{text}: {message}");
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
    fn the_line_has_each_cause_once_and_those_that_an_io_error_wraps() {
        let inner = io::Error::other(Outer(io::Error::other("reset by peer")));
        let error = Outer(io::Error::other(inner));
        assert_eq!(line(&error), "the request failed: the request failed: reset by peer");
        assert!(causes(&error).count() > 3 && causes(&error).last().unwrap().to_string() == "reset by peer");
    }
}
