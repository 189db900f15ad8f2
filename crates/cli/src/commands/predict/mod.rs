//! `glassbox predict`: classes or values of new images, tables and texts.

mod inputs;
mod show;
use glassbox_data::Unlike;
use glassbox_runs::{FilePredictions, Predictor};

use self::inputs::{Input, Opened, expand};
use self::show::Shown;
use crate::arguments::Predict;
use crate::failure::Failure;
use crate::kept::weights;
use crate::run_names;
use crate::terminal::complain;

/// The most warnings and errors of one file that are told in full.
const MOST_TOLD: usize = 10;

pub fn run(arguments: &Predict) -> Result<(), Failure> {
    let (folder, _) = run_names::find(&arguments.run, &arguments.runs.path)?;
    let predictor = Predictor::load(&weights(&folder, arguments.checkpoint)?)?;
    let (inputs, mut tally) = expand(&arguments.files, &predictor.config().learned.reader);
    let mut shown = Shown::new(arguments);
    for input in &inputs {
        let unknown = arguments.unknown.map(Into::into);
        let file = input.open();
        let outcome = match &file {
            Ok(file) => predictor
                .predict_items(file.path(), unknown)
                .map(|predictions| (file, predictions))
                .map_err(|error| file.called(&error.to_string())),
            Err(message) => Err(message.clone()),
        };
        tally.files += 1;
        match outcome {
            Ok((file, predictions)) => {
                tell(input, file, &predictions, &mut tally);
                if !shown.file(input, &predictions)? {
                    return Ok(()); // the reader has seen enough
                }
            }
            // A file that cannot be read does not keep the others from being predicted.
            Err(message) => {
                complain!("{message}");
                tally.failed_files += 1;
            }
        }
    }
    shown.end()?;
    tally.outcome()
}

/// Files and rows, and those among them that were not predicted.
#[derive(Default)]
struct Tally {
    files: usize,
    failed_files: usize,
    rows: usize,
    failed_rows: usize,
}

impl Tally {
    fn outcome(&self) -> Result<(), Failure> {
        let Self { files, failed_files, rows, failed_rows } = self;
        let mut parts = Vec::new();
        if *failed_files > 0 {
            parts.push(format!("{failed_files} of {files} files failed"));
        }
        if *failed_rows > 0 {
            parts.push(format!("{failed_rows} of {rows} rows could not be predicted"));
        }
        match parts.is_empty() {
            true => Ok(()),
            false => Err(Failure::Failed(format!("GB0344 × {}", parts.join(", ")))),
        }
    }
}

/// Tells on the standard error stream what cannot be predicted, and what is unlike the training.
fn tell(input: &Input, file: &Opened<'_>, predictions: &FilePredictions, tally: &mut Tally) {
    let name = input.name();
    for note in &predictions.notes {
        complain!("note: {}", file.called(note));
    }
    let mut failed = 0;
    for item in &predictions.items {
        tally.rows += usize::from(item.row.is_some());
        if let (Err(error), Some(row)) = (&item.outcome, item.row) {
            failed += 1;
            if failed <= MOST_TOLD {
                let error = file.called(&error.to_string());
                complain!("{name}, row {}: {error}", row.number);
            }
        }
    }
    if failed > MOST_TOLD {
        complain!("{name}: {} more rows could not be predicted", failed - MOST_TOLD);
    }
    tally.failed_rows += failed;
    for text in Unlike::shortened(predictions.warnings.clone(), MOST_TOLD) {
        complain!("warning: {name}: {text}");
    }
    // Of a table the warnings above tell all columns; an image has its own.
    for item in predictions.items.iter().filter(|item| item.row.is_none()) {
        if predictions.warnings.is_empty() {
            item.warnings.iter().for_each(|text| complain!("warning: {name}: {text}"));
        }
    }
}
