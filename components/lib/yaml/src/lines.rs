//! Positions of lines in a text.

/// Where the line that holds the byte `at` begins.
pub(crate) fn start(text: &str, at: usize) -> usize {
    let newline = text.as_bytes()[..at].iter().rposition(|&byte| byte == b'\n');
    // A byte order mark belongs to the file, not to its first line.
    newline.map_or(if text.starts_with('\u{feff}') { 3.min(at) } else { 0 }, |at| at + 1)
}

/// Where the line that holds the byte `at` ends, before its line end.
pub(crate) fn end(text: &str, at: usize) -> usize {
    let next = next(text, at);
    match &text.as_bytes()[at..next] {
        [.., b'\r', b'\n'] => next - 2,
        [.., b'\n'] => next - 1,
        _ => next,
    }
}

/// Where the line after the one that holds the byte `at` begins; the end of the text if there is none.
pub(crate) fn next(text: &str, at: usize) -> usize {
    let newline = text.as_bytes()[at..].iter().position(|&byte| byte == b'\n');
    newline.map_or(text.len(), |newline| at + newline + 1)
}

/// Whether the text ends within a line, so that a further line needs a line end first.
pub(crate) fn ends_open(text: &str) -> bool {
    !text.is_empty() && !text.ends_with('\n')
}

/// The line end that is used around the byte `at`: that of its line, else of the first line.
pub(crate) fn ending(text: &str, at: usize) -> &'static str {
    let here = &text[at..next(text, at)];
    let line = if here.ends_with('\n') { here } else { &text[..next(text, 0)] };
    if line.ends_with("\r\n") { "\r\n" } else { "\n" }
}

/// How many blanks the line at `at` begins with.
pub(crate) fn indent(text: &str, at: usize) -> usize {
    text.as_bytes()[at..].iter().take_while(|&&byte| byte == b' ').count()
}

/// Whether `text` is nothing but blanks, or blanks and a comment.
pub(crate) fn is_blank_or_comment(text: &str) -> bool {
    let rest = text.trim_start_matches([' ', '\t']).trim_end_matches(['\r', '\n']);
    rest.is_empty() || rest.starts_with('#')
}

/// How many characters stand between the beginning of the line and the byte `at`.
pub(crate) fn column(text: &str, at: usize) -> usize {
    text[start(text, at)..at].chars().count()
}

/// The next byte that is neither blank nor line end nor comment.
pub(crate) fn skip_trivia(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'#' if at == 0 || bytes[at - 1].is_ascii_whitespace() || at == from => {
                at += bytes[at..].iter().take_while(|&&byte| byte != b'\n').count();
            }
            0xEF if bytes[at..].starts_with(b"\xEF\xBB\xBF") => at += 3,
            _ => break,
        }
    }
    at
}
