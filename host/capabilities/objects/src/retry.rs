//! Watches each attempt of each request: it lowers the limit of requests and lets them wait when the server throttles,
//! replaces expired credentials, follows a bucket to its region, retries after a reply that proves damage on the way,
//! and bounds each response. It does not change a request.

use super::answer_limits::{ResponseTooLong, bound_response};
use super::concurrency::ConcurrencyLimiter;
use super::credentials::{CachedProvider, CredentialCache};
use super::error_code::code_of;
use super::failure::{has_no_address, untrusted};
use super::notes::Notes;
use super::pause::{MAX_PAUSE, Pause, retry_after};
use super::region::{BucketRegions, Lesson, bucket_of, named_region, signed_region};
use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{Error, InterceptorContext};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata, OrchestratorError};
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use lockstep_model::causes::{causes, line};
use lockstep_model::report::Level;
use lockstep_model::secret_registry::SecretRegistry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most bytes of a cause in a note.
const MAX_CAUSE_BYTES: usize = 200;
/// The shortest time between two notes about retries.
const NOTE_INTERVAL: Duration = Duration::from_secs(60);

/// What the requests of a run share: credentials, the limiter, pauses, regions of buckets, and the number of retries.
#[derive(Debug)]
pub(super) struct RequestMonitor {
    credentials: Arc<CredentialCache>,
    pub(super) limiter: ConcurrencyLimiter,
    pause: Arc<Pause>,
    regions: Arc<BucketRegions>,
    retries: AtomicU64,
    /// The address of the server for messages.
    endpoint: String,
    secrets: Arc<SecretRegistry>,
    notes: Arc<Notes>,
    last_note: Mutex<Option<Instant>>,
}

impl RequestMonitor {
    pub(super) fn new(
        credentials: CredentialCache,
        regions: Arc<BucketRegions>,
        endpoint: &str,
        (secrets, notes): (&Arc<SecretRegistry>, &Arc<Notes>),
    ) -> Self {
        Self {
            credentials: Arc::new(credentials),
            limiter: ConcurrencyLimiter::default(),
            pause: Arc::default(),
            regions,
            retries: AtomicU64::new(0),
            endpoint: endpoint.to_owned(),
            secrets: Arc::clone(secrets),
            notes: Arc::clone(notes),
            last_note: Mutex::default(),
        }
    }

    pub(super) fn credentials(&self) -> CachedProvider {
        CachedProvider { credentials: Arc::clone(&self.credentials), pause: Arc::clone(&self.pause) }
    }

    /// The number of failed attempts after which the client tries again.
    pub(super) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a failed attempt, and notes the first one and then one a minute: waiting should not look like standing
    /// still.
    fn report_retry(&self, cause: impl FnOnce() -> String) {
        self.count_retry();
        let mut last = self.last_note.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < NOTE_INTERVAL) {
            return;
        }
        let (is_first, endpoint) = (last.is_none(), &self.endpoint);
        *last = Some(Instant::now());
        drop(last);
        let cause = self.secrets.excerpt(&cause(), MAX_CAUSE_BYTES);
        self.notes.add(
            Level::Notice,
            match is_first {
                true => format!("a request to {endpoint} failed ({cause}); Lockstep tries again for a while"),
                false => format!(
                    "{} attempts of requests to {endpoint} failed, the last one with {cause}; Lockstep still tries \
                     again",
                    self.retries()
                ),
            },
        );
    }
}

/// What the host decides about a retry when it sees a response, against what the SDK would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RetryDecision {
    Retry,
    End,
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
            let region = signed_region(context.request()).unwrap_or_default().to_owned();
            config.interceptor_state().store_put(Signature { credential: name.to_owned(), region });
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

    /// Decides about a retry where the SDK would decide otherwise, and leaves the decision with the response.
    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let has_error_in_success = context
            .output_or_error()
            .is_some_and(|output| output.is_err_and(|error| error.as_operation_error().is_some()));
        let Some(response) = context.response_mut() else { return Ok(()) };
        let operation = config.load::<Metadata>().map_or("", Metadata::name);
        let status = response.status();
        let decision = match status.as_u16() {
            // `S3Store::complete` tries again itself, and knows for how long.
            _ if status.is_success() && has_error_in_success && operation == "CompleteMultipartUpload" => {
                Some(RetryDecision::End)
            }
            301 | 400 if self.follows_region(response, config) => Some(RetryDecision::Retry),
            429 | 500..=599 => self.pause(response),
            _ => None,
        };
        if let Some(decision) = decision {
            response.add_extension(decision);
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let failure = context.output_or_error().and_then(Result::err);
        let Some(response) = context.response() else {
            match failure {
                Some(error) if error.is_timeout_error() || error.as_connector_error().is_some() => {
                    if !has_final_cause(error) {
                        self.0.report_retry(|| connection_cause(error));
                    }
                }
                _ => self.0.count_retry(),
            }
            return Ok(());
        };
        let status = response.status().as_u16();
        let cause = || match code_of(response) {
            Some(code) => format!("HTTP {status}, {code}"),
            None => format!("HTTP {status}"),
        };
        match status {
            // The next attempt would get the same.
            _ if failure.is_some_and(|error| ResponseTooLong::of(error).is_some()) => {}
            // The response was cut off, or holds an error.
            200..=299 if failure.is_some() => self.0.report_retry(cause),
            429 | 503 => {
                self.0.report_retry(cause);
                self.0.limiter.halve();
            }
            500 | 502..=599 => self.0.report_retry(cause),
            400 | 401 | 403 if is_expired(response) => {
                self.0.count_retry();
                if let Some(Signature { credential, .. }) = config.load::<Signature>() {
                    self.0.credentials.mark_expired(credential);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl RetryInterceptor {
    /// Whether the response names the region of the bucket, and the next attempt goes there.
    fn follows_region(&self, response: &HttpResponse, config: &ConfigBag) -> bool {
        let (Some(signature), Some(bucket)) = (config.load::<Signature>(), bucket_of(config)) else {
            return false;
        };
        let Some(region) = named_region(response) else { return false };
        match self.0.regions.learn(bucket, &signature.region, &region) {
            Lesson::New => {
                let message = format!(
                    "the bucket `{bucket}` is in the region `{region}`, not in `{}`: Lockstep sends all requests about it \
                     there. Set `region` to `{region}` to save the first one",
                    signature.region
                );
                self.0.notes.add(Level::Notice, message);
                true
            }
            Lesson::Known => true,
            Lesson::Nothing => false,
        }
    }

    /// Lets all requests wait if the response asks for it. A request that would wait too long ends.
    fn pause(&self, response: &HttpResponse) -> Option<RetryDecision> {
        let pause = retry_after(response)?;
        if pause > MAX_PAUSE {
            return Some(RetryDecision::End);
        }
        self.0.pause.extend(pause);
        None
    }
}

/// The signature of a request: its credential and region.
#[derive(Debug)]
struct Signature {
    credential: String,
    region: String,
}

impl Storable for Signature {
    type Storer = StoreReplace<Self>;
}

/// Retries after some errors that the SDK takes for final.
#[derive(Debug)]
pub(super) struct RetryClassifier(pub(super) Arc<RequestMonitor>);

impl ClassifyRetry for RetryClassifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(response) = context.response() else {
            let failure = context.output_or_error().and_then(Result::err);
            return match failure.is_some_and(has_final_cause) {
                true => RetryAction::RetryForbidden,
                // A response that is not HTTP can be damage on the way, as one that was cut off.
                false if failure.is_some_and(is_garbled) => RetryAction::transient_error(),
                false => RetryAction::NoActionIndicated,
            };
        };
        match response.extension::<RetryDecision>() {
            Some(RetryDecision::Retry) => return RetryAction::transient_error(),
            Some(RetryDecision::End) => return RetryAction::RetryForbidden,
            None => {}
        }
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
            // Amazon throttles with 503; other servers with 429.
            429 => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "RetryClassifier"
    }
}

/// Whether the next attempt would meet the same: a certificate that is not trusted, or no server with the name.
fn has_final_cause(error: &OrchestratorError<Error>) -> bool {
    error.as_connector_error().is_some_and(|error| untrusted(error).is_some() || has_no_address(error))
}

/// Why a request got no response.
fn connection_cause(error: &OrchestratorError<Error>) -> String {
    match error.as_connector_error() {
        Some(error) => line(error),
        None if error.is_timeout_error() => "timeout".to_owned(),
        None => "no response".to_owned(),
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

/// Identifies the credentials of a request: the session token, or the access key ID without one.
fn name_of(request: &HttpRequest) -> Option<&str> {
    if let Some(session) = request.headers().get("x-amz-security-token") {
        return Some(session);
    }
    let header = request.headers().get("authorization")?;
    let (key, _) = header.split_once("Credential=")?.1.split_once('/')?;
    Some(key)
}
