//! Weights of classes: one for each, in numbers, by name or from the data.

use glassbox_nn::Loss;
use glassbox_nn::losses::CrossEntropyConfig;
use glassbox_train::data::{Part, balanced_weights};

use super::Checks;
use crate::codes;
use crate::diagnostic::Problem;
use crate::sections::data_weights::DataWeights;
use crate::suggest;
use crate::write::quoted_key;

/// The most classes that a message lists.
const SHOWN: usize = 12;

impl Checks<'_> {
    /// Makes numbers of weights that follow from the data, and compares them with the classes.
    pub fn weights(&mut self, loss: &mut Loss) {
        let wanted = self.recipe.train.data_weights.clone();
        match (loss, wanted) {
            (Loss::CrossEntropy(config), Some(wanted)) => {
                config.class_weights = match wanted {
                    DataWeights::Balanced => self.balanced(config.ignore_index),
                    DataWeights::ByName(weights) => self.by_name(&weights),
                };
            }
            (Loss::BinaryCrossEntropy(config), Some(_)) => {
                if let Some(&[negative, positive]) = self.balanced(None).as_deref() {
                    config.positive_weight = positive / negative;
                }
            }
            (Loss::CrossEntropy(config), None) => {
                let names = self.data.dataset.targets().class_names();
                let given = config.class_weights.as_ref().map_or(names.len(), Vec::len);
                if given != names.len() {
                    let message = "`class_weights` does not have one weight for each class";
                    let problem = Problem::new(codes::CLASS_WEIGHTS, message)
                        .expected(format!("{} numbers, for {}", names.len(), listed(names)))
                        .found(format!("{given}"))
                        .help("give them by name: class_weights = { NAME = 1.0, … }");
                    self.push_at("train.loss.class_weights", problem);
                }
            }
            _ => {}
        }
    }

    /// A training item at least has a weight above 0 and is not ignored, and a validation item where
    /// there are some: without, no epoch would be the best one.
    pub fn some_item_counts(&mut self, loss: &Loss) {
        let Loss::CrossEntropy(config) = loss else { return };
        // A run that exists has weights to resume from, whatever its validation is worth.
        let judged =
            [Part::Train, Part::Valid].into_iter().take(if self.recipe.stored { 1 } else { 2 });
        for part in judged {
            self.some_item_of(part, config);
        }
    }

    fn some_item_of(&mut self, part: Part, config: &CrossEntropyConfig) {
        let counts = self.data.dataset.class_counts(self.data.split.part(part));
        let counts_for = |class: usize| {
            let weight = config.class_weights.as_ref().and_then(|all| all.get(class));
            let is_ignored = config.ignore_index.is_some_and(|index| index as usize == class);
            !is_ignored && weight.is_none_or(|&weight| weight > 0.0)
        };
        let mut present = counts.iter().enumerate().filter(|(_, items)| **items > 0).peekable();
        if present.peek().is_none() || present.any(|(class, _)| counts_for(class)) {
            return;
        }
        let (items, elsewhere) = match part {
            Part::Train => ("training item", ""),
            _ => ("validation item", ", or keep other items back: data.split"),
        };
        let (key, found) = match config.class_weights {
            Some(_) => {
                ("class_weights", "a weight of 0, or an ignored class, for all of them".to_owned())
            }
            None => ("ignore_index", format!("{items}s of the ignored class alone")),
        };
        let problem = Problem::new(codes::CLASS_WEIGHTS, format!("no {items} counts"))
            .expected(format!("{items}s whose class has a weight above 0 and is not ignored"))
            .found(found)
            .help(format!("give a class of the {items}s a weight above 0{elsewhere}"));
        self.push_at(&format!("train.loss.{key}"), problem);
    }

    /// The weights with which all classes count the same, the ignored one left out.
    fn balanced(&mut self, ignored: Option<i32>) -> Option<Vec<f32>> {
        let mut counts = self.data.dataset.class_counts(&self.data.split.train);
        let ignored = ignored.and_then(|class| usize::try_from(class).ok());
        let ignored = ignored.filter(|&class| class < counts.len());
        if let Some(class) = ignored {
            counts.remove(class);
        }
        match balanced_weights(&counts) {
            Ok(mut weights) => {
                // It is never counted: any number will do.
                ignored.into_iter().for_each(|class| weights.insert(class, 0.0));
                Some(weights)
            }
            Err(class) => {
                let after = class.map(|class| {
                    class + usize::from(ignored.is_some_and(|ignored| ignored <= class))
                });
                let names = self.data.dataset.targets().class_names();
                let name = after.and_then(|class| names.get(class));
                let name = name.map_or("the classes", String::as_str);
                let problem = Problem::new(codes::CLASS_WEIGHTS, "the classes cannot be balanced")
                    .expected("training items of every class")
                    .found(format!("none of \"{name}\""))
                    .help("give the weights by name: class_weights = { NAME = 1.0, … }");
                self.push_at("train.loss", problem);
                None
            }
        }
    }

    /// The weights in class order.
    fn by_name(&mut self, weights: &[(String, f32)]) -> Option<Vec<f32>> {
        let data = self.data;
        let names = data.dataset.targets().class_names();
        let before = self.problems.len();
        for (name, _) in weights.iter().filter(|(name, _)| !names.contains(name)) {
            let message = format!("`class_weights` has no class \"{name}\"");
            let problem = Problem::new(codes::CLASS_WEIGHTS, message)
                .expected(format!("one of the classes {}", listed(names)))
                .found(format!("\"{name}\""))
                .help(suggest::advice(name, names.iter().map(String::as_str)));
            self.push_at("train.loss.class_weights", problem);
        }
        let weight = |name: &String| weights.iter().find(|(other, _)| other == name);
        let missing: Vec<String> =
            names.iter().filter(|name| weight(name).is_none()).cloned().collect();
        if !missing.is_empty() && self.problems.len() == before {
            let message = "`class_weights` leaves classes out";
            let problem = Problem::new(codes::CLASS_WEIGHTS, message)
                .expected(format!("a weight for each of {}", listed(names)))
                .found(format!("none for {}", listed(&missing)))
                .help(format!("add {} = 1.0", quoted_key(&missing[0])));
            self.push_at("train.loss.class_weights", problem);
        }
        names.iter().map(|name| weight(name).map(|(_, weight)| *weight)).collect()
    }
}

/// `10, 9, no and yes`, in class order; of many, the first.
fn listed(names: &[String]) -> String {
    let shown = suggest::list(names.iter().take(SHOWN).map(String::as_str));
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
