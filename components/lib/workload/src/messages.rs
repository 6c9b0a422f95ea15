//! Texts about causes and rules for people, without lines of logs.

use crate::cause::Cause;
use crate::rules::{Class, RULES, time};

/// One cause in one line, such as `Deployment web: crash-loop: container app of 3 pods (web-1, web-2, web-3),
/// reason CrashLoopBackOff, exit code 1: back-off 40s restarting failed container. Last event: BackOff: ...`.
pub fn cause(cause: &Cause) -> String {
    let mut text = format!("{}: {}: {}", cause.resource, cause.rule.rule().name, subject(cause));
    if !cause.message.is_empty() {
        text.push_str(": ");
        text.push_str(cause.message.trim_end_matches('.'));
    }
    if let Some(event) = &cause.last_event {
        text.push_str(". Last event: ");
        text.push_str(event.trim_end_matches('.'));
    }
    text
}

/// Container, pods, reason and exit code.
fn subject(cause: &Cause) -> String {
    let mut parts = Vec::new();
    let pods = match (cause.pods, cause.pod_names.as_slice()) {
        (0, _) => None,
        (1, [pod, ..]) => Some(format!("pod {pod}")),
        (many, named) => {
            let more = if many > named.len() { ", ..." } else { "" };
            Some(format!("{many} pods ({}{more})", named.join(", ")))
        }
    };
    parts.extend(match (&cause.container, pods) {
        (Some(container), Some(pods)) => Some(format!("container {container} of {pods}")),
        (Some(container), None) => Some(format!("container {container}")),
        (None, pods) => pods,
    });
    parts.push(cause.reason.clone());
    parts.extend(cause.exit_code.map(|code| format!("exit code {code}")));
    parts.extend(cause.signal.map(|signal| format!("signal {signal}")));
    parts.join(", ")
}

/// The rows of the table of rules: name, time, whether the state is transient, and description.
pub fn table() -> impl Iterator<Item = [String; 4]> {
    RULES.iter().map(|rule| {
        let transient = if rule.class == Class::Transient { "yes" } else { "no" };
        [rule.name.to_owned(), time(rule.grace), transient.to_owned(), rule.description.to_owned()]
    })
}
