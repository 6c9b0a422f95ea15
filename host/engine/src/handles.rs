//! The types behind the resources of the contract. A component has handles to their values.

use lockstep_cluster::ObjectWatch;
use lockstep_objects::MultipartUpload;
use lockstep_workspace::OpenFile;

/// A file that a component has opened.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct FileHandle {
    pub(crate) path: String,
    pub(crate) file: OpenFile,
}

/// A multipart upload that a component has created or resumed.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct UploadHandle(pub(crate) MultipartUpload);

/// A watch that a component has started.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct WatcherHandle(pub(crate) ObjectWatch);
