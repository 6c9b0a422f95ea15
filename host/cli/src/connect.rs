//! What a run says of its object storage and what its job holds to get in: inputs of the step by the names `endpoint`,
//! `region` and `role`, and the secrets of the job. It connects to nothing.

use crate::environment;
use crate::secrets::Secrets;
use lockstep_model::inputs::Inputs;
use lockstep_objects::{Connection, Identity, Keys};
use serde_json::Value;

/// The secrets of the job that can open a store.
pub(crate) struct Held {
    keys: Option<Keys>,
    identity: Option<Identity>,
}

/// Takes what can open a store out of the secrets.
pub(crate) fn held(secrets: &Secrets) -> Held {
    let secret = |name: &str| secrets.get(name).map(str::to_owned);
    let keys = secret("AWS_ACCESS_KEY_ID").zip(secret("AWS_SECRET_ACCESS_KEY"));
    let keys = keys.map(|(id, key)| Keys { id, secret: key, token: secret("AWS_SESSION_TOKEN") });
    let request = || {
        let url = environment::text("ACTIONS_ID_TOKEN_REQUEST_URL")?;
        Some(Identity::Request { url, token: secret("ACTIONS_ID_TOKEN_REQUEST_TOKEN")? })
    };
    let identity = secret("LOCKSTEP_ID_TOKEN")
        .map(Identity::Token)
        .or_else(|| environment::path("AWS_WEB_IDENTITY_TOKEN_FILE").map(Identity::File))
        .or_else(request);
    Held { keys, identity }
}

/// The connection that the inputs describe.
pub(crate) fn connection(held: Held, inputs: &Inputs) -> Connection {
    let text = |name: &str| {
        inputs.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let Held { keys, identity } = held;
    Connection {
        endpoint: text("endpoint"),
        region: text("region"),
        role: text("role"),
        session: session(),
        keys,
        identity,
    }
}

/// What the owner of a role reads in its log: which job it was, of the characters that a session's name may have.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
fn session() -> String {
    let job = ["GITHUB_RUN_ID", "CI_JOB_ID", "BUILD_TAG"].into_iter().find_map(environment::text);
    let name = job.map_or_else(|| "lockstep".to_owned(), |job| format!("lockstep-{job}"));
    let fit = |c: char| if c.is_ascii_alphanumeric() || "=,.@-".contains(c) { c } else { '-' };
    name.chars().map(fit).take(64).collect()
}
