//! Tests that need Rust and git only, through the finished programs: the command line, secrets, files, kills, and each step's
//! cases. One program for all of them, since linking is most of what a small test costs; no test may set a variable or the
//! current folder of this process.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod accepted;
mod cancelled;
mod cases;
mod children;
mod command_line;
mod compiler;
mod credential_ways;
mod credentials;
mod denials;
mod environment;
mod hard_inputs;
mod human_output;
mod killed;
mod many_files;
mod named_files;
mod own_files;
mod promotion_faults;
mod promotions;
mod recover;
mod rendering;
mod reserved_names;
mod score;
mod secret_cuts;
mod secret_kinds;
mod secrets;
mod signed_commits;
mod skipped_files;
mod upload_faults;
mod wrapper_downloads;
mod wrappers;
