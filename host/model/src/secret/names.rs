//! Recognises the names of variables that hold secrets.

/// Words that mark a name at any position.
const WORDS: [&str; 42] = [
    "TOKEN",
    "TOKENS",
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWORDS",
    "PASSWD",
    "PASSPHRASE",
    "PASSCODE",
    "PASS",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "CRED",
    "JWT",
    "PAT",
    "APIKEY",
    "AUTH",
    "AUTHORIZATION",
    "BEARER",
    "COOKIE",
    "COOKIES",
    "WEBHOOK",
    "WEBHOOKS",
    "DSN",
    "SIGNING",
    "PIN",
    "OTP",
    "TOTP",
    "MNEMONIC",
    "KEYTAB",
    "KEYSTORE",
    "PFX",
    "P12",
    "SAS",
    "HMAC",
    "SALT",
    "NETRC",
    "CRUMB",
    "PEPPER",
    "CONNSTR",
    "DOCKERCONFIGJSON",
];

/// Words that mark a name at its end.
const LAST_WORDS: [&str; 5] = ["SESSION", "SID", "SK", "PWD", "PW"];

/// Texts that mark a name within a word, for names without underscores.
const SUBSTRINGS: [&str; 11] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "APIKEY",
    "WEBHOOK",
    "COOKIE",
    "CONNECTIONSTRING",
    "PRIVATEKEY",
];

/// Ends of a word that mark a name.
const SUFFIXES: [&str; 3] = ["PASS", "PWD", "KEY"];

/// Words that contain one of these and mean something else.
const EXCEPTIONS: [&str; 22] = [
    "TOKENIZER",
    "TOKENIZERS",
    "SECRETARY",
    "COOKIECUTTER",
    "BYPASS",
    "COMPASS",
    "TRESPASS",
    "ENCOMPASS",
    "ASKPASS",
    "OLDPWD",
    "MONKEY",
    "TURKEY",
    "HOTKEY",
    "WHISKEY",
    "JOCKEY",
    "DONKEY",
    "PUBKEY",
    "PUBLICKEY",
    "CACHEKEY",
    "HOSTKEY",
    "SORTKEY",
    "PRIMARYKEY",
];

/// Words before `KEY` that make it no secret.
const PUBLIC_KEY_WORDS: [&str; 20] = [
    "PUBLIC",
    "PUB",
    "CACHE",
    "SORT",
    "PARTITION",
    "PRIMARY",
    "FOREIGN",
    "HOST",
    "PROJECT",
    "ISSUE",
    "PLAN",
    "OBJECT",
    "S3",
    "BUCKET",
    "STATE",
    "HOT",
    "LOOKUP",
    "GROUP",
    "INDEX",
    "CONFIG",
];

/// Sequences of words that mark a name at any position.
const SEQUENCES: [&[&str]; 12] = [
    &["AWS", "ACCESS", "KEY", "ID"],
    &["SECRET", "ID"],
    &["WEBHOOK", "URL"],
    &["WEBHOOK", "URI"],
    &["WEBHOOKS", "URL"],
    &["DATABASE", "URL"],
    &["DATABASE", "URI"],
    &["DB", "URL"],
    &["CONNECTION", "STRING"],
    &["SA", "JSON"],
    &["SERVICE", "ACCOUNT", "JSON"],
    &["KUBE", "CONFIG", "DATA"],
];

/// Sequences of words that mark a name unless its last word is one of [`METADATA_WORDS`].
const WEAK_SEQUENCES: [&[&str]; 6] = [
    &["KUBE", "CONFIG"],
    &["KUBECONFIG", "DATA"],
    &["KUBECONFIG", "BASE64"],
    &["KUBECONFIG", "B64"],
    &["CONN", "STR"],
    &["ID", "RSA"],
];

/// Last words of names whose value describes a secret and is none.
const METADATA_WORDS: [&str; 53] = [
    "FILE",
    "PATH",
    "DIR",
    "FOLDER",
    "URL",
    "URI",
    "ID",
    "IDS",
    "NAME",
    "NAMES",
    "SOCK",
    "SOCKET",
    "USERNAME",
    "USER",
    "HOST",
    "HOSTNAME",
    "PORT",
    "TYPE",
    "KIND",
    "LENGTH",
    "SIZE",
    "COUNT",
    "LIMIT",
    "TTL",
    "TIMEOUT",
    "EXPIRY",
    "EXPIRES",
    "EXPIRATION",
    "ENABLED",
    "DISABLED",
    "VERSION",
    "REGION",
    "ALGORITHM",
    "ALG",
    "ISSUER",
    "AUDIENCE",
    "SCOPE",
    "SCOPES",
    "METHOD",
    "MODE",
    "PROVIDER",
    "BACKEND",
    "SERVER",
    "ENDPOINT",
    "DOMAIN",
    "ALIAS",
    "ARN",
    "FINGERPRINT",
    "PREFIX",
    "PATTERN",
    "FORMAT",
    "REQUIRED",
    "LOCATION",
];

/// Names that hold no secret.
const HARMLESS_NAMES: [&str; 4] = ["PWD", "OLDPWD", "DESKTOP_SESSION", "LOCKSTEP_SECRETS"];

/// The prefixes of Lockstep's variables for inputs and settings, which hold no secret for any name of an input.
const OWN_PREFIXES: [&str; 4] =
    ["LOCKSTEP_INPUT", "LOCKSTEP_CONTROL_", "LOCKSTEP_DOCUMENT", "LOCKSTEP_HANDOVER"];

/// Whether a variable of this name holds a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    if upper.starts_with("LOCKSTEP_SECRET_") {
        return true;
    }
    if HARMLESS_NAMES.contains(&&*upper) || OWN_PREFIXES.iter().any(|begin| upper.starts_with(begin)) {
        return false;
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |together: &&[&str]| words.windows(together.len()).any(|some| some == *together);
    if SEQUENCES.iter().any(has) {
        return true;
    }
    let Some((last, before)) = words.split_last() else { return false };
    if !before.is_empty() && METADATA_WORDS.contains(last) {
        return false;
    }
    let is_last = LAST_WORDS.contains(last) && (!before.is_empty() || *last == "SESSION");
    is_last || WEAK_SEQUENCES.iter().any(has) || (0..words.len()).any(|at| marks(&words, at))
}

/// Whether the word at this index marks the name.
fn marks(words: &[&str], at: usize) -> bool {
    let word = words[at];
    if word == "KEY" || word == "KEYS" {
        return at.checked_sub(1).is_none_or(|before| !PUBLIC_KEY_WORDS.contains(&words[before]));
    }
    if EXCEPTIONS.contains(&word) {
        return false;
    }
    let has_part = SUBSTRINGS.iter().any(|part| word.contains(part));
    let ending = word != "PWD" && SUFFIXES.iter().any(|end| word.ends_with(end));
    WORDS.contains(&word) || has_part || ending
}

/// The words of a name, in upper case. A word begins after a character that is no letter or digit, and at an upper-case
/// letter after a lower-case one.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || c.is_ascii_uppercase() && small {
            words.push(String::new());
        }
        small = c.is_ascii_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            word.push(c.to_ascii_uppercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_of_secrets_are_recognised() {
        let secret = "GITHUB_TOKEN GITLAB_TOKEN CI_JOB_TOKEN ACTIONS_ID_TOKEN_REQUEST_TOKEN ACTIONS_RUNTIME_TOKEN \
            AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ACCESS_KEY_ID CI_REGISTRY_PASSWORD NPM_TOKEN DOCKER_AUTH_CONFIG \
            SSH_PRIVATE_KEY LOCKSTEP_SECRET_CHAT LOCKSTEP_ID_TOKEN LOCKSTEP_FORGE_TOKEN LOCKSTEP_SIGNING_KEY \
            SLACK_API_KEY CI_JOB_JWT CI_JOB_JWT_V2 GH_PAT db_password VAULT_SECRET_ID DATABASE_URL SLACK_WEBHOOK_URL \
            DB_PASS PGPASS MYSQL_PWD DEPLOY_KEY SSH_KEY SENTRY_DSN KUBE_CONFIG_DATA KUBE_CONFIG COOKIE ENCRYPTION_KEY \
            STRIPE_SK GCP_SA_JSON WEBHOOK SIGNING_CERT TWILIO_SID PIN PASS PASSPHRASE KEY DSN AUTHORIZATION BEARER \
            SESSION CONNECTION_STRING CREDENTIALS MYSECRET mySecretToken MY_SECRET apiKey SSHKEY PGPASSWORD \
            REDISCLI_AUTH MONGO_CONNECTION_STRING SSH_KEY_BASE64 GPG_KEY GOOGLE_APPLICATION_CREDENTIALS \
            NPM_CONFIG__AUTHTOKEN client-secret AZURE_CLIENT_SECRET ARM_CLIENT_SECRET";
        for name in secret.split_whitespace() {
            assert!(is_secret_name(name), "{name}");
        }
        let other = "PATH HOME PWD OLDPWD GITHUB_SHA ACTIONS_ID_TOKEN_REQUEST_URL AWS_WEB_IDENTITY_TOKEN_FILE \
            SSH_AUTH_SOCK LOCKSTEP_INPUTS LOCKSTEP_INPUT_CREDENTIALS LOCKSTEP_SECRETS LOCKSTEP_CONTROL_POLICY \
            CI_COMMIT_AUTHOR GITHUB_OUTPUT PATTERN AUTHOR CI_DEPLOY_TOKEN_NAME PUBLIC_KEY SSH_PUBLIC_KEY KEY_ID \
            SSH_KEYSCAN_HOSTS KEYBOARD GIT_ASKPASS SSH_ASKPASS KUBECONFIG AWS_PROFILE AWS_REGION CI_JOB_ID \
            XDG_SESSION_ID XDG_SESSION_TYPE DESKTOP_SESSION CI_PASSED BYPASS COMPASS MONKEY CACHE_KEY SONAR_PROJECT_KEY \
            TOKENIZERS_PARALLELISM SECRET_NAME TOKEN_TTL VAULT_ADDR CI_SERVER_URL BUILD_TAG AZURE_CLIENT_ID \
            HTTPS_PROXY DOCKER_CONFIG NETRC_FILE AWS_ROLE_SESSION_NAME SPINNER PRIVATE_NETWORK CI_PIPELINE_ID";
        for name in other.split_whitespace() {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
