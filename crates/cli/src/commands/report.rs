//! `glassbox report`: a run as a page for a browser.

use crate::arguments::Report;
use crate::failure::Failure;
use crate::report_page;
use crate::run_names;
use crate::terminal::say;

pub fn run(arguments: &Report) -> Result<(), Failure> {
    let (folder, record) = run_names::find(&arguments.run, &arguments.runs.path)?;
    say!("wrote {}", report_page::write(&folder, record)?.display());
    Ok(())
}
