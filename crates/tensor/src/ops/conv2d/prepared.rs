//! A weight that is transformed once for many evaluations.

use glassbox_kernels::cpu::conv::TransformedWeight;

use super::super::conv2d_options::Conv2dOptions;
use super::super::prepared::Prepared;
use super::geometry;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The weight of a convolution as the fast algorithm for 3 × 3 and 5 × 5 kernels reads it. For one
/// or a few small images, making it so can take as long as using it.
///
/// ```
/// # use glassbox_tensor::{Activation, Conv2dOptions, Padding, PreparedConv2d, Tensor};
/// let (image, weight) = (Tensor::ones([1, 8, 8, 32]), Tensor::ones([3, 3, 32, 32]));
/// let options = Conv2dOptions { padding: Padding::Same, ..Default::default() };
/// let prepared = PreparedConv2d::new(&weight, image.shape(), &options).expect("it pays here");
/// let output = |prepared| {
///     image.conv2d_prepared(&weight, prepared, None, &options, Activation::Identity)
/// };
/// assert_eq!(output(Some(&prepared)).as_slice(), output(None).as_slice());
/// ```
pub type PreparedConv2d = Prepared<TransformedWeight>;

impl PreparedConv2d {
    /// Prepares `weight` for inputs of the shape `input`, and keeps a share of it; nothing where
    /// that gains nothing: for other kernels and strides, many images, or shapes that do not fit.
    #[must_use]
    pub fn new(weight: &Tensor, input: Shape, options: &Conv2dOptions) -> Option<Self> {
        let output = options.output_shape(input, weight.shape()).ok()?;
        let geometry = geometry(input, weight.shape(), options, output);
        let transformed = TransformedWeight::worth_keeping(&geometry, weight.as_slice())?;
        Some(Self::of(&[Some(weight)], transformed))
    }

    /// Whether `weight` was prepared, and did not change since.
    #[must_use]
    pub fn is_of(&self, weight: &Tensor) -> bool {
        self.is_of_all(&[Some(weight)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::padding::Padding;
    use glassbox_kernels::Activation;
    use glassbox_kernels::Precision;
    use glassbox_kernels::Rng;

    #[test]
    fn only_what_was_prepared_and_only_where_it_pays() {
        let mut rng = Rng::new(3);
        let mut normal = |shape: [usize; 4]| Tensor::build(shape, |out| rng.fill_normal(out));
        let (image, weight) = (normal([2, 9, 7, 20]), normal([3, 3, 20, 40]));
        let options = Conv2dOptions { padding: Padding::Same, ..Default::default() };
        let prepared = PreparedConv2d::new(&weight, image.shape(), &options).unwrap();
        assert!(prepared.is_of(&weight) && prepared.is_of(&weight.detach()));
        let other = normal([3, 3, 20, 40]);
        assert!(!prepared.is_of(&other));
        // The same values, read as another kernel.
        let (turned, wide) = (weight.reshape([3, 3, 40, 20]), normal([2, 9, 7, 40]));
        let plain = wide.conv2d(&turned, None, &options, Activation::Identity);
        let identity = Activation::Identity;
        let output = wide.conv2d_prepared(&turned, Some(&prepared), None, &options, identity);
        assert!(!prepared.is_of(&turned) && output.as_slice() == plain.as_slice());
        for options in [options, Conv2dOptions { precision: Precision::Exact, ..options }] {
            for weight in [&weight, &other] {
                let plain = image.conv2d(weight, None, &options, Activation::Relu);
                let output = image.conv2d_prepared(
                    weight,
                    Some(&prepared),
                    None,
                    &options,
                    Activation::Relu,
                );
                assert_eq!(output.as_slice(), plain.as_slice());
            }
        }
        let strided = Conv2dOptions { stride: [2, 1], ..options };
        assert!(PreparedConv2d::new(&weight, image.shape(), &strided).is_none());
        assert!(PreparedConv2d::new(&weight, [200, 9, 7, 20].into(), &options).is_none());
        assert!(PreparedConv2d::new(&weight, [2, 9, 7, 21].into(), &options).is_none());
    }
}
