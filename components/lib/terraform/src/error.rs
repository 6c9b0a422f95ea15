//! Why a document cannot be read. The errors hold no text of the document.

use std::fmt;

/// A position in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonPosition {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 1.
    pub column: usize,
}

/// Why a document cannot be read. Displays as a lower-case fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError<E> {
    /// The caller's function failed to fetch a chunk, with this error.
    Fetch(E),
    /// The document is empty or has only blanks.
    Empty,
    /// The document begins with the byte order mark of UTF-8.
    ByteOrderMark,
    /// The document begins with a byte order mark of UTF-16.
    Utf16,
    /// The document contains a carriage return. Terraform writes none.
    CarriageReturn,
    /// The document is a saved plan, the file that `plan -out` writes.
    SavedPlan,
    /// A wrapper such as that of `hashicorp/setup-terraform` printed a line before the JSON, or after it at this position.
    WrapperLine(Option<JsonPosition>),
    /// The document begins with something other than `{`.
    TextBefore,
    /// Text follows the document.
    TextAfter(JsonPosition),
    /// Another document follows the document.
    SecondDocument(JsonPosition),
    /// The document stops before its end.
    CutOff(JsonPosition),
    /// The document is not JSON; with the reason of the parser, which contains no text of the document.
    Syntax(JsonPosition, String),
    /// The document is JSON with an unexpected structure: `expected a sequence`, ``missing field `change` ``.
    Structure(JsonPosition, String),
}

impl<E> ReadError<E> {
    /// Whether something surrounds the JSON or changed its encoding, while the JSON itself may be valid.
    pub fn is_noise(&self) -> bool {
        match self {
            Self::ByteOrderMark
            | Self::Utf16
            | Self::CarriageReturn
            | Self::SavedPlan
            | Self::WrapperLine(_)
            | Self::TextBefore
            | Self::TextAfter(_)
            | Self::SecondDocument(_) => true,
            Self::Fetch(_) | Self::Empty | Self::CutOff(_) | Self::Syntax(..) | Self::Structure(..) => false,
        }
    }

    /// The position of the error, if it is known.
    pub fn position(&self) -> Option<JsonPosition> {
        match self {
            Self::WrapperLine(position) => *position,
            Self::TextAfter(position)
            | Self::SecondDocument(position)
            | Self::CutOff(position)
            | Self::Syntax(position, _)
            | Self::Structure(position, _) => Some(*position),
            _ => None,
        }
    }

    /// The next act, if there is one that helps.
    pub fn hint(&self) -> Option<&'static str> {
        let hint = match self {
            Self::Empty => "check the exit code and the error output of the command that writes the file",
            Self::ByteOrderMark | Self::Utf16 | Self::CarriageReturn => {
                "a shell changed the encoding, as PowerShell does with `>`: write the file with bash, or as UTF-8 without a byte order mark and with LF"
            }
            Self::SavedPlan => "use the output of `terraform show -json FILE`",
            Self::WrapperLine(_) => {
                "switch the wrapper off: `terraform_wrapper: false` for setup-terraform, `tofu_wrapper: false` for setup-opentofu"
            }
            Self::TextBefore | Self::TextAfter(_) => {
                "write only the standard output of the command to the file, without `2>&1`"
            }
            Self::SecondDocument(_) => {
                "use one document: `-json` of `plan` and `apply` prints a log of many, `show -json` prints one"
            }
            Self::CutOff(_) => "write the file again: the command stopped early, or the disk is full",
            _ => return None,
        };
        Some(hint)
    }
}

impl<E: fmt::Display> fmt::Display for ReadError<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => write!(out, "{error}"),
            Self::Empty => write!(out, "the document is empty"),
            Self::ByteOrderMark => write!(out, "the document begins with a byte order mark"),
            Self::Utf16 => write!(out, "the document is UTF-16, not UTF-8"),
            Self::CarriageReturn => {
                write!(out, "the document has CRLF line ends, which Terraform never writes")
            }
            Self::SavedPlan => write!(out, "the file is a saved plan, not its JSON"),
            Self::WrapperLine(None) => write!(out, "there is a line of a wrapper before the JSON"),
            Self::WrapperLine(Some(_)) => write!(out, "there is a line of a wrapper after the JSON"),
            Self::TextBefore => write!(out, "something other than a JSON object comes first"),
            Self::TextAfter(_) => write!(out, "there is text after the JSON"),
            Self::SecondDocument(_) => write!(out, "there is a second JSON document after the first"),
            Self::CutOff(_) => write!(out, "the JSON stops before its end"),
            Self::Syntax(_, reason) => write!(out, "invalid JSON: {reason}"),
            Self::Structure(_, reason) => write!(out, "unexpected structure: {reason}"),
        }
    }
}
