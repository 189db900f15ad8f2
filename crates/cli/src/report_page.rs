//! The report of a run, in its folder.

use std::path::PathBuf;

use glassbox_data::InputReader;
use glassbox_report::{Page, StateMap};
use glassbox_runs::{Predictor, RunFolder, RunRecord};

use crate::failure::{Failure, write_file};

/// Units and tokens of the heat map.
const UNITS: usize = 40;
const TOKENS: usize = 90;

/// Writes the report of a run into its folder.
pub fn write(folder: &RunFolder, record: RunRecord) -> Result<PathBuf, Failure> {
    let mut page = Page::read(folder, record)?;
    if let Some(sample) = page.samples().last() {
        // What was read from the samples may have been changed by hand: then there is no map.
        let text: String = sample.text.chars().take(TOKENS).collect();
        page.states = states(folder, &text).map(|map| map.heat_map(UNITS));
    }
    let (path, html) = (folder.report(), page.html()?);
    write_file(&path, &html)?;
    Ok(path)
}

/// What the last recurrent layer of the best weights does while it reads `text`.
fn states(folder: &RunFolder, text: &str) -> Option<StateMap> {
    let predictor = Predictor::load(&folder.best_weights()).ok()?;
    let InputReader::Text(vocabulary) = &predictor.config().learned.reader else { return None };
    let maps = (0..)
        .map_while(|index| StateMap::of(predictor.model(), vocabulary, text, index).ok().flatten());
    maps.last()
}
