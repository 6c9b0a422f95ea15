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
const LIST: usize = 16 * 1024 * 1024;
/// The longest of all other answers: what an object is, a refusal, credentials.
const OTHER: usize = 1024 * 1024;

/// An answer is longer than such an answer can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong {
    most: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer has more than {} bytes", self.most)
    }
}

impl Error for TooLong {}

impl TooLong {
    /// The one that an error comes from, if it does.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        causes(error).find_map(|error| error.downcast_ref().copied())
    }
}

/// Bounds the answer to this operation of S3. Only the content of an object has no bound here: who asks for one knows
/// how long it is.
pub(super) fn bound_answer(operation: &str, response: &mut HttpResponse) {
    match (operation, response.status().is_success()) {
        ("GetObject", true) => {}
        ("ListObjectsV2" | "ListParts" | "ListMultipartUploads", true) => bound(response, LIST),
        _ => bound(response, OTHER),
    }
}

fn bound(response: &mut HttpResponse, most: usize) {
    let body = Limited::new(response.take_body(), most)
        .map_err(move |error| if error.is::<LengthLimitError>() { TooLong { most }.into() } else { error });
    *response.body_mut() = SdkBody::from_body_1_x(body);
}

/// The client of HTTP for those who give out credentials, whoever of them the SDK permissions: their answers are short.
pub(super) fn short_answers(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Short(client))
}

#[derive(Debug)]
struct Short<T>(T);

impl HttpClient for Short<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Short(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for Short<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut response = answer.await?;
            bound(&mut response, OTHER);
            Ok(response)
        })
    }
}
