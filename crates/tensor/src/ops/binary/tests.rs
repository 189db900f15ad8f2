//! What every function in the table must pass, beside the tests of all operations.

use super::TABLE;
use crate::gradients::Gradients;
use crate::ops::check::Sample;
use crate::tensor::Tensor;

type Run = fn(&Tensor, &Tensor) -> Tensor;

/// A function and the same in double precision, with its derivatives.
pub(crate) struct Check {
    run: Run,
    value: fn(f64, f64) -> f64,
    derivatives: fn(f64, f64) -> [f64; 2],
}

impl Check {
    pub(crate) fn new(
        run: Run,
        value: fn(f64, f64) -> f64,
        derivatives: fn(f64, f64) -> [f64; 2],
    ) -> Self {
        Self { run, value, derivatives }
    }
}

/// Shapes of pairs: equal, scalars, rows, columns, both stretched, more axes, long and ragged.
const SHAPES: [(&[usize], &[usize]); 9] = [
    (&[3, 5], &[3, 5]),
    (&[3, 5], &[]),
    (&[1], &[4, 3]),
    (&[4, 3], &[3]),
    (&[4, 3], &[4, 1]),
    (&[4, 1], &[1, 3]),
    (&[2, 1, 3, 1], &[5, 1, 2]),
    (&[2, 3, 2], &[3, 1]),
    (&[1, 2, 1], &[2, 2, 1]),
];

/// Positive values, apart by more than the step of the differences.
pub(super) fn samples() -> Vec<Sample> {
    let value = |i: usize, offset: f32| 0.5 + (i * 11 % 17) as f32 / 10.0 + offset;
    let tensor = |shape: &[usize], offset: f32| {
        let values = (0..shape.iter().product()).map(|i| value(i, offset)).collect();
        Tensor::from_vec(values, shape)
    };
    let mut samples = Vec::new();
    for &(module, check) in TABLE {
        for (left, right) in SHAPES {
            let run = check().run;
            let sample = Sample::new(module, [left, right], move |x| run(&x[0], &x[1]));
            samples.push(sample.with_inputs(vec![tensor(left, 0.0), tensor(right, 0.05)]));
        }
    }
    let shapes: [&[usize]; 2] = [&[70, 300], &[300]];
    samples.push(Sample::new("large", shapes, |x| x[0].mul(&x[1])));
    samples
}

#[test]
fn values_and_derivatives_match_double_precision() {
    let points = [0.25f32, 0.5, 1.0, 1.5, 2.0, 3.25, 7.0];
    let close = |got: f32, want: f64| (f64::from(got) - want).abs() <= 1e-6 * want.abs();
    for (name, check) in TABLE {
        let check = check();
        let a = Tensor::from_slice(&points, [7, 1]).with_grad();
        for b in points {
            let b = Tensor::scalar(b).with_grad();
            let y = (check.run)(&a, &b);
            let mut gradients = Gradients::default();
            y.backward_from(Tensor::ones(y.shape()), &mut gradients);
            let (da, db) = (gradients.get(&a).unwrap(), gradients.get(&b).unwrap());
            let mut sum = 0.0;
            for (i, &a) in points.iter().enumerate() {
                let (a, b) = (f64::from(a), f64::from(b.item()));
                let [left, right] = (check.derivatives)(a, b);
                sum += right;
                assert!(close(y.as_slice()[i], (check.value)(a, b)), "{name}({a}, {b})");
                assert!(close(da.as_slice()[i], left), "{name}: derivative by {a}");
            }
            assert!((f64::from(db.item()) - sum).abs() < 1e-5 * sum.abs().max(1.0), "{name}");
        }
    }
}

#[test]
fn broadcasting_matches_an_index_by_index_loop() {
    for (left, right) in SHAPES {
        let count = |shape: &[usize]| (0..shape.iter().product::<usize>()).map(|i| i as f32);
        let a = Tensor::from_vec(count(left).collect(), left);
        let b = Tensor::from_vec(count(right).map(|x| 100.0 * x).collect(), right);
        let y = a.add(&b);
        let at = |x: &Tensor, index: &[usize]| {
            let skip = index.len() - x.rank();
            let place = x.dims().iter().zip(&index[skip..]);
            let i = place.fold(0, |i, (&n, &k)| i * n + if n == 1 { 0 } else { k });
            x.as_slice()[i]
        };
        for (i, &got) in y.as_slice().iter().enumerate() {
            let (mut index, mut rest) = (vec![0; y.rank()], i);
            for axis in (0..y.rank()).rev() {
                index[axis] = rest % y.dims()[axis];
                rest /= y.dims()[axis];
            }
            assert_eq!(got, at(&a, &index) + at(&b, &index), "{left:?} {right:?} at {index:?}");
        }
    }
}

#[test]
fn long_rows_and_many_short_rows() {
    for (rows, columns) in [(3, 20_000), (9000, 3), (2, 8193)] {
        let a = Tensor::full([rows, columns], 2.0);
        let b = Tensor::from_vec((0..columns).map(|i| i as f32).collect(), [columns]);
        let y = a.mul(&b);
        let right = |(i, &y): (usize, &f32)| y == 2.0 * (i % columns) as f32;
        assert!(y.as_slice().iter().enumerate().all(right), "{rows} {columns}");
    }
}

#[test]
fn nan_reaches_the_result_from_either_side() {
    let (nan, x) = (Tensor::full([9], f32::NAN), Tensor::full([9], 2.0));
    for (name, check) in TABLE {
        let run = check().run;
        let all = |y: Tensor| y.as_slice().iter().all(|y| y.is_nan());
        assert!(all(run(&nan, &x)) && all(run(&x, &nan)), "{name}");
    }
}

#[test]
fn empty_tensors() {
    assert_eq!(Tensor::zeros([0, 3]).add(&Tensor::zeros([3])).dims(), [0, 3]);
}

#[test]
#[should_panic(expected = "add: shapes 2×3 and 2 do not broadcast")]
fn shapes_that_do_not_broadcast() {
    let _ = Tensor::zeros([2, 3]).add(&Tensor::zeros([2]));
}

#[test]
fn gradients_of_powers_at_zero() {
    let a = Tensor::from_slice(&[0.0, 0.0], [2]).with_grad();
    let b = Tensor::from_slice(&[0.0, 2.0], [2]).with_grad();
    let mut gradients = Gradients::default();
    a.pow(&b).backward_from(Tensor::ones([2]), &mut gradients);
    assert_eq!(gradients.get(&a).unwrap().as_slice(), [0.0, 0.0]);
    assert_eq!(gradients.get(&b).unwrap().as_slice(), [0.0, 0.0]);
}

#[test]
fn an_operand_used_twice_gets_both_gradients() {
    let x = Tensor::from_slice(&[3.0], [1]).with_grad();
    assert_eq!(x.mul(&x).backward().get(&x).unwrap().item(), 6.0);
    assert_eq!(x.add(&x).backward().get(&x).unwrap().item(), 2.0);
    assert_eq!(x.sub(&x).backward().get(&x).unwrap().item(), 0.0);
}
