//! Products so small that a plan, packed operands and scratch space would cost more than the
//! multiplications: tiles read the left operand where it lies, whatever its strides, and the right
//! one too, or a transposed copy of it on the stack.
//!
//! Operands arrive by reference and the kernel gets plain numbers: copying a structure whose parts
//! have just been written makes the processor wait, many times as long as a tile takes.

use std::mem::MaybeUninit;

use super::activate::Activate;
use super::block::TileProduct;
use super::operands::{Epilogue, Matrix};
use super::pack::PackPanel;
use crate::activation::Activation;
use crate::cpu::ahead::Ahead;
use crate::cpu::isa::{RawKernel, dispatch_raw};
use crate::cpu::tile::{Finish, next_tile_rows, panel_columns, panel_width, with_tile};
use crate::cpu::tuning::matmul::SMALL_TRANSPOSED_DEPTH;
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;

/// Values of the widest transposed panel.
const PANEL: usize = 32 * SMALL_TRANSPOSED_DEPTH;

/// The product, on the calling thread.
///
/// # Safety
/// It [`is_small`](super::choose::is_small). `out` must hold as many rows, `out_stride` values apart, as `left` has, of as
/// many columns as `right` has, which nothing else may touch meanwhile. The operands' sizes must
/// fit each other, and a bias has a value a column.
pub(super) unsafe fn product(
    left: &Matrix<'_>,
    right: &Matrix<'_>,
    epilogue: &Epilogue<'_>,
    out: SharedMut<'_, f32>,
    out_stride: usize,
) {
    let Epilogue { accumulate, bias, activation } = *epilogue;
    let bias = bias.map_or(std::ptr::null(), <[f32]>::as_ptr);
    let relu = activation == Activation::Relu;
    let (rows, columns) = (left.rows, right.columns);
    if right.column_stride == 1 {
        let small = Small {
            rows,
            depth: left.columns,
            columns,
            left: left.values.as_ptr(),
            left_strides: (left.row_stride, left.column_stride),
            right: right.values.as_ptr(),
            right_stride: right.row_stride,
            padded: false,
            out: out.pointer(0),
            out_stride,
            accumulate,
            bias,
            relu,
        };
        // SAFETY: matrices hold what their sizes and strides say; the rest is this function's
        // contract.
        unsafe { dispatch_raw(small) };
    } else {
        let finish = Finish { accumulate, bias, relu };
        // SAFETY: this function's contract.
        unsafe { transposed(left, right, finish, out.pointer(0), out_stride) };
    }
    if !matches!(activation, Activation::Identity | Activation::Relu) {
        // SAFETY: the output's rows and columns, by this function's contract.
        unsafe { dispatch_raw(Activate { activation, out, out_stride, rows, columns }) };
    }
}

#[repr(align(64))]
struct SmallPanelBuffer(MaybeUninit<[f32; PANEL]>);

/// The product with a right operand that lies in columns, from a copy of each panel.
///
/// # Safety
/// As for [`product`].
#[inline(never)]
unsafe fn transposed(
    left: &Matrix<'_>,
    right: &Matrix<'_>,
    finish: Finish,
    out: *mut f32,
    out_stride: usize,
) {
    let (widest, depth) = (panel_columns(), left.columns);
    assert!(depth * widest <= PANEL);
    let mut buffer = SmallPanelBuffer(MaybeUninit::uninit());
    let panel = buffer.0.as_mut_ptr().cast::<f32>();
    for column in (0..right.columns).step_by(widest) {
        let columns = widest.min(right.columns - column);
        // A single vector if they fit one: tiles read no more.
        let width = if 2 * columns <= widest { widest / 2 } else { widest };
        let part = right.part(0, depth, column, columns);
        // SAFETY: the buffer holds `depth` rows of a panel, as just checked.
        unsafe { dispatch_raw(PackPanel { part, target: panel, width }) };
        let bias = finish.bias;
        let small = Small {
            rows: left.rows,
            depth,
            columns,
            left: left.values.as_ptr(),
            left_strides: (left.row_stride, left.column_stride),
            right: panel,
            right_stride: width,
            padded: true,
            out: out.wrapping_add(column),
            out_stride,
            accumulate: finish.accumulate,
            bias: if bias.is_null() { bias } else { bias.wrapping_add(column) },
            relu: finish.relu,
        };
        // SAFETY: the panel has just been written; the rest is this function's contract.
        unsafe { dispatch_raw(small) };
    }
}

/// The tiles of a small product. Pointers are valid for what sizes and strides say; the right
/// operand's rows are contiguous or, `padded`, those of a single panel. Nothing else may touch the
/// outputs meanwhile.
struct Small {
    rows: usize,
    depth: usize,
    columns: usize,
    left: *const f32,
    left_strides: (usize, usize),
    right: *const f32,
    right_stride: usize,
    padded: bool,
    out: *mut f32,
    out_stride: usize,
    accumulate: bool,
    /// One value a column, or null.
    bias: *const f32,
    relu: bool,
}

impl RawKernel for Small {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let width = panel_width::<V>();
        let mut column = 0;
        while column < self.columns {
            let columns = width.min(self.columns - column);
            let Self { accumulate, bias, relu, .. } = self;
            let bias = if bias.is_null() { bias } else { bias.wrapping_add(column) };
            let finish = Finish { accumulate, bias, relu };
            let mut row = 0;
            while row < self.rows {
                let tile_rows = next_tile_rows::<V>(self.rows - row);
                let task = TileProduct::<false> {
                    steps: self.depth,
                    left: self.left.wrapping_add(row * self.left_strides.0),
                    left_strides: self.left_strides,
                    right: self.right.wrapping_add(column),
                    right_stride: self.right_stride,
                    padded: self.padded,
                    out: self.out.wrapping_add(row * self.out_stride + column),
                    out_stride: self.out_stride,
                    columns,
                    finish,
                    ahead: Ahead::nothing(self.left),
                };
                // SAFETY: the tile is part of the product, by this method's contract.
                unsafe { with_tile::<V, _>(tile_rows, columns, task) };
                row += tile_rows;
            }
            column += width;
        }
    }
}
