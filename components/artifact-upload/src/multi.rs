//! Sends one file in parts, and goes on with what an earlier run began. It keeps nothing of its own: what is done is
//! what the store holds.

use crate::compare::{self, Sameness};
use crate::digest::tag_of;
use crate::find::Item;
use crate::host::{Algorithm, Fault, Host, Part, When};
use crate::look::{self, Seen};
use crate::outcome::{AGAIN, Outcome, Sending, arrived, changed, conflict, failed, proven};
use crate::parts::{Plan, Proof, proof};
use crate::problem::{Code, Problem};

/// How many parts are sent in one call.
const BATCH: usize = 1000;

/// An open upload, and the parts that the store holds for it.
type Held<H> = (<H as Host>::Upload, Vec<Part>);

/// How an attempt ended.
enum Ended {
    /// For good.
    With(Outcome),
    /// Something else ended the upload or got in between, or this problem makes its parts worthless: begin anew.
    Undone(Option<Problem>),
}

/// Sends the item.
pub fn send<H: Host>(sending: &mut Sending<'_, H>, item: &Item) -> Outcome {
    let before = sending.done;
    let outcome = attempts(sending, item).unwrap_or_else(|problem| Outcome::Failed(problem.at(item.path())));
    // Whatever was sent twice or not at all, the file is done.
    sending.done = before;
    sending.advance(item.size);
    outcome
}

fn attempts<H: Host>(sending: &mut Sending<'_, H>, item: &Item) -> Result<Outcome, Problem> {
    let file = sending.host.open(item.path()).map_err(|fault| Problem::of_file(&fault))?;
    if sending.host.size(&file) != item.size {
        return Err(changed(item));
    }
    let keeping = &sending.keepings[item.keeping as usize];
    let (mut sent, mut last) = (0, None);
    for attempt in 0..=AGAIN {
        let open = if attempt == 0 { go_on(sending.host, item, keeping.checksum)? } else { None };
        let (upload, have) = match open {
            Some(open) => open,
            None => {
                let begun = sending.host.begin(&item.name, keeping).map_err(|fault| failed(item, &fault))?;
                (begun, Vec::new())
            }
        };
        match attempt_one(sending, item, &file, &upload, have, &mut sent)? {
            Ended::With(outcome) => return Ok(outcome),
            Ended::Undone(cause) => last = cause,
        }
    }
    if let Some(cause) = last {
        return Err(cause);
    }
    let message = format!("`{}`: something else ended the upload {} times", item.name, AGAIN + 1);
    Err(Problem::new(Code::Unavailable, message).hint("let no other job upload the same object at once"))
}

fn attempt_one<H: Host>(
    sending: &mut Sending<'_, H>,
    item: &Item,
    file: &H::File,
    upload: &H::Upload,
    mut have: Vec<Part>,
    sent: &mut u64,
) -> Result<Ended, Problem> {
    sending.advance(have.iter().map(|part| part.size).sum());
    let missing = item.plan.missing(&have);
    for batch in missing.chunks(BATCH) {
        let answers = match sending.host.put_parts(upload, file, batch) {
            Ok(answers) => answers,
            Err(fault) => vec![Err(fault)],
        };
        let mut fault = None;
        for answer in answers {
            match answer {
                Ok(part) => {
                    *sent += part.size;
                    have.push(part);
                }
                Err(other) => fault = fault.or(Some(other)),
            }
        }
        sending.advance(batch.iter().map(|range| range.length).sum());
        match fault {
            None => {}
            Some(Fault::NotFound(_)) => return ended_elsewhere(sending, item, &have, *sent),
            Some(Fault::Conflict(_)) => return Err(changed(item)),
            Some(fault) => return Err(failed(item, &fault)),
        }
    }
    have.sort_by_key(|part| part.number);
    let when = sending.when();
    match sending.host.complete(upload, &have, when) {
        Ok(stored) => Ok(Ended::With(proven(item, stored, *sent))),
        Err(Fault::NotFound(_)) => ended_elsewhere(sending, item, &have, *sent),
        Err(Fault::Conflict(_)) => in_the_way(sending, item, upload, when, &have, *sent),
        // These parts make no such object, and never will.
        Err(fault @ Fault::Integrity(_)) => {
            give_up(sending.host, upload);
            Ok(Ended::Undone(Some(failed(item, &fault))))
        }
        Err(fault) => Err(failed(item, &fault)),
    }
}

/// The upload is no longer open: somebody else ended it, or this run did and the reply was lost.
fn ended_elsewhere<H: Host>(
    sending: &mut Sending<'_, H>,
    item: &Item,
    have: &[Part],
    sent: u64,
) -> Result<Ended, Problem> {
    Ok(match there(sending.host, item, have)? {
        Some((seen, Sameness::Same)) => Ended::With(by(item, seen, sent)),
        Some((_, verdict)) if sending.settings.immutable => {
            Ended::With(Outcome::Failed(conflict(item, verdict == Sameness::Other)))
        }
        _ => Ended::Undone(None),
    })
}

/// The object must not be written, or another request got in between.
fn in_the_way<H: Host>(
    sending: &mut Sending<'_, H>,
    item: &Item,
    upload: &H::Upload,
    when: When,
    have: &[Part],
    sent: u64,
) -> Result<Ended, Problem> {
    let there = there(sending.host, item, have)?;
    give_up(sending.host, upload);
    Ok(match there {
        Some((seen, Sameness::Same)) => Ended::With(by(item, seen, sent)),
        Some((_, verdict)) if when == When::Absent => {
            Ended::With(Outcome::Failed(conflict(item, verdict == Sameness::Other)))
        }
        _ => Ended::Undone(None),
    })
}

/// An item that is there: this run's work if it sent any of it.
fn by(item: &Item, seen: Seen, sent: u64) -> Outcome {
    if sent == 0 { Outcome::Skipped } else { arrived(item, seen, sent) }
}

/// What is there now, and whether it is the item.
fn there<H: Host>(host: &mut H, item: &Item, have: &[Part]) -> Result<Option<(Seen, Sameness)>, Problem> {
    let Some(seen) = look::head(host, &[item])?.into_iter().next().flatten() else {
        return Ok(None);
    };
    let all = have.len() as u64 == item.plan.count();
    if all && seen.size == item.size && tag_of(have).is_some_and(|tag| tag == seen.etag) {
        return Ok(Some((seen, Sameness::Same)));
    }
    let verdict = compare::compare(host, &[(item, &seen)])?.into_iter().next();
    Ok(Some((seen, verdict.unwrap_or(Sameness::Unknown))))
}

/// The open upload that has most parts of this item, and gives up all others of this name.
fn go_on<H: Host>(host: &mut H, item: &Item, checksum: Algorithm) -> Result<Option<Held<H>>, Problem> {
    let mut best: Option<Held<H>> = None;
    let mut pieces = Pieces::default();
    for (upload, parts) in open(host, item, checksum)? {
        let fits = pieces.are_of(host, item, checksum, &parts)?;
        if !fits || best.as_ref().is_some_and(|(_, most)| most.len() >= parts.len()) {
            give_up(host, &upload);
        } else if let Some((worse, _)) = best.replace((upload, parts)) {
            give_up(host, &worse);
        }
    }
    Ok(best)
}

/// Gives up uploads that would only make again what is there: an earlier run was ended before it could.
///
/// # Errors
/// The file cannot be read, or the store does not tell.
pub fn tidy<H: Host>(host: &mut H, item: &Item, checksum: Algorithm) -> Result<(), Problem> {
    let mut pieces = Pieces::default();
    for (upload, parts) in open(host, item, checksum)? {
        if pieces.are_of(host, item, checksum, &parts)? {
            give_up(host, &upload);
        }
    }
    Ok(())
}

/// The open uploads of an item, with the parts that the store holds.
fn open<H: Host>(host: &mut H, item: &Item, checksum: Algorithm) -> Result<Vec<Held<H>>, Problem> {
    let open = match host.open_uploads(&item.name) {
        Ok(open) => open,
        // Not every store tells, and not everybody: then every upload begins anew.
        Err(Fault::Upstream(403 | 405 | 501, _)) => return Ok(Vec::new()),
        Err(fault) => return Err(failed(item, &fault)),
    };
    let mut all = Vec::new();
    for open in open.iter().filter(|open| open.name == item.name) {
        let told = host.resume(open, checksum).and_then(|upload| Ok((host.parts(&upload)?, upload)));
        match told {
            Ok((parts, upload)) => all.push((upload, parts)),
            // Ended meanwhile.
            Err(Fault::NotFound(_)) => {}
            Err(fault) => return Err(failed(item, &fault)),
        }
    }
    Ok(all)
}

/// An upload that cannot be given up stays open; the next run tries again.
fn give_up<H: Host>(host: &mut H, upload: &H::Upload) {
    host.abort(upload).unwrap_or_default();
}

/// The digests of the parts that an item would have, read once at most.
#[derive(Default)]
struct Pieces {
    checksums: Option<Vec<String>>,
    md5s: Option<Vec<String>>,
}

impl Pieces {
    /// Whether all of these parts are parts of the item, by size and content.
    fn are_of<H: Host>(
        &mut self,
        host: &mut H,
        item: &Item,
        checksum: Algorithm,
        parts: &[Part],
    ) -> Result<bool, Problem> {
        let Plan { part: size, .. } = item.plan;
        if !item.plan.has_sizes(parts) {
            return Ok(false);
        }
        for part in parts {
            let (proof, known, algorithm) = match proof(part) {
                None => return Ok(false),
                Some(Proof::Checksum(text)) => (text, &mut self.checksums, checksum),
                Some(Proof::Md5(text)) => (text, &mut self.md5s, Algorithm::Md5),
            };
            let known = match known {
                Some(known) => known,
                None => {
                    let read = compare::pieces(host, &[item], algorithm, Some(size))?;
                    known.insert(read.into_iter().next().unwrap_or_default())
                }
            };
            if known.get(part.number as usize - 1).is_none_or(|own| !own.eq_ignore_ascii_case(proof)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
