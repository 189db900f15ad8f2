//! `glassbox predict`: classes or values of new images and tables.

use std::path::{Path, PathBuf};

use glassbox_train::{Prediction, Predictor};
use serde_json::{Map, Value, json};

use crate::arguments::Predict;
use crate::commands::eval::weights;
use crate::failure::Failure;
use crate::format::{percent, score};
use crate::run_names;
use crate::terminal::say;

pub fn run(arguments: &Predict) -> Result<(), Failure> {
    let (folder, _) = run_names::find(&arguments.run, &arguments.runs.path)?;
    let predictor = Predictor::load(&weights(&folder, arguments.checkpoint))?;
    let files = expand(&arguments.files)?;
    let mut failures = 0;
    for file in &files {
        // A file that cannot be read does not keep the others from being predicted.
        match predictor.predict_file(file) {
            Ok(predictions) => {
                for (index, prediction) in predictions.iter().enumerate() {
                    let row = (predictions.len() > 1).then_some(index + 1);
                    show(file, row, prediction, arguments);
                }
            }
            Err(error) => {
                eprintln!("{error}");
                failures += 1;
            }
        }
    }
    match failures {
        0 => Ok(()),
        count => Err(Failure::Failed(format!("{count} of {} files failed", files.len()))),
    }
}

/// The files, and those in the folders, in order of their names.
fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |error| Failure::Failed(format!("error: {}: {error}", path.display()));
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?.path();
            let hidden =
                entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if entry.is_file() && !hidden {
                inside.push(entry);
            }
        }
        if inside.is_empty() {
            return Err(Failure::Usage(format!("{} has no files", path.display())));
        }
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

fn show(file: &Path, row: Option<usize>, prediction: &Prediction, arguments: &Predict) {
    if arguments.json {
        say!("{}", object(file, row, prediction));
        return;
    }
    let place = match row {
        Some(row) => format!("{}:{row}", file.display()),
        None => file.display().to_string(),
    };
    let parts: Vec<String> = match prediction {
        Prediction::Classes(classes) => classes
            .iter()
            .take(arguments.top as usize)
            .map(|class| format!("{} {}", class.name, percent(f64::from(class.probability))))
            .collect(),
        Prediction::Values(values) => {
            values.iter().map(|value| format!("{} {}", value.name, score(value.value))).collect()
        }
    };
    say!("{place}  {}", parts.join("  "));
}

/// `{"file": …, "class": …, "probability": …, "probabilities": {…}}`, or the values by name.
fn object(file: &Path, row: Option<usize>, prediction: &Prediction) -> Value {
    let mut object = json!({ "file": file });
    if let Some(row) = row {
        object["row"] = row.into();
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
    object
}
