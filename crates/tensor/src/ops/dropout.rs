//! `y = x m / (1 - p)` with a random mask `m` of zeros (with probability `p`) and ones
//! (Srivastava et al. 2014); `dx = dy m / (1 - p)`. The mask is computed again, not saved.

use glassbox_kernels::Rng;
use glassbox_kernels::cpu::dropout as kernel;

use super::Backward;
use crate::graph::InputGradients;
use crate::tensor::Tensor;

/// Backward computes the mask again from the key, or reads the given one.
pub(crate) struct Dropout {
    mask: Mask,
    scale: f32,
}

enum Mask {
    Random { key: u64, drop_below: u32 },
    Given(Tensor),
}

impl Dropout {
    fn apply(&self, x: &Tensor) -> Tensor {
        Tensor::build(x.shape(), |out| match &self.mask {
            Mask::Random { key, drop_below } => {
                kernel::dropout(x.as_slice(), *key, *drop_below, self.scale, out);
            }
            Mask::Given(mask) => {
                for ((out, x), mask) in out.iter_mut().zip(x.as_slice()).zip(mask.as_slice()) {
                    *out = if *mask == 0.0 { 0.0 } else { x * self.scale };
                }
            }
        })
    }
}

/// `1 / (1 - p)`; where everything is dropped there is nothing to scale.
#[track_caller]
fn scale(p: f32) -> f32 {
    assert!((0.0..=1.0).contains(&p), "dropout with probability {p}");
    if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 }
}

impl Tensor {
    /// Every value becomes 0 with probability `p` and is divided by `1 - p` otherwise. Which ones
    /// is a function of the generator and their place alone.
    ///
    /// ```
    /// # use glassbox_tensor::{Rng, Tensor};
    /// let y = Tensor::ones([1000]).dropout(0.5, Rng::new(7));
    /// assert!(y.as_slice().iter().all(|&y| y == 0.0 || y == 2.0));
    /// ```
    ///
    /// # Panics
    /// When `p` is not in `[0, 1]`.
    #[track_caller]
    #[must_use]
    pub fn dropout(&self, p: f32, rng: Rng) -> Self {
        let scale = scale(p);
        if p == 0.0 {
            return self.clone();
        }
        let drop_below = (f64::from(p) * (1u64 << 32) as f64) as u32;
        let dropout = Dropout { mask: Mask::Random { key: rng.key(), drop_below }, scale };
        dropout.apply(self).recorded([self], |_| dropout.into())
    }

    /// As [`Tensor::dropout`], keeping the values where `mask`, a tensor of the same shape, is
    /// not 0.
    ///
    /// # Panics
    /// When the shapes differ or `p` is not in `[0, 1]`.
    #[track_caller]
    #[must_use]
    pub fn dropout_with_mask(&self, mask: &Self, p: f32) -> Self {
        assert_eq!(self.shape(), mask.shape(), "shapes of dropout and its mask");
        let dropout = Dropout { mask: Mask::Given(mask.detach()), scale: scale(p) };
        dropout.apply(self).recorded([self], |_| dropout.into())
    }
}

impl Backward for Dropout {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        inputs.add(0, self.apply(&output_grad));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    let mask = |x: &Tensor| {
        let ones = (0..x.elements()).map(|i| f32::from(u8::from(i % 3 > 0))).collect();
        Tensor::from_vec(ones, x.shape())
    };
    vec![
        Sample::new("a quarter dropped", [[5, 7]], |x| x[0].dropout(0.25, Rng::new(3))),
        Sample::new("over many chunks", [[20_000]], |x| x[0].dropout(0.5, Rng::new(3))),
        Sample::new("given mask", [[5, 7]], move |x| x[0].dropout_with_mask(&mask(&x[0]), 0.4)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes() {
        let x = Tensor::ones([100]);
        assert_eq!(x.dropout(0.0, Rng::new(1)).to_vec(), x.to_vec());
        assert_eq!(x.dropout(1.0, Rng::new(1)).to_vec(), vec![0.0; 100]);
    }

    #[test]
    fn other_generators_drop_others() {
        let dropped = |rng: Rng| Tensor::ones([64]).dropout(0.5, rng).to_vec();
        assert_eq!(dropped(Rng::new(1)), dropped(Rng::new(1)));
        assert_ne!(dropped(Rng::new(1)), dropped(Rng::new(1).fork(0)));
    }
}
