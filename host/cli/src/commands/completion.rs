//! `lockstep completion`: prints the completion script for a shell, with the steps and their flags.

use clap::builder::PossibleValuesParser;
use clap::{ArgMatches, Command};
use clap_complete::Shell;
use lockstep_model::info::StepInfo;
use std::io::{self, Write as _};

pub(super) fn main(command: Command, infos: &[StepInfo], matches: &ArgMatches) -> io::Result<()> {
    let mut command = with_words(command, infos);
    let shell = matches.get_one::<Shell>("shell").copied().unwrap_or(Shell::Bash);
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "lockstep", &mut script);
    io::stdout().lock().write_all(&script)
}

/// Adds the words that a value can be. A run has its own check of them, with a better message.
fn with_words(command: Command, infos: &[StepInfo]) -> Command {
    let names = PossibleValuesParser::new(infos.iter().map(|info| info.name.clone()));
    let describe = |command: Command| command.mut_arg("step", |arg| arg.value_parser(names));
    let run = |run: Command| {
        infos.iter().fold(run, |run, info| {
            run.mut_subcommand(&info.name, |step| {
                info.inputs.iter().filter(|input| !input.choices.is_empty()).fold(step, |step, input| {
                    let words = input.choices.iter().map(|choice| choice.name.clone());
                    let words = PossibleValuesParser::new(words);
                    step.mut_arg(&input.name, |arg| arg.value_parser(words))
                })
            })
        })
    };
    command.mut_subcommand("describe", describe).mut_subcommand("run", run)
}
