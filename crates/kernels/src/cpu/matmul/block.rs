//! Blocks of the output: some rows, some columns, the whole shared axis, one thread each.
//!
//! A block runs through the shared axis in stretches, so that a panel of the right operand stays in
//! the first-level cache while tiles of the left pass by (Goto and van de Geijn 2008).

use std::mem::MaybeUninit;
use std::ops::Range;

use super::activate::Activate;
use super::choose::Way;
use super::grid::Grid;
use super::operands::{Epilogue, Matrix};
use super::pack::{LEFT_SLACK, pack_left, pack_panel};
use super::packed_matrix::Right;
use super::packed_row::PackedRow;
use crate::activation::Activation;
use crate::cpu::ahead::Ahead;
use crate::cpu::isa::{RawKernel, dispatch_raw};
use crate::cpu::tile::{Finish, TILE_ROWS, Tile, TileTask, next_tile_rows, panel_width, with_tile};
use crate::cpu::tuning::matmul::{
    GROUP_VALUES, IN_PLACE, PANEL_VALUES, PANELS_IN_COLUMNS, PANELS_IN_ROWS, PANELS_STRIDED,
    stretch,
};
use crate::cpu::vector::{LINE, Vector};
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

/// A product of which blocks are parts.
#[derive(Clone, Copy)]
pub(super) struct Blocked<'a> {
    pub(super) left: Matrix<'a>,
    pub(super) right: Right<'a>,
    /// The row of `right` that meets the first column of `left`.
    pub(super) right_start: usize,
    pub(super) epilogue: Epilogue<'a>,
    /// Rows of the output, `out_stride` values apart.
    pub(super) out: SharedMut<'a, f32>,
    pub(super) out_stride: usize,
    /// From the last panel to the first: where the right operand is larger than the cache, what was
    /// read last is met again. No sum depends on it.
    pub(super) backwards: bool,
}

impl<'a> Blocked<'a> {
    /// Makes the product in the blocks of `grid`, one task each, of `work` nanoseconds in all.
    ///
    /// # Safety
    /// The operands must fit each other, `out` must hold the whole product, and nothing else may
    /// touch that meanwhile.
    pub(super) unsafe fn run(&self, grid: &Grid, work: usize) {
        parallel_for(grid.tasks(), work, |task| {
            let (rows, columns) = grid.block(task);
            // SAFETY: this function's contract; blocks do not overlap.
            unsafe { self.block(rows, columns) };
        });
    }

    /// Makes some rows and columns (first, number) of the product on the calling thread.
    ///
    /// # Safety
    /// As for [`Blocked::run`], of these rows and columns.
    #[inline]
    pub(super) unsafe fn block(&self, rows: (usize, usize), columns: (usize, usize)) {
        let left = self.left.part(rows.0, rows.1, 0, self.left.columns);
        let out = self.out.from(rows.0 * self.out_stride + columns.0);
        let Self { right_start, epilogue, backwards, .. } = *self;
        // SAFETY: by this function's contract.
        unsafe {
            if let (1, Right::Packed(packed)) = (rows.1, self.right) {
                let (first, count) = columns;
                let row =
                    PackedRow { left, packed, right_start, epilogue, out, first, count, backwards };
                dispatch_raw(row);
            } else {
                dispatch_raw(Block { all: Self { left, out, ..*self }, columns });
            }
        }
    }

    /// How a way cuts the product; one block if it cuts it in another manner.
    pub(super) fn grid(&self, way: Way, panel: usize) -> Grid {
        let cut = match way {
            Way::Blocks { rows, columns, .. } => [rows, columns],
            Way::PackedRow { tasks } => [1, tasks],
            _ => [1, 1],
        };
        Grid::new([self.left.rows, self.right.columns()], panel, cut)
    }
}

/// One block; its first row and its first output are those of `all`.
struct Block<'a> {
    all: Blocked<'a>,
    /// First column and number of columns.
    columns: (usize, usize),
}

/// Room for one panel of one stretch of the shared axis.
#[repr(align(64))]
struct PanelBuffer(MaybeUninit<[f32; PANEL_VALUES[1]]>);

impl RawKernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Blocked { left, epilogue: Epilogue { activation, .. }, out, out_stride, .. } = self.all;
        let (rows, columns, depth) = (left.rows, self.columns.1, left.columns);
        let stretch = stretch::<V>(depth).max(1);
        let panels = columns.div_ceil(panel_width::<V>());
        let group = stretch * (GROUP_VALUES / (rows * stretch).max(1)).max(1);
        let group = group.min(depth.next_multiple_of(stretch)).max(1);
        let packs = self.packs_left(panels);
        let mut scratch = packs.then(|| Storage::new(rows * group + LEFT_SLACK));
        let mut buffer = PanelBuffer(MaybeUninit::uninit());
        let buffer = buffer.0.as_mut_ptr().cast::<f32>();
        let mut start = 0;
        loop {
            let end = depth.min(start + group);
            let packed_left = scratch.as_mut().and_then(Storage::unique_f32s).map(|target| {
                for from in (start..end).step_by(stretch) {
                    let part = left.part(0, rows, from, stretch.min(end - from));
                    pack_left::<V>(part, &mut target[rows * (from - start)..]);
                }
                &*target
            });
            let group = Group { stretches: start..end, stretch, panels, packed_left, buffer };
            // SAFETY: by this method's contract; the buffer holds a stretch of a panel.
            unsafe { self.group::<V>(&group) };
            start = end;
            if start >= depth {
                break;
            }
        }
        if activation != Activation::Relu {
            let activate = Activate { activation, out, out_stride, rows, columns };
            // SAFETY: the block's outputs.
            unsafe { activate.run::<V>() };
        }
    }
}

/// Some stretches of the shared axis that a panel meets one after the other, while its outputs are
/// in the first-level cache.
struct Group<'a> {
    stretches: Range<usize>,
    /// The length of a stretch; the last may be shorter.
    stretch: usize,
    panels: usize,
    /// The left operand, each stretch tile by tile, if it is packed.
    packed_left: Option<&'a [f32]>,
    /// Room for a stretch of a panel.
    buffer: *mut f32,
}

/// Where all tiles of a stretch find their columns: rows of a panel, `stride` values apart.
#[derive(Clone, Copy)]
struct RightRows<'a> {
    values: &'a [f32],
    stride: usize,
    /// Whole panels, with zeros in the columns that are missing.
    padded: bool,
}

/// Where a stretch's tiles find their rows.
#[derive(Clone, Copy)]
enum LeftRows<'a> {
    /// `[columns][rows of the tile]` for each tile.
    Packed(&'a [f32]),
    Plain(Matrix<'a>),
}

impl LeftRows<'_> {
    /// The first value of a tile, and how far it is to the next row and to the next step.
    #[inline(always)]
    fn tile(&self, row: usize, rows: usize, steps: usize) -> (*const f32, (usize, usize)) {
        match self {
            Self::Packed(values) => (values[row * steps..].as_ptr(), (1, rows)),
            Self::Plain(_) if steps == 0 => (std::ptr::null(), (0, 0)),
            Self::Plain(part) => (
                part.values[row * part.row_stride..].as_ptr(),
                (part.row_stride, part.column_stride),
            ),
        }
    }
}

impl<'a> Block<'a> {
    /// Packing pays when several panels reuse it. Contiguous rows are read in place as well, and
    /// short columns side by side; of long ones every step of a tile would wait for a line.
    #[inline(always)]
    fn packs_left(&self, panels: usize) -> bool {
        let Matrix { rows, row_stride, column_stride, .. } = self.all.left;
        let few = match (row_stride, column_stride) {
            (_, 1) => PANELS_IN_ROWS,
            (1, distance) if distance <= 2 * rows => PANELS_IN_COLUMNS,
            _ => PANELS_STRIDED,
        };
        panels > few && rows > 1
    }

    /// The panel that is taken as number `index`.
    #[inline(always)]
    fn panel(&self, index: usize, panels: usize) -> usize {
        if self.all.backwards { panels - 1 - index } else { index }
    }

    /// All panels, each through all stretches of a group.
    ///
    /// # Safety
    /// As for [`RawKernel::run`]; `group` must be of this block.
    #[inline(always)]
    unsafe fn group<V: Vector>(&self, group: &Group<'_>) {
        let Range { start: group_start, end: group_end } = group.stretches;
        let (width, panels) = (panel_width::<V>(), group.panels);
        let Matrix { rows, columns: depth, .. } = self.all.left;
        for index in 0..panels {
            let panel = self.panel(index, panels);
            let mut start = group_start;
            loop {
                let steps = group.stretch.min(group_end - start);
                let part = self.all.left.part(0, rows, start, steps);
                let left = match group.packed_left {
                    Some(all) => LeftRows::Packed(&all[rows * (start - group_start)..]),
                    None => LeftRows::Plain(part),
                };
                let right = self.right_rows::<V>(panel, start, steps, group.buffer);
                // What comes next, a line of each of its rows with each tile of this.
                let (next_panel, next_start) = match (start + steps < group_end, index + 1) {
                    (true, _) => (panel, start + steps),
                    (false, next) if next < panels => (self.panel(next, panels), group_start),
                    (false, _) => {
                        (self.panel(0, panels), if group_end < depth { group_end } else { 0 })
                    }
                };
                let next_column = self.columns.0 + next_panel * width;
                let next = self.all.right.ahead(self.all.right_start + next_start, next_column);
                // SAFETY: by this method's contract.
                unsafe { self.tiles::<V>(panel, start..start + steps, left, right, next) };
                start += steps;
                if start >= group_end {
                    break;
                }
            }
        }
    }

    /// Some steps of a panel: as it is packed, as it lies in memory, or copied to `buffer`.
    #[inline(always)]
    fn right_rows<'b, V: Vector>(
        &'b self,
        panel: usize,
        start: usize,
        steps: usize,
        buffer: *mut f32,
    ) -> RightRows<'b> {
        let width = panel_width::<V>();
        let (skip, from) = (panel * width, self.all.right_start + start);
        let column = self.columns.0 + skip;
        let matrix = match self.all.right {
            Right::Packed(packed) => {
                let values = packed.panel(column / width, from);
                return RightRows { values, stride: width, padded: true };
            }
            Right::Plain(matrix) => matrix,
        };
        let Matrix { rows, columns: depth, .. } = self.all.left;
        let part = matrix.part(from, steps, column, width.min(self.columns.1 - skip));
        let reads_few = rows <= TILE_ROWS || depth * matrix.columns <= IN_PLACE;
        if part.column_stride == 1 && reads_few {
            return RightRows { values: part.values, stride: part.row_stride, padded: false };
        }
        // SAFETY: the buffer holds a stretch of a panel, and `pack_panel` writes `steps * width`
        // values before they are read; nothing else uses it until the next panel.
        let values = unsafe {
            pack_panel::<V>(part, buffer, width);
            std::slice::from_raw_parts(buffer, steps * width)
        };
        RightRows { values, stride: width, padded: true }
    }

    /// All tiles of a panel over one stretch. Each asks for some of what comes `next`.
    ///
    /// # Safety
    /// As for [`RawKernel::run`]; the rows must be those of the stretch.
    #[inline(always)]
    unsafe fn tiles<V: Vector>(
        &self,
        panel: usize,
        stretch: Range<usize>,
        left: LeftRows<'_>,
        right: RightRows<'_>,
        next: Option<Ahead>,
    ) {
        let Blocked { left: Matrix { rows, columns: depth, .. }, out, out_stride, .. } = self.all;
        let (skip, steps) = (panel * panel_width::<V>(), stretch.len());
        let columns = panel_width::<V>().min(self.columns.1 - skip);
        let (is_first, is_last) = (stretch.start == 0, stretch.end == depth);
        let finish = self.all.epilogue.finish(self.columns.0 + skip, is_first, is_last);
        let at_hand = Ahead::nothing(right.values.as_ptr());
        let mut ahead = next.unwrap_or(at_hand);
        let mut lines = panel_width::<V>() / LINE;
        let mut row = 0;
        while row < rows {
            let tile_rows = next_tile_rows::<V>(rows - row);
            let (left, left_strides) = left.tile(row, tile_rows, steps);
            let task = TileProduct::<true> {
                steps,
                left,
                left_strides,
                right: right.values.as_ptr(),
                right_stride: right.stride,
                padded: right.padded,
                out: out.pointer(row * out_stride + skip),
                out_stride,
                columns,
                finish,
                ahead: if lines > 0 { ahead } else { at_hand },
            };
            // SAFETY: the tile's rows and steps lie within the left operand, its columns within the
            // panel, and its outputs within the block.
            unsafe { with_tile::<V, _>(tile_rows, columns, task) };
            row += tile_rows;
            ahead = ahead.after(LINE);
            lines = lines.saturating_sub(1);
        }
    }
}

/// One tile of a block over one stretch of the shared axis; whether it `ASKS` for what comes ahead
/// is known to the compiler.
pub(super) struct TileProduct<const ASKS: bool> {
    pub(super) steps: usize,
    /// A row of `steps` values for each row of the tile.
    pub(super) left: *const f32,
    /// From one row to the next, and from one step to the next.
    pub(super) left_strides: (usize, usize),
    /// A row for each step: `columns` values, or the tile's whole vectors if `padded`.
    pub(super) right: *const f32,
    pub(super) right_stride: usize,
    /// Whether `right` is a packed panel.
    pub(super) padded: bool,
    /// `columns` outputs for each row of the tile, readable if `finish` accumulates.
    pub(super) out: *mut f32,
    pub(super) out_stride: usize,
    pub(super) columns: usize,
    /// With `columns` values of bias, or none.
    pub(super) finish: Finish,
    pub(super) ahead: Ahead,
}

impl<const ASKS: bool> TileTask for TileProduct<ASKS> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector, const M: usize, const N: usize>(self) {
        let Self { steps, right, right_stride, columns, .. } = self;
        let mut rows = [self.left; M];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = row.wrapping_add(i * self.left_strides.0);
        }
        let step = self.left_strides.1;
        let mut tile = Tile::<V, M, N>::zero();
        // SAFETY: the fields' promises: `M` rows of `steps` values on the left, `steps` rows of a
        // panel (zero-padded, or of `columns` values) on the right, `M` rows of `columns` outputs.
        unsafe {
            // Smaller tiles take no loop of their own: they are few.
            let width = N * V::LANES;
            let packed = const { M >= 6 && N == 2 } && self.padded && right_stride == width;
            if packed && self.left_strides == (1, M) {
                let ahead = const { ASKS }.then_some(self.ahead);
                tile.add_columns(steps, self.left, M, right, width, ahead);
            } else if packed && step == 1 {
                tile.add_runs(steps, rows, right, width);
            } else if self.padded || columns == N * V::LANES {
                tile.add_products(steps, rows, step, right, right_stride);
            } else {
                tile.add_products_part(steps, rows, step, right, right_stride, columns);
            }
            tile.store(self.out, self.out_stride, columns, self.finish);
        }
    }
}
