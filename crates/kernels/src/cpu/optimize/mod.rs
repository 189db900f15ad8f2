//! Optimizer updates: one rule per file, one driver for all.

mod adagrad;
mod adam;
mod norm;
mod rms_prop;
mod sgd;

pub use adagrad::{AdagradStep, adagrad};
pub use adam::{AdamStep, adam};
pub use norm::{norm, scale};
pub use rms_prop::{RmsPropStep, rms_prop};
pub use sgd::{SgdStep, sgd};

use self::norm::square_sum;
use super::isa::{Kernel, dispatch};
use super::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::threads::parallel_for;

/// An update of one value from its gradient and `S` state values.
trait Rule<const S: usize>: Copy + Sync {
    /// The new value and state. Must be `#[inline(always)]`.
    fn apply<V: Vector>(&self, value: V, gradient: V, state: [V; S]) -> (V, [V; S]);
}

/// Elements a task updates: small enough that its slices of all arrays stay in a core's cache.
const CHUNK: usize = 16 * 1024;

/// A parameter, what it is updated by, and what is to be known of the update.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// The values, changed in place.
    pub values: &'a mut [f32],
    /// The loss's derivative with respect to them.
    pub gradient: &'a [f32],
    /// Filled in by the same pass over memory, where it is given. No value changes by it.
    pub norms: Option<&'a mut UpdateNorms>,
}

impl<'a> Parameter<'a> {
    /// A parameter of whose update nothing is to be known.
    pub fn new(values: &'a mut [f32], gradient: &'a [f32]) -> Self {
        Self { values, gradient, norms: None }
    }
}

/// Euclidean norms of an update of one parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UpdateNorms {
    /// Of the values after the update.
    pub weight: f64,
    /// Of the gradient.
    pub gradient: f64,
    /// Of the difference between the values after and before.
    pub update: f64,
}

/// Elements whose norms are taken while they are in the nearest cache.
const BLOCK: usize = 1024;

/// Applies `rule` to every element.
///
/// # Panics
/// When lengths differ.
#[track_caller]
fn update<const S: usize, R: Rule<S>>(rule: &R, of: Parameter<'_>, state: [&mut [f32]; S]) {
    let Parameter { values, gradient, norms } = of;
    assert_eq!(values.len(), gradient.len(), "a gradient's length");
    for part in &state {
        assert_eq!(values.len(), part.len(), "an optimizer state's length");
    }
    let length = values.len();
    let tasks = length.div_ceil(CHUNK);
    let mut squares = vec![[0.0f64; 3]; if norms.is_some() { tasks } else { 0 }];
    let watched = norms.is_some().then(|| SharedMut::new(&mut squares));
    let shared = SharedMut::new(values);
    let shared_state = state.map(SharedMut::new);
    parallel_for(tasks, length * (2 + S) / 8, |task| {
        let start = task * CHUNK;
        let count = CHUNK.min(length - start);
        // SAFETY: chunks of different tasks do not overlap and end within the arrays, whose
        // lengths are equal.
        let (values, state) = unsafe {
            (shared.slice(start, count), shared_state.each_ref().map(|s| s.slice(start, count)))
        };
        let gradient = &gradient[start..start + count];
        match &watched {
            None => dispatch(UpdateChunk { rule, values, gradient, state }),
            Some(squares) => {
                // SAFETY: every task has one element of its own, and there are `tasks` of them.
                let squares = unsafe { squares.slice(task, 1) };
                squares[0] = watched_chunk(rule, values, gradient, state);
            }
        }
    });
    if let Some(norms) = norms {
        let sum = |which: usize| squares.iter().map(|all| all[which]).sum::<f64>().sqrt();
        *norms = UpdateNorms { weight: sum(0), gradient: sum(1), update: sum(2) };
    }
}

/// Updates a chunk block by block; the sums of the squares of its new values, its gradient, and how
/// far it moved.
fn watched_chunk<const S: usize, R: Rule<S>>(
    rule: &R,
    values: &mut [f32],
    gradient: &[f32],
    mut state: [&mut [f32]; S],
) -> [f64; 3] {
    let mut squares = [0.0; 3];
    let mut room = [0.0; BLOCK];
    for start in (0..values.len()).step_by(BLOCK) {
        let block = start..(start + BLOCK).min(values.len());
        let (values, gradient) = (&mut values[block.clone()], &gradient[block.clone()]);
        let state = state.each_mut().map(|part| &mut part[block.clone()]);
        let moved = &mut room[..values.len()];
        moved.copy_from_slice(values);
        dispatch(UpdateChunk { rule, values: &mut *values, gradient, state });
        moved.iter_mut().zip(&*values).for_each(|(old, new)| *old = new - *old);
        for (sum, of) in squares.iter_mut().zip([&*values, gradient, moved]) {
            *sum += square_sum(of);
        }
    }
    squares
}

/// One task's part of the arrays, all of the same length.
struct UpdateChunk<'a, const S: usize, R> {
    rule: &'a R,
    values: &'a mut [f32],
    gradient: &'a [f32],
    state: [&'a mut [f32]; S],
}

impl<const S: usize, R: Rule<S>> Kernel for UpdateChunk<'_, S, R> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let length = self.values.len();
        // A copy, which no store can be taken to change.
        let rule = *self.rule;
        let values = self.values.as_mut_ptr();
        let gradient = self.gradient.as_ptr();
        let state = self.state.each_mut().map(|s| s.as_mut_ptr());
        let whole = length - length % V::LANES;
        let mut at = 0;
        while at < whole {
            // SAFETY: `at + LANES <= length`, the length of every array.
            unsafe {
                let old = state.map(|s| V::load(s.add(at)));
                let (value, new) =
                    rule.apply(V::load(values.add(at)), V::load(gradient.add(at)), old);
                value.store(values.add(at));
                for (target, new) in state.into_iter().zip(new) {
                    new.store(target.add(at));
                }
            }
            at += V::LANES;
        }
        let rest = length - whole;
        if rest > 0 {
            // SAFETY: `rest` elements remain after `at` in every array.
            unsafe {
                let old = state.map(|s| V::load_part(s.add(at), rest));
                let (value, new) = rule.apply(
                    V::load_part(values.add(at), rest),
                    V::load_part(gradient.add(at), rest),
                    old,
                );
                value.store_part(values.add(at), rest);
                for (target, new) in state.into_iter().zip(new) {
                    new.store_part(target.add(at), rest);
                }
            }
        }
    }
}

/// `gradient`, negated where the objective is maximised, plus the L2 penalty's share.
#[inline(always)]
fn with_decay<V: Vector>(gradient: V, value: V, weight_decay: f32, maximize: bool) -> V {
    let gradient = if maximize { gradient.neg() } else { gradient };
    if weight_decay == 0.0 { gradient } else { V::splat(weight_decay).mul_add(value, gradient) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use crate::threads::with_count;

    /// Every element is updated alike, at every length and for every number of threads.
    #[test]
    fn tails_and_threads_make_no_difference() {
        let step = AdamStep { learning_rate: 0.1, ..AdamStep::default() };
        let lengths = [0, 1, 7, 8, 9, 31, CHUNK + 5, 3 * CHUNK];
        for length in lengths.into_iter().take(if cfg!(miri) { 6 } else { 8 }) {
            let mut rng = Rng::new(length as u64);
            let draw = |rng: &mut Rng| (0..length).map(|_| rng.normal()).collect::<Vec<_>>();
            let (values, gradient) = (draw(&mut rng), draw(&mut rng));
            let run = |threads: usize| {
                with_count(threads, || {
                    let (mut v, mut m) = (values.clone(), vec![0.5; length]);
                    let mut s = vec![0.25; length];
                    adam(step, Parameter::new(&mut v, &gradient), &mut m, &mut s, None);
                    (v, m, s)
                })
            };
            let expected = run(1);
            assert_eq!(run(3), expected);
            for i in (0..length).step_by(97) {
                let (mut v, mut m, mut s) = ([values[i]], [0.5], [0.25]);
                adam(step, Parameter::new(&mut v, &gradient[i..=i]), &mut m, &mut s, None);
                assert_eq!((v[0], m[0], s[0]), (expected.0[i], expected.1[i], expected.2[i]));
            }
        }
    }

    /// What is known of an update changes no value, and is the same for every number of threads.
    #[test]
    #[cfg_attr(miri, ignore = "too much work for an interpreter")]
    fn norms_come_with_the_update() {
        let length = 2 * CHUNK + 77;
        let mut rng = Rng::new(3);
        let old: Vec<f32> = (0..length).map(|_| rng.normal()).collect();
        let gradient: Vec<f32> = (0..length).map(|_| rng.normal()).collect();
        let step = SgdStep { learning_rate: 0.1, ..SgdStep::default() };
        let run = |threads: usize| {
            with_count(threads, || {
                let (mut values, mut norms) = (old.clone(), UpdateNorms::default());
                let of =
                    Parameter { values: &mut values, gradient: &gradient, norms: Some(&mut norms) };
                sgd(step, of, None);
                (values, norms)
            })
        };
        let (values, norms) = run(1);
        assert_eq!(run(3), (values.clone(), norms));
        let mut plain = old.clone();
        sgd(step, Parameter::new(&mut plain, &gradient), None);
        assert_eq!(values, plain);
        let of = |x: &[f32]| x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let moved: Vec<f32> = values.iter().zip(&old).map(|(new, old)| new - old).collect();
        for (norm, x) in
            [(norms.weight, &values), (norms.gradient, &gradient), (norms.update, &moved)]
        {
            assert!((norm / of(x) - 1.0).abs() < 1e-6, "{norm} {}", of(x));
        }
    }
}
