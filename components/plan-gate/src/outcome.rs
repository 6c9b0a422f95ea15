//! What a requirement of attributes says of one resource. It compares nothing.

/// The result of a requirement for one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Holds,
    /// The type of the resource has no such attribute.
    NoAttribute,
    /// The resource has no value there.
    Missing,
    /// The resource has another value.
    Differs,
    /// The resource has the value that the requirement excludes.
    Excluded,
    /// The value there is an object, or the path leads into a text.
    NotComparable,
    /// The value is unknown before apply.
    Unknown,
    /// The value is sensitive, so the step does not compare it.
    Sensitive,
}
