//! Normalization of inputs and of regression targets, fitted on the training items only.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use super::dataset::Dataset;
use super::error::{DataError, DataErrorCode};
use super::moments::Moments;
use super::store::InputStore;
use super::targets::Targets;

/// How inputs are normalized, one way for each channel of an image or each feature of a table.
/// One-hot features stay 0 and 1.
///
/// In a recipe: `"none"`, `"standard"`, `"min_max"`, or `{ mean = [0.286], std = [0.353] }`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum NormalizeConfig {
    /// Values stay as they are (bytes of images are read as 0 to 1).
    None,
    /// Mean 0 and standard deviation 1 over the training items.
    #[default]
    Standard,
    /// The smallest value of the training items becomes 0, the largest 1.
    MinMax,
    /// A given mean and standard deviation: one for all channels or features, or one for each.
    Fixed {
        /// What is subtracted.
        mean: Vec<f64>,
        /// What the difference is divided by.
        std: Vec<f64>,
    },
}

/// The fitted normalization `y = (x − offset) / scale`, part of a checkpoint.
///
/// Value `i` of an item uses entry `i mod width`: the channel of an image (channels come last) or
/// the feature of a table. Without entries it is the identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Normalizer {
    /// What is subtracted.
    pub offset: Vec<f64>,
    /// What the difference is divided by.
    pub scale: Vec<f64>,
}

impl Normalizer {
    /// Fits the normalization of inputs on the items `train` of `dataset`.
    ///
    /// # Errors
    /// When explicit statistics do not fit the data.
    pub fn fit_inputs(
        config: &NormalizeConfig,
        dataset: &Dataset,
        train: &[u32],
    ) -> Result<Self, DataError> {
        let width = dataset.item_shape().last().copied().unwrap_or(1);
        let items = train.iter().map(|&item| item as usize);
        let moments = || Moments::of_inputs(dataset, items.clone(), width);
        let mut fitted = match config {
            // Tokens are names, not amounts.
            _ if dataset.tokens().is_some() => return Ok(Self::default()),
            NormalizeConfig::None => return Ok(Self::default()),
            NormalizeConfig::Fixed { mean, std } => return Self::fixed(mean, std, width),
            NormalizeConfig::Standard => Self::from_moments(&moments(), rounding(dataset.inputs())),
            NormalizeConfig::MinMax => Self::from_bounds(&moments()),
        };
        for (index, feature) in dataset.features().iter().enumerate() {
            if feature.one_hot {
                (fitted.offset[index], fitted.scale[index]) = (0.0, 1.0);
            }
        }
        Ok(fitted)
    }

    /// Fits the standardisation of regression targets on the items `train` of `dataset`. Class
    /// labels stay as they are.
    pub fn fit_targets(dataset: &Dataset, train: &[u32]) -> Self {
        match dataset.targets() {
            Targets::Values { values, width, .. } if *width > 0 => {
                let mut moments = vec![Moments::default(); *width];
                for &item in train {
                    let target = &values[item as usize * width..][..*width];
                    moments.iter_mut().zip(target).for_each(|(m, &v)| m.add(v));
                }
                Self::from_moments(&moments, f64::EPSILON)
            }
            _ => Self::default(),
        }
    }

    /// Whether values stay as they are.
    pub fn is_identity(&self) -> bool {
        self.offset.is_empty()
    }

    /// Normalises whole items in place, in single precision.
    pub fn apply(&self, values: &mut [f32]) {
        self.each(values, |value, offset, scale| (value - offset) / scale);
    }

    /// Normalises whole items in double precision; what comes out is rounded to single.
    ///
    /// # Panics
    /// When `out` is not as long as `values`.
    #[track_caller]
    pub fn apply_f64(&self, values: &[f64], out: &mut [f32]) {
        assert_eq!(values.len(), out.len(), "room for the normalized values");
        if self.is_identity() {
            out.iter_mut().zip(values).for_each(|(out, &value)| *out = value as f32);
            return;
        }
        let (values, rows) = (values.chunks(self.offset.len()), out.chunks_mut(self.offset.len()));
        for (values, row) in values.zip(rows) {
            let entries = values.iter().zip(self.offset.iter().zip(&self.scale));
            for (out, (value, (offset, scale))) in row.iter_mut().zip(entries) {
                *out = ((value - offset) / scale) as f32;
            }
        }
    }

    /// Undoes [`Normalizer::apply`]: predictions in the targets' own units.
    pub fn restore(&self, values: &mut [f32]) {
        self.each(values, |value, offset, scale| value * scale + offset);
    }

    /// Whole items in their own units, in double precision: [`Normalizer::apply_f64`] undone.
    pub fn restored(&self, values: &[f32]) -> Vec<f64> {
        let width = self.offset.len();
        let restored = |(index, &value): (usize, &f32)| match width {
            0 => f64::from(value),
            _ => f64::from(value) * self.scale[index % width] + self.offset[index % width],
        };
        values.iter().enumerate().map(restored).collect()
    }

    fn each(&self, values: &mut [f32], f: impl Fn(f32, f32, f32) -> f32) {
        match (&self.offset[..], &self.scale[..]) {
            ([], _) | (_, []) => {}
            (&[offset], &[scale]) => {
                let (offset, scale) = (offset as f32, scale as f32);
                values.iter_mut().for_each(|value| *value = f(*value, offset, scale));
            }
            (offsets, scales) => {
                let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect();
                let (offsets, scales): (Vec<f32>, Vec<f32>) = (single(offsets), single(scales));
                for row in values.chunks_mut(offsets.len()) {
                    for ((value, &offset), &scale) in row.iter_mut().zip(&offsets).zip(&scales) {
                        *value = f(*value, offset, scale);
                    }
                }
            }
        }
    }

    fn fixed(mean: &[f64], std: &[f64], width: usize) -> Result<Self, DataError> {
        for (name, values) in [("mean", mean), ("std", std)] {
            if values.len() != width && values.len() != 1 {
                let message = format!("`normalize.{name}` does not fit the data");
                return Err(DataError::new(DataErrorCode::Normalize, message)
                    .expected(format!("1 or {width} numbers"))
                    .found(values.len()));
            }
            let valid = |v: &f64| v.is_finite() && (name == "mean" || *v > 0.0);
            if let Some(value) = values.iter().find(|value| !valid(value)) {
                let message = format!("`normalize.{name}` is impossible");
                return Err(DataError::new(DataErrorCode::Normalize, message)
                    .expected(if name == "mean" { "finite numbers" } else { "positive numbers" })
                    .found(value));
            }
        }
        let wide = mean.len().max(std.len());
        let spread = |values: &[f64]| values.iter().copied().cycle().take(wide).collect();
        Ok(Self { offset: spread(mean), scale: spread(std) })
    }

    /// A constant, up to the relative rounding `epsilon` of its values, is only centered.
    fn from_moments(moments: &[Moments], epsilon: f64) -> Self {
        let deviation = |moments: &Moments| {
            let (deviation, noise) = (moments.deviation(), epsilon * moments.mean().abs());
            if moments.min < moments.max && deviation > noise { deviation } else { 1.0 }
        };
        let offset = moments.iter().map(Moments::mean).collect();
        Self { offset, scale: moments.iter().map(deviation).collect() }
    }

    fn from_bounds(moments: &[Moments]) -> Self {
        let offset = moments.iter().map(|m| m.min).collect();
        let range = |m: &Moments| m.max - m.min;
        let scale = moments.iter().map(|m| if range(m) > 0.0 { range(m) } else { 1.0 }).collect();
        Self { offset, scale }
    }
}

/// The relative rounding of the inputs of a data set: below it, a deviation is noise.
fn rounding(inputs: &InputStore) -> f64 {
    match inputs {
        InputStore::F64(_) => f64::EPSILON,
        InputStore::F32(_) | InputStore::U8 { .. } => f64::from(f32::EPSILON),
    }
}

impl Serialize for NormalizeConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::Standard => serializer.serialize_str("standard"),
            Self::MinMax => serializer.serialize_str("min_max"),
            Self::Fixed { mean, std } => {
                let mut fixed = serializer.serialize_struct("Fixed", 2)?;
                fixed.serialize_field("mean", mean)?;
                fixed.serialize_field("std", std)?;
                fixed.end()
            }
        }
    }
}

/// By hand, because the message of an untagged enum does not say what is wrong.
impl<'de> Deserialize<'de> for NormalizeConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fixed {
            mean: Vec<f64>,
            std: Vec<f64>,
        }

        impl<'de> Visitor<'de> for NameOrTable {
            type Value = NormalizeConfig;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("\"none\", \"standard\", \"min_max\" or { mean = […], std = […] }")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                match name {
                    "none" => Ok(NormalizeConfig::None),
                    "standard" => Ok(NormalizeConfig::Standard),
                    "min_max" => Ok(NormalizeConfig::MinMax),
                    _ => Err(E::invalid_value(de::Unexpected::Str(name), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let fixed = Fixed::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(NormalizeConfig::Fixed { mean: fixed.mean, std: fixed.std })
            }
        }

        deserializer.deserialize_any(NameOrTable)
    }
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;
