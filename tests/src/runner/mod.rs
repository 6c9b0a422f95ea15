//! How CI systems read what a job prints and writes, as far as that can be used against it. Written from the
//! behaviour of the real runners, and stricter where versions differ: a green run in a lenient imitation
//! proves nothing about commands.

pub mod github;
pub mod gitlab;
pub mod jenkins;
