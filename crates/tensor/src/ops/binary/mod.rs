//! Functions of two values, applied element by element to tensors that broadcast to a common
//! shape (NumPy's rule): one file each, one row each in the table below. A function is `f(a, b)`
//! with its gradients towards `a` and `b`, written once over vector lanes.

use glassbox_kernels::cpu::elementwise::{CHEAP, Map, Operand, map, map_broadcast, map_in_place};
use glassbox_kernels::cpu::math;
use glassbox_kernels::cpu::vector::Vector;

use super::Backward;
use crate::graph::InputGradients;
use crate::shape::Shape;
use crate::tensor::Tensor;

pub(crate) mod add;
pub(crate) mod div;
pub(crate) mod maximum;
pub(crate) mod minimum;
pub(crate) mod mul;
pub(crate) mod operators;
pub(crate) mod pow;
pub(crate) mod sub;

#[cfg(test)]
mod tests;

/// How the gradient towards one operand comes from that of the result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gradient {
    /// It is the same.
    Same,
    /// It is computed from that of the result and these operands (left, right).
    Reads(bool, bool),
}

/// A function of two values with its gradients. Its methods over vectors must be
/// `#[inline(always)]`.
pub(crate) trait Binary: Copy + Send + Sync + Into<Function> {
    const NAME: &'static str;
    /// Nanoseconds for 1024 elements on one core.
    const COST: usize = CHEAP;
    const LEFT: Gradient;
    const RIGHT: Gradient;

    fn f<V: Vector>(self, a: V, b: V) -> V;

    /// `dy df/da`; operands that [`Binary::LEFT`] does not name are unspecified.
    #[inline(always)]
    fn left_grad<V: Vector>(self, dy: V, _a: V, _b: V) -> V {
        dy
    }

    /// `dy df/db`; operands that [`Binary::RIGHT`] does not name are unspecified.
    #[inline(always)]
    fn right_grad<V: Vector>(self, dy: V, _a: V, _b: V) -> V {
        dy
    }
}

/// Makes the closed set of functions and the list that the tests run over.
macro_rules! table {
    ($($name:ident => $module:ident,)*) => {
        /// One of the functions.
        #[derive(Clone, Copy)]
        pub(crate) enum Function {
            $($name,)*
        }

        impl Function {
            fn backward(self, call: BinaryCall, output_grad: Tensor, inputs: &mut InputGradients) {
                match self {
                    $(Self::$name => backward($module::$name, call, output_grad, inputs),)*
                }
            }
        }

        $(impl From<$module::$name> for Function {
            fn from(_: $module::$name) -> Self {
                Self::$name
            }
        })*

        #[cfg(test)]
        const TABLE: &[(&str, fn() -> tests::Check)] =
            &[$((stringify!($module), $module::check),)*];
    };
}

table! {
    Add => add,
    Div => div,
    Maximum => maximum,
    Minimum => minimum,
    Mul => mul,
    Pow => pow,
    Sub => sub,
}

/// A function was applied; operands are kept where a wanted gradient reads them.
pub(crate) struct BinaryCall {
    function: Function,
    left: Option<Tensor>,
    right: Option<Tensor>,
    shapes: [Shape; 2],
}

impl Tensor {
    /// Applies `function` element by element.
    #[track_caller]
    pub(super) fn binary<F: Binary>(&self, other: &Self, function: F) -> Self {
        let shapes = [self.shape(), other.shape()];
        let output = map_pair(F::NAME, Forward(function), self, other);
        output.recorded([self, other], |wanted| {
            let gradients = [F::LEFT, F::RIGHT];
            let reads = |pick: fn(bool, bool) -> bool| {
                let read = |g| matches!(g, Gradient::Reads(a, b) if pick(a, b));
                (0..2).any(|i| wanted[i] && read(gradients[i]))
            };
            let left = reads(|a, _| a).then(|| self.detach());
            let right = reads(|_, b| b).then(|| other.detach());
            BinaryCall { function: function.into(), left, right, shapes }.into()
        })
    }
}

/// `f(a, b)` outside the graph.
#[track_caller]
pub(super) fn map_pair<F: Map<2>>(name: &str, f: F, a: &Tensor, b: &Tensor) -> Tensor {
    let (left, right) = (a.as_slice(), b.as_slice());
    if a.shape() == b.shape() {
        return Tensor::build(a.shape(), |output| map(f, [left, right], output));
    }
    let Some(shape) = a.shape().broadcast(&b.shape()) else {
        panic!("{name}: shapes {} and {} do not broadcast", a.shape(), b.shape());
    };
    let operands =
        [Operand { values: left, dims: a.dims() }, Operand { values: right, dims: b.dims() }];
    Tensor::build(shape, |output| map_broadcast(f, &shape, operands, output))
}

impl Backward for BinaryCall {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        self.function.backward(self, output_grad, inputs);
    }
}

fn backward<F: Binary>(
    function: F,
    call: BinaryCall,
    output_grad: Tensor,
    inputs: &mut InputGradients,
) {
    let shared = inputs.wants(1).then(|| output_grad.clone());
    if inputs.wants(0) {
        let gradient = match F::LEFT {
            Gradient::Same => output_grad,
            Gradient::Reads(a, b) => operand_grad(LeftGrad(function), output_grad, &call, [a, b]),
        };
        inputs.add(0, gradient.sum_to(call.shapes[0]));
    } else {
        drop(output_grad);
    }
    if let Some(output_grad) = shared {
        let gradient = match F::RIGHT {
            Gradient::Same => output_grad,
            Gradient::Reads(a, b) => operand_grad(RightGrad(function), output_grad, &call, [a, b]),
        };
        inputs.add(1, gradient.sum_to(call.shapes[1]));
    }
}

/// `f(dy, a, b)` of the result's shape, zeros in place of an operand that is not read; in place
/// where nothing else reads the gradient.
fn operand_grad<F: Map<3>>(f: F, mut dy: Tensor, call: &BinaryCall, reads: [bool; 2]) -> Tensor {
    let shape = dy.shape();
    let (left, right) = (call.left.as_ref(), call.right.as_ref());
    let (left, right) = (left.filter(|_| reads[0]), right.filter(|_| reads[1]));
    // Where one is not read, the other will do in its place.
    if let (Some(a), Some(b)) = (left.or(right), right.or(left))
        && a.shape() == shape
        && b.shape() == shape
        && dy.is_unique()
    {
        map_in_place(f, dy.make_mut(), &[a.as_slice(), b.as_slice()]);
        return dy;
    }
    const ZERO: &[f32] = &[0.0];
    fn of(x: Option<&Tensor>) -> Operand<'_> {
        match x {
            Some(x) => Operand { values: x.as_slice(), dims: x.dims() },
            None => Operand { values: ZERO, dims: &[] },
        }
    }
    let operands = [Operand { values: dy.as_slice(), dims: &shape }, of(left), of(right)];
    Tensor::build(shape, |out| map_broadcast(f, &shape, operands, out))
}

/// Makes a type that is a map of some of a function's values.
macro_rules! maps {
    ($($name:ident<$count:literal>($function:ident, $values:pat) = $body:expr;)*) => {
        $(#[derive(Clone, Copy)]
        struct $name<F>(F);

        impl<F: Binary> Map<$count> for $name<F> {
            const COST: usize = F::COST;
            #[inline(always)]
            fn at<V: Vector>(self, $values: [V; $count]) -> V {
                let $function = self.0;
                $body
            }
        })*
    };
}

maps! {
    Forward<2>(function, [a, b]) = function.f(a, b);
    LeftGrad<3>(function, [dy, a, b]) = function.left_grad(dy, a, b);
    RightGrad<3>(function, [dy, a, b]) = function.right_grad(dy, a, b);
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    tests::samples()
}
