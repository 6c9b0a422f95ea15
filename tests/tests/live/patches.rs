//! The entries of kustomize `patches:`, applied by kustomize itself and by manifest-patch: the same documents come to
//! the same values. kustomize puts new items of a list in front, manifest-patch at the end; the order is not compared.

use lockstep_tests::services;
use lockstep_tests::support::Scene;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

const MANIFESTS: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, tier: frontend}
  annotations:
    example.com/owner: team-shop # who to call
spec:
  replicas: 2
  template:
    spec:
      containers:
        # the application
        - name: app
          image: registry.example.com/shop/web:v1
          args: [--verbose, --level=1]
          env:
            - {name: MODE, value: prod}
            - name: REGION
              value: eu
          ports:
            - containerPort: 8080
        - name: logs
          image: registry.example.com/shop/logs:v1
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  labels: {app: api, tier: backend}
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: app
          image: registry.example.com/shop/api:v1
---
apiVersion: v1
kind: Service
metadata:
  name: web
  labels: {app: web, tier: frontend}
spec:
  type: ClusterIP
  selector: {app: web}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: shop
data:
  mode: \"on\"
  level: \"1\"
";

/// Entries as they stand in a kustomization. Each changes something.
const ENTRIES: [&str; 16] = [
    "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {replicas: 5}\n",
    "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      template:\n        spec:\n          containers:\n            - name: app\n              image: registry.example.com/shop/web:v2\n              env: [{name: REGION, value: us}]\n            - {name: proxy, image: \"envoy:1.30\"}\n",
    "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      template:\n        spec:\n          containers:\n            - {name: logs, $patch: delete}\n",
    "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata:\n      name: web\n      annotations: null\n",
    "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      template:\n        spec:\n          containers:\n            - name: app\n              args: [--quiet]\n",
    "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata:\n      name: web\n      labels: {$patch: replace, app: shop}\n",
    "- target: {kind: Deployment}\n  patch: |\n    - op: replace\n      path: /spec/replicas\n      value: 4\n",
    "- target: {kind: Deployment, name: \"w.*\"}\n  patch: |\n    - op: add\n      path: /metadata/labels/app.kubernetes.io~1part-of\n      value: shop\n    - op: remove\n      path: /spec/template/spec/containers/1\n",
    "- target: {labelSelector: \"tier=frontend\"}\n  patch: |\n    - op: add\n      path: /metadata/labels/canary\n      value: \"true\"\n",
    "- target: {kind: Deployment, labelSelector: \"app in (api, other),tier!=frontend\"}\n  patch: |\n    - {op: copy, from: /metadata/labels/app, path: /metadata/labels/name}\n    - {op: move, from: /metadata/labels/tier, path: /metadata/labels/layer}\n",
    "- target: {annotationSelector: example.com/owner}\n  patch: |\n    - {op: test, path: /spec/replicas, value: 2}\n    - {op: replace, path: /spec/replicas, value: 7}\n",
    "- target: {kind: ConfigMap, namespace: shop}\n  patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: anything}\n    data: {mode: \"off\", level: null, size: \"0777\"}\n",
    "- target: {group: apps, version: v1, kind: Deployment, name: api|none}\n  patch: |\n    - {op: add, path: /spec/template/spec/containers/0, value: {name: first, image: \"busybox:1\"}}\n",
    "- target: {kind: Service}\n  patch: |\n    - {op: add, path: /spec/ports, value: [{port: 80, targetPort: 8080}]}\n- target: {kind: Service}\n  patch: |\n    - {op: add, path: /spec/ports/-, value: {port: 443}}\n",
    "- target: {kind: Deployment, name: web}\n  patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: ignored}\n    spec:\n      template:\n        spec:\n          containers:\n            - name: app\n              ports: [{containerPort: 9090, name: admin}]\n",
    "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {strategy: {type: Recreate}, template: {spec: {volumes: [{name: tmp, emptyDir: {}}]}}}\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: api}\n    spec: {replicas: null}\n",
];

/// The documents of a text, sorted, with lists of mappings sorted as well.
fn documents(yq: &std::path::Path, text: &str) -> Vec<Value> {
    let json = services::output_of(Command::new(yq).args(["-o=json", "-I=0", "."]), text).unwrap();
    let mut documents: Vec<Value> =
        json.lines().map(|line| sorted(serde_json::from_str(line).unwrap())).collect();
    documents.sort_by_key(ToString::to_string);
    documents
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            if items.iter().any(Value::is_object) {
                items.sort_by_key(ToString::to_string);
            }
            Value::Array(items)
        }
        Value::Object(entries) => {
            let entries: BTreeMap<_, _> =
                entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.into_iter().collect()
        }
        other => other,
    }
}

#[test]
fn manifest_patch_and_kustomize_give_the_same_values() {
    let (kustomize, yq) = (services::kustomize().unwrap(), services::yq().unwrap());
    let before = documents(&yq, MANIFESTS);
    let mut differ = Vec::new();
    for entries in ENTRIES {
        let scene = Scene::new();
        scene.put("outside/base/all.yaml", MANIFESTS);
        scene.put("outside/base/kustomization.yaml", &format!("resources: [all.yaml]\npatches:\n{entries}"));
        let theirs =
            services::output(Command::new(&kustomize).arg("build").arg(scene.path("outside/base"))).unwrap();

        scene.put("workspace/all.yaml", MANIFESTS);
        let keys = ["containers=name", "env=name", "volumes=name", "ports=containerPort"];
        let run = scene.run("manifest-patch").args(["--files", "all.yaml", "--patch", entries]);
        let run = keys.iter().fold(run, |run, key| run.args(["--list-key", key]));
        run.end().expect(0, "done");
        let ours = scene.text("workspace/all.yaml");
        let (ours, theirs) = (documents(&yq, &ours), documents(&yq, &theirs));
        assert_ne!(ours, before, "{entries}");
        if ours != theirs {
            differ.push(format!("{entries}\nours:   {ours:?}\ntheirs: {theirs:?}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}
