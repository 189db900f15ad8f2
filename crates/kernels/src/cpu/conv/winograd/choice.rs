//! When these algorithms pay, and how tiles are blocked: functions of sizes alone.

use super::super::geometry::Geometry;
use super::super::side_by_side;
use super::grid::TileGrid;
use super::transform::POSITIONS;
use crate::cpu::tuning::winograd::*;
use crate::precision::Precision;

/// Whether the output is computed here. That does not depend on the batch: an image's output is
/// the same to the last bit whatever lies beside it.
pub(in super::super) fn suits_forward(g: &Geometry) -> bool {
    is_plain(g) && pays(g.kernel[0], &TileGrid::forward(g), [g.channels, g.filters])
}

/// Whether transforming the weight, which takes as long as the products of some tiles, is a part of
/// the forward pass that counts.
pub(super) fn is_worth_keeping(g: &Geometry) -> bool {
    suits_forward(g) && TileGrid::forward(g).tiles() <= KEPT_TILES
}

/// Whether the input gradient is computed here.
pub(in super::super) fn suits_input_grad(g: &Geometry) -> bool {
    is_plain(g) && pays(g.kernel[0], &TileGrid::backward(g), [g.filters, g.channels])
}

/// Whether the weight gradient is computed here.
pub(in super::super) fn suits_weight_grad(g: &Geometry) -> bool {
    is_plain(g) && pays(g.kernel[0], &TileGrid::forward(g), [g.channels, g.filters])
}

/// 3 × 3 or 5 × 5, stride 1, and results may round differently.
fn is_plain(g: &Geometry) -> bool {
    g.precision == Precision::Fast
        && matches!(g.kernel, [3, 3] | [5, 5])
        && g.stride == [1; 2]
        && g.dilation == [1; 2]
        && g.groups == 1
}

/// Compares cycles, as measured on Zen 3, of an image with channels `[source, target]`: products
/// at about nine tenths of the peak, transforms of eight channels of a tile.
fn pays(kernel: usize, grid: &TileGrid, [source, target]: [usize; 2]) -> bool {
    let panels = target.div_ceil(16);
    let transforms = source.div_ceil(8) * SOURCE_TRANSFORM + target.div_ceil(8) * TARGET_TRANSFORM;
    let tile = POSITIONS * source * panels * PRODUCT_CYCLES.0 / PRODUCT_CYCLES.1 + transforms;
    let pixel = kernel * kernel * source * panels * PLAIN_CYCLES.0 / PLAIN_CYCLES.1;
    // Zeros among the weights and narrow tiles cost pixels side by side a quarter more.
    let pixel = match side_by_side::pixels(kernel, 1, target, grid.row_pixels()) {
        1 => pixel,
        pixels => pixel * (kernel + pixels - 1) * 5 / (kernel * pixels * 4),
    };
    let worth = grid.image_tiles() * tile * MARGIN.0 / MARGIN.1 < grid.image_pixels() * pixel;
    worth && source * target <= MAX_PAIRS
}

/// Tiles of a block whose transformed pixels and sums stay in the second-level cache (unless there
/// are very many channels); an even number of blocks, for two cores.
pub(super) fn block_tiles(tiles: usize, channels: usize, filters: usize) -> usize {
    let room = BLOCK_VALUES / (POSITIONS * (channels + filters.min(BLOCK_FILTERS)));
    let most = (room / 6 * 6).clamp(MIN_TILES, MAX_TILES);
    let blocks = tiles.div_ceil(most);
    let blocks = if blocks > 1 { blocks.next_multiple_of(2) } else { 1 };
    tiles.div_ceil(blocks)
}
