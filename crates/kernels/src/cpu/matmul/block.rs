//! One block of a product: some rows, some columns, the whole shared axis, on one thread.

use std::mem::MaybeUninit;

use super::pack::{LEFT_SLACK, pack_left, pack_panel};
use super::packed_row::PackedRow;
use super::{Epilogue, Matrix, PANEL_VALUES, Right, stretch};
use crate::activation::{Activation, FusedActivation};
use crate::cpu::ahead::Ahead;
use crate::cpu::isa::RawKernel;
use crate::cpu::several::Several;
use crate::cpu::tile::{Finish, TILE_ROWS, Tile, TileTask, next_tile_rows, panel_width, with_tile};
use crate::cpu::vector::{LINE, Vector};
use crate::storage::Storage;
use crate::threads::SharedMut;

/// Values of a plain right operand that tiles read in place: it stays in the first-level cache.
const IN_PLACE: usize = 4096;
/// Values of the left operand whose stretches a panel meets one after the other, while its outputs
/// are in the first-level cache: they fit the second-level cache several times.
const GROUP_VALUES: usize = 64 << 10;

/// It must lie within the values behind `out`, which nothing else may touch while it is computed.
pub(super) struct Block<'a> {
    /// The block's rows.
    left: Matrix<'a>,
    right: Right<'a>,
    /// The row of `right` that meets the first column of `left`.
    right_start: usize,
    epilogue: Epilogue<'a>,
    /// From the block's first output on.
    out: SharedMut<'a, f32>,
    out_stride: usize,
    /// First column and number of columns.
    columns: (usize, usize),
    /// From the last panel to the first.
    backwards: bool,
}

impl<'a> Block<'a> {
    /// The block of `out` with the given rows and columns (first, number).
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "the fields of a block, with its place")]
    pub(super) fn new(
        left: Matrix<'a>,
        right: Right<'a>,
        right_start: usize,
        epilogue: Epilogue<'a>,
        out: SharedMut<'a, f32>,
        out_stride: usize,
        rows: (usize, usize),
        columns: (usize, usize),
    ) -> Self {
        let left = left.part(rows.0, rows.1, 0, left.columns);
        let out = out.from(rows.0 * out_stride + columns.0);
        Self { left, right, right_start, epilogue, out, out_stride, columns, backwards: false }
    }

    /// The same block from its last panel to its first, if `backwards`: where the right operand is
    /// larger than the cache, what was read last is met again. No sum depends on it.
    #[inline]
    pub(super) fn in_order(self, backwards: bool) -> Self {
        Self { backwards, ..self }
    }
}

/// Room for one panel of one stretch of the shared axis.
#[repr(align(64))]
struct PanelBuffer(MaybeUninit<[f32; PANEL_VALUES[1]]>);

impl RawKernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let width = panel_width::<V>();
        let Self { left, right, right_start, epilogue, out, out_stride, backwards, .. } = self;
        let (first, count) = self.columns;
        let (rows, depth) = (left.rows, left.columns);
        if let (1, Right::Packed(packed)) = (rows, right) {
            let row =
                PackedRow { left, packed, right_start, epilogue, out, first, count, backwards };
            // SAFETY: the block's outputs are this row's.
            return unsafe { row.run::<V>() };
        }
        let stretch = stretch::<V>(depth);
        // Packing pays when several panels reuse it. Contiguous rows are read in place as well, and
        // short columns side by side; of long ones every step of a tile would wait for a line.
        let panels = count.div_ceil(width);
        let few = match (left.row_stride, left.column_stride) {
            (_, 1) => 8,
            (1, distance) if distance <= 2 * rows => 3,
            _ => 1,
        };
        let packs_left = panels > few && rows > 1;
        let group = stretch * (GROUP_VALUES / (rows * stretch).max(1)).max(1);
        let group = group.min(depth.next_multiple_of(stretch.max(1)));
        let mut scratch =
            if packs_left { Some(Storage::new(rows * group + LEFT_SLACK)) } else { None };
        let mut buffer = PanelBuffer(MaybeUninit::uninit());
        let mut group_start = 0;
        loop {
            let group_end = depth.min(group_start + group);
            let packed_left = scratch.as_mut().and_then(Storage::unique_f32s).map(|target| {
                for start in (group_start..group_end).step_by(stretch.max(1)) {
                    let part = left.part(0, rows, start, stretch.min(group_end - start));
                    pack_left::<V>(part, &mut target[rows * (start - group_start)..]);
                }
                &*target
            });
            let place = |index: usize| if backwards { panels - 1 - index } else { index };
            for index in 0..panels {
                let panel = place(index);
                let (skip, columns) = (panel * width, width.min(count - panel * width));
                let mut start = group_start;
                loop {
                    let steps = stretch.min(group_end - start);
                    let (is_first, is_last) = (start == 0, start + steps == depth);
                    let part = left.part(0, rows, start, steps);
                    let packed_left = packed_left.map(|all| &all[rows * (start - group_start)..]);
                    let from = right_start + start;
                    let (values, stride, padded) = match right {
                        Right::Packed(packed) => {
                            (packed.panel((first + skip) / width, from), width, true)
                        }
                        Right::Plain(matrix) => {
                            let part = matrix.part(from, steps, first + skip, columns);
                            let few = rows <= TILE_ROWS || depth * matrix.columns <= IN_PLACE;
                            if part.column_stride == 1 && few {
                                (part.values, part.row_stride, false)
                            } else {
                                let target = buffer.0.as_mut_ptr().cast::<f32>();
                                // SAFETY: the buffer holds a stretch of a panel, and `pack_panel`
                                // writes `steps * width` values before they are read.
                                let target = unsafe {
                                    pack_panel::<V>(part, target, width);
                                    std::slice::from_raw_parts(target, steps * width)
                                };
                                (target, width, true)
                            }
                        }
                    };
                    let finish = epilogue.finish(first + skip, is_first, is_last);
                    // What comes next, a line of each of its rows with each tile of this.
                    let (next_panel, next_start) = match (start + steps < group_end, index + 1) {
                        (true, _) => (panel, start + steps),
                        (false, next) if next < panels => (place(next), group_start),
                        (false, _) => (place(0), if group_end < depth { group_end } else { 0 }),
                    };
                    let next = right.ahead(right_start + next_start, first + next_panel * width);
                    let at_hand = Ahead::nothing(values.as_ptr());
                    let mut ahead = next.unwrap_or(at_hand);
                    let mut lines = width / LINE;
                    let mut row = 0;
                    while row < rows {
                        let tile_rows = next_tile_rows::<V>(rows - row);
                        let (left, left_strides) = match packed_left {
                            Some(values) => (&values[row * steps..], (1, tile_rows)),
                            None if steps == 0 => (&[][..], (0, 0)),
                            None => (
                                &part.values[row * part.row_stride..],
                                (part.row_stride, part.column_stride),
                            ),
                        };
                        let task = Products::<true> {
                            steps,
                            left: left.as_ptr(),
                            left_strides,
                            right: values.as_ptr(),
                            right_stride: stride,
                            padded,
                            out: out.pointer(row * out_stride + skip),
                            out_stride,
                            columns,
                            finish,
                            ahead: if lines > 0 { ahead } else { at_hand },
                        };
                        // SAFETY: the tile's rows and steps lie within the left operand, its
                        // columns within the panel, and its outputs within the block.
                        unsafe { with_tile::<V, _>(tile_rows, columns, task) };
                        row += tile_rows;
                        ahead = ahead.after(LINE);
                        lines = lines.saturating_sub(1);
                    }
                    start += steps;
                    if start >= group_end {
                        break;
                    }
                }
            }
            group_start = group_end;
            if group_start >= depth {
                break;
            }
        }
        if epilogue.activation != Activation::Relu {
            let Self { epilogue: Epilogue { activation, .. }, out, out_stride, .. } = self;
            let activate = Activate { activation, out, out_stride, rows, columns: count };
            // SAFETY: the block's outputs.
            unsafe { activate.run::<V>() };
        }
    }
}

/// One tile of a block over one stretch of the shared axis; whether it `ASKS` for what comes ahead
/// is known to the compiler.
pub(super) struct Products<const ASKS: bool> {
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

impl<const ASKS: bool> TileTask for Products<ASKS> {
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

/// Applies an activation to a block of outputs in place, while it is in the cache: `rows` rows of
/// `columns` values, the first at the start of `out`, which nothing else may touch meanwhile.
pub(super) struct Activate<'a> {
    pub(super) activation: Activation,
    pub(super) out: SharedMut<'a, f32>,
    pub(super) out_stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl RawKernel for Activate<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        if self.activation == Activation::Identity {
            return;
        }
        // Rows without gaps are one long row.
        let (rows, columns) = match self.out_stride == self.columns {
            true => (1, self.rows * self.columns),
            false => (self.rows, self.columns),
        };
        for row in 0..rows {
            // SAFETY: the block's rows and columns are writable by this method's contract.
            unsafe {
                let out = self.out.pointer(row * self.out_stride);
                let mut column = 0;
                while column + TOGETHER * V::LANES <= columns {
                    self.activate::<Several<V, TOGETHER>>(out.add(column));
                    column += TOGETHER * V::LANES;
                }
                while column + V::LANES <= columns {
                    self.activate::<V>(out.add(column));
                    column += V::LANES;
                }
                if column < columns {
                    let x = V::load_part(out.add(column), columns - column);
                    let y = self.activation.apply_vector(x);
                    y.store_part(out.add(column), columns - column);
                }
            }
        }
    }
}

/// Vectors that an activation is applied to side by side.
const TOGETHER: usize = 4;

impl Activate<'_> {
    /// Applies the activation to a vector in place.
    ///
    /// # Safety
    /// As many values as it has lanes must be readable and writable at `at`.
    #[inline(always)]
    unsafe fn activate<V: Vector>(&self, at: *mut f32) {
        // SAFETY: by this method's contract.
        unsafe { self.activation.apply_vector(V::load(at)).store(at) };
    }
}
