//! Products whose shared axis is cut: a few outputs that are sums of very many products. Each chunk
//! gives a whole result of its own; they are added in order.

use super::activate::Activate;
use super::block::Blocked;
use super::choose::{Machine, Shape, inside_a_chunk};
use super::operands::{Epilogue, Matrix};
use super::packed_matrix::Right;
use crate::cpu::isa::dispatch_raw;
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

/// The product in `chunks` chunks of the shared axis. Callers have checked that `out` holds it.
pub(super) fn product(
    chunks: usize,
    shape: &Shape,
    left: Matrix<'_>,
    right: Right<'_>,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
) {
    let &Shape { rows, depth, columns, out_stride, .. } = shape;
    let size = rows * columns;
    let mut storage = Storage::new(chunks * size);
    let partial = storage.unique_f32s().expect("a new buffer is not shared");
    let shared = SharedMut::new(partial);
    let panel = Machine::current().panel;
    let multiply = |chunk: usize| {
        let (start, end) = (depth * chunk / chunks, depth * (chunk + 1) / chunks);
        let blocked = Blocked {
            left: left.part(0, rows, start, end - start),
            right,
            right_start: start,
            epilogue: Epilogue::default(),
            out: shared.from(chunk * size),
            out_stride: columns,
            backwards: false,
        };
        let way = inside_a_chunk(shape);
        // SAFETY: the operands fit, and each chunk has its own `size` values of the scratch buffer.
        unsafe { blocked.run(&blocked.grid(way, panel), 0) };
    };
    parallel_for(chunks, shape.work(), multiply);
    add_up(&partial[..chunks * size], epilogue, rows, columns, out, out_stride);
    let (activation, out) = (epilogue.activation, SharedMut::new(out));
    // SAFETY: `out` holds `rows` rows of `columns` values, as callers have checked.
    unsafe { dispatch_raw(Activate { activation, out, out_stride, rows, columns }) };
}

/// Adds the results of all chunks, and the bias.
fn add_up(
    partial: &[f32],
    epilogue: Epilogue<'_>,
    rows: usize,
    columns: usize,
    out: &mut [f32],
    out_stride: usize,
) {
    for row in 0..rows {
        let out = &mut out[row * out_stride..][..columns];
        if !epilogue.accumulate {
            out.fill(0.0);
        }
        for chunk in partial.chunks_exact(rows * columns) {
            let chunk = &chunk[row * columns..][..columns];
            out.iter_mut().zip(chunk).for_each(|(sum, term)| *sum += term);
        }
        if let Some(bias) = epilogue.bias {
            out.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias);
        }
    }
}
