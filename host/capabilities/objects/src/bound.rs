//! How much of an answer is read: what the answer to this request can have, with room, and no byte more. What a server
//! sends beyond that is never in memory. It reads nothing itself.

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

/// The longest page of a list: 1,000 keys of 1,024 bytes, each byte written as an entity of six, are 6 MiB.
const MAX_LIST_BYTES: usize = 16 * 1024 * 1024;
/// The longest of all other answers: what an object is, a refusal, credentials.
const MAX_OTHER_BYTES: usize = 1024 * 1024;

/// An answer is longer than such an answer can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResponseTooLong {
    max: usize,
}

impl fmt::Display for ResponseTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer has more than {} bytes", self.max)
    }
}

impl Error for ResponseTooLong {}

impl ResponseTooLong {
    /// The one that an error comes from, if it does.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        causes(error).find_map(|error| error.downcast_ref().copied())
    }
}

/// Bounds the answer to this operation of S3. Only the content of an object has no bound here: who asks for one knows
/// how long it is.
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

/// The client of HTTP for those who give out credentials, whoever of them the SDK permissions: their answers are short.
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
