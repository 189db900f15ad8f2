//! What a recipe leaves to the data, or to another key, in words.

use glassbox_data::Prepared;
use glassbox_nn::Loss;
use glassbox_recipe::Experiment;
use glassbox_train::data::Targets;

/// The most classes that are listed.
const SHOWN: usize = 20;

/// The order of the classes, their weights, and which score decides.
pub fn lines(experiment: &Experiment, data: &Prepared) -> Vec<String> {
    let mut lines = Vec::new();
    if let Targets::Classes { names, .. } = data.dataset.targets() {
        lines.push(format!("classes in order: {}", listed(names.iter().cloned())));
        match &experiment.train.loss {
            Loss::CrossEntropy(config) => {
                if let Some(weights) = &config.class_weights {
                    let each = names.iter().zip(weights).map(|(name, w)| format!("{name} {w}"));
                    lines.push(format!("class weights: {}", listed(each)));
                }
            }
            Loss::BinaryCrossEntropy(config) if config.positive_weight != 1.0 => {
                if let Some(second) = names.get(1) {
                    lines.push(format!("class weights: {second} {}", config.positive_weight));
                }
            }
            _ => {}
        }
    }
    lines.push(format!("best weights: those with the best {}", experiment.train.monitor.metric));
    lines
}

/// `10 · 9 · no · yes`; of many, the first.
fn listed(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = items.take(SHOWN).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_classes_are_cut_short() {
        assert_eq!(listed(["no", "yes"].map(String::from).into_iter()), "no · yes");
        let many: Vec<String> = (0..25).map(|index| index.to_string()).collect();
        assert!(listed(many.into_iter()).ends_with(" · 19 · 5 more"));
    }
}
