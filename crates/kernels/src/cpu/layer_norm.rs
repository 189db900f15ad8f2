//! Layer normalization of rows: `y = (x - mean) / √(variance + epsilon) · weight + bias` with the
//! mean and the (biased) variance of each row.

use super::at::Vectors;
use super::isa::{Kernel, dispatch};
use super::reduce::{Identity, SquaredDistance, Sum, fold_row};
use super::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

/// Elements of a task, by whole rows: sums over rows are added task by task, whatever the threads.
const TASK: usize = 16 * 1024;

/// Rows and how they are scaled and shifted after they are normalized.
#[derive(Clone, Copy)]
pub struct LayerNormRows<'a> {
    /// `[rows, width]`.
    pub x: &'a [f32],
    /// Values of a row, at least one.
    pub width: usize,
    /// `[width]`; ones where absent.
    pub weight: Option<&'a [f32]>,
    /// `[width]`; zeros where absent.
    pub bias: Option<&'a [f32]>,
}

impl LayerNormRows<'_> {
    /// Writes the normalized rows, and of each its mean and `1 / √(variance + epsilon)` to
    /// `statistics` (`[rows, 2]`).
    ///
    /// # Panics
    /// When lengths differ.
    pub fn forward(self, epsilon: f32, y: &mut [f32], statistics: &mut [f32]) {
        let rows = self.check();
        assert!(y.len() == self.x.len() && statistics.len() == 2 * rows);
        let (y, statistics) = (SharedMut::new(y), SharedMut::new(statistics));
        self.each_task(rows, 2, |_, first, count| {
            let (start, length) = (first * self.width, count * self.width);
            // SAFETY: each task has its own rows of both.
            let (y, statistics) =
                unsafe { (y.slice(start, length), statistics.slice(2 * first, 2 * count)) };
            let rows = Self { x: &self.x[start..][..length], ..self };
            dispatch(NormalizedRows { rows, epsilon, y, statistics });
        });
    }

    /// The gradients of the rows, and those of weight and bias, `[width]`, each where its slice is
    /// not empty, given that of the result and the rows' statistics. Those of weight and bias are
    /// computed together.
    ///
    /// # Panics
    /// When lengths differ.
    pub fn backward(
        self,
        statistics: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        dweight: &mut [f32],
        dbias: &mut [f32],
    ) {
        let (rows, width) = (self.check(), self.width);
        assert!(statistics.len() == 2 * rows && dy.len() == self.x.len());
        assert!(dx.is_empty() || dx.len() == dy.len());
        assert!([dweight.len(), dbias.len()].iter().all(|&length| length == 0 || length == width));
        let tasks = rows.div_ceil(self.rows_each());
        let sums = if dweight.is_empty() && dbias.is_empty() { 0 } else { 2 * width };
        let mut partial = Storage::new(tasks * sums);
        let given = !dx.is_empty();
        let dx = SharedMut::new(dx);
        let all = SharedMut::new(partial.unique_f32s().expect("storage of this function's own"));
        self.each_task(rows, 4, |task, first, count| {
            let (start, length) = (first * width, count * width);
            // SAFETY: each task has its own rows and its own sums.
            let (dx, sums) = unsafe {
                let dx = if given { dx.slice(start, length) } else { &mut [] };
                (dx, all.slice(task * sums, sums))
            };
            sums.fill(0.0);
            let rows = Self { x: &self.x[start..][..length], ..self };
            let statistics = &statistics[2 * first..][..2 * count];
            let dy = &dy[start..][..length];
            dispatch(GradientRows { rows, statistics, dy, dx, sums });
        });
        for (grad, from) in [(dweight, 0), (dbias, width)] {
            grad.fill(0.0);
            let columns = grad.len();
            for sums in partial.f32s()[..tasks * sums].chunks_exact(sums.max(1)) {
                grad.iter_mut().zip(&sums[from..][..columns]).for_each(|(sum, term)| *sum += term);
            }
        }
    }

    fn check(&self) -> usize {
        assert!(self.width > 0 && self.x.len().is_multiple_of(self.width));
        let fits = |values: Option<&[f32]>| values.is_none_or(|values| values.len() == self.width);
        assert!(fits(self.weight) && fits(self.bias));
        self.x.len() / self.width
    }

    fn rows_each(&self) -> usize {
        (TASK / self.width).max(1)
    }

    /// Calls `task(index, first row, rows)`, in parallel. `cost`: nanoseconds for four elements.
    fn each_task(&self, rows: usize, cost: usize, task: impl Fn(usize, usize, usize) + Sync) {
        let each = self.rows_each();
        parallel_for(rows.div_ceil(each), self.x.len() * cost / 4, |index| {
            task(index, index * each, each.min(rows - index * each));
        });
    }
}

struct NormalizedRows<'a> {
    rows: LayerNormRows<'a>,
    epsilon: f32,
    y: &'a mut [f32],
    statistics: &'a mut [f32],
}

impl Kernel for NormalizedRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let LayerNormRows { x, width, weight, bias } = self.rows;
        let share = 1.0 / width as f32;
        let rows = x.chunks_exact(width).zip(self.y.chunks_exact_mut(width));
        for ((x, y), statistics) in rows.zip(self.statistics.chunks_exact_mut(2)) {
            let zero = V::zero();
            let mean = share * fold_row::<V, Sum, Identity>(Identity, x, x, zero, zero);
            let map = SquaredDistance;
            let squares = fold_row::<V, Sum, SquaredDistance>(map, x, x, V::splat(mean), zero);
            let factor = 1.0 / (share * squares + self.epsilon).sqrt();
            statistics.copy_from_slice(&[mean, factor]);
            let (mean, factor) = (V::splat(mean), V::splat(factor));
            for at in Vectors::<V>::new(width) {
                // SAFETY: `at` lies within a row of `width` values, as all of these are.
                unsafe {
                    let mut z = at.load::<V>(x.as_ptr()).sub(mean).mul(factor);
                    if let Some(weight) = weight {
                        z = z.mul(at.load(weight.as_ptr()));
                    }
                    if let Some(bias) = bias {
                        z = z.add(at.load(bias.as_ptr()));
                    }
                    at.store(z, y.as_mut_ptr());
                }
            }
        }
    }
}

struct GradientRows<'a> {
    rows: LayerNormRows<'a>,
    statistics: &'a [f32],
    dy: &'a [f32],
    /// As long as the rows, or empty.
    dx: &'a mut [f32],
    /// Of weight and bias, `[2, width]`, or empty.
    sums: &'a mut [f32],
}

impl Kernel for GradientRows<'_> {
    type Output = ();

    /// With `g = dy · weight` and the normalized `z`: `dx = factor (g - mean(g) - z mean(g z))`.
    #[inline(always)]
    fn run<V: Vector>(self) {
        let LayerNormRows { x, width, weight, .. } = self.rows;
        let share = V::splat(1.0 / width as f32);
        let rows = x.chunks_exact(width).zip(self.dy.chunks_exact(width));
        for (row, (x, dy)) in rows.enumerate() {
            let [mean, factor] = [0, 1].map(|i| V::splat(self.statistics[2 * row + i]));
            let z = |at: super::at::At| {
                // SAFETY: `at` lies within a row, as below.
                unsafe { at.load::<V>(x.as_ptr()) }.sub(mean).mul(factor)
            };
            let g = |at: super::at::At| {
                // SAFETY: `at` lies within a row of `width` values, as `dy` and the weight are.
                unsafe {
                    let dy = at.load::<V>(dy.as_ptr());
                    weight.map_or(dy, |weight| dy.mul(at.load(weight.as_ptr())))
                }
            };
            let (mut sum, mut product) = (V::zero(), V::zero());
            for at in Vectors::<V>::new(width) {
                let (g, z) = (g(at), z(at));
                sum = sum.add(g);
                product = g.mul_add(z, product);
                if !self.sums.is_empty() {
                    let [dweight, dbias] = [0, width].map(|i| self.sums[i..].as_mut_ptr());
                    // SAFETY: `at` lies within a row, and so within each half of the sums.
                    unsafe {
                        let dy = at.load::<V>(dy.as_ptr());
                        at.store(dy.mul_add(z, at.load(dweight)), dweight);
                        at.store(at.load::<V>(dbias).add(dy), dbias);
                    }
                }
            }
            let (sum, product) = (V::splat(sum.sum()), V::splat(product.sum()));
            let Some(dx) = self.dx.get_mut(row * width..(row + 1) * width) else { continue };
            for at in Vectors::<V>::new(width) {
                let centered = g(at).sub(z(at).mul_add(product.mul(share), sum.mul(share)));
                // SAFETY: `at` lies within the row.
                unsafe { at.store(centered.mul(factor), dx.as_mut_ptr()) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::isa::on_each_isa;
    use crate::random::Rng;
    use crate::threads::with_count;

    /// In double precision: the result, and the gradients of the rows, weight and bias.
    fn definition(rows: &LayerNormRows<'_>, epsilon: f64, dy: &[f32]) -> [Vec<f64>; 4] {
        let (width, weight) = (rows.width, rows.weight.unwrap());
        let mut all = [vec![], vec![], vec![0.0; width], vec![0.0; width]];
        for (x, dy) in rows.x.chunks(width).zip(dy.chunks(width)) {
            let mean_of = |f: &dyn Fn(usize) -> f64| (0..width).map(f).sum::<f64>() / width as f64;
            let mean = mean_of(&|i| x[i].into());
            let variance = mean_of(&|i| (f64::from(x[i]) - mean).powi(2));
            let factor = 1.0 / (variance + epsilon).sqrt();
            let z = |i: usize| (f64::from(x[i]) - mean) * factor;
            let g = |i: usize| f64::from(dy[i]) * f64::from(weight[i]);
            let (sum, product) = (mean_of(&g), mean_of(&|i| g(i) * z(i)));
            for i in 0..width {
                all[0].push(z(i) * f64::from(weight[i]) + f64::from(rows.bias.unwrap()[i]));
                all[1].push(factor * (g(i) - sum - z(i) * product));
                all[2][i] += f64::from(dy[i]) * z(i);
                all[3][i] += f64::from(dy[i]);
            }
        }
        all
    }

    #[test]
    fn matches_the_definition_for_every_number_of_threads() {
        let mut rng = Rng::new(3);
        let sizes = [(1, 1), (3, 5), (7, 16), (40, 33), (900, 40), (3, 20_000), (0, 4)];
        for (rows, width) in sizes.into_iter().take(if cfg!(miri) { 2 } else { sizes.len() }) {
            let mut draw = |count: usize, mean: f32| -> Vec<f32> {
                (0..count).map(|_| rng.normal() + mean).collect()
            };
            let (x, dy) = (draw(rows * width, 30.0), draw(rows * width, 0.0));
            let (weight, bias) = (draw(width, 1.0), draw(width, 0.0));
            let of = LayerNormRows { x: &x, width, weight: Some(&weight), bias: Some(&bias) };
            let wanted = definition(&of, 1e-3, &dy);
            let run = || {
                let (mut y, mut statistics) = (vec![f32::NAN; x.len()], vec![f32::NAN; 2 * rows]);
                of.forward(1e-3, &mut y, &mut statistics);
                let mut dx = vec![f32::NAN; x.len()];
                let [mut dweight, mut dbias] = [0, 1].map(|_| vec![f32::NAN; width]);
                of.backward(&statistics, &dy, &mut dx, &mut dweight, &mut dbias);
                let mut alone = vec![f32::NAN; width];
                of.backward(&statistics, &dy, &mut [], &mut [], &mut alone);
                assert_eq!(alone, dbias);
                [y, dx, dweight, dbias]
            };
            let check = || {
                for (found, wanted) in run().iter().zip(&wanted) {
                    assert_eq!(found.len(), wanted.len());
                    for (found, wanted) in found.iter().zip(wanted) {
                        let error = (f64::from(*found) - wanted).abs();
                        assert!(error < 2e-4 * wanted.abs().max(1.0), "{found}, not {wanted}");
                    }
                }
            };
            let bits = with_count(1, run);
            assert_eq!(with_count(3, run), bits);
            on_each_isa(check);
        }
    }
}
