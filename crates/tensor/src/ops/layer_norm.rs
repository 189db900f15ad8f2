//! `y = (x - mean) / √(variance + epsilon) · weight + bias` over the last axes;
//! `dx = factor (g - mean(g) - z mean(g z))` with `g = dy · weight`, the normalized `z` and
//! `factor = 1 / √(variance + epsilon)`.

use glassbox_kernels::cpu::layer_norm::LayerNormRows;

use super::Backward;
use crate::graph::InputGradients;
use crate::shape::Shape;
use crate::tensor::{Tensor, Values};

/// What backward reads.
pub(crate) struct LayerNorm {
    input: Values,
    weight: Option<Values>,
    /// The normalized axes.
    axes: Shape,
    shape: Shape,
    /// `[rows, 2]`: the mean and the factor.
    statistics: Tensor,
}

impl Tensor {
    /// Layer normalization (Ba, Kiros and Hinton 2016) over the last `axes` axes: each row of them
    /// gets mean 0 and variance 1, then is scaled and shifted. `weight` and `bias` have the shape
    /// of these axes. The variance is the biased one, `Σ(x - mean)² / n`, as in PyTorch.
    ///
    /// # Shape
    /// `[…, axes]` in and out.
    ///
    /// # Panics
    /// When there are not that many axes, or a shape is not theirs.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 3.0, 10.0, 20.0], [2, 2]);
    /// let y = x.layer_norm(1, None, None, 0.0);
    /// assert_eq!(y.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn layer_norm(
        &self,
        axes: usize,
        weight: Option<&Self>,
        bias: Option<&Self>,
        epsilon: f32,
    ) -> Self {
        assert!(
            (1..=self.rank()).contains(&axes),
            "layer_norm: {axes} of the {} axes of {}",
            self.rank(),
            self.shape()
        );
        let axes = Shape::new(&self.dims()[self.rank() - axes..]);
        for (name, given) in [("weight", weight), ("bias", bias)] {
            let fits = given.is_none_or(|given| given.shape() == axes);
            let found = given.map_or(axes, Self::shape);
            assert!(fits, "layer_norm: a {name} of shape {found} for rows of shape {axes}");
        }
        let rows = self.elements() / axes.elements().max(1);
        let mut output = Self::build(self.shape(), |_| {});
        let statistics = Self::build([rows, 2], |statistics| {
            if let Some(kernel) = kernel(self.as_slice(), weight.map(Self::as_slice), axes) {
                let bias = bias.map(Self::as_slice);
                let kernel = LayerNormRows { bias, ..kernel };
                kernel.forward(epsilon, output.make_mut(), statistics);
            }
        });
        output.record([Some(self), weight, bias], |_| {
            let weight = weight.map(Self::values);
            let (input, shape) = (self.values(), self.shape());
            LayerNorm { input, weight, axes, shape, statistics }.into()
        });
        output
    }
}

/// Nothing where there is nothing to compute.
fn kernel<'a>(x: &'a [f32], weight: Option<&'a [f32]>, axes: Shape) -> Option<LayerNormRows<'a>> {
    let width = axes.elements();
    (!x.is_empty()).then_some(LayerNormRows { x, width, weight, bias: None })
}

impl Backward for LayerNorm {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let wanted = [0, 1, 2].map(|index| inputs.wants(index));
        let [mut dx, mut dweight, mut dbias] = [(0, self.shape), (1, self.axes), (2, self.axes)]
            .map(|(index, shape)| wanted[index].then(|| Tensor::zeros(shape)));
        let weight = self.weight.as_ref().map(Values::f32s);
        if let Some(kernel) = kernel(self.input.f32s(), weight, self.axes) {
            let [dx, dweight, dbias] = [&mut dx, &mut dweight, &mut dbias]
                .map(|grad| grad.as_mut().map_or(&mut [][..], Tensor::make_mut));
            let statistics = self.statistics.as_slice();
            kernel.backward(statistics, output_grad.as_slice(), dx, dweight, dbias);
        }
        for (index, grad) in [dx, dweight, dbias].into_iter().enumerate() {
            if let Some(grad) = grad {
                inputs.add(index, grad);
            }
        }
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("layer_norm", vec![vec![6, 5], vec![5], vec![5]], |x| {
            x[0].layer_norm(1, Some(&x[1]), Some(&x[2]), 1e-3)
        }),
        Sample::new("layer_norm of two axes", vec![vec![4, 3, 20], vec![3, 20]], |x| {
            x[0].layer_norm(2, Some(&x[1]), None, 1e-3)
        }),
        Sample::new("layer_norm alone", [[3, 40]], |x| x[0].layer_norm(1, None, None, 1e-3)),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn nothing_and_shapes_that_do_not_fit() {
        assert_eq!(Tensor::zeros([0, 3]).layer_norm(1, None, None, 1e-5).dims(), [0, 3]);
        assert_eq!(Tensor::zeros([2, 0]).layer_norm(1, None, None, 1e-5).dims(), [2, 0]);
        let refused = |axes: usize, weight: Tensor| {
            let x = Tensor::zeros([2, 3]);
            std::panic::catch_unwind(move || x.layer_norm(axes, Some(&weight), None, 1e-5)).is_err()
        };
        assert!(refused(0, Tensor::zeros([3])) && refused(3, Tensor::zeros([3])));
        assert!(refused(1, Tensor::zeros([2])) && !refused(2, Tensor::zeros([2, 3])));
    }
}
