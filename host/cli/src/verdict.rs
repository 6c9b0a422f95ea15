//! Decides how a run ended, from the end of its component and the call log. These functions are pure.

use lockstep_engine::guest::GuestExit;
use lockstep_model::exit::Exit;
use lockstep_model::gate::CallLog;
use lockstep_model::host_code::HostCode;
use lockstep_model::protected;
use lockstep_model::report::RunEnd;

/// Makes the end of a run with a failure of the host, without a location.
pub(crate) fn run_end(code: HostCode, message: impl Into<String>, hint: Option<String>) -> RunEnd {
    RunEnd { exit: code.exit(), code: code.word().to_owned(), message: message.into(), hint, location: None }
}

/// The end of a run whose step succeeded.
pub(crate) fn done(message: String) -> RunEnd {
    RunEnd { exit: Exit::Done, code: "done".to_owned(), message, hint: None, location: None }
}

/// Decides how the run ended; `None` if the step succeeded. A denial or a used-up budget decides before the result of the
/// component.
pub(crate) fn of_run(ended: &GuestExit, log: &CallLog) -> Option<RunEnd> {
    if let Some(reason) = &log.denial {
        let hint = match protected::is_final(reason) {
            true => {
                "no input and no policy opens this file: leave it out of the inputs; docs/protected-files.md lists such names"
            }
            false if reason.ends_with(protected::OWN_FILE) => {
                "name another file in the inputs, or for the run"
            }
            false => "a step reaches only what its inputs name and the policy allows",
        };
        return Some(run_end(HostCode::Denied, format!("denied: {reason}"), Some(hint.to_owned())));
    }
    let limit = |reason: &str| run_end(HostCode::LimitExceeded, reason, None);
    match ended {
        GuestExit::Bug(reason) => Some(bug(reason)),
        GuestExit::Cancelled => Some(bug("the run was stopped without a signal")),
        GuestExit::Limit(reason) => Some(limit(reason)),
        GuestExit::Unlinked(reason) => Some(unknown_import(reason)),
        _ if log.exhausted.is_some() => log.exhausted.as_deref().map(limit),
        GuestExit::Trapped(reason) => Some(run_end(HostCode::Trapped, reason, None)),
        GuestExit::Failed(failure) => Some(rejection(failure.clone(), log)),
        GuestExit::Done(_) => None,
    }
}

/// The end of a run that a signal stopped.
pub(crate) fn cancelled(exit: Exit) -> RunEnd {
    let (signal, code) = match exit {
        Exit::Interrupted => ("SIGINT", HostCode::Interrupted),
        _ => ("SIGTERM", HostCode::Terminated),
    };
    let message = format!("cancelled: {signal} came before any file was changed");
    run_end(code, message, Some("run again".into()))
}

/// The end of a run whose step returned a failure. If the local system failed a call before, that is the cause: the same
/// cause has the same exit code in every step.
pub(crate) fn rejection(failure: RunEnd, log: &CallLog) -> RunEnd {
    let may_be_local = matches!(failure.exit, Exit::Rejected | Exit::Invalid | Exit::Unavailable);
    match log.local.as_ref().filter(|_| may_be_local) {
        Some(local) => {
            let message = match failure.message.contains(&local.reason) {
                true => failure.message,
                false => format!("{}: {}", failure.message, local.reason),
            };
            let hint = "the local system refused this, not a server: fix that, then run again".to_owned();
            RunEnd { location: failure.location, ..run_end(local.code, message, Some(hint)) }
        }
        None => RunEnd { code: code(&failure.code), ..failure },
    }
}

/// The end of a run whose component imports what the host does not offer.
pub(crate) fn unknown_import(message: &str) -> RunEnd {
    let hint =
        "build it against the contract in wit/ only; `lockstep describe` shows what a component imports";
    run_end(HostCode::UnknownImport, message, Some(hint.into()))
}

/// The end of a run by a bug in Lockstep.
pub(crate) fn bug(reason: &str) -> RunEnd {
    let hint = "this is a bug in lockstep; please report it with the receipt".to_owned();
    run_end(HostCode::Bug, reason, Some(hint))
}

/// The failure code of a component if it has a valid form, because scripts compare codes.
fn code(code: &str) -> String {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let valid = !code.is_empty() && code.len() <= 64 && code.chars().all(good);
    if valid { code.to_owned() } else { "unspecified".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::gate::LocalFault;

    /// The failure of a step.
    fn failure(exit: Exit, code: &str) -> RunEnd {
        RunEnd { exit, code: code.into(), message: String::new(), hint: None, location: None }
    }

    fn exit(ended: &GuestExit, log: &CallLog) -> Option<Exit> {
        of_run(ended, log).map(|ending| ending.exit)
    }

    #[test]
    fn a_denial_decides_before_the_result_of_the_component() {
        let log = CallLog { denial: Some("read `x`".into()), ..CallLog::default() };
        let failure = failure(Exit::Rejected, "no-match");
        for ended in [GuestExit::Done(vec![]), GuestExit::Failed(failure), GuestExit::Trapped("panic".into())]
        {
            assert_eq!(exit(&ended, &log), Some(Exit::Denied));
        }
    }

    #[test]
    fn a_local_fault_has_the_same_code_in_every_step() {
        let local = LocalFault { code: HostCode::Workspace, reason: "cannot read `x`: denied".into() };
        let log = CallLog { local: Some(local), ..CallLog::default() };
        for from in [Exit::Rejected, Exit::Invalid, Exit::Unavailable] {
            let failed = GuestExit::Failed(RunEnd {
                message: "1 of 3 failed".into(),
                hint: Some("make the bucket".into()),
                ..failure(from, "partial")
            });
            let ended = of_run(&failed, &log).unwrap();
            assert_eq!((ended.exit, ended.code.as_str()), (Exit::Invalid, "workspace"));
            assert_eq!(ended.message, "1 of 3 failed: cannot read `x`: denied");
            assert!(!ended.hint.unwrap().contains("bucket"));
        }
        let failed = GuestExit::Failed(failure(Exit::Credentials, "credentials"));
        assert_eq!(of_run(&failed, &log).unwrap().exit, Exit::Credentials);
        assert_eq!(of_run(&GuestExit::Done(vec![]), &log), None, "the step did without it");
    }

    #[test]
    fn each_end_has_its_code() {
        let log = CallLog::default();
        let full = CallLog { exhausted: Some("calls".into()), ..CallLog::default() };
        assert_eq!(exit(&GuestExit::Done(vec![]), &log), None);
        assert_eq!(exit(&GuestExit::Done(vec![]), &full), Some(Exit::LimitExceeded));
        assert_eq!(exit(&GuestExit::Trapped(String::new()), &log), Some(Exit::LimitExceeded));
        assert_eq!(exit(&GuestExit::Limit(String::new()), &log), Some(Exit::LimitExceeded));
        assert_eq!(exit(&GuestExit::Bug(String::new()), &log), Some(Exit::Bug));
        let failed = of_run(&GuestExit::Failed(failure(Exit::Invalid, "Not A Code")), &log).unwrap();
        assert_eq!((failed.exit, failed.code.as_str()), (Exit::Invalid, "unspecified"));
    }
}
