//! The best answer that is the same for every item: what has been learned at all is what is
//! better.

use glassbox_nn::Loss;
use glassbox_nn::losses::CrossEntropyConfig;
use glassbox_tensor::{Reduction, Tensor};
use glassbox_train::Scores;
use glassbox_train::data::baseline::errors;
use glassbox_train::data::{Part, Targets};

use crate::prepare::Prepared;

/// The best constant answer of each kind, found on the training items: for accuracy the most
/// frequent class, for the loss of classes (and of tokens) their frequencies, for numbers the mean
/// (`rmse`), the median (`mae`), and what makes the loss smallest.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstantAnswer {
    answer: Answer,
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Classes {
        /// The most frequent class.
        class: usize,
        /// The loss of an item of each class, and how much it counts; none where the loss is not
        /// one of classes.
        losses: Option<Vec<(f64, f64)>>,
        /// The class that counts for nothing.
        ignored: Option<i32>,
    },
    Values {
        loss: Loss,
        /// Column by column, what makes the loss smallest, standardized as targets are.
        best: Option<Vec<f64>>,
        /// The columns' means and medians in the targets' own units.
        mean: Vec<f64>,
        median: Vec<f64>,
    },
}

/// Rows that are scored together.
const ROWS: usize = 4096;
/// Values among which the best constant for a loss without a closed form is looked for.
const SEARCHED: usize = 100_000;
/// Halvings of the interval in which it lies.
const HALVINGS: usize = 60;

impl ConstantAnswer {
    /// The best constant answer to the training items of `data`; none where there are no such items
    /// or no targets.
    pub fn fit(data: &Prepared, loss: &Loss) -> Option<Self> {
        if data.split.train.is_empty() {
            return None;
        }
        let answer = match data.dataset.targets() {
            Targets::Classes { .. } | Targets::Tokens { .. } => fit_classes(data, loss),
            Targets::Values { width: 0, .. } => return None,
            Targets::Values { .. } => fit_values(data, loss),
        };
        Some(Self { answer })
    }

    /// Its scores on a part: `baseline_constant_loss`, `baseline_constant_accuracy` and the like.
    pub fn scores(&self, data: &Prepared, part: Part) -> Scores {
        let items = data.split.part(part);
        let mut scores = Scores::new();
        if items.is_empty() {
            return scores;
        }
        match &self.answer {
            Answer::Classes { class, losses, ignored } => {
                let counts = data.dataset.counts_but(items, *ignored);
                score_classes(&counts, *class, losses.as_deref(), &mut scores);
                let perplexity = scores.get("baseline_constant_loss").map(f64::exp);
                if let (Targets::Tokens { .. }, Some(value)) = (data.dataset.targets(), perplexity)
                {
                    scores.set("baseline_constant_perplexity", value);
                }
            }
            Answer::Values { loss, best, mean, median } => {
                if let Some(best) = best {
                    let value = mean_loss(data, items, loss, best);
                    scores.set("baseline_constant_loss", value);
                }
                // In the targets' own units, as those of models are.
                let errors = |answer: &[f64]| errors(&data.dataset, items, |_| answer);
                scores.set("baseline_constant_mae", errors(median).0);
                scores.set("baseline_constant_rmse", errors(mean).1);
            }
        }
        scores
    }

    /// The name of the most frequent class.
    pub fn class_name<'a>(&self, data: &'a Prepared) -> Option<&'a str> {
        let Answer::Classes { class, .. } = &self.answer else { return None };
        data.dataset.targets().class_names().get(*class).map(String::as_str)
    }
}

fn fit_classes(data: &Prepared, loss: &Loss) -> Answer {
    let ignored = loss.ignored();
    let counts = data.dataset.counts_but(&data.split.train, ignored);
    let largest = counts.iter().max().copied().unwrap_or(0);
    let class = counts.iter().position(|count| *count == largest).unwrap_or(0);
    // A class without training items is taken for one that is rare, not for one that cannot be; the
    // ignored one cannot be.
    let rare = |class: usize| if i32::try_from(class).ok() == ignored { 0.0 } else { 0.5 };
    let counts: Vec<f64> =
        counts.iter().enumerate().map(|(class, &count)| (count as f64).max(rare(class))).collect();
    let losses = match loss {
        Loss::CrossEntropy(config) => Some(cross_entropies(config, &counts)),
        Loss::BinaryCrossEntropy(config) if counts.len() == 2 => {
            let positive = f64::from(config.positive_weight);
            let p = positive * counts[1] / (positive * counts[1] + counts[0]);
            Some(vec![(-(1.0 - p).ln(), 1.0), (-positive * p.ln(), 1.0)])
        }
        _ => None,
    };
    Answer::Classes { class, losses, ignored }
}

/// The loss of an item of each class, and its weight in the mean, when the answer is always the
/// best distribution `q`. With class weights `w`, counts `n`, smoothing `ε` and `C` classes, the
/// sum over all items `Σ_c n_c [(1 − ε) w_c (−ln q_c) + ε/C Σ_k w_k (−ln q_k)]` is smallest for
/// `q_k` in proportion to `w_k ((1 − ε) n_k + ε N / C)`.
fn cross_entropies(config: &CrossEntropyConfig, counts: &[f64]) -> Vec<(f64, f64)> {
    let classes = counts.len() as f64;
    let smoothing = f64::from(config.label_smoothing);
    let weight = |class: usize| {
        let weights = config.class_weights.as_ref();
        weights.and_then(|weights| weights.get(class)).map_or(1.0, |weight| f64::from(*weight))
    };
    let all: f64 = counts.iter().sum();
    let shares: Vec<f64> = (0..counts.len())
        .map(|class| {
            weight(class) * ((1.0 - smoothing) * counts[class] + smoothing * all / classes)
        })
        .collect();
    let total: f64 = shares.iter().sum();
    let cost = |class: usize| match weight(class) {
        weight if weight > 0.0 && shares[class] > 0.0 => -weight * (shares[class] / total).ln(),
        _ => 0.0,
    };
    let smoothed: f64 = (0..counts.len()).map(cost).sum::<f64>() * smoothing / classes;
    (0..counts.len())
        .map(|class| ((1.0 - smoothing) * cost(class) + smoothed, weight(class)))
        .collect()
}

fn score_classes(counts: &[u64], class: usize, losses: Option<&[(f64, f64)]>, scores: &mut Scores) {
    let all: u64 = counts.iter().sum();
    // All items are of the ignored class: nothing is scored, as of a model.
    if all == 0 {
        return;
    }
    if let Some(losses) = losses {
        let sum = |of: fn(&(f64, f64)) -> f64| -> f64 {
            losses.iter().zip(counts).map(|(loss, &count)| of(loss) * count as f64).sum()
        };
        // Classes that weigh nothing have no mean loss.
        let weight = sum(|loss| loss.1);
        if weight > 0.0 {
            scores.set("baseline_constant_loss", sum(|loss| loss.0) / weight);
        }
    }
    let right = counts.get(class).copied().unwrap_or(0);
    scores.set("baseline_constant_accuracy", right as f64 / all as f64);
}

fn fit_values(data: &Prepared, loss: &Loss) -> Answer {
    let Targets::Values { values, width, .. } = data.dataset.targets() else {
        unreachable!("only called for values")
    };
    let items = &data.split.train;
    let units = &data.target_normalizer;
    let (mut mean, mut median, mut best) = (Vec::new(), Vec::new(), Some(Vec::new()));
    for column in 0..*width {
        let value = |&item: &u32| values[item as usize * width + column];
        let mut targets: Vec<f64> = items.iter().map(value).collect();
        let count = targets.len().max(1) as f64;
        mean.push(targets.iter().map(|target| target / count).sum());
        median.push(middle(&mut targets));
        let (offset, scale) = match units.is_identity() {
            true => (0.0, 1.0),
            // One entry may be for all columns.
            false => {
                let entry = column % units.offset.len();
                (units.offset[entry], units.scale[entry])
            }
        };
        let standard = |value: f64| (value - offset) / scale;
        let constant = match loss {
            Loss::MeanSquaredError(_) => Some(standard(mean[column])),
            Loss::MeanAbsoluteError(_) => Some(standard(median[column])),
            Loss::Huber(config) => Some(huber_center(&targets, standard, config.delta.into())),
            Loss::SmoothL1(config) => Some(huber_center(&targets, standard, config.beta.into())),
            _ => None,
        };
        best = best.zip(constant).map(|(mut best, constant)| {
            best.push(constant);
            best
        });
    }
    Answer::Values { loss: loss.clone(), best, mean, median }
}

/// The median; of an even number the mean of the two in the middle.
fn middle(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => 0.5 * (values[count / 2 - 1] + values[count / 2]),
    }
}

/// Where the mean of Huber's loss is smallest: where its derivative, the mean of errors cut at
/// `delta`, changes its sign. `sorted` are targets in order.
fn huber_center(sorted: &[f64], standard: impl Fn(f64) -> f64, delta: f64) -> f64 {
    let step = sorted.len().div_ceil(SEARCHED).max(1);
    let values: Vec<f64> = sorted.iter().step_by(step).map(|&value| standard(value)).collect();
    let (Some(&first), Some(&last)) = (values.first(), values.last()) else { return 0.0 };
    let (mut low, mut high) = (first, last);
    for _ in 0..HALVINGS {
        let center = 0.5 * (low + high);
        let slope: f64 = values.iter().map(|value| (center - value).clamp(-delta, delta)).sum();
        if slope < 0.0 { low = center } else { high = center }
    }
    0.5 * (low + high)
}

/// The mean loss of a standardized answer, as the loss itself computes it.
fn mean_loss(data: &Prepared, items: &[u32], loss: &Loss, answer: &[f64]) -> f64 {
    let sum: f64 = batches(data, items, answer)
        .map(|(prediction, target)| {
            f64::from(loss.compute_reduced(&prediction, &target, Reduction::Sum).item())
        })
        .sum();
    sum / (items.len() * answer.len()) as f64
}

/// The answer beside the targets of the items, both standardized as those of a model.
fn batches<'a>(
    data: &'a Prepared,
    items: &'a [u32],
    answer: &[f64],
) -> impl Iterator<Item = (Tensor, Tensor)> + 'a {
    let width = answer.len();
    let row: Vec<f32> = answer.iter().map(|&value| value as f32).collect();
    items.chunks(ROWS).map(move |chunk| {
        let mut targets = vec![0.0; chunk.len() * width];
        if let Targets::Values { values, .. } = data.dataset.targets() {
            for (&item, out) in chunk.iter().zip(targets.chunks_mut(width)) {
                let own = &values[item as usize * width..][..width];
                data.target_normalizer.apply_f64(own, out);
            }
        }
        let shape = [chunk.len(), width];
        (Tensor::from_vec(row.repeat(chunk.len()), shape), Tensor::from_vec(targets, shape))
    })
}

#[cfg(test)]
#[path = "constant_tests.rs"]
mod tests;
