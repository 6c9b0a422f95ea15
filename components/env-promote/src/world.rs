//! The host of a run as the pure modules see it: translates, and nothing else.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use lockstep_glue::{Clock, Fault};

use crate::bindings::{forge, http, repository};
use crate::digest::{self, Registries, Told};
use crate::host::{
    Change, Commit, Effect, File, Forge, Host, Hurdle, Merging, Onto, Proposal, PullRequest, Stand, Standing,
};
use crate::promote::Dice;

/// The repository of the run, and the branch that everything is to get to.
pub(crate) struct World {
    repository: String,
    base: String,
}

/// The clock of the run, and its chances.
pub(crate) struct Time(Instant);

/// Those who watch.
pub(crate) struct Voice;

impl World {
    pub(crate) fn new(repository: String, base: String) -> Self {
        Self { repository, base }
    }
}

impl Host for World {
    fn head(&mut self, branch: &str) -> Result<Option<String>, Fault> {
        Ok(repository::head(&self.repository, branch)?)
    }

    fn tag(&mut self, name: &str) -> Result<Option<String>, Fault> {
        Ok(repository::tag(&self.repository, name)?)
    }

    fn history(&mut self, commit: &str, most: u32) -> Result<Vec<Commit>, Fault> {
        let commit_of = |revision: repository::Revision| {
            let repository::Revision { id, parents, author, message, sealed, .. } = revision;
            Commit { id, parent: parents.into_iter().next(), author, message, sealed }
        };
        Ok(repository::history(&self.repository, commit, most)?.into_iter().map(commit_of).collect())
    }

    fn files(&mut self, commit: &str, pattern: &str) -> Result<Vec<File>, Fault> {
        let file = |file: repository::File| File { path: file.path, id: file.id };
        Ok(repository::files(&self.repository, commit, pattern)?.into_iter().map(file).collect())
    }

    fn read(&mut self, commit: &str, paths: &[String]) -> Result<Vec<Vec<u8>>, Fault> {
        Ok(repository::read(&self.repository, commit, paths)?)
    }

    fn commit(&mut self, parent: &str, changes: &[Change], message: &str) -> Result<String, Fault> {
        let change = |(path, content): &Change| repository::Change {
            path: path.clone(),
            content: Some(content.clone()),
        };
        let changes: Vec<_> = changes.iter().map(change).collect();
        Ok(repository::commit(&self.repository, parent, &changes, message)?)
    }

    fn push(&mut self, branch: &str, commit: &str, onto: Onto<'_>) -> Result<Effect, Fault> {
        let repository = &self.repository;
        let effect = match onto {
            Onto::Nothing => repository::push(repository, branch, commit, None)?,
            Onto::Head(expected) => repository::push(repository, branch, commit, Some(expected))?,
            Onto::Replace(expected) => repository::replace(repository, branch, commit, expected)?,
        };
        match effect {
            repository::Effect::Made => Ok(Effect::Made),
            repository::Effect::Planned => Ok(Effect::Planned),
        }
    }
}

impl Forge for World {
    fn pull_requests(&mut self, branch: &str) -> Result<Vec<PullRequest>, Fault> {
        let found = forge::pull_requests(&self.repository, &self.base, branch)?;
        Ok(found.into_iter().map(to_pull_request).collect())
    }

    fn inspect(&mut self, branch: &str, number: u64) -> Result<Standing, Fault> {
        let standing = forge::inspect(&self.repository, &self.base, branch, number)?;
        let check = |check: forge::Check| match check.state {
            forge::CheckState::Passed => None,
            forge::CheckState::Pending => Some(format!("{} runs", check.name)),
            forge::CheckState::Failed => Some(format!("{} failed", check.name)),
        };
        let hurdle = match standing.hurdle {
            forge::Hurdle::None => Hurdle::None,
            forge::Hurdle::Behind => Hurdle::Behind,
            forge::Hurdle::Conflicts => Hurdle::Conflicts,
            forge::Hurdle::Unknown => Hurdle::Other("the forge does not say why"),
            forge::Hurdle::ChecksPending => Hurdle::Other("checks run"),
            forge::Hurdle::ChecksFailed => Hurdle::Other("checks have failed"),
            forge::Hurdle::Review => Hurdle::Other("somebody has to approve of it"),
            forge::Hurdle::Draft => Hurdle::Other("it is a draft"),
            forge::Hurdle::Blocked => Hurdle::Other("a rule of the forge is not met"),
        };
        let checks = standing.checks.into_iter().filter_map(check).collect();
        Ok(Standing { now: to_pull_request(standing.now), hurdle, checks })
    }

    fn open(&mut self, branch: &str, proposal: &Proposal) -> Result<Option<PullRequest>, Fault> {
        let opened = forge::open(&self.repository, &self.base, branch, &to_proposal(proposal))?;
        Ok(opened.map(to_pull_request))
    }

    fn edit(&mut self, branch: &str, number: u64, proposal: &Proposal) -> Result<(), Fault> {
        forge::edit(&self.repository, &self.base, branch, number, &to_proposal(proposal))?;
        Ok(())
    }

    fn comment(&mut self, branch: &str, number: u64, name: &str, text: &str) -> Result<(), Fault> {
        forge::comment(&self.repository, &self.base, branch, number, name, text)?;
        Ok(())
    }

    fn withdraw(&mut self, branch: &str, number: u64) -> Result<(), Fault> {
        forge::withdraw(&self.repository, &self.base, branch, number)?;
        Ok(())
    }

    fn merge(&mut self, branch: &str, number: u64, head: &str, message: &str) -> Result<Merging, Fault> {
        Ok(match forge::merge(&self.repository, &self.base, branch, number, head, message)? {
            forge::Merging::Merged => Merging::Merged,
            forge::Merging::Waiting => Merging::Waiting,
            forge::Merging::NotYet => Merging::NotYet,
            forge::Merging::Planned => Merging::Planned,
        })
    }
}

/// How long a registry may take, in milliseconds.
const PATIENCE: u32 = 30_000;
/// The most requests of one call.
const MOST: usize = 100;
/// The kinds of manifests that a tag can point at.
/// <https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md>
const KINDS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

impl Registries for World {
    fn told(&mut self, urls: &[String]) -> Result<Vec<Result<Told, String>>, Fault> {
        let request = |url: &String| http::Request {
            method: http::Method::Head,
            url: url.clone(),
            headers: vec![http::Header { name: "accept".into(), value: KINDS.into() }],
            patience: PATIENCE,
            most: 0,
        };
        let told = |answer: Result<http::Response, http::Trouble>| match answer {
            Ok(http::Response { status, headers, .. }) => {
                let named = |name| headers.iter().filter(move |header| header.name == name);
                let digest = named("docker-content-digest").next().map(|header| header.value.clone());
                let tokens = named("www-authenticate").find_map(|header| digest::tokens(&header.value));
                Ok(Told { status, digest, tokens })
            }
            Err(trouble) => Err(why(trouble)),
        };
        let mut all = Vec::new();
        for urls in urls.chunks(MOST) {
            all.extend(http::send(&urls.iter().map(request).collect::<Vec<_>>())?.into_iter().map(told));
        }
        Ok(all)
    }

    fn authenticate(&mut self, url: &str) -> Result<Result<(), String>, Fault> {
        Ok(http::authenticate(url, PATIENCE)?.map_err(why))
    }
}

fn why(trouble: http::Trouble) -> String {
    match trouble {
        http::Trouble::Refused(error) => Fault::from(error).message().to_owned(),
        http::Trouble::Unresolved(why)
        | http::Trouble::Unreachable(why)
        | http::Trouble::Untrusted(why)
        | http::Trouble::Silent(why)
        | http::Trouble::Slow(why)
        | http::Trouble::BrokenOff(why)
        | http::Trouble::Unreadable(why) => why,
    }
}

fn to_proposal(Proposal { title, body, labels }: &Proposal) -> forge::Proposal {
    forge::Proposal { title: title.clone(), body: body.clone(), labels: labels.clone() }
}

fn to_pull_request(one: forge::PullRequest) -> PullRequest {
    let forge::PullRequest { number, url, state, head, merged, body, auto_merge, .. } = one;
    let stand = match state {
        forge::State::Open => Stand::Open,
        forge::State::Merged => Stand::Merged,
        forge::State::Closed => Stand::Closed,
    };
    PullRequest { number, url, stand, head, merged, body, auto_merge }
}

impl Time {
    /// The clock of a run that begins now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Time {
    fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep(&mut self, milliseconds: u64) {
        std::thread::sleep(Duration::from_millis(milliseconds));
    }
}

impl Dice for Time {
    fn roll(&mut self) -> f64 {
        RandomState::new().hash_one(0) as f64 / u64::MAX as f64
    }
}
