//! Imitations of CI systems: how they read the log and the files of a job, as far as an attacker can use that. They follow
//! the real runners, and are stricter where versions differ, because a lenient imitation could miss an attack.

pub mod github;
pub mod gitlab;
pub mod jenkins;
