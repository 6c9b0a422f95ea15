//! Asks a CI for a token that says which job this is. It follows no redirect, and shows its own token to nobody else.

use super::route::is_of_machine;
use serde_json::Value;
use std::time::Duration;

/// How long the CI may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is asked.
const ATTEMPTS: u32 = 3;
/// The longest answer that is read.
const MOST: usize = 64 * 1024;

/// Asks for a token for this audience.
/// <https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token>
pub(super) async fn request(url: &str, token: &str, audience: &str) -> Result<String, String> {
    if !url.starts_with("https://") && !is_of_machine(url) {
        return Err("the token of the CI is not sent without TLS, where others could read it: \
                    ACTIONS_ID_TOKEN_REQUEST_URL is no `https` address"
            .to_owned());
    }
    // Both TLS users of this program take the same provider; the second one finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder();
    // A proxy would be another machine.
    let builder = if is_of_machine(url) { builder.no_proxy() } else { builder };
    let client = builder
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(|error| format!("no client for the CI's token: {error}"))?;
    let separator = if url.contains('?') { '&' } else { '?' };
    let address = format!("{url}{separator}audience={audience}");
    let mut said = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(250) * 2_u32.pow(attempt)).await;
        }
        match ask(&client, &address, token).await {
            Ok(token) => return Ok(token),
            Err(Stop::Final(text)) => return Err(text),
            Err(Stop::Again(text)) => said = text,
        }
    }
    Err(said)
}

enum Stop {
    /// Asking again may help.
    Again(String),
    Final(String),
}

/// Reads the body of an answer; none if it is longer than the answer with a token can be.
async fn body(mut answer: reqwest::Response) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > MOST {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

async fn ask(client: &reqwest::Client, address: &str, token: &str) -> Result<String, Stop> {
    let asked = client.get(address).bearer_auth(token).header("accept", "application/json").send().await;
    // The address holds an identifier of the job: of an error only the kind is told.
    let answer =
        asked.map_err(|error| Stop::Again(format!("the CI gives no token: {}", error.without_url())))?;
    let status = answer.status();
    if status.is_server_error() || status.as_u16() == 429 {
        return Err(Stop::Again(format!("the CI gives no token: it answers {status}")));
    }
    if !status.is_success() {
        return Err(Stop::Final(format!("the CI gives no token: it answers {status}")));
    }
    let body = body(answer).await;
    let body =
        body.map_err(|error| Stop::Again(format!("the CI gives no token: {}", error.without_url())))?;
    let body = body.ok_or_else(|| {
        Stop::Final(format!("the CI gives no token: its answer has more than {MOST} bytes"))
    })?;
    let value: Option<Value> = serde_json::from_slice(&body).ok();
    let token = value.as_ref().and_then(|value| value["value"].as_str()).map(str::to_owned);
    token.ok_or_else(|| Stop::Final("the CI's answer holds no token".to_owned()))
}
