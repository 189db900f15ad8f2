//! Products with no more columns than a vector has lanes. A left operand that lies in rows meets
//! rows of the right one that stay in registers; one that lies in columns meets them step by step,
//! at addresses that the compiler knows but for their beginning.

use std::mem::MaybeUninit;

use crate::cpu::in_a_register::in_a_register;
use crate::cpu::isa::Kernel;
use crate::cpu::matmul::Matrix;
use crate::cpu::tile::{Finish, Tile, has_many_registers, panel_columns};
use crate::cpu::vector::Vector;

/// Pointers are good for what sizes and strides say.
pub(super) struct OneVector {
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) left: *const f32,
    pub(super) left_strides: (usize, usize),
    pub(super) right: *const f32,
    pub(super) right_strides: (usize, usize),
    pub(super) out: *mut f32,
    pub(super) out_stride: usize,
    pub(super) accumulate: bool,
    /// One value a column, or null.
    pub(super) bias: *const f32,
    pub(super) relu: bool,
}

impl OneVector {
    /// Whether these operands are of this kind.
    #[inline]
    pub(super) fn fits(left: &Matrix<'_>, right: &Matrix<'_>) -> bool {
        let lies = left.column_stride == 1 || left.row_stride == 1 && right.column_stride == 1;
        let fits = 2 * right.columns <= panel_columns() && right.column_stride <= 1 << 16;
        lies && fits && left.columns > 0
    }
}

impl Kernel for OneVector {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        if self.left_strides.1 == 1 {
            return self.in_rows::<V>();
        }
        let is_bare = self.bias.is_null() && !self.accumulate && !self.relu;
        if is_bare && self.columns <= V::LANES / 4 {
            self.side_by_side::<V>();
        } else {
            self.in_columns::<V>();
        }
    }
}

/// A block of the right operand.
#[repr(align(64))]
struct Block(MaybeUninit<[f32; 256]>);

/// A left operand that lies in rows.
impl OneVector {
    #[inline(always)]
    fn in_rows<V: Vector>(&self) {
        let mut start = 0;
        while start < self.depth {
            start += match self.depth - start {
                16.. if has_many_registers::<V>() => self.stretch::<V, 16>(start),
                8.. => self.stretch::<V, 8>(start),
                4.. => self.stretch::<V, 4>(start),
                2.. => self.stretch::<V, 2>(start),
                _ => self.stretch::<V, 1>(start),
            };
        }
    }

    /// `STEPS` steps of the shared axis from `start`.
    #[inline(always)]
    fn stretch<V: Vector, const STEPS: usize>(&self, start: usize) -> usize {
        let right = self.right_rows::<V, STEPS>(start);
        let mut row = 0;
        if has_many_registers::<V>() {
            while row + 4 <= self.rows {
                self.tile::<V, 4, STEPS>(row, start, right);
                row += 4;
            }
        }
        while row + 2 <= self.rows {
            self.tile::<V, 2, STEPS>(row, start, right);
            row += 2;
        }
        while row < self.rows {
            self.tile::<V, 1, STEPS>(row, start, right);
            row += 1;
        }
        STEPS
    }

    /// Rows of the right operand from `start`.
    #[inline(always)]
    fn right_rows<V: Vector, const STEPS: usize>(&self, start: usize) -> [V; STEPS] {
        let mut rows = [V::zero(); STEPS];
        let (down, across) = self.right_strides;
        if STEPS == V::LANES && self.columns == V::LANES && down == 1 && across > 1 {
            let mut block = Block(MaybeUninit::uninit());
            let values = block.0.as_mut_ptr().cast::<f32>();
            // SAFETY: as many rows of the right operand as columns, and room for a block of them.
            unsafe { V::transpose(self.right.wrapping_add(start), across, values, V::LANES) };
            for (step, row) in rows.iter_mut().enumerate() {
                // SAFETY: a row of the block, just written.
                *row = unsafe { V::load(values.add(step * V::LANES)) };
            }
        } else {
            for (step, row) in rows.iter_mut().enumerate() {
                *row = self.right_row(start + step);
            }
        }
        rows
    }

    #[inline(always)]
    fn right_row<V: Vector>(&self, row: usize) -> V {
        let (columns, (row_stride, stride)) = (self.columns, self.right_strides);
        let source = self.right.wrapping_add(row * row_stride);
        // SAFETY: the `columns` values of a row, at most a vector.
        unsafe {
            match stride {
                1 if columns == V::LANES => V::load(source),
                1 => V::load_part(source, columns),
                _ => V::load_strided(source, stride, columns),
            }
        }
    }

    /// `M` rows from `row` in a stretch, whose even and odd steps have sums of their own: additions
    /// wait less for each other.
    #[inline(always)]
    fn tile<V: Vector, const M: usize, const STEPS: usize>(
        &self,
        row: usize,
        start: usize,
        right: [V; STEPS],
    ) {
        let [mut even, mut odd] = [Tile::<V, M, 1>::zero(); 2];
        let mut left = [self.left.wrapping_add(row * self.left_strides.0 + start); M];
        for (i, left) in left.iter_mut().enumerate() {
            *left = in_a_register(left.wrapping_add(i * self.left_strides.0));
        }
        macro_rules! unrolled {
            ($($step:literal)*) => { $(
                if const { $step < STEPS } {
                    let sums = if const { $step % 2 == 0 } { &mut even } else { &mut odd };
                    for ([sum], left) in sums.0.iter_mut().zip(left) {
                        // SAFETY: `start + step` is a column of the left operand, and this a row.
                        let left = unsafe { *left.add($step) };
                        *sum = V::splat(left).mul_add(right[$step % STEPS], *sum);
                    }
                }
            )* };
        }
        // A loop would keep the right operand's rows in memory.
        unrolled!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        if STEPS > 1 {
            even = even.plus(odd);
        }
        self.store(even, row, start == 0, start + STEPS == self.depth);
    }
}

/// A left operand that lies in columns.
impl OneVector {
    #[inline(always)]
    fn in_columns<V: Vector>(&self) {
        let mut row = 0;
        while row < self.rows {
            row += match self.rows - row {
                16.. if has_many_registers::<V>() => self.columns::<V, 16, 1>(row),
                8.. => self.columns::<V, 8, 1>(row),
                4.. => self.columns::<V, 4, 2>(row),
                2.. => self.columns::<V, 2, 4>(row),
                _ => self.columns::<V, 1, 4>(row),
            };
        }
    }

    /// `M` rows from `row`; `TURNS` sums for each take turns, as many as hide the time that an
    /// addition takes.
    #[inline(always)]
    fn columns<V: Vector, const M: usize, const TURNS: usize>(&self, row: usize) -> usize {
        let mut turns = [Tile::<V, M, 1>::zero(); TURNS];
        let mut step = 0;
        while step + TURNS <= self.depth {
            for (turn, tile) in turns.iter_mut().enumerate() {
                self.add_products(tile, row, step + turn);
            }
            step += TURNS;
        }
        while step < self.depth {
            self.add_products(&mut turns[0], row, step);
            step += 1;
        }
        let sum = turns.into_iter().reduce(Tile::plus).unwrap_or(Tile::zero());
        self.store(sum, row, true, true);
        M
    }

    /// Adds the products of the shared axis at `step` to the sums of `M` rows.
    #[inline(always)]
    fn add_products<V: Vector, const M: usize>(
        &self,
        tile: &mut Tile<V, M, 1>,
        row: usize,
        step: usize,
    ) {
        let left = self.left.wrapping_add(row + step * self.left_strides.1);
        let right = self.right_row(step);
        for (i, [sum]) in tile.0.iter_mut().enumerate() {
            // SAFETY: `M` neighbouring rows of the left operand at `step`.
            let left = unsafe { *left.add(i) };
            *sum = V::splat(left).mul_add(right, *sum);
        }
    }

    /// Bare products with a few columns, of which tiles would leave most lanes empty: a vector has
    /// the sums of one column in many rows. (The gradient of the weights of a few outputs.)
    #[inline(always)]
    fn side_by_side<V: Vector>(&self) {
        for column in 0..self.columns {
            let mut row = 0;
            while row < self.rows {
                let count = V::LANES.min(self.rows - row);
                let sums = self.column_sums::<V>(row, count, column).to_array();
                for (lane, sum) in sums[..count].iter().enumerate() {
                    // SAFETY: the output of this row and column.
                    unsafe { *self.out.add((row + lane) * self.out_stride + column) = *sum };
                }
                row += count;
            }
        }
    }

    /// The sums of `count` rows from `row`, at most a vector, in one column.
    #[inline(always)]
    fn column_sums<V: Vector>(&self, row: usize, count: usize, column: usize) -> V {
        // As many as hide the time that an addition takes.
        let mut turns = [V::zero(); 4];
        let mut step = 0;
        while step + turns.len() <= self.depth {
            for (turn, sum) in turns.iter_mut().enumerate() {
                *sum = self.add_product(row, count, column, step + turn, *sum);
            }
            step += turns.len();
        }
        let [mut first, second, third, fourth] = turns;
        while step < self.depth {
            first = self.add_product(row, count, column, step, first);
            step += 1;
        }
        first.add(second).add(third.add(fourth))
    }

    /// `sum` and the products of the shared axis at `step`.
    #[inline(always)]
    fn add_product<V: Vector>(
        &self,
        row: usize,
        count: usize,
        column: usize,
        step: usize,
        sum: V,
    ) -> V {
        let left = self.left.wrapping_add(row + step * self.left_strides.1);
        let right = self.right.wrapping_add(step * self.right_strides.0 + column);
        // SAFETY: `count` neighbouring rows of the left operand and an element of the right one.
        let (left, right) = unsafe {
            let left = if count == V::LANES { V::load(left) } else { V::load_part(left, count) };
            (left, *right)
        };
        left.mul_add(V::splat(right), sum)
    }
}

impl OneVector {
    /// Writes the sums of rows from `row`, of the first or the last stretch of the shared axis or
    /// both.
    #[inline(always)]
    fn store<V: Vector, const M: usize>(
        &self,
        tile: Tile<V, M, 1>,
        row: usize,
        is_first: bool,
        is_last: bool,
    ) {
        let finish = Finish {
            accumulate: self.accumulate || !is_first,
            bias: if is_last { self.bias } else { std::ptr::null() },
            relu: is_last && self.relu,
        };
        let out = self.out.wrapping_add(row * self.out_stride);
        // SAFETY: `M` rows of the output from `row`, of as many columns as the bias.
        unsafe { tile.store(out, self.out_stride, self.columns, finish) };
    }
}
