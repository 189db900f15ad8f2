//! Functions of one value, applied to every element: one file each, one row each in the table
//! below. A function is a pair, `f(x)` and its derivative `df(x, y)` given `y = f(x)`, written once
//! over vector lanes; everything else is shared.

use glassbox_kernels::cpu::elementwise::{CHEAP, Map, map, map_in_place};
use glassbox_kernels::cpu::math;
use glassbox_kernels::cpu::vector::Vector;

use super::Backward;
use crate::graph::InputGradients;
use crate::tensor::Tensor;

pub(crate) mod abs;
pub(crate) mod affine;
pub(crate) mod celu;
pub(crate) mod clamp;
pub(crate) mod cos;
pub(crate) mod div_number;
pub(crate) mod elu;
pub(crate) mod erf;
pub(crate) mod exp;
pub(crate) mod exp_m1;
pub(crate) mod floor;
pub(crate) mod gelu;
pub(crate) mod gelu_tanh;
pub(crate) mod hard_sigmoid;
pub(crate) mod hard_swish;
pub(crate) mod hard_tanh;
pub(crate) mod hardshrink;
pub(crate) mod leaky_relu;
pub(crate) mod ln;
pub(crate) mod ln_1p;
pub(crate) mod log_sigmoid;
pub(crate) mod mish;
pub(crate) mod neg;
pub(crate) mod powf;
pub(crate) mod reciprocal;
pub(crate) mod relu;
pub(crate) mod round;
pub(crate) mod rsqrt;
pub(crate) mod selu;
pub(crate) mod sigmoid;
pub(crate) mod sign;
pub(crate) mod silu;
pub(crate) mod sin;
pub(crate) mod softplus;
pub(crate) mod softshrink;
pub(crate) mod softsign;
pub(crate) mod sqrt;
pub(crate) mod square;
pub(crate) mod tanh;
pub(crate) mod tanhshrink;
pub(crate) mod threshold;

#[cfg(test)]
mod tests;

/// What a derivative reads, and so what the graph keeps until the backward pass.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    Nothing,
    Input,
    Output,
}

/// A function of one value with its derivative. Its methods over vectors must be
/// `#[inline(always)]`.
pub(crate) trait Unary: Copy + Send + Sync + Into<Function> {
    /// Nanoseconds for 1024 elements on one core.
    const COST: usize = CHEAP;

    /// What the derivative reads.
    const READS: Reads = Reads::Input;

    /// As [`Unary::READS`], where that depends on the parameters.
    #[inline(always)]
    fn reads(self) -> Reads {
        Self::READS
    }

    fn f<V: Vector>(self, x: V) -> V;

    /// The derivative at `x`, where `y = f(x)`. Of the two only that which [`Unary::reads`] names
    /// is given, the other is zero.
    fn df<V: Vector>(self, x: V, y: V) -> V;

    /// `dy df(x, y)`; for functions that can do better than multiply.
    #[inline(always)]
    fn grad<V: Vector>(self, dy: V, x: V, y: V) -> V {
        dy.mul(self.df(x, y))
    }
}

/// Makes the closed set of functions and the list that the tests run over.
macro_rules! table {
    ($($name:ident => $module:ident,)*) => {
        /// A function together with its parameters.
        #[derive(Clone, Copy)]
        pub(crate) enum Function {
            $($name($module::$name),)*
        }

        impl Function {
            fn backward(self, output_grad: Tensor, saved: Option<&Tensor>) -> Tensor {
                match self {
                    $(Self::$name(function) => backward(function, output_grad, saved),)*
                }
            }
        }

        $(impl From<$module::$name> for Function {
            fn from(function: $module::$name) -> Self {
                Self::$name(function)
            }
        })*

        #[cfg(test)]
        const TABLE: &[(&str, fn() -> Vec<tests::Check>)] =
            &[$((stringify!($module), $module::checks),)*];
    };
}

table! {
    Abs => abs,
    Affine => affine,
    Celu => celu,
    Clamp => clamp,
    Cos => cos,
    DivNumber => div_number,
    Elu => elu,
    Erf => erf,
    Exp => exp,
    ExpM1 => exp_m1,
    Floor => floor,
    Gelu => gelu,
    GeluTanh => gelu_tanh,
    HardSigmoid => hard_sigmoid,
    HardSwish => hard_swish,
    HardTanh => hard_tanh,
    Hardshrink => hardshrink,
    LeakyRelu => leaky_relu,
    Ln => ln,
    Ln1p => ln_1p,
    LogSigmoid => log_sigmoid,
    Mish => mish,
    Neg => neg,
    Powf => powf,
    Reciprocal => reciprocal,
    Relu => relu,
    Round => round,
    Rsqrt => rsqrt,
    Selu => selu,
    Sigmoid => sigmoid,
    Sign => sign,
    Silu => silu,
    Sin => sin,
    Softplus => softplus,
    Softshrink => softshrink,
    Softsign => softsign,
    Sqrt => sqrt,
    Square => square,
    Tanh => tanh,
    Tanhshrink => tanhshrink,
    Threshold => threshold,
}

/// A function was applied; `saved` is the input or the output, as the derivative reads.
pub(crate) struct UnaryCall {
    function: Function,
    saved: Option<Tensor>,
}

impl Tensor {
    /// Applies `function` to every element.
    #[track_caller]
    pub(crate) fn unary<F: Unary>(&self, function: F) -> Self {
        let input = self.as_slice();
        let output = Self::build(self.shape(), |output| map(Forward(function), [input], output));
        if !self.requires_grad() {
            return output;
        }
        let saved = match function.reads() {
            Reads::Nothing => None,
            Reads::Input => Some(self.detach()),
            Reads::Output => Some(output.detach()),
        };
        output.recorded([self], |_| UnaryCall { function: function.into(), saved }.into())
    }
}

impl Backward for UnaryCall {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        inputs.add(0, self.function.backward(output_grad, self.saved.as_ref()));
    }
}

fn backward<F: Unary>(function: F, output_grad: Tensor, saved: Option<&Tensor>) -> Tensor {
    match saved {
        Some(saved) => map_grad(Derivative(function), output_grad, saved),
        None => {
            // Nothing is read, so anything will do in its place.
            let dy = output_grad.as_slice();
            Tensor::build(output_grad.shape(), |dx| map(Derivative(function), [dy, dy], dx))
        }
    }
}

/// `f(output_grad, saved)`, in place where nothing else reads the gradient.
pub(super) fn map_grad<F: Map<2>>(f: F, mut output_grad: Tensor, saved: &Tensor) -> Tensor {
    if output_grad.is_unique() {
        map_in_place(f, output_grad.make_mut(), &[saved.as_slice()]);
        return output_grad;
    }
    let (dy, saved) = (output_grad.as_slice(), saved.as_slice());
    Tensor::build(output_grad.shape(), |dx| map(f, [dy, saved], dx))
}

#[derive(Clone, Copy)]
struct Forward<F>(F);

impl<F: Unary> Map<1> for Forward<F> {
    const COST: usize = F::COST;
    #[inline(always)]
    fn at<V: Vector>(self, [x]: [V; 1]) -> V {
        self.0.f(x)
    }
}

/// `dy` and what [`Unary::reads`] names.
#[derive(Clone, Copy)]
struct Derivative<F>(F);

impl<F: Unary> Map<2> for Derivative<F> {
    const COST: usize = F::COST;
    #[inline(always)]
    fn at<V: Vector>(self, [dy, saved]: [V; 2]) -> V {
        match self.0.reads() {
            Reads::Nothing => self.0.grad(dy, V::zero(), V::zero()),
            Reads::Input => self.0.grad(dy, saved, V::zero()),
            Reads::Output => self.0.grad(dy, V::zero(), saved),
        }
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    tests::samples()
}
