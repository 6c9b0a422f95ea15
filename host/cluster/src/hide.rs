//! Takes the secrets of the job out of what an object says where people put them: the values of variables and headers,
//! command lines, annotations. It never touches names, labels and images, by which objects are found.

use kube::api::DynamicObject;
use lockstep_model::known::Known;
use serde_json::Value;

/// The keys of a container whose texts are handed to a program, and that of annotations, also those of a pod template.
/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container>
const HANDED: [&str; 4] = ["annotations", "args", "command", "value"];

/// Takes them out.
pub(super) fn hide(object: &mut DynamicObject, known: &Known) {
    for value in object.metadata.annotations.iter_mut().flat_map(|annotations| annotations.values_mut()) {
        *value = known.redact(value);
    }
    below(&mut object.data, known, false);
}

/// Looks at what is below a key; `handed` if it is below one of those.
fn below(value: &mut Value, known: &Known, handed: bool) {
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
    fn a_secret_of_the_job_is_hidden_where_people_put_it_and_nowhere_else() {
        let known = Known::default();
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
