//! Causes as texts for people. Never adds a line of a log: who has the log appends it.

use crate::cause::Cause;
use crate::rules::time;

/// One cause in one line, such as `Deployment web: crash-loop: container app of 3 pods (web-1, web-2, web-3),
/// reason CrashLoopBackOff, exit code 1: back-off 40s restarting failed container. Last event: BackOff: ...`.
pub fn cause(cause: &Cause) -> String {
    let mut text = format!("{}: {}: {}", cause.resource, cause.rule.rule().name, what(cause));
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

/// Who shows it and what the cluster calls it.
fn what(cause: &Cause) -> String {
    let mut parts = Vec::new();
    let pods = match (cause.pods, cause.pod.as_slice()) {
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

/// The table of rules as rows of a page: name, time, whether it passes, and what it is.
pub fn table() -> impl Iterator<Item = [String; 4]> {
    crate::rules::RULES.iter().map(|rule| {
        let passes = if rule.class == crate::rules::Class::Transient { "yes" } else { "no" };
        [rule.name.to_owned(), time(rule.grace), passes.to_owned(), rule.when.to_owned()]
    })
}
