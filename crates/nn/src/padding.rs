//! Sequences of different lengths in one batch: what follows a shorter one is padding, and no
//! layer that mixes steps may count it.

use glassbox_tensor::{Shape, Tensor};

use crate::context::Cx;

impl Cx {
    /// 1 where a step of `input` `[batch, time, …]` counts and 0 where it is padding, as integers
    /// `[batch, time, 1, …]`. `None` where all steps count, or where the running layer's input has
    /// no axis of time any more: `[batch, features]`.
    ///
    /// # Panics
    /// When the lengths are not those of this batch.
    #[track_caller]
    pub(crate) fn step_mask(&self, kind: &str, input: &Tensor) -> Option<Tensor> {
        let lengths = self.lengths()?;
        let &[batch, time, ref rest @ ..] = input.dims() else { return None };
        if rest.is_empty() {
            return None;
        }
        let all = lengths.as_i32();
        let fits = all.len() == batch && all.iter().all(|&n| n >= 0 && n as usize <= time);
        assert!(
            fits,
            "{} got a batch of shape {} with lengths {all:?}: one length from 0 to {time} for each \
             of {batch} items",
            self.name(kind),
            input.shape()
        );
        let mut shape = Shape::new(&[1; 8][..input.rank()]);
        shape.dims_mut()[..2].copy_from_slice(&[batch, time]);
        Some(Tensor::build_i32(shape, |out| {
            for (steps, &length) in out.chunks_exact_mut(time.max(1)).zip(all) {
                steps.fill(0);
                steps[..length as usize].fill(1);
            }
        }))
    }

    /// `input` with zeros in its padding, through which no gradient flows.
    #[track_caller]
    pub(crate) fn without_padding(&self, kind: &str, input: &Tensor) -> Tensor {
        match self.step_mask(kind, input) {
            Some(mask) => mask.select(input, &Tensor::scalar(0.0)),
            None => input.clone(),
        }
    }

    /// The steps of `input` that count, one after the other; `None` where all do.
    #[track_caller]
    pub(crate) fn pack(&self, kind: &str, input: &Tensor) -> Option<Packed> {
        let mask = self.step_mask(kind, input)?;
        Some(Packed::new(&mask, input.shape()))
    }

    /// Panics where a layer of type `kind` cannot tell padding from steps: its windows would lie
    /// over both.
    #[track_caller]
    pub(crate) fn expect_no_padding(&self, kind: &str) {
        assert!(
            self.lengths().is_none(),
            "{} cannot leave padding out: its windows reach from steps into padding; give it \
             sequences of one length, without Cx::with_lengths",
            self.name(kind)
        );
    }
}

/// Where the steps that count stand among all steps of a batch.
pub(crate) struct Packed {
    shape: Shape,
    /// The row of each step that counts, of rows `[batch · time]`.
    rows: Tensor,
    /// For each row its place among those that count; behind the last for padding.
    places: Tensor,
}

impl Packed {
    fn new(mask: &Tensor, shape: Shape) -> Self {
        let flags = mask.as_i32();
        let rows: Vec<i32> =
            (0..).zip(flags).filter(|(_, flag)| **flag != 0).map(|r| r.0).collect();
        let (mut next, behind) = (0, rows.len() as i32);
        let places = flags.iter().map(|&flag| {
            next += flag;
            if flag != 0 { next - 1 } else { behind }
        });
        let places: Vec<i32> = places.collect();
        let of = |values: &[i32]| Tensor::from_i32(values, [values.len()]);
        Self { shape, rows: of(&rows), places: of(&places) }
    }

    /// `[batch · time, …]` of a tensor `[batch, time, …]`.
    fn row_shape(&self, count: usize) -> Shape {
        let mut dims = self.shape.dims()[1..].to_vec();
        dims[0] = count;
        Shape::new(&dims)
    }

    /// The steps that count of a tensor of the input's shape, `[steps, …]`.
    pub(crate) fn take(&self, tensor: &Tensor) -> Tensor {
        tensor.reshape(self.row_shape(self.places.elements())).index_select(0, &self.rows)
    }

    /// The inverse of [`Self::take`], with zeros in the padding.
    pub(crate) fn spread(&self, steps: &Tensor) -> Tensor {
        let padding = Tensor::zeros(self.row_shape(1));
        let rows = Tensor::concat(&[steps, &padding], 0);
        rows.index_select(0, &self.places).reshape(self.shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_count_are_packed_and_spread() {
        let lengths = Tensor::from_i32(&[1, 3, 0], [3]);
        let input = Tensor::from_vec((1..=18).map(|x| x as f32).collect(), [3, 3, 2]);
        Cx::eval().with_lengths(&lengths, |cx| {
            let packed = cx.pack("batch_norm", &input).unwrap();
            let steps = packed.take(&input);
            assert_eq!(steps.to_vec(), [1., 2., 7., 8., 9., 10., 11., 12.]);
            let back = packed.spread(&steps).to_vec();
            assert_eq!(back, cx.without_padding("batch_norm", &input).to_vec());
            assert_eq!(back[..8], [1., 2., 0., 0., 0., 0., 7., 8.]);
            assert_eq!(back[12..], [0.0; 6]);
            // No axis of time is left.
            assert!(cx.step_mask("batch_norm", &Tensor::zeros([3, 4])).is_none());
        });
        assert!(Cx::eval().pack("batch_norm", &input).is_none());
    }

    #[test]
    #[should_panic(expected = "layer 1 (flatten) got a batch of shape 2×3×1 with lengths [4, 1]")]
    fn lengths_fit_the_batch() {
        let lengths = Tensor::from_i32(&[4, 1], [2]);
        let input = Tensor::zeros([2, 3, 1]);
        Cx::eval().with_lengths(&lengths, |cx| {
            cx.scope(1, |cx| cx.without_padding("flatten", &input));
        });
    }
}
