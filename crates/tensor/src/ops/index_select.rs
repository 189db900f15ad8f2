//! `y[i] = x[index[i]]` along an axis (an embedding when that is the first);
//! `dx[index[i]] += dy[i]`, added in the order of `i`.

use glassbox_kernels::cpu::table_rows::{add_rows, take_rows};

use super::Backward;
use super::words::{build_words, words};
use crate::graph::InputGradients;
use crate::shape::{Shape, resolve_axis};
use crate::tensor::Tensor;

/// Backward reads which places were taken.
pub(crate) struct IndexSelect {
    input_shape: Shape,
    axis: usize,
    index: Tensor,
}

impl Tensor {
    /// The places `index` (integers of any shape) of an axis; in the result the axis is replaced
    /// by those of `index`.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let table = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], [2, 2]);
    /// let rows = table.index_select(0, &Tensor::from_i32(&[1, 1, 0], [3]));
    /// assert_eq!(rows.to_vec(), [3.0, 4.0, 3.0, 4.0, 1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// When the axis or an index is out of range, or `index` does not hold integers.
    #[track_caller]
    #[must_use]
    pub fn index_select(&self, axis: isize, index: &Self) -> Self {
        let axis = resolve_axis(axis, self.rank());
        let (input_shape, length) = (self.shape(), self.dims()[axis]);
        let places = index.as_i32();
        if let Some(place) = places.iter().find(|&&place| place as usize >= length) {
            panic!("index {place} is out of range for axis {axis} of {input_shape}");
        }
        let dims = self.dims();
        let joined = [&dims[..axis], index.dims(), &dims[axis + 1..]];
        let mut shape = Shape::new(&[1; crate::shape::MAX_RANK][..dims.len() - 1 + index.rank()]);
        for (to, from) in shape.dims_mut().iter_mut().zip(joined.into_iter().flatten()) {
            *to = *from;
        }
        let inner: usize = dims[axis + 1..].iter().product();
        let y = build_words(self.dtype(), shape, |out| {
            let source = words(self);
            if places.is_empty() || inner == 0 {
                return;
            }
            let blocks = source.chunks_exact(length * inner);
            for (out, block) in out.chunks_exact_mut(places.len() * inner).zip(blocks) {
                take_rows(block, places, inner, out);
            }
        });
        let index = index.detach();
        y.recorded([self], |_| IndexSelect { input_shape, axis, index }.into())
    }
}

impl Backward for IndexSelect {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let (length, places) = (self.input_shape[self.axis], self.index.as_i32());
        let inner: usize = self.input_shape[self.axis + 1..].iter().product();
        let gradient = Tensor::build(self.input_shape, |out| {
            out.fill(0.0);
            if places.is_empty() || inner == 0 {
                return;
            }
            let blocks = output_grad.as_slice().chunks_exact(places.len() * inner);
            for (out, block) in out.chunks_exact_mut(length * inner).zip(blocks) {
                add_rows(places, inner, block, out);
            }
        });
        inputs.add(0, gradient);
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    let index = Tensor::from_i32(&[3, 0, 3, 1], [2, 2]);
    let more = index.clone();
    vec![
        Sample::new("rows", [[5, 3]], move |x| x[0].index_select(0, &index)),
        Sample::new("middle axis", [[2, 4, 3]], move |x| x[0].index_select(1, &more)),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    #[should_panic(expected = "index -1 is out of range for axis 0 of 2×3")]
    fn an_index_stays_inside() {
        let _ = Tensor::zeros([2, 3]).index_select(0, &Tensor::from_i32(&[-1], [1]));
    }

    #[test]
    fn nothing_selected() {
        let y = Tensor::zeros([2, 3]).index_select(1, &Tensor::from_i32(&[], [0]));
        assert_eq!(y.dims(), [2, 0]);
    }
}
