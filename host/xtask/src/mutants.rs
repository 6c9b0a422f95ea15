//! Shows that the tests guard the guards: takes one guard at a time out of a copy of the sources, and fails
//! unless the test that holds it fails. It never touches the checkout.

use crate::{build, shell};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One guard taken out.
struct Mutant {
    /// What the code then no longer does.
    without: &'static str,
    /// The crate.
    package: &'static str,
    /// The file.
    file: &'static str,
    /// The text of the guard, and what stands there instead.
    guard: (&'static str, &'static str),
    /// The test that must then fail.
    test: &'static str,
}

const MUTANTS: [Mutant; 31] = [
    Mutant {
        without: "the files of the checkout as arguments of a program",
        package: "lockstep-process",
        file: "host/process/src/find.rs",
        guard: (
            "find(|arg| self.checkout.is_mentioned_in(arg))",
            "find(|arg| false && self.checkout.is_mentioned_in(arg))",
        ),
        test: "find::tests::no_program_of_the_checkout_is_found",
    },
    Mutant {
        without: "the refusal of links among the folders of the host's own files",
        package: "lockstep-workspace",
        file: "host/capabilities/workspace/src/own/location.rs",
        guard: ("(false, _) if self.closed => return", "(false, _) if false => return"),
        test: "own::tests::a_link_among_the_folders_of_a_checkout_is_refused",
    },
    Mutant {
        without: "the kind of a document that the host replaces",
        package: "lockstep-workspace",
        file: "host/capabilities/workspace/src/own/write.rs",
        guard: ("let may_go = start.is_empty() ||", "let may_go = true || start.is_empty() ||"),
        test: "own::tests::a_document_replaces_its_own_kind_and_no_other_file",
    },
    Mutant {
        without: "the birth of a journal",
        package: "lockstep-workspace",
        file: "host/capabilities/workspace/src/journal.rs",
        guard: ("if written == found => None", "if written == written && found == found => None"),
        test: "tests::foreign::a_planted_journal_is_ignored",
    },
    Mutant {
        without: "the pieces of a secret at a cut",
        package: "lockstep-model",
        file: "host/model/src/redact/search.rs",
        guard: ("Edge::Marked => true,", "Edge::Marked => false,"),
        test: "redact::tests::a_piece_of_a_secret_at_a_cut_is_redacted",
    },
    Mutant {
        without: "the pieces of a token anywhere",
        package: "lockstep-model",
        file: "host/model/src/redact/search.rs",
        guard: ("Edge::None => is_random(", "Edge::None => false && is_random("),
        test: "redact::tests::the_beginning_and_the_end_of_a_token_are_found_anywhere",
    },
    Mutant {
        without: "the place of a program that is named by its path",
        package: "lockstep-process",
        file: "host/process/src/find.rs",
        guard: ("return match self.checkout.holds(&path) {", "return match false {"),
        test: "find::tests::no_program_of_the_checkout_is_found",
    },
    Mutant {
        without: "the branches of a right on a repository",
        package: "lockstep-model",
        file: "host/model/src/repository/scope.rs",
        guard: (
            "(ScopeSelector::Branches(pattern), RepositoryPart::Branch(branch)) => pattern.matches(branch),",
            "(ScopeSelector::Branches(_), RepositoryPart::Branch(_)) => true,",
        ),
        test: "repository::tests::a_scope_covers_only_its_own_parts",
    },
    Mutant {
        without: "the lease of a push",
        package: "lockstep-repository",
        file: "host/capabilities/repository/src/push.rs",
        guard: ("PushTarget::OnTopOf(expected) => parent == expected,", "PushTarget::OnTopOf(_) => true,"),
        test: "tests::pushes::a_push_never_overwrites_commits_of_others",
    },
    Mutant {
        without: "the seal of a commit that is dropped",
        package: "lockstep-repository",
        file: "host/capabilities/repository/src/push.rs",
        guard: ("history.first().filter(|head| head.sealed)", "history.first()"),
        test: "tests::pushes::a_push_replaces_only_commits_of_runs",
    },
    Mutant {
        without: "the content of a commit that a server makes",
        package: "lockstep-repository",
        file: "host/capabilities/repository/src/commit.rs",
        guard: ("parts.next() != Some(*tree)", "parts.next().is_none()"),
        test: "tests::signs::a_commit_of_the_server_that_differs_is_refused",
    },
    Mutant {
        without: "the base of a right on pull requests",
        package: "lockstep-model",
        file: "host/model/src/repository/scope.rs",
        guard: (
            "bases.matches(base) && branches.matches(branch)",
            "(bases.matches(base) || true) && branches.matches(branch)",
        ),
        test: "repository::tests::a_scope_covers_only_its_own_parts",
    },
    Mutant {
        without: "the server that a token is for",
        package: "lockstep-repository",
        file: "host/capabilities/repository/src/login.rs",
        guard: ("login.origin.as_ref() == Some(&origin)", "login.origin.is_some()"),
        test: "login::tests::a_token_goes_to_its_server_and_nowhere_else",
    },
    Mutant {
        without: "the origin of a URL",
        package: "lockstep-model",
        file: "host/model/src/web.rs",
        guard: ("if self.origin() != other.origin() {", "if false {"),
        test: "web::tests::an_origin_covers_only_urls_below_it",
    },
    Mutant {
        without: "the plain form of a host",
        package: "lockstep-model",
        file: "host/model/src/web.rs",
        guard: ("spelled != host", "false"),
        test: "web::tests::hosts_that_resemble_another_are_refused",
    },
    Mutant {
        without: "the namespace of a right on a cluster",
        package: "lockstep-model",
        file: "host/model/src/resource.rs",
        guard: ("namespace && kind && name", "kind && name"),
        test: "resource::tests::a_scope_covers_only_its_own_objects",
    },
    Mutant {
        without: "the fixed protection of Secrets",
        package: "lockstep-model",
        file: "host/model/src/resource.rs",
        guard: ("if credentials {", "if false {"),
        test: "resource::tests::credentials_are_out_of_reach_however_they_are_spelled",
    },
    Mutant {
        without: "the scope check of the gate",
        package: "lockstep-model",
        file: "host/model/src/gate.rs",
        guard: ("if let Some(right) = needed {", "if let Some(right) = needed.filter(|_| false) {"),
        test: "gate::tests::a_denied_call_is_not_executed_and_ends_the_run",
    },
    Mutant {
        without: "the right to read a file that is sent",
        package: "lockstep-model",
        file: "host/model/src/gate.rs",
        guard: ("if let Some(path) = &source {", "if let Some(path) = source.as_ref().filter(|_| false) {"),
        test: "gate::tests::one_denied_call_stops_all_of_its_batch",
    },
    Mutant {
        without: "the rule that calls made together are all allowed",
        package: "lockstep-model",
        file: "host/model/src/gate.rs",
        guard: ("first?;", "drop(first);"),
        test: "gate::tests::one_denied_call_stops_all_of_its_batch",
    },
    Mutant {
        without: "the end of a prefix",
        package: "lockstep-model",
        file: "host/model/src/object.rs",
        guard: ("self.is_prefix() && other", "other"),
        test: "object::tests::only_names_below_a_prefix_are_covered",
    },
    Mutant {
        without: "the memory of a denial",
        package: "lockstep-model",
        file: "host/model/src/gate.rs",
        guard: ("state.denial.get_or_insert_with(|| reason.clone());", "drop(reason.clone());"),
        test: "gate::tests::a_denial_by_the_capability_ends_the_run",
    },
    Mutant {
        without: "the budget of calls",
        package: "lockstep-model",
        file: "host/model/src/gate.rs",
        guard: ("if state.calls > self.limits.calls {", "if false {"),
        test: "gate::tests::calls_are_counted_and_the_one_past_the_limit_closes_the_gate",
    },
    Mutant {
        without: "the gate that a denial closes",
        package: "lockstep-model",
        file: "host/model/src/gate.rs",
        guard: ("state.close(&format!(\"denied: {reason}\"));", ""),
        test: "gate::tests::after_a_denial_the_gate_executes_records_and_counts_no_call",
    },
    Mutant {
        without: "the fixed protection of .git and CI files",
        package: "lockstep-model",
        file: "host/model/src/grant.rs",
        guard: ("if let Some(reason) = fixed {", "if let Some(reason) = fixed.filter(|_| false) {"),
        test: "grant::tests::no_grant_opens_a_protected_file",
    },
    Mutant {
        without: "the refusal of `..`",
        package: "lockstep-model",
        file: "host/model/src/path.rs",
        guard: ("matches!(part, \"\" | \".\" | \"..\")", "matches!(part, \"\" | \".\")"),
        test: "path::tests::plain_paths_pass_and_everything_else_is_refused",
    },
    Mutant {
        without: "the rule that only its name opens standard input",
        package: "lockstep-model",
        file: "host/model/src/scope.rs",
        guard: (
            "Self::Files(pattern) if path.is_stdin() =>",
            "Self::Files(pattern) if false && path.is_stdin() =>",
        ),
        test: "grant::tests::only_a_scope_that_spells_it_opens_standard_input",
    },
    Mutant {
        without: "the silence after a mask that was refused",
        package: "lockstep-model",
        file: "host/model/src/gate.rs",
        guard: (
            "state.exhaust(format!(\n                \"the component masked",
            "drop(format!(\n                \"the component masked",
        ),
        test: "gate::tests::a_refused_mask_ends_all_reports",
    },
    Mutant {
        without: "the displayed form of a sensitive output",
        package: "lockstep-model",
        file: "host/model/src/outputs.rs",
        guard: ("OutputValue::Sensitive { display: text, .. }", "OutputValue::Sensitive { value: text, .. }"),
        test: "render::tests::sensitive::only_the_outputs_of_the_platform_hold_the_exact_text",
    },
    Mutant {
        without: "the mode of a private file",
        package: "lockstep-workspace",
        file: "host/capabilities/workspace/src/commit.rs",
        guard: ("_ if file.private => own,", "_ if file.private => own | Mode::RGRP | Mode::ROTH,"),
        test: "only_its_owner_can_read_a_private_file",
    },
    Mutant {
        without: "the refusal of symbolic links",
        package: "lockstep-workspace",
        file: "host/capabilities/workspace/src/walk.rs",
        guard: ("OFlags::NOFOLLOW", "OFlags::empty()"),
        test: "links",
    },
];

/// Runs every mutant.
pub(crate) fn mutants(root: &Path) -> Result<()> {
    let copy = build::target(root).join("mutants");
    for mutant in &MUTANTS {
        copy_sources(root, &copy)?;
        let file = copy.join(mutant.file);
        let text = fs::read_to_string(&file).with_context(|| mutant.file)?;
        let (guard, instead) = mutant.guard;
        if !text.contains(guard) {
            bail!("{}: the guard `{guard}` is not there any more; update the list of mutants", mutant.file);
        }
        fs::write(&file, text.replace(guard, instead))?;
        if passes(root, &copy, mutant)? {
            bail!("without {}, `{}` still passes: it guards nothing", mutant.without, mutant.test);
        }
        shell::say(&format!("    without {}: caught", mutant.without));
    }
    Ok(())
}

/// Whether the test of a mutant passes in the copy. That it ran at all is part of the question.
fn passes(root: &Path, copy: &Path, mutant: &Mutant) -> Result<bool> {
    let mut test = shell::cargo(copy);
    test.args(["test", "--locked", "--quiet", "--lib", "--package", mutant.package, mutant.test]);
    // Each program runs one test once: what counts is the time to build it.
    let quick = ["package.\"*\".opt-level=0", "package.lockstep-model.opt-level=0", "debug=false"];
    for setting in quick {
        test.arg("--config").arg(format!("profile.dev.{setting}"));
    }
    // Into the checkout's own folder: libraries are built once for both.
    let output = test.env("CARGO_TARGET_DIR", build::target(root)).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let ran =
        text.lines().any(|line| line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed"));
    if !ran {
        bail!("`{}` did not run:\n{}", mutant.test, String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.status.success())
}

/// Copies what git tracks, so that the copy builds like the checkout. Unchanged files keep their time, and what is not
/// tracked any more goes.
fn copy_sources(root: &Path, copy: &Path) -> Result<()> {
    let files = shell::output(std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root))?;
    let files = String::from_utf8(files)?;
    let mut copied = BTreeSet::new();
    for name in files.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), copy.join(name));
        // A file that was deleted but not yet committed is not part of the sources.
        let Ok(content) = fs::read(&from) else { continue };
        fs::create_dir_all(to.parent().unwrap_or(copy))?;
        build::write_if_changed(&to, &content)?;
        copied.insert(to);
    }
    forget_others(copy, &copied)
}

/// Removes every file below a folder that is not among these, and the folders that held only such.
fn forget_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            forget_others(&path, kept)?;
            // One that is not empty stays.
            let _ = fs::remove_dir(&path);
        } else if !kept.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
