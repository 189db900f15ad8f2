//! What there is to know of data before a model learns from it: ranges, balance, duplicates.

use std::collections::HashMap;

use glassbox_train::data::{Dataset, Distribution, Moments, Part, Targets};
use serde::Serialize;

use crate::prepare::Prepared;

const PARTS: [(Part, &str); 3] =
    [(Part::Train, "train"), (Part::Valid, "valid"), (Part::Test, "test")];
/// A class with so many times fewer training items than the largest is told of.
const RARE: usize = 20;

/// What a data set holds. All numbers are in the data's own units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// The number of items of all parts and of those left out by the split.
    pub items: usize,
    /// The shape of one input, without the batch axis.
    pub input: Vec<usize>,
    /// Bytes in memory.
    pub memory: usize,
    /// The number of items of each part.
    pub parts: Vec<(&'static str, usize)>,
    /// The inputs: one entry for each feature of a table, one for all values of anything else.
    pub inputs: Vec<Numbers>,
    /// The targets, where they are numbers: one entry for each.
    pub values: Vec<Numbers>,
    /// The targets, where they are classes or tokens.
    pub classes: Vec<ClassCount>,
    /// Items that are there more than once.
    pub duplicates: Duplicates,
    /// What a user should know.
    pub warnings: Vec<String>,
}

/// The range of some numbers, over all items.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Numbers {
    /// What they are.
    pub name: String,
    /// Where they lie.
    #[serde(flatten)]
    pub distribution: Distribution,
}

/// How many items of each part are of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The class.
    pub name: String,
    /// Items to train on.
    pub train: usize,
    /// Items to validate on.
    pub valid: usize,
    /// Items to test on.
    pub test: usize,
}

/// Items whose inputs are equal to those of another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Items of a part that are equal to an earlier one of the same part.
    pub train: usize,
    /// As `train`, among those to validate on.
    pub valid: usize,
    /// As `train`, among those to test on.
    pub test: usize,
    /// Items to validate on that are equal to one to train on.
    pub valid_in_train: usize,
    /// Items to test on that are equal to one to train on.
    pub test_in_train: usize,
    /// Items to test on that are equal to one to validate on.
    pub test_in_valid: usize,
    /// Items whose target differs from that of an equal item.
    pub contradicting: usize,
}

impl Inspection {
    /// Looks at all items of `data`.
    pub fn of(data: &Prepared) -> Self {
        let dataset = &data.dataset;
        let duplicates = duplicates(data);
        let classes = classes(data);
        let mut inspection = Self {
            items: dataset.len(),
            input: dataset.item_shape().dims().to_vec(),
            memory: dataset.memory(),
            parts: PARTS.map(|(part, name)| (name, data.split.part(part).len())).to_vec(),
            inputs: inputs(dataset),
            values: values(dataset),
            classes,
            duplicates,
            warnings: data.notes.clone(),
        };
        let more = inspection.more_warnings();
        inspection.warnings.extend(more);
        inspection
    }

    fn more_warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let across = [
            (self.duplicates.valid_in_train, "validation", "training"),
            (self.duplicates.test_in_train, "test", "training"),
            (self.duplicates.test_in_valid, "test", "validation"),
        ];
        for (count, part, other) in across.into_iter().filter(|(count, ..)| *count > 0) {
            warnings.push(match count {
                1 => format!(
                    "1 {part} item is a {other} item, too: its score says little about new data"
                ),
                _ => format!(
                    "{count} {part} items are {other} items, too: scores on them say little about \
                     new data"
                ),
            });
        }
        if self.duplicates.contradicting > 0 {
            warnings.push(match self.duplicates.contradicting {
                1 => "1 item has the input of another but a different target".into(),
                count => format!("{count} items have the input of another but a different target"),
            });
        }
        let largest = self.classes.iter().map(|class| class.train).max().unwrap_or(0);
        for class in &self.classes {
            if class.train == 0 {
                warnings.push(format!("no training item is of the class {:?}", class.name));
            } else if RARE * class.train < largest {
                warnings.push(format!(
                    "the class {:?} has {} training items, the largest {largest}",
                    class.name, class.train
                ));
            }
        }
        warnings
    }
}

fn numbers(moments: &[Moments], name: impl Fn(usize) -> String) -> Vec<Numbers> {
    let numbers = |(index, moments): (usize, &Moments)| Numbers {
        name: name(index),
        distribution: moments.distribution(),
    };
    moments.iter().enumerate().map(numbers).collect()
}

fn inputs(dataset: &Dataset) -> Vec<Numbers> {
    if dataset.tokens().is_some() {
        return Vec::new();
    }
    let features = dataset.features();
    let moments = Moments::of_inputs(dataset, 0..dataset.len(), features.len().max(1));
    numbers(&moments, |index| features.get(index).map_or("all".into(), |f| f.name.clone()))
}

fn values(dataset: &Dataset) -> Vec<Numbers> {
    let Targets::Values { values, width, names } = dataset.targets() else { return Vec::new() };
    let mut moments = vec![Moments::default(); *width];
    for item in values.chunks_exact((*width).max(1)) {
        moments.iter_mut().zip(item).for_each(|(moments, &value)| moments.add(value));
    }
    numbers(&moments, |index| names.get(index).cloned().unwrap_or_default())
}

fn classes(data: &Prepared) -> Vec<ClassCount> {
    let Targets::Classes { names, .. } = data.dataset.targets() else { return Vec::new() };
    let [train, valid, test] =
        PARTS.map(|(part, _)| data.dataset.class_counts(data.split.part(part)));
    let count = |(index, name): (usize, &String)| ClassCount {
        name: name.clone(),
        train: train[index] as usize,
        valid: valid[index] as usize,
        test: test[index] as usize,
    };
    names.iter().enumerate().map(count).collect()
}

fn duplicates(data: &Prepared) -> Duplicates {
    let dataset = &data.dataset;
    let mut found = Duplicates::default();
    // The parts in which an input is, and the target it had first.
    let mut seen: HashMap<u64, ([bool; 3], u64)> = HashMap::new();
    for (number, (part, _)) in PARTS.iter().enumerate() {
        for &item in data.split.part(*part) {
            let print = dataset.input_fingerprint(item as usize);
            let target = target(dataset, item as usize);
            let (parts, first) = seen.entry(print).or_insert(([false; 3], target));
            found.contradicting += usize::from(*first != target);
            let within = [&mut found.train, &mut found.valid, &mut found.test];
            *within[number] += usize::from(parts[number]);
            match number {
                1 => found.valid_in_train += usize::from(parts[0]),
                2 => {
                    found.test_in_train += usize::from(parts[0]);
                    found.test_in_valid += usize::from(parts[1]);
                }
                _ => {}
            }
            parts[number] = true;
        }
    }
    found
}

/// Equal targets give equal numbers.
fn target(dataset: &Dataset, item: usize) -> u64 {
    match dataset.targets() {
        Targets::Classes { labels, .. } => labels[item] as u64,
        Targets::Tokens { labels, length, .. } => {
            let mut print = glassbox_train::data::Fingerprint::new();
            labels[item * length..][..*length].iter().for_each(|&label| print.number(label as u64));
            print.finish()
        }
        Targets::Values { values, width, .. } => {
            let mut print = glassbox_train::data::Fingerprint::new();
            print.doubles(&values[item * width..][..*width]);
            print.finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::DataConfig;

    fn inspect(table: &str) -> Inspection {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.csv"), table).unwrap();
        let config = r#"{"kind":"csv","path":"t.csv","split":{"train":0.5,"valid":0.25,"test":0.25,"shuffle":false}}"#;
        let config: DataConfig =
            serde_json::from_str(&config.replace(",\"shuffle\":false", "")).unwrap();
        Inspection::of(&config.prepare(folder.path()).unwrap())
    }

    #[test]
    fn ranges_are_those_of_numpy() {
        // numpy.mean and numpy.std of [1, 2, 4, 8] and of their squares.
        let found = inspect("x,y\n1,1\n2,4\n4,16\n8,64\n");
        let (inputs, values) = (found.inputs[0].distribution, found.values[0].distribution);
        assert_eq!((inputs.min, inputs.max, inputs.mean), (1.0, 8.0, 3.75));
        assert!((inputs.std - 2.680_951_323_690_902).abs() < 1e-12);
        assert!((values.std - 25.311_805_546_029_31).abs() < 1e-12);
        assert_eq!((found.items, &found.input[..], values.mean), (4, &[1][..], 21.25));
    }

    #[test]
    fn equal_items_are_counted_within_and_across_parts() {
        let rows: String = (0..8).map(|row| format!("5,{}\n", row % 2)).collect();
        let found = inspect(&format!("x,y\n{rows}"));
        let duplicates = &found.duplicates;
        assert_eq!((duplicates.train, duplicates.valid, duplicates.test), (3, 1, 1));
        assert_eq!((duplicates.valid_in_train, duplicates.test_in_train), (2, 2));
        assert_eq!(duplicates.test_in_valid, 2);
        assert_eq!(duplicates.contradicting, 4);
        assert!(found.warnings.iter().any(|warning| warning.contains("2 test items are training")));
    }

    #[test]
    fn classes_are_counted_by_part() {
        let data = DataConfig::default().prepare(Path::new(".")).unwrap();
        let found = Inspection::of(&data);
        let count = |of: &dyn Fn(&ClassCount) -> usize| found.classes.iter().map(of).sum::<usize>();
        assert_eq!(
            (count(&|c| c.train), count(&|c| c.valid), count(&|c| c.test)),
            (1258, 180, 359)
        );
        assert_eq!((found.inputs.len(), &found.inputs[0].name[..]), (1, "all"));
        let inputs = found.inputs[0].distribution;
        assert_eq!((inputs.min, inputs.max), (0.0, 1.0));
    }
}
