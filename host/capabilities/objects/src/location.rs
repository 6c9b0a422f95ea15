//! Reads the objects of a permit as buckets and keys. It asks no store.

use lockstep_model::call::CallError;
use lockstep_model::gate::Permit;
use lockstep_model::object::{ObjectName, ObjectStore};

/// An object by its bucket and key, and by its name for messages.
#[derive(Debug, Clone)]
pub(super) struct ObjectLocation {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) name: String,
}

pub(super) fn object(permit: &Permit) -> Result<&ObjectName, CallError> {
    permit.object().ok_or_else(|| CallError::Invalid("the call is about no object".into()))
}

pub(super) fn locate(name: &ObjectName) -> ObjectLocation {
    let bucket = match name.store() {
        ObjectStore::Bucket(bucket) => bucket.to_owned(),
        ObjectStore::Folder => String::new(),
    };
    ObjectLocation { bucket, key: name.key().to_owned(), name: name.as_str().to_owned() }
}

pub(super) fn locate_in_bucket(permit: &Permit) -> Result<ObjectLocation, CallError> {
    let name = object(permit)?;
    match name.store() {
        _ if name.is_prefix() => Err(CallError::Invalid(format!("`{name}` is no object, it ends with `/`"))),
        ObjectStore::Folder => Err(CallError::Invalid(format!("`{name}`: a local folder takes files whole"))),
        ObjectStore::Bucket(_) => Ok(locate(name)),
    }
}

pub(super) fn mixed_stores() -> CallError {
    CallError::Invalid("a call is about buckets or about folders, not both".into())
}
