//! The numbers that were found by measuring: where one way of computing something becomes faster
//! than another, and how work is cut. None changes a result beyond its rounding.
//!
//! Each says what it was measured with. "X" is two cores of an Intel Xeon with AVX-512 (Sapphire
//! Rapids, 48 KiB and 2 MiB of cache for each core, shared with others), "Z" an AMD Zen 3 with
//! AVX2. Other machines, and more cores, are guesses from these. `docs/performance.md`, "Predicted
//! and measured", has the figures of a row that is quoted here.
//!
//! To measure: `cargo run --release -p glassbox-bench -- --only NAME --threads N` times a workload
//! before and after, in turns; `GLASSBOX_TRACE=ways` shows which products it has and how they are
//! made; `.ci/instructions` counts instructions where clocks are too noisy.

/// Matrix products.
pub(crate) mod matmul {
    use crate::cpu::tile::panel_width;
    use crate::cpu::vector::Vector;

    /// Values of a panel that are multiplied at once: it (20 KiB, or 30 with vectors of 16 lanes)
    /// and the rows of a tile fit the first-level cache. X, 2026-11-26, "AVX-512: sixteen lanes";
    /// `--only mlp`.
    pub(crate) const PANEL_VALUES: [usize; 2] = [5120, 7680];

    /// The length of the stretches of a shared axis that are multiplied at once.
    #[inline(always)]
    pub(crate) fn stretch<V: Vector>(depth: usize) -> usize {
        let longest = PANEL_VALUES[usize::from(V::LANES > 8)] / panel_width::<V>();
        let stretches = depth.div_ceil(longest).max(1);
        depth.div_ceil(stretches).next_multiple_of(4)
    }

    /// Values of the left operand whose stretches a panel meets one after the other, while its
    /// outputs are in the first-level cache: they fit the second-level cache several times. X,
    /// 2026-11-27, "a panel meets all stretches"; `--only lstm_512`.
    pub(crate) const GROUP_VALUES: usize = 64 << 10;

    /// Values of a plain right operand that tiles read in place: it stays in the first-level cache.
    /// Z, 2026-11-23; `.ci/instructions matmul`.
    pub(crate) const IN_PLACE: usize = 4096;

    /// Panels up to which a left operand is not packed: whose rows are contiguous, whose columns
    /// are and are short, and any other. X, 2026-11-27, "long columns of a transposed left
    /// operand"; `--only lstm`, weight gradients.
    pub(crate) const PANELS_IN_ROWS: usize = 8;
    /// See [`PANELS_IN_ROWS`].
    pub(crate) const PANELS_IN_COLUMNS: usize = 3;
    /// See [`PANELS_IN_ROWS`].
    pub(crate) const PANELS_STRIDED: usize = 1;

    /// Values of each operand of a small product: both stay in the first-level cache. X, 2026-11-27,
    /// "small products without a plan"; `--only tiny`.
    pub(crate) const SMALL_OPERAND: usize = 4096;
    /// The longest shared axis of a small product whose right operand lies in columns: a panel is
    /// copied to the stack. As [`SMALL_OPERAND`].
    pub(crate) const SMALL_TRANSPOSED_DEPTH: usize = 64;

    /// Multiply-adds that a core makes in a nanosecond, about: for estimates of work. X, 2026-11-26.
    pub(crate) const PRODUCTS_PER_NS: usize = 48;
    /// Values that a core reads in a nanosecond from the second-level cache, about. X, 2026-11-27.
    pub(crate) const READ_PER_NS: usize = 16;
    /// Values that a core reads in a nanosecond from memory, about. Z, 2026-11-23.
    pub(crate) const READ_PER_NS_OF_VECTOR: usize = 8;

    /// Nanoseconds of a task: enough to make the cost of handing it out vanish. Z, 2026-11-23;
    /// `--only mlp --threads 2`.
    pub(crate) const TASK_WORK: usize = 25_000;
    /// The most tasks of a product, as above.
    pub(crate) const MOST_TASKS: usize = 256;
    /// Nanoseconds of a product that two threads share all the same, if they are awake. X,
    /// 2026-11-27, "two threads share products from 12 µs on"; an MLP of 100-300-100-7, batch 64.
    pub(crate) const SHARED_WORK: usize = 12_000;

    /// Rows of a block whose part of one [`stretch`] fits the second-level cache several times. X,
    /// 2026-11-27: 128 or 192 give nothing ("asking for a tile's outputs"); `--only mlp`.
    pub(crate) const BLOCK_ROWS: usize = 96;
    /// The fewest rows of a block where there are enough tasks: half of a tile. Z, 2026-11-23.
    pub(crate) const LEAST_ROWS: usize = 6;
    /// With fewer rows it is the right operand that takes the time. X, 2026-11-27, "a large matrix
    /// of few columns"; `--only cnn_b1`.
    pub(crate) const FEW_ROWS: usize = 12;
    /// Up to here the rows stay in one block and only columns are cut. Z, 2026-11-23; `--only mlp`.
    pub(crate) const WHOLE_ROWS: usize = 192;
    /// The same for values of a left operand that is the smaller one and is read in place, so that
    /// no block of columns copies it: they fit the second-level cache. X, 2026-11-27, "a product's
    /// left operand stays whole"; an MLP of 784-1024-1024-10, batch 256.
    pub(crate) const WHOLE_VALUES: usize = 1 << 18;
    /// The fewest panels of a block of columns, whose left operand is copied for each block. Z,
    /// 2026-11-23; `--only mlp`.
    pub(crate) const PANELS_PER_TASK: usize = 8;
    /// The same where the left operand is read in place. X, 2026-11-27: four or eight give 1 %, on
    /// two threads they lose up to 10 ("blocks of four or eight panels").
    pub(crate) const PANELS_PER_TASK_IN_ROWS: usize = 2;

    /// A shared axis from here on is cut where outputs are few. Z, 2026-11-23; weight gradients of
    /// `--only resnet20 --exact`.
    pub(crate) const DEEP: usize = 2048;
    /// The most outputs of which the shared axis is cut, in units of 48 rows by 4 panels.
    pub(crate) const DEEP_QUARTER_BLOCKS: usize = 4;
    /// The least of the shared axis in a chunk. As [`DEEP`].
    pub(crate) const DEPTH_PER_CHUNK: usize = 1024;
    /// Values of a chunk of the shared axis where one or a few rows meet a matrix that comes from
    /// beyond the second-level cache: it is read row by row, as the processor expects. X,
    /// 2026-11-27, "a large matrix of few columns"; `--only cnn_b1`.
    pub(crate) const CHUNK_VALUES: usize = 32 << 10;

    /// Rows up to which a product takes noticeably longer with a copy of the weight to make: half
    /// of its time with 8 rows, 6 % with 128. X, 2026-11-28, "evaluations of 2 to 128 rows".
    pub(crate) const KEPT_ROWS: usize = 128;
    /// Panels that one row reads at once: their streams keep the prefetchers busy. X, 2026-11-27;
    /// `--only lstm_b1`.
    pub(crate) const ROW_PANELS: usize = 4;
    /// The fewest panels of a task where threads share a product of a few rows: read side by side.
    pub(crate) const SHARED_PANELS: usize = ROW_PANELS;

    /// The most columns of a vector's product of which tasks do not take some each: rows of all of
    /// them are read as one. As [`CHUNK_VALUES`].
    pub(crate) const NARROW: usize = 512;
    /// Outputs of a task that sums rows, of narrow and of other matrices. Z, 2026-11-23.
    pub(crate) const SUMS_PER_TASK: (usize, usize) = (64, 128);
    /// Values that a task of dot products reads, and the fewest and most outputs of it. Z,
    /// 2026-11-23.
    pub(crate) const DOT_VALUES_PER_TASK: usize = 65_536;
    /// See [`DOT_VALUES_PER_TASK`].
    pub(crate) const DOTS_PER_TASK: (usize, usize) = (8, 4096);
}
