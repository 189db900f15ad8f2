//! `glassbox data`: what a recipe's data is, before a model learns from it.

use std::path::PathBuf;

use glassbox_data::sources::csv::Survey;
use glassbox_data::{ClassCount, DataSource, Inspection, Numbers, Prepared};
use glassbox_train::data::{Distribution, InputStore};
use serde_json::{Value, json};

use crate::arguments::Data;
use crate::columns;
use crate::failure::Failure;
use crate::format::{bytes, counted, quantity, thousands};
use crate::layout::{Column, Table, cut};
use crate::preparation::{self, Preparation};
use crate::terminal::{say, say_wrapped};

/// Rows of a list that are shown; the others are counted. `--json` has all.
const SHOWN: usize = 40;
/// Cells of a name that are shown.
const NAME: usize = 34;
/// Items that are shown.
const SAMPLES: usize = 3;

pub fn run(arguments: &Data) -> Result<(), Failure> {
    let prepared =
        preparation::prepare_quietly(arguments.recipe.as_deref(), &arguments.overrides.set)?;
    let Preparation { experiment, data, .. } = &prepared;
    let inspection = Inspection::of(data);
    let survey = match &experiment.data.source {
        DataSource::Csv(config) => {
            let found = config.survey(std::path::Path::new(""));
            Some(found.map_err(|error| Failure::Failed(error.to_string()))?)
        }
        _ => None,
    };
    let images = preview(arguments, &prepared)?;
    if arguments.json {
        say!("{}", object(&inspection, survey.as_ref(), images.as_ref(), &prepared));
        return Ok(());
    }
    let dataset = &data.dataset;
    say!("{}: {} of {}", dataset.name(), counted(dataset.len(), "item"), dataset.item_shape());
    let parts: Vec<String> = inspection
        .parts
        .iter()
        .map(|(name, count)| format!("{name} {}", thousands(*count as u64)))
        .collect();
    let memory = bytes(inspection.memory as u64);
    say_wrapped(&format!("  {}; {memory} in memory", parts.join(", ")));
    print_columns(data, survey.as_ref());
    print_numbers("inputs", &inspection.inputs);
    print_numbers("targets", &inspection.values);
    print_classes(&inspection.classes);
    print_duplicates(&inspection);
    print_samples(data);
    if let Some(path) = &images {
        let path = path.display();
        say_wrapped(&format!("images: {path}, each row an item, then as augmentation changes it"));
    }
    inspection.warnings.iter().for_each(|warning| say_wrapped(&format!("warning: {warning}")));
    Ok(())
}

/// Writes the picture of training images, if they are images or one was asked for.
fn preview(arguments: &Data, prepared: &Preparation) -> Result<Option<PathBuf>, Failure> {
    let Preparation { experiment, data, .. } = prepared;
    let path = match (&arguments.images, data.dataset.is_image()) {
        (Some(path), _) => path.clone(),
        (None, true) => PathBuf::from(format!("{}-images.png", experiment.run.name)),
        (None, false) => return Ok(None),
    };
    data.write_preview(&experiment.augment, experiment.run.seed, &path)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(Some(path))
}

fn print_columns(data: &Prepared, survey: Option<&Survey>) {
    let lines = columns::lines(data);
    if lines.is_empty() {
        return;
    }
    say!("columns");
    lines.iter().for_each(|line| say_wrapped(line));
    let Some(survey) = survey else { return };
    let used = columns::used(data);
    let unused: Vec<&str> = survey
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|name| used.iter().all(|read| read.column.name != *name))
        .collect();
    if !unused.is_empty() {
        say_wrapped(&format!("  left out {}", unused.join(", ")));
    }
    for column in survey.columns.iter().filter(|column| column.missing > 0) {
        let all = column.missing + column.values;
        let (name, missing) = (&column.name, column.missing);
        say_wrapped(&format!("  missing  {name}: {missing} of {}", thousands(all)));
    }
}

fn print_numbers(title: &str, numbers: &[Numbers]) {
    if numbers.is_empty() {
        return;
    }
    let mut columns = vec![Column::words(title)];
    columns.extend(["min", "max"].map(Column::numbers));
    columns.push(Column::numbers("mean").rank(2));
    columns.push(Column::numbers("std").rank(1));
    let mut table = Table::new(columns);
    for Numbers { name, distribution: Distribution { min, max, mean, std } } in
        numbers.iter().take(SHOWN)
    {
        let values = [min, max, mean, std].map(|value| quantity(*value));
        let name = format!("  {}", cut(name, NAME));
        table.push(std::iter::once(name).chain(values).collect());
    }
    table.print();
    more(numbers.len());
}

fn print_classes(classes: &[ClassCount]) {
    if classes.is_empty() {
        return;
    }
    let parts = ["train", "valid", "test"].map(Column::numbers);
    let mut table = Table::new(std::iter::once(Column::words("classes")).chain(parts).collect());
    for ClassCount { name, train, valid, test } in classes.iter().take(SHOWN) {
        let counts = [train, valid, test].map(|count| count.to_string());
        let name = format!("  {}", cut(name, NAME));
        table.push(std::iter::once(name).chain(counts).collect());
    }
    table.print();
    more(classes.len());
}

fn more(count: usize) {
    if count > SHOWN {
        say!("  … and {} more", thousands((count - SHOWN) as u64));
    }
}

fn print_duplicates(inspection: &Inspection) {
    let found = &inspection.duplicates;
    say_wrapped(&format!(
        "duplicates: {} in train, {} in valid, {} in test; {} of valid and {} of test are in train",
        found.train, found.valid, found.test, found.valid_in_train, found.test_in_train
    ));
}

fn print_samples(data: &Prepared) {
    let dataset = &data.dataset;
    if dataset.is_image() {
        return;
    }
    say!("samples of train, as read");
    for item in data.spread(SAMPLES) {
        say_wrapped(&format!("  {}", sample(data, item as usize)));
    }
}

/// An item as text: tokens put together, or the first values by name.
fn sample(data: &Prepared, item: usize) -> String {
    const VALUES: usize = 8;
    const CHARACTERS: usize = 60;
    let dataset = &data.dataset;
    let mut values = vec![0.0; dataset.item_shape().elements()];
    dataset.write_input(item, &mut values);
    if let Some(vocabulary) = data.reader.vocabulary() {
        let length = dataset.lengths().map_or(values.len(), |lengths| lengths[item] as usize);
        let mut text = Vec::new();
        values.iter().take(length).for_each(|&token| vocabulary.decode(token as i32, &mut text));
        let text: String = String::from_utf8_lossy(&text).chars().take(CHARACTERS).collect();
        return format!("{text:?} → {}", target(data, item));
    }
    let features = dataset.features();
    let values: Vec<f64> = match dataset.inputs() {
        // With all their digits, which single precision may not hold.
        InputStore::F64(all) => all[item * values.len()..][..values.len()].to_vec(),
        _ => values.iter().map(|&value| value.into()).collect(),
    };
    let named = values.iter().enumerate().take(VALUES).map(|(index, &value)| {
        let value = quantity(value);
        features.get(index).map_or(value.clone(), |feature| format!("{} {value}", feature.name))
    });
    let more = if values.len() > VALUES { ", …" } else { "" };
    format!("{}{more} → {}", named.collect::<Vec<_>>().join(", "), target(data, item))
}

fn target(data: &Prepared, item: usize) -> String {
    use glassbox_train::data::Targets;
    match data.dataset.targets() {
        Targets::Classes { labels, names } => names[labels[item] as usize].clone(),
        Targets::Values { values, width, .. } => {
            let values = values[item * width..][..*width].iter().map(|&value| quantity(value));
            values.collect::<Vec<_>>().join(", ")
        }
        Targets::Tokens { .. } => "what comes next".into(),
    }
}

fn object(
    inspection: &Inspection,
    survey: Option<&Survey>,
    images: Option<&PathBuf>,
    prepared: &Preparation,
) -> Value {
    let mut object = json!(inspection);
    object["name"] = prepared.data.dataset.name().into();
    object["kind"] = prepared.experiment.data.source.kind().into();
    object["columns"] = columns::json(&prepared.data);
    if let Some(survey) = survey {
        object["missing"] = survey
            .columns
            .iter()
            .map(|column| (column.name.clone(), Value::from(column.missing)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        object["delimiter"] = survey.delimiter.to_string().into();
    }
    if let Some(images) = images {
        object["images"] = images.display().to_string().into();
    }
    object
}
