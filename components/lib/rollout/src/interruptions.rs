//! Which interruptions of a watch are noted: each trouble once, then once a minute while it lasts.

use std::collections::BTreeMap;

/// How long the same trouble is not noted again, in seconds.
const REPEAT_SECONDS: u64 = 60;

/// The interruptions so far.
#[derive(Debug, Default)]
pub(crate) struct Interruptions {
    /// By the text without what varies: when it was last noted, and how often it came since.
    noted: BTreeMap<String, (u64, u32)>,
    last: Option<String>,
}

impl Interruptions {
    /// Adds an interruption at this second. Returns the note, unless the same trouble was noted within the last minute.
    pub(crate) fn add(&mut self, text: &str, now: u64) -> Option<String> {
        self.last = Some(text.to_owned());
        let Some((at, count)) = self.noted.get_mut(&without_details(text)) else {
            self.noted.insert(without_details(text), (now, 0));
            return Some(format!("{text}; retrying"));
        };
        *count += 1;
        if now < *at + REPEAT_SECONDS {
            return None;
        }
        let note = format!("{text}; still retrying, {count} times in {} s", now - *at);
        (*at, *count) = (now, 0);
        Some(note)
    }

    /// The last interruption.
    pub(crate) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }
}

/// The text without numbers and quoted names: counters, times and ports vary, and one trouble of a server interrupts all
/// selections.
fn without_details(text: &str) -> String {
    let parts = text.split('`').enumerate().filter(|(at, _)| at % 2 == 0);
    parts.flat_map(|(_, part)| part.chars()).filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_noted_once_and_then_once_a_minute() {
        let mut interruptions = Interruptions::default();
        let text =
            |kind: &str, wait: u64| format!("follow `./{kind}`: HTTP 429, the server asks for {wait}.5 s");
        assert_eq!(interruptions.add(&text("Pod", 1), 100), Some(format!("{}; retrying", text("Pod", 1))));
        for second in 101..160 {
            assert_eq!(interruptions.add(&text("Event", second), second), None, "{second}");
        }
        let again = interruptions.add(&text("Job", 7), 160);
        assert_eq!(again, Some(format!("{}; still retrying, 60 times in 60 s", text("Job", 7))));
        assert_eq!(interruptions.add(&text("Job", 8), 219), None);
        assert_eq!(interruptions.last(), Some(text("Job", 8).as_str()));
        // Another trouble is noted at once.
        assert!(interruptions.add("follow `./Pod`: connection refused", 220).is_some());
    }
}
