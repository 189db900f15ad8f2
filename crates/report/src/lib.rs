//! What a run looks like: its curves, how far back its error reaches, what its units do, as plots
//! and as a page for a browser. Everything is drawn from the files of the run.

#![forbid(unsafe_code)]

mod comparison;
mod curves;
mod lag_plot;
mod page;
mod plots;
mod recipe_view;
mod settings;
mod states;

pub use comparison::compare_plots;
pub use curves::{Context, Curves, EpochScores, Step, baseline_title};
pub use lag_plot::{lag_plots, lags_of};
pub use page::{Page, SampleText};
pub use plots::{HeatMap, Line, LinePlot, Mark, Meaning, panels};
pub use settings::{ChangedSetting, Settings, changes, differing};
pub use states::StateMap;

/// Why nothing was drawn or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file of the run could not be read.
    #[error(
        "GB0514 × {}: cannot be read: {source}\n  help: the run may not have got that far; `glassbox \
         runs ls` shows how far it is",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: std::path::PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A plot could not be drawn.
    #[error("a plot cannot be drawn: {0}")]
    Plot(String),
}
