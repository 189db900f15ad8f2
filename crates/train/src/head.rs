//! What reaches the loss: a network that ends with values in a small range cannot be trained with a
//! loss that needs others, whichever layers follow the one that confines them.

use glassbox_nn::settings::{number_text, rounded};
use glassbox_nn::{Loss, Outline, Path, Reach};

use crate::Mismatch;
use crate::data::{Dataset, Normalizer, Targets};

/// Scores of two sides must reach so far at least: a probability of 0.12 and of 0.88.
const SURE: f64 = 2.0;

/// What a model is to learn: the targets of the training items, in the loss's units.
#[derive(Clone, Copy)]
pub struct ToLearn<'a> {
    /// All items.
    pub data: &'a Dataset,
    /// Those that are trained on.
    pub items: &'a [u32],
    /// The units in which the loss sees targets.
    pub units: &'a Normalizer,
}

/// Why the values that the last layers of a model let through do not suit `loss` or the targets,
/// and the layer that confines them. `None` where they do.
///
/// ```
/// use glassbox_nn::{Loss, Outline, Sequential};
/// use glassbox_train::data::{Dataset, InputStore, Normalizer, Targets};
/// use glassbox_train::{ToLearn, head_mismatch};
///
/// let names = vec!["no".into(), "yes".into()];
/// let targets = Targets::Classes { labels: vec![0, 1], names };
/// let data = Dataset::new("two", [1], InputStore::F32(vec![0.0, 1.0]), targets)?;
/// let learned = ToLearn { data: &data, items: &[0, 1], units: &Normalizer::default() };
/// let outline = Outline::of(&Sequential::input([1]).dense(2).softmax().into_layers(), [1])?;
/// let (path, why) = head_mismatch(&outline, &Loss::default(), learned).unwrap();
/// assert_eq!((path.to_string().as_str(), why.code), ("1", "GB0121"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn head_mismatch(
    outline: &Outline,
    loss: &Loss,
    learned: ToLearn<'_>,
) -> Option<(Path, Mismatch)> {
    let reach = Reach::of(outline);
    let by = reach.by?;
    let (node, after) = (&outline.nodes[by], &outline.nodes[by + 1..]);
    let names: Vec<_> = after.iter().map(|node| node.operation.type_name()).collect();
    let by = Confining { layer: node.operation.type_name(), behind: names.join(", ") };
    let mismatch = match learned.data.targets() {
        Targets::Values { .. } => learned.out_of_reach(&reach, &by),
        _ => scores_out_of_reach(loss, learned.data.targets().width(), &reach, &by),
    };
    mismatch.map(|mismatch| (node.path.clone(), mismatch))
}

fn scores_out_of_reach(
    loss: &Loss,
    classes: usize,
    reach: &Reach,
    by: &Confining,
) -> Option<Mismatch> {
    let loss = loss.name();
    let squashed = matches!(by.layer, "softmax" | "sigmoid");
    let (what, why) = match loss {
        "cross_entropy" if by.layer == "softmax" => {
            (format!("`{loss}` applies the softmax itself"), lowest_loss(classes, reach))
        }
        "cross_entropy" if squashed || reach.high - reach.low < f64::INFINITY => {
            (format!("`{loss}` needs scores without bounds"), lowest_loss(classes, reach))
        }
        "cross_entropy" if by.layer == "relu" => {
            let why = "a class whose score is cut off at 0 learns nothing from the item".into();
            (format!("`{loss}` needs scores of either sign"), why)
        }
        "binary_cross_entropy" if by.layer == "sigmoid" => {
            (format!("`{loss}` applies the sigmoid itself"), probabilities(reach))
        }
        "binary_cross_entropy" if squashed || reach.low > -SURE || reach.high < SURE => {
            (format!("`{loss}` needs scores of either sign"), probabilities(reach))
        }
        _ => return None,
    };
    let layer = by.layer;
    Some(Mismatch {
        code: "GB0121",
        what,
        expected: format!("scores as they come from the layer before: {why}"),
        found: by.found(),
        help: format!("remove the {layer} layer; predictions are shown as probabilities anyway"),
    })
}

/// How far cross-entropy can fall when one score is `high` and all the others are `low`.
fn lowest_loss(classes: usize, reach: &Reach) -> String {
    let others = classes.max(2) as f64 - 1.0;
    let lowest = (others * (reach.low - reach.high).exp()).ln_1p();
    match lowest > 0.0 {
        true => format!("{reach} the loss stays above {}", number_text(rounded(lowest))),
        false => "squashed scores learn slowly".into(),
    }
}

impl ToLearn<'_> {
    /// Why a model that gives values in `reach` cannot learn these numbers.
    fn out_of_reach(&self, reach: &Reach, by: &Confining) -> Option<Mismatch> {
        let layer = by.layer;
        let (rows, standardized) = (self.rows(true), !self.units.is_identity());
        let outside = |rows: &[f64]| rows.iter().any(|&value| !reach.contains(value));
        let sums_differ = || {
            let width = self.data.targets().width().max(1);
            let row_sums = rows.chunks(width).map(|row| row.iter().sum::<f64>());
            row_sums.into_iter().any(|sum| (sum - 1.0).abs() > 1e-3)
        };
        let (expected, found) = if outside(&rows) {
            let low = rows.iter().copied().fold(f64::INFINITY, f64::min);
            let high = rows.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let targets = if standardized { "the targets, standardized," } else { "the targets" };
            let (low, high) = (number_text(rounded(low)), number_text(rounded(high)));
            let gives = format!("{}: it gives {}", by.found(), reach.in_words());
            (format!("{targets} go from {low} to {high}"), gives)
        } else if reach.sums_to_one && sums_differ() {
            ("targets of any sum".into(), format!("{}: its values sum to 1", by.found()))
        } else {
            return None;
        };
        let as_they_are = standardized && !outside(&self.rows(false));
        let help = match as_they_are && !reach.sums_to_one {
            true => format!(
                "remove the {layer} layer, or learn the targets as they are: \
                 data.standardize_targets = false"
            ),
            false => format!("remove the {layer} layer: a regression ends with its dense layer"),
        };
        let what = format!("the values of {} layer cannot reach the targets", with_article(layer));
        Some(Mismatch { code: "GB0133", what, expected, found, help })
    }

    /// The targets of the training items, item by item: as the loss sees them, or as they are.
    fn rows(&self, as_the_loss_sees: bool) -> Vec<f64> {
        let Targets::Values { values, width, .. } = self.data.targets() else { return Vec::new() };
        let mut rows = Vec::with_capacity(self.items.len() * width);
        for &item in self.items {
            let row = &values[item as usize * width..][..*width];
            for (column, &value) in row.iter().enumerate() {
                let entry = |of: &[f64], otherwise: f64| match of {
                    [] => otherwise,
                    all => all[column % all.len()],
                };
                let (offset, scale) =
                    (entry(&self.units.offset, 0.0), entry(&self.units.scale, 1.0));
                rows.push(if as_the_loss_sees { (value - offset) / scale } else { value });
            }
        }
        rows
    }
}

/// The layer that confines the values.
struct Confining {
    layer: &'static str,
    /// The layers behind it.
    behind: String,
}

impl Confining {
    fn found(&self) -> String {
        let layer = format!("{} layer", with_article(self.layer));
        match self.behind.as_str() {
            "" => layer,
            behind => format!("{layer}, with only {behind} between it and the loss"),
        }
    }
}

/// `a relu`, `an elu`.
fn with_article(layer: &str) -> String {
    let article = if layer.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {layer}")
}

/// How sure a score in this range can be.
fn probabilities(reach: &Reach) -> String {
    let sigmoid = |x: f64| number_text(rounded(1.0 / (1.0 + (-x).exp())));
    format!("{reach} the probability is from {} to {}", sigmoid(reach.low), sigmoid(reach.high))
}
