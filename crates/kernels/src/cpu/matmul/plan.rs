//! How a product is cut into tasks: a function of its sizes alone.

use super::CHUNK_VALUES;
use crate::cpu::tile::TILE_ROWS;

/// How a product is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Blocks of the output: so many of rows, so many of panels.
    Blocks { rows: usize, columns: usize },
    /// Chunks of the shared axis, whose results are added up.
    Depth(usize),
}

pub(super) struct Plan {
    rows: usize,
    columns: usize,
    /// Columns that are kept together.
    panel: usize,
    pub(super) cut: Cut,
    /// Estimated nanoseconds on one core.
    pub(super) work: usize,
}

/// Nanoseconds of a task: enough to make the cost of handing it out vanish.
const TASK_WORK: usize = 25_000;
/// Nanoseconds of a product that two threads share all the same, if they are awake.
const SHARED_WORK: usize = 12_000;
/// Rows of a block whose part of one [`super::stretch`] fits the second-level cache several times.
const BLOCK_ROWS: usize = 96;
/// The fewest panels of a task where threads share a product of a few rows: read side by side.
const SHARED_PANELS: usize = super::packed_row::PANELS;
/// With fewer rows it is the right operand that takes the time.
pub(super) const FEW_ROWS: usize = 12;
/// Up to here the rows stay in one block and only columns are cut.
const WHOLE_ROWS: usize = 192;
/// The same for values of a left operand that is the smaller one and is read in place, so that no
/// block of columns copies it: they fit the second-level cache.
const WHOLE_VALUES: usize = 1 << 18;

/// Estimated nanoseconds on one core: 48 products each.
pub(super) fn work(rows: usize, depth: usize, columns: usize) -> usize {
    rows.saturating_mul(columns).saturating_mul(depth + 4) / 48
}

/// The same of a product of few rows: 16 values of the right operand a nanosecond, from the
/// second-level cache.
pub(crate) fn work_of_few_rows(depth: usize, columns: usize) -> usize {
    depth.saturating_mul(columns) / 16
}

/// Whether a product is one task.
pub(super) fn is_small(rows: usize, depth: usize, columns: usize) -> bool {
    work(rows, depth, columns) < SHARED_WORK
}

impl Plan {
    /// Sizes are `[rows, depth, columns]`, `panel` is the width of a panel. `left_in_rows`: the
    /// left operand's rows are contiguous, so that tiles read it in place.
    pub(super) fn new(
        [rows, depth, columns]: [usize; 3],
        panel: usize,
        left_in_rows: bool,
    ) -> Self {
        let work = work(rows, depth, columns);
        let plan = |cut| Self { rows, columns, panel, cut, work };
        if is_small(rows, depth, columns) {
            return plan(Cut::Blocks { rows: 1, columns: 1 });
        }
        let tasks = (work / TASK_WORK).clamp(2, 256);
        let panels = columns.div_ceil(panel);
        if depth >= 2048 && rows.div_ceil(BLOCK_ROWS / 2) * panels.div_ceil(4) <= 4 {
            let chunks = match rows < FEW_ROWS {
                true => (depth * columns / CHUNK_VALUES).max(1),
                false => tasks.min(depth / 1024),
            };
            return plan(Cut::Depth(chunks));
        }
        let by_columns = tasks.min(panels / if left_in_rows { 2 } else { 8 });
        let whole =
            rows <= WHOLE_ROWS || left_in_rows && rows < columns && rows * depth <= WHOLE_VALUES;
        if whole && by_columns >= tasks.min(4) || rows < FEW_ROWS {
            return plan(Cut::Blocks { rows: 1, columns: by_columns.max(1) });
        }
        // Every block copies its rows of the left operand: cut columns only for want of rows.
        let fewest = rows.div_ceil(BLOCK_ROWS).next_multiple_of(2);
        let row_blocks = fewest.max(tasks.min(rows / (BLOCK_ROWS / 2))).min(rows / 6).max(1);
        let columns = tasks.min(8).div_ceil(row_blocks).min(panels / 8).max(1);
        plan(Cut::Blocks { rows: row_blocks, columns })
    }

    /// A product of a few rows, which reads each value of the right operand about once. Each of
    /// `threads` takes the same panels every time, and finds them in its cache; no output's sum
    /// depends on how many there are.
    pub(super) fn of_few_rows(
        [rows, depth, columns]: [usize; 3],
        panel: usize,
        threads: usize,
    ) -> Self {
        let tasks = columns.div_ceil(panel).div_ceil(SHARED_PANELS).min(threads);
        let work = work_of_few_rows(depth, columns);
        Self { rows, columns, panel, cut: Cut::Blocks { rows: 1, columns: tasks }, work }
    }

    /// The same product without chunks of the shared axis, in one task: what a chunk runs.
    pub(super) fn in_blocks(self) -> Self {
        let rows = self.rows.div_ceil(BLOCK_ROWS);
        Self { cut: Cut::Blocks { rows, columns: 1 }, work: 0, ..self }
    }

    /// The same product with every sum in one chunk.
    pub(super) fn without_depth_cut(self) -> Self {
        match self.cut {
            Cut::Blocks { .. } => self,
            Cut::Depth(_) => Self { work: self.work, ..self.in_blocks() },
        }
    }

    pub(super) fn tasks(&self) -> usize {
        match self.cut {
            Cut::Blocks { rows, columns } => rows * columns,
            Cut::Depth(chunks) => chunks,
        }
    }

    /// First row and number of rows, first column and number of columns of a task.
    pub(super) fn block(&self, task: usize) -> ((usize, usize), (usize, usize)) {
        let Cut::Blocks { rows, columns } = self.cut else { unreachable!("a cut of the depth") };
        let panels = self.columns.div_ceil(self.panel);
        let (row, column) = (task / columns, task % columns);
        let edge = |row: usize| {
            let edge = self.rows * row / rows;
            // Whole tiles, where that leaves blocks about alike.
            let aligns = self.rows >= 3 * TILE_ROWS * rows && row < rows;
            if aligns { (edge + TILE_ROWS / 2) / TILE_ROWS * TILE_ROWS } else { edge }
        };
        let (top, bottom) = (edge(row), edge(row + 1));
        let left = panels * column / columns * self.panel;
        let right = (panels * (column + 1) / columns * self.panel).min(self.columns);
        ((top, bottom - top), (left, right - left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_every_output_once() {
        let sizes = [1, 5, 16, 33, 128, 200, 784, 1024];
        for rows in sizes {
            for columns in sizes {
                for depth in [0, 3, 512, 5000] {
                    let plan =
                        Plan::new([rows, depth, columns], 16, depth % 2 == 0).in_blocks_if_depth();
                    let mut seen = vec![0u8; rows * columns];
                    for task in 0..plan.tasks() {
                        let ((top, height), (left, width)) = plan.block(task);
                        assert!(
                            height > 0 && width > 0,
                            "{rows} {columns} {depth}: {:?}",
                            plan.cut
                        );
                        for i in top..top + height {
                            seen[i * columns + left..][..width].iter_mut().for_each(|s| *s += 1);
                        }
                    }
                    assert!(seen.iter().all(|&s| s == 1), "{rows} {columns} {depth}");
                }
            }
        }
    }

    impl Plan {
        fn in_blocks_if_depth(self) -> Self {
            if matches!(self.cut, Cut::Depth(_)) { self.in_blocks() } else { self }
        }
    }

    #[test]
    fn rows_stay_together_where_they_are_read_in_place() {
        let rows_of = |left_in_rows| match Plan::new([784, 256, 1024], 32, left_in_rows).cut {
            Cut::Blocks { rows, .. } => rows,
            Cut::Depth(_) => 0,
        };
        assert!(rows_of(true) == 1 && rows_of(false) > 4);
    }

    #[test]
    fn few_outputs_of_many_products_are_cut_along_the_depth() {
        assert!(matches!(Plan::new([64, 16_384, 64], 16, false).cut, Cut::Depth(16)));
        assert!(matches!(Plan::new([784, 128, 512], 16, false).cut, Cut::Blocks { .. }));
        let tiny = Plan::new([32, 16, 16], 16, true);
        assert_eq!(tiny.cut, Cut::Blocks { rows: 1, columns: 1 });
    }
}
