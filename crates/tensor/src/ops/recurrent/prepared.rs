//! Weights that are packed once for many single steps.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::RecurrentWeights;
use super::layer::Packed;
use crate::ops::prepared::Prepared;
use crate::tensor::Tensor;

/// The weights of a layer in the order in which steps read them. A call of one step would not
/// bring in the cost of that order; many calls with the same weights do.
pub type PreparedRecurrent = Prepared<PackedRecurrent>;

/// The weights as steps read them, with the products of inputs that came before.
pub struct PackedRecurrent {
    pub(super) packed: Packed,
    pub(super) products: Products,
}

impl PreparedRecurrent {
    /// Prepares `weights`, and keeps a share of them.
    pub fn new(weights: &RecurrentWeights<'_>) -> Self {
        let packed = Packed::all(weights);
        Self::with(weights, packed)
    }

    /// Prepares `weights` rounded to half precision (IEEE 754 binary16, one part in 2048), which
    /// single steps read in half the time. Sums are made in single precision.
    ///
    /// # Panics
    /// With rows instead of an input weight.
    pub fn half(weights: &RecurrentWeights<'_>) -> Self {
        Self::with(weights, Packed::half(weights))
    }

    fn with(weights: &RecurrentWeights<'_>, packed: Packed) -> Self {
        Self::of(&all(weights), PackedRecurrent { packed, products: Products::default() })
    }

    /// Whether they are in half precision.
    pub fn is_half(&self) -> bool {
        self.made().packed.half.is_some()
    }

    /// Whether these weights were prepared, and did not change since.
    pub fn is_of(&self, weights: &RecurrentWeights<'_>) -> bool {
        self.is_of_all(&all(weights))
    }
}

fn all<'a>(weights: &RecurrentWeights<'a>) -> [Option<&'a Tensor>; 5] {
    let RecurrentWeights { input, hidden, input_bias, hidden_bias, projection } = *weights;
    [input.weight(), Some(hidden), input_bias, hidden_bias, projection]
}

/// Products of the inputs of single steps. A text has few different tokens: the first layer sees
/// the same rows again and again, and need not read its weight for them.
#[derive(Default)]
pub(super) struct Products(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// By the bits of the input.
    products: HashMap<Box<[u32]>, Box<[f32]>>,
    /// Rows that were new after another.
    misses: usize,
}

/// The most rows that are kept.
const KEPT: usize = 256;
/// So many new rows after another mean that rows do not repeat.
const PATIENCE: usize = 64;

impl Products {
    /// Writes the product of the row `input`, which `compute` writes where it is not known.
    pub(super) fn get(&self, input: &[f32], out: &mut [f32], compute: impl FnOnce(&mut [f32])) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.misses >= PATIENCE {
            drop(known);
            return compute(out);
        }
        let bits: &[u32] = bytemuck::cast_slice(input);
        if let Some(product) = known.products.get(bits) {
            out.copy_from_slice(product);
            known.misses = 0;
            return;
        }
        compute(out);
        known.misses += 1;
        if known.products.len() < KEPT {
            known.products.insert(bits.into(), (&*out).into());
        }
        if known.misses >= PATIENCE {
            known.products = HashMap::new();
        }
    }
}
