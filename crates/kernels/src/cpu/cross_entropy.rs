//! Softmax cross-entropy of rows of logits, with its gradient, in one pass over the rows.
//!
//! With `q` the target distribution (weighted and smoothed) and `Q` its sum, a row's loss is
//! `Q log sum exp(x) - sum(q x)` and its gradient `Q softmax(x) - q`.

use super::isa::{Kernel, dispatch};
use super::math::exp;
use super::reduce::{BLOCK, Combine, Extreme, Identity, Sum, fold_row};
use super::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::threads::parallel_for;

/// What the rows should be.
#[derive(Clone, Copy)]
pub enum Targets<'a> {
    /// A class a row. Classes out of range are ignored: loss and gradient 0.
    Classes(&'a [i32]),
    /// A distribution a row.
    Probabilities(&'a [f32]),
}

/// Rows of logits and how their losses are formed.
#[derive(Clone, Copy)]
pub struct CrossEntropyRows<'a> {
    /// `[rows, classes]`.
    pub logits: &'a [f32],
    /// Logits of each row.
    pub classes: usize,
    /// What the rows should be.
    pub targets: Targets<'a>,
    /// A class that is ignored.
    pub ignored: Option<i32>,
    /// A weight a class, or empty.
    pub weights: &'a [f32],
    /// How much of a target is spread evenly over the classes.
    pub smoothing: f32,
    /// Multiplies the gradients (not the losses).
    pub scale: f32,
}

/// Elements of one task.
const TASK: usize = 8 * 1024;

impl CrossEntropyRows<'_> {
    /// The loss of each row, and the gradients of all logits unless `gradients` is empty.
    pub fn run(self, losses: &mut [f32], gradients: &mut [f32]) {
        let (rows, classes) = (losses.len(), self.classes);
        assert_eq!(self.logits.len(), rows * classes);
        assert!(gradients.is_empty() || gradients.len() == self.logits.len());
        assert!(self.weights.is_empty() || self.weights.len() == classes);
        match self.targets {
            Targets::Classes(targets) => assert_eq!(targets.len(), rows),
            Targets::Probabilities(targets) => assert_eq!(targets.len(), self.logits.len()),
        }
        let group = (TASK / classes.max(1)).max(1);
        let wanted = !gradients.is_empty();
        let (losses, gradients) = (SharedMut::new(losses), SharedMut::new(gradients));
        parallel_for(rows.div_ceil(group), rows * (classes + 8), |task| {
            let first = task * group;
            let count = group.min(rows - first);
            // SAFETY: each task has its own rows of both.
            let (losses, gradients) = unsafe {
                let elements = if wanted { count * classes } else { 0 };
                let start = if wanted { first * classes } else { 0 };
                (losses.slice(first, count), gradients.slice(start, elements))
            };
            dispatch(RowsOfLogits { all: self, first, losses, gradients });
        });
    }

    /// The class of `row`, unless it is ignored.
    #[inline(always)]
    fn class(&self, targets: &[i32], row: usize) -> Option<usize> {
        let target = targets[row];
        let class = usize::try_from(target).ok().filter(|&class| class < self.classes)?;
        (Some(target) != self.ignored).then_some(class)
    }
}

/// Rows from `first`, as many as `losses` has.
struct RowsOfLogits<'a> {
    all: CrossEntropyRows<'a>,
    first: usize,
    losses: &'a mut [f32],
    gradients: &'a mut [f32],
}

impl Kernel for RowsOfLogits<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let CrossEntropyRows { logits, classes, targets, weights, smoothing, scale, .. } = self.all;
        let (sharp, spread) = (1.0 - smoothing, smoothing / classes as f32);
        for (index, loss) in self.losses.iter_mut().enumerate() {
            let row = self.first + index;
            let range = row * classes..(row + 1) * classes;
            let gradient = match self.gradients.len() {
                0 => &mut [][..],
                _ => &mut self.gradients[index * classes..(index + 1) * classes],
            };
            let x = &logits[range.clone()];
            match targets {
                Targets::Classes(targets) => {
                    let Some(class) = self.all.class(targets, row) else {
                        *loss = 0.0;
                        gradient.fill(0.0);
                        continue;
                    };
                    let peak = sharp * weights.get(class).unwrap_or(&1.0);
                    let row =
                        LogitRow { x, probabilities: &[], weights, sharp, spread, gradient, scale };
                    *loss = row.run::<V>(Some((class, peak)));
                }
                Targets::Probabilities(targets) => {
                    let probabilities = &targets[range];
                    let row =
                        LogitRow { x, probabilities, weights, sharp, spread, gradient, scale };
                    *loss = row.run::<V>(None);
                }
            }
        }
    }
}

/// One row; its target distribution is `weights * (sharp * probabilities + spread)`, with empty
/// `probabilities` for 0 and empty `weights` for 1, and `peak` more at one class.
struct LogitRow<'a> {
    x: &'a [f32],
    probabilities: &'a [f32],
    weights: &'a [f32],
    sharp: f32,
    spread: f32,
    gradient: &'a mut [f32],
    scale: f32,
}

impl LogitRow<'_> {
    #[inline(always)]
    fn run<V: Vector>(mut self, peak: Option<(usize, f32)>) -> f32 {
        let dense = self.spread != 0.0 || !self.probabilities.is_empty();
        if let Some((class, peak)) = peak
            && self.x.len() <= V::LANES
            && !dense
        {
            return self.in_registers::<V>(class, peak);
        }
        let zero = V::zero();
        let largest = fold_row::<V, Extreme<true>, Identity>(Identity, self.x, self.x, zero, zero);
        let [powers, mut mass, mut moment] =
            if dense { self.powers::<V, true>(largest) } else { self.powers::<V, false>(largest) };
        if let Some((class, peak)) = peak {
            mass += peak;
            moment += peak * (self.x[class] - largest);
        }
        if !self.gradient.is_empty() {
            let factor = mass / powers * self.scale;
            if dense {
                self.finish_gradient::<V, true>(factor);
            } else {
                self.finish_gradient::<V, false>(factor);
            }
            if let Some((class, peak)) = peak {
                self.gradient[class] -= peak * self.scale;
            }
        }
        mass * powers.ln() - moment
    }

    /// A row of one vector whose target is one class.
    #[inline(always)]
    fn in_registers<V: Vector>(self, class: usize, peak: f32) -> f32 {
        let (x, count) = (self.x, self.x.len());
        let larger = |a: f32, &b: &f32| if b > a || b.is_nan() { b } else { a };
        let largest = x.iter().fold(f32::NEG_INFINITY, larger);
        let powers = inside(exp(load::<V>(x, 0, count).sub(V::splat(largest))), count);
        let total = powers.sum();
        if !self.gradient.is_empty() {
            store(powers.mul(V::splat(peak / total * self.scale)), self.gradient, 0, count);
            self.gradient[class] -= peak * self.scale;
        }
        peak * (total.ln() - (x[class] - largest))
    }

    /// Over all classes, with `e = exp(x - largest)`: the sums of `e`, of the target distribution
    /// `q`, and of `q (x - largest)`; the last two 0 unless `DENSE`. Leaves `e` in `gradient`.
    #[inline(always)]
    fn powers<V: Vector, const DENSE: bool>(&mut self, largest: f32) -> [f32; 3] {
        let largest = V::splat(largest);
        let mut totals = [Sum::start::<V>(); 3];
        let mut at = 0;
        while at < self.x.len() {
            let mut blocks = [Sum::start::<V>(); 3];
            let end = self.x.len().min(at + BLOCK * V::LANES);
            while at < end {
                let count = V::LANES.min(end - at);
                let distance = load::<V>(self.x, at, count).sub(largest);
                let power = inside(exp(distance), count);
                store(power, self.gradient, at, count);
                blocks[0] = Sum::add(blocks[0], power);
                if DENSE {
                    let target = self.target::<V>(at, count);
                    blocks[1] = Sum::add(blocks[1], target);
                    blocks[2] = Sum::add(blocks[2], inside(target.mul(distance), count));
                }
                at += count;
            }
            for (total, block) in totals.iter_mut().zip(blocks) {
                *total = Sum::merge(*total, block);
            }
        }
        let mut sums = [0.0; 3];
        for (sum, total) in sums.iter_mut().zip(totals).take(if DENSE { 3 } else { 1 }) {
            *sum = Sum::across(&Sum::finish(total).to_array()[..V::LANES]);
        }
        sums
    }

    /// `gradient = factor * gradient - scale * q`.
    #[inline(always)]
    fn finish_gradient<V: Vector, const DENSE: bool>(&mut self, factor: f32) {
        let (factor, scale) = (V::splat(factor), V::splat(self.scale));
        let mut at = 0;
        while at < self.gradient.len() {
            let count = V::LANES.min(self.gradient.len() - at);
            let mut gradient = load::<V>(self.gradient, at, count).mul(factor);
            if DENSE {
                gradient = gradient.sub(self.target::<V>(at, count).mul(scale));
            }
            store(gradient, self.gradient, at, count);
            at += count;
        }
    }

    /// The target distribution; zero in lanes from `count`.
    #[inline(always)]
    fn target<V: Vector>(&self, at: usize, count: usize) -> V {
        let mut target = V::splat(self.spread);
        if !self.probabilities.is_empty() {
            let probability = load::<V>(self.probabilities, at, count);
            target = probability.mul_add(V::splat(self.sharp), target);
        }
        if !self.weights.is_empty() {
            target = target.mul(load::<V>(self.weights, at, count));
        }
        inside(target, count)
    }
}

/// Zero in lanes from `count`.
#[inline(always)]
fn inside<V: Vector>(x: V, count: usize) -> V {
    if count == V::LANES { x } else { x.and(super::reduce::first_lanes(count)) }
}

#[inline(always)]
fn load<V: Vector>(values: &[f32], at: usize, count: usize) -> V {
    let values = &values[at..at + count];
    // SAFETY: `count` values, at most `LANES`, as just checked.
    unsafe { V::load_up_to(values.as_ptr(), count) }
}

/// Writes nothing to an empty slice.
#[inline(always)]
fn store<V: Vector>(x: V, values: &mut [f32], at: usize, count: usize) {
    if !values.is_empty() {
        let values = &mut values[at..at + count];
        // SAFETY: `count` values, at most `LANES`, as just checked.
        unsafe { x.store_up_to(values.as_mut_ptr(), count) };
    }
}

#[cfg(test)]
mod tests;
