//! An STS on loopback: an endpoint for identity tokens as on GitHub, and one that issues credentials for a valid token. It
//! is strict, has no other function, and never calls a cloud.

use super::fault::{S3Fault, S3Matcher, sts_error_xml};
use super::http::{Head, content_of, write_reply};
use super::sign::{decode, rfc3339};
use super::token::{Claims, Refusal, Signer};
use serde_json::json;
use std::io::{self, BufReader};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

/// The conditions for credentials, and the issued credentials.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Issuer, subject and audience of a valid token.
    pub token: Claims,
    /// The only role.
    pub role: String,
    /// The lifetime of credentials.
    pub lifetime: Duration,
    /// The lifetime of identity tokens of the endpoint, in seconds; zero and below makes expired ones.
    pub token_lifetime: i64,
    /// The issued access key, which a server accepts.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            token: Claims::default(),
            role: "arn:aws:iam::123456789012:role/upload".to_owned(),
            lifetime: Duration::from_secs(900),
            token_lifetime: 300,
            access_key: "ASIALOCKSTEPTEST0000".to_owned(),
            secret_key: "canary-sts-Secret/Key+81c4".to_owned(),
        }
    }
}

/// Issued credentials.
#[derive(Debug, Clone)]
pub struct IssuedCredentials {
    /// The session token, different each time.
    pub session_token: String,
    /// The requested name of the session.
    pub session: String,
    /// The time of expiry.
    pub expires: SystemTime,
}

/// The bearer token for the token endpoint, `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
pub const REQUEST_TOKEN: &str = "canary-oidc-request-6a1e";

/// A running endpoint for tokens and credentials. Dropping it ends the endpoint.
#[derive(Debug)]
pub struct Sts {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    signer: Signer,
    rules: Mutex<Rules>,
    issued: Mutex<Vec<IssuedCredentials>>,
    /// Requests with the code of the answer: `200` or the name of an error.
    log: Mutex<Vec<(String, String)>>,
    ended: AtomicBool,
}

impl Sts {
    /// Starts an endpoint with these rules.
    ///
    /// # Panics
    /// No port is free.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            signer: Signer::new(),
            rules: Mutex::new(rules),
            issued: Mutex::default(),
            log: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for stream in listener.incoming() {
                    if shared.ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let shared = Arc::clone(&shared);
                    // The endpoint does not wait for this thread, which ends with its client.
                    thread::spawn(move || stream.and_then(|stream| shared.serve(&stream)));
                }
            }
        });
        Self { shared, address, acceptor: Some(acceptor) }
    }

    /// The address for credentials: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address for identity tokens, `ACTIONS_ID_TOKEN_REQUEST_URL`.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("http://{}/idtoken?api-version=2.0", self.address)
    }

    /// An identity token with these claims, as GitLab puts it in a variable.
    #[must_use]
    pub fn token(&self, claims: &Claims) -> String {
        self.shared.signer.token(claims)
    }

    /// Changes the rules for later requests.
    pub fn change(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut locked(&self.shared.rules));
    }

    /// All credentials so far.
    #[must_use]
    pub fn issued(&self) -> Vec<IssuedCredentials> {
        locked(&self.shared.issued).clone()
    }

    /// All requests so far: `token` or `credentials`, and `200` or the name of the error.
    #[must_use]
    pub fn log(&self) -> Vec<(String, String)> {
        locked(&self.shared.log).clone()
    }

    /// The fault for requests with expired credentials, for a proxy before a server without sessions.
    #[must_use]
    pub fn expired(&self) -> (S3Matcher, S3Fault) {
        let shared = Arc::clone(&self.shared);
        let ended = move |token: &str| {
            let now = SystemTime::now();
            locked(&shared.issued).iter().any(|issued| issued.session_token == token && issued.expires <= now)
        };
        (
            S3Matcher::any().that(move |asked| ended(asked.header("x-amz-security-token"))),
            S3Fault::expired_token(),
        )
    }

    /// The fault for requests with an unknown session token, for such a proxy.
    #[must_use]
    pub fn unknown(&self) -> (S3Matcher, S3Fault) {
        let shared = Arc::clone(&self.shared);
        let known =
            move |token: &str| locked(&shared.issued).iter().any(|issued| issued.session_token == token);
        let what =
            S3Fault::error(400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
        (S3Matcher::any().that(move |asked| !known(asked.header("x-amz-security-token"))), what)
    }
}

impl Drop for Sts {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// Status, content type, content, and the entry for the log.
type Answer = (u16, &'static str, String, String);

impl Shared {
    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        let mut from = BufReader::new(stream);
        let mut to = stream;
        while let Some(head) = Head::read(&mut from)? {
            let body = String::from_utf8_lossy(&content_of(&mut from, head.body())?).into_owned();
            let (path, query) = head.word(1).split_once('?').unwrap_or((head.word(1), ""));
            let (what, answer) = match (head.word(0), path) {
                ("GET", "/idtoken") => ("token", self.token(&head, query)),
                ("POST", "/") => ("credentials", self.credentials(&head, &body)),
                _ => ("other", error(404, "NotFound", "There is nothing here")),
            };
            let (status, kind, content, code) = answer;
            locked(&self.log).push((what.to_owned(), code));
            let headers = [("Content-Type".to_owned(), kind.to_owned())];
            write_reply(&mut to, status, &headers, content.as_bytes(), head.word(0))?;
            if head.closes() || self.ended.load(Ordering::SeqCst) {
                break;
            }
        }
        stream.shutdown(Shutdown::Both)
    }

    fn token(&self, head: &Head, query: &str) -> Answer {
        let answer = |status: u16, value: serde_json::Value| {
            (status, "application/json; charset=utf-8", value.to_string(), status.to_string())
        };
        let bearer = head.header("authorization").and_then(|value| value.split_once(' '));
        if !bearer.is_some_and(|(kind, token)| kind.eq_ignore_ascii_case("bearer") && token == REQUEST_TOKEN)
        {
            return answer(401, json!({ "message": "Unauthorized" }));
        }
        let rules = locked(&self.rules);
        // Without a requested audience, the audience is the owner of the repository.
        let audience = field(query, "audience").filter(|audience| !audience.is_empty());
        let audience = audience.unwrap_or_else(|| "https://github.com/octo".to_owned());
        let claims = Claims { audience, begins: 0, ends: rules.token_lifetime, ..rules.token.clone() };
        answer(200, json!({ "count": 1, "value": self.signer.token(&claims) }))
    }

    fn credentials(&self, head: &Head, body: &str) -> Answer {
        let value = |name| field(body, name).unwrap_or_default();
        let form = head.header("content-type").unwrap_or("");
        if !form.starts_with("application/x-www-form-urlencoded") {
            return error(400, "MissingAction", "One or more required parameters are missing");
        }
        let call = (value("Action"), value("Version"));
        if (&*call.0, &*call.1) != ("AssumeRoleWithWebIdentity", "2011-06-15") {
            let said = format!("Could not find operation {} for version {}", call.0, call.1);
            return error(400, "InvalidAction", &said);
        }
        let (role, session, token) = (value("RoleArn"), value("RoleSessionName"), value("WebIdentityToken"));
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
        if !(2..=64).contains(&session.len()) || !session.chars().all(allowed) {
            let said = format!(
                "1 validation error detected: Value '{session}' at 'roleSessionName' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: [\\w+=,.@-]*"
            );
            return error(400, "ValidationError", &said);
        }
        let seconds = field(body, "DurationSeconds").unwrap_or_else(|| "3600".to_owned());
        if !seconds.parse::<u32>().is_ok_and(|seconds| (900..=43_200).contains(&seconds)) {
            let said = format!("Value '{seconds}' at 'durationSeconds' failed to satisfy constraint");
            return error(400, "ValidationError", &said);
        }
        let rules = locked(&self.rules).clone();
        match self.signer.check(&token, &rules.token) {
            Err(Refusal::Invalid(why)) => error(400, "InvalidIdentityToken", &why),
            Err(Refusal::Expired(why)) => error(400, "ExpiredTokenException", &why),
            Ok(()) if role == rules.role => self.issue(&rules, &session),
            _ => error(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        }
    }

    fn issue(&self, rules: &Rules, session: &str) -> Answer {
        let mut issued = locked(&self.issued);
        let number = issued.len() + 1;
        let session_token = format!("canary-session-{number}-{session}");
        let expires = SystemTime::now() + rules.lifetime;
        let xml = format!(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <AssumeRoleWithWebIdentityResult><Audience>{audience}</Audience><AssumedRoleUser>\
             <AssumedRoleId>AROALOCKSTEP:{session}</AssumedRoleId><Arn>{role}/{session}</Arn></AssumedRoleUser>\
             <Provider>{issuer}</Provider><Credentials><AccessKeyId>{key}</AccessKeyId>\
             <SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{session_token}</SessionToken>\
             <Expiration>{until}</Expiration></Credentials>\
             <SubjectFromWebIdentityToken>{subject}</SubjectFromWebIdentityToken>\
             </AssumeRoleWithWebIdentityResult><ResponseMetadata>\
             <RequestId>00000000-0000-4000-8000-{number:012}</RequestId></ResponseMetadata>\
             </AssumeRoleWithWebIdentityResponse>",
            audience = rules.token.audience,
            role = rules.role,
            issuer = rules.token.issuer,
            key = rules.access_key,
            secret = rules.secret_key,
            until = rfc3339(expires),
            subject = rules.token.subject,
        );
        issued.push(IssuedCredentials { session_token, session: session.to_owned(), expires });
        (200, "text/xml", xml, "200".to_owned())
    }
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    (status, "text/xml", sts_error_xml(status, code, message), code.to_owned())
}

/// A field of a form.
fn field(form: &str, name: &str) -> Option<String> {
    let mut fields = form.split('&').filter_map(|field| field.split_once('='));
    fields.find(|(field, _)| decode(field) == name).map(|(_, value)| decode(value))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
