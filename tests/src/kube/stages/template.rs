//! The templates of a pod's status, as Go templates with the functions of sprig. Each writes YAML in flow style, so that a
//! line is a whole entry. They contain no times.

use super::{EXIT_CODE, MESSAGE, READY};

/// A pod whose first container waits.
#[derive(Debug)]
pub(super) struct NotRunning {
    pub(super) part: &'static str,
    pub(super) reason: &'static str,
    /// The alternating reason; empty for none.
    pub(super) back: &'static str,
    /// `IMAGE` stands for the container's image.
    pub(super) message: &'static str,
}

impl NotRunning {
    /// The message of the event.
    pub(super) fn failed(&self) -> String {
        if self.back.is_empty() {
            return format!("Error: {}", self.message);
        }
        format!("Failed to pull image \"IMAGE\": {}", self.message)
    }
}

/// A pod whose first container, or first init container, crashes repeatedly.
#[derive(Debug)]
pub(super) struct Crash {
    pub(super) part: &'static str,
    pub(super) init: bool,
    pub(super) code: u8,
    pub(super) reason: &'static str,
}

/// The variables of all templates: the time, the pod's annotations, and its previous container status.
const KNOWN: &str = r#"
{{- define "since" }}
{{- $at := .now }}
{{- range .all }}
{{- if and (eq .type $.type) (eq .status $.status) .lastTransitionTime }}{{ $at = .lastTransitionTime }}{{ end }}
{{- end }}
{{- $at | Quote }}
{{- end }}
{{ $now := Now }}
{{ $pod := . }}
{{ $notes := or .metadata.annotations dict }}
{{ $conditions := or .status.conditions list }}
{{ $olds := or .status.containerStatuses list }}
{{ $oldInits := or .status.initContainerStatuses list }}
"#;

/// The addresses of a pod. It keeps them, because kwok would otherwise choose new ones each time.
const ADDRESSES: &str = r#"
{{ with NodeIPsWith .spec.nodeName }}hostIP: {{ index . 0 | Quote }}
hostIPs: [{{ range . }}{ip: {{ . | Quote }}},{{ end }}]
{{ end }}
{{ if not .status.podIP }}
{{ $host := or .spec.hostNetwork false }}
{{ with PodIPsWith .spec.nodeName $host .metadata.uid .metadata.name .metadata.namespace }}podIP: {{ index . 0 | Quote }}
podIPs: [{{ range . }}{ip: {{ . | Quote }}},{{ end }}]
{{ end }}{{ end }}
startTime: {{ or .status.startTime $now | Quote }}
"#;

/// Conditions, each with the time of its last change.
fn conditions(initialized: bool, ready: bool) -> String {
    let said = |value: bool| if value { "True" } else { "False" };
    let condition = |kind: &str, value: bool, why: &str| {
        let since = format!(
            "{{{{ template \"since\" \
             (dict \"now\" $now \"all\" $conditions \"type\" \"{kind}\" \"status\" \"{}\") }}}}",
            said(value)
        );
        let why = if value { "" } else { why };
        format!("- {{type: {kind}, status: \"{}\", lastTransitionTime: {since}{why}}}\n", said(value))
    };
    let list = |list: &str| {
        format!(
            "[{{{{ range $i, $c := .spec.{list} }}}}{{{{ if $i }}}} {{{{ end }}}}{{{{ .name }}}}{{{{ end }}}}]"
        )
    };
    let unready = format!(
        ", reason: ContainersNotReady, message: 'containers with unready status: {}'",
        list("containers")
    );
    let uninitialized = format!(
        ", reason: ContainersNotInitialized, message: 'containers with incomplete status: {}'",
        list("initContainers")
    );
    let gates = format!(
        "{{{{ range .spec.readinessGates }}}}- {{type: {{{{ .conditionType | Quote }}}}, status: \"{}\", \
         lastTransitionTime: {{{{ $now | Quote }}}}}}\n{{{{ end }}}}",
        said(ready)
    );
    format!(
        "conditions:\n{}{}{}{}{gates}",
        condition("PodReadyToStartContainers", true, ""),
        condition("Initialized", initialized, &uninitialized),
        condition("Ready", ready, &unready),
        condition("ContainersReady", ready, &unready),
    )
}

/// The status of one container, inside a `range` over specifications with index `$i`.
fn container(ready: &str, started: bool, count: &str, state: &str, last: &str) -> String {
    format!(
        "- {{name: {{{{ .name | Quote }}}}, image: {{{{ .image | Quote }}}}, imageID: \"\", ready: {ready}, started: \
         {started}, restartCount: {count}, state: {state}, lastState: {last}}}\n"
    )
}

const RUNNING: &str = "{running: {startedAt: {{ $now | Quote }}}}";
const DONE: &str = "{terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, \
                    finishedAt: {{ $now | Quote }}}}";
/// The number of restarts of the container, in a `range`.
const COUNT: &str = "{{ $was := dict }}{{ if lt $i (len $OLDS) }}{{ $was = index $OLDS $i }}{{ end }}";

/// The entries for all containers of a list: one status for the first, another for the others.
fn entries(list: &str, first: &str, others: &str) -> String {
    let (specification, olds) =
        if list == "containerStatuses" { ("containers", "olds") } else { ("initContainers", "oldInits") };
    let known = COUNT.replace("OLDS", olds);
    format!(
        "{{{{ if .spec.{specification} }}}}{list}:\n{{{{ range $i, $c := .spec.{specification} }}}}{known}{{{{ if eq \
         $i 0 }}}}{first}{{{{ else }}}}{others}{{{{ end }}}}{{{{ end }}}}{{{{ end }}}}\n"
    )
}

const WAS: &str = "{{ int (or $was.restartCount 0) }}";
const LAST: &str = "{{ or $was.lastState dict | toJson }}";

fn well(ready: bool) -> String {
    container(if ready { "true" } else { "false" }, true, WAS, RUNNING, LAST)
}

/// All init containers have completed.
fn initialized() -> String {
    let done = container("true", false, WAS, DONE, LAST);
    let stays = container("true", true, WAS, RUNNING, LAST);
    let each = format!(
        "{{{{ if eq (or .restartPolicy \"\") \"Always\" }}}}{stays}{{{{ else }}}}{done}{{{{ end }}}}"
    );
    entries("initContainerStatuses", &each, &each)
}

/// All containers run; they are ready or not.
pub(super) fn running(ready: bool) -> String {
    let each = well(ready);
    [
        KNOWN,
        "phase: Running\n",
        &conditions(true, ready),
        &initialized(),
        &entries("containerStatuses", &each, &each),
        ADDRESSES,
    ]
    .concat()
}

/// The first container waits, and the others run.
pub(super) fn waiting(reason: &str, message: &str) -> String {
    let state = format!(
        "{{waiting: {{reason: {reason}, message: {{{{ or (index $notes \"{MESSAGE}\") {} | Quote }}}}}}}}",
        go(message)
    );
    let first = container("false", false, WAS, &state, LAST);
    let others = if reason == "ContainerCreating" { first.clone() } else { well(true) };
    [
        KNOWN,
        "phase: Pending\n",
        &conditions(true, false),
        &initialized(),
        &entries("containerStatuses", &first, &others),
        ADDRESSES,
    ]
    .concat()
}

/// All containers have ended, and so has the pod.
pub(super) fn ended(phase: &str, reason: &str, code: &str, evicted: &str) -> String {
    let state = format!(
        "{{terminated: {{exitCode: {code}, reason: {reason}, startedAt: {{{{ $now | Quote }}}}, finishedAt: {{{{ $now \
         | Quote }}}}}}}}"
    );
    let each = container("false", false, WAS, &state, LAST);
    let why = if evicted.is_empty() {
        String::new()
    } else {
        format!("reason: Evicted\nmessage: {}\n", go(evicted))
    };
    [
        KNOWN,
        &format!("phase: {phase}\n{why}"),
        &conditions(true, false),
        &initialized(),
        &entries("containerStatuses", &each, &each),
        ADDRESSES,
    ]
    .concat()
}

impl Crash {
    /// The list of its container.
    pub(super) fn list(&self) -> &'static str {
        if self.init { "initContainerStatuses" } else { "containerStatuses" }
    }

    /// The container runs, after this number of further restarts.
    pub(super) fn runs(&self, more: u8) -> String {
        let ready = format!("{{{{ eq (or (index $notes \"{READY}\") \"\") \"true\" }}}}");
        let count = format!("{{{{ add (int (or $was.restartCount 0)) {more} }}}}");
        let ended = "{{ with dig \"state\" \"terminated\" \"\" $was }}{terminated: {{ . | toJson }}}{{ else }}{{ or \
                     $was.lastState dict | toJson }}{{ end }}";
        self.status(&container(&ready, true, &count, RUNNING, ended), true)
    }

    /// The container has just ended.
    pub(super) fn ends(&self) -> String {
        let state = format!(
            "{{terminated: {{exitCode: {{{{ or (index $notes \"{EXIT_CODE}\") {} }}}}, reason: {}, startedAt: {{{{ dig \
             \"state\" \"running\" \"startedAt\" $now $was | Quote }}}}, finishedAt: {{{{ $now | Quote }}}}}}}}",
            self.code, self.reason
        );
        self.status(&container("false", false, WAS, &state, LAST), false)
    }

    /// The container waits before its next restart.
    pub(super) fn backs_off(&self) -> String {
        let state = "{waiting: {reason: CrashLoopBackOff, message: {{ printf \"back-off 10s restarting failed \
                     container=%s pod=%s_%s(%s)\" .name $pod.metadata.name $pod.metadata.namespace \
                     $pod.metadata.uid | Quote }}}}";
        let last = "{terminated: {{ dig \"state\" \"terminated\" dict $was | toJson }}}";
        self.status(&container("false", false, WAS, state, last), false)
    }

    fn status(&self, first: &str, runs: bool) -> String {
        let ready = format!("{{{{ if eq (or (index $notes \"{READY}\") \"\") \"true\" }}}}");
        let not_yet = container("false", false, "0", "{waiting: {reason: PodInitializing}}", "{}");
        let containers = if self.init {
            let waiting = entries("initContainerStatuses", first, &not_yet);
            waiting + &entries("containerStatuses", &not_yet, &not_yet)
        } else {
            initialized() + &entries("containerStatuses", first, &well(true))
        };
        let conditions = if self.init {
            conditions(false, false)
        } else if runs {
            format!("{ready}{}{{{{ else }}}}{}{{{{ end }}}}", conditions(true, true), conditions(true, false))
        } else {
            conditions(true, false)
        };
        let phase = if self.init { "phase: Pending\n" } else { "phase: Running\n" };
        [KNOWN, phase, &conditions, &containers, ADDRESSES].concat()
    }
}

/// A text as a template; `IMAGE` stands for the image of the container `.`.
fn go(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    if text.contains("IMAGE") {
        return format!("({quoted} | replace \"IMAGE\" .image)");
    }
    quoted
}

/// An event of the first container or init container, as a kubelet records it. `IMAGE`, `CONTAINER`, `POD`, `NAMESPACE` and
/// `UID` in the message stand for its values.
pub(super) fn event(kind: &str, reason: &str, message: &str, init: bool) -> String {
    let list = if init { "initContainers" } else { "containers" };
    let message = serde_json::Value::from(message).to_string();
    format!(
        r#"
{{{{ $now := now | date "2006-01-02T15:04:05Z07:00" | Quote }}}}
{{{{ $c := first .spec.{list} }}}}
{{{{ $namespace := .metadata.namespace }}}}
{{{{ $said := {message} | replace "IMAGE" $c.image | replace "CONTAINER" $c.name }}}}
{{{{ $said = $said | replace "POD" .metadata.name | replace "NAMESPACE" $namespace | replace "UID" .metadata.uid }}}}
apiVersion: v1
kind: Event
metadata:
  name: {{{{ printf "%s.%s" .metadata.name (lower "{reason}") | Quote }}}}
  namespace: {{{{ $namespace | Quote }}}}
involvedObject:
  apiVersion: v1
  kind: Pod
  name: {{{{ .metadata.name | Quote }}}}
  namespace: {{{{ $namespace | Quote }}}}
  uid: {{{{ .metadata.uid | Quote }}}}
  fieldPath: {{{{ printf "spec.{list}{{%s}}" $c.name | Quote }}}}
type: {kind}
reason: {reason}
message: {{{{ $said | Quote }}}}
source: {{component: kubelet, host: {{{{ .spec.nodeName | Quote }}}}}}
firstTimestamp: {{{{ $now }}}}
lastTimestamp: {{{{ $now }}}}
count: 1
reportingComponent: kubelet
reportingInstance: {{{{ .spec.nodeName | Quote }}}}
"#
    )
}

/// The status of a ready node, with the address at which kwok answers for its kubelet.
pub(super) fn node() -> String {
    r#"
{{ $now := Now }}
phase: Running
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ or $.metadata.creationTimestamp $now | Quote }}
{{ end }}
addresses:
- {type: InternalIP, address: {{ NodeIP | Quote }}}
- {type: Hostname, address: {{ NodeName | Quote }}}
daemonEndpoints: {kubeletEndpoint: {Port: {{ NodePort }}}}
capacity: {{ or .status.capacity (dict "cpu" "64" "memory" "256Gi" "pods" "5000") | toJson }}
allocatable: {{ or .status.allocatable (dict "cpu" "64" "memory" "256Gi" "pods" "5000") | toJson }}
nodeInfo:
  architecture: amd64
  bootID: ""
  containerRuntimeVersion: containerd://2.1.4
  kernelVersion: "6.12.0"
  kubeProxyVersion: ""
  kubeletVersion: v1.34.4
  machineID: ""
  operatingSystem: linux
  osImage: Debian GNU/Linux 13
  systemUUID: ""
"#
    .to_owned()
}
