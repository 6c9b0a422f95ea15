//! The bindings of the contract in `wit/`, generated, with the types of its resources.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "base",
    imports: { default: trappable },
    with: {
        "lockstep:step/workspace.file": crate::handles::FileHandle,
        "lockstep:step/objects.multipart-upload": crate::handles::UploadHandle,
        "lockstep:step/cluster.watcher": crate::handles::WatcherHandle,
    },
});

pub(crate) use lockstep::step::*;
