//! Forward pass and input gradient.

use super::super::apply::{Epilogue, activate_run};
use super::super::geometry::Geometry;
use super::grid::Grid;
use super::read::input_tile;
use super::transform::{Ends, Output, POSITIONS, Transform, position};
use super::weights::{Weights, position_stride};
use crate::kernels::cpu::at::At;
use crate::kernels::cpu::isa::{Kernel, dispatch};
use crate::kernels::cpu::tile::{Finish, Tile, TileTask, next_tile_rows, panel_width, with_tile};
use crate::kernels::cpu::vector::Vector;
use crate::ops::activation::Activation;
use crate::storage::Storage;
use crate::threads::{SharedMut, parallel_for};

/// Panels of filters whose sums are computed for a block of tiles before they are transformed.
const PANELS: usize = 4;

/// As [`super::super::forward`].
pub(in super::super) fn forward(
    g: &Geometry,
    input: &[f32],
    weight: &[f32],
    finish: Epilogue,
    output: &mut [f32],
) {
    run(&Grid::forward(g), input, &Weights::forward(g, weight), finish, output);
}

/// As [`super::super::input_grad`].
pub(in super::super) fn input_grad(
    g: &Geometry,
    output_grad: &[f32],
    weight: &[f32],
    grad: &mut [f32],
) {
    let finish = Epilogue { bias: None, activation: Activation::Identity };
    run(&Grid::backward(g), output_grad, &Weights::backward(g, weight), finish, grad);
}

fn run(grid: &Grid, source: &[f32], weights: &Weights, finish: Epilogue, target: &mut [f32]) {
    let (tiles, products) = (grid.tiles(), weights.channels * weights.filters);
    if tiles * products == 0 {
        return;
    }
    let block_tiles = super::block_tiles(tiles, weights.channels, weights.filters);
    let shared = SharedMut::new(target);
    parallel_for(tiles.div_ceil(block_tiles), tiles * products * POSITIONS / 40, |task| {
        let tiles = [task * block_tiles, tiles.min((task + 1) * block_tiles)];
        dispatch(Block { grid, tiles, source, weights, finish, target: shared.pointer() });
    });
}

/// Some tiles, all filters.
struct Block<'a> {
    grid: &'a Grid,
    /// From, to.
    tiles: [usize; 2],
    source: &'a [f32],
    weights: &'a Weights,
    finish: Epilogue<'a>,
    target: *mut f32,
}

impl Kernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Weights { channels, filters, .. } = *self.weights;
        let (tiles, width) = (self.tiles[1] - self.tiles[0], panel_width::<V>());
        let row = channels.next_multiple_of(V::LANES);
        let source_stride = position_stride(tiles * row);
        let panels = filters.div_ceil(width);
        let sums_stride = position_stride(PANELS.min(panels) * tiles * width);
        let mut scratch = Storage::new(row + POSITIONS * (source_stride + sums_stride));
        let scratch = scratch.unique_f32s().expect("a new buffer is not shared");
        let (zeros, scratch) = scratch.split_at_mut(row);
        zeros.fill(0.0);
        let (sources, sums) = scratch.split_at_mut(POSITIONS * source_stride);
        for tile in 0..tiles {
            self.grid.prefetch_source(self.tiles[0] + tile, self.source.as_ptr(), channels);
            let place = self.grid.place(self.tiles[0] + tile);
            let (images, zeros) = (self.source.as_ptr(), zeros.as_ptr());
            let pixels = self.grid.source_pixels(place, images, channels, zeros);
            // SAFETY: each address is a pixel of `channels` values or as many zeros; `sources` has
            // `tiles` rows of whole vectors for each position.
            unsafe {
                let target = sources[tile * row..].as_mut_ptr();
                input_tile::<V>(&pixels, channels, target, source_stride);
            }
        }
        let mut panel = 0;
        while panel < panels {
            let count = PANELS.min(panels - panel);
            let stride = self.weights.position_stride();
            for position in 0..POSITIONS {
                let sources = &sources[position * source_stride..];
                let weights = &self.weights.values()[position * stride..];
                let sums = &mut sums[position * sums_stride..];
                for index in 0..count {
                    let product = Product {
                        sources: sources.as_ptr(),
                        row,
                        channels,
                        panel: weights[(panel + index) * channels * width..].as_ptr(),
                        sums: sums[index * tiles * width..].as_mut_ptr(),
                    };
                    product.rows::<V>(tiles, filters - (panel + index) * width);
                }
            }
            for tile in 0..tiles {
                self.grid.prefetch_target(self.tiles[0] + tile, self.target, filters);
                for index in 0..count {
                    let sums = sums[(index * tiles + tile) * width..].as_ptr();
                    self.store::<V>(
                        self.tiles[0] + tile,
                        (panel + index) * width,
                        sums,
                        sums_stride,
                    );
                }
            }
            panel += count;
        }
        self.activate::<V>();
    }
}

impl Block<'_> {
    /// Transforms the sums of one tile and panel, whose first filter is `first`, into the target.
    #[inline(always)]
    fn store<V: Vector>(&self, tile: usize, first: usize, sums: *const f32, stride: usize) {
        let filters = self.weights.filters;
        for start in [first, first + V::LANES] {
            let sums = sums.wrapping_add(start - first);
            if start + V::LANES <= filters {
                self.store_vector::<V>(tile, At::Whole(start), sums, stride);
            } else if start < filters {
                self.store_vector::<V>(tile, At::Part(start, filters - start), sums, stride);
            }
        }
    }

    #[inline(always)]
    fn store_vector<V: Vector>(&self, tile: usize, at: At, sums: *const f32, stride: usize) {
        let filters = self.weights.filters;
        let (pixel, pixels, inside) = self.grid.target_part(self.grid.place(tile));
        let bias = match self.finish.bias {
            // SAFETY: the bias has a value for each filter.
            Some(bias) => unsafe { at.load(bias.as_ptr()) },
            None => V::zero(),
        };
        let relu = self.finish.activation == Activation::Relu;
        let floor = V::splat(if relu { 0.0 } else { f32::NEG_INFINITY });
        let target = self.target.wrapping_add(pixel * filters);
        let steps = [pixels * filters, filters];
        // SAFETY: every position holds whole panels; so many pixels of the tile lie in the image,
        // each with a value for each filter, and no other task writes them.
        unsafe {
            Output::both::<V>(&Sums { sums, stride, bias, floor, at, target, inside, steps });
        }
    }

    /// Applies an activation that is not fused into the store, while the block is in cache.
    #[inline(always)]
    fn activate<V: Vector>(&self) {
        if matches!(self.finish.activation, Activation::Identity | Activation::Relu) {
            return;
        }
        let filters = self.weights.filters;
        for tile in self.tiles[0]..self.tiles[1] {
            let (pixel, pixels, [rows, columns]) = self.grid.target_part(self.grid.place(tile));
            for y in 0..rows {
                let run = self.target.wrapping_add((pixel + y * pixels) * filters);
                // SAFETY: so many pixels of a row of the tile lie in the image, and no other task
                // touches them.
                unsafe { activate_run::<V>(run, columns * filters, self.finish.activation) };
            }
        }
    }
}

/// From a vector of each position to a vector of each pixel.
struct Sums<V> {
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
}

impl<V: Vector> Ends<V> for Sums<V> {
    #[inline(always)]
    unsafe fn load(&self, row: usize, column: usize) -> V {
        // SAFETY: by this method's contract.
        unsafe { V::load(self.sums.add(position(row, column, self.stride))) }
    }

    #[inline(always)]
    unsafe fn store(&self, row: usize, column: usize, value: V) {
        if row < self.inside[0] && column < self.inside[1] {
            // `max` answers its second operand for NaN.
            let value = self.floor.max(value.add(self.bias));
            let [row_step, column_step] = self.steps;
            // SAFETY: the pixel lies in the image.
            unsafe { self.at.store(value, self.target.add(row * row_step + column * column_step)) };
        }
    }
}

/// The products of one position and one panel: rows of transformed pixels by a panel of weights.
#[derive(Clone, Copy)]
struct Product {
    sources: *const f32,
    /// Values from one row to the next.
    row: usize,
    channels: usize,
    panel: *const f32,
    /// Rows of a panel's width.
    sums: *mut f32,
}

impl Product {
    #[inline(always)]
    fn rows<V: Vector>(self, rows: usize, columns: usize) {
        let mut first = 0;
        while first < rows {
            let count = next_tile_rows::<V>(rows - first);
            let part = Self {
                sources: self.sources.wrapping_add(first * self.row),
                sums: self.sums.wrapping_add(first * panel_width::<V>()),
                ..self
            };
            with_tile::<V, _>(count, columns.min(panel_width::<V>()), part);
            first += count;
        }
    }
}

impl TileTask for Product {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const M: usize, const N: usize>(self) {
        let mut rows = [self.sources; M];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = self.sources.wrapping_add(i * self.row);
        }
        let width = panel_width::<V>();
        let mut tile = Tile::<V, M, N>::zero();
        // SAFETY: each row has `channels` values, the panel a row for each of them, and the sums
        // whole panels for each row.
        unsafe {
            tile.add_products(self.channels, rows, 1, self.panel, width);
            tile.store(self.sums, width, N * V::LANES, Finish::OVERWRITE);
        }
    }
}
