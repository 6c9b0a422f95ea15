//! The smallest parts of JSON: numbers, words, and the bytes at which a string stops. It does not move through a document.

/// The deepest nesting that the cursor accepts.
pub(crate) const MAX_DEPTH: usize = 1000;

/// The bytes at which the scan of a string must stop: the closing quote, an escape, and control characters, which are invalid.
pub(crate) const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = true;
        byte += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special
};

/// Whether the byte can occur in a number, `true`, `false` or `null`.
pub(crate) fn is_scalar_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// Whether the text is a number, `true`, `false` or `null`.
pub(crate) fn is_scalar(text: &[u8]) -> bool {
    matches!(text, b"true" | b"false" | b"null") || is_number(text)
}

fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, mut text) = digits(text);
    if whole.is_empty() || whole.len() > 1 && whole[0] == b'0' {
        return false;
    }
    if let Some(rest) = text.strip_prefix(b".") {
        let (fraction, rest) = digits(rest);
        if fraction.is_empty() {
            return false;
        }
        text = rest;
    }
    let [b'e' | b'E', exponent @ ..] = text else {
        return text.is_empty();
    };
    let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
    let (exponent, rest) = digits(exponent);
    !exponent.is_empty() && rest.is_empty()
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}
