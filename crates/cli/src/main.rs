//! The `glassbox` command: train, resume, evaluate and predict from a recipe.
#![forbid(unsafe_code)]

mod arguments;
mod beginning;
mod columns;
mod commands;
mod embedded;
mod failure;
mod fit;
mod format;
mod interrupt;
mod kept;
mod layout;
mod preparation;
mod progress;
mod report_page;
mod run_facts;
mod run_names;
mod session;
mod terminal;
mod wrapping;

use std::process::ExitCode;

use clap::Parser;

/// Faster than the system's allocator for the few allocations that training makes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(message) => return told(&message),
    };
    match commands::run(arguments.command).and_then(|()| failure::all_written()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Help, the version, or what is wrong with the arguments.
fn told(message: &clap::Error) -> ExitCode {
    let printed = message.print();
    if message.use_stderr() {
        return ExitCode::from(2);
    }
    terminal::written(printed);
    failure::all_written().map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS)
}
