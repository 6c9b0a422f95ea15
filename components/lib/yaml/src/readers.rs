//! How three families of YAML readers understand a plain scalar: the 1.2 core schema, YAML 1.1
//! (PyYAML, Ruby, libyaml users) and Go (Kubernetes, Helm, Kustomize).
//!
//! If versions of one family differ, the module assumes the more dangerous reading: needless quotes are still correct, but
//! missing quotes may turn a text into a boolean.

/// A plain scalar as a reader resolves it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ResolvedScalar {
    /// The text itself.
    Text,
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number that fits 128 bits.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A date, a merge key or a number that is too large: not text, and not comparable.
    Other,
}

/// Whether every reader resolves the plain scalar to the string that it shows.
pub fn is_string_for_all(text: &str) -> bool {
    resolve_for_all(text) == Some(ResolvedScalar::Text)
}

/// The resolved plain scalar, if all readers agree.
pub fn resolve_for_all(text: &str) -> Option<ResolvedScalar> {
    let reading = resolve_core(text);
    (resolve_yaml_1_1(text) == reading && resolve_go(text) == reading).then_some(reading)
}

/// The core schema of YAML 1.2.
fn resolve_core(text: &str) -> ResolvedScalar {
    if let Some(word) = common_word(text) {
        return word;
    }
    let (sign, digits) = split_sign(text);
    if is_all(digits, |byte| byte.is_ascii_digit()) {
        return integer(sign, digits, 10);
    }
    if let Some(octal) = text.strip_prefix("0o")
        && is_all(octal, |byte| matches!(byte, b'0'..=b'7'))
    {
        return integer("", octal, 8);
    }
    if let Some(hex) = text.strip_prefix("0x")
        && is_all(hex, |byte| byte.is_ascii_hexdigit())
    {
        return integer("", hex, 16);
    }
    if is_float(digits, false, false) { float(text) } else { ResolvedScalar::Text }
}

/// YAML 1.1 as PyYAML resolves it, with the `y` and `n` of the specification.
fn resolve_yaml_1_1(text: &str) -> ResolvedScalar {
    if let Some(word) = common_word(text).or_else(|| old_bool(text)) {
        return word;
    }
    if matches!(text, "<<" | "=") || is_timestamp(text) {
        return ResolvedScalar::Other;
    }
    let (sign, digits) = split_sign(text);
    let plain = digits.replace('_', "");
    if let Some(binary) = digits.strip_prefix("0b")
        && is_all(binary, |byte| matches!(byte, b'0' | b'1' | b'_'))
    {
        return integer(sign, &binary.replace('_', ""), 2);
    }
    if let Some(hex) = digits.strip_prefix("0x")
        && is_all(hex, |byte| byte.is_ascii_hexdigit() || byte == b'_')
    {
        return integer(sign, &hex.replace('_', ""), 16);
    }
    if digits == "0" {
        return integer(sign, digits, 10);
    }
    if let Some(octal) = digits.strip_prefix('0')
        && is_all(octal, |byte| matches!(byte, b'0'..=b'7' | b'_'))
    {
        return integer(sign, &octal.replace('_', ""), 8);
    }
    if digits.starts_with(|first: char| matches!(first, '1'..='9'))
        && is_all(digits, |byte| byte.is_ascii_digit() || byte == b'_')
    {
        return integer(sign, &plain, 10);
    }
    if is_sexagesimal(digits) {
        return ResolvedScalar::Other;
    }
    if is_float(digits, true, true) { float(&format!("{sign}{plain}")) } else { ResolvedScalar::Text }
}

/// Go's yaml.v2, yaml.v3 and sigs.k8s.io/yaml.
fn resolve_go(text: &str) -> ResolvedScalar {
    if let Some(word) = common_word(text).or_else(|| old_bool(text)) {
        return word;
    }
    if text == "<<" || is_timestamp(text) {
        return ResolvedScalar::Other;
    }
    if !text.starts_with(|first: char| matches!(first, '0'..='9' | '+' | '-' | '.')) {
        return ResolvedScalar::Text;
    }
    let plain = text.replace('_', "");
    let (sign, digits) = split_sign(&plain);
    let (base, body) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] if is_all(digits, |byte| matches!(byte, b'0'..=b'7')) => (8, digits),
        _ => (10, digits),
    };
    if is_all(body, |byte| char::from(byte).is_digit(base)) {
        // `08` is no octal number, but the pattern for floats takes it.
        let loose = base == 10 && body.len() > 1 && body.starts_with('0');
        return match integer(sign, body, base) {
            ResolvedScalar::Int(number) if !loose && fits_64_bits(number) => ResolvedScalar::Int(number),
            _ if base == 10 => float(&plain),
            _ => ResolvedScalar::Other,
        };
    }
    // A prefix and a second sign, as in `0b-1`, goes through in yaml.v2 and yaml.v3.
    if matches!(base, 2 | 8) && is_all(split_sign(body).1, |byte| char::from(byte).is_digit(base)) {
        return ResolvedScalar::Other;
    }
    if is_float(digits, false, false) { float(&plain) } else { ResolvedScalar::Text }
}

/// The words that have the same meaning for all readers.
fn common_word(text: &str) -> Option<ResolvedScalar> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => ResolvedScalar::Null,
        "true" | "True" | "TRUE" => ResolvedScalar::Bool(true),
        "false" | "False" | "FALSE" => ResolvedScalar::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => ResolvedScalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => ResolvedScalar::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => ResolvedScalar::Other,
        _ => return None,
    })
}

/// The booleans of YAML 1.1.
fn old_bool(text: &str) -> Option<ResolvedScalar> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => ResolvedScalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => ResolvedScalar::Bool(false),
        _ => return None,
    })
}

fn split_sign(text: &str) -> (&str, &str) {
    match text.as_bytes() {
        [b'+' | b'-', ..] => text.split_at(1),
        _ => ("", text),
    }
}

fn is_all(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(allowed)
}

fn integer(sign: &str, digits: &str, base: u32) -> ResolvedScalar {
    let negative = sign == "-";
    match i128::from_str_radix(digits, base) {
        Ok(number) => ResolvedScalar::Int(if negative { -number } else { number }),
        Err(_) => ResolvedScalar::Other,
    }
}

fn fits_64_bits(number: i128) -> bool {
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number)
}

fn float(text: &str) -> ResolvedScalar {
    text.parse().map_or(ResolvedScalar::Other, ResolvedScalar::Float)
}

/// `1.5`, `.5`, `1.`, with or without exponent. `grouped` allows underscores among the digits;
/// `strict` asks for the dot and for the exponent's sign as YAML 1.1 does.
fn is_float(digits: &str, grouped: bool, strict: bool) -> bool {
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let digit = |byte: u8| byte.is_ascii_digit() || grouped && byte == b'_';
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, part)) => {
            (!whole.is_empty() || !part.is_empty())
                && !whole.starts_with('_')
                && whole.bytes().all(digit)
                && part.bytes().all(digit)
        }
        None => !strict && is_all(mantissa, digit),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let (sign, digits) = split_sign(exponent);
        (!strict || !sign.is_empty()) && is_all(digits, |byte| byte.is_ascii_digit())
    });
    mantissa_fits && exponent_fits
}

/// `190:20:30` and `190:20:30.15`, which YAML 1.1 reads to the base of 60.
fn is_sexagesimal(digits: &str) -> bool {
    let (clock, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut groups = clock.split(':');
    let first = groups.next().unwrap_or_default();
    let mut count = 0;
    let groups_fit = groups.all(|group| {
        count += 1;
        matches!(group.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
    });
    first.starts_with(|first: char| first.is_ascii_digit())
        && is_all(first, |byte| byte.is_ascii_digit() || byte == b'_')
        && groups_fit
        && count > 0
        && fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// `2024-01-31`, alone or followed by a time of day.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if bytes.len() < 8 || digits(0) != 4 || bytes[4] != b'-' {
        return false;
    }
    let month = digits(5);
    let day_at = 5 + month + 1;
    if !(1..=2).contains(&month) || bytes.get(5 + month) != Some(&b'-') || day_at >= bytes.len() {
        return false;
    }
    let day = digits(day_at);
    let rest = &text[day_at + day..];
    (1..=2).contains(&day)
        && (rest.is_empty()
            || rest.starts_with(['T', 't', ' ', '\t'])
                && rest[1..].trim_start_matches([' ', '\t']).starts_with(|c: char| c.is_ascii_digit())
                && rest.contains(':'))
}
