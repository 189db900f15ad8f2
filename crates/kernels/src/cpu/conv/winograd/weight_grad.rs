//! Weight gradient.

use super::super::geometry::Geometry;
use super::super::partial_sums::add_up;
use super::choice::block_tiles;
use super::grid::{TileGrid, TilePlace};
use super::products::ChannelsByFilters;
use super::read::{input_tile, output_grad_tile};
use super::transform::{INPUT, OutputGrad, POSITIONS, Transform, WeightGrad};
use super::weights::{gradient_back, position_stride, row_width};
use crate::cpu::isa::{RawKernel, dispatch_raw};
use crate::cpu::tile::panel_width;
use crate::cpu::tuning::conv::PRODUCTS_PER_NS;
use crate::cpu::tuning::winograd::{CHUNK_TILES, MAX_CHUNKS, MAX_PARTIALS, PART_FILTERS};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

/// As [`super::super::weight_grad`].
pub(in super::super) fn weight_grad(
    g: &Geometry,
    input: &[f32],
    output_grad: &[f32],
    grad: &mut [f32],
) {
    match g.kernel[0] {
        5 => run::<2, 5>(g, input, output_grad, grad),
        _ => run::<4, 3>(g, input, output_grad, grad),
    }
}

/// For a `K` × `K` kernel and tiles of `O` × `O` outputs.
fn run<const O: usize, const K: usize>(
    g: &Geometry,
    input: &[f32],
    output_grad: &[f32],
    grad: &mut [f32],
) where
    OutputGrad: Transform<O, INPUT>,
    WeightGrad: Transform<INPUT, K>,
{
    let grid = TileGrid::forward(g);
    let tiles = grid.tiles();
    if tiles == 0 {
        return grad.fill(0.0);
    }
    let room = (MAX_PARTIALS / grad.len()).max(1);
    let chunks = (tiles / CHUNK_TILES).clamp(1, MAX_CHUNKS.min(room));
    let parts = g.filters.div_ceil(PART_FILTERS);
    let length = grad.len();
    add_up(chunks, grad, |partials| {
        let shared = SharedMut::new(partials);
        let work = tiles * g.channels * g.filters * POSITIONS / PRODUCTS_PER_NS;
        parallel_for(chunks * parts, work, |task| {
            let (chunk, part) = (task / parts, task % parts);
            let first = part * PART_FILTERS;
            let chunk = TileChunk::<O, K> {
                g,
                grid: &grid,
                tiles: [tiles * chunk / chunks, tiles * (chunk + 1) / chunks],
                filters: [first, g.filters.min(first + PART_FILTERS)],
                input,
                output_grad,
                grad: shared.from(chunk * length),
            };
            // SAFETY: every task has its own filters of its own partial sum.
            unsafe { dispatch_raw(chunk) };
        });
    });
}

/// The sum over some tiles, for some filters, which nothing else may touch in `grad` meanwhile.
struct TileChunk<'a, const O: usize, const K: usize> {
    g: &'a Geometry,
    grid: &'a TileGrid,
    /// From, to.
    tiles: [usize; 2],
    /// From, to.
    filters: [usize; 2],
    input: &'a [f32],
    output_grad: &'a [f32],
    /// From the first value of a whole gradient on.
    grad: SharedMut<'a, f32>,
}

impl<const O: usize, const K: usize> RawKernel for TileChunk<'_, O, K>
where
    OutputGrad: Transform<O, INPUT>,
    WeightGrad: Transform<INPUT, K>,
{
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let (channels, width) = (self.g.channels, panel_width::<V>());
        let filters = self.filters[1] - self.filters[0];
        let panels = filters.div_ceil(width);
        let block_tiles = block_tiles(self.tiles[1] - self.tiles[0], channels, filters);
        let row = channels.next_multiple_of(V::LANES);
        let source_stride = position_stride(block_tiles * row);
        let grad_stride = position_stride(block_tiles * panels * width);
        let sums_stride = position_stride(panels * channels * width);
        let zeros = position_stride(INPUT * channels.max(self.g.filters));
        let mut scratch =
            Storage::new(zeros + POSITIONS * (source_stride + grad_stride + sums_stride));
        let scratch = scratch.unique_f32s().expect("a new buffer is not shared");
        let (zeros, scratch) = scratch.split_at_mut(zeros);
        zeros.fill(0.0);
        let (sources, scratch) = scratch.split_at_mut(POSITIONS * source_stride);
        let (grads, sums) = scratch.split_at_mut(POSITIONS * grad_stride);
        let strides = [source_stride, grad_stride, sums_stride];
        let mut scratch =
            GradScratch { zeros: zeros.as_ptr(), sources, row, grads, sums, strides, panels };
        let mut first = self.tiles[0];
        let (mut place, mut ahead) = (self.grid.place(first), self.grid.ahead(first));
        while first < self.tiles[1] {
            let tiles = block_tiles.min(self.tiles[1] - first);
            for tile in 0..tiles {
                self.grid.prefetch_source(ahead, self.input.as_ptr(), channels);
                self.grid.prefetch_target(ahead, self.output_grad.as_ptr(), self.g.filters);
                self.read_source::<V>(&mut scratch, place, tile);
                self.read_grads::<V>(&mut scratch, place, [tile, tiles]);
                (place, ahead) = (self.grid.after(place), self.grid.after(ahead));
            }
            self.multiply::<V>(&mut scratch, tiles, first > self.tiles[0]);
            first += tiles;
        }
        // SAFETY: this task's filters, by this method's contract.
        unsafe { self.transform_back::<V>(&scratch) };
    }
}

/// Where a block's tiles and the sums over all blocks are.
struct GradScratch<'a> {
    /// A row of pixels of zeros under a tile.
    zeros: *const f32,
    /// Transformed pixels: at each position a row for each tile.
    sources: &'a mut [f32],
    /// From one of these rows to the next.
    row: usize,
    /// Transformed gradients: at each position a panel after the other, a row for each tile.
    grads: &'a mut [f32],
    /// At each position a panel after the other, a row for each channel.
    sums: &'a mut [f32],
    /// From one position to the next in each of these.
    strides: [usize; 3],
    panels: usize,
}

impl<const O: usize, const K: usize> TileChunk<'_, O, K>
where
    OutputGrad: Transform<O, INPUT>,
    WeightGrad: Transform<INPUT, K>,
{
    /// Transforms the pixels of tile number `tile` of a block.
    #[inline(always)]
    fn read_source<V: Vector>(&self, scratch: &mut GradScratch<'_>, place: TilePlace, tile: usize) {
        let (channels, images) = (self.g.channels, self.input.as_ptr());
        let square = self.grid.source_square(place);
        let target = scratch.sources[tile * scratch.row..].as_mut_ptr();
        // SAFETY: each address is a pixel of `channels` values or as many zeros; `sources` has a row
        // of whole vectors for each tile and position.
        unsafe {
            if let Some(pixels) = square.inside(images, channels) {
                input_tile::<V>(&pixels, channels, target, scratch.strides[0]);
            } else {
                let pixels = square.across(images, channels, scratch.zeros);
                input_tile::<V>(&pixels, channels, target, scratch.strides[0]);
            }
        }
    }

    /// Transforms the output gradients of tile number `tile` of `tiles`.
    #[inline(always)]
    fn read_grads<V: Vector>(
        &self,
        scratch: &mut GradScratch<'_>,
        place: TilePlace,
        [tile, tiles]: [usize; 2],
    ) {
        let (filters, width, stride) = (self.g.filters, panel_width::<V>(), scratch.strides[1]);
        let square = self.grid.target_square::<O>(place);
        let images = self.output_grad.as_ptr();
        for panel in 0..scratch.panels {
            let (column, columns) = self.columns(panel, width);
            let start = panel * tiles * width + tile * row_width::<V>(columns);
            let target = scratch.grads[start..].as_mut_ptr();
            // SAFETY: each address is a pixel of all filters or as many zeros; `grads` has a row of
            // a panel for each tile, panel and position.
            unsafe {
                if let Some(pixels) = square.inside(images, filters) {
                    output_grad_tile::<V, O>(&pixels, column, columns, target, stride);
                } else {
                    let pixels = square.across(images, filters, scratch.zeros);
                    output_grad_tile::<V, O>(&pixels, column, columns, target, stride);
                }
            }
        }
    }

    /// The first filter of a panel, and how many it has.
    #[inline(always)]
    fn columns(&self, panel: usize, width: usize) -> (usize, usize) {
        let column = self.filters[0] + panel * width;
        (column, width.min(self.filters[1] - column))
    }

    /// Adds the products of a block's tiles to the sums, or overwrites them.
    #[inline(always)]
    fn multiply<V: Vector>(&self, scratch: &mut GradScratch<'_>, tiles: usize, accumulate: bool) {
        let (channels, width) = (self.g.channels, panel_width::<V>());
        let filters = self.filters[1] - self.filters[0];
        let [source_stride, grad_stride, sums_stride] = scratch.strides;
        for position in 0..POSITIONS {
            let sources = &scratch.sources[position * source_stride..];
            let grads = &scratch.grads[position * grad_stride..];
            let sums = &mut scratch.sums[position * sums_stride..];
            for panel in 0..scratch.panels {
                let product = ChannelsByFilters {
                    sources: sources.as_ptr(),
                    row: scratch.row,
                    tiles,
                    panel: grads[panel * tiles * width..].as_ptr(),
                    sums: sums[panel * channels * width..].as_mut_ptr(),
                    accumulate,
                };
                // SAFETY: a row for each of these tiles in sources and panel, and a row of sums for
                // each channel.
                unsafe { product.rows::<V>(channels, filters - panel * width) };
            }
        }
    }

    /// Transforms the sums into the gradient.
    ///
    /// # Safety
    /// As for [`RawKernel::run`].
    #[inline(always)]
    unsafe fn transform_back<V: Vector>(&self, scratch: &GradScratch<'_>) {
        let (channels, width) = (self.g.channels, panel_width::<V>());
        for panel in 0..scratch.panels {
            let (column, columns) = self.columns(panel, width);
            let sizes = [channels, columns, row_width::<V>(columns)];
            let sums = scratch.sums[panel * channels * width..].as_ptr();
            // SAFETY: `sums` holds a panel of `channels` rows for each position; the gradient is
            // `[K, K, channels, filters]` and these columns are this task's alone.
            unsafe {
                let target = self.grad.pointer(column);
                gradient_back::<V, K>(sums, scratch.strides[2], sizes, target, self.g.filters);
            }
        }
    }
}
