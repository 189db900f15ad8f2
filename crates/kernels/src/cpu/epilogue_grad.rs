//! Back through the epilogue of a product or convolution, `y = activation(z + bias)`:
//! `dz = dy · activation'(y)` and the bias's gradient, the column sums of `dz`, in one pass.

use super::isa::{RawKernel, dispatch_raw};
use super::vector::Vector;
use crate::activation::{Activation, FusedActivation};
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

/// Elements of a task.
const TASK: usize = 16 * 1024;

/// `y`, `dy` and `dz` are `[rows, columns]`; without `dy` it stands in `dz` already. `bias_grad`
/// has a value a column.
///
/// # Panics
/// When sizes differ.
pub fn epilogue_grad(
    activation: Activation,
    columns: usize,
    y: &[f32],
    dy: Option<&[f32]>,
    dz: &mut [f32],
    bias_grad: Option<&mut [f32]>,
) {
    assert!(y.len() == dz.len() && dy.is_none_or(|dy| dy.len() == dz.len()));
    assert!(bias_grad.as_ref().is_none_or(|sums| sums.len() == columns));
    if dz.is_empty() {
        bias_grad.into_iter().for_each(|sums| sums.fill(0.0));
        return;
    }
    let (length, rows) = (dz.len(), dz.len() / columns);
    assert_eq!(length, rows * columns);
    let rows_each = (TASK / columns).clamp(1, rows);
    let tasks = rows.div_ceil(rows_each);
    let dz = SharedMut::new(dz);
    // One task sums straight into the result, several into rows that are added in order.
    let mut storage = (bias_grad.is_some() && tasks > 1).then(|| Storage::new(tasks * columns));
    let mut bias_grad = bias_grad;
    let sums = match (&mut storage, &mut bias_grad) {
        (Some(storage), _) => storage.unique_f32s().map(SharedMut::new),
        (None, Some(sums)) => Some(SharedMut::new(sums)),
        (None, None) => None,
    };
    parallel_for(tasks, length / 2, |task| {
        let start = task * rows_each * columns;
        let count = (rows_each * columns).min(length - start);
        // SAFETY: tasks have their own row of sums.
        let sums = unsafe { sums.as_ref().map(|sums| sums.slice(task * columns, columns)) };
        // One pointer for both where `dy` is in `dz`: a reference to `dz` would be the end of any
        // other pointer to it.
        let dz = dz.pointer(start);
        let dy = dy.map_or(dz.cast_const(), |dy| dy[start..].as_ptr());
        let y = &y[start..][..count];
        let rows = EpilogueGradRows { activation, columns, y, dy, dz, count, sums };
        // SAFETY: `count` values of each, and nothing else touches these of `dz`.
        unsafe { dispatch_raw(rows) };
    });
    if let (Some(storage), Some(bias_grad)) = (&storage, bias_grad) {
        bias_grad.fill(0.0);
        for sums in storage.f32s()[..tasks * columns].chunks_exact(columns) {
            bias_grad.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
    }
}

struct EpilogueGradRows<'a> {
    activation: Activation,
    columns: usize,
    /// `count` values.
    y: &'a [f32],
    /// `count` values. May be the same memory as `dz`.
    dy: *const f32,
    /// `count` values, which nothing else touches.
    dz: *mut f32,
    count: usize,
    sums: Option<&'a mut [f32]>,
}

impl RawKernel for EpilogueGradRows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(mut self) {
        if self.sums.is_none() {
            // Without sums the rows are one long row.
            self.columns = self.count;
        }
        // SAFETY: this method's contract.
        unsafe { self.strips::<V>() };
    }
}

/// Methods must be called under the contract of [`RawKernel::run`].
impl EpilogueGradRows<'_> {
    /// # Safety
    /// As above.
    #[inline(always)]
    unsafe fn strips<V: Vector>(mut self) {
        let mut column = 0;
        // SAFETY: as above; each strip's columns exist.
        unsafe {
            while column + 4 * V::LANES <= self.columns {
                self.strip::<V, 4>(column, V::LANES);
                column += 4 * V::LANES;
            }
            while column < self.columns {
                self.strip::<V, 1>(column, V::LANES.min(self.columns - column));
                column += V::LANES;
            }
        }
    }

    /// `N` vectors of columns, the last with `last` values, down all rows.
    ///
    /// # Safety
    /// As above; these columns must exist.
    #[inline(always)]
    unsafe fn strip<V: Vector, const N: usize>(&mut self, column: usize, last: usize) {
        let mut sums = [V::zero(); N];
        for row in 0..self.count / self.columns {
            // SAFETY: as above; there is such a row.
            unsafe { self.row(row, column, last, &mut sums) };
        }
        if let Some(target) = &mut self.sums {
            for (target, sum) in target[column..].chunks_mut(V::LANES).zip(sums) {
                let count = target.len();
                target.copy_from_slice(&sum.to_array()[..count]);
            }
        }
    }

    /// # Safety
    /// As above; these columns and the row must exist.
    #[inline(always)]
    unsafe fn row<V: Vector, const N: usize>(
        &self,
        row: usize,
        column: usize,
        last: usize,
        sums: &mut [V; N],
    ) {
        let (y, dz) = (self.y.as_ptr(), self.dz);
        for (j, sum) in sums.iter_mut().enumerate() {
            let at = row * self.columns + column + j * V::LANES;
            // SAFETY: `at` and the `LANES` or `last` values from there on lie within the `count`
            // values of each operand.
            unsafe {
                let out = V::load_up_to(y.add(at), last);
                let dy = V::load_up_to(self.dy.add(at), last);
                let grad = dy.mul(self.activation.derivative_from_output(out));
                grad.store_up_to(dz.add(at), last);
                *sum = sum.add(grad);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::isa::on_each_isa;
    use crate::random::Rng;
    use crate::threads;

    #[test]
    fn matches_the_definition_in_place_and_not() {
        let mut rng = Rng::new(5);
        let small = [(1, 1), (32, 16), (7, 45), (3, 17), (4, 2), (9, 33), (6, 64), (4, 0), (0, 4)];
        let small = small.into_iter().take(if cfg!(miri) { 1 } else { small.len() });
        let small = small.chain(cfg!(miri).then_some((4, 2)));
        let large = [(3000, 10), (100, 1000)].into_iter().take(if cfg!(miri) { 0 } else { 2 });
        for (rows, columns) in small.chain(large) {
            let y: Vec<f32> = (0..rows * columns).map(|_| rng.range(-0.9, 0.9)).collect();
            let dy: Vec<f32> = (0..rows * columns).map(|_| rng.normal()).collect();
            let expected = |i: usize| f64::from(dy[i]) * (1.0 - f64::from(y[i]).powi(2));
            let check = || {
                let (mut dz, mut sums) = (vec![f32::NAN; dy.len()], vec![f32::NAN; columns]);
                epilogue_grad(Activation::Tanh, columns, &y, Some(&dy), &mut dz, Some(&mut sums));
                for (i, dz) in dz.iter().enumerate() {
                    assert!((f64::from(*dz) - expected(i)).abs() < 1e-6);
                }
                for (j, sum) in sums.iter().enumerate() {
                    let want: f64 = (0..rows).map(|i| expected(i * columns + j)).sum();
                    assert!((f64::from(*sum) - want).abs() < 1e-4, "{rows}×{columns}");
                }
                let mut in_place = dy.clone();
                epilogue_grad(Activation::Tanh, columns, &y, None, &mut in_place, None);
                assert_eq!(in_place, dz);
                sums
            };
            let expected = threads::with_count(1, check);
            assert_eq!(threads::with_count(3, check), expected);
            on_each_isa(check);
        }
    }
}
