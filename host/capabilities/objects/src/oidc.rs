//! Asks a CI for a token that says which job this is. It follows no redirect, and shows its own token to nobody else.

use super::route::is_local_endpoint;
use serde_json::Value;
use std::time::Duration;

/// How long the CI may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often it is asked.
const ATTEMPTS: u32 = 3;
/// The longest answer that is read.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Asks for a token for this audience.
/// <https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token>
pub(super) async fn request(url: &str, token: &str, audience: &str) -> Result<String, String> {
    if !url.starts_with("https://") && !is_local_endpoint(url) {
        return Err("the token of the CI is not sent without TLS, where others could read it: \
                    ACTIONS_ID_TOKEN_REQUEST_URL is no `https` address"
            .to_owned());
    }
    // Both TLS users of this program take the same provider; the second one finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder();
    // A proxy would be another machine.
    let builder = if is_local_endpoint(url) { builder.no_proxy() } else { builder };
    let client = builder
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| format!("no client for the CI's token: {error}"))?;
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
    /// Asking again may help.
    Retry(String),
    Final(String),
}

/// Reads the body of an answer; none if it is longer than the answer with a token can be.
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
    // The address holds an identifier of the job: of an error only the kind is told.
    let response =
        sent.map_err(|error| TokenError::Retry(format!("the CI gives no token: {}", error.without_url())))?;
    let status = response.status();
    if status.is_server_error() || status.as_u16() == 429 {
        return Err(TokenError::Retry(format!("the CI gives no token: it answers {status}")));
    }
    if !status.is_success() {
        return Err(TokenError::Final(format!("the CI gives no token: it answers {status}")));
    }
    let body = body(response).await;
    let body =
        body.map_err(|error| TokenError::Retry(format!("the CI gives no token: {}", error.without_url())))?;
    let body = body.ok_or_else(|| {
        TokenError::Final(format!(
            "the CI gives no token: its answer has more than {MAX_RESPONSE_BYTES} bytes"
        ))
    })?;
    let value: Option<Value> = serde_json::from_slice(&body).ok();
    let token = value.as_ref().and_then(|value| value["value"].as_str()).map(str::to_owned);
    token.ok_or_else(|| TokenError::Final("the CI's answer holds no token".to_owned()))
}
