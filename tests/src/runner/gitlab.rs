//! The behaviour of GitLab: the dotenv report and the sections of a job's log.

use std::collections::BTreeMap;

/// Reads a dotenv report. The last value of a name wins.
///
/// # Errors
/// The reason why GitLab rejects the report and fails the job.
pub fn dotenv(text: &str) -> Result<BTreeMap<String, String>, String> {
    if text.len() > 5 * 1024 {
        return Err("dotenv artifact is too big".to_owned());
    }
    let mut variables = BTreeMap::new();
    for line in text.lines() {
        let (name, value) = line.split_once('=').ok_or_else(|| format!("invalid format `{line}`"))?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("`{name}` can contain only letters, digits and '_'"));
        }
        variables.insert(name.to_owned(), value.to_owned());
    }
    if variables.len() > 20 {
        return Err("dotenv files cannot have more than 20 variables".to_owned());
    }
    Ok(variables)
}

/// A marker in the log that folds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Whether it begins one.
    pub starts: bool,
    /// Its time, in seconds since 1970.
    pub time: u64,
    /// Its name.
    pub name: String,
}

/// The markers in a log, wherever in a line they are.
#[must_use]
pub fn sections(log: &str) -> Vec<Section> {
    let mut found = Vec::new();
    for (at, _) in log.match_indices("section_") {
        found.extend(section(&log[at + "section_".len()..]));
    }
    found
}

/// `start:TIME:NAME` or `end:TIME:NAME`, an option in brackets, and the code that clears the line.
fn section(text: &str) -> Option<Section> {
    let (marker, _) = text.split_once("\r\u{1b}[0K")?;
    let mut parts = marker.splitn(3, ':');
    let starts = match parts.next()? {
        "start" => true,
        "end" => false,
        _ => return None,
    };
    let time = parts.next()?.parse().ok()?;
    let name = parts.next()?.split('[').next()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars().all(allowed).then(|| Section { starts, time, name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_as_gitlab_does() {
        let read = dotenv("A=1\nB = x=y \nA=2\n").unwrap();
        assert_eq!(read, [("A", "2"), ("B", "x=y")].map(|(n, v)| (n.to_owned(), v.to_owned())).into());
        let many: String = (0..21).map(|i| format!("A{i}=\n")).collect();
        for bad in ["A", "A=1\n\nB=2", "A B=1", "=1", &many, &format!("A={}", "x".repeat(5_200))] {
            assert!(dotenv(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_section_is_found_anywhere() {
        let log =
            "x \u{1b}[0Ksection_start:12:a-b[collapsed=true]\r\u{1b}[0KHeader\nsection_end:13:a-b\r\u{1b}[0K";
        let found = sections(log);
        assert_eq!((found.len(), found[0].starts, found[1].starts, &*found[0].name), (2, true, false, "a-b"));
        assert_eq!(sections("section_start:12:a\\u{d}\\u{1b}[0K"), []);
    }
}
