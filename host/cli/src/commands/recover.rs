//! `lockstep recover`: shows what a killed run left in a workspace, and ends that run.

use crate::args::recover::ACTIONS;
use crate::console::PlainOutput;
use crate::plural::counted;
use crate::reporter;
use crate::workspace;
use clap::ArgMatches;
use lockstep_model::digest::Digest;
use lockstep_model::exit::Exit;
use lockstep_model::report::Change;
use lockstep_model::text;
use lockstep_workspace::{FileProgress, JournalReport, JournalStage, RecoverAction, WorkspaceError, inspect};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// The most files in one list.
const MAX_NAMES: usize = 50;

pub(super) fn main(matches: &ArgMatches, plain: &PlainOutput) -> Exit {
    let root = Path::new(matches.get_one::<String>("workspace").map_or(".", String::as_str));
    let json = matches.get_one::<String>("format").is_some_and(|format| format == "json");
    let chosen = ACTIONS.into_iter().find(|(name, ..)| matches.get_flag(name));
    match recover(root, chosen.map(|(_, action, _)| action)) {
        Ok((pending, changed)) => {
            let printed = match json {
                true => to_json(&pending, chosen.map(|(name, ..)| name), &changed),
                false => to_text(&pending, chosen.map(|(_, action, _)| action), &changed),
            };
            plain.print(&printed)
        }
        Err(error) => {
            let ending = workspace::workspace_failure(&error);
            let hint = ending.hint.map(|hint| text::neutral(&hint));
            plain.print_error(&text::neutral(&ending.message), hint.as_deref());
            ending.exit
        }
    }
}

/// Ends the killed runs if `action` says so. Returns what was pending and the files that this changed.
fn recover(
    root: &Path,
    action: Option<RecoverAction>,
) -> Result<(Vec<JournalReport>, Vec<Change>), WorkspaceError> {
    let pending = inspect(root)?;
    let changed = action.map(|action| lockstep_workspace::recover(root, action)).transpose()?;
    Ok((pending, changed.unwrap_or_default()))
}

fn to_text(pending: &[JournalReport], action: Option<RecoverAction>, changed: &[Change]) -> String {
    if pending.is_empty() {
        return "nothing is pending\n".to_owned();
    }
    let mut out = String::new();
    let Some(action) = action else {
        pending.iter().for_each(|pending| write_pending(&mut out, pending));
        out.push_str("\nTo end it:\n");
        for (name, _, help) in
            ACTIONS.iter().filter(|(_, action, _)| pending.iter().all(|one| can_end_by(one, *action)))
        {
            let _ = writeln!(out, "  lockstep recover --{name:<8} {help}");
        }
        return out;
    };
    out.push_str(match action {
        RecoverAction::Finish => "finished; files put in place:\n",
        RecoverAction::Undo => "undone; files put back:\n",
        RecoverAction::Keep => "removed the journal and its temporary files; no other file changed\n",
    });
    if action != RecoverAction::Keep && changed.is_empty() {
        out.push_str("  none\n");
    }
    write_paths(&mut out, &changed.iter().map(|change| change.path.as_str()).collect::<Vec<_>>());
    if action == RecoverAction::Finish && pending.iter().any(|pending| pending.stage == JournalStage::Decided)
    {
        out.push_str("The killed run wrote no receipt and no outputs.\n");
    }
    out
}

fn write_pending(out: &mut String, pending: &JournalReport) {
    let ago = pending
        .begun
        .map_or_else(String::new, |begun| format!(", {} s ago", reporter::now().saturating_sub(begun)));
    let state = match pending.stage {
        JournalStage::Staging => "a run was killed before it changed a file",
        JournalStage::Decided => {
            "a run was killed while it put files in place, or before it reported its changes"
        }
        JournalStage::Reported => "a run was killed after its work; only temporary files are left",
    };
    let run = if pending.run.is_empty() { String::new() } else { format!(" (run {})", pending.run) };
    match &pending.refused {
        None => drop(writeln!(out, "{}: {state}{ago}{run}", pending.journal)),
        Some(reason) => {
            let reason = text::neutral(reason);
            let _ = writeln!(out, "{}: ignored, because it {reason}", pending.journal);
        }
    }
    write_files(out, pending);
}

/// Lists the files of a killed run by their progress. Files that keep the run from ending come first.
fn write_files(out: &mut String, pending: &JournalReport) {
    let groups: &[(Option<FileProgress>, &str)] = match pending.refused {
        Some(_) => &[(None, "named in the journal")],
        None => &[
            (Some(FileProgress::Changed), "changed by somebody since then, or the old file is lost"),
            (Some(FileProgress::Edited), "not reached by the run, and changed by somebody since then"),
            (Some(FileProgress::InPlace), "changed by the run"),
            (Some(FileProgress::Waiting), "not reached by the run: as it was before"),
        ],
    };
    for (wanted, label) in groups {
        let all =
            pending.files.iter().filter(|(_, progress)| wanted.is_none_or(|wanted| wanted == *progress));
        let paths: Vec<&str> = all.map(|(change, _)| change.path.as_str()).collect();
        if paths.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{} {label}", counted(paths.len(), "file"));
        write_paths(out, &paths);
    }
}

/// Lists the first of these paths, and the number of the others.
fn write_paths(out: &mut String, paths: &[&str]) {
    for path in paths.iter().take(MAX_NAMES) {
        let _ = writeln!(out, "  {}", text::neutral(path));
    }
    let more = paths.len().saturating_sub(MAX_NAMES);
    if more > 0 {
        let _ = writeln!(out, "  and {more} more; `--format json` lists all");
    }
}

/// Whether `action` can end this killed run.
fn can_end_by(pending: &JournalReport, action: RecoverAction) -> bool {
    let none = |groups: &[FileProgress]| !pending.files.iter().any(|(_, progress)| groups.contains(progress));
    match action {
        RecoverAction::Keep => true,
        _ if pending.refused.is_some() => false,
        RecoverAction::Finish => {
            pending.stage != JournalStage::Staging && none(&[FileProgress::Changed, FileProgress::Edited])
        }
        // A run that has reported its changes is done: undo would only remove temporary files, as the others do.
        RecoverAction::Undo => pending.stage != JournalStage::Reported && none(&[FileProgress::Changed]),
    }
}

fn to_json(pending: &[JournalReport], ended: Option<&str>, changed: &[Change]) -> String {
    let of = |pending: &JournalReport| {
        json!({
            "journal": pending.journal,
            "stage": match pending.stage {
                JournalStage::Staging => "staging",
                JournalStage::Decided => "decided",
                JournalStage::Reported => "told",
            },
            "run": pending.run,
            "begun": pending.begun,
            "refused": pending.refused,
            "files": pending.files.iter().map(|(change, progress)| {
                let progress = match progress {
                    FileProgress::Waiting => "waiting",
                    FileProgress::InPlace => "in-place",
                    FileProgress::Edited => "edited",
                    FileProgress::Changed => "changed",
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
    // Somebody could guess the content of a private file from its digest.
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
