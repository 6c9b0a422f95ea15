//! Hostile components against the finished program that runs them, without a network. Each module is about one thing that
//! they attack; ARCHITECTURE.md cites the attacks by their numbers.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod changes;
mod clusters;
mod follow;
mod forges;
mod limits;
mod parallel;
mod platforms;
mod reach;
mod repositories;
mod stores;
mod uploads;
mod watchers;
mod web;
mod words;
