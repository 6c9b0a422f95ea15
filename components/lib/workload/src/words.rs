//! The words of a message of the cluster, apart from the names in it: an image, a Secret or a node may be called `timeout`,
//! which says nothing about the error.

/// The words of a message, in lower case and without punctuation.
#[derive(Debug)]
pub(crate) struct Words {
    words: Vec<Word>,
    /// The names in quotes, which a message often repeats without them.
    names: Vec<String>,
    /// The error codes of a registry in the message, in lower case, such as `manifest_unknown`.
    registry_codes: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Word {
    /// Empty for a name in quotes.
    text: String,
    /// Whether a colon follows.
    has_colon: bool,
}

/// Words before a name.
const NOUNS: &[&str] = &[
    "account",
    "claim",
    "configmap",
    "container",
    "for",
    "image",
    "key",
    "lookup",
    "manifest",
    "named",
    "namespace",
    "node",
    "persistentvolumeclaim",
    "pod",
    "pods",
    "quota",
    "reference",
    "repository",
    "secret",
    "serviceaccount",
    "tag",
    "user",
    "volume",
    "webhook",
];

/// The words of [`NOUNS`] that have a colon before the name, as in `container: app`.
const NOUNS_WITH_COLON: &[&str] = &["container", "key", "quota"];

impl Words {
    pub(crate) fn of(message: &str) -> Self {
        let message = message.replace('\\', "");
        let (mut words, mut names) = (Vec::new(), Vec::new());
        let mut rest = without_lists(&message);
        while let Some((before, quote, after)) = next_quote(&rest) {
            add_words(&mut words, before);
            let content = after.find(quote).map(|end| (&after[..end], &after[end + quote.len_utf8()..]));
            match content {
                // A text in quotes may be a whole message, but not after `secret` or `image`.
                Some((name, tail))
                    if !name.contains(char::is_whitespace) || introduces_name(words.last()) =>
                {
                    words.push(Word { text: String::new(), has_colon: tail.starts_with(':') });
                    names.push(name.to_lowercase());
                    rest = tail.to_owned();
                }
                _ => rest = after.to_owned(),
            }
        }
        add_words(&mut words, &rest);
        Self { words, names, registry_codes: registry_codes(&message) }
    }

    /// Whether the message has one of these phrases.
    pub(crate) fn have_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.have(phrase))
    }

    /// Whether the message has this phrase: lower-case words with single spaces. `*` at the end of a word stands for more
    /// letters, `:` for a colon after it, and `_` for any word or name. A phrase of a single word is not found in the place of
    /// a name.
    pub(crate) fn have(&self, phrase: &str) -> bool {
        let parts: Vec<&str> = phrase.split(' ').collect();
        let is_at = |(at, words): (usize, &[Word])| {
            let is_match = words.iter().zip(&parts).all(|(word, part)| word.matches(part));
            let is_name = || {
                introduces_name(at.checked_sub(1).map(|at| &self.words[at]))
                    || self.names.contains(&words[0].text)
            };
            is_match && !(parts.len() == 1 && is_name())
        };
        self.words.windows(parts.len()).enumerate().any(is_at)
    }

    /// The first code of gRPC that says more than `Unknown` or `Internal`, in lower case, such as `notfound`.
    pub(crate) fn grpc_code(&self) -> Option<&str> {
        let codes = self.words.windows(3).filter(|words| words[0].text == "code" && words[1].text == "=");
        codes.map(|words| words[2].text.as_str()).find(|code| !matches!(*code, "" | "unknown" | "internal"))
    }

    /// Whether a registry answered with one of these error codes.
    pub(crate) fn have_registry_code(&self, codes: &[&str]) -> bool {
        self.registry_codes.iter().any(|code| codes.contains(&code.as_str()))
    }

    /// Whether the message has an HTTP status in this range: three digits after `status`, `code`, or before its text.
    pub(crate) fn have_http_status(&self, range: std::ops::RangeInclusive<u16>) -> bool {
        self.words.windows(2).any(|words| {
            let number = words[1].text.parse().is_ok_and(|number: u16| range.contains(&number));
            number && words[1].text.len() == 3 && matches!(words[0].text.as_str(), "status" | "code")
        })
    }
}

impl Word {
    fn matches(&self, part: &str) -> bool {
        if let Some(stem) = part.strip_suffix('*') {
            // A name has other characters, such as `throttle-handler`.
            return self.text.starts_with(stem) && self.text.bytes().all(|byte| byte.is_ascii_alphabetic());
        }
        match part.strip_suffix(':') {
            Some(word) => self.text == word && self.has_colon,
            None => part == "_" || self.text == part,
        }
    }
}

/// Whether what follows this word is a name.
fn introduces_name(word: Option<&Word>) -> bool {
    word.is_some_and(|word| {
        let nouns = if word.has_colon { NOUNS_WITH_COLON } else { NOUNS };
        nouns.contains(&word.text.as_str())
    })
}

/// The text before the next quote, the quote, and the text after it. An apostrophe within a word is none.
fn next_quote(text: &str) -> Option<(&str, char, &str)> {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.char_indices().filter(|(_, c)| matches!(c, '"' | '\'' | '`')).find_map(|(at, quote)| {
        let (before, after) = (&text[..at], &text[at + quote.len_utf8()..]);
        let is_apostrophe =
            quote == '\'' && is_letter(before.chars().next_back()) && is_letter(after.chars().next());
        (!is_apostrophe).then_some((before, quote, after))
    })
}

/// Adds the words of a text without quotes.
fn add_words(words: &mut Vec<Word>, text: &str) {
    for word in text.split(|c: char| c.is_whitespace() || "(),;<>".contains(c)) {
        let inner = word.trim_matches(|c: char| ":.!?[]{}".contains(c));
        if !inner.is_empty() {
            words.push(Word { text: inner.to_lowercase(), has_colon: word.ends_with(':') });
        }
    }
}

/// The text without lists of names, such as `[data cache]` or `{pool: gpu}`. JSON stays.
fn without_lists(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(['[', '{']) {
        let close = if rest.as_bytes()[start] == b'[' { ']' } else { '}' };
        let list = rest[start..].find(close).map(|end| &rest[start..=start + end]);
        match list.filter(|list| !list.contains('"')) {
            Some(list) => {
                out.push_str(&rest[..start]);
                rest = &rest[start + list.len()..];
            }
            None => {
                out.push_str(&rest[..=start]);
                rest = &rest[start + 1..];
            }
        }
    }
    out + rest
}

/// The codes in the JSON of a registry's answer.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes>
fn registry_codes(message: &str) -> Vec<String> {
    let codes = message.split("\"code\":").skip(1);
    let code = |rest: &str| Some(rest.trim_start().strip_prefix('"')?.split_once('"')?.0.to_lowercase());
    codes.filter_map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn have(message: &str, phrase: &str) -> bool {
        Words::of(message).have(phrase)
    }

    #[test]
    fn names_are_no_words() {
        for message in [
            "secret \"timeout\" not found",
            "secret 'timeout' not found",
            "secret \"session timeout\" not found",
            "couldn't find key timeout in Secret shop/timeout",
            "registry/timeout:v1: not found",
            "image is run by root (pod: \"web_shop(timeout)\", container: timeout)",
            "unmounted volumes=[timeout], unattached volumes=[a timeout b]: not found",
            "exec: \"timeout\": executable file not found in $PATH",
            "pull access denied for timeout, repository does not exist",
            "exceeded quota: timeout, requested: cpu=1",
            "failed to resolve \"timeout\": timeout: not found",
            "lookup timeout on 10.0.0.10:53: server misbehaving",
            "dial timeout.example.com: refused",
            // The middle of a long message is cut, and with it a quote.
            "pull image \"a ... b\": stat /bin/timeout: \"timeout\": not found",
        ] {
            assert!(!have(message, "timeout"), "{message}");
        }
    }

    #[test]
    fn words_are_found_beside_names() {
        for (message, phrase) in [
            ("net/http: TLS handshake timeout", "timeout"),
            ("read tcp 10.0.0.1:3->10.0.0.2:443: i/o timeout", "timeout"),
            ("can't do it (Client.Timeout exceeded)", "client.timeout"),
            ("for \"app\" with ErrImagePull: \"rpc error: timeout\"", "timeout"),
            ("requests are throttled", "throttl*"),
            ("configmap \"web\" not found", "configmap _ not found"),
            ("name \"a\" is reserved for \"b\"", "is reserved for"),
        ] {
            assert!(have(message, phrase), "{message}");
        }
        assert!(!have("run throttle-handler", "throttl*"));
        assert!(!have("no such \"x\" host", "no such host"));
    }

    #[test]
    fn codes_are_read_from_their_places() {
        let code = |message: &str| Words::of(message).grpc_code().map(str::to_owned);
        assert_eq!(code("rpc error: code = NotFound desc = no"), Some("notfound".to_owned()));
        assert_eq!(
            code("rpc error: code = Unknown desc = rpc error: code = Unavailable desc = no"),
            Some("unavailable".to_owned())
        );
        assert_eq!(code("rpc error: code = Unknown desc = no"), None);
        let answer = Words::of("400: {\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"no\"}]}");
        assert!(answer.have_registry_code(&["manifest_unknown"]) && !answer.have_registry_code(&["denied"]));
        assert!(Words::of("unexpected status code 503").have_http_status(500..=599));
        assert!(Words::of("status: 502 Bad").have_http_status(500..=599));
        assert!(!Words::of("code 5030").have_http_status(500..=599));
    }
}
