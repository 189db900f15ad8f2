//! The register tile: a few rows by one or two vectors of sums that stay in registers while the
//! products of a row and a column run through. Matrix products and convolutions are loops around
//! it (Goto and van de Geijn 2008; Van Zee and van de Geijn 2015).
//!
//! The left operand is given by one pointer a row and the distance between a row's elements, so
//! that rows of a matrix, its transpose, packed blocks and pixels of an image all fit. The right
//! operand is a *panel*: [`panel_width`] columns side by side, one row after the other.

mod products;

#[cfg(test)]
mod tests;

use super::isa::{Kernel, dispatch};
use super::vector::Vector;

/// Rows of the largest tile of any instruction set.
pub(crate) const TILE_ROWS: usize = 12;

/// Columns of a packed panel: two vectors. Missing columns at a matrix's edge are zeros.
pub(crate) const fn panel_width<V: Vector>() -> usize {
    2 * V::LANES
}

/// Whether there are 32 registers rather than 16.
pub(crate) const fn has_many_registers<V: Vector>() -> bool {
    V::TILE_ROWS > 6
}

/// The panel width of the instruction set in use.
pub(crate) fn panel_columns() -> usize {
    struct Width;
    impl Kernel for Width {
        type Output = usize;

        #[inline(always)]
        fn run<V: Vector>(self) -> usize {
            panel_width::<V>()
        }
    }
    dispatch(Width)
}

/// Tiles have these numbers of rows, where an instruction set allows for more than six: every
/// number would be compiled for every loop.
const MANY_ROWS: [usize; 6] = [12, 8, 6, 4, 3, 2];

/// How many of `left` rows the next tile takes: as many as fit, but where that would leave a few
/// rows, whose sums would wait for each other, fewer (8 = 4 + 4, 7 = 4 + 3, 16 = 8 + 8).
#[inline(always)]
pub(crate) fn next_tile_rows<V: Vector>(left: usize) -> usize {
    if has_many_registers::<V>() {
        let rest = if left > V::TILE_ROWS { 6 } else { 3 };
        let fits = |rows: usize| left == rows || left >= rows + rest;
        let mut rows = MANY_ROWS.into_iter();
        return rows.find(|&rows| rows <= V::TILE_ROWS && fits(rows)).unwrap_or(left.min(2));
    }
    if left <= V::TILE_ROWS {
        left
    } else if V::TILE_ROWS > 3 && left <= V::TILE_ROWS + 2 {
        left.div_ceil(2)
    } else {
        V::TILE_ROWS
    }
}

/// What happens to a tile's sums on their way to memory:
/// `target = activate(sums + (accumulate ? target : 0) + bias)`.
#[derive(Clone, Copy)]
pub(crate) struct Finish {
    /// Adds to the target instead of overwriting it.
    pub(crate) accumulate: bool,
    /// One value a column of the tile, or null.
    pub(crate) bias: *const f32,
    /// `max(0, x)`, which keeps NaN.
    pub(crate) relu: bool,
}

impl Finish {
    /// Overwrites the target with the bare sums.
    pub(crate) const OVERWRITE: Self =
        Self { accumulate: false, bias: std::ptr::null(), relu: false };
}

/// `M` rows of `N` vectors of sums.
#[derive(Clone, Copy)]
pub(crate) struct Tile<V, const M: usize, const N: usize>(pub(super) [[V; N]; M]);

impl<V: Vector, const M: usize, const N: usize> Tile<V, M, N> {
    #[inline(always)]
    pub(crate) fn zero() -> Self {
        Self([[V::zero(); N]; M])
    }

    /// Writes the first `columns` columns, row `i` to `target + i * stride`. The last vector
    /// begins within them.
    ///
    /// # Safety
    /// `columns` values from each of these addresses must be writable (and readable where
    /// `finish.accumulate`), and as many readable from `finish.bias` unless that is null.
    #[inline(always)]
    pub(crate) unsafe fn store(
        self,
        target: *mut f32,
        stride: usize,
        columns: usize,
        finish: Finish,
    ) {
        let mut targets = [target; M];
        for (i, row) in targets.iter_mut().enumerate() {
            *row = target.wrapping_add(i * stride);
        }
        // SAFETY: by this method's contract.
        unsafe { self.store_rows(targets, columns, finish) }
    }

    /// As [`Tile::store`], with an address for each row.
    ///
    /// # Safety
    /// As for [`Tile::store`].
    #[inline(always)]
    pub(crate) unsafe fn store_rows(self, targets: [*mut f32; M], columns: usize, finish: Finish) {
        // SAFETY: the contract is the same; whole vectors end within `columns`.
        unsafe {
            if columns == N * V::LANES {
                self.store_as(targets, finish, |p| V::load(p), |x, p| x.store(p));
            } else {
                let rest = Self::rest(columns);
                let load = |p| V::load_part(p, rest);
                self.store_as(targets, finish, load, |x, p| x.store_part(p, rest));
            }
        }
    }

    /// Values of the last vector.
    #[inline(always)]
    fn rest(columns: usize) -> usize {
        debug_assert!(columns > (N - 1) * V::LANES && columns <= N * V::LANES);
        columns - (N - 1) * V::LANES
    }

    /// [`Tile::store`] with `load` and `store` for the last vector of a row. One pass a step, so
    /// that the sums stay in registers.
    ///
    /// # Safety
    /// As [`Tile::store`], where `load` and `store` touch only what is left of a row.
    #[inline(always)]
    unsafe fn store_as(
        mut self,
        targets: [*mut f32; M],
        finish: Finish,
        load: impl Fn(*const f32) -> V,
        store: impl Fn(V, *mut f32),
    ) {
        let at = |i: usize, j: usize| targets[i].wrapping_add(j * V::LANES);
        if finish.accumulate {
            for (i, sums) in self.0.iter_mut().enumerate() {
                for (j, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: all vectors but the last are whole, by this method's contract.
                    let old = if j + 1 < N { unsafe { V::load(at(i, j)) } } else { load(at(i, j)) };
                    *sum = old.add(*sum);
                }
            }
        }
        if !finish.bias.is_null() {
            let mut bias = [V::zero(); N];
            for (j, bias) in bias.iter_mut().enumerate() {
                let from = finish.bias.wrapping_add(j * V::LANES);
                // SAFETY: as above.
                *bias = if j + 1 < N { unsafe { V::load(from) } } else { load(from) };
            }
            for sums in &mut self.0 {
                for (sum, bias) in sums.iter_mut().zip(bias) {
                    *sum = sum.add(bias);
                }
            }
        }
        if finish.relu {
            for sums in &mut self.0 {
                for sum in sums {
                    // `max` returns its second operand for NaN.
                    *sum = V::zero().max(*sum);
                }
            }
        }
        for (i, sums) in self.0.iter().enumerate() {
            for (j, sum) in sums.iter().enumerate() {
                if j + 1 < N {
                    // SAFETY: as above.
                    unsafe { sum.store(at(i, j)) };
                } else {
                    store(*sum, at(i, j));
                }
            }
        }
    }
}

impl<V: Vector, const M: usize> Tile<V, M, 2> {
    /// The first vector of each row alone.
    #[inline(always)]
    pub(crate) fn first_column(self) -> Tile<V, M, 1> {
        Tile(self.0.map(|[first, _]| [first]))
    }
}

/// Code that is compiled for every size of a tile. It reads and writes through raw pointers, as a
/// [`RawKernel`](super::isa::RawKernel) does.
pub(crate) trait TileTask {
    type Output;
    /// Must be `#[inline(always)]`, see [`super::isa::Kernel`].
    ///
    /// # Safety
    /// What the task's fields say of memory must be true of `M` rows and `N` vectors: each pointer
    /// is valid for what its field describes, and nothing else touches what is written meanwhile.
    unsafe fn run<V: Vector, const M: usize, const N: usize>(self) -> Self::Output;
}

/// Runs `task` for the smallest tile of exactly `rows` rows (as [`next_tile_rows`] cuts them) and
/// at least `columns` columns (1 to [`panel_width`]).
///
/// # Safety
/// As for [`TileTask::run`], of `rows` rows.
#[inline(always)]
pub(crate) unsafe fn with_tile<V: Vector, T: TileTask>(
    rows: usize,
    columns: usize,
    task: T,
) -> T::Output {
    debug_assert!((1..=V::TILE_ROWS).contains(&rows) && columns <= panel_width::<V>());
    const { assert!(V::TILE_ROWS <= TILE_ROWS) };
    // SAFETY: this function's contract; `rows` is the number of the tile's.
    unsafe {
        // Constant, so that no tile is compiled that does not fit the registers or is never cut.
        if const { V::TILE_ROWS > 6 } {
            match (rows, columns > V::LANES) {
                (12, true) => return task.run::<V, 12, 2>(),
                (8, true) => return task.run::<V, 8, 2>(),
                (12, false) => return task.run::<V, 12, 1>(),
                (8, false) => return task.run::<V, 8, 1>(),
                _ => {}
            }
        } else if const { V::TILE_ROWS > 2 } {
            match (rows, columns > V::LANES) {
                (5, true) => return task.run::<V, 5, 2>(),
                (5, false) => return task.run::<V, 5, 1>(),
                _ => {}
            }
        }
        if const { V::TILE_ROWS > 2 } {
            match (rows, columns > V::LANES) {
                (6, true) => return task.run::<V, 6, 2>(),
                (4, true) => return task.run::<V, 4, 2>(),
                (3, true) => return task.run::<V, 3, 2>(),
                (6, false) => return task.run::<V, 6, 1>(),
                (4, false) => return task.run::<V, 4, 1>(),
                (3, false) => return task.run::<V, 3, 1>(),
                _ => {}
            }
        }
        match (rows, columns > V::LANES) {
            (2, true) => task.run::<V, 2, 2>(),
            (2, false) => task.run::<V, 2, 1>(),
            (_, true) => task.run::<V, 1, 2>(),
            (_, false) => task.run::<V, 1, 1>(),
        }
    }
}
