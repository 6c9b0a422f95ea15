//! Requests to web servers. It acts only on what a permit names, follows no redirect, and no credential leaves this crate.
#![forbid(unsafe_code)]
