//! Finds out where a text was cut: at its ends, and at an ellipsis or another sign of an omission.

/// Signs of an omission. Two or more dots are also one.
const SIGNS: [&[u8]; 10] = [
    "\u{2026}".as_bytes(),
    // The replacement of a divided character.
    "\u{fffd}".as_bytes(),
    b"truncated",
    b"Truncated",
    b"TRUNCATED",
    b"omitted",
    b"snip",
    b"elided",
    b"cut off",
    b"more bytes",
];

/// The mask that servers put directly before or after the visible piece of a token.
const MASK: &[u8] = b"***";

/// The largest number of bytes, such as quotes, brackets and blanks, between a piece and the sign.
const MAX_GAP_BYTES: usize = 8;

/// The longest escape that a cut can divide, in bytes: `&#x0002f`.
const MAX_ESCAPE_BYTES: usize = 10;

/// The text next to an end of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// A sign of an omission.
    Marked,
    /// The end or the beginning of the whole text.
    Bare,
    /// More text.
    None,
}

/// The edge after a piece that ends before `rest`.
pub(super) fn after(rest: &[u8]) -> Edge {
    if rest.starts_with(MASK) {
        return Edge::Marked;
    }
    let head = &rest[..rest.len().min(MAX_GAP_BYTES)];
    let gap = head.iter().take_while(|byte| is_gap(**byte)).count();
    let next = &rest[gap..];
    if head[..gap].windows(2).any(|two| two == b"..") || SIGNS.iter().any(|sign| next.starts_with(sign)) {
        return Edge::Marked;
    }
    if next.is_empty() {
        return Edge::Bare;
    }
    // The beginning of an escape.
    let open = head[..gap].iter().rposition(|byte| b"\\%&".contains(byte));
    let escape = next.iter().take(MAX_ESCAPE_BYTES).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    match open {
        Some(_) if next.len() == escape => Edge::Bare,
        Some(_) if after_escape(&next[escape..]) => Edge::Marked,
        _ => Edge::None,
    }
}

/// The edge before a piece that begins after `rest`.
pub(super) fn before(rest: &[u8]) -> Edge {
    if rest.ends_with(MASK) {
        return Edge::Marked;
    }
    let tail = &rest[rest.len().saturating_sub(MAX_GAP_BYTES)..];
    let gap = tail.iter().rev().take_while(|byte| is_gap(**byte)).count();
    let (last, gap) = rest.split_at(rest.len() - gap);
    if gap.windows(2).any(|two| two == b"..") || SIGNS.iter().any(|sign| last.ends_with(sign)) {
        return Edge::Marked;
    }
    if last.is_empty() { Edge::Bare } else { Edge::None }
}

fn after_escape(rest: &[u8]) -> bool {
    rest.starts_with(b"..") || SIGNS.iter().any(|sign| rest.starts_with(sign))
}

fn is_gap(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_seen_behind_quotes_and_brackets() {
        for rest in [
            "\u{2026}",
            "...",
            "` ..",
            "\"\u{2026}",
            " [truncated]",
            "\u{fffd}",
            "\\u00\u{2026}",
            "&#\u{2026}",
            "*** bad",
        ] {
            assert_eq!(after(rest.as_bytes()), Edge::Marked, "{rest}");
        }
        for rest in ["", "`", "\"}\n", "%2", "\\u00", "&#x2"] {
            assert_eq!(after(rest.as_bytes()), Edge::Bare, "{rest}");
        }
        for rest in ["x", " is wrong", ", then\u{2026}", ".com"] {
            assert_eq!(after(rest.as_bytes()), Edge::None, "{rest}");
        }
        assert_eq!(before("x \u{2026}".as_bytes()), Edge::Marked);
        assert_eq!(before(b"x ***"), Edge::Marked);
        assert_eq!(before(b"said: ...\""), Edge::Marked);
        assert_eq!(before(b" \""), Edge::Bare);
        assert_eq!(before(b"x "), Edge::None);
    }
}
