//! One row times a packed matrix: every value of the matrix is used once, so that memory decides.
//! Several panels are read side by side: their streams keep the prefetchers busy, and their sums
//! do not wait for each other. The order of each sum is that of [`super::block::Block`].

use super::activate::Activate;
use super::operands::{Epilogue, Matrix};
use super::packed_matrix::PackedMatrix;
use crate::activation::Activation;
use crate::cpu::isa::RawKernel;
use crate::cpu::tile::{Finish, Tile, panel_width};
use crate::cpu::tuning::matmul::{ROW_PANELS as PANELS, stretch};
use crate::cpu::vector::{Vector, prefetch_all};
use crate::shared_mut::SharedMut;

pub(super) struct PackedRow<'a> {
    pub(super) left: Matrix<'a>,
    pub(super) packed: &'a PackedMatrix,
    /// The row of the matrix that meets the first value of the row.
    pub(super) right_start: usize,
    pub(super) epilogue: Epilogue<'a>,
    /// From the first of `count` outputs on, which nothing else may touch meanwhile.
    pub(super) out: SharedMut<'a, f32>,
    /// First column, at the start of a panel, and number of columns.
    pub(super) first: usize,
    pub(super) count: usize,
    /// From the last panel to the first.
    pub(super) backwards: bool,
}

impl RawKernel for PackedRow<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        if self.left.column_stride == 1 {
            prefetch_all(&self.left.values[..self.left.columns]);
        }
        let panels = self.count.div_ceil(panel_width::<V>());
        let (together, single) = (panels / PANELS, panels % PANELS);
        for index in 0..together + single {
            let index = if self.backwards { together + single - 1 - index } else { index };
            // SAFETY: the outputs are this kernel's, by this method's contract.
            unsafe {
                if index < together {
                    self.panels::<V, PANELS>(index * PANELS);
                } else {
                    self.panels::<V, 1>(together * PANELS + index - together);
                }
            }
        }
        let Self { epilogue: Epilogue { activation, .. }, out, count, .. } = self;
        if activation != Activation::Relu {
            let activate = Activate { activation, out, out_stride: count, rows: 1, columns: count };
            // SAFETY: one row of `count` outputs, by this method's contract.
            unsafe { activate.run::<V>() };
        }
    }
}

impl PackedRow<'_> {
    /// The outputs of `N` panels from `panel` on.
    ///
    /// # Safety
    /// These outputs must lie within `out`, and nothing else may touch them meanwhile.
    #[inline(always)]
    unsafe fn panels<V: Vector, const N: usize>(&self, panel: usize) {
        let Self { left, packed, right_start, epilogue, out, first, count, .. } = self;
        let (width, depth) = (panel_width::<V>(), left.columns);
        let stretch = stretch::<V>(depth);
        let mut start = 0;
        loop {
            let steps = stretch.min(depth - start);
            let (is_first, is_last) = (start == 0, start + steps == depth);
            let mut tiles = [Tile::<V, 1, 2>::zero(); N];
            // A loop: a closure would not be inlined here.
            let mut values = [std::ptr::null(); N];
            for (index, values) in values.iter_mut().enumerate() {
                let panel = packed.panel(first / width + panel + index, right_start + start);
                assert!(panel.len() >= steps * width);
                *values = panel.as_ptr();
            }
            let row = left.part(0, 1, start, steps).values.as_ptr();
            for p in 0..steps {
                let row = row.wrapping_add(p * left.column_stride);
                for (tile, values) in tiles.iter_mut().zip(values) {
                    // SAFETY: the row's value and the panel's row number `start + p`, which is
                    // below `depth`; the panel's length was checked.
                    unsafe {
                        tile.add_products(1, [row], 0, values.wrapping_add(p * width), width)
                    };
                }
            }
            for (index, tile) in tiles.into_iter().enumerate() {
                let skip = (panel + index) * width;
                let finish = epilogue.finish(first + skip, is_first, is_last);
                let columns = width.min(count - skip);
                // SAFETY: by this method's contract.
                unsafe { self.store(tile, out.pointer(skip), columns, finish) };
            }
            start += steps;
            if start >= depth {
                break;
            }
        }
    }

    /// # Safety
    /// `columns` outputs, at most a panel's, must be writable from `out`, and a bias as long.
    #[inline(always)]
    unsafe fn store<V: Vector>(
        &self,
        tile: Tile<V, 1, 2>,
        out: *mut f32,
        columns: usize,
        finish: Finish,
    ) {
        // SAFETY: by this function's contract; the last vector begins within the columns.
        unsafe {
            match columns > V::LANES {
                true => tile.store(out, columns, columns, finish),
                false => tile.first_column().store(out, columns, columns, finish),
            }
        }
    }
}
