//! Back through the bias and activation that `linear` and `conv2d` fuse into the store of their
//! result, `y = activation(z + bias)`: `dz = dy · activation'(y)`, `d bias = Σ_rows dz`.

use glassbox_kernels::Activation;
use glassbox_kernels::cpu::epilogue_grad::epilogue_grad;
use glassbox_kernels::cpu::reduce::column_sums;

use crate::tensor::{Tensor, Values};

/// Turns `grad`, the gradient of the output, into that before bias and activation, and answers the
/// bias's where it is wanted, one value for each of the `columns` of the last axis. Without
/// `output` the activation is the identity.
pub(crate) fn before_epilogue(
    activation: Activation,
    output: Option<Values>,
    grad: &mut Tensor,
    columns: usize,
    wants_bias: bool,
) -> Option<Tensor> {
    let Some(output) = output else {
        let rows = grad.elements() / columns.max(1);
        let sums =
            || Tensor::build([columns], |out| column_sums(rows, columns, grad.as_slice(), out));
        return wants_bias.then(sums);
    };
    let y = output.f32s();
    let mut run = |bias_grad: Option<&mut [f32]>| {
        if grad.is_unique() {
            epilogue_grad(activation, columns, y, None, grad.make_mut(), bias_grad);
        } else {
            *grad = Tensor::build(grad.shape(), |dz| {
                epilogue_grad(activation, columns, y, Some(grad.as_slice()), dz, bias_grad);
            });
        }
    };
    if wants_bias {
        return Some(Tensor::build([columns], |out| run(Some(out))));
    }
    run(None);
    None
}
