//! `s3s-fs` in this process, on threads of its own. The caller removes its files.

use super::listen;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use std::path::Path;
use tokio::runtime::Runtime;

/// Serves a folder until the runtime is dropped, and returns the port.
pub(super) fn serve(folder: &Path, access_key: &str, secret_key: &str) -> (Runtime, u16) {
    let files = FileSystem::new(folder).expect("a folder to serve");
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(access_key, secret_key));
    let service = service.build();
    let runtime = listen::runtime();
    let address = listen::listen(&runtime, move |stream| {
        let service = service.clone();
        async move {
            let server = Builder::new(TokioExecutor::new());
            // A client that disconnects does not affect the server.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        }
    });
    (runtime, address.port())
}
