//! Whether a version is older than another one, as far as that can be told. Never guesses: what are no versions has no
//! order.

use std::cmp::Ordering;

/// Whether `after` is certainly an older version than `before`: both are versions, alone or as the tag of one image.
#[must_use]
pub fn is_older(before: &str, after: &str) -> bool {
    let (before, after) = (parts(before), parts(after));
    match (before, after) {
        (Some((name, before)), Some((other, after))) if name == other => {
            order(after, before) == Ordering::Less
        }
        _ => false,
    }
}

/// The name of an image without its registry, or nothing, and the version.
fn parts(text: &str) -> Option<(&str, &str)> {
    let text = text.split('@').next()?;
    let (name, version) = match text.rsplit_once(':') {
        Some((image, tag)) if !tag.contains('/') => (image.rsplit('/').next()?, tag),
        _ => ("", text),
    };
    let digits = version.strip_prefix('v').unwrap_or(version);
    // A single number is as likely a build, a year or a commit.
    let is_version = digits.split(['-', '+']).next()?.split('.').count() > 1
        && digits.split(['-', '+']).next()?.split('.').all(|part| {
            !part.is_empty() && part.len() < 10 && part.bytes().all(|byte| byte.is_ascii_digit())
        });
    is_version.then_some((name, digits))
}

/// <https://semver.org/#spec-item-11>
fn order(one: &str, other: &str) -> Ordering {
    let split = |text: &'_ str| {
        let text = text.split('+').next().unwrap_or_default().to_owned();
        let (core, pre) = text
            .split_once('-')
            .map_or((text.clone(), None), |(core, pre)| (core.to_owned(), Some(pre.to_owned())));
        let numbers: Vec<u64> = core.split('.').map(|part| part.parse().unwrap_or(0)).collect();
        (numbers, pre)
    };
    let ((one, one_pre), (other, other_pre)) = (split(one), split(other));
    let most = one.len().max(other.len());
    let padded =
        |numbers: &[u64]| (0..most).map(|at| numbers.get(at).copied().unwrap_or(0)).collect::<Vec<_>>();
    padded(&one).cmp(&padded(&other)).then_with(|| match (one_pre, other_pre) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(one), Some(other)) => identifiers(&one, &other),
    })
}

fn identifiers(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.split('.'), other.split('.'));
    loop {
        let order = match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => match (one.parse::<u64>(), other.parse::<u64>()) {
                (Ok(one), Ok(other)) => one.cmp(&other),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => one.cmp(other),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn only_certain_downgrades_are_ones() {
        for (before, after) in [
            ("1.2.3", "1.2.2"),
            ("v1.10.0", "v1.9.9"),
            ("registry.example.com:5000/shop/web:v2.0", "other.example.com/shop/web:v1.9.9"),
            ("web:1.0.0", "web:1.0.0-rc.1"),
            ("web:1.0.0-rc.2", "web:1.0.0-rc.1"),
            ("web:1.0.0-rc.1", "web:1.0.0-alpha"),
            ("web:1.2@sha256:00", "web:1.1@sha256:11"),
        ] {
            assert!(is_older(before, after), "{before} {after}");
            assert!(!is_older(after, before), "{after} {before}");
            assert!(!is_older(before, before));
        }
        for (before, after) in [
            ("web:1.2.3", "api:1.0.0"),
            ("1.2.3", "web:1.0.0"),
            ("20261128", "20261127"),
            ("web:3f2a9c1", "web:1.0.0"),
            ("latest", "1.0.0"),
            ("", "1.0.0"),
            ("1.2.3+5", "1.2.3+4"),
        ] {
            assert!(!is_older(before, after), "{before} {after}");
        }
    }
}
