//! Every kernel against the definition in double precision.

use proptest::prelude::*;

use super::*;
use crate::activation::Activation;
use crate::cpu::isa::on_each_isa;
use crate::precision::Precision;
use crate::random::Rng;
use crate::threads::with_count;

mod options;

pub(super) use options::{Options, Padding, geometry};

impl<'a> From<&'a [f32]> for ForwardWeight<'a> {
    fn from(values: &'a [f32]) -> Self {
        Self { values, transformed: None }
    }
}

/// The products of the definition: `visit(input index, weight index, output index)`.
fn each_product(g: &Geometry, mut visit: impl FnMut(usize, usize, usize)) {
    let (channels, filters) = (g.group_channels(), g.group_filters());
    for image in 0..g.batch {
        for place in 0..g.output[0] * g.output[1] {
            let place = [place / g.output[1], place % g.output[1]];
            for k in 0..g.kernel[0] * g.kernel[1] {
                let kernel = [k / g.kernel[1], k % g.kernel[1]];
                let at = [0, 1].map(|a: usize| {
                    (place[a] * g.stride[a] + kernel[a] * g.dilation[a])
                        .checked_sub(g.padding[a])
                        .filter(|&x| x < g.input[a])
                });
                let [Some(y), Some(x)] = at else { continue };
                let pixel = (image * g.input[0] + y) * g.input[1] + x;
                let target = (image * g.output[0] + place[0]) * g.output[1] + place[1];
                for filter in 0..g.filters {
                    for c in 0..channels {
                        let channel = filter / filters * channels + c;
                        visit(
                            pixel * g.channels + channel,
                            (k * channels + c) * g.filters + filter,
                            target * g.filters + filter,
                        );
                    }
                }
            }
        }
    }
}

pub(super) struct Case {
    pub(super) g: Geometry,
    pub(super) input: Vec<f32>,
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) output_grad: Vec<f32>,
}

impl Case {
    pub(super) fn new(g: Geometry) -> Self {
        let mut rng = Rng::new(5);
        let mut normal = |n: usize| (0..n).map(|_| rng.normal()).collect::<Vec<_>>();
        Self {
            input: normal(g.batch * g.input[0] * g.input[1] * g.channels),
            weight: normal(g.weight_elements()),
            bias: normal(g.filters),
            output_grad: normal(g.output_pixels() * g.filters),
            g,
        }
    }

    /// Output, input gradient, weight gradient.
    pub(super) fn results(&self) -> [Vec<f32>; 3] {
        let g = &self.g;
        let mut output = vec![f32::NAN; self.output_grad.len()];
        let mut input_grads = vec![f32::NAN; self.input.len()];
        let mut weight_grads = vec![f32::NAN; self.weight.len()];
        let bias = Some(&self.bias[..]);
        let weight = self.weight[..].into();
        forward(g, &self.input, weight, bias, Activation::Identity, &mut output);
        input_grad(g, &self.output_grad, &self.weight, false, &mut input_grads);
        weight_grad(g, &self.input, &self.output_grad, &mut weight_grads);
        [output, input_grads, weight_grads]
    }

    /// The same by definition, each with the sum of magnitudes.
    pub(super) fn expected(&self) -> [Vec<(f64, f64)>; 3] {
        let zeros = |n: usize| vec![(0.0, 0.0); n];
        let lengths = [self.output_grad.len(), self.input.len(), self.weight.len()];
        let [mut output, mut input, mut weight] = lengths.map(zeros);
        for (i, sum) in output.iter_mut().enumerate() {
            let bias = f64::from(self.bias[i % self.g.filters]);
            *sum = (bias, bias.abs());
        }
        each_product(&self.g, |x, w, y| {
            let add = |sum: &mut (f64, f64), a: f32, b: f32| {
                let product = f64::from(a) * f64::from(b);
                *sum = (sum.0 + product, sum.1 + product.abs());
            };
            add(&mut output[y], self.input[x], self.weight[w]);
            add(&mut input[x], self.output_grad[y], self.weight[w]);
            add(&mut weight[w], self.input[x], self.output_grad[y]);
        });
        [output, input, weight]
    }

    fn check(&self) {
        let expected = self.expected();
        let mut all = on_each_isa(|| self.results());
        all.push(self.results());
        for results in all {
            for (what, (got, want)) in results.iter().zip(&expected).enumerate() {
                for (i, (&got, want)) in got.iter().zip(want).enumerate() {
                    let error = (f64::from(got) - want.0).abs();
                    assert!(
                        error <= 1e-6 * (1.0 + want.1),
                        "result {what}, element {i}: {got}, not {} of {:?}",
                        want.0,
                        self.g
                    );
                }
            }
        }
    }
}

prop_compose! {
    fn options()(
        stride in [1..4usize, 1..4usize],
        dilation in [1..4usize, 1..4usize],
        padding in prop_oneof![
            Just(Padding::Valid),
            Just(Padding::Same),
            [0..4usize, 0..4usize, 0..4usize, 0..4usize].prop_map(|[top, bottom, left, right]| {
                Padding::Explicit { top, bottom, left, right }
            }),
        ],
        groups in 1..5usize,
    ) -> Options {
        Options { stride, padding, dilation, groups, precision: Precision::Exact }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..Default::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "too much work for an interpreter")]
    fn any_options_match_the_definition(
        options in options(),
        batch in 0..4usize,
        image in [1..12usize, 1..12usize],
        kernel in [1..6usize, 1..6usize],
        channels in 1..12usize,
        filters in 1..20usize,
        depthwise in any::<bool>(),
    ) {
        let groups = if depthwise { channels } else { options.groups };
        let options = Options { groups, ..options };
        let (inputs, outputs) = match depthwise {
            true => (channels, channels),
            false => (channels * groups, filters * groups),
        };
        let input = [batch, image[0], image[1], inputs];
        let kernel = [kernel[0], kernel[1], inputs / groups, outputs];
        if let Some(g) = geometry(&options, input, kernel) {
            Case::new(g).check();
        }
    }

    /// Pixels side by side, with kernels that are not Winograd's.
    #[test]
    #[cfg_attr(miri, ignore = "too much work for an interpreter")]
    fn few_filters_match_the_definition(
        stride in [1..3usize, 1..4usize],
        padding in [0..4usize, 0..4usize, 0..4usize, 0..4usize],
        batch in 1..3usize,
        image in [1..9usize, 1..25usize],
        kernel in (1..4usize, prop_oneof![Just(2usize), Just(4), Just(7)]),
        channels in 1..9usize,
        filters in 1..9usize,
    ) {
        let [top, bottom, left, right] = padding;
        let padding = Padding::Explicit { top, bottom, left, right };
        let options = Options { stride, padding, ..Default::default() };
        let (input, kernel) =
            ([batch, image[0], image[1], channels], [kernel.0, kernel.1, channels, filters]);
        if let Some(g) = geometry(&options, input, kernel) {
            Case::new(g).check();
        }
    }
}

/// Sizes that random cases hardly reach: many chunks and tasks, long panels, large kernels.
#[test]
#[cfg_attr(miri, ignore = "too much work for an interpreter")]
fn large_sizes_match_the_definition() {
    let exact = Options { precision: Precision::Exact, ..Default::default() };
    let same = Options { padding: Padding::Same, ..exact };
    let cases = [
        (same, [5, 20, 24, 16], [3, 3, 16, 33]),
        (exact, [2, 14, 13, 64], [3, 3, 64, 10]),
        (same, [70, 2, 3, 7], [3, 3, 7, 20]),
        (same, [2, 13, 15, 2], [11, 11, 2, 3]),
        (Options { stride: [2, 2], ..same }, [3, 32, 32, 16], [1, 1, 16, 32]),
        (Options { groups: 40, ..same }, [3, 30, 31, 40], [5, 5, 1, 40]),
        (same, [1, 3, 3, 40], [3, 3, 40, 40]),
        // Tiles that begin and end in the same row of two images.
        (Options { padding: Padding::all(2), ..same }, [5, 2, 2, 3], [5, 5, 3, 4]),
        (Options { stride: [3, 2], ..same }, [3, 5, 4, 3], [5, 3, 3, 4]),
    ];
    for (options, input, kernel) in cases {
        Case::new(geometry(&options, input, kernel).unwrap()).check();
    }
}

/// One of each kind: plain, strided, dilated, in groups, depthwise, with pixels side by side, and
/// Winograd's where it suits. Small enough for an interpreter.
#[test]
fn small_sizes_of_every_kind_match_the_definition() {
    let exact = Options { precision: Precision::Exact, ..Default::default() };
    let same = Options { padding: Padding::Same, ..exact };
    let kinds = [
        (Options { groups: 2, ..same }, [1, 2, 2, 2], [2, 1, 1, 2]),
        (Options { stride: [2, 1], ..same }, [1, 2, 3, 1], [2, 2, 1, 3]),
        (same, [2, 3, 4, 2], [3, 3, 2, 5]),
        (Options { stride: [2, 1], ..same }, [1, 4, 3, 2], [2, 3, 2, 3]),
        (Options { dilation: [1, 2], ..same }, [1, 3, 5, 2], [2, 2, 2, 3]),
        (Options { groups: 2, ..same }, [1, 3, 3, 4], [2, 2, 2, 6]),
        (Options { groups: 3, ..same }, [2, 3, 3, 3], [3, 2, 1, 3]),
        (Options { precision: Precision::Fast, ..same }, [1, 2, 4, 1], [2, 4, 1, 2]),
    ];
    for (options, input, kernel) in kinds.into_iter().take(if cfg!(miri) { 2 } else { 9 }) {
        let case = Case::new(geometry(&options, input, kernel).unwrap());
        with_count(2, || case.check());
    }
}

#[test]
fn relu_at_the_store_keeps_nan() {
    let g = geometry(&Options::default(), [1, 1, 3, 1], [1, 1, 1, 1]).unwrap();
    let mut output = [0.0; 3];
    let weight = [3.0][..].into();
    forward(&g, &[-1.0, f32::NAN, 2.0], weight, None, Activation::Relu, &mut output);
    assert!(output[0] == 0.0 && output[1].is_nan() && output[2] == 6.0);
}

#[test]
#[cfg_attr(miri, ignore = "too much work for an interpreter")]
fn input_gradients_add_to_what_is_there() {
    let plain = Options::default();
    let same = Options { padding: Padding::Same, ..plain };
    let exact = Options { precision: Precision::Exact, ..same };
    let strided = Options { stride: [2, 2], ..same };
    for (options, weight) in [
        (same, [3, 3, 16, 24]),
        (exact, [3, 3, 16, 24]),
        (strided, [3, 3, 16, 9]),
        // Three quarters of the pixels have no gradient.
        (strided, [1, 1, 16, 9]),
        // Two input pixels side by side.
        (same, [2, 4, 4, 9]),
    ] {
        let case = Case::new(geometry(&options, [3, 9, 10, weight[2]], weight).unwrap());
        let run = |accumulate, grad: &mut [f32]| {
            input_grad(&case.g, &case.output_grad, &case.weight, accumulate, grad);
        };
        let check = || {
            let (mut alone, mut sum) = (vec![f32::NAN; case.input.len()], case.input.clone());
            run(false, &mut alone);
            run(true, &mut sum);
            for ((sum, alone), before) in sum.iter().zip(&alone).zip(&case.input) {
                assert_eq!(*sum, alone + before, "{weight:?}");
            }
            sum
        };
        let expected = with_count(1, check);
        assert_eq!(with_count(2, check), expected);
        on_each_isa(check);
    }
}
