//! How a command ends when it does not succeed.

use std::path::Path;
use std::process::ExitCode;

use glassbox_recipe::{Problem, Report};
use glassbox_report::ReportError;
use glassbox_runs::{RunError, atomic};
use glassbox_train::{CheckpointError, DataError, TrainError};

use crate::terminal::{self, complain};

/// Why a command did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// The command line or the recipe is wrong (exit status 2).
    Usage(String),
    /// The recipe or its data is wrong (exit status 2, or 1 when only data is).
    Recipe(Box<Report>),
    /// Something failed (exit status 1).
    Failed(String),
    /// The user stopped training; everything is saved (exit status 130).
    Interrupted,
}

impl Failure {
    /// A file or folder that cannot be written.
    pub fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::Failed(format!("error: {}: {error}", path.display()))
    }

    /// What went wrong, as text.
    pub fn message(&self) -> String {
        match self {
            Self::Usage(message) | Self::Failed(message) => message.clone(),
            Self::Recipe(report) => report.to_string(),
            Self::Interrupted => "interrupted".into(),
        }
    }

    /// Tells the user and gives the exit status.
    pub fn report(&self) -> ExitCode {
        match self {
            Self::Usage(message) => {
                complain!("error: {message}");
                ExitCode::from(2)
            }
            Self::Recipe(report) => {
                let drawn = report.render(terminal::error_style());
                terminal::complain_drawn(drawn.trim_end_matches('\n'));
                let only_data =
                    report.problems().iter().all(|problem| !is_recipe_code(problem.code));
                ExitCode::from(if only_data { 1 } else { 2 })
            }
            Self::Failed(message) => {
                complain!("{message}");
                ExitCode::from(1)
            }
            Self::Interrupted => ExitCode::from(130),
        }
    }
}

/// Whether all lines of the standard output are written: a full disk must not pass for a result.
pub fn all_written() -> Result<(), Failure> {
    match terminal::all_written() {
        true => Ok(()),
        false => Err(Failure::Failed("error: the standard output cannot be written".into())),
    }
}

/// Writes a whole file or leaves it as it was.
pub fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    atomic::write(path, text.as_bytes()).map_err(|error| Failure::file(path, &error))
}

/// Whether a code is about the recipe or the shapes it makes.
fn is_recipe_code(code: &str) -> bool {
    code.starts_with("GB01") || code.starts_with("GB02")
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Self::Recipe(Box::new(report))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Report::of(problem).into()
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}
