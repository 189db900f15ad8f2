//! A data set in memory: inputs, targets and their names.

use glassbox_tensor::Shape;
use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::error::{DataError, DataErrorCode};
use super::fingerprint::Fingerprint;
use super::normalize::Normalizer;
use super::targets::Targets;

pub(super) use super::store::InputStore;

/// One input of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The column's name; `column=value` for one-hot features.
    pub name: String,
    /// Whether it says, by 0 or 1, that a categorical column has a certain value.
    pub one_hot: bool,
}

/// A data set in memory, checked when built: all lengths agree, labels are in range, numbers are
/// finite.
///
/// ```
/// use glassbox_train::data::{Dataset, InputStore, Targets};
///
/// let inputs = InputStore::F32(vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
/// let targets = Targets::Classes {
///     labels: vec![0, 1, 1, 0],
///     names: vec!["same".into(), "different".into()],
/// };
/// let xor = Dataset::new("xor", [2], inputs, targets)?;
/// assert_eq!((xor.len(), xor.item_shape().dims()), (4, &[2][..]));
/// # Ok::<(), glassbox_train::data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dataset {
    name: String,
    item_shape: Shape,
    inputs: InputStore,
    targets: Targets,
    features: Vec<Feature>,
    /// For items in the order of time, how many later items share values with one.
    overlap: Option<usize>,
    /// For inputs that are tokens, how many there are.
    tokens: Option<usize>,
    lengths: Vec<i32>,
    baselines: Vec<Baseline>,
    /// The items with which another sequence begins, in ascending order; the first is not listed.
    starts: Vec<u32>,
    len: usize,
    fingerprint: u64,
}

impl Dataset {
    /// A data set of items of shape `item_shape` (`[height, width, channels]` or `[features]`).
    ///
    /// # Errors
    /// When lengths disagree, a label is out of range, or a number is not finite.
    pub fn new(
        name: impl Into<String>,
        item_shape: impl Into<Shape>,
        inputs: InputStore,
        targets: Targets,
    ) -> Result<Self, DataError> {
        let (name, item_shape) = (name.into(), item_shape.into());
        let len = check_inputs(&name, item_shape, &inputs)?;
        targets.check(&name, len)?;
        let tokens = match &targets {
            Targets::Tokens { names, .. } => Some(names.len()),
            _ => None,
        };
        let mut dataset = Self {
            name,
            item_shape,
            inputs,
            targets,
            features: Vec::new(),
            overlap: None,
            tokens,
            lengths: Vec::new(),
            baselines: Vec::new(),
            starts: Vec::new(),
            len,
            fingerprint: 0,
        };
        dataset.fingerprint = dataset.compute_fingerprint(false);
        Ok(dataset)
    }

    /// The same data set with names for its features, one for each input value of an item.
    ///
    /// # Panics
    /// When there are not as many as input values.
    #[must_use]
    #[track_caller]
    pub fn with_features(mut self, features: Vec<Feature>) -> Self {
        assert_eq!(features.len(), self.item_shape.elements(), "features of an item");
        self.features = features;
        self.fingerprint = self.compute_fingerprint(false);
        self
    }

    /// The same data set, in which other sequences begin with these items (ascending): they do not
    /// continue the item before.
    #[must_use]
    pub fn with_starts(self, starts: Vec<u32>) -> Self {
        Self { starts, ..self }
    }

    /// The items with which another sequence begins; the first is not listed.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// The same data set, its items being windows that follow each other in time: a split cuts
    /// it once for each part, so that no part sees what comes after it.
    #[must_use]
    pub fn in_order(self) -> Self {
        self.in_order_sharing(0)
    }

    /// The same data set, its items being windows in the order of time, each of which shares
    /// values with the `overlap` windows after it: a split drops those at its cuts, so that no
    /// value is in two parts.
    #[must_use]
    pub fn in_order_sharing(mut self, overlap: usize) -> Self {
        self.overlap = Some(overlap);
        self
    }

    /// Whether items are in the order of time.
    pub fn is_ordered(&self) -> bool {
        self.overlap.is_some()
    }

    /// Whether each item continues where the one before ends.
    pub fn is_continuous(&self) -> bool {
        self.overlap == Some(0)
    }

    /// How many items after one share values with it.
    pub fn overlap(&self) -> usize {
        self.overlap.unwrap_or(0)
    }

    /// The same data set, its inputs being tokens below `count`: names, not amounts.
    #[must_use]
    pub fn with_tokens(mut self, count: usize) -> Self {
        self.tokens = Some(count);
        self
    }

    /// How many different tokens inputs are made of, if they are.
    pub fn tokens(&self) -> Option<usize> {
        self.tokens
    }

    /// The same data set, only the first `lengths[i]` steps of item `i` counting; the others are
    /// padding.
    ///
    /// # Panics
    /// When there is not one length for each item, from 1 to the steps of an item, or when the
    /// targets are tokens, one for every step: losses would count those of the padding.
    #[must_use]
    #[track_caller]
    pub fn with_lengths(mut self, lengths: Vec<i32>) -> Self {
        let each_step = matches!(self.targets, Targets::Tokens { .. });
        assert!(!each_step, "sequences with a target for every step cannot be padded");
        let steps = self.item_shape.first().copied().unwrap_or(1);
        let fits = |&length: &i32| usize::try_from(length).is_ok_and(|n| n >= 1 && n <= steps);
        assert!(lengths.len() == self.len && lengths.iter().all(fits), "the lengths of items");
        self.lengths = lengths;
        self.fingerprint = self.compute_fingerprint(false);
        self
    }

    /// How many steps of each item count; `None` for all.
    pub fn lengths(&self) -> Option<&[i32]> {
        (!self.lengths.is_empty()).then_some(&self.lengths)
    }

    /// The same data set with predictions that a model should beat.
    ///
    /// # Panics
    /// When there is not one prediction for each target value.
    #[must_use]
    #[track_caller]
    pub fn with_baseline(mut self, baseline: Baseline) -> Self {
        assert_eq!(baseline.values.len(), self.len * self.targets.width(), "predictions");
        self.baselines.push(baseline);
        self
    }

    /// Predictions of the targets that a model should beat.
    pub fn baselines(&self) -> &[Baseline] {
        &self.baselines
    }

    /// The name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no items. ([`Dataset::new`] refuses such a set.)
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The shape of one input, without the batch axis.
    pub fn item_shape(&self) -> Shape {
        self.item_shape
    }

    /// Whether items are images `[height, width, channels]`.
    pub fn is_image(&self) -> bool {
        self.item_shape.rank() == 3
    }

    /// The inputs.
    pub fn inputs(&self) -> &InputStore {
        &self.inputs
    }

    /// The targets.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The names of the input values; empty for images.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// A hash of everything in the data set, equal on every machine.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The fingerprint as `run.json` has it.
    pub fn hash_text(&self) -> String {
        format!("{:016x}", self.fingerprint)
    }

    /// Whether `fingerprint` is that of this data set: today's, or the one that earlier versions
    /// gave, to which numbers counted in single precision only.
    pub fn matches(&self, fingerprint: u64) -> bool {
        fingerprint == self.fingerprint || fingerprint == self.compute_fingerprint(true)
    }

    /// The bytes the inputs and targets take in memory.
    pub fn memory(&self) -> usize {
        let baselines: usize = self.baselines.iter().map(|baseline| baseline.values.len()).sum();
        self.inputs.memory() + self.targets.memory() + 4 * self.lengths.len() + 8 * baselines
    }

    /// Writes the input of item `index`, unnormalized, to `out` (as long as the item shape has
    /// elements).
    ///
    /// # Panics
    /// When `index` or the length of `out` is wrong.
    #[track_caller]
    pub fn write_input(&self, index: usize, out: &mut [f32]) {
        assert_eq!(out.len(), self.item_shape.elements(), "room for the input of one item");
        self.inputs.write(index * out.len(), out);
    }

    /// Writes the input of item `index` to `out`, normalized: numbers in double precision are
    /// rounded to single after that, not before.
    ///
    /// # Panics
    /// When `index` or the length of `out` is wrong.
    #[track_caller]
    pub fn write_normalized(&self, index: usize, normalizer: &Normalizer, out: &mut [f32]) {
        assert_eq!(out.len(), self.item_shape.elements(), "room for the input of one item");
        self.inputs.write_normalized(index * out.len(), normalizer, out);
    }

    /// Writes the input of item `index`, unnormalized, in double precision.
    pub fn write_raw(&self, index: usize, out: &mut [f64]) {
        self.inputs.write_raw(index * out.len(), out);
    }

    /// A hash of the input of item `index`: equal inputs have equal hashes.
    pub fn input_fingerprint(&self, index: usize) -> u64 {
        let size = self.item_shape.elements();
        let mut print = Fingerprint::new();
        self.inputs.print(index * size..(index + 1) * size, &mut print);
        print.finish()
    }

    /// With `single`, numbers in double precision count as if they were single.
    fn compute_fingerprint(&self, single: bool) -> u64 {
        let mut print = Fingerprint::new();
        self.item_shape.iter().for_each(|&length| print.number(length as u64));
        if let InputStore::U8 { unit, .. } = &self.inputs {
            print.floats(&[*unit]);
        }
        match &self.inputs {
            InputStore::F64(values) if single => print.rounded(values),
            inputs => inputs.print(0..inputs.len(), &mut print),
        }
        match &self.targets {
            Targets::Classes { labels, .. } | Targets::Tokens { labels, .. } => {
                labels.iter().for_each(|&label| print.number(label as u64));
            }
            Targets::Values { values, .. } if single => print.rounded(values),
            Targets::Values { values, .. } => print.doubles(values),
        }
        self.targets.class_names().iter().for_each(|name| print.bytes(name.as_bytes()));
        self.features.iter().for_each(|feature| print.bytes(feature.name.as_bytes()));
        self.lengths.iter().for_each(|&length| print.number(length as u64));
        print.finish()
    }
}

/// The number of items.
fn check_inputs(name: &str, item_shape: Shape, inputs: &InputStore) -> Result<usize, DataError> {
    let size = item_shape.elements();
    if inputs.is_empty() || size == 0 {
        return Err(DataError::new(DataErrorCode::Empty, format!("{name} has no items")));
    }
    if !inputs.len().is_multiple_of(size) {
        let message = format!("the inputs of {name} are not whole items");
        return Err(DataError::new(DataErrorCode::CountMismatch, message)
            .expected(format!("a multiple of {size} values (shape {item_shape})"))
            .found(inputs.len()));
    }
    inputs.check(name, size)?;
    let len = inputs.len() / size;
    if u32::try_from(len).is_err() || i32::try_from(len).is_err() {
        let message = format!("{name} has more items than can be indexed");
        return Err(DataError::new(DataErrorCode::TooLarge, message)
            .expected(format!("at most {}", i32::MAX))
            .found(len));
    }
    Ok(len)
}

#[cfg(test)]
#[path = "dataset_tests.rs"]
mod tests;
