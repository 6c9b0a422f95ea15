//! The Rust form of the contract in `wit/`, generated, and the types behind its resources.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "base",
    imports: { default: trappable },
    with: {
        "lockstep:step/workspace.file": crate::capability::workspace::File,
        "lockstep:step/objects.multipart-upload": crate::capability::objects::Upload,
        "lockstep:step/cluster.watcher": crate::capability::cluster::Watcher,
    },
});

pub(crate) use lockstep::step::*;
