//! Matches globs with `*` and `?`. Brackets have no meaning, because addresses contain them.

/// Whether the pattern matches the whole text: `*` is any run of characters, `?` is one character. The time is at most
/// proportional to the product of both lengths.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to try again after a mismatch: behind the last star, one character later in the text.
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                p += 1;
                retry = Some((p, t));
            }
            Some(&one) if one == '?' || one == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after_star, from)) = retry else {
                    return false;
                };
                retry = Some((after_star, from + 1));
                (p, t) = (after_star, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|&rest| rest == '*')
}
