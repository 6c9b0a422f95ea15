//! Reads the objects of a permit as buckets and keys. It asks no store.

use lockstep_model::call::CallError;
use lockstep_model::gate::Permit;
use lockstep_model::object::{ObjectName, ObjectStore};

/// An object by its bucket and key, with its name for messages.
#[derive(Debug, Clone)]
pub(super) struct ObjectLocation {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) name: String,
}

/// The object of a permit.
pub(super) fn object(permit: &Permit) -> Result<&ObjectName, CallError> {
    permit.object().ok_or_else(|| CallError::Invalid("the call names no object".into()))
}

/// The bucket and key of an object; a local folder has no bucket.
pub(super) fn locate(name: &ObjectName) -> ObjectLocation {
    let bucket = match name.store() {
        ObjectStore::Bucket(bucket) => bucket.to_owned(),
        ObjectStore::Folder => String::new(),
    };
    ObjectLocation { bucket, key: name.key().to_owned(), name: name.as_str().to_owned() }
}

/// The bucket and key of a permit's object, which must be in a bucket.
pub(super) fn locate_in_bucket(permit: &Permit) -> Result<ObjectLocation, CallError> {
    let name = object(permit)?;
    match name.store() {
        _ if name.is_prefix() => {
            Err(CallError::Invalid(format!("`{name}` is a prefix, because it ends with `/`; name an object")))
        }
        ObjectStore::Folder => {
            Err(CallError::Invalid(format!("`{name}`: a local folder has no multipart uploads")))
        }
        ObjectStore::Bucket(_) => Ok(locate(name)),
    }
}

/// The error of a call with objects of both kinds of store.
pub(super) fn mixed_stores() -> CallError {
    CallError::Invalid("the call names both buckets and local folders".into())
}
