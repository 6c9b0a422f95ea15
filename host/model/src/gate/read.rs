//! Parses the target of a call. A target that no grant could allow, such as a path that leads out of the workspace, is
//! a denial; any other invalid target is an invalid call.

use crate::call::{CallError, RawRepositoryPart, RawTarget, Target};
use crate::object::{ObjectError, ObjectName};
use crate::path::{PathError, WorkspacePath};
use crate::pattern::{Pattern, PatternError};
use crate::repository::{self, Repository, RepositoryError, RepositoryPart};
use crate::resource::{Resource, ResourceError};
use crate::text;
use crate::web::{WebAddress, WebError};

/// Parses a target.
pub(super) fn read_target(target: &RawTarget<'_>) -> Result<Target, CallError> {
    match target {
        RawTarget::Path(text) => read_path(text).map(Target::Path),
        RawTarget::Paths(texts) => {
            texts.iter().map(|text| read_path(text)).collect::<Result<_, _>>().map(Target::Paths)
        }
        RawTarget::Pattern(text) => read_pattern(text).map(Target::Pattern),
        RawTarget::HiddenPattern(text) => {
            read_pattern(text).map(|pattern| Target::Pattern(pattern.with_hidden()))
        }
        RawTarget::Object(text) => read_object(text).map(Target::Object),
        RawTarget::Objects(texts) => {
            texts.iter().map(|text| read_object(text)).collect::<Result<_, _>>().map(Target::Objects)
        }
        RawTarget::Url(text) => WebAddress::parse(text).map(Target::Url).map_err(refuse_url),
        RawTarget::Resource(text) => read_resource(text).map(Target::Resource),
        RawTarget::Resources(texts) => {
            texts.iter().map(|text| read_resource(text)).collect::<Result<_, _>>().map(Target::Resources)
        }
        RawTarget::Repository(text, part) => read_repository(text, part),
        RawTarget::Staged => Ok(Target::Staged),
    }
}

/// Parses a part of a repository. A name that git could take for another repository, branch or file is a denial.
fn read_repository(text: &str, part: &RawRepositoryPart<'_>) -> Result<Target, CallError> {
    let read = || {
        let repository = Repository::parse(text)?;
        let part = match part {
            RawRepositoryPart::Whole => RepositoryPart::Whole,
            RawRepositoryPart::Branch(text) => RepositoryPart::Branch(repository::branch(text)?),
            RawRepositoryPart::PullRequests(base, branch) => {
                RepositoryPart::PullRequests(repository::branch(base)?, repository::branch(branch)?)
            }
            RawRepositoryPart::Files(texts) => RepositoryPart::Files(
                texts.iter().map(|text| repository::file(text)).collect::<Result<_, _>>()?,
            ),
            RawRepositoryPart::Pattern(text) => RepositoryPart::Pattern(
                Pattern::parse(text).map_err(|error| RepositoryError::Escapes(error.to_string()))?,
            ),
        };
        Ok(Target::Repository(repository, part))
    };
    read().map_err(|error: RepositoryError| match error {
        RepositoryError::Path(_) => CallError::Invalid(error.to_string()),
        _ => CallError::Denied(error.to_string()),
    })
}

/// Converts the error of a URL. A host that a reader could take for another one is a denial.
fn refuse_url(error: WebError) -> CallError {
    match error {
        WebError::User(_) | WebError::Host(..) | WebError::Character(_) => {
            CallError::Denied(error.to_string())
        }
        _ => CallError::Invalid(error.to_string()),
    }
}

/// Parses a name of objects of a cluster. A name that would change the path of the request is a denial.
fn read_resource(text: &str) -> Result<Resource, CallError> {
    Resource::parse(text).map_err(|error| match error {
        ResourceError::Syntax(_) | ResourceError::Name(_) => CallError::Denied(error.to_string()),
        _ => CallError::Invalid(error.to_string()),
    })
}

pub(super) fn read_path(text: &str) -> Result<WorkspacePath, CallError> {
    WorkspacePath::parse(text).map_err(refuse_path)
}

fn read_pattern(text: &str) -> Result<Pattern, CallError> {
    Pattern::parse(text).map_err(|error| match error {
        PatternError::Path(error) => refuse_path(error),
        other => CallError::Invalid(other.to_string()),
    })
}

fn refuse_path(error: PathError) -> CallError {
    match error {
        PathError::Absolute(_) | PathError::Dots(_) => CallError::Denied(error.to_string()),
        _ => CallError::Invalid(error.to_string()),
    }
}

fn read_object(text: &str) -> Result<ObjectName, CallError> {
    ObjectName::parse(text).map_err(|error| match error {
        ObjectError::Store(_) | ObjectError::Bucket(_) | ObjectError::Dots(_) => {
            CallError::Denied(error.to_string())
        }
        _ => CallError::Invalid(error.to_string()),
    })
}

/// The target for the log: each text of the component cut to 300 bytes.
pub(super) fn shorten(target: &RawTarget<'_>) -> String {
    match target {
        RawTarget::Path(text)
        | RawTarget::Pattern(text)
        | RawTarget::HiddenPattern(text)
        | RawTarget::Object(text)
        | RawTarget::Url(text)
        | RawTarget::Resource(text) => short(text),
        RawTarget::Paths(texts) | RawTarget::Objects(texts) | RawTarget::Resources(texts) => several(texts),
        RawTarget::Repository(text, part) => match part {
            RawRepositoryPart::Whole => short(text),
            RawRepositoryPart::Branch(branch) => format!("{}#{}", short(text), short(branch)),
            RawRepositoryPart::PullRequests(base, branch) => {
                format!("{}#{}...{}", short(text), short(base), short(branch))
            }
            RawRepositoryPart::Files(paths) => format!("{}//{}", short(text), several(paths)),
            RawRepositoryPart::Pattern(pattern) => format!("{}//{}", short(text), short(pattern)),
        },
        RawTarget::Staged => String::new(),
    }
}

fn short(text: &str) -> String {
    text::short(text, 300)
}

fn several(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [only] => short(only),
        [first, more @ ..] => format!("{} and {} more", short(first), more.len()),
    }
}
