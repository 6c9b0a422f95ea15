//! The commands, one file each. They print plain text; only a run has a log.

mod completion;
mod describe;
mod list;
mod recover;

use crate::args;
use crate::console::{PlainOutput, exit_code, print_error};
use crate::secrets;
use lockstep_model::exit::Exit;
use lockstep_model::info::StepInfo;
use lockstep_model::text;
use std::process::ExitCode;

/// Runs the command line.
pub(crate) fn main() -> ExitCode {
    // A keeper has the environment of the program that it starts, with the secrets of that program.
    if let Some(code) = lockstep_process::serve_keeper(std::env::args_os()) {
        return code;
    }
    let exit = match secrets::take() {
        Ok(secrets) => dispatch(secrets),
        Err(error) => {
            print_error(&format!("cannot take the secrets out of the environment: {error}"));
            Exit::Bug
        }
    };
    ExitCode::from(exit.code())
}

fn dispatch(secrets: secrets::Secrets) -> Exit {
    let given: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let words: Vec<String> = given.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let readable = given.iter().all(|word| word.to_str().is_some());
    if let Some(step) = args::step_name(&words) {
        let mistake = || crate::run::bad_usage("the command line is not UTF-8".to_owned(), step);
        return crate::run::main(step, &words, secrets, (!readable).then(mistake));
    }
    if !readable {
        print_error("the command line is not UTF-8");
        return Exit::Invalid;
    }
    let plain = match PlainOutput::new(&secrets) {
        Ok(plain) => plain,
        Err(error) => {
            print_error(&error.to_string());
            return Exit::Invalid;
        }
    };
    drop(secrets);
    // clap prints an unknown word unchanged.
    if let Some(word) = words.iter().find(|word| text::neutral(word) != **word) {
        let message =
            format!("the command line has a word with a control character: {}", text::neutral(word));
        plain.print_error(&message, None);
        return Exit::Invalid;
    }
    let infos = args::builtin_infos();
    let steps: Vec<(&str, &StepInfo)> = infos.iter().map(|info| (info.name.as_str(), info)).collect();
    let command = args::command(&steps);
    let matches = match command.clone().try_get_matches_from(&words) {
        Ok(matches) => matches,
        Err(error) => return plain.print_usage(&error),
    };
    let printed = match matches.subcommand() {
        Some(("list", matches)) => list::main(&infos, matches),
        Some(("describe", matches)) => return describe::main(&infos, matches, &plain),
        Some(("recover", matches)) => return recover::main(matches, &plain),
        Some(("completion", matches)) => completion::main(command, &infos, matches),
        _ => Ok(()),
    };
    exit_code(printed)
}
