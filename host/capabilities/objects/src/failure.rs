//! Maps failed requests to the errors of the contract, with texts that hold no secret. It does not decide about
//! retries.

use super::answer_limits::ResponseTooLong;
use super::pause::retry_after;
use super::region::named_region;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use lockstep_model::call::CallError;
use lockstep_model::causes::{causes, line};
use lockstep_model::secret_registry::SecretRegistry;
use std::error::Error;

/// The most bytes of a text of a server in a message.
const MAX_TEXT_BYTES: usize = 500;

/// The error of a request after its last attempt. `action` says what the request was for, such as ``put `s3://a/b` ``.
pub(super) fn request_error<E>(
    action: &str,
    endpoint: &str,
    secrets: &SecretRegistry,
    error: &SdkError<E>,
) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(error) = credentials(error) {
        let cause = secrets.excerpt(&cause(error), MAX_TEXT_BYTES);
        return CallError::Unauthorized(format!("{action}: no credentials: {cause}"));
    }
    let SdkError::ServiceError(response) = error else {
        if let Some(untrusted) = untrusted(error) {
            return CallError::Unavailable(format!(
                "{action}: the certificate of {endpoint} is not trusted ({untrusted}); set SSL_CERT_FILE to the file of \
                 the authority that issued it, or add that authority to those of the system"
            ));
        }
        if has_no_address(error) {
            return CallError::Unavailable(format!(
                "{action}: there is no server with the name of {endpoint}; correct `endpoint` or `region`"
            ));
        }
        if let Some(too_long) = ResponseTooLong::of(error) {
            return CallError::LimitExceeded(format!("{action}: {endpoint} answers too much: {too_long}"));
        }
        let cause = secrets.excerpt(&cause(error), MAX_TEXT_BYTES);
        return CallError::Unavailable(format!("{action}: no response from {endpoint}: {cause}"));
    };
    let status = response.raw().status().as_u16();
    let code = response.err().code().unwrap_or_default();
    if code.is_empty() && response.raw().status().is_success() {
        let cause = secrets.excerpt(&line(response.err()), MAX_TEXT_BYTES);
        return CallError::Unavailable(format!(
            "{action}: Lockstep cannot read the response of {endpoint} (HTTP {status}): {cause}"
        ));
    }
    let text = match (code, response.err().message()) {
        ("", None | Some("")) => format!("HTTP {status}"),
        (code, None | Some("")) => code.to_owned(),
        (code, Some(message)) => format!("{code}: {message}"),
    };
    let text = secrets.excerpt(&text, MAX_TEXT_BYTES);
    let advice = advice(response.raw()).unwrap_or_default();
    response_error(status, code, format!("{action}: {text}{advice}"))
}

/// What a response says about the next act.
fn advice(response: &HttpResponse) -> Option<String> {
    if let Some(region) = named_region(response) {
        return Some(format!(
            "; the bucket is in the region `{region}`: set `region` to it, and let `endpoint` be a server of that region"
        ));
    }
    let is_throttled = matches!(response.status().as_u16(), 429 | 500..=599);
    let pause = retry_after(response).filter(|_| is_throttled)?;
    Some(format!("; the server asks to wait {} s", pause.as_secs()))
}

/// The error for a status and a code. <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn response_error(status: u16, code: &str, text: String) -> CallError {
    match (status, code) {
        (412, _) | (409, "ConditionalRequestConflict" | "OperationAborted") => CallError::Conflict(text),
        (404, _) => CallError::NotFound(text),
        (
            _,
            "ExpiredToken"
            | "TokenRefreshRequired"
            | "InvalidToken"
            | "InvalidAccessKeyId"
            | "SignatureDoesNotMatch",
        )
        | (401, _) => CallError::Unauthorized(text),
        (_, "BadDigest" | "XAmzContentSHA256Mismatch" | "InvalidDigest" | "XAmzContentChecksumMismatch") => {
            CallError::Integrity(text)
        }
        // Another attempt cannot change this error of the server.
        (501, _) => CallError::Upstream { status, message: text },
        (429 | 500..=599, _) | (_, "RequestTimeout" | "SlowDown" | "InternalError" | "IncompleteBody") => {
            CallError::Unavailable(text)
        }
        _ => CallError::Upstream { status, message: text },
    }
}

/// Whether a server rejected a request because of its checksum, which old servers do not know.
pub(super) fn is_about_checksum<E>(error: &SdkError<E>) -> bool
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let SdkError::ServiceError(response) = error else {
        return false;
    };
    let message = response.err().message().unwrap_or_default().to_ascii_lowercase();
    match response.raw().status().as_u16() {
        501 => true,
        400 => {
            let unknown = matches!(
                response.err().code(),
                Some("InvalidArgument" | "InvalidRequest" | "NotImplemented")
            );
            // An upload that another job completed or aborted meanwhile says nothing about the server.
            let about_upload = message.contains("upload was created");
            unknown && !about_upload && (message.contains("checksum") || message.contains("x-amz-"))
        }
        _ => false,
    }
}

/// The error of a source without credentials.
pub(super) fn credential_error(text: String) -> CredentialsError {
    CredentialsError::provider_error(text)
}

fn credentials<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e CredentialsError> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// Why the certificate of a server is not trusted, if that is the cause.
pub(super) fn untrusted(error: &(dyn Error + 'static)) -> Option<String> {
    causes(error).find_map(|error| match error.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(reason)) => Some(reason.to_string()),
        _ => None,
    })
}

/// Whether no server has the name of an address. A name server that fails for a while is another error.
pub(super) fn has_no_address(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| {
        let text = error.to_string();
        let (unknown, later) = ("failed to lookup address information", ["Temporary failure", "Try again"]);
        text.starts_with(unknown) && !later.iter().any(|later| text.contains(later))
    })
}

/// The causes of an error without those that only repeat another.
fn cause(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let message = error.to_string();
        if !message.is_empty() && !text.ends_with(&message) {
            text = if text == "dispatch failure"
                || text == "io error"
                || text.starts_with("the credential provider")
            {
                message
            } else {
                format!("{text}: {message}")
            };
        }
        next = error.source();
    }
    if text.is_empty() { DisplayErrorContext(error).to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_and_code_maps_to_an_error() {
        for (status, code, word) in [
            (412, "PreconditionFailed", "conflict"),
            (409, "ConditionalRequestConflict", "conflict"),
            (409, "BucketNotEmpty", "upstream"),
            (404, "NoSuchUpload", "not-found"),
            (403, "AccessDenied", "upstream"),
            (403, "InvalidAccessKeyId", "unauthorized"),
            (400, "ExpiredToken", "unauthorized"),
            (401, "", "unauthorized"),
            (400, "BadDigest", "integrity"),
            (400, "XAmzContentSHA256Mismatch", "integrity"),
            (503, "SlowDown", "unavailable"),
            (500, "InternalError", "unavailable"),
            (200, "InternalError", "unavailable"),
            (429, "", "unavailable"),
            (400, "EntityTooLarge", "upstream"),
            (501, "NotImplemented", "upstream"),
        ] {
            assert_eq!(response_error(status, code, String::new()).word(), word, "{status} {code}");
        }
    }
}
