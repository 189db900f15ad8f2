//! `y = x` with its axes in another order, copied; the derivative takes the inverse order.

use glassbox_kernels::cpu::permute::permute;
use smallvec::SmallVec;

use super::Backward;
use crate::graph::InputGradients;
use crate::shape::{MAX_RANK, resolve_axis};
use crate::tensor::{DType, Tensor};

type Order = SmallVec<[usize; MAX_RANK]>;

/// Backward reads the order alone.
pub(crate) struct Permute {
    order: Order,
}

impl Tensor {
    /// The axes in another order: axis `k` of the result is axis `order[k]`.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// assert_eq!(Tensor::zeros([2, 3, 4]).permute([2, 0, 1]).dims(), [4, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// When `order` does not name every axis once.
    #[track_caller]
    #[must_use]
    pub fn permute(&self, order: impl AsRef<[isize]>) -> Self {
        let asked = order.as_ref();
        let order: Order = asked.iter().map(|&axis| resolve_axis(axis, self.rank())).collect();
        let once = (0..self.rank()).all(|axis| order.contains(&axis));
        assert!(
            once && order.len() == self.rank(),
            "the order {asked:?} does not name every axis of {} once",
            self.shape()
        );
        permuted(self, &order).recorded([self], |_| Permute { order }.into())
    }

    /// The two axes exchanged.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
    /// assert_eq!(x.transpose(0, 1).to_vec(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range.
    #[track_caller]
    #[must_use]
    pub fn transpose(&self, first: isize, second: isize) -> Self {
        let (first, second) = (resolve_axis(first, self.rank()), resolve_axis(second, self.rank()));
        let mut order: Order = (0..self.rank()).collect();
        order.swap(first, second);
        permuted(self, &order).recorded([self], |_| Permute { order }.into())
    }
}

/// The values of `x` with its axes in the given order, outside the graph.
pub(super) fn permuted(x: &Tensor, order: &[usize]) -> Tensor {
    let mut shape = x.shape();
    for (length, &axis) in shape.dims_mut().iter_mut().zip(order) {
        *length = x.dims()[axis];
    }
    match x.dtype() {
        DType::F32 => Tensor::build(shape, |out| permute(x.as_slice(), x.dims(), order, out)),
        DType::I32 => Tensor::build_i32(shape, |out| permute(x.as_i32(), x.dims(), order, out)),
    }
}

/// The order that undoes `order`.
pub(super) fn inverse(order: &[usize]) -> [usize; MAX_RANK] {
    let mut inverse = [0; MAX_RANK];
    for (place, &axis) in order.iter().enumerate() {
        inverse[axis] = place;
    }
    inverse
}

impl Backward for Permute {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let order = &inverse(&self.order)[..self.order.len()];
        inputs.add(0, permuted(&output_grad, order));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("to channels first", [[2, 3, 4, 5]], |x| x[0].permute([0, 3, 1, 2])),
        Sample::new("transpose", [[33, 20]], |x| x[0].transpose(0, -1)),
        Sample::new("large transpose", [[300, 200]], |x| x[0].transpose(0, 1)),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn integers_too() {
        let x = Tensor::from_i32(&[1, 2, 3, 4, 5, 6], [2, 3]);
        assert_eq!(x.transpose(0, 1).as_i32(), [1, 4, 2, 5, 3, 6]);
    }

    #[test]
    #[should_panic(expected = "does not name every axis of 2×3 once")]
    fn an_order_names_every_axis() {
        let _ = Tensor::zeros([2, 3]).permute([0, 0]);
    }
}
