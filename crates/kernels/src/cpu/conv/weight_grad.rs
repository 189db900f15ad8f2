//! Weight gradient: tiles of (tap, channel) rows by filters, summed over pixels.

use std::ops::Range;

use smallvec::SmallVec;

use super::depthwise;
use super::field::{Field, Layout};
use super::geometry::Geometry;
use super::partial_sums::add_up;
use super::pixel_chunk::{Piece, PixelChunk};
use super::sweep::Sweep;
use crate::cpu::isa::{RawKernel, dispatch_raw};
use crate::cpu::tile::{Finish, Tile, TileTask, next_tile_rows, panel_width, with_tile};
use crate::cpu::tuning::conv::{
    CACHED_GRAD, CHUNK_PIXELS, MAX_CHUNKS, MAX_PARTIALS, PART_ROWS, PIXELS, PIXELS_DEPTHWISE,
    PIXELS_LARGE, PRODUCTS_PER_NS,
};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

/// How the sum over pixels is split, from sizes alone.
#[derive(Clone, Copy, Debug)]
struct PixelSplit {
    /// Partial sums over `chunk_rows` rows of places each.
    chunks: usize,
    chunk_rows: usize,
    /// Ranges of `part_rows` weight rows that are computed apart.
    parts: usize,
    part_rows: usize,
}

impl PixelSplit {
    fn new(g: &Geometry, weight_rows: usize) -> Self {
        let rows = g.batch * g.output[0];
        let room = (MAX_PARTIALS / g.weight_elements().max(1)).max(1);
        let chunks = (g.output_pixels() / CHUNK_PIXELS).clamp(1, MAX_CHUNKS.min(room));
        let chunk_rows = rows.div_ceil(chunks).max(1);
        let chunks = rows.div_ceil(chunk_rows).max(1);
        let parts = (MAX_CHUNKS / chunks).min(weight_rows / PART_ROWS).max(1);
        let part_rows = weight_rows.div_ceil(parts).next_multiple_of(6);
        Self { chunks, chunk_rows, parts: weight_rows.div_ceil(part_rows), part_rows }
    }
}

/// The gradient of the weight as sums of products.
pub(super) fn sums_of_products(g: &Geometry, input: &[f32], output_grad: &[f32], grad: &mut [f32]) {
    let sweep = Sweep::forward(g);
    let layout = Layout::new(&sweep, g.channels);
    let offsets: SmallVec<[usize; 16]> = sweep.tap_offsets(g.channels, layout.row_stride).collect();
    let weight_rows = sweep.taps.len() * g.group_channels();
    let split = match g.is_depthwise() {
        true => PixelSplit { parts: 1, part_rows: weight_rows, ..PixelSplit::new(g, weight_rows) },
        false => PixelSplit::new(g, weight_rows),
    };
    let (length, work) = (grad.len(), g.output_pixels() * grad.len() / g.groups / PRODUCTS_PER_NS);
    let run = |partials: &mut [f32]| {
        let shared = SharedMut::new(partials);
        parallel_for(split.chunks * split.parts, work, |task| {
            let (chunk, part) = (task / split.parts, task % split.parts);
            let first = chunk * split.chunk_rows;
            let rows = first..(first + split.chunk_rows).min(g.batch * g.output[0]);
            let first = part * split.part_rows;
            let chunk = PixelChunk {
                g,
                sweep: &sweep,
                layout: &layout,
                offsets: &offsets,
                input,
                output_grad,
                rows,
                weight_rows: first..(first + split.part_rows).min(weight_rows),
                grad: shared.from(chunk * length),
            };
            // SAFETY: every task has its own rows of its own partial sum.
            unsafe { dispatch_raw(chunk) };
        });
    };
    add_up(split.chunks, grad, run);
}

impl RawKernel for PixelChunk<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let g = self.g;
        let depthwise = g.is_depthwise();
        let columns = g.group_filters().div_ceil(panel_width::<V>()) * panel_width::<V>();
        let limit = match (depthwise, g.weight_elements() <= CACHED_GRAD) {
            (true, _) => PIXELS_DEPTHWISE,
            (_, true) => PIXELS,
            (_, false) => PIXELS_LARGE,
        };
        let mut panels = Storage::new(if depthwise { 0 } else { g.groups * columns * limit });
        let panels = panels.unique_f32s().expect("a new buffer is not shared");
        let mut accumulate = false;
        let mut row = self.rows.start;
        while row < self.rows.end {
            // About one image at a time, so that a padded copy of it stays in cache; several
            // where they are smaller than a block.
            let images = limit.div_ceil(g.output[0] * g.output[1]);
            let end = self.rows.end.min((row / g.output[0] + images) * g.output[0]);
            let field = Field::new(self.sweep, self.layout, self.input, row..end);
            let pixels = row * g.output[1]..end * g.output[1];
            let blocks = pixels.len().div_ceil(limit);
            for block in 0..blocks {
                let at = |block: usize| pixels.start + pixels.len() * block / blocks;
                let block = at(block)..at(block + 1);
                let pieces = self.pieces(&field, block.clone());
                // SAFETY: the pieces are places of `field`; the rest is this method's contract.
                unsafe {
                    if depthwise {
                        depthwise::add_weight_grad::<V>(&self, &pieces, block.start, accumulate);
                    } else {
                        self.pack::<V>(block.clone(), panels);
                        self.add_block::<V>(&pieces, block.len(), panels, accumulate);
                    }
                }
                accumulate = true;
            }
            row = end;
        }
    }
}

impl PixelChunk<'_> {
    /// Writes the output gradients of pixels `block` as one panel after the other.
    #[inline(always)]
    fn pack<V: Vector>(&self, block: Range<usize>, panels: &mut [f32]) {
        let (filters, group_filters) = (self.g.filters, self.g.group_filters());
        let width = panel_width::<V>();
        let mut panels = panels.chunks_exact_mut(block.len() * width);
        for group in 0..self.g.groups {
            for (first, panel) in (0..group_filters).step_by(width).zip(&mut panels) {
                let columns = width.min(group_filters - first);
                let source = &self.output_grad[block.start * filters..block.end * filters];
                let lines = panel.chunks_exact_mut(width).zip(source.chunks_exact(filters));
                for (line, pixel) in lines {
                    let pixel = &pixel[group * group_filters + first..][..columns];
                    if columns == width {
                        line.copy_from_slice(&pixel[..width]);
                    } else {
                        line[..columns].copy_from_slice(pixel);
                        line[columns..].fill(0.0);
                    }
                }
            }
        }
    }

    /// Adds the products of a block of `pixels` pixels (or overwrites with them).
    ///
    /// # Safety
    /// Each piece's windows hold a pixel for each tap; the rest as for [`RawKernel::run`].
    #[inline(always)]
    unsafe fn add_block<V: Vector>(
        &self,
        pieces: &[Piece],
        pixels: usize,
        panels: &[f32],
        accumulate: bool,
    ) {
        let g = self.g;
        let (channels, group_filters) = (g.group_channels(), g.group_filters());
        let width = panel_width::<V>();
        let mut panels = panels.chunks_exact(pixels * width);
        for group in 0..g.groups {
            for (first, panel) in (0..group_filters).step_by(width).zip(&mut panels) {
                let column = group * group_filters + first;
                let mut row = self.weight_rows.start;
                while row < self.weight_rows.end {
                    let rows = next_tile_rows::<V>(self.weight_rows.end - row);
                    let tile = WeightTile {
                        sweep: self.sweep,
                        pieces,
                        offsets: self.offsets,
                        first: row,
                        channels,
                        skip: group * channels,
                        step: self.step(),
                        panel: panel.as_ptr(),
                        target: self.grad.pointer(row * g.filters + column),
                        filters: g.filters,
                        columns: width.min(group_filters - first),
                        accumulate,
                    };
                    // SAFETY: by this method's contract; the panel has a row for each pixel.
                    unsafe { with_tile::<V, _>(rows, width.min(group_filters - first), tile) };
                    row += rows;
                }
            }
        }
    }
}

/// Some rows of the weight by one panel of filters.
struct WeightTile<'a> {
    sweep: &'a Sweep,
    pieces: &'a [Piece],
    offsets: &'a [usize],
    /// The first row.
    first: usize,
    /// Channels of a group, and those before it.
    channels: usize,
    skip: usize,
    step: usize,
    /// A row of whole vectors for each place of each piece.
    panel: *const f32,
    /// Rows of `columns` values, `filters` apart, readable if it accumulates.
    target: *mut f32,
    filters: usize,
    columns: usize,
    accumulate: bool,
}

impl TileTask for WeightTile<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector, const M: usize, const N: usize>(self) {
        let (mut tap, mut channel) = (self.first / self.channels, self.first % self.channels);
        let last_tap = (self.first + M - 1) / self.channels;
        let taps = (self.sweep.taps[tap].row, self.sweep.taps[last_tap].row);
        let mut offsets = [0; M];
        for offset in &mut offsets {
            *offset = self.offsets[tap] + self.skip + channel;
            channel += 1;
            if channel == self.channels {
                (tap, channel) = (tap + 1, 0);
            }
        }
        let mut tile = Tile::<V, M, N>::zero();
        let mut panel = self.panel;
        for piece in self.pieces {
            let piece_panel = panel;
            panel = panel.wrapping_add(piece.places * panel_width::<V>());
            if piece.source_row + taps.1 < 0
                || piece.source_row + taps.0 >= self.sweep.source[0] as isize
            {
                continue; // zeros above or below the image
            }
            let rows = offsets.map(|offset| piece.window.wrapping_add(offset));
            // SAFETY: each offset lies in the window of every place of the piece, and the panel
            // has one row for each place of each piece.
            unsafe {
                tile.add_products(piece.places, rows, self.step, piece_panel, panel_width::<V>());
            }
        }
        let finish = Finish { accumulate: self.accumulate, ..Finish::OVERWRITE };
        // SAFETY: the target has `M` rows of `filters` values, `columns` of them from here on, and
        // no other task writes these rows of this partial sum.
        unsafe { tile.store(self.target, self.filters, self.columns, finish) };
    }
}
