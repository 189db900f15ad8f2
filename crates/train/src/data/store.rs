//! The inputs of all items, as they lie in memory.

use super::error::{DataError, DataErrorCode};
use super::fingerprint::Fingerprint;
use super::normalize::Normalizer;

/// The inputs of all items, one after another. Images stay bytes: a quarter of the memory. Tables
/// and series stay in double precision until they are normalized: a time in seconds since 1970
/// has more digits than single precision holds.
#[derive(Clone, Debug, PartialEq)]
pub enum InputStore {
    /// Bytes that stand for `byte / unit`: 255 for images, so that they lie in 0 to 1.
    U8 {
        /// Row-major, item by item.
        values: Vec<u8>,
        /// The byte that stands for 1.
        unit: f32,
    },
    /// Numbers in single precision.
    F32(Vec<f32>),
    /// Numbers in double precision, rounded to single only after they are normalized.
    F64(Vec<f64>),
}

impl InputStore {
    /// Images of bytes from 0 to 255, read as 0 to 1.
    pub fn images(values: Vec<u8>) -> Self {
        Self::U8 { values, unit: 255.0 }
    }

    /// The number of values of all items together.
    pub fn len(&self) -> usize {
        match self {
            Self::U8 { values, .. } => values.len(),
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes they take in memory.
    pub fn memory(&self) -> usize {
        match self {
            Self::U8 { values, .. } => values.len(),
            Self::F32(values) => 4 * values.len(),
            Self::F64(values) => 8 * values.len(),
        }
    }

    /// Writes the values from `start` on to `out`, not normalized.
    pub(super) fn write(&self, start: usize, out: &mut [f32]) {
        let range = start..start + out.len();
        match self {
            Self::U8 { values, unit } => {
                for (out, byte) in out.iter_mut().zip(&values[range]) {
                    *out = f32::from(*byte) / unit;
                }
            }
            Self::F32(values) => out.copy_from_slice(&values[range]),
            Self::F64(values) => {
                out.iter_mut().zip(&values[range]).for_each(|(out, &value)| *out = value as f32);
            }
        }
    }

    /// As [`InputStore::write`], in double precision.
    pub(super) fn write_raw(&self, start: usize, out: &mut [f64]) {
        let range = start..start + out.len();
        match self {
            Self::U8 { values, unit } => {
                let (unit, bytes) = (f64::from(*unit), values[range].iter());
                out.iter_mut().zip(bytes).for_each(|(out, &byte)| *out = f64::from(byte) / unit);
            }
            Self::F32(values) => {
                let values = values[range].iter();
                out.iter_mut().zip(values).for_each(|(out, &value)| *out = f64::from(value));
            }
            Self::F64(values) => out.copy_from_slice(&values[range]),
        }
    }

    /// As [`InputStore::write`], normalized; in double precision where the values are.
    pub(super) fn write_normalized(&self, start: usize, normalizer: &Normalizer, out: &mut [f32]) {
        match self {
            Self::F64(values) => normalizer.apply_f64(&values[start..start + out.len()], out),
            _ => {
                self.write(start, out);
                normalizer.apply(out);
            }
        }
    }

    /// Adds the values `range` to a fingerprint.
    pub(super) fn print(&self, range: std::ops::Range<usize>, print: &mut Fingerprint) {
        match self {
            Self::U8 { values, .. } => print.bytes(&values[range]),
            Self::F32(values) => print.floats(&values[range]),
            Self::F64(values) => print.doubles(&values[range]),
        }
    }

    /// All numbers are finite; `width` of them belong to an item.
    pub(super) fn check(&self, name: &str, width: usize) -> Result<(), DataError> {
        match self {
            Self::U8 { .. } => Ok(()),
            Self::F32(values) => check_finite(name, "inputs", values.iter().copied(), width),
            Self::F64(values) => check_finite(name, "inputs", singles(values), width),
        }
    }
}

/// Numbers as a model sees them when they are not normalized: what does not fit in single
/// precision is infinite.
pub(super) fn singles(values: &[f64]) -> impl Iterator<Item = f32> + '_ {
    values.iter().map(|&value| value as f32)
}

/// All numbers are finite; `width` of them belong to an item.
pub(super) fn check_finite(
    name: &str,
    what: &str,
    mut values: impl Iterator<Item = f32>,
    width: usize,
) -> Result<(), DataError> {
    let mut found = 0.0;
    let position = values.position(|value| {
        found = value;
        !value.is_finite()
    });
    match position {
        None => Ok(()),
        Some(at) => {
            let message =
                format!("value {} of item {} of the {what} of {name}", at % width, at / width);
            Err(DataError::new(DataErrorCode::NotFinite, message + " is not finite")
                .expected("a finite number of at most 3.4e38")
                .found(found))
        }
    }
}
