//! Web servers and a clock as a model: time passes only while somebody waits. It opens no connection.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::Cell;
use std::rc::Rc;

use deploy_verify::{Check, Metric, NoData};
use lockstep_sdk::http::{ErrorCode, Header, Request, Response};
use lockstep_sdk::types::Error;
use lockstep_sdk::{Clock, HostResult, Http};

/// The result of a request, and its duration.
pub(crate) type Answered = (Result<Response, ErrorCode>, u64);

/// A model of the web: a function of the URL, the number of earlier requests for it, and the time.
pub(crate) struct Model<F> {
    time: Rc<Cell<u64>>,
    serve: F,
    /// All requests with their times.
    pub(crate) requests: Vec<(u64, Request)>,
    /// The error of `send` after this number of requests.
    pub(crate) broken: Option<(usize, Error)>,
}

/// The time of a model.
#[derive(Clone, Default)]
pub(crate) struct Time(Rc<Cell<u64>>);

impl Clock for Time {
    fn now(&self) -> u64 {
        self.0.get()
    }

    fn sleep(&mut self, milliseconds: u64) {
        assert!(milliseconds > 0, "nobody waits for no time");
        self.0.set(self.0.get() + milliseconds);
    }
}

impl<F: FnMut(&str, usize, u64) -> Answered> Model<F> {
    /// A web, and its time.
    pub(crate) fn new(serve: F) -> (Self, Time) {
        let time = Time::default();
        (Self { time: time.0.clone(), serve, requests: Vec::new(), broken: None }, time)
    }

    /// The times of the requests for a URL.
    pub(crate) fn times(&self, url: &str) -> Vec<u64> {
        self.requests.iter().filter(|(_, request)| request.url == url).map(|(time, _)| *time).collect()
    }
}

impl<F: FnMut(&str, usize, u64) -> Answered> Http for Model<F> {
    fn authenticate(&mut self, url: &str, _: u32) -> HostResult<Result<(), ErrorCode>> {
        panic!("a token for {url} is requested")
    }

    fn send(&mut self, requests: &[Request]) -> HostResult<Vec<Result<Response, ErrorCode>>> {
        assert!((1..=100).contains(&requests.len()), "{} requests in a call", requests.len());
        if let Some((_, error)) = self.broken.as_ref().filter(|(count, _)| self.requests.len() >= *count) {
            return Err(error.clone());
        }
        let now = self.time.get();
        let mut longest = 0;
        let mut answers = Vec::new();
        for request in requests {
            let before = self.times(&request.url).len();
            self.requests.push((now, request.clone()));
            let (answer, elapsed) = (self.serve)(&request.url, before, now);
            let timeout = u64::from(request.timeout_ms);
            let is_late = elapsed > timeout && answer.is_ok();
            longest = longest.max(elapsed.min(timeout));
            answers.push(match answer {
                _ if is_late => Err(ErrorCode::ResponseTimeout(format!("no answer within {timeout} ms"))),
                Ok(mut response) if response.body.len() > request.max_body_bytes as usize => {
                    response.body.truncate(request.max_body_bytes as usize);
                    response.truncated = true;
                    Ok(response)
                }
                answer => answer,
            });
        }
        self.time.set(now + longest);
        Ok(answers)
    }
}

/// A response.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Response {
    let header = |(name, value): &(&str, &str)| Header { name: (*name).into(), value: (*value).into() };
    Response {
        status,
        headers: headers.iter().map(header).collect(),
        body: body.into(),
        truncated: false,
        elapsed_ms: 20,
        remote_address: None,
    }
}

/// A response after 20 milliseconds.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answered {
    (Ok(response(status, headers, body)), 20)
}

/// No response, after 20 milliseconds.
pub(crate) fn failed(error: fn(String) -> ErrorCode) -> Answered {
    (Err(error("it is so".into())), 20)
}

/// The input of a smoke check with defaults only.
pub(crate) fn check_input(url: &str) -> Check {
    Check {
        url: url.into(),
        send: None,
        status: None,
        body: None,
        header: None,
        json: None,
        expect_version: None,
        version_at: None,
        consecutive: None,
        timeout: None,
        retry: None,
    }
}

/// The input of a metric with defaults only.
pub(crate) fn metric_input(url: &str, query: &str, threshold: &str) -> Metric {
    Metric {
        url: url.into(),
        query: query.into(),
        threshold: threshold.into(),
        window: None,
        interval: None,
        on_no_data: NoData::Fail,
    }
}
