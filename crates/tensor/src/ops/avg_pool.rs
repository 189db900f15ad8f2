//! Average pooling: `y = Σx / n` over windows of an image; every element of a window receives
//! `dx = dy / n`.

use glassbox_kernels::cpu::pool as kernels;

use super::Backward;
use super::pool_options::{AvgPoolOptions, Windowing};
use crate::graph::InputGradients;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Backward reads no values.
pub(crate) struct AvgPool {
    windowing: Windowing,
    input: Shape,
    divisor: Option<f32>,
}

impl Tensor {
    /// The means of windows of every image `[batch, height, width, channels]`.
    ///
    /// # Panics
    /// When [`AvgPoolOptions::output_shape`] is an error.
    ///
    /// ```
    /// # use glassbox_tensor::{AvgPoolOptions, Tensor};
    /// let x = Tensor::from_slice(&[1.0, 5.0, 2.0, 4.0], [1, 2, 2, 1]);
    /// assert_eq!(x.avg_pool(&AvgPoolOptions::new([2, 2])).to_vec(), [3.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn avg_pool(&self, options: &AvgPoolOptions) -> Self {
        let divisor = options.divisor.map(|divisor| divisor as f32);
        pool("avg_pool", self, Windowing::Average(*options), divisor)
    }

    /// The means of `output` rows and columns of windows that cover every image evenly.
    ///
    /// # Panics
    /// When this is not `[batch, height, width, channels]`, or an image or the result is empty.
    #[track_caller]
    #[must_use]
    pub fn adaptive_avg_pool(&self, output: [usize; 2]) -> Self {
        pool("adaptive_avg_pool", self, Windowing::Adaptive(output), None)
    }

    /// The mean of every channel of every image: `[batch, height, width, channels]` to
    /// `[batch, channels]`.
    ///
    /// # Panics
    /// When there are not four axes.
    #[track_caller]
    #[must_use]
    pub fn global_avg_pool(&self) -> Self {
        assert_eq!(self.rank(), 4, "global_avg_pool of {}", self.shape());
        self.mean([1, 2])
    }
}

#[track_caller]
fn pool(name: &str, x: &Tensor, windowing: Windowing, divisor: Option<f32>) -> Tensor {
    let input = x.shape();
    let planes = match windowing.planes(input) {
        Ok(planes) => planes,
        Err(error) => panic!("{name} of {input}: {error}"),
    };
    let y = Tensor::build(planes.output(), |y| {
        kernels::average(&planes, x.as_slice(), y, divisor);
    });
    y.recorded([x], |_| AvgPool { windowing, input, divisor }.into())
}

impl Backward for AvgPool {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let planes = self.windowing.planes(self.input).expect("possible on the way forward");
        let grad = Tensor::build(self.input, |grad| {
            kernels::average_backward(&planes, output_grad.as_slice(), grad, self.divisor);
        });
        inputs.add(0, grad);
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    use super::padding::Padding;
    let sample = |name, shape: [usize; 4], options: AvgPoolOptions| {
        Sample::new(name, [shape], move |x| x[0].avg_pool(&options))
    };
    let two = AvgPoolOptions::new([2, 2]);
    vec![
        sample("2×2", [2, 4, 5, 8], two),
        sample(
            "overlapping, padding not counted",
            [1, 5, 7, 3],
            AvgPoolOptions {
                window: [3, 3],
                stride: [2, 1],
                padding: Padding::all(1),
                count_padding: false,
                ceil: true,
                ..two
            },
        ),
        sample("divisor", [1, 3, 4, 9], AvgPoolOptions { divisor: Some(3), ..two }),
        Sample::new("adaptive", [[2, 5, 3, 2]], |x| x[0].adaptive_avg_pool([3, 2])),
        Sample::new("global", [[3, 5, 6, 10]], |x| x[0].global_avg_pool()),
    ]
}
