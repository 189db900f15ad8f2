//! How several inputs become one.

use std::fmt;

use glassbox_tensor::{Activation, Shape, Tensor};
use serde::{Deserialize, Serialize};

/// How a node with several inputs makes one of them.
///
/// Shapes are those of one item. Sums and products take inputs of one shape; a list `[channels]`
/// beside larger inputs `[…, channels]` counts at every place of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// The sum `a + b + …` of inputs of one shape.
    Add,
    /// The product `a · b · …` of inputs of one shape.
    Mul,
    /// One input after the other along the last axis: `[…, a]` and `[…, b]` become `[…, a + b]`.
    Concat,
}

impl Join {
    /// What recipes call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Mul => "mul",
            Self::Concat => "concat",
        }
    }

    /// The shape of an item of the result; `None` where the inputs do not fit each other.
    pub fn output_shape(self, inputs: &[Shape]) -> Option<Shape> {
        let largest = *inputs.iter().max_by_key(|shape| shape.rank())?;
        if self != Self::Concat {
            let channels = |shape: &Shape| shape.rank() == 1 && shape.last() == largest.last();
            let fits = |shape: &Shape| *shape == largest || channels(shape);
            return inputs.iter().all(fits).then_some(largest);
        }
        let (_, places) = largest.split_last()?;
        let mut width = 0usize;
        for input in inputs {
            let (last, others) = input.split_last()?;
            if others != places {
                return None;
            }
            width = width.checked_add(*last)?;
        }
        let mut output = largest;
        *output.dims_mut().last_mut()? = width;
        Some(output)
    }

    /// What the inputs would have to be.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Add | Self::Mul => "inputs of one shape, or of its channels alone",
            Self::Concat => "inputs that differ in their last axis alone",
        }
    }

    /// The result for batches of the inputs, `[batch, …]`, then `activation`.
    pub(crate) fn apply(self, inputs: &[&Tensor], activation: Activation) -> Tensor {
        let [first, others @ ..] = inputs else { unreachable!("a join has inputs") };
        if self == Self::Concat {
            return Tensor::concat(inputs, -1).activate(activation);
        }
        let Some((last, between)) = others.split_last() else { return first.activate(activation) };
        let mut value = (*first).clone();
        for input in between {
            value = self.of_two(&value, input, Activation::Identity);
        }
        self.of_two(&value, last, activation)
    }

    fn of_two(self, a: &Tensor, b: &Tensor, activation: Activation) -> Tensor {
        let (a, b) = (beside(a, b), beside(b, a));
        match self {
            Self::Mul => a.mul(&b).activate(activation),
            _ if a.shape() == b.shape() => a.add_activation(&b, activation),
            _ => a.add(&b).activate(activation),
        }
    }
}

impl fmt::Display for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `x`, whose `[batch, channels]` get axes of length 1 for the places of `other`.
fn beside(x: &Tensor, other: &Tensor) -> Tensor {
    match (x.dims(), other.rank()) {
        (&[batch, channels], rank) if rank > 2 => {
            let mut dims = vec![1; rank];
            (dims[0], dims[rank - 1]) = (batch, channels);
            x.reshape(&dims[..])
        }
        _ => x.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(join: Join, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        let inputs: Vec<Shape> = inputs.iter().map(|dims| Shape::new(dims)).collect();
        join.output_shape(&inputs).map(|shape| shape.dims().to_vec())
    }

    #[test]
    fn shapes_meet_or_do_not() {
        for join in [Join::Add, Join::Mul] {
            assert_eq!(shape(join, &[&[4, 4, 3], &[4, 4, 3]]), Some(vec![4, 4, 3]));
            assert_eq!(shape(join, &[&[3], &[4, 4, 3]]), Some(vec![4, 4, 3]));
            assert_eq!(shape(join, &[&[4, 4, 3], &[4, 4, 2]]), None);
            assert_eq!(shape(join, &[&[2], &[4, 4, 3]]), None);
        }
        assert_eq!(shape(Join::Concat, &[&[4, 4, 3], &[4, 4, 2]]), Some(vec![4, 4, 5]));
        assert_eq!(shape(Join::Concat, &[&[4, 3], &[5, 3]]), None);
        assert_eq!(shape(Join::Concat, &[&[3], &[usize::MAX]]), None);
    }

    #[test]
    fn values_are_joined_item_by_item() {
        let image = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [2, 1, 2, 2]);
        let list = Tensor::from_slice(&[10.0, 20.0, 30.0, -40.0], [2, 2]);
        let of = |join: Join, activation| join.apply(&[&image, &list], activation).to_vec();
        let sum = [11.0, 22.0, 13.0, 24.0, 35.0, -34.0, 37.0, -32.0];
        assert_eq!(of(Join::Add, Activation::Identity), sum);
        assert_eq!(of(Join::Add, Activation::Relu), sum.map(|x: f32| x.max(0.0)));
        let product = [10.0, 40.0, 30.0, 80.0, 150.0, -240.0, 210.0, -320.0];
        assert_eq!(of(Join::Mul, Activation::Identity), product);
        let beside = Join::Concat.apply(&[&list, &list, &list], Activation::Identity);
        assert_eq!(beside.dims(), [2, 6]);
        let sum = Join::Add.apply(&[&list, &list, &list], Activation::Identity);
        assert_eq!(sum.to_vec(), [30.0, 60.0, 90.0, -120.0]);
    }
}
