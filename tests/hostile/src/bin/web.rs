//! Attacks 10 to 15: asks web servers that only look like the granted one, sets headers that are the host's, follows
//! redirects by hand, has its credential and tokens told back, and carries out what it knows in URLs; then it claims success.
//! Expected: only the granted origin hears of it, the credential comes back in no form, and the bytes it can say are
//! counted.

mod caller {
    wit_bindgen::generate!({
        path: ["../../wit", "wit"],
        world: "lockstep:hostile/caller",
        generate_all,
    });
}

use caller::lockstep::step::http::{self, ErrorCode, Header, Method, Request, Response};
use caller::lockstep::step::types::Error;
use caller::{Failure, Inputs, Outputs};

struct Attack;

impl caller::Guest for Attack {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let words = &inputs.words;
        let said = match inputs.act.as_str() {
            "each" => words.iter().map(|url| one(url, vec![])).collect(),
            "together" => all(words.iter().map(|url| request(url, vec![])).collect()),
            "headers" => smuggled().into_iter().map(|header| one(&words[0], vec![header])).collect(),
            // A token for each after the first, which names where they are given out.
            "authenticate" => words.iter().map(|url| token(url)).collect(),
            "tokens" => {
                (0..words[1].parse().unwrap_or(1)).map(|n: u32| token(&format!("{}{n}", words[0]))).collect()
            }
            "follow" => follow(&words[0]),
            "grow" => (0..words[1].parse().unwrap_or(1)).map(|_| one(&padded(&words[0]), vec![])).collect(),
            "many" => all(vec![request(&words[0], vec![]); 101]),
            "greedy" => all(vec![Request { max_body_bytes: 16 << 20, ..request(&words[0], vec![]) }; 100]),
            "timeout" => all(vec![Request { timeout_ms: u32::MAX, ..request(&words[0], vec![]) }]),
            // Byte by byte, each time a little more.
            _ => (0..words[1].parse().unwrap_or(1))
                .map(|max_body_bytes| kept(&words[0], max_body_bytes))
                .collect(),
        };
        Ok(Outputs { said })
    }
}

caller::export!(Attack with_types_in caller);

fn main() {}

fn request(url: &str, headers: Vec<Header>) -> Request {
    Request { method: Method::Get, url: url.to_owned(), headers, timeout_ms: 5_000, max_body_bytes: 100_000 }
}

fn one(url: &str, headers: Vec<Header>) -> String {
    all(vec![request(url, headers)]).remove(0)
}

fn kept(url: &str, max_body_bytes: u32) -> String {
    all(vec![Request { max_body_bytes, ..request(url, vec![]) }]).remove(0)
}

/// How each request ended, in a text with all that an attacker can see.
fn all(requests: Vec<Request>) -> Vec<String> {
    match http::send(&requests) {
        Ok(answers) => answers.into_iter().map(seen).collect(),
        Err(error) => vec![word(&error)],
    }
}

fn seen(answer: Result<Response, ErrorCode>) -> String {
    match answer {
        Ok(response) => {
            let headers =
                response.headers.iter().map(|header| format!("{}: {}\n", header.name, header.value));
            let body = String::from_utf8_lossy(&response.body);
            format!("{} {}{}", response.status, headers.collect::<String>(), body)
        }
        Err(ErrorCode::NotSent(error)) => word(&error),
        Err(code) => format!("{code:?}"),
    }
}

fn word(error: &Error) -> String {
    match error {
        Error::Denied(_) => "denied".into(),
        Error::Invalid(_) => "invalid".into(),
        Error::LimitExceeded(_) => "limit-exceeded".into(),
        other => format!("{other:?}"),
    }
}

/// Asks, gets a token, and asks again for what it was shown.
fn token(url: &str) -> String {
    let first = one(url, vec![]);
    let got = match http::authenticate(url, 5_000) {
        Ok(Ok(())) => "got".to_owned(),
        Ok(Err(code)) => format!("{code:?}"),
        Err(error) => word(&error),
    };
    format!("{first}|{got}|{}", one(url, vec![]))
}

fn smuggled() -> Vec<Header> {
    let header = |(name, value): &(&str, &str)| Header { name: (*name).into(), value: (*value).into() };
    [
        ("authorization", "Bearer mine"),
        ("Host", "evil.example"),
        ("cookie", "a=b"),
        ("Proxy-Authorization", "Basic eDp5"),
        ("transfer-encoding", "chunked"),
        ("content-length", "5"),
        ("connection", "x-a"),
        ("Range", "bytes=3-4"),
        ("accept-encoding", "gzip"),
        ("x-http-method-override", "DELETE"),
        ("x", "y\r\nauthorization: Bearer mine"),
        ("x\r\nauthorization", "Bearer mine"),
        ("x", "y\n\nDELETE / HTTP/1.1"),
        ("x", "y\0z"),
    ]
    .iter()
    .map(header)
    .collect()
}

/// Asks, and then asks for what the answer points to.
fn follow(url: &str) -> Vec<String> {
    let first = one(url, vec![]);
    let location = first.lines().find_map(|line| line.split_once("location: ")).map(|(_, to)| to.to_owned());
    let next = location.map(|to| one(&to, vec![]));
    std::iter::once(first).chain(next).collect()
}

/// A URL that carries as much as one may.
fn padded(url: &str) -> String {
    let room = 7_900_usize.saturating_sub(url.len());
    format!("{url}?{}", "x".repeat(room))
}
