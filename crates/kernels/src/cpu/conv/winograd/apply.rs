//! Forward pass and input gradient.

use super::super::epilogue::ConvEpilogue;
use super::super::geometry::Geometry;
use super::choice::block_tiles;
use super::grid::{TileGrid, TilePlace};
use super::products::TilesByFilters;
use super::read::input_tile;
use super::transform::{Ends, INPUT, Output, POSITIONS, Transform, position};
use super::weights::{TransformedWeight, Weights, position_stride, row_width};
use crate::activation::Activation;
use crate::cpu::activate_run::activate_run;
use crate::cpu::at::At;
use crate::cpu::isa::{RawKernel, dispatch_raw};
use crate::cpu::tile::panel_width;
use crate::cpu::tuning::conv::PRODUCTS_PER_NS;
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

/// Panels of filters whose sums are computed for a block of tiles before they are transformed.
const PANELS: usize = 4;

/// As [`super::super::forward`].
pub(in super::super) fn forward(
    g: &Geometry,
    input: &[f32],
    weight: &[f32],
    transformed: Option<&TransformedWeight>,
    finish: ConvEpilogue,
    output: &mut [f32],
) {
    let mut made = None;
    let weights = match transformed {
        Some(TransformedWeight(weights)) => weights,
        None => made.insert(Weights::forward(g, weight)),
    };
    run(&TileGrid::forward(g), input, weights, finish, output);
}

/// As [`super::super::input_grad`].
pub(in super::super) fn input_grad(
    g: &Geometry,
    output_grad: &[f32],
    weight: &[f32],
    finish: ConvEpilogue,
    grad: &mut [f32],
) {
    run(&TileGrid::backward(g), output_grad, &Weights::backward(g, weight), finish, grad);
}

fn run(
    grid: &TileGrid,
    source: &[f32],
    weights: &Weights,
    finish: ConvEpilogue,
    target: &mut [f32],
) {
    match grid.tile {
        2 => run_tiles::<2>(grid, source, weights, finish, target),
        _ => run_tiles::<4>(grid, source, weights, finish, target),
    }
}

/// In tiles of `O` × `O` targets.
fn run_tiles<const O: usize>(
    grid: &TileGrid,
    source: &[f32],
    weights: &Weights,
    finish: ConvEpilogue,
    target: &mut [f32],
) where
    Output: Transform<INPUT, O>,
{
    let (tiles, products) = (grid.tiles(), weights.channels * weights.filters);
    if tiles * products == 0 {
        return;
    }
    let block_tiles = block_tiles(tiles, weights.channels, weights.filters);
    let shared = SharedMut::new(target);
    parallel_for(
        tiles.div_ceil(block_tiles),
        tiles * products * POSITIONS / PRODUCTS_PER_NS,
        |task| {
            let tiles = [task * block_tiles, tiles.min((task + 1) * block_tiles)];
            let block = TileBlock::<O> { grid, tiles, source, weights, finish, target: shared };
            // SAFETY: every task has its own tiles.
            unsafe { dispatch_raw(block) };
        },
    );
}

/// Some tiles of `O` × `O` targets, all filters, which nothing else may touch meanwhile.
struct TileBlock<'a, const O: usize> {
    grid: &'a TileGrid,
    /// From, to.
    tiles: [usize; 2],
    source: &'a [f32],
    weights: &'a Weights,
    finish: ConvEpilogue<'a>,
    target: SharedMut<'a, f32>,
}

impl<const O: usize> RawKernel for TileBlock<'_, O>
where
    Output: Transform<INPUT, O>,
{
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let (channels, filters) = (self.weights.channels, self.weights.filters);
        let width = panel_width::<V>();
        let panels = filters.div_ceil(width);
        let tiles = self.tiles[1] - self.tiles[0];
        // The sums of a single panel take the place of the pixels that they are sums of.
        let in_place = panels == 1;
        let sums_row = if in_place { row_width::<V>(filters) } else { width };
        let row = channels.next_multiple_of(V::LANES).max(if in_place { sums_row } else { 0 });
        let source_stride = position_stride(tiles * row);
        let sums_stride = match in_place {
            true => source_stride,
            false => position_stride(PANELS.min(panels) * tiles * width),
        };
        let sums = if in_place { 0 } else { POSITIONS * sums_stride };
        let zeros = position_stride(INPUT * channels);
        let mut scratch = Storage::new(zeros + POSITIONS * source_stride + sums);
        let scratch = scratch.unique_f32s().expect("a new buffer is not shared");
        let (zeros, scratch) = scratch.split_at_mut(zeros);
        zeros.fill(0.0);
        let sources = scratch.as_mut_ptr();
        let sums = if in_place { sources } else { sources.wrapping_add(POSITIONS * source_stride) };
        let scratch = TileScratch {
            zeros: zeros.as_ptr(),
            sources,
            source_stride,
            row,
            sums,
            sums_stride,
            sums_row: if in_place { row } else { sums_row },
        };
        // SAFETY: the scratch has just been laid out for these tiles, which are this kernel's own.
        unsafe {
            self.read::<V>(&scratch);
            for panel in (0..panels).step_by(PANELS) {
                let panels = [panel, panels.min(panel + PANELS)];
                self.multiply::<V>(&scratch, panels);
                self.write::<V>(&scratch, panels);
            }
            self.activate::<V>();
        }
    }
}

/// Where a block's tiles stand on their way.
struct TileScratch {
    /// A row of pixels of zeros under a tile.
    zeros: *const f32,
    /// Transformed pixels: a row for each tile, at each position.
    sources: *mut f32,
    /// From one position and one tile to the next.
    source_stride: usize,
    row: usize,
    /// TileSums: for each panel a row for each tile, at each position.
    sums: *mut f32,
    /// From one position and one tile to the next.
    sums_stride: usize,
    sums_row: usize,
}

/// Methods with a [`TileScratch`] must be called with one that has room for the block's tiles; those
/// that touch the target, under the contract of [`RawKernel::run`].
impl<const O: usize> TileBlock<'_, O>
where
    Output: Transform<INPUT, O>,
{
    /// Transforms the pixels.
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    unsafe fn read<V: Vector>(&self, scratch: &TileScratch) {
        let [first, end] = self.tiles;
        let (channels, images) = (self.weights.channels, self.source.as_ptr());
        let (mut place, mut ahead) = (self.grid.place(first), self.grid.ahead(first));
        for tile in 0..end - first {
            self.grid.prefetch_source(ahead, images, channels);
            let square = self.grid.source_square(place);
            let target = scratch.sources.wrapping_add(tile * scratch.row);
            // SAFETY: each address is a pixel of `channels` values or as many zeros; `sources` has
            // a row of whole vectors for each tile at each position.
            unsafe {
                if let Some(pixels) = square.inside(images, channels) {
                    input_tile::<V>(&pixels, channels, target, scratch.source_stride);
                } else {
                    let pixels = square.across(images, channels, scratch.zeros);
                    input_tile::<V>(&pixels, channels, target, scratch.source_stride);
                }
            }
            (place, ahead) = (self.grid.after(place), self.grid.after(ahead));
        }
    }

    /// Computes the sums of some panels (from, to).
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    unsafe fn multiply<V: Vector>(&self, scratch: &TileScratch, [from, to]: [usize; 2]) {
        let tiles = self.tiles[1] - self.tiles[0];
        let (channels, filters) = (self.weights.channels, self.weights.filters);
        let width = panel_width::<V>();
        for position in 0..POSITIONS {
            let weights = &self.weights.values()[position * self.weights.position_stride()..];
            let sums = scratch.sums.wrapping_add(position * scratch.sums_stride);
            for panel in from..to {
                let product = TilesByFilters {
                    sources: scratch.sources.wrapping_add(position * scratch.source_stride),
                    row: scratch.row,
                    channels,
                    panel: weights[panel * channels * width..].as_ptr(),
                    sums: sums.wrapping_add((panel - from) * tiles * width),
                    sums_row: scratch.sums_row,
                };
                // SAFETY: rows of this block's scratch, and a panel of the weights.
                unsafe { product.rows::<V>(tiles, filters - panel * width) };
            }
        }
    }

    /// Transforms the sums of some panels (from, to) into the target.
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    unsafe fn write<V: Vector>(&self, scratch: &TileScratch, [from, to]: [usize; 2]) {
        let (first, count) = (self.tiles[0], self.tiles[1] - self.tiles[0]);
        let (filters, width) = (self.weights.filters, panel_width::<V>());
        let (mut place, mut ahead) = (self.grid.place(first), self.grid.ahead(first));
        for tile in 0..count {
            self.grid.prefetch_target(ahead, self.target.pointer(0), filters);
            for panel in from..to {
                let row = ((panel - from) * count + tile) * scratch.sums_row;
                let sums = scratch.sums.wrapping_add(row).cast_const();
                let end = filters.min((panel + 1) * width);
                for start in (panel * width..end).step_by(V::LANES) {
                    let sums = sums.wrapping_add(start - panel * width);
                    // SAFETY: the sums of this tile and these filters, by this method's contract.
                    unsafe {
                        if start + V::LANES <= filters {
                            self.store::<V>(place, At::Whole(start), sums, scratch.sums_stride);
                        } else {
                            let at = At::Part(start, filters - start);
                            self.store::<V>(place, at, sums, scratch.sums_stride);
                        }
                    }
                }
            }
            (place, ahead) = (self.grid.after(place), self.grid.after(ahead));
        }
    }

    /// Transforms one tile's sums of some filters.
    ///
    /// # Safety
    /// As above; `sums` must be whole vectors, `stride` values apart from position to position.
    #[inline(always)]
    unsafe fn store<V: Vector>(&self, place: TilePlace, at: At, sums: *const f32, stride: usize) {
        let filters = self.weights.filters;
        let (pixel, pixels, inside) = self.grid.target_part(place);
        let bias = match self.finish.bias {
            // SAFETY: the bias has a value for each filter.
            Some(bias) => unsafe { at.load(bias.as_ptr()) },
            None => V::zero(),
        };
        let relu = self.finish.activation == Activation::Relu;
        let floor = V::splat(if relu { 0.0 } else { f32::NEG_INFINITY });
        let target = self.target.pointer(pixel * filters);
        let steps = [pixels * filters, filters];
        let accumulate = self.finish.accumulate;
        let sums = TileSums { sums, stride, bias, floor, at, target, inside, steps, accumulate };
        // SAFETY: every position holds rows of whole vectors; so many pixels of the tile lie in
        // the image, each with a value for each filter, and no other task writes them.
        unsafe {
            // Known to the compiler, the most frequent cases need no comparisons.
            match (inside == [O; 2], accumulate) {
                (true, false) => {
                    Output::both::<V>(&TileSums { inside: [O; 2], accumulate: false, ..sums });
                }
                (true, true) => {
                    Output::both::<V>(&TileSums { inside: [O; 2], accumulate: true, ..sums });
                }
                _ => Output::both::<V>(&sums),
            }
        }
    }

    /// Applies an activation that is not fused into the store, while the block is in cache.
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    unsafe fn activate<V: Vector>(&self) {
        if matches!(self.finish.activation, Activation::Identity | Activation::Relu) {
            return;
        }
        let filters = self.weights.filters;
        for tile in self.tiles[0]..self.tiles[1] {
            let (pixel, pixels, [rows, columns]) = self.grid.target_part(self.grid.place(tile));
            for y in 0..rows {
                let run = self.target.pointer((pixel + y * pixels) * filters);
                // SAFETY: so many pixels of a row of the tile lie in the image, and no other task
                // touches them.
                unsafe { activate_run::<V>(run, columns * filters, self.finish.activation) };
            }
        }
    }
}

/// From a vector of each position to a vector of each pixel.
struct TileSums<V> {
    sums: *const f32,
    stride: usize,
    bias: V,
    /// What is larger is the result.
    floor: V,
    at: At,
    /// The tile's first pixel.
    target: *mut f32,
    /// Rows and columns of the tile that lie in the image.
    inside: [usize; 2],
    /// From one row and one column of pixels to the next.
    steps: [usize; 2],
    /// Adds to the target.
    accumulate: bool,
}

impl<V: Vector> Ends<V> for TileSums<V> {
    #[inline(always)]
    unsafe fn load(&self, row: usize, column: usize) -> V {
        // SAFETY: by this method's contract.
        unsafe { V::load(self.sums.add(position(row, column, self.stride))) }
    }

    #[inline(always)]
    unsafe fn store(&self, row: usize, column: usize, value: V) {
        if row < self.inside[0] && column < self.inside[1] {
            // `max` answers its second operand for NaN.
            let mut value = self.floor.max(value.add(self.bias));
            let [row_step, column_step] = self.steps;
            // SAFETY: the pixel lies in the image.
            unsafe {
                let target = self.target.add(row * row_step + column * column_step);
                if self.accumulate {
                    value = self.at.load::<V>(target).add(value);
                }
                self.at.store(value, target);
            }
        }
    }
}
