//! Takes the secrets of the job out of what an object says where people put them: the values of variables and headers,
//! command lines, annotations. It never touches names, labels and images, by which objects are found.

use kube::api::DynamicObject;
use lockstep_model::secret_registry::SecretRegistry;
use serde_json::Value;

/// The keys of a container whose texts are handed to a program, and that of annotations, also those of a pod template.
/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container>
const HANDED: [&str; 4] = ["annotations", "args", "command", "value"];

/// The most of a log that a cluster is asked for, in bytes.
pub(super) const LOG_BYTES: usize = 256 * 1024;

/// A log without the secrets. Where it reaches the limit, its last line may be cut, inside a secret too: it is left out,
/// and a line says so.
pub(super) fn log(text: &str, known: &SecretRegistry) -> String {
    if text.len() < LOG_BYTES {
        return known.redact(text);
    }
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let left_out = text.len() - whole.len();
    let said = format!(
        "[the log was cut at {LOG_BYTES} bytes; its last line, {left_out} bytes of it, is left out]\n"
    );
    known.redact(whole) + &said
}

/// Takes them out.
pub(super) fn hide(object: &mut DynamicObject, known: &SecretRegistry) {
    for value in object.metadata.annotations.iter_mut().flat_map(|annotations| annotations.values_mut()) {
        *value = known.redact(value);
    }
    below(&mut object.data, known, false);
}

/// Looks at what is below a key; `handed` if it is below one of those.
fn below(value: &mut Value, known: &SecretRegistry, handed: bool) {
    match value {
        Value::String(text) if handed => *text = known.redact(text),
        Value::Array(items) => items.iter_mut().for_each(|item| below(item, known, handed)),
        Value::Object(entries) => {
            for (key, value) in entries {
                below(value, known, handed || HANDED.contains(&key.as_str()));
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
    fn the_last_line_of_a_log_that_was_cut_is_left_out() {
        let (known, token) = (SecretRegistry::default(), "ghs_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789");
        known.add(token);
        for kept in 0..=token.len() {
            let before = "line\n".repeat((LOG_BYTES - 100) / 5);
            let last = "x".repeat(LOG_BYTES - before.len() - kept);
            let shown = log(&format!("{before}{last}{}", &token[..kept]), &known);
            assert!(
                !shown.contains("ghs_") && shown.contains("is left out"),
                "{}",
                &shown[shown.len() - 200..]
            );
        }
        assert_eq!(log(&format!("a\nb {token}"), &known), "a\nb ***");
        assert!(log(&"y".repeat(LOG_BYTES), &known).starts_with("[the log was cut at 262144 bytes"));
    }

    #[test]
    fn a_secret_of_the_job_is_hidden_where_people_put_it_and_nowhere_else() {
        let known = SecretRegistry::default();
        known.add("hunter2");
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
        let mut hidden = pod("hunter2");
        hide(&mut hidden, &known);
        assert_eq!(hidden, pod("***"));
        let mut plain = pod("swordfish");
        hide(&mut plain, &known);
        assert_eq!(plain, pod("swordfish"));
    }
}
