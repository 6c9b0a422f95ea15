//! Redacts the secrets of the job in objects and logs. In objects, it redacts the values of variables and headers, command lines
//! and annotations. It never touches names, labels and images, because components find objects by them.

use kube::api::DynamicObject;
use lockstep_model::secret_registry::SecretRegistry;
use serde_json::Value;

/// The keys whose texts it redacts: those of a container that a program gets, and annotations, also of a pod template.
/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container>
const PROGRAM_TEXT_KEYS: [&str; 4] = ["annotations", "args", "command", "value"];

/// The longest log that the host requests, in bytes.
pub(super) const LOG_BYTES: usize = 256 * 1024;

/// Redacts a log. If it reaches the limit, its last line may end inside a secret: the host leaves that line out, and a note says
/// so.
pub(super) fn redact_log(text: &str, secrets: &SecretRegistry) -> String {
    if text.len() < LOG_BYTES {
        return secrets.redact(text);
    }
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let omitted = text.len() - whole.len();
    let note = format!(
        "[the log ends at {LOG_BYTES} bytes; the host has left out its last line of {omitted} bytes]\n"
    );
    secrets.redact(whole) + &note
}

/// Redacts an object.
pub(super) fn redact(object: &mut DynamicObject, secrets: &SecretRegistry) {
    for value in object.metadata.annotations.iter_mut().flat_map(|annotations| annotations.values_mut()) {
        *value = secrets.redact(value);
    }
    redact_value(&mut object.data, secrets, false);
}

/// Redacts the texts of a value. `is_program_text` is true below one of [`PROGRAM_TEXT_KEYS`].
fn redact_value(value: &mut Value, secrets: &SecretRegistry, is_program_text: bool) {
    match value {
        Value::String(text) if is_program_text => *text = secrets.redact(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_value(item, secrets, is_program_text)),
        Value::Object(entries) => {
            for (key, value) in entries {
                redact_value(value, secrets, is_program_text || PROGRAM_TEXT_KEYS.contains(&key.as_str()));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_log_at_the_limit_comes_without_its_last_line() {
        let (secrets, token) = (SecretRegistry::default(), "ghs_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789");
        secrets.add(token);
        for shown_bytes in 0..=token.len() {
            let before = "line\n".repeat((LOG_BYTES - 100) / 5);
            let last = "x".repeat(LOG_BYTES - before.len() - shown_bytes);
            let shown = redact_log(&format!("{before}{last}{}", &token[..shown_bytes]), &secrets);
            assert!(
                !shown.contains("ghs_") && shown.contains("has left out"),
                "{}",
                &shown[shown.len() - 200..]
            );
        }
        assert_eq!(redact_log(&format!("a\nb {token}"), &secrets), "a\nb ***");
        assert!(redact_log(&"y".repeat(LOG_BYTES), &secrets).starts_with("[the log ends at 262144 bytes"));
    }

    #[test]
    fn a_secret_of_the_job_is_redacted_where_people_put_it_and_nowhere_else() {
        let secrets = SecretRegistry::default();
        secrets.add("hunter2");
        let pod = |secret: &str| {
            let container = json!({
                "name": "hunter2", "image": "shop/hunter2:1",
                "command": ["sh", "-c", format!("login {secret}")], "args": [format!("--password={secret}")],
                "env": [{"name": "hunter2", "value": secret}, {"name": "PORT", "value": "80"}],
                "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "x-key", "value": secret}]}},
            });
            let template = json!({"metadata": {"annotations": {"note": secret}, "labels": {"app": "hunter2"}},
                "spec": {"containers": [container]}});
            let object = json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "hunter2", "annotations": {"last-applied": format!("{{\"{secret}\"}}")}},
                "spec": {"replicas": 2, "paused": false, "template": template}, "status": null,
            });
            serde_json::from_value::<DynamicObject>(object).unwrap()
        };
        let mut redacted = pod("hunter2");
        redact(&mut redacted, &secrets);
        assert_eq!(redacted, pod("***"));
        let mut plain = pod("swordfish");
        redact(&mut plain, &secrets);
        assert_eq!(plain, pod("swordfish"));
    }
}
