//! The numbers that were found by measuring: where one way of computing something becomes faster
//! than another, and how work is cut. None changes a result beyond its rounding.
//!
//! Each says since when it is there (the date of its commit) and what it was measured with. A quoted
//! row is one of `docs/performance.md`, "Predicted and measured": an Intel Xeon with AVX-512, two
//! cores shared with others. "Not recorded" means that no machine and no figure were kept: a guess
//! until somebody measures it. All are guesses on other machines and with more cores. A workload
//! that is named is one that the number should move.
//!
//! To measure: `cargo run --release -p glassbox-bench -- --only NAME --threads N` times a workload
//! before and after, in turns; `GLASSBOX_TRACE=ways` shows which products it has and how they are
//! made; `.ci/instructions` counts instructions where clocks are too noisy.

/// Matrix products.
pub(crate) mod matmul {
    use crate::cpu::tile::panel_width;
    use crate::cpu::vector::Vector;

    /// Values of a panel that are multiplied at once: it (20 KiB, or 30 with vectors of 16 lanes)
    /// and the rows of a tile fit the first-level cache. 2026-11-26, "AVX-512: sixteen lanes";
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
    /// outputs are in the first-level cache: they fit the second-level cache several times.
    /// 2026-11-27, "a panel meets all stretches"; inference of a plain LSTM of 512 units.
    pub(crate) const GROUP_VALUES: usize = 64 << 10;

    /// Values of a plain right operand that tiles read in place: it stays in the first-level cache.
    /// 2026-11-23, not recorded; `.ci/instructions matmul`.
    pub(crate) const IN_PLACE: usize = 4096;

    /// Panels up to which a left operand is not packed: whose rows are contiguous, whose columns
    /// are and are short, and any other. 2026-11-27, "long columns of a transposed left operand";
    /// `--only lstm`, weight gradients.
    pub(crate) const PANELS_IN_ROWS: usize = 8;
    /// See [`PANELS_IN_ROWS`].
    pub(crate) const PANELS_IN_COLUMNS: usize = 3;
    /// See [`PANELS_IN_ROWS`].
    pub(crate) const PANELS_STRIDED: usize = 1;

    /// Values of each operand of a small product: both stay in the first-level cache. 2026-11-27,
    /// "small products without a plan"; `--only tiny`.
    pub(crate) const SMALL_OPERAND: usize = 4096;
    /// The longest shared axis of a small product whose right operand lies in columns: a panel is
    /// copied to the stack. As [`SMALL_OPERAND`].
    pub(crate) const SMALL_TRANSPOSED_DEPTH: usize = 64;

    /// Multiply-adds that a core makes in a nanosecond, about: for estimates of work. Not recorded.
    pub(crate) const PRODUCTS_PER_NS: usize = 48;
    /// Values that a core reads in a nanosecond from the second-level cache, about. Not recorded.
    pub(crate) const READ_PER_NS: usize = 16;
    /// Values that a core reads in a nanosecond from memory, about. 2026-11-23, not recorded.
    pub(crate) const READ_PER_NS_OF_VECTOR: usize = 8;

    /// Nanoseconds of a task: enough to make the cost of handing it out vanish. 2026-11-23, not
    /// recorded; `--only mlp --threads 2`.
    pub(crate) const TASK_WORK: usize = 25_000;
    /// The most tasks of a product, as above.
    pub(crate) const MOST_TASKS: usize = 256;
    /// Nanoseconds of a product that two threads share all the same, if they are awake. 2026-11-27,
    /// "two threads share products from 12 µs on"; an MLP of 100-300-100-7, batch 64.
    pub(crate) const SHARED_WORK: usize = 12_000;

    /// Rows of a block whose part of one [`stretch`] fits the second-level cache several times.
    /// 2026-11-23: 128 or 192 give nothing ("asking for a tile's outputs"); `--only mlp`.
    pub(crate) const BLOCK_ROWS: usize = 96;
    /// The fewest rows of a block where there are enough tasks. 2026-11-23, not recorded.
    pub(crate) const LEAST_ROWS: usize = 6;
    /// With fewer rows it is the right operand that takes the time. 2026-11-27, "a large matrix of
    /// few columns"; `--only infer_cnn`.
    pub(crate) const FEW_ROWS: usize = 12;
    /// Up to here the rows stay in one block and only columns are cut. 2026-11-23, not recorded;
    /// `--only mlp`.
    pub(crate) const WHOLE_ROWS: usize = 192;
    /// The same for values of a left operand that is the smaller one and is read in place, so that
    /// no block of columns copies it: they fit the second-level cache. 2026-11-27, "a product's
    /// left operand stays whole"; an MLP of 784-1024-1024-10, batch 256.
    pub(crate) const WHOLE_VALUES: usize = 1 << 18;
    /// The fewest panels of a block of columns, whose left operand is copied for each block.
    /// 2026-11-23, not recorded; `--only mlp`.
    pub(crate) const PANELS_PER_TASK: usize = 8;
    /// The same where the left operand is read in place. 2026-11-23: four or eight give 1 %, on two
    /// threads they lose up to 10 ("blocks of four or eight panels").
    pub(crate) const PANELS_PER_TASK_IN_ROWS: usize = 2;

    /// A shared axis from here on is cut where outputs are few. 2026-11-23, not recorded; weight
    /// gradients of `--only resnet20 --exact`.
    pub(crate) const DEEP: usize = 2048;
    /// The most outputs of which the shared axis is cut, in units of 48 rows by 4 panels.
    pub(crate) const DEEP_QUARTER_BLOCKS: usize = 4;
    /// The least of the shared axis in a chunk. As [`DEEP`].
    pub(crate) const DEPTH_PER_CHUNK: usize = 1024;
    /// Values of a chunk of the shared axis where one or a few rows meet a matrix that comes from
    /// beyond the second-level cache: it is read row by row, as the processor expects. 2026-11-27,
    /// "a large matrix of few columns"; `--only infer_cnn`.
    pub(crate) const CHUNK_VALUES: usize = 32 << 10;

    /// Rows up to which a product takes noticeably longer with a copy of the weight to make: half
    /// of its time with 8 rows, 6 % with 128. 2026-11-28, "evaluations of 2 to 128 rows".
    pub(crate) const KEPT_ROWS: usize = 128;
    /// Panels that one row reads at once: their streams keep the prefetchers busy. Not recorded;
    /// `--only infer_lstm`.
    pub(crate) const ROW_PANELS: usize = 4;
    /// The fewest panels of a task where threads share a product of a few rows: read side by side.
    pub(crate) const SHARED_PANELS: usize = ROW_PANELS;

    /// The most columns of a vector's product of which tasks do not take some each: rows of all of
    /// them are read as one. As [`CHUNK_VALUES`].
    pub(crate) const NARROW: usize = 512;
    /// Outputs of a task that sums rows, of narrow and of other matrices. 2026-11-23, not recorded.
    pub(crate) const SUMS_PER_TASK: (usize, usize) = (64, 128);
    /// Values that a task of dot products reads, and the fewest and most outputs of it. 2026-11-23,
    /// not recorded.
    pub(crate) const DOT_VALUES_PER_TASK: usize = 65_536;
    /// See [`DOT_VALUES_PER_TASK`].
    pub(crate) const DOTS_PER_TASK: (usize, usize) = (8, 4096);
}

/// Convolutions as sums of products.
pub(crate) mod conv {
    /// Multiply-adds that a core makes in a nanosecond, about: for estimates of work. 2026-11-23,
    /// not recorded.
    pub(crate) const PRODUCTS_PER_NS: usize = 40;
    /// Places computed together, so that a panel of weights is read once for several tiles.
    /// 2026-11-23, not recorded; `--only resnet20 --exact`.
    pub(crate) const PLACES_SHORT: usize = 96;
    /// The same where a panel does not fit the first-level cache beside the sources.
    pub(crate) const PLACES_LONG: usize = 24;
    /// Rows of a panel up to which it fits.
    pub(crate) const SHORT_ROWS: usize = 384;
    /// Work of a task in multiply-adds: some tens of microseconds. 2026-11-23, not recorded;
    /// `--only cnn --threads 2`.
    pub(crate) const TASK_WORK: usize = 1 << 20;
    /// Tasks from which on they are larger instead of more. As [`TASK_WORK`].
    pub(crate) const ENOUGH_TASKS: usize = 64;

    /// Pixels whose packed gradients stay in the first-level cache while all rows of the weight's
    /// gradient use them. 2026-11-23, not recorded; `--only resnet20 --exact`.
    pub(crate) const PIXELS: usize = 128;
    /// The same for a gradient beyond the second-level cache, so that it is read less often.
    pub(crate) const PIXELS_LARGE: usize = 256;
    /// The same for a depthwise convolution, whose channels pass over the pixels again and again.
    pub(crate) const PIXELS_DEPTHWISE: usize = 32;
    /// Values of a gradient that fit the second-level cache beside the pixels. 2026-11-23, not
    /// recorded.
    pub(crate) const CACHED_GRAD: usize = 1 << 16;
    /// Pixels below which a partial sum is not worth its addition. 2026-11-23, not recorded;
    /// `--only cnn --threads 2`.
    pub(crate) const CHUNK_PIXELS: usize = 512;
    /// The most partial sums.
    pub(crate) const MAX_CHUNKS: usize = 16;
    /// The most values in all partial sums together.
    pub(crate) const MAX_PARTIALS: usize = 1 << 23;
    /// Rows below which splitting them costs more in repeated packing than it wins.
    pub(crate) const PART_ROWS: usize = 48;
}

/// Winograd's convolutions.
pub(crate) mod winograd {
    /// Values of a block that fit the second-level cache. 2026-11-25, not recorded; `--only
    /// resnet20`. Blocks of 12, 24 or 48 tiles take the same time ("border columns read by one
    /// decision").
    pub(crate) const BLOCK_VALUES: usize = 100_000;
    /// Tiles of a block: enough for the rows of weights that come with them, and not more than
    /// gains. As [`BLOCK_VALUES`].
    pub(crate) const MIN_TILES: usize = 24;
    /// See [`MIN_TILES`].
    pub(crate) const MAX_TILES: usize = 48;
    /// Filters whose sums a block holds at once.
    pub(crate) const BLOCK_FILTERS: usize = 64;
    /// Tiles of a pass up to which transforming the weight takes a fiftieth of it or more.
    /// 2026-11-27, "evaluations of few images"; `--only infer_resnet20`.
    pub(crate) const KEPT_TILES: usize = 512;
    /// Pairs of a channel and a filter beyond which the transformed weights would come from memory
    /// for every block of tiles. 2026-11-25, not recorded.
    pub(crate) const MAX_PAIRS: usize = 1 << 18;

    /// Cycles to transform eight channels of a tile of the source and of the target, as measured on
    /// a Zen 3, 2026-11-25; the factors below with them. Other figures were not kept.
    pub(crate) const SOURCE_TRANSFORM: usize = 250;
    /// See [`SOURCE_TRANSFORM`].
    pub(crate) const TARGET_TRANSFORM: usize = 150;
    /// Cycles of a product of a tile's position, a numerator and a denominator.
    pub(crate) const PRODUCT_CYCLES: (usize, usize) = (6, 5);
    /// Cycles of a product of a convolution as sums of products, likewise.
    pub(crate) const PLAIN_CYCLES: (usize, usize) = (8, 7);
    /// By how much the estimate must be lower, likewise.
    pub(crate) const MARGIN: (usize, usize) = (11, 10);

    /// Filters of a task of a weight gradient: four panels of 16. 2026-11-25, not recorded.
    pub(crate) const PART_FILTERS: usize = 64;
    /// Tiles of a chunk of a weight gradient. Transforming a chunk's sums back costs as much as the
    /// products of about six tiles. 2026-11-25, not recorded.
    pub(crate) const CHUNK_TILES: usize = 64;
    /// The most chunks.
    pub(crate) const MAX_CHUNKS: usize = 16;
    /// The most values in the sums of all chunks together.
    pub(crate) const MAX_PARTIALS: usize = 1 << 23;
}
