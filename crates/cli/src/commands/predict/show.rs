//! Predictions on the standard output: lines as text, or one JSON object for each item.

use std::borrow::Cow;
use std::io::{self, BufWriter, Stdout, Write};
use std::path::Path;

use glassbox_data::Row;
use glassbox_runs::{FilePredictions, ItemPrediction, Prediction};
use serde_json::{Map, Value, json};

use super::inputs::Input;
use crate::arguments::Predict;
use crate::failure::Failure;
use crate::format::{percent, quantity};
use crate::terminal;
use crate::wrapping::wrapped;

/// Where predictions are shown.
pub struct Shown<'a> {
    arguments: &'a Predict,
    out: BufWriter<Stdout>,
}

impl<'a> Shown<'a> {
    pub fn new(arguments: &'a Predict) -> Self {
        Self { arguments, out: BufWriter::new(io::stdout()) }
    }

    /// Shows the predictions of a file; false when there is nobody to read them.
    pub fn file(&mut self, input: &Input, predictions: &FilePredictions) -> Result<bool, Failure> {
        let written = predictions.items.iter().try_for_each(|item| {
            let Ok(prediction) = &item.outcome else { return Ok(()) };
            let line = match self.arguments.json {
                true => object(input.path(), item, prediction).to_string(),
                false => wrapped(&self.line(input, item.row, prediction), terminal::width()),
            };
            writeln!(self.out, "{line}")
        });
        going_on(written.and_then(|()| self.out.flush()))
    }

    /// Writes what is left.
    pub fn end(mut self) -> Result<(), Failure> {
        going_on(self.out.flush()).map(drop)
    }

    /// `new.csv:1  left 98.2 %  right 1.8 %`: the row, not the line.
    fn line(&self, input: &Input, row: Option<Row>, prediction: &Prediction) -> String {
        let place = match row {
            Some(row) => format!("{}:{}", input.name(), row.number),
            None => input.name(),
        };
        let parts: Vec<String> = match prediction {
            Prediction::Classes(classes) => classes
                .iter()
                .take(self.arguments.top as usize)
                .map(|class| {
                    let probability = percent(f64::from(class.probability));
                    format!("{} {probability}", seen(&class.name))
                })
                .collect(),
            Prediction::Values(values) => values
                .iter()
                .map(|value| format!("{} {}", value.name, quantity(value.value)))
                .collect(),
        };
        format!("{place}  {}", parts.join("  "))
    }
}

/// Whether to go on after writing: a pipe that was closed (`| head`) is no failure, a full disk is.
fn going_on(written: io::Result<()>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::Failed(format!("error: the standard output: {error}"))),
    }
}

/// `{"file": …, "class": …, "probability": …, "probabilities": {…}}`, or the values by name. A row
/// of a file has its `row` and `line`; an item that is unlike the training has `warnings`.
fn object(file: &Path, item: &ItemPrediction, prediction: &Prediction) -> Value {
    let mut object = json!({ "file": file.to_string_lossy() });
    // A name that is not UTF-8 cannot be given in JSON: its bytes, escaped, tell it exactly.
    if file.to_str().is_none() {
        let escaped = file.as_os_str().as_encoded_bytes().escape_ascii().to_string();
        object["file_escaped"] = escaped.into();
    }
    if let Some(row) = item.row {
        object["row"] = row.number.into();
        object["line"] = row.line.into();
    }
    match prediction {
        Prediction::Classes(classes) => {
            if let Some(best) = classes.first() {
                object["class"] = best.name.clone().into();
                object["probability"] = best.probability.into();
            }
            let all: Map<String, Value> = classes
                .iter()
                .map(|class| (class.name.clone(), class.probability.into()))
                .collect();
            object["probabilities"] = all.into();
        }
        Prediction::Values(values) => {
            let all: Map<String, Value> =
                values.iter().map(|value| (value.name.clone(), value.value.into())).collect();
            object["values"] = all.into();
        }
    }
    if !item.warnings.is_empty() {
        object["warnings"] = json!(item.warnings);
    }
    object
}

/// A name that can be seen: a blank or the end of a line, as tokens are, in quotation marks.
fn seen(name: &str) -> Cow<'_, str> {
    match name.trim() != name || name.is_empty() || name.contains(char::is_control) {
        true => format!("{name:?}").into(),
        false => name.into(),
    }
}
