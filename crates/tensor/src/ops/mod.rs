//! The operations: one file each, one row each in the table below.
//!
//! A differentiable operation is a *record* (exactly what its backward pass reads), a forward
//! method on [`Tensor`] that computes the result and attaches the record, a backward method on
//! the record, and `samples()` on which the tests below check it: finite differences and
//! independence of the number of threads. Operations without a gradient have the file alone.

use crate::graph::InputGradients;
use crate::tensor::Tensor;

mod accumulate;
mod activate;
mod add_activation;
mod argmax;
mod avg_pool;
pub(crate) mod batch_norm;
pub(crate) mod binary;
pub(crate) mod binary_cross_entropy;
mod broadcast_to;
mod concat;
pub(crate) mod conv2d;
pub(crate) mod conv2d_options;
pub(crate) mod cross_entropy;
mod dropout;
mod epilogue;
mod flatten;
mod flip;
mod gather;
mod index_select;
mod layer_norm;
pub(crate) mod linear;
mod log_softmax;
mod logsumexp;
pub(crate) mod loss;
mod matmul;
mod max;
mod max_pool;
mod mean;
mod min;
mod nll_loss;
mod one_hot;
mod pad;
pub(crate) mod pad_mode;
pub(crate) mod padding;
mod permute;
pub(crate) mod pool_options;
pub(crate) mod prepared;
pub(crate) mod recurrent;
mod reduction;
mod reshape;
mod select;
mod slice;
mod softmax;
mod squeeze;
mod sum;
pub(crate) mod unary;
mod var;
pub(crate) mod watch;
mod words;

#[cfg(test)]
mod check;
#[cfg(test)]
mod scaled;

/// Turns the gradient of a result into gradients of its inputs.
pub(crate) trait Backward {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients);
}

/// Makes the closed set of records, their dispatch, and the list that the tests run over.
macro_rules! table {
    ($($name:ident => $module:ident,)*) => {
        /// The record of one executed operation.
        pub(crate) enum Record {
            $($name($module::$name),)*
        }

        impl Record {
            #[inline]
            pub(crate) fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
                match self {
                    $(Self::$name(record) => record.backward(output_grad, inputs),)*
                }
            }
        }

        $(impl From<$module::$name> for Record {
            fn from(record: $module::$name) -> Self {
                Self::$name(record)
            }
        })*

        #[cfg(test)]
        const TABLE: &[(&str, fn() -> Vec<check::Sample>)] =
            &[$((stringify!($module), $module::samples),)*];
    };
}

table! {
    AddActivation => add_activation,
    Conv2d => conv2d,
    Dropout => dropout,
    LayerNorm => layer_norm,
    Linear => linear,
    LogSoftmax => log_softmax,
    LossGradients => loss,
    LogSumExp => logsumexp,
    MatMul => matmul,
    Max => max,
    MaxPool => max_pool,
    Permute => permute,
    Recurrent => recurrent,
    AvgPool => avg_pool,
    BatchNorm => batch_norm,
    BroadcastTo => broadcast_to,
    Concat => concat,
    Flip => flip,
    Gather => gather,
    IndexSelect => index_select,
    Pad => pad,
    Select => select,
    Slice => slice,
    Reshape => reshape,
    Softmax => softmax,
    Sum => sum,
    Variance => var,
    Watch => watch,
    BinaryCall => binary,
    UnaryCall => unary,
}
