//! Matches globs with `*` and `?`. Brackets have no meaning, because addresses contain them.

/// Whether the pattern matches the whole text: `*` is any run of characters, `?` is one character. The time is at most
/// proportional to the product of both lengths.
pub fn matches(pattern: &str, text: &str) -> bool {
    matches_by(pattern, text, |one, other| one == other)
}

/// As [`matches`], but without a difference between upper and lower case in ASCII.
pub fn matches_ignoring_case(pattern: &str, text: &str) -> bool {
    matches_by(pattern, text, |one, other| one.eq_ignore_ascii_case(&other))
}

fn matches_by(pattern: &str, text: &str, is_equal: impl Fn(u8, u8) -> bool) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to try again after a mismatch: behind the last star, one character later in the text.
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, t));
            }
            Some(b'?') => {
                p += 1;
                t += character_bytes(text[t]);
            }
            Some(&one) if is_equal(one, text[t]) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after_star, from)) = retry else {
                    return false;
                };
                let next = from + character_bytes(text[from]);
                retry = Some((after_star, next));
                (p, t) = (after_star, next);
            }
        }
    }
    pattern[p..].iter().all(|&rest| rest == b'*')
}

/// The length in bytes of the character that begins with this byte.
fn character_bytes(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}
