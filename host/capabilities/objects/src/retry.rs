//! Watches each attempt of each request: it lowers the limit of requests when the server throttles, replaces expired
//! credentials, retries after a reply that proves damage on the way, and bounds each response. It does not change a
//! request.

use super::answer_limits::{ResponseTooLong, bound_response};
use super::concurrency::ConcurrencyLimiter;
use super::credentials::{CachedProvider, CredentialCache};
use super::failure::untrusted;
use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{Error, InterceptorContext};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata, OrchestratorError};
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use lockstep_model::causes::causes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the requests of a run share: credentials, the limiter, and the number of retries.
#[derive(Debug)]
pub(super) struct RequestMonitor {
    credentials: Arc<CredentialCache>,
    pub(super) limiter: ConcurrencyLimiter,
    retries: AtomicU64,
}

impl RequestMonitor {
    pub(super) fn new(credentials: CredentialCache) -> Self {
        Self {
            credentials: Arc::new(credentials),
            limiter: ConcurrencyLimiter::default(),
            retries: AtomicU64::new(0),
        }
    }

    pub(super) fn credentials(&self) -> CachedProvider {
        CachedProvider(Arc::clone(&self.credentials))
    }

    /// The number of failed attempts after which the client tries again.
    pub(super) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }
}

/// Watches every attempt.
#[derive(Debug)]
pub(super) struct RetryInterceptor(pub(super) Arc<RequestMonitor>);

impl Intercept for RetryInterceptor {
    fn name(&self) -> &'static str {
        "RetryInterceptor"
    }

    /// Stores the signing credential, because the request is gone when the response arrives.
    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(name) = name_of(context.request()) {
            config.interceptor_state().store_put(SigningCredential(name.to_owned()));
        }
        Ok(())
    }

    /// Bounds the response before the client reads its body.
    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("", Metadata::name);
        bound_response(operation, context.response_mut());
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(response) = context.response() else {
            self.0.count_retry();
            return Ok(());
        };
        match response.status().as_u16() {
            // The response was cut off.
            200..=299 if context.output_or_error().is_some_and(|output| output.is_err()) => {
                self.0.count_retry()
            }
            429 | 503 => {
                self.0.count_retry();
                self.0.limiter.halve();
            }
            500..=599 => self.0.count_retry(),
            400 | 401 | 403 if is_expired(response) => {
                self.0.count_retry();
                if let Some(SigningCredential(name)) = config.load::<SigningCredential>() {
                    self.0.credentials.mark_expired(name);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The credential that signed a request.
#[derive(Debug)]
struct SigningCredential(String);

impl Storable for SigningCredential {
    type Storer = StoreReplace<Self>;
}

/// Retries after some errors that the SDK takes for final.
#[derive(Debug)]
pub(super) struct RetryClassifier(pub(super) Arc<RequestMonitor>);

impl ClassifyRetry for RetryClassifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(response) = context.response() else {
            let failure = context.output_or_error().and_then(Result::err);
            let untrusted =
                failure.and_then(OrchestratorError::as_connector_error).and_then(|error| untrusted(error));
            return match untrusted {
                // The next attempt would meet the same certificate.
                Some(_) => RetryAction::RetryForbidden,
                // A response that is not HTTP can be damage on the way, as one that was cut off.
                None if failure.is_some_and(is_garbled) => RetryAction::transient_error(),
                None => RetryAction::NoActionIndicated,
            };
        };
        let failure = context.output_or_error().and_then(Result::err);
        if failure.is_some_and(|error| ResponseTooLong::of(error).is_some()) {
            // The next response would be as long.
            return RetryAction::RetryForbidden;
        }
        let damaged = || matches!(code_of(response), Some("BadDigest" | "XAmzContentSHA256Mismatch"));
        match response.status().as_u16() {
            // The next attempt gets other credentials.
            400 | 401 | 403 if is_expired(response) && self.0.credentials.can_renew() => {
                RetryAction::transient_error()
            }
            400 if damaged() => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "RetryClassifier"
    }
}

/// Whether the response is not HTTP.
fn is_garbled(error: &OrchestratorError<Error>) -> bool {
    let http = |error: &(dyn std::error::Error + 'static)| {
        error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
    };
    error.as_connector_error().is_some_and(|error| causes(error).any(http))
}

fn is_expired(response: &HttpResponse) -> bool {
    matches!(code_of(response), Some("ExpiredToken" | "TokenRefreshRequired"))
}

/// The code of an error of S3, which is XML. <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn code_of(response: &HttpResponse) -> Option<&str> {
    // A streamed body has no bytes here; the body of an error is never streamed.
    let body = response.body().bytes()?;
    let text = std::str::from_utf8(body.get(..body.len().min(4096))?).ok()?;
    let error = &text[text.find("<Error")?..];
    let (code, _) = error.split_once("<Code>")?.1.split_once("</Code>")?;
    Some(code)
}

/// Identifies the credentials of a request: the session token, or the access key ID without one.
fn name_of(request: &HttpRequest) -> Option<&str> {
    if let Some(session) = request.headers().get("x-amz-security-token") {
        return Some(session);
    }
    let header = request.headers().get("authorization")?;
    let (key, _) = header.split_once("Credential=")?.1.split_once('/')?;
    Some(key)
}
