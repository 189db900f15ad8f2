//! The gradients of a graph's leaves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use crate::tensor::Tensor;

/// Gradients by leaf, as [`Tensor::backward`] returns them.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    by_leaf: HashMap<u64, Tensor, BuildHasherDefault<IdHasher>>,
}

impl Gradients {
    /// The gradient of `leaf`; `None` when the result did not depend on it.
    #[inline]
    pub fn get(&self, leaf: &Tensor) -> Option<&Tensor> {
        self.by_leaf.get(&leaf.node.as_ref()?.id())
    }

    /// The gradient of `leaf`, to change in place (clipping).
    #[inline]
    pub fn get_mut(&mut self, leaf: &Tensor) -> Option<&mut Tensor> {
        self.by_leaf.get_mut(&leaf.node.as_ref()?.id())
    }

    /// Takes the gradient of `leaf` out.
    pub fn remove(&mut self, leaf: &Tensor) -> Option<Tensor> {
        self.by_leaf.remove(&leaf.node.as_ref()?.id())
    }

    /// Adds to the gradient of `leaf`.
    ///
    /// # Panics
    /// When `leaf` takes no part in a graph.
    #[track_caller]
    pub fn insert(&mut self, leaf: &Tensor, gradient: Tensor) {
        let node = leaf.node.as_ref().expect("a gradient belongs to a leaf");
        self.add(node.id(), gradient);
    }

    /// Forgets all gradients, keeping the table's memory for the next step.
    pub fn clear(&mut self) {
        self.by_leaf.clear();
    }

    /// How many leaves have a gradient.
    pub fn len(&self) -> usize {
        self.by_leaf.len()
    }

    /// Whether no leaf has a gradient.
    pub fn is_empty(&self) -> bool {
        self.by_leaf.is_empty()
    }

    #[inline]
    pub(crate) fn add(&mut self, id: u64, gradient: Tensor) {
        debug_assert!(!gradient.requires_grad());
        match self.by_leaf.entry(id) {
            Entry::Occupied(mut sum) => sum.get_mut().accumulate(&gradient),
            Entry::Vacant(place) => _ = place.insert(gradient),
        }
    }
}

/// Leaf numbers are distinct already: one multiplication spreads them over the table.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}
