//! S3 for tests: servers of objects, a proxy that causes faults, an independent client, and an STS that issues credentials.
//! It has no code in common with the tested code.

pub mod checksum;
pub mod client;
pub mod fault;
pub mod http;
#[cfg(feature = "live")]
mod listen;
#[cfg(feature = "live")]
pub mod network;
pub mod proxy;
pub mod reply;
#[cfg(feature = "live")]
mod s3s;
pub mod server;
pub mod sign;
pub mod sts;
pub mod support;
pub mod token;
pub mod upload;

/// A bucket on a server, and the credentials for it.
#[derive(Debug, Clone)]
pub struct S3Target {
    /// The server: `http://127.0.0.1:PORT`, without a slash at its end.
    pub endpoint: String,
    /// The region of the signature.
    pub region: String,
    /// The access key ID.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: String,
    /// The session token of temporary credentials.
    pub session_token: Option<String>,
    /// The bucket, as a part of the path.
    pub bucket: String,
}

impl S3Target {
    /// The same target through a proxy.
    #[must_use]
    pub fn through(&self, proxy: &proxy::Proxy) -> Self {
        Self { endpoint: proxy.endpoint(), ..self.clone() }
    }

    /// The same target with another bucket.
    #[must_use]
    pub fn bucket(&self, bucket: &str) -> Self {
        Self { bucket: bucket.to_owned(), ..self.clone() }
    }

    /// The address without the scheme.
    #[must_use]
    pub fn address(&self) -> &str {
        self.endpoint.trim_start_matches("http://").trim_end_matches('/')
    }
}
