//! `sum += term`, in place where nothing else reads the sum: how gradients add up.

use glassbox_kernels::cpu::elementwise::{CHEAP, Map, map_in_place};
use glassbox_kernels::cpu::vector::Vector;

use crate::tensor::Tensor;

impl Tensor {
    /// Adds `term`, a tensor of the same shape, in place (not recorded in the graph).
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn accumulate(&mut self, term: &Tensor) {
        assert_eq!(self.shape(), term.shape(), "shapes of a sum in place");
        map_in_place(Sum, self.make_mut(), &[term.as_slice()]);
    }
}

#[derive(Clone, Copy)]
struct Sum;

impl Map<2> for Sum {
    const COST: usize = CHEAP;
    #[inline(always)]
    fn at<V: Vector>(self, [sum, term]: [V; 2]) -> V {
        sum.add(term)
    }
}
