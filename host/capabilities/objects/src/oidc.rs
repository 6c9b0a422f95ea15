//! Requests a token that identifies the job from the CI system. It follows no redirect, and sends the token of the
//! request to no other server.

use super::route::is_local_endpoint;
use serde_json::Value;
use std::time::Duration;

/// The timeout of an attempt.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The most attempts.
const ATTEMPTS: u32 = 3;
/// The most bytes of a response.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Requests a token for an audience.
/// <https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token>
pub(super) async fn request(url: &str, token: &str, audience: &str) -> Result<String, String> {
    if !url.starts_with("https://") && !is_local_endpoint(url) {
        return Err(
            "the host does not send ACTIONS_ID_TOKEN_REQUEST_TOKEN without TLS, where others could read it: \
                    ACTIONS_ID_TOKEN_REQUEST_URL is not an `https` URL"
                .to_owned(),
        );
    }
    // Another client of this process may have installed the same provider; then this call does nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder();
    // A proxy would be on another machine.
    let builder = if is_local_endpoint(url) { builder.no_proxy() } else { builder };
    let client = builder
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| format!("no HTTP client for the token of the CI system: {error}"))?;
    let separator = if url.contains('?') { '&' } else { '?' };
    let address = format!("{url}{separator}audience={audience}");
    let mut last_error = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(250) * 2_u32.pow(attempt)).await;
        }
        match request_once(&client, &address, token).await {
            Ok(token) => return Ok(token),
            Err(TokenError::Final(text)) => return Err(text),
            Err(TokenError::Retry(text)) => last_error = text,
        }
    }
    Err(last_error)
}

enum TokenError {
    /// Another attempt may succeed.
    Retry(String),
    Final(String),
}

/// Reads the body of a response; none if it is longer than a response with a token can be.
async fn body(mut response: reqwest::Response) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

async fn request_once(client: &reqwest::Client, address: &str, token: &str) -> Result<String, TokenError> {
    let sent = client.get(address).bearer_auth(token).header("accept", "application/json").send().await;
    // The URL holds an identifier of the job, so the error leaves it out.
    let response = sent.map_err(|error| {
        TokenError::Retry(format!("no token from the CI system: {}", error.without_url()))
    })?;
    let status = response.status();
    if status.is_server_error() || status.as_u16() == 429 {
        return Err(TokenError::Retry(format!(
            "no token from the CI system: its response has the status {status}"
        )));
    }
    if !status.is_success() {
        return Err(TokenError::Final(format!(
            "no token from the CI system: its response has the status {status}"
        )));
    }
    let body = body(response).await;
    let body = body.map_err(|error| {
        TokenError::Retry(format!("no token from the CI system: {}", error.without_url()))
    })?;
    let body = body.ok_or_else(|| {
        TokenError::Final(format!(
            "no token from the CI system: its response has more than {MAX_RESPONSE_BYTES} bytes"
        ))
    })?;
    let value: Option<Value> = serde_json::from_slice(&body).ok();
    let token = value.as_ref().and_then(|value| value["value"].as_str()).map(str::to_owned);
    token.ok_or_else(|| TokenError::Final("no token from the CI system: its response holds none".to_owned()))
}
