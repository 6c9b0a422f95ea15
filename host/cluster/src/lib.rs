//! Objects of a Kubernetes cluster. It acts only on what a permit names, and no credential leaves this crate.
#![forbid(unsafe_code)]
