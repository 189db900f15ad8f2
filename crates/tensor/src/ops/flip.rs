//! `y = x` with the order of some axes reversed; the derivative is reversed the same way.

use super::Backward;
use super::words::{build_words, words};
use crate::graph::InputGradients;
use crate::shape::{Axes, MAX_RANK};
use crate::tensor::Tensor;

/// Backward reads which axes.
pub(crate) struct Flip {
    reversed: [bool; MAX_RANK],
}

impl Tensor {
    /// Reverses the order along `axes`.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], [2, 2]);
    /// assert_eq!(x.flip(-1).to_vec(), [2.0, 1.0, 4.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range.
    #[track_caller]
    #[must_use]
    pub fn flip(&self, axes: impl Into<Axes>) -> Self {
        let reversed = axes.into().mask(self.rank());
        flipped(self, reversed).recorded([self], |_| Flip { reversed }.into())
    }
}

fn flipped(x: &Tensor, reversed: [bool; MAX_RANK]) -> Tensor {
    let (dims, rank) = (x.dims(), x.rank());
    let run: usize = (0..rank).rev().take_while(|&a| !reversed[a]).map(|a| dims[a]).product();
    let outer = (0..rank).rev().skip_while(|&a| !reversed[a]).count();
    build_words(x.dtype(), x.shape(), |out| {
        let source = words(x);
        for (index, out) in out.chunks_exact_mut(run.max(1)).enumerate() {
            let (mut left, mut from, mut stride) = (index, 0, run);
            for a in (0..outer).rev() {
                let place = left % dims[a];
                from += stride * if reversed[a] { dims[a] - 1 - place } else { place };
                left /= dims[a];
                stride *= dims[a];
            }
            out.copy_from_slice(&source[from..from + run]);
        }
    })
}

impl Backward for Flip {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        inputs.add(0, flipped(&output_grad, self.reversed));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("width", [[2, 3, 4, 2]], |x| x[0].flip(2)),
        Sample::new("first and last", [[2, 3, 4]], |x| x[0].flip([0, -1])),
    ]
}
