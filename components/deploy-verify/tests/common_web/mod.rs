//! Web servers and a clock as a model: time passes only where somebody waits. It never opens a connection.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::Cell;
use std::rc::Rc;

use deploy_verify::web::{Answers, Fault, Request, Response, Trouble, Web};
use lockstep_glue::Clock;

/// What came of a request, and how long it took.
pub(crate) type Answered = (Result<Response, Trouble>, u64);

/// A model of the web: a function of the URL, the count of requests to it so far, and the time.
pub(crate) struct Model<F> {
    time: Rc<Cell<u64>>,
    serve: F,
    /// All requests with the time at which each was made.
    pub(crate) asked: Vec<(u64, Request)>,
    /// What `send` says from so many requests on, if it does.
    pub(crate) broken: Option<(usize, Fault)>,
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
        (Self { time: time.0.clone(), serve, asked: Vec::new(), broken: None }, time)
    }

    /// When this URL was asked.
    pub(crate) fn times(&self, url: &str) -> Vec<u64> {
        self.asked.iter().filter(|(_, request)| request.url == url).map(|(time, _)| *time).collect()
    }
}

impl<F: FnMut(&str, usize, u64) -> Answered> Web for Model<F> {
    fn send(&mut self, requests: &[Request]) -> Result<Answers, Fault> {
        assert!((1..=100).contains(&requests.len()), "{} requests in a call", requests.len());
        if let Some((_, fault)) = self.broken.as_ref().filter(|(count, _)| self.asked.len() >= *count) {
            return Err(fault.clone());
        }
        let now = self.time.get();
        let mut longest = 0;
        let mut answers = Vec::new();
        for request in requests {
            let before = self.times(&request.url).len();
            self.asked.push((now, request.clone()));
            let (answer, took) = (self.serve)(&request.url, before, now);
            let patience = u64::from(request.patience);
            let late = took > patience && answer.is_ok();
            longest = longest.max(took.min(patience));
            answers.push(match answer {
                _ if late => Err(Trouble::Silent(format!("no answer within {patience} ms"))),
                Ok(mut response) if response.body.len() > request.most as usize => {
                    response.body.truncate(request.most as usize);
                    response.cut = true;
                    Ok(response)
                }
                answer => answer,
            });
        }
        self.time.set(now + longest);
        Ok(answers)
    }
}

/// An answer that took 20 milliseconds.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answered {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    (Ok(Response { status, headers, body: body.into(), took: 20, ..Response::default() }), 20)
}

/// No answer, after 20 milliseconds.
pub(crate) fn trouble(trouble: fn(String) -> Trouble) -> Answered {
    (Err(trouble("it is so".into())), 20)
}
