//! Runs whole processes in turns and takes their time and peak memory. It knows nothing of what they do.

use anyhow::{Context as _, bail};
use std::io;
use std::process::{Command, Stdio};
use std::time::Instant;
use wait4::Wait4 as _;

/// One program doing the work.
pub(crate) struct Contender {
    /// Its name in the table.
    pub(crate) name: String,
    /// Lays out its input afresh; not measured.
    pub(crate) prepare: Box<dyn Fn() -> anyhow::Result<()>>,
    /// The process that is measured.
    pub(crate) command: Box<dyn Fn() -> Command>,
    /// Whether the work was done; not measured.
    pub(crate) check: Box<dyn Fn() -> anyhow::Result<()>>,
}

/// What came of a contender.
#[derive(Debug)]
pub(crate) enum Measured {
    /// Every round went well.
    Samples(Vec<Sample>),
    /// There is no such program.
    Missing,
    /// It did not do the work, and was not asked again.
    Failed(String),
}

/// One measured process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    milliseconds: f64,
    /// The time of processors that it and what it started took, in milliseconds.
    processor: f64,
    /// The most memory it had in RAM, in bytes. Of a shell loop: the largest of its children.
    pub(crate) peak_bytes: u64,
}

/// Measures each contender `rounds` times, one after the other in each round so that noise hits all alike, and each
/// time another one first, after one round that does not count.
pub(crate) fn in_turns(contenders: &[Contender], rounds: usize) -> anyhow::Result<Vec<Measured>> {
    let mut measured: Vec<_> = contenders.iter().map(|_| Measured::Samples(Vec::new())).collect();
    for round in 0..=rounds {
        for turn in 0..contenders.len() {
            let i = (turn + round) % contenders.len();
            let Measured::Samples(samples) = &mut measured[i] else { continue };
            (contenders[i].prepare)()?;
            match once(&contenders[i]) {
                Ok(sample) if round > 0 => samples.push(sample),
                Ok(_) => {}
                Err(instead) => measured[i] = instead,
            }
        }
    }
    Ok(measured)
}

/// One run with its work looked at, or what is to be said of the contender instead.
fn once(contender: &Contender) -> Result<Sample, Measured> {
    let sample = measure(&(contender.command)()).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Measured::Missing,
        _ => Measured::Failed(error.to_string()),
    })?;
    (contender.check)().map_err(|error| Measured::Failed(format!("{error:#}")))?;
    Ok(sample)
}

/// Has a fresh process run and measure the command: what a process inherits of its parent's memory counts as
/// its own peak, and this one has grown by now.
pub(super) fn measure(command: &Command) -> io::Result<Sample> {
    let mut fresh = Command::new(std::env::current_exe()?);
    fresh.arg(ONE).arg(command.get_program()).args(command.get_args());
    // The same for everybody, and without secrets, which would make lockstep start twice.
    let kept = std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME");
    fresh.env_clear().envs(kept.collect::<Vec<_>>());
    if let Some(folder) = command.get_current_dir() {
        fresh.current_dir(folder);
    }
    for (name, value) in command.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        fresh.env(name, value);
    }
    let output = fresh.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace();
    let mut number = || numbers.next()?.parse::<f64>().ok();
    match (number(), number(), number()) {
        (Some(milliseconds), Some(processor), Some(peak_bytes)) => {
            Ok(Sample { milliseconds, processor, peak_bytes: peak_bytes as u64 })
        }
        _ if text.trim() == MISSING => Err(io::ErrorKind::NotFound.into()),
        _ => Err(io::Error::other(format!("{command:?}: {text}"))),
    }
}

/// The hidden command that measures one process.
pub(crate) const ONE: &str = "bench-one";
/// How it says that there is no such program.
const MISSING: &str = "missing";

/// Measures one process and prints its milliseconds, those of processors, and its peak memory in bytes.
pub(crate) fn one(words: &[&str]) -> anyhow::Result<()> {
    let (program, args) = words.split_first().context("no program")?;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let child = match command.spawn() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            crate::shell::say(MISSING);
            return Ok(());
        }
        child => child?,
    };
    let ended = { child }.wait4()?;
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    if !ended.status.success() {
        bail!("{command:?}: {}", ended.status);
    }
    let processor = (ended.rusage.utime + ended.rusage.stime).as_secs_f64() * 1e3;
    crate::shell::say(&format!("{milliseconds} {processor} {}", ended.rusage.maxrss));
    Ok(())
}

/// The middle of the times, in milliseconds.
pub(crate) fn median(samples: &[Sample]) -> f64 {
    middle(samples, |sample| sample.milliseconds)
}

/// The middle of the times of processors, in milliseconds.
pub(crate) fn processor(samples: &[Sample]) -> f64 {
    middle(samples, |sample| sample.processor)
}

fn middle(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    let mut times: Vec<f64> = samples.iter().map(of).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The shortest time, in milliseconds.
pub(crate) fn least(samples: &[Sample]) -> f64 {
    samples.iter().map(|sample| sample.milliseconds).fold(f64::INFINITY, f64::min)
}
