//! `lockstep recover`: what a killed run left in a workspace, and how somebody wants it to be ended.

use super::{complain, finish};
use crate::voice;
use crate::workspace;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};
use lockstep_model::digest::Digest;
use lockstep_model::exit::Exit;
use lockstep_model::report::Change;
use lockstep_model::text;
use lockstep_workspace::{How, Pending, Progress, Stage, WorkspaceError, end, look};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

/// The options that end it, each with what it does.
const WAYS: [(&str, How, &str); 3] = [
    ("finish", How::Finish, "Put the new files in place that are not yet"),
    ("undo", How::Undo, "Put the old files back"),
    ("keep", How::Keep, "Leave all files as they are; remove the journal and the temporary files"),
];

/// The command line of it.
pub(crate) fn command(format: Arg) -> Command {
    let flag = |(name, _, help): (&'static str, How, &'static str)| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("recover")
        .about("Show what a killed run left in a workspace, and end it")
        .long_about(
            "Show what a killed run left in a workspace, and end it.\n\nWithout an option it changes nothing. The next \
             run that changes files undoes what was left by itself; this is for when it refuses to, or will not come.",
        )
        .arg(
            Arg::new("workspace")
                .long("workspace")
                .short('C')
                .value_name("DIR")
                .default_value(".")
                .help("The folder that is the workspace"),
        )
        .args(WAYS.map(flag))
        .group(ArgGroup::new("way").args(WAYS.map(|(name, ..)| name)))
        .arg(format)
}

pub(super) fn main(matches: &ArgMatches) -> Exit {
    let root = Path::new(matches.get_one::<String>("workspace").map_or(".", String::as_str));
    let json = matches.get_one::<String>("format").is_some_and(|format| format == "json");
    let way = WAYS.into_iter().find(|(name, ..)| matches.get_flag(name));
    match recover(root, way.map(|(_, how, _)| how)) {
        Ok((pending, changed)) => {
            let printed = match json {
                true => to_json(&pending, way.map(|(name, ..)| name), &changed),
                false => told(&pending, way.map(|(_, how, _)| how), &changed),
            };
            finish(io::stdout().lock().write_all(printed.as_bytes()))
        }
        Err(error) => {
            let ending = workspace::refused(&error);
            complain(&text::neutral(&ending.message));
            if let Some(hint) = ending.hint {
                complain(&format!("hint: {}", text::neutral(&hint)));
            }
            ending.exit
        }
    }
}

/// What was pending, and the files that changed when it was ended.
fn recover(root: &Path, how: Option<How>) -> Result<(Vec<Pending>, Vec<Change>), WorkspaceError> {
    let pending = look(root)?;
    let changed = how.map(|how| end(root, how)).transpose()?;
    Ok((pending, changed.unwrap_or_default()))
}

fn told(pending: &[Pending], how: Option<How>, changed: &[Change]) -> String {
    if pending.is_empty() {
        return "nothing is pending\n".to_owned();
    }
    let mut out = String::new();
    let Some(how) = how else {
        pending.iter().for_each(|pending| show(&mut out, pending));
        out.push_str("\nTo end it:\n");
        for (name, _, help) in WAYS {
            let _ = writeln!(out, "  lockstep recover --{name:<8} {help}");
        }
        return out;
    };
    out.push_str(match how {
        How::Finish => "finished; files put in place:\n",
        How::Undo => "undone; files put back:\n",
        How::Keep => "the journal and its temporary files are removed, and no other file has changed\n",
    });
    if how != How::Keep && changed.is_empty() {
        out.push_str("  none\n");
    }
    for change in changed {
        let _ = writeln!(out, "  {}", text::neutral(&change.path));
    }
    out
}

fn show(out: &mut String, pending: &Pending) {
    let ago = pending
        .begun
        .map_or_else(String::new, |begun| format!(", {} s ago", voice::now().saturating_sub(begun)));
    let what = match pending.stage {
        Stage::Staging => "a run was killed before it changed a file",
        Stage::Decided => {
            "a run was killed while it put files in place, or before it had told what it changed"
        }
        Stage::Told => "a run was killed after all was done; only temporary files are left",
    };
    let run = if pending.run.is_empty() { String::new() } else { format!(" (run {})", pending.run) };
    match &pending.refused {
        None => drop(writeln!(out, "{}: {what}{ago}{run}", pending.journal)),
        Some(reason) => {
            let reason = text::neutral(reason);
            let _ = writeln!(out, "{}: not obeyed: it {reason}; only --keep ends it", pending.journal);
        }
    }
    for (change, progress) in &pending.files {
        let standing = match (progress, pending.refused.is_some()) {
            (_, true) => "named in it",
            (Progress::Waiting, _) => "as it was before",
            (Progress::InPlace, _) => "changed",
            (Progress::Changed, _) => "changed by somebody else since, or the old file is lost",
        };
        let _ = writeln!(out, "  {}: {standing}", text::neutral(&change.path));
    }
}

fn to_json(pending: &[Pending], ended: Option<&str>, changed: &[Change]) -> String {
    let of = |pending: &Pending| {
        json!({
            "journal": pending.journal,
            "stage": match pending.stage {
                Stage::Staging => "staging",
                Stage::Decided => "decided",
                Stage::Told => "told",
            },
            "run": pending.run,
            "begun": pending.begun,
            "refused": pending.refused,
            "files": pending.files.iter().map(|(change, progress)| {
                let progress = match progress {
                    Progress::Waiting => "waiting",
                    Progress::InPlace => "in-place",
                    Progress::Changed => "changed",
                };
                file(change, progress)
            }).collect::<Value>(),
        })
    };
    let paths = changed.iter().map(|change| change.path.as_str());
    let whole = json!({
        "pending": pending.iter().map(of).collect::<Value>(),
        "ended": ended,
        "changed": paths.collect::<Value>(),
    });
    format!("{whole:#}\n")
}

fn file(change: &Change, progress: &str) -> Value {
    // What is in a private file could be guessed from its digest.
    let digest = |digest: Option<Digest>| match change.private {
        true => digest.map(|_| "private".to_owned()),
        false => digest.map(|digest| digest.to_string()),
    };
    json!({
        "path": change.path,
        "before": digest(change.before),
        "after": digest(change.after),
        "progress": progress,
    })
}
