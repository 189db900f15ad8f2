//! A weight that is packed once for many evaluations.

use glassbox_kernels::cpu::matmul::{Epilogue, Matrix, PackedMatrix, product};

use super::super::prepared::Prepared;
use super::rows_of;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The weight of a linear layer in the order in which products read it. With few rows, making that
/// copy takes as long as the product.
///
/// ```
/// # use glassbox_tensor::{Activation, PreparedLinear, Tensor};
/// let (x, weight) = (Tensor::ones([8, 100]), Tensor::ones([100, 50]));
/// let prepared = PreparedLinear::new(&weight, x.shape()).expect("it pays here");
/// let output = |prepared| x.linear_prepared(&weight, prepared, None, Activation::Relu);
/// assert_eq!(output(Some(&prepared)).as_slice(), output(None).as_slice());
/// ```
pub type PreparedLinear = Prepared<PackedMatrix>;

impl PreparedLinear {
    /// Prepares `weight`, `[inputs, outputs]`, for inputs of the shape `input`, and keeps a share of
    /// it; nothing where that gains nothing: for one row, very many, little to compute, or shapes
    /// that do not fit.
    #[must_use]
    pub fn new(weight: &Tensor, input: Shape) -> Option<Self> {
        let matrix = matrix(weight)?;
        let pays =
            input.last() == weight.dims().first() && PackedMatrix::pays(rows_of(input), matrix);
        if !pays {
            return None;
        }
        Some(Self::of(&[Some(weight)], PackedMatrix::new(matrix)))
    }

    /// Whether `weight` was prepared, and did not change since.
    #[must_use]
    pub fn is_of(&self, weight: &Tensor) -> bool {
        self.is_of_all(&[Some(weight)])
    }

    /// Computes the product with `weight`, if it was prepared and that pays; whether it did.
    pub(super) fn product(
        &self,
        input: Matrix<'_>,
        weight: &Tensor,
        epilogue: Epilogue<'_>,
        out: &mut [f32],
    ) -> bool {
        let serves = self.is_of(weight)
            && matrix(weight).is_some_and(|weight| PackedMatrix::pays(input.rows(), weight));
        if serves {
            product(input, self.made(), epilogue, out);
        }
        serves
    }
}

fn matrix(weight: &Tensor) -> Option<Matrix<'_>> {
    match *weight.dims() {
        [inputs, outputs] => Some(Matrix::new(weight.as_slice(), inputs, outputs)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_kernels::Activation;
    use glassbox_kernels::Rng;

    fn normal(rng: &mut Rng, shape: [usize; 2]) -> Tensor {
        Tensor::build(shape, |out| rng.fill_normal(out))
    }

    #[test]
    fn the_same_bits_whatever_the_number_of_rows() {
        let mut rng = Rng::new(3);
        for [inputs, outputs] in [[100, 50], [70, 1], [300, 64], [2100, 40], [512, 65]] {
            let weight = normal(&mut rng, [inputs, outputs]);
            let bias = Tensor::build([outputs], |out| rng.fill_normal(out));
            let prepared = PreparedLinear::new(&weight, [4, inputs].into());
            assert_eq!(prepared.is_some(), outputs > 1, "{inputs} {outputs}");
            for rows in [1, 2, 5, 13, 33, 64, 128, 150] {
                let x = normal(&mut rng, [rows, inputs]);
                let output = |prepared| {
                    x.linear_prepared(&weight, prepared, Some(&bias), Activation::Relu).to_vec()
                };
                assert_eq!(output(prepared.as_ref()), output(None), "{rows} {inputs} {outputs}");
            }
        }
    }

    #[test]
    fn only_where_it_pays() {
        let weight = normal(&mut Rng::new(3), [60, 70]);
        let pays = |weight: &Tensor, input: Shape| PreparedLinear::new(weight, input).is_some();
        assert!([2, 8, 128].iter().all(|&rows| pays(&weight, [rows, 60].into())));
        assert!([0, 1, 129].iter().all(|&rows| !pays(&weight, [rows, 60].into())));
        assert!(pays(&weight, [4, 16, 60].into()) && !pays(&weight, [8, 61].into()));
        assert!(!pays(&weight, [].into()));
        assert!(!pays(&normal(&mut Rng::new(3), [16, 16]), [32, 16].into()));
        assert!(!pays(&Tensor::zeros([0, 16]), [32, 0].into()));
        assert!(!pays(&Tensor::zeros([16]), [32, 16].into()));
    }

    #[test]
    fn only_what_was_prepared() {
        let mut rng = Rng::new(3);
        let (weight, other) = (normal(&mut rng, [60, 70]), normal(&mut rng, [60, 70]));
        let prepared = PreparedLinear::new(&weight, [8, 60].into()).unwrap();
        assert!(prepared.is_of(&weight) && prepared.is_of(&weight.detach()));
        // The same values, read as another matrix.
        let turned = weight.reshape([70, 60]);
        for weight in [&other, &turned] {
            let x = normal(&mut rng, [8, weight.dims()[0]]);
            let output = |prepared| x.linear_prepared(weight, prepared, None, Activation::Tanh);
            assert!(!prepared.is_of(weight));
            assert_eq!(output(Some(&prepared)).to_vec(), output(None).to_vec());
        }
    }
}
