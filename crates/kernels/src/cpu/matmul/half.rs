//! A weight in half precision, for products of single rows: what takes time there is reading the
//! weight, and this is half as much to read. Sums are made in single precision.

use super::operands::Matrix;
use super::packed_matrix::PackedMatrix;
use crate::cpu::at::At;
use crate::cpu::half::to_half;
use crate::cpu::isa::{Kernel, dispatch};
use crate::cpu::tile::panel_width;
use crate::cpu::vector::Vector;
use crate::storage::Storage;

/// A right operand rounded to half precision, in the panels of [`PackedMatrix`].
pub struct HalfMatrix {
    /// Two values of 16 bits in each of 32.
    storage: Storage,
    rows: usize,
    columns: usize,
}

impl HalfMatrix {
    /// A rounded copy of `matrix`.
    pub fn new(matrix: Matrix<'_>) -> Self {
        let packed = PackedMatrix::new(matrix);
        let values = packed.values();
        let mut storage = Storage::new(values.len().div_ceil(2));
        let target = storage.unique_i32s().expect("a new buffer is not shared");
        let halves = bytemuck::cast_slice_mut::<i32, u16>(target);
        halves.iter_mut().zip(values).for_each(|(half, value)| *half = to_half(*value));
        Self { storage, rows: packed.rows(), columns: packed.columns() }
    }

    /// `out = row · self + bias`.
    ///
    /// # Panics
    /// When the lengths do not fit each other.
    #[track_caller]
    pub fn row_product(&self, row: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
        assert!(row.len() == self.rows && out.len() == self.columns, "lengths of a product");
        assert!(bias.is_none_or(|bias| bias.len() == out.len()), "one bias a column");
        let halves = bytemuck::cast_slice(self.storage.i32s());
        dispatch(HalfRow { row, halves, bias, out });
    }
}

struct HalfRow<'a> {
    row: &'a [f32],
    halves: &'a [u16],
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
}

/// Panels that are read at once.
const PANELS: usize = 4;

impl Kernel for HalfRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let panels = self.out.len().div_ceil(panel_width::<V>());
        assert!(self.halves.len() >= panels * self.row.len() * panel_width::<V>());
        let mut panel = 0;
        while panel < panels {
            // SAFETY: as many panels are there; their length was checked.
            unsafe {
                if panel + PANELS <= panels {
                    self.panels::<V, PANELS>(panel);
                    panel += PANELS;
                } else {
                    self.panels::<V, 1>(panel);
                    panel += 1;
                }
            }
        }
    }
}

impl HalfRow<'_> {
    /// The outputs of `N` panels from `panel` on.
    ///
    /// # Safety
    /// `N` panels from there on must lie within `halves`, the first column of each within `out`.
    #[inline(always)]
    unsafe fn panels<V: Vector, const N: usize>(&mut self, panel: usize) {
        let (width, depth) = (panel_width::<V>(), self.row.len());
        let first = self.halves.as_ptr().wrapping_add(panel * depth * width);
        let mut sums = [[V::zero(); 2]; N];
        for step in 0..depth {
            let x = V::splat(self.row[step]);
            for (index, sums) in sums.iter_mut().enumerate() {
                let values = first.wrapping_add((index * depth + step) * width);
                // SAFETY: row `step` of a panel, two vectors wide.
                let (left, right) =
                    unsafe { (V::load_half(values), V::load_half(values.add(V::LANES))) };
                *sums = [x.mul_add(left, sums[0]), x.mul_add(right, sums[1])];
            }
        }
        let columns = self.out.len();
        for (index, sums) in sums.into_iter().enumerate() {
            for (half, sum) in sums.into_iter().enumerate() {
                let start = (panel + index) * width + half * V::LANES;
                if start >= columns {
                    break;
                }
                let rest = columns - start;
                let at = if rest < V::LANES { At::Part(start, rest) } else { At::Whole(start) };
                // SAFETY: `at` lies within the outputs, of which there are as many biases.
                unsafe {
                    let sum = match self.bias {
                        Some(bias) => sum.add(at.load(bias.as_ptr())),
                        None => sum,
                    };
                    at.store(sum, self.out.as_mut_ptr());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::half::from_half;
    use crate::cpu::isa::on_each_isa;
    use crate::random::Rng;

    #[test]
    fn rows_are_those_of_the_rounded_weight() {
        let mut rng = Rng::new(3);
        let sizes = [(1, 1), (7, 15), (5, 16), (64, 17), (33, 100), (256, 1024)];
        for (rows, columns) in sizes.into_iter().take(if cfg!(miri) { 3 } else { 6 }) {
            let mut numbers = |n: usize| (0..n).map(|_| rng.normal()).collect::<Vec<_>>();
            let (weight, row, bias) = (numbers(rows * columns), numbers(rows), numbers(columns));
            let check = || {
                let half = HalfMatrix::new(Matrix::new(&weight, rows, columns));
                let mut out = vec![f32::NAN; columns];
                half.row_product(&row, Some(&bias), &mut out);
                for (column, &value) in out.iter().enumerate() {
                    let terms = row.iter().enumerate().map(|(index, &x)| {
                        let weight = from_half(to_half(weight[index * columns + column]));
                        f64::from(x) * f64::from(weight)
                    });
                    let expected = terms.sum::<f64>() + f64::from(bias[column]);
                    let error = (f64::from(value) - expected).abs();
                    assert!(error < 1e-4, "{rows}×{columns} column {column}: {error}");
                }
            };
            check();
            on_each_isa(check);
        }
    }
}
