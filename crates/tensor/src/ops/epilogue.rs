//! Back through the bias and activation that `linear` and `conv2d` fuse into the store of their
//! result, `y = activation(z + bias)`: `dz = dy · activation'(y)`, `d bias = Σ_rows dz`.

use super::activation::Activation;
use crate::kernels::cpu::epilogue_grad::epilogue_grad;
use crate::kernels::cpu::reduce::column_sums;
use crate::tensor::{Tensor, Values};

/// The gradient before bias and activation and, where wanted, that of the bias, one value for each
/// of the `columns` of the last axis. Without `output` the activation is the identity.
pub(crate) fn before_epilogue(
    activation: Activation,
    output: Option<Values>,
    mut output_grad: Tensor,
    columns: usize,
    wants_bias: bool,
) -> (Tensor, Option<Tensor>) {
    let Some(output) = output else {
        let rows = output_grad.elements() / columns.max(1);
        let sums = || {
            Tensor::build([columns], |out| column_sums(rows, columns, output_grad.as_slice(), out))
        };
        let bias_grad = wants_bias.then(sums);
        return (output_grad, bias_grad);
    };
    let y = output.f32s();
    let mut product_grad = None;
    let mut run = |bias_grad: Option<&mut [f32]>| {
        if output_grad.is_unique() {
            epilogue_grad(activation, columns, y, None, output_grad.make_mut(), bias_grad);
        } else {
            let dy = output_grad.as_slice();
            product_grad = Some(Tensor::build(output_grad.shape(), |dz| {
                epilogue_grad(activation, columns, y, Some(dy), dz, bias_grad);
            }));
        }
    };
    let bias_grad = if wants_bias {
        Some(Tensor::build([columns], |out| run(Some(out))))
    } else {
        run(None);
        None
    };
    (product_grad.unwrap_or(output_grad), bias_grad)
}
