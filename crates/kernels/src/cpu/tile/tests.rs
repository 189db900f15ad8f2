//! Every size of a tile against the definition.

use super::super::ahead::Ahead;
use super::super::isa::{Kernel, dispatch, on_each_isa};
use super::*;
use crate::random::Rng;

/// One tile over two segments of the left operand, as a convolution uses it.
#[derive(Clone, Copy)]
struct Case<'a> {
    rows: usize,
    columns: usize,
    steps: usize,
    left: &'a [f32],
    /// `[2 * steps, WIDEST]`.
    right: &'a [f32],
    bias: Option<&'a [f32]>,
    relu: bool,
    accumulate: bool,
    way: Way,
}

/// How the products are added.
#[derive(Clone, Copy)]
enum Way {
    Strided,
    Part,
    Runs,
    Columns,
}

const STEP: usize = 2;
/// The widest panel of any instruction set.
const WIDEST: usize = 32;
const TARGET: f32 = 0.5;

impl TileTask for Case<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    unsafe fn run<V: Vector, const M: usize, const N: usize>(self) -> Vec<f32> {
        let mut out = vec![TARGET; self.rows * self.columns];
        let row = 2 * self.steps * STEP;
        let mut tile = Tile::<V, M, N>::zero();
        let finish = Finish {
            accumulate: self.accumulate,
            bias: self.bias.map_or(std::ptr::null(), <[f32]>::as_ptr),
            relu: self.relu,
        };
        let width = panel_width::<V>();
        let lines = self.right.chunks_exact(WIDEST);
        let panel: Vec<f32> = lines.flat_map(|line| line[..width].iter().copied()).collect();
        let runs: Vec<f32> = self.left.iter().copied().step_by(STEP).collect();
        // The rows' values side by side, and one between steps that belongs to none.
        let step = self.rows + 1;
        let mut columns = vec![f32::NAN; 2 * self.steps * step];
        for (at, value) in runs.iter().take(self.rows * 2 * self.steps).enumerate() {
            columns[at % (2 * self.steps) * step + at / (2 * self.steps)] = *value;
        }
        for segment in 0..2 {
            let mut rows = [self.left.as_ptr(); M];
            for (i, pointer) in rows.iter_mut().enumerate() {
                *pointer = self.left[i * row + segment * self.steps * STEP..].as_ptr();
            }
            let panel = panel[segment * self.steps * width..].as_ptr();
            // SAFETY: `left` has `rows` rows of `2 * steps * STEP` values, `runs` and
            // `columns` every second of them, and `panel` has `2 * steps` rows of `width`.
            unsafe {
                match self.way {
                    Way::Strided => tile.add_products(self.steps, rows, STEP, panel, width),
                    Way::Part => {
                        tile.add_products_part(self.steps, rows, STEP, panel, width, self.columns)
                    }
                    Way::Runs => {
                        for (i, pointer) in rows.iter_mut().enumerate() {
                            *pointer = runs[(2 * i + segment) * self.steps..].as_ptr();
                        }
                        tile.add_runs(self.steps, rows, panel, width);
                    }
                    Way::Columns => {
                        let left = columns[segment * self.steps * step..].as_ptr();
                        let ahead = Some(Ahead::nothing(panel));
                        tile.add_columns(self.steps, left, step, panel, width, ahead);
                    }
                }
            }
        }
        // SAFETY: `out` is `rows × columns`, `bias` has `columns` values.
        unsafe { tile.store(out.as_mut_ptr(), self.columns, self.columns, finish) };
        out
    }
}

impl Kernel for Case<'_> {
    /// `None` for a size that no tile has.
    type Output = Option<Vec<f32>>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Option<Vec<f32>> {
        if next_tile_rows::<V>(self.rows) != self.rows || self.columns > panel_width::<V>() {
            return None;
        }
        // SAFETY: the task's operands are slices, whose lengths every test sets for its size.
        Some(unsafe { with_tile::<V, Self>(self.rows, self.columns, self) })
    }
}

#[test]
fn every_size_and_finish_matches_the_definition() {
    let mut rng = Rng::new(1);
    let steps = 7;
    let left: Vec<f32> = (0..TILE_ROWS * 2 * steps * STEP).map(|_| rng.normal()).collect();
    let right: Vec<f32> = (0..2 * steps * WIDEST).map(|_| rng.normal()).collect();
    let bias: Vec<f32> = (0..WIDEST).map(|_| rng.normal()).collect();
    for rows in 1..=TILE_ROWS {
        for columns in 1..=WIDEST {
            for flags in 0..32 {
                if cfg!(miri) && !(rows * 7 + columns * 3 + flags).is_multiple_of(37) {
                    continue;
                }
                let (relu, accumulate) = (flags & 1 > 0, flags & 2 > 0);
                let bias = (flags & 4 > 0).then_some(&bias[..columns]);
                let way = [Way::Strided, Way::Part, Way::Runs, Way::Columns][flags >> 3];
                let (left, right) = (&left[..], &right[..]);
                let case = Case { rows, columns, steps, left, right, bias, relu, accumulate, way };
                let expected: Vec<f64> = (0..rows * columns)
                    .map(|at| {
                        let (i, j) = (at / columns, at % columns);
                        let product = |p: usize| {
                            f64::from(left[i * 2 * steps * STEP + p * STEP])
                                * f64::from(right[p * WIDEST + j])
                        };
                        let mut sum = (0..2 * steps).map(product).sum::<f64>();
                        sum += if accumulate { f64::from(TARGET) } else { 0.0 };
                        sum += bias.map_or(0.0, |b| f64::from(b[j]));
                        if relu { sum.max(0.0) } else { sum }
                    })
                    .collect();
                for got in on_each_isa(|| dispatch(case)).into_iter().flatten() {
                    for (got, want) in got.iter().zip(&expected) {
                        assert!((f64::from(*got) - want).abs() < 1e-5, "{got} {want}");
                    }
                }
            }
        }
    }
}

#[test]
fn rest_rows_are_shared_out() {
    fn check<V: Vector>(fewest: usize) {
        for total in 1..40 {
            let mut left = total;
            while left > 0 {
                let rows = next_tile_rows::<V>(left);
                assert!(rows <= V::TILE_ROWS && rows <= left);
                assert!(rows >= fewest.min(total));
                left -= rows;
            }
        }
    }
    check::<super::super::portable::Portable>(1);
    #[cfg(target_arch = "x86_64")]
    check::<super::super::avx2::Avx2>(3);
    #[cfg(target_arch = "x86_64")]
    check::<super::super::avx512::Avx512>(2);
    #[cfg(target_arch = "aarch64")]
    check::<super::super::neon::Neon>(3);
}
