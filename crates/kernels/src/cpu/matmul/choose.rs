//! Which code makes a product: a function of sizes, strides and the machine alone, never of values
//! or of what else runs. `GLASSBOX_TRACE=ways` prints each distinct product with its way, once.

use std::fmt;

use super::operands::Matrix;
use crate::cpu::tile::panel_columns;
use crate::cpu::tuning::matmul::*;
use crate::threads;

/// The sizes of a product, and how its operands lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    pub(super) rows: usize,
    /// The length of the axis that is summed over.
    pub(super) depth: usize,
    pub(super) columns: usize,
    /// From one row and from one column of the left operand to the next.
    pub(super) left: [usize; 2],
    /// The same of the right operand; `None` if it is packed.
    pub(super) right: Option<[usize; 2]>,
    /// From one row of the output to the next.
    pub(super) out_stride: usize,
}

/// What of the machine a way depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Machine {
    /// Columns of a panel: two vectors.
    pub(super) panel: usize,
    /// Only [`few_rows`] looks at it, which cuts columns: no sum depends on it.
    pub(super) threads: usize,
}

impl Machine {
    /// This one, as it is set now.
    pub(super) fn current() -> Self {
        Self { panel: panel_columns(), threads: threads::count() }
    }
}

/// The code that makes a product, and into how many tasks it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Way {
    /// `small.rs`: tiles read both operands where they lie, on the calling thread.
    Small,
    /// `vector.rs`: a vector and a matrix of contiguous columns: each output is a dot product.
    Dots {
        /// Outputs of a task.
        each: usize,
    },
    /// `vector.rs`: a vector and a matrix of contiguous rows: the output is a sum of them.
    SumOfRows {
        /// Outputs of a task.
        each: usize,
    },
    /// The same for few columns: tasks sum chunks of the rows, and the results are added in order.
    SumOfChunks { chunks: usize },
    /// `packed_row.rs`: one row and a packed matrix, several panels at once.
    PackedRow {
        /// Blocks of columns.
        tasks: usize,
    },
    /// `block.rs`: blocks of the output, each with all of the shared axis.
    Blocks {
        /// Blocks side by side in each direction.
        rows: usize,
        columns: usize,
        /// The right operand is packed first, once for all blocks.
        packs: bool,
    },
    /// `depth.rs`: chunks of the shared axis, each a product of its own; their results are added in
    /// order.
    Depth { chunks: usize },
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Small => write!(f, "small"),
            Self::Dots { each } => write!(f, "dots, {each} outputs a task"),
            Self::SumOfRows { each } => write!(f, "sum of rows, {each} outputs a task"),
            Self::SumOfChunks { chunks } => write!(f, "sum of rows in {chunks} chunks"),
            Self::PackedRow { tasks } => write!(f, "packed row in {tasks} blocks"),
            Self::Blocks { rows, columns, packs } => {
                let packs = if packs { ", packed first" } else { "" };
                write!(f, "{rows}×{columns} blocks{packs}")
            }
            Self::Depth { chunks } => write!(f, "{chunks} chunks of the depth"),
        }
    }
}

impl Shape {
    /// Tiles read the left operand in place where its rows are contiguous.
    fn left_in_rows(&self) -> bool {
        self.left[1] == 1
    }

    /// Estimated nanoseconds on one core.
    pub(super) fn work(&self) -> usize {
        self.rows.saturating_mul(self.columns).saturating_mul(self.depth + 4) / PRODUCTS_PER_NS
    }

    /// The same of a product that takes its time to read the right operand.
    pub(super) fn work_of_few_rows(&self) -> usize {
        work_of_few_rows(self.depth, self.columns)
    }
}

/// Estimated nanoseconds on one core of a few rows, which take their time to read the right operand
/// from the second-level cache.
pub(crate) fn work_of_few_rows(depth: usize, columns: usize) -> usize {
    depth.saturating_mul(columns) / READ_PER_NS
}

/// The way of a product. `out = left · right` for every shape; which bits it has depends on the
/// shape and on the machine's vectors, but not on the number of threads.
#[inline]
pub(super) fn choose(shape: &Shape, machine: impl FnOnce() -> Machine) -> Way {
    match is_small(shape) {
        true => Way::Small,
        false => choose_large(shape, &machine()),
    }
}

fn choose_large(shape: &Shape, machine: &Machine) -> Way {
    if let Some(way) = with_vector(shape) {
        return way;
    }
    if shape.work() < SHARED_WORK {
        return blocks(shape, [1, 1]);
    }
    match depth_chunks(shape, machine) {
        Some(chunks) => Way::Depth { chunks },
        None => cut_in_blocks(shape, machine),
    }
}

/// The way of a product in which no row's bits may depend on the rows beside it: no sum is cut.
pub(super) fn by_rows(shape: &Shape, machine: &Machine) -> Way {
    if shape.work() < SHARED_WORK {
        return blocks(shape, [1, 1]);
    }
    match depth_chunks(shape, machine) {
        Some(_) => inside_a_chunk(shape),
        None => cut_in_blocks(shape, machine),
    }
}

/// The way of a product of a few rows with a packed matrix, to the bits of one block. Each thread
/// takes the same panels every time, and finds them in its cache.
pub(super) fn few_rows(shape: &Shape, machine: &Machine) -> Way {
    let panels = shape.columns.div_ceil(machine.panel);
    blocks(shape, [1, panels.div_ceil(SHARED_PANELS).min(machine.threads)])
}

/// The way of one chunk of [`Way::Depth`], all on one thread.
pub(super) fn inside_a_chunk(shape: &Shape) -> Way {
    blocks(shape, [shape.rows.div_ceil(BLOCK_ROWS), 1])
}

/// Blocks of the output; one row of a packed matrix has code of its own.
fn blocks(shape: &Shape, [rows, columns]: [usize; 2]) -> Way {
    match (shape.rows, shape.right) {
        (1, None) => Way::PackedRow { tasks: columns },
        // Several blocks of rows read the same columns.
        (_, right) => Way::Blocks { rows, columns, packs: right.is_some() && rows > 1 },
    }
}

/// Whether both operands stay in the first-level cache, so that a copy, or a second thread, would
/// cost more than it wins.
#[inline]
pub(super) fn is_small(shape: &Shape) -> bool {
    let Shape { rows, depth, columns, right: Some(right), .. } = *shape else { return false };
    rows > 1
        && columns > 1
        && rows * depth <= SMALL_OPERAND
        && depth * columns <= SMALL_OPERAND
        && (right[1] == 1 || depth <= SMALL_TRANSPOSED_DEPTH)
}

/// Whether a kept packed copy of `weight` makes products with that many contiguous rows faster. One
/// row or column reads each value once, small products copy nothing, and many rows make up for a
/// copy.
pub(super) fn packing_pays(rows: usize, weight: &Matrix<'_>) -> bool {
    let (depth, columns) = (weight.rows, weight.columns);
    let right = Some([weight.row_stride, weight.column_stride]);
    let shape = Shape { rows, depth, columns, left: [depth, 1], right, out_stride: columns };
    (2..=KEPT_ROWS).contains(&rows) && columns > 1 && !is_small(&shape)
}

/// A single row or column with a plain matrix: each value of the matrix is used once.
fn with_vector(shape: &Shape) -> Option<Way> {
    let &Shape { rows, depth, columns, left, right: Some(right), out_stride } = shape else {
        return None;
    };
    // A column is the row of the transposed product.
    let (count, strides) = match (rows, columns) {
        (1, _) => (columns, right),
        (_, 1) if out_stride == 1 => (rows, [left[1], left[0]]),
        _ => return None,
    };
    if depth == 0 {
        None
    } else if strides[0] == 1 || depth == 1 {
        let (fewest, most) = DOTS_PER_TASK;
        Some(Way::Dots { each: (DOT_VALUES_PER_TASK / depth).clamp(fewest, most) })
    } else if strides[1] != 1 {
        None
    } else if count <= NARROW && depth * count >= 2 * CHUNK_VALUES {
        Some(Way::SumOfChunks { chunks: depth * count / CHUNK_VALUES })
    } else {
        let (narrow, wide) = SUMS_PER_TASK;
        Some(Way::SumOfRows { each: if count < NARROW { narrow } else { wide } })
    }
}

/// Into how many chunks the shared axis of few outputs is cut, if it is.
fn depth_chunks(shape: &Shape, machine: &Machine) -> Option<usize> {
    let &Shape { rows, depth, columns, .. } = shape;
    let panels = columns.div_ceil(machine.panel);
    let is_deep =
        depth >= DEEP && rows.div_ceil(BLOCK_ROWS / 2) * panels.div_ceil(4) <= DEEP_QUARTER_BLOCKS;
    is_deep.then(|| match rows < FEW_ROWS {
        true => (depth * columns / CHUNK_VALUES).max(1),
        false => tasks(shape).min(depth / DEPTH_PER_CHUNK),
    })
}

/// How many tasks are worth handing out.
fn tasks(shape: &Shape) -> usize {
    (shape.work() / TASK_WORK).clamp(2, MOST_TASKS)
}

fn cut_in_blocks(shape: &Shape, machine: &Machine) -> Way {
    let &Shape { rows, depth, columns, .. } = shape;
    let (tasks, panels) = (tasks(shape), columns.div_ceil(machine.panel));
    let in_rows = shape.left_in_rows();
    let fewest = if in_rows { PANELS_PER_TASK_IN_ROWS } else { PANELS_PER_TASK };
    let by_columns = tasks.min(panels / fewest);
    let stays_whole =
        rows <= WHOLE_ROWS || in_rows && rows < columns && rows * depth <= WHOLE_VALUES;
    if stays_whole && by_columns >= tasks.min(4) || rows < FEW_ROWS {
        return blocks(shape, [1, by_columns.max(1)]);
    }
    // Every block copies its rows of the left operand, so that another block of columns costs
    // another copy: columns are cut only where there are not enough rows for all tasks.
    let fewest = rows.div_ceil(BLOCK_ROWS).next_multiple_of(2);
    let row_blocks = fewest.max(tasks.min(rows / (BLOCK_ROWS / 2))).min(rows / LEAST_ROWS).max(1);
    let columns = tasks.min(8).div_ceil(row_blocks).min(panels / PANELS_PER_TASK).max(1);
    blocks(shape, [row_blocks, columns])
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, depth, columns, left, right, .. } = *self;
        let lies = |strides: [usize; 2]| match strides {
            [_, 1] => "rows",
            [1, _] => "columns",
            _ => "strided",
        };
        write!(f, "product {rows}×{depth}×{columns}, left in {}", lies(left))?;
        match right {
            Some(right) => write!(f, ", right in {}", lies(right)),
            None => write!(f, ", right packed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: Machine = Machine { panel: 16, threads: 2 };

    /// A product of row-major operands.
    fn shape(rows: usize, depth: usize, columns: usize) -> Shape {
        let (left, right) = ([depth, 1], Some([columns, 1]));
        Shape { rows, depth, columns, left, right, out_stride: columns }
    }

    fn transposed_left(rows: usize, depth: usize, columns: usize) -> Shape {
        Shape { left: [1, rows], ..shape(rows, depth, columns) }
    }

    fn transposed_right(rows: usize, depth: usize, columns: usize) -> Shape {
        Shape { right: Some([1, depth]), ..shape(rows, depth, columns) }
    }

    fn packed(rows: usize, depth: usize, columns: usize) -> Shape {
        Shape { right: None, ..shape(rows, depth, columns) }
    }

    #[test]
    fn ways_of_shapes() {
        let blocks = |rows, columns, packs| Way::Blocks { rows, columns, packs };
        for (shape, way) in [
            // A layer of a tiny network, its weight gradient, its input gradient.
            (shape(32, 16, 16), Way::Small),
            (transposed_left(16, 32, 16), Way::Small),
            (transposed_right(32, 16, 16), Way::Small),
            (packed(32, 16, 16), blocks(1, 1, false)),
            (transposed_right(32, 65, 16), blocks(1, 1, false)),
            // Dense layers of a batch.
            (shape(64, 784, 10), blocks(1, 1, false)),
            (shape(128, 784, 512), blocks(1, 16, false)),
            (shape(784, 256, 1024), blocks(1, 32, false)),
            (transposed_left(784, 128, 512), blocks(16, 1, true)),
            (packed(1000, 300, 70), blocks(17, 1, false)),
            // One item.
            (packed(1, 784, 512), Way::PackedRow { tasks: 1 }),
            (packed(1, 2000, 1024), Way::PackedRow { tasks: 2 }),
            (shape(1, 784, 1024), Way::SumOfRows { each: 128 }),
            (shape(1, 700, 30), Way::SumOfRows { each: 64 }),
            (shape(1, 9216, 128), Way::SumOfChunks { chunks: 36 }),
            (transposed_right(1, 784, 512), Way::Dots { each: 83 }),
            // One output: a vector on the right.
            (shape(900, 500, 1), Way::Dots { each: 131 }),
            (transposed_left(900, 500, 1), Way::SumOfRows { each: 128 }),
            // Few sums of very many products.
            (transposed_left(64, 16_384, 64), Way::Depth { chunks: 16 }),
            (packed(2, 9000, 40), Way::Depth { chunks: 10 }),
            // Nothing to sum.
            (shape(1, 0, 40), blocks(1, 1, false)),
        ] {
            assert_eq!(choose(&shape, || MACHINE), way, "{shape}");
        }
    }

    #[test]
    fn no_way_but_that_of_few_rows_depends_on_threads() {
        let sizes = [1, 2, 7, 12, 64, 200, 1000, 5000];
        for (rows, depth, columns) in
            sizes.iter().flat_map(|&r| sizes.iter().flat_map(move |&d| sizes.map(|c| (r, d, c))))
        {
            for shape in [shape(rows, depth, columns), packed(rows, depth, columns)] {
                let of = |threads| {
                    let machine = Machine { threads, ..MACHINE };
                    (choose(&shape, || machine), by_rows(&shape, &machine))
                };
                assert_eq!(of(1), of(16), "{shape}");
                assert!(!matches!(of(1).1, Way::Depth { .. }), "{shape} cuts a row's sums");
            }
        }
        let few = |threads| few_rows(&packed(4, 512, 2048), &Machine { threads, ..MACHINE });
        assert_eq!(few(1), Way::Blocks { rows: 1, columns: 1, packs: false });
        assert_eq!(few(4), Way::Blocks { rows: 1, columns: 4, packs: false });
    }

    #[test]
    fn a_way_reads_as_text() {
        let text = |shape: Shape| format!("{shape} → {}", choose(&shape, || MACHINE));
        assert_eq!(
            text(transposed_left(784, 128, 512)),
            "product 784×128×512, left in columns, right in rows → 16×1 blocks, packed first"
        );
        assert_eq!(
            text(packed(1, 784, 512)),
            "product 1×784×512, left in rows, right packed → packed row in 1 blocks"
        );
    }
}
