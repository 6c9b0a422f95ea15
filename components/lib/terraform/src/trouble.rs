//! What can be wrong with a document as such, in the words of a report. Never holds a text of the document.

use std::fmt;

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 1.
    pub column: usize,
}

/// Why a document cannot be read. Displays as a lower-case fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble<E> {
    /// A piece could not be had; with the caller's own error.
    Unread(E),
    /// There is nothing but blanks.
    Empty,
    /// It begins with the byte order mark of UTF-8.
    ByteOrderMark,
    /// It begins with a byte order mark of UTF-16.
    Utf16,
    /// A carriage return is in it. Terraform writes none.
    CarriageReturn,
    /// It is a saved plan, the file that `plan -out` writes.
    SavedPlan,
    /// A line of a wrapper, such as that of `hashicorp/setup-terraform`, stands before or after the JSON.
    Wrapper(Option<Place>),
    /// Something other than `{` comes first.
    TextBefore,
    /// Something comes after the document.
    TextAfter(Place),
    /// Another document comes after the document.
    SecondDocument(Place),
    /// The document stops before its end.
    CutOff(Place),
    /// It is not JSON: what a parser says, which names no text of it.
    Syntax(Place, String),
    /// It is JSON, but not of the form looked for: `expected a sequence`, ``missing field `change` ``.
    Form(Place, String),
}

impl<E> Trouble<E> {
    /// The name of the failure for scripts: `unreadable`, `noise` for what stands around the JSON, `broken` for the
    /// JSON itself.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unread(_) => "unreadable",
            Self::Empty | Self::CutOff(_) | Self::Syntax(..) | Self::Form(..) => "broken",
            _ => "noise",
        }
    }

    /// Where, if that is known.
    pub fn at(&self) -> Option<Place> {
        match self {
            Self::Wrapper(at) => *at,
            Self::TextAfter(at)
            | Self::SecondDocument(at)
            | Self::CutOff(at)
            | Self::Syntax(at, _)
            | Self::Form(at, _) => Some(*at),
            _ => None,
        }
    }

    /// The next act, where one is sure to help.
    pub fn hint(&self) -> Option<&'static str> {
        let hint = match self {
            Self::Empty => {
                "look at the exit code and the error output of the command that should have written it"
            }
            Self::ByteOrderMark | Self::Utf16 | Self::CarriageReturn => {
                "a shell has rewritten it, as PowerShell does with `>`: write the file with bash, or as UTF-8 without a byte order mark and with LF"
            }
            Self::SavedPlan => "give it the output of `terraform show -json FILE`",
            Self::Wrapper(_) => {
                "switch the wrapper off: `terraform_wrapper: false` for setup-terraform, `tofu_wrapper: false` for setup-opentofu"
            }
            Self::TextBefore | Self::TextAfter(_) => {
                "write only the standard output of the command to it, without `2>&1`"
            }
            Self::SecondDocument(_) => {
                "give it one document; `-json` of `plan` and `apply` prints a log of many, `show -json` prints one"
            }
            Self::CutOff(_) => "write it again; the command, or the disk, did not get to its end",
            _ => return None,
        };
        Some(hint)
    }
}

impl<E: fmt::Display> fmt::Display for Trouble<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(error) => write!(out, "{error}"),
            Self::Empty => write!(out, "the document is empty"),
            Self::ByteOrderMark => write!(out, "the document begins with a byte order mark"),
            Self::Utf16 => write!(out, "the document is UTF-16, not UTF-8"),
            Self::CarriageReturn => {
                write!(out, "the document has CRLF line ends, which Terraform never writes")
            }
            Self::SavedPlan => write!(out, "this is a saved plan, not its JSON"),
            Self::Wrapper(None) => write!(out, "a line of a wrapper stands before the JSON"),
            Self::Wrapper(Some(_)) => write!(out, "a line of a wrapper stands after the JSON"),
            Self::TextBefore => write!(out, "something other than a JSON object comes first"),
            Self::TextAfter(_) => write!(out, "there is text after the JSON"),
            Self::SecondDocument(_) => write!(out, "there is a second JSON document after the first"),
            Self::CutOff(_) => write!(out, "the JSON stops before its end"),
            Self::Syntax(_, problem) => write!(out, "not JSON: {problem}"),
            Self::Form(_, problem) => write!(out, "unexpected form: {problem}"),
        }
    }
}
