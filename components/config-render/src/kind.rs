//! What kind of file a path names. Never looks into the file.

/// A kind of file that can be rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `.yaml` and `.yml`.
    Yaml,
    /// `.json`.
    Json,
}

impl Kind {
    /// The kind of the file at a path, if it can be rendered.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        match extension(path).as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "YAML",
            Self::Json => "JSON",
        }
    }
}

/// What stands behind the last dot of the file's name, in lower case.
#[must_use]
pub fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.to_ascii_lowercase())
}
