//! The products of one position of transformed tiles.

use super::weights::row_width;
use crate::cpu::tile::{Finish, Tile, TileTask, next_tile_rows, panel_width, with_tile};
use crate::cpu::vector::Vector;

/// The products of one position and one panel: rows of transformed pixels by a panel of weights.
#[derive(Clone, Copy)]
pub(super) struct TilesByFilters {
    /// Rows of `channels` values.
    pub(super) sources: *const f32,
    /// Values from one row to the next.
    pub(super) row: usize,
    pub(super) channels: usize,
    /// A row of whole vectors for each channel.
    pub(super) panel: *const f32,
    /// Rows of whole vectors. May be the sources: each row is written after the last of its values was read.
    pub(super) sums: *mut f32,
    /// Values from one row to the next.
    pub(super) sums_row: usize,
}

impl TilesByFilters {
    /// All of `rows` rows by `columns` columns or, if they are more, a whole panel.
    ///
    /// # Safety
    /// What the fields say must be true of so many rows.
    #[inline(always)]
    pub(super) unsafe fn rows<V: Vector>(self, rows: usize, columns: usize) {
        let mut first = 0;
        while first < rows {
            let count = next_tile_rows::<V>(rows - first);
            let part = Self {
                sources: self.sources.wrapping_add(first * self.row),
                sums: self.sums.wrapping_add(first * self.sums_row),
                ..self
            };
            // SAFETY: these are `count` of the rows.
            unsafe { with_tile::<V, _>(count, columns.min(panel_width::<V>()), part) };
            first += count;
        }
    }
}

impl TileTask for TilesByFilters {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector, const M: usize, const N: usize>(self) {
        let mut rows = [self.sources; M];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = self.sources.wrapping_add(i * self.row);
        }
        let mut tile = Tile::<V, M, N>::zero();
        // SAFETY: each row has `channels` values, the panel a row of `N` vectors for each of
        // them, and the sums whole vectors for each row.
        unsafe {
            tile.add_runs(self.channels, rows, self.panel, N * V::LANES);
            tile.store(self.sums, self.sums_row, N * V::LANES, Finish::OVERWRITE);
        }
    }
}

/// The products of one position and one panel: channels of transformed pixels by a panel of
/// transformed gradients, summed over tiles.
#[derive(Clone, Copy)]
pub(super) struct ChannelsByFilters {
    /// The first channel of the first tile; each tile has all channels of a tile's rows.
    pub(super) sources: *const f32,
    /// Values from one tile to the next.
    pub(super) row: usize,
    pub(super) tiles: usize,
    /// A row of whole vectors for each tile.
    pub(super) panel: *const f32,
    /// Rows of whole vectors, one for each channel, readable if it accumulates.
    pub(super) sums: *mut f32,
    pub(super) accumulate: bool,
}

impl ChannelsByFilters {
    /// All of `rows` channels by `columns` columns or, if they are more, a whole panel.
    ///
    /// # Safety
    /// What the fields say must be true of so many channels.
    #[inline(always)]
    pub(super) unsafe fn rows<V: Vector>(self, rows: usize, columns: usize) {
        let mut first = 0;
        while first < rows {
            let count = next_tile_rows::<V>(rows - first);
            let part = Self {
                sources: self.sources.wrapping_add(first),
                sums: self.sums.wrapping_add(first * row_width::<V>(columns)),
                ..self
            };
            // SAFETY: these are `count` of the channels.
            unsafe { with_tile::<V, _>(count, columns.min(panel_width::<V>()), part) };
            first += count;
        }
    }
}

impl TileTask for ChannelsByFilters {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector, const M: usize, const N: usize>(self) {
        let width = N * V::LANES;
        let finish = Finish { accumulate: self.accumulate, ..Finish::OVERWRITE };
        let mut tile = Tile::<V, M, N>::zero();
        // SAFETY: each tile has a row of all channels and one of the panel, and the sums whole
        // panels for each channel.
        unsafe {
            tile.add_columns(self.tiles, self.sources, self.row, self.panel, width, None);
            tile.store(self.sums, width, width, finish);
        }
    }
}
