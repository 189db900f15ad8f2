//! Max pooling: `y = max x` over windows of an image. `dx = dy` at the element that was chosen,
//! the first of equal ones.

use glassbox_kernels::cpu::pool::{self as kernels, Planes, TapIndex};
use glassbox_kernels::storage::Storage;

use super::Backward;
use super::pool_options::{MaxPoolOptions, Windowing};
use crate::graph::InputGradients;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Backward reads which tap of its window every result came from.
pub(crate) struct MaxPool {
    windowing: Windowing,
    input: Shape,
    taps: Taps,
}

/// The chosen taps, in bytes where the window is small enough.
struct Taps {
    storage: Storage,
    count: usize,
    bytes: bool,
}

impl Taps {
    fn new(planes: &Planes) -> Self {
        let count = planes.output().iter().product();
        let bytes = planes.rows.taps * planes.columns.taps <= u8::TAPS;
        let storage = Storage::new(if bytes { usize::div_ceil(count, 4) } else { count });
        Self { storage, count, bytes }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let values = self.storage.unique_f32s().expect("new storage is not shared");
        &mut bytemuck::cast_slice_mut(values)[..self.count]
    }

    fn floats_mut(&mut self) -> &mut [f32] {
        &mut self.storage.unique_f32s().expect("new storage is not shared")[..self.count]
    }

    fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(self.storage.f32s())[..self.count]
    }

    fn floats(&self) -> &[f32] {
        &self.storage.f32s()[..self.count]
    }

    fn get(&self, index: usize) -> usize {
        if self.bytes { self.bytes()[index].into() } else { self.floats()[index] as usize }
    }
}

impl Tensor {
    /// The maxima of windows of every image `[batch, height, width, channels]`. NaN counts as
    /// larger than all numbers.
    ///
    /// # Panics
    /// When [`MaxPoolOptions::output_shape`] is an error.
    ///
    /// ```
    /// # use glassbox_tensor::{MaxPoolOptions, Tensor};
    /// let x = Tensor::from_slice(&[1.0, 5.0, 2.0, 3.0], [1, 2, 2, 1]);
    /// assert_eq!(x.max_pool(&MaxPoolOptions::new([2, 2])).to_vec(), [5.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn max_pool(&self, options: &MaxPoolOptions) -> Self {
        pool("max_pool", self, Windowing::Max(*options), false).0
    }

    /// As [`Tensor::max_pool`], and the places of the maxima, `row * width + column` in their
    /// image, as integers of the result's shape.
    #[track_caller]
    #[must_use]
    pub fn max_pool_with_indices(&self, options: &MaxPoolOptions) -> (Self, Self) {
        let (y, indices) = pool("max_pool", self, Windowing::Max(*options), true);
        (y, indices.expect("places were asked for"))
    }

    /// The maxima of `output` rows and columns of windows that cover every image evenly; `[1, 1]`
    /// is the maximum of the whole image.
    ///
    /// # Panics
    /// When this is not `[batch, height, width, channels]`, or an image or the result is empty.
    #[track_caller]
    #[must_use]
    pub fn adaptive_max_pool(&self, output: [usize; 2]) -> Self {
        pool("adaptive_max_pool", self, Windowing::Adaptive(output), false).0
    }
}

#[track_caller]
fn pool(name: &str, x: &Tensor, windowing: Windowing, places: bool) -> (Tensor, Option<Tensor>) {
    let input = x.shape();
    let planes = match windowing.planes(input) {
        Ok(planes) => planes,
        Err(error) => panic!("{name} of {input}: {error}"),
    };
    let mut taps = (places || x.requires_grad()).then(|| Taps::new(&planes));
    let y = Tensor::build(planes.output(), |y| match &mut taps {
        None => kernels::max::<u8>(&planes, x.as_slice(), y, None),
        Some(taps) if taps.bytes => {
            kernels::max(&planes, x.as_slice(), y, Some(taps.bytes_mut()));
        }
        Some(taps) => kernels::max(&planes, x.as_slice(), y, Some(taps.floats_mut())),
    });
    let indices = taps.as_ref().filter(|_| places).map(|taps| indices(&planes, taps));
    let y = match taps {
        Some(taps) => y.recorded([x], |_| MaxPool { windowing, input, taps }.into()),
        None => y,
    };
    (y, indices)
}

/// Places in the image from tap numbers.
fn indices(planes: &Planes, taps: &Taps) -> Tensor {
    let [_, rows, columns, channels] = planes.output();
    Tensor::build_i32(planes.output(), |out| {
        for (i, out) in out.iter_mut().enumerate() {
            let pixel = i / channels;
            let row = &planes.rows.places[pixel / columns % rows];
            let column = &planes.columns.places[pixel % columns];
            let tap = taps.get(i);
            let row_tap = tap / planes.columns.taps - row.first_tap;
            let column_tap = tap % planes.columns.taps - column.first_tap;
            let y = row.first + row_tap * planes.rows.dilation;
            let x = column.first + column_tap * planes.columns.dilation;
            *out = (y * planes.columns.input + x) as i32;
        }
    })
}

impl Backward for MaxPool {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let Self { windowing, input, taps } = self;
        let planes = windowing.planes(input).expect("possible on the way forward");
        let grad = Tensor::build(input, |grad| {
            let output_grad = output_grad.as_slice();
            if taps.bytes {
                kernels::max_backward(&planes, output_grad, taps.bytes(), grad);
            } else {
                kernels::max_backward(&planes, output_grad, taps.floats(), grad);
            }
        });
        inputs.add(0, grad);
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    use super::padding::Padding;
    // All values at least a tenth apart, in an order without pattern.
    let sample = |name, shape: [usize; 4], options: MaxPoolOptions| {
        let elements: usize = shape.iter().product();
        let x = glassbox_kernels::Rng::new(5).permutation(elements);
        let x = Tensor::from_vec(x.iter().map(|&x| 0.1 * x as f32).collect(), shape);
        Sample::new(name, [shape], move |x| x[0].max_pool(&options)).with_inputs(vec![x])
    };
    let two = MaxPoolOptions::new([2, 2]);
    vec![
        sample("2×2", [2, 4, 5, 8], two),
        sample(
            "overlapping, same padding",
            [1, 5, 7, 3],
            MaxPoolOptions { window: [3, 2], stride: [1, 1], padding: Padding::Same, ..two },
        ),
        sample(
            "dilated, rounded up",
            [1, 7, 6, 9],
            MaxPoolOptions { dilation: [2, 1], padding: Padding::all(1), ceil: true, ..two },
        ),
        Sample::new("adaptive", [[2, 5, 3, 2]], |x| x[0].adaptive_max_pool([2, 2])).with_inputs(
            vec![Tensor::from_vec((0..60).map(|i| (i * 37 % 60) as f32).collect(), [2, 5, 3, 2])],
        ),
    ]
}
