//! Tells where a text was cut: at its own ends, and at an ellipsis or another sign of what is left out. It knows no
//! secret.

/// What stands where something was left out. A row of dots counts besides.
const SIGNS: [&[u8]; 10] = [
    "\u{2026}".as_bytes(),
    // A character of which only a part was kept.
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

/// What servers put in the place of the rest of a token, right beside the piece that they show.
const MASK: &[u8] = b"***";

/// How many quotes, brackets, blanks and the like may stand between the end of a piece and the sign, in bytes.
const GAP: usize = 8;

/// The longest escape that may have been cut as well: `&#x0002f`.
const ESCAPE: usize = 10;

/// How a piece of a text ends, or begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Something was left out here, and a sign says so.
    Marked,
    /// The text as a whole ends or begins here.
    Bare,
    /// The text goes on.
    None,
}

/// What comes after a piece that ends before `rest`.
pub(super) fn after(rest: &[u8]) -> Edge {
    if rest.starts_with(MASK) {
        return Edge::Marked;
    }
    let head = &rest[..rest.len().min(GAP)];
    let gap = head.iter().take_while(|byte| is_gap(**byte)).count();
    let next = &rest[gap..];
    if head[..gap].windows(2).any(|two| two == b"..") || SIGNS.iter().any(|sign| next.starts_with(sign)) {
        return Edge::Marked;
    }
    if next.is_empty() {
        return Edge::Bare;
    }
    // An escape of which only the beginning is there.
    let open = head[..gap].iter().rposition(|byte| b"\\%&".contains(byte));
    let escape = next.iter().take(ESCAPE).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    match open {
        Some(_) if next.len() == escape => Edge::Bare,
        Some(_) if after_escape(&next[escape..]) => Edge::Marked,
        _ => Edge::None,
    }
}

/// What comes before a piece that begins after `rest`.
pub(super) fn before(rest: &[u8]) -> Edge {
    if rest.ends_with(MASK) {
        return Edge::Marked;
    }
    let tail = &rest[rest.len().saturating_sub(GAP)..];
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
