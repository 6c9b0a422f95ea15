//! Bounds the bytes that the host reads of a response to what such a response can have. The host never holds the rest
//! in memory. This module reads nothing itself.

use aws_sdk_s3::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use lockstep_model::causes::causes;
use std::error::Error;
use std::fmt;

/// The longest page of a list: 1,000 keys of 1,024 bytes are 6 MiB if the server writes each byte as an entity of six
/// bytes.
const MAX_LIST_BYTES: usize = 16 * 1024 * 1024;
/// The longest of all other responses: facts about an object, an error, credentials.
const MAX_OTHER_BYTES: usize = 1024 * 1024;

/// A response has more bytes than such a response can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResponseTooLong {
    max: usize,
}

impl fmt::Display for ResponseTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the response has more than {} bytes", self.max)
    }
}

impl Error for ResponseTooLong {}

impl ResponseTooLong {
    /// The one that caused an error, if there is one.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        causes(error).find_map(|error| error.downcast_ref().copied())
    }
}

/// Bounds the response to an operation of S3. The content of an object has no bound here: the caller knows its length.
pub(super) fn bound_response(operation: &str, response: &mut HttpResponse) {
    match (operation, response.status().is_success()) {
        ("GetObject", true) => {}
        ("ListObjectsV2" | "ListParts" | "ListMultipartUploads", true) => bound(response, MAX_LIST_BYTES),
        _ => bound(response, MAX_OTHER_BYTES),
    }
}

fn bound(response: &mut HttpResponse, max: usize) {
    let body = Limited::new(response.take_body(), max).map_err(move |error| {
        if error.is::<LengthLimitError>() { ResponseTooLong { max }.into() } else { error }
    });
    *response.body_mut() = SdkBody::from_body_1_x(body);
}

/// The HTTP client for servers that give out credentials. Their responses are short.
pub(super) fn bound_responses(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(BoundedHttp(client))
}

#[derive(Debug)]
struct BoundedHttp<T>(T);

impl HttpClient for BoundedHttp<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(BoundedHttp(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for BoundedHttp<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let response = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut response = response.await?;
            bound(&mut response, MAX_OTHER_BYTES);
            Ok(response)
        })
    }
}
