use glassbox_kernels::Rng;
use glassbox_kernels::testing::on_each_isa;
use proptest::prelude::*;

use super::*;
use crate::gradients::Gradients;
use crate::threads::with_count;

struct Case {
    x: Tensor,
    scale: Tensor,
    shift: Tensor,
    output_grad: Tensor,
    rows: usize,
    channels: usize,
}

impl Case {
    /// Values of different mean and spread in every channel.
    fn new(rows: usize, channels: usize, offset: f32) -> Self {
        let mut rng = Rng::new((rows * 1000 + channels) as u64);
        let mut normal = |length: usize| (0..length).map(|_| rng.normal()).collect::<Vec<_>>();
        let (means, spreads) = (normal(channels), normal(channels));
        let mut x = normal(rows * channels);
        for (i, x) in x.iter_mut().enumerate() {
            let c = i % channels;
            *x = offset * means[c] + (0.5 + spreads[c].abs()) * *x;
        }
        Self {
            x: Tensor::from_vec(x, [rows, channels]),
            scale: Tensor::from_vec(normal(channels), [channels]),
            shift: Tensor::from_vec(normal(channels), [channels]),
            output_grad: Tensor::from_vec(normal(rows * channels), [rows, channels]),
            rows,
            channels,
        }
    }

    fn column(tensor: &Tensor, c: usize) -> Vec<f64> {
        let channels = *tensor.dims().last().unwrap();
        tensor.as_slice().iter().skip(c).step_by(channels).map(|&x| f64::from(x)).collect()
    }

    /// Compares with the formulas in double precision, channel by channel.
    fn check(&self, fixed: Option<(&Tensor, &Tensor)>, relu: bool, epsilon: f32, tolerance: f64) {
        let leaves = [&self.x, &self.scale, &self.shift].map(Tensor::with_grad);
        let mode = match fixed {
            Some((mean, variance)) => BatchNormMode::Eval { mean, variance },
            None => BatchNormMode::Train,
        };
        let activation = if relu { Activation::Relu } else { Activation::Identity };
        let [x, scale, shift] = &leaves;
        let (y, statistics) = x.batch_norm(Some(scale), Some(shift), mode, epsilon, activation);
        let mut gradients = Gradients::default();
        y.backward_from(self.output_grad.clone(), &mut gradients);
        let n = self.rows as f64;
        let close = |what: &str, got: f64, want: f64, size: f64| {
            assert!(
                (got - want).abs() <= tolerance * size.max(1.0),
                "{what} of {}×{}: {got}, not {want}",
                self.rows,
                self.channels
            );
        };
        for c in 0..self.channels {
            let x = Self::column(&self.x, c);
            let dy = Self::column(&self.output_grad, c);
            let (mean, variance) = match fixed {
                Some((m, v)) => (f64::from(m.as_slice()[c]), f64::from(v.as_slice()[c])),
                None => {
                    let mean = x.iter().sum::<f64>() / n;
                    (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
                }
            };
            if let Some(statistics) = &statistics {
                close("mean", statistics.mean.as_slice()[c].into(), mean, mean.abs());
                close("variance", statistics.variance.as_slice()[c].into(), variance, variance);
                let unbiased = statistics.unbiased_variance().as_slice()[c];
                close("unbiased", unbiased.into(), variance * n / (n - 1.0), variance);
            }
            let (scale, shift) = (self.scale.as_slice()[c] as f64, self.shift.as_slice()[c] as f64);
            let inverse = 1.0 / (variance + f64::from(epsilon)).sqrt();
            let normal: Vec<f64> = x.iter().map(|x| (x - mean) * inverse).collect();
            let z: Vec<f64> = normal.iter().map(|x| x * scale + shift).collect();
            // Where rounding decides the sign, the result decides which side is meant.
            let got_y = Self::column(&y, c);
            let open: Vec<bool> = got_y.iter().map(|&y| !relu || y > 0.0).collect();
            let d: Vec<f64> =
                dy.iter().zip(&open).map(|(dy, &o)| if o { *dy } else { 0.0 }).collect();
            let sum: f64 = d.iter().sum();
            let product: f64 = d.iter().zip(&normal).map(|(d, x)| d * x).sum();
            let got = |leaf: &Tensor| Self::column(gradients.get(leaf).unwrap(), c);
            let size = n.sqrt();
            close("shift's gradient", got(&leaves[2])[0], sum, size);
            close("scale's gradient", got(&leaves[1])[0], product, size);
            let got_dx = got(&leaves[0]);
            for i in 0..self.rows {
                close("output", got_y[i], if relu { z[i].max(0.0) } else { z[i] }, z[i].abs());
                let centring = if fixed.is_some() { 0.0 } else { (sum + normal[i] * product) / n };
                let want = scale * inverse * (d[i] - centring);
                close("input's gradient", got_dx[i], want, (scale * inverse).abs() * 4.0);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn matches_the_formulas(
        rows in 2usize..700, channels in 1usize..70, offset in 0f32..100.0, relu: bool,
    ) {
        let case = Case::new(rows, channels, offset);
        case.check(None, relu, 1e-5, 2e-5);
        on_each_isa(|| case.check(None, relu, 1e-5, 2e-5));
    }

    #[test]
    fn fixed_statistics_match_the_formulas(
        rows in 1usize..100, channels in 1usize..70, relu: bool,
    ) {
        let case = Case::new(rows, channels, 3.0);
        let mean = case.shift.clone();
        let variance = Tensor::build([channels], |out| {
            out.iter_mut().zip(case.scale.as_slice()).for_each(|(v, s)| *v = 0.1 + s * s);
        });
        case.check(Some((&mean, &variance)), relu, 1e-3, 2e-5);
        on_each_isa(|| case.check(Some((&mean, &variance)), relu, 1e-3, 2e-5));
    }
}

#[test]
fn a_large_mean_costs_no_accuracy() {
    Case::new(20_000, 3, 3e3).check(None, false, 1e-5, 5e-4);
    let far = Tensor::build([1000, 1], |x| {
        x.iter_mut().enumerate().for_each(|(i, x)| *x = 1e6 + (i % 2) as f32);
    });
    let (_, statistics) =
        far.batch_norm(None, None, BatchNormMode::Train, 1e-5, Activation::Identity);
    assert_eq!(statistics.unwrap().variance.item(), 0.25);
}

#[test]
fn one_distant_row_does_not_spoil_the_others() {
    let mut x = Case::new(4096, 16, 1.0);
    x.x.make_mut()[..16].fill(-3e4);
    x.check(None, false, 1e-5, 1e-4);
}

#[test]
fn not_a_number_stays_in_its_channel() {
    let mut x = Case::new(50, 5, 1.0).x;
    x.make_mut()[7] = f32::NAN;
    let (y, statistics) = x.batch_norm(None, None, BatchNormMode::Train, 1e-5, Activation::Relu);
    let statistics = statistics.unwrap();
    for (i, y) in y.as_slice().iter().enumerate() {
        assert_eq!(y.is_nan(), i % 5 == 2);
    }
    assert!(statistics.mean.as_slice()[2].is_nan() && statistics.variance.as_slice()[2].is_nan());
    assert!(!statistics.variance.as_slice()[1].is_nan());
}

#[test]
fn a_shared_gradient_is_not_overwritten() {
    let case = Case::new(20, 4, 1.0);
    let x = case.x.with_grad();
    let (y, _) = x.batch_norm(None, None, BatchNormMode::Train, 1e-5, Activation::Identity);
    let before = case.output_grad.to_vec();
    let mut gradients = Gradients::default();
    y.backward_from(case.output_grad.clone(), &mut gradients);
    assert_eq!(case.output_grad.as_slice(), before);
    // The same again, with the gradient's memory free to use.
    let (y, _) = x.batch_norm(None, None, BatchNormMode::Train, 1e-5, Activation::Identity);
    let mut again = Gradients::default();
    y.backward_from(Tensor::from_vec(before, [20, 4]), &mut again);
    assert_eq!(gradients.get(&x).unwrap().as_slice(), again.get(&x).unwrap().as_slice());
}

/// `batch_norm_add` is `batch_norm` and `add_activation`, for any sizes.
#[test]
fn an_addend_joins_before_the_activation() {
    let activations =
        [Activation::Identity, Activation::Relu, Activation::Tanh, Activation::Elu { alpha: -0.5 }];
    for (rows, channels) in [(2, 1), (37, 5), (300, 16), (1001, 24), (70, 64)] {
        let case = Case::new(rows, channels, 2.0);
        let addend = Tensor::build([rows, channels], |out| {
            out.iter_mut().zip(case.output_grad.as_slice()).for_each(|(a, x)| *a = 1.5 - x);
        });
        for activation in activations {
            let run = |fused: bool, shared: bool| {
                let leaves = [&case.x, &case.scale, &case.shift, &addend].map(Tensor::with_grad);
                let [x, scale, shift, addend] = &leaves;
                let (scale, shift, mode) = (Some(scale), Some(shift), BatchNormMode::Train);
                let y = if fused {
                    x.batch_norm_add(addend, scale, shift, mode, 1e-3, activation).0
                } else {
                    let y = x.batch_norm(scale, shift, mode, 1e-3, Activation::Identity).0;
                    y.add_activation(addend, activation)
                };
                let mut gradients = Gradients::default();
                let own = Tensor::from_slice(case.output_grad.as_slice(), [rows, channels]);
                y.backward_from(
                    if shared { case.output_grad.clone() } else { own },
                    &mut gradients,
                );
                let mut results = vec![y.to_vec()];
                results.extend(leaves.iter().map(|leaf| gradients.get(leaf).unwrap().to_vec()));
                results
            };
            let check = || {
                let (plain, fused) = (run(false, true), run(true, true));
                assert_eq!(fused, run(true, false));
                for (plain, fused) in plain.iter().zip(&fused) {
                    for (plain, fused) in plain.iter().zip(fused) {
                        let close = (plain - fused).abs() <= 1e-4 * plain.abs().max(1.0);
                        assert!(close, "{rows}×{channels}, {activation:?}: {fused}, not {plain}");
                    }
                }
                fused
            };
            let expected = with_count(1, check);
            assert_eq!(with_count(2, check), expected);
            on_each_isa(check);
        }
    }
}

#[test]
fn an_empty_batch_can_be_evaluated() {
    let (mean, variance) = (Tensor::zeros([3]), Tensor::ones([3]));
    let mode = BatchNormMode::Eval { mean: &mean, variance: &variance };
    let x = Tensor::zeros([0, 3]).with_grad();
    let (y, statistics) = x.batch_norm(None, None, mode, 1e-5, Activation::Identity);
    assert!(y.dims() == [0, 3] && statistics.is_none());
    let mut gradients = Gradients::default();
    y.backward_from(Tensor::zeros([0, 3]), &mut gradients);
    assert_eq!(gradients.get(&x).unwrap().dims(), [0, 3]);
}

#[test]
#[should_panic(expected = "no variance")]
fn one_row_cannot_be_trained_on() {
    let _ = Tensor::ones([1, 3]).batch_norm(
        None,
        None,
        BatchNormMode::Train,
        1e-5,
        Activation::Identity,
    );
}
