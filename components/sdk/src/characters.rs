//! Characters that no path and no name has, by the rule of the host. Never changes a text.

/// Characters that show nothing, or turn the text around (Unicode general category Cf, the ones that occur in attacks, and
/// the line separators), except those that scripts and emoji need: the host refuses the same ones.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(
        u32::from(c),
        0x00AD
            | 0x061C
            | 0x180E
            | 0x200B
            | 0x200E..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0xFEFF
            | 0xFFF9..=0xFFFB
            | 0x1_D173..=0x1_D17A
            | 0xE_0000..=0xE_001F
    )
}
