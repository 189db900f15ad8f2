//! What benchmarks ask of the kernels below the operations.

use glassbox_kernels::cpu::matmul::{Epilogue, Matrix, PackedMatrix, product, product_of_rows};

use crate::tensor::Tensor;

pub use glassbox_kernels::cpu::peak::fused_multiply_adds;

/// A weight in the order in which products read it: what a recurrent layer prepares once for all
/// steps of a sequence.
pub struct PackedWeight(PackedMatrix);

impl PackedWeight {
    /// Packs `weight`, `[inputs, outputs]`, or its transpose.
    ///
    /// # Panics
    /// When `weight` is no matrix.
    #[track_caller]
    pub fn new(weight: &Tensor, transposed: bool) -> Self {
        let &[rows, columns] = weight.dims() else {
            panic!("a weight of shape {} is no matrix", weight.shape())
        };
        let matrix = Matrix::new(weight.as_slice(), rows, columns);
        Self(PackedMatrix::new(if transposed { matrix.transposed() } else { matrix }))
    }

    /// `out = left · weight`, for `left` of `[rows, inputs]` and `out` of `[rows, outputs]`, on all
    /// threads: the products of all steps' inputs.
    ///
    /// # Panics
    /// When the shapes do not fit each other.
    ///
    /// ```
    /// # use glassbox_tensor::{Tensor, measure::PackedWeight};
    /// let weight = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
    /// let mut out = Tensor::zeros([1, 3]);
    /// PackedWeight::new(&weight, false).product(&Tensor::from_slice(&[1.0, -1.0], [1, 2]), &mut out);
    /// assert_eq!(out.as_slice(), [-3.0, -3.0, -3.0]);
    /// ```
    #[track_caller]
    pub fn product(&self, left: &Tensor, out: &mut Tensor) {
        let left = self.checked(left, out);
        product(left, &self.0, Epilogue::default(), out.make_mut());
    }

    /// As [`PackedWeight::product`] on the calling thread alone: the product of one step.
    ///
    /// # Panics
    /// When the shapes do not fit each other.
    #[track_caller]
    pub fn product_of_step(&self, left: &Tensor, out: &mut Tensor) {
        let left = self.checked(left, out);
        product_of_rows(left, &self.0, Epilogue::default(), out.make_mut(), false);
    }

    #[track_caller]
    fn checked<'a>(&self, left: &'a Tensor, out: &Tensor) -> Matrix<'a> {
        let (inputs, outputs) = (self.0.rows(), self.0.columns());
        match (left.dims(), out.dims()) {
            (&[rows, width], &[out_rows, out_width])
                if rows == out_rows && width == inputs && out_width == outputs =>
            {
                Matrix::new(left.as_slice(), rows, width)
            }
            _ => panic!(
                "product of {} with a packed weight {inputs}×{outputs} into {}",
                left.shape(),
                out.shape()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_kernels::Rng;

    #[test]
    fn packed_weights_multiply_as_plain_ones() {
        let mut rng = Rng::new(3);
        let mut normal = |shape| Tensor::build(shape, |out| out.fill_with(|| rng.normal()));
        let (left, weight, turned) = (normal([9, 20]), normal([20, 33]), normal([33, 20]));
        for (packed, expected) in [
            (PackedWeight::new(&weight, false), left.matmul(&weight)),
            (PackedWeight::new(&turned, true), left.matmul_transposed(&turned, false, true)),
        ] {
            let (mut all, mut step) = (Tensor::zeros([9, 33]), Tensor::zeros([9, 33]));
            packed.product(&left, &mut all);
            packed.product_of_step(&left, &mut step);
            for out in [all, step] {
                for (got, want) in out.as_slice().iter().zip(expected.as_slice()) {
                    assert!((got - want).abs() < 1e-4, "{got} {want}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "product of 2×3 with a packed weight 4×5 into 2×5")]
    fn shapes_that_do_not_fit_are_named() {
        let packed = PackedWeight::new(&Tensor::zeros([4, 5]), false);
        packed.product(&Tensor::zeros([2, 3]), &mut Tensor::zeros([2, 5]));
    }

    #[test]
    fn operations_are_counted() {
        assert_eq!(fused_multiply_adds(0), 0);
        assert_eq!(fused_multiply_adds(500), 500 * fused_multiply_adds(1));
    }
}
