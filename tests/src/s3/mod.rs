//! S3 as tests need it: servers that keep objects, a proxy that spoils what passes, a client that looks at a server
//! by itself, and what hands out credentials. None of it is the code that it tests, or shares any with it.

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

/// Where objects go and who may put them there.
#[derive(Debug, Clone)]
pub struct S3Target {
    /// The server: `http://127.0.0.1:PORT`, without a slash at its end.
    pub endpoint: String,
    /// The name of the region that is signed for.
    pub region: String,
    /// The identifier of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: String,
    /// What goes with a key that does not last.
    pub session_token: Option<String>,
    /// The bucket, as a part of the path.
    pub bucket: String,
}

impl S3Target {
    /// The same place reached another way: through a proxy.
    #[must_use]
    pub fn through(&self, proxy: &proxy::Proxy) -> Self {
        Self { endpoint: proxy.endpoint(), ..self.clone() }
    }

    /// The same place with another bucket.
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
