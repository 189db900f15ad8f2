//! The commands: one file each.

mod check;
pub(crate) mod eval;
mod explain;
mod generate;
mod new;
mod predict;
mod resume;
mod runs;
mod summary;
mod train;

use crate::arguments::Command;
use crate::failure::Failure;

/// Runs a command.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::New(arguments) => new::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Summary(arguments) => summary::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Resume(arguments) => resume::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Runs(arguments) => runs::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
    }
}
