//! The commands: one file each.

mod check;
mod compare;
mod data;
mod decided;
pub(crate) mod eval;
mod explain;
mod generate;
mod new;
mod predict;
pub(crate) mod report;
mod resume;
mod runs;
mod states;
mod summary;
mod train;

use crate::arguments::Command;
use crate::failure::Failure;

/// Runs a command.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::New(arguments) => new::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Data(arguments) => data::run(&arguments),
        Command::Summary(arguments) => summary::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Resume(arguments) => resume::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::States(arguments) => states::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Runs(arguments) => runs::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
    }
}
