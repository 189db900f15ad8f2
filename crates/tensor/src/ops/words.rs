//! Values of either type as 4-byte words, for operations that only move them.

use crate::shape::Shape;
use crate::tensor::{DType, Tensor};

/// The values of `x`, bit by bit.
pub(super) fn words(x: &Tensor) -> &[u32] {
    match x.dtype() {
        DType::F32 => bytemuck::cast_slice(x.as_slice()),
        DType::I32 => bytemuck::cast_slice(x.as_i32()),
    }
}

/// A tensor whose every value `fill` writes, bit by bit.
pub(super) fn build_words(dtype: DType, shape: Shape, fill: impl FnOnce(&mut [u32])) -> Tensor {
    match dtype {
        DType::F32 => Tensor::build(shape, |out| fill(bytemuck::cast_slice_mut(out))),
        DType::I32 => Tensor::build_i32(shape, |out| fill(bytemuck::cast_slice_mut(out))),
    }
}
