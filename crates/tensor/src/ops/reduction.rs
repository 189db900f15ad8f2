//! What all reductions share: bringing the folded axes together and the shape of the result.

use glassbox_kernels::cpu::reduce::{Combine, Extent, FoldMap, Operands, fold};
use glassbox_kernels::cpu::spread::spread;

use crate::ops::permute::{inverse, permuted};
use crate::shape::{Axes, MAX_RANK, Shape};
use crate::tensor::Tensor;

/// How a tensor's axes are folded: as one run `[outer, reduced, inner]` where the folded axes are
/// neighbours (or separated by axes of length 1), else after moving them to the end.
#[derive(Clone, Copy)]
pub(crate) struct Folding {
    input: Shape,
    folded: [bool; MAX_RANK],
    order: Option<[usize; MAX_RANK]>,
    pub(crate) extent: Extent,
}

impl Folding {
    #[track_caller]
    pub(crate) fn new(input: Shape, axes: impl Into<Axes>) -> Self {
        let folded = axes.into().mask(input.rank());
        let mut extent = Extent { outer: 1, reduced: 1, inner: 1 };
        let (mut begun, mut together) = (false, true);
        for (axis, &length) in input.dims().iter().enumerate() {
            if folded[axis] {
                together &= extent.inner == 1;
                extent.reduced *= length;
                begun = true;
            } else if begun {
                extent.inner *= length;
            } else {
                extent.outer *= length;
            }
        }
        let order = (!together).then(|| {
            let axes = 0..input.rank();
            let kept = axes.clone().filter(|&axis| !folded[axis]);
            let mut order = [0; MAX_RANK];
            for (place, axis) in kept.chain(axes.filter(|&axis| folded[axis])).enumerate() {
                order[place] = axis;
            }
            order
        });
        if order.is_some() {
            extent = Extent { outer: extent.outer * extent.inner, inner: 1, ..extent };
        }
        Self { input, folded, order, extent }
    }

    /// The shape of the result; folded axes keep length 1 when `keep`.
    pub(crate) fn output(&self, keep: bool) -> Shape {
        let mut dims = [1; MAX_RANK];
        let mut rank = 0;
        for (axis, &length) in self.input.dims().iter().enumerate() {
            if keep || !self.folded[axis] {
                dims[rank] = if self.folded[axis] { 1 } else { length };
                rank += 1;
            }
        }
        Shape::new(&dims[..rank])
    }

    /// The values of `x`, a tensor of the input's shape, in the order of `extent`.
    pub(crate) fn arrange(&self, x: &Tensor) -> Tensor {
        match &self.order {
            None => x.detach(),
            Some(order) => permuted(x, &order[..self.input.rank()]),
        }
    }

    /// Brings values in the order of `extent` back to the input's.
    fn restore(&self, x: Tensor) -> Tensor {
        match &self.order {
            None => x.view(0, self.input),
            Some(order) => {
                let order = &order[..self.input.rank()];
                let mut shape = self.input;
                for (length, &axis) in shape.dims_mut().iter_mut().zip(order) {
                    *length = self.input.dims()[axis];
                }
                permuted(&x.view(0, shape), &inverse(order)[..order.len()])
            }
        }
    }

    /// Folds arranged operands to a tensor of shape `output`.
    pub(crate) fn fold<C: Combine, M: FoldMap>(
        &self,
        combine: C,
        map: M,
        operands: Operands,
        output: Shape,
    ) -> Tensor {
        Tensor::build(output, |out| fold(combine, map, self.extent, operands, out))
    }

    /// Computes a tensor of the input's shape from arranged operands.
    pub(crate) fn spread<M: FoldMap>(&self, map: M, operands: Operands) -> Tensor {
        let count = [self.input.elements()];
        self.restore(Tensor::build(count, |out| spread(map, self.extent, operands, out)))
    }

    /// Panics where an extreme of no elements is asked for.
    #[track_caller]
    pub(crate) fn assert_not_empty(&self, name: &str) {
        let extent = self.extent;
        assert!(
            extent.reduced > 0 || extent.output() == 0,
            "{name} of no elements, over axes of {}",
            self.input
        );
    }
}

/// Adds the forms of a reduction over any axes that callers use.
macro_rules! reduction_methods {
    ($(#[$doc:meta])* $name:ident, $keep:ident, $run:ident $(, $argument:ident: $type:ty)*) => {
        impl Tensor {
            $(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $name(&self, axes: impl Into<crate::shape::Axes> $(, $argument: $type)*) -> Self {
                $run(self, axes.into(), false $(, $argument)*)
            }

            #[doc = concat!("As [`Tensor::", stringify!($name), "`]; the folded axes stay, with length 1.")]
            #[track_caller]
            #[must_use]
            pub fn $keep(&self, axes: impl Into<crate::shape::Axes> $(, $argument: $type)*) -> Self {
                $run(self, axes.into(), true $(, $argument)*)
            }
        }
    };
}
pub(super) use reduction_methods;
