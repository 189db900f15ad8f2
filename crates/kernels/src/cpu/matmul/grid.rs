//! The blocks into which an output is cut.

use crate::cpu::tile::TILE_ROWS;

/// An output in blocks side by side.
pub(super) struct Grid {
    /// Rows and columns of the output.
    rows: usize,
    columns: usize,
    /// Columns that are kept together.
    panel: usize,
    /// Blocks in each direction.
    cut: [usize; 2],
}

impl Grid {
    /// `[rows, columns]` in as many blocks; `panel` columns are kept together.
    pub(super) fn new([rows, columns]: [usize; 2], panel: usize, cut: [usize; 2]) -> Self {
        Self { rows, columns, panel, cut }
    }

    pub(super) fn tasks(&self) -> usize {
        self.cut[0] * self.cut[1]
    }

    /// First row and number of rows, first column and number of columns of a task.
    pub(super) fn block(&self, task: usize) -> ((usize, usize), (usize, usize)) {
        let [rows, columns] = self.cut;
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
        let sizes = [1usize, 5, 16, 33, 128, 200, 784, 1024];
        let sizes = if cfg!(miri) { &sizes[..3] } else { &sizes };
        for (&rows, &columns) in sizes.iter().flat_map(|r| sizes.iter().map(move |c| (r, c))) {
            for cut in [[1, 1], [1, columns.div_ceil(16)], [rows.div_ceil(6), 1], [rows.min(7), 2]]
            {
                if cut[1] > columns.div_ceil(16) {
                    continue;
                }
                let grid = Grid::new([rows, columns], 16, cut);
                let mut seen = vec![0u8; rows * columns];
                for task in 0..grid.tasks() {
                    let ((top, height), (left, width)) = grid.block(task);
                    assert!(height > 0 && width > 0, "{rows} {columns} {cut:?}");
                    for i in top..top + height {
                        seen[i * columns + left..][..width].iter_mut().for_each(|s| *s += 1);
                    }
                }
                assert!(seen.iter().all(|&s| s == 1), "{rows} {columns} {cut:?}");
            }
        }
    }
}
