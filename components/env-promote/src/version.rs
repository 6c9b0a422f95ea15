//! Compares versions. Texts that are not versions have no order.

use std::cmp::Ordering;

use semver::Prerelease;

/// The numbers of a version: more digits are a date or a build.
const MAX_DIGITS: usize = 9;

/// A version, alone or as the tag of an image.
#[derive(Debug)]
struct Version<'a> {
    /// The name of the image without its registry; empty without an image.
    image: &'a str,
    /// The numbers, at least two.
    numbers: Vec<u64>,
    /// The text behind `-`, without build metadata.
    prerelease: &'a str,
}

/// Whether `after` is an older version than `before`: both are versions, alone or as the tag of the same image.
#[must_use]
pub fn is_older(before: &str, after: &str) -> bool {
    match (Version::parse(before), Version::parse(after)) {
        (Some(before), Some(after)) => before.image == after.image && after.order(&before) == Ordering::Less,
        _ => false,
    }
}

impl<'a> Version<'a> {
    /// Reads a version with two or more numbers; SemVer has exactly three, which tags of images often do not. A single number
    /// can also be a build, a year or a commit, so it is not a version.
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.split('@').next()?;
        let (image, version) = match text.rsplit_once(':') {
            Some((image, tag)) if !tag.contains('/') => (image.rsplit('/').next()?, tag),
            _ => ("", text),
        };
        let version = version.strip_prefix('v').unwrap_or(version).split('+').next()?;
        let (core, prerelease) = version.split_once('-').unwrap_or((version, ""));
        let number = |part: &str| {
            let is_number = part.len() <= MAX_DIGITS && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_number { part.parse().ok() } else { None }
        };
        let numbers: Vec<u64> = core.split('.').map(number).collect::<Option<_>>()?;
        (numbers.len() > 1).then_some(Self { image, numbers, prerelease })
    }

    /// Compares the numbers, then the pre-releases. <https://semver.org/#spec-item-11>
    fn order(&self, other: &Self) -> Ordering {
        let length = self.numbers.len().max(other.numbers.len());
        let padded = |numbers: &[u64]| {
            (0..length).map(|index| numbers.get(index).copied().unwrap_or(0)).collect::<Vec<_>>()
        };
        let numbers = padded(&self.numbers).cmp(&padded(&other.numbers));
        numbers.then_with(|| match (Prerelease::new(self.prerelease), Prerelease::new(other.prerelease)) {
            (Ok(own), Ok(other)) => own.cmp(&other),
            _ => Ordering::Equal,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn only_an_older_version_is_a_downgrade() {
        for (before, after) in [
            ("1.2.3", "1.2.2"),
            ("v1.10.0", "v1.9.9"),
            ("registry.example.com:5000/shop/web:v2.0", "other.example.com/shop/web:v1.9.9"),
            ("web:1.0.0", "web:1.0.0-rc.1"),
            ("web:1.0.0-rc.2", "web:1.0.0-rc.1"),
            ("web:1.0.0-rc.1", "web:1.0.0-alpha"),
            ("web:1.2@sha256:00", "web:1.1@sha256:11"),
            ("1.2.3.4", "1.2.3"),
            ("1.2.3-rc_1", "1.2.2-rc_2"),
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
            ("1.2.3-rc_2", "1.2.3-rc_1"),
        ] {
            assert!(!is_older(before, after), "{before} {after}");
        }
    }
}
