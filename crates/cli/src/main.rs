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
mod run_names;
mod session;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

/// Faster than the system's allocator for the few allocations that training makes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    match commands::run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
