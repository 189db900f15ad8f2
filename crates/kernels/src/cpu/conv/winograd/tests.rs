//! Against the definition in double precision.

use proptest::prelude::*;

use super::super::epilogue::ConvEpilogue;
use super::super::tests::{Case, Options, Padding, geometry};
use crate::activation::Activation;
use crate::cpu::isa::on_each_isa;
use crate::precision::Precision;
use crate::threads::with_count;

/// Output, input gradient, weight gradient, whatever the sizes.
fn results(case: &Case, activation: Activation) -> [Vec<f32>; 3] {
    let g = &case.g;
    let mut output = vec![f32::NAN; case.output_grad.len()];
    let mut input_grad = vec![f32::NAN; case.input.len()];
    let mut weight_grad = vec![f32::NAN; case.weight.len()];
    let finish = ConvEpilogue { bias: Some(&case.bias), activation, accumulate: false };
    super::forward(g, &case.input, &case.weight, None, finish, &mut output);
    let finish = ConvEpilogue { bias: None, activation: Activation::Identity, accumulate: false };
    super::input_grad(g, &case.output_grad, &case.weight, finish, &mut input_grad);
    super::weight_grad(g, &case.input, &case.output_grad, &mut weight_grad);
    [output, input_grad, weight_grad]
}

/// The largest error of each result, as a part of the largest value.
fn errors(case: &Case, results: &[Vec<f32>; 3], of: fn(&(f64, f64)) -> f64) -> [f64; 3] {
    let expected = case.expected();
    std::array::from_fn(|what| {
        let largest = expected[what].iter().map(of).fold(0.0, f64::max);
        let each = results[what].iter().zip(&expected[what]);
        let error = |(&got, want): (&f32, &(f64, f64))| {
            let error = (f64::from(got) - want.0).abs();
            if error.is_nan() { f64::INFINITY } else { error }
        };
        each.map(error).fold(0.0, f64::max) / largest.max(1e-30)
    })
}

fn case(padding: Padding, kernel: usize, input: [usize; 4], filters: usize) -> Option<Case> {
    let options = Options { padding, ..Default::default() };
    geometry(&options, input, [kernel, kernel, input[3], filters]).map(Case::new)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..Default::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "too much work for an interpreter")]
    fn any_sizes_match_the_definition(
        padding in prop_oneof![
            Just(Padding::Valid),
            Just(Padding::Same),
            [0..5usize, 0..5usize, 0..5usize, 0..5usize].prop_map(|[top, bottom, left, right]| {
                Padding::Explicit { top, bottom, left, right }
            }),
        ],
        batch in 0..6usize,
        image in [1..21usize, 1..21usize],
        channels in 1..41usize,
        filters in 1..41usize,
        kernel in prop_oneof![Just(3usize), Just(5usize)],
    ) {
        if let Some(case) = case(padding, kernel, [batch, image[0], image[1], channels], filters) {
            for results in on_each_isa(|| results(&case, Activation::Identity)) {
                // Of the largest sum of magnitudes: few values may all be small by chance. A sum over
                // a single channel has been seen to reach 6e-6.
                let errors = errors(&case, &results, |want| want.1);
                prop_assert!(errors.iter().all(|&error| error < 1e-5), "{errors:?} of {:?}", case.g);
            }
        }
    }
}

/// Sizes that random cases do not reach: many blocks, chunks and parts, more filters than a block
/// holds.
#[test]
#[cfg_attr(miri, ignore = "too much work for an interpreter")]
fn large_sizes_are_accurate() {
    for (kernel, input, filters) in [
        (3, [8, 26, 26, 32], 64),
        (3, [3, 32, 32, 16], 16),
        (3, [8, 8, 8, 64], 64),
        (3, [2, 9, 11, 130], 150),
        (3, [1, 5, 5, 8], 8),
        (5, [8, 14, 14, 20], 50),
        (5, [2, 9, 11, 130], 150),
        (5, [1, 7, 7, 8], 8),
    ] {
        let case = case(Padding::Same, kernel, input, filters).unwrap();
        let errors = errors(&case, &results(&case, Activation::Identity), |want| want.0.abs());
        assert!(errors.iter().all(|&error| error < 1e-5), "{errors:?} of {:?}", case.g);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too much work for an interpreter")]
fn bits_do_not_depend_on_threads() {
    for kernel in [3, 5] {
        let case = case(Padding::Same, kernel, [7, 13, 14, 19], 70).unwrap();
        let one = with_count(1, || results(&case, Activation::Tanh));
        for threads in [2, 3, 8] {
            assert!(with_count(threads, || results(&case, Activation::Tanh)) == one);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too much work for an interpreter")]
fn an_image_does_not_depend_on_those_beside_it() {
    for kernel in [3, 5] {
        let many = case(Padding::all(1), kernel, [5, 10, 9, 12], 17).unwrap();
        let mut one = case(Padding::all(1), kernel, [1, 10, 9, 12], 17).unwrap();
        (one.weight, one.bias) = (many.weight.clone(), many.bias.clone());
        let image = 3 * one.input.len()..4 * one.input.len();
        one.input.copy_from_slice(&many.input[image]);
        let [output, ..] = results(&one, Activation::Identity);
        let all = results(&many, Activation::Identity);
        assert!(output == all[0][3 * output.len()..4 * output.len()]);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too much work for an interpreter")]
fn activations_join_at_the_store() {
    let case = case(Padding::Same, 3, [2, 6, 7, 9], 13).unwrap();
    let [plain, ..] = results(&case, Activation::Identity);
    for activation in [Activation::Relu, Activation::Sigmoid, Activation::LeakyRelu { slope: 0.1 }]
    {
        let [output, ..] = results(&case, activation);
        for (y, x) in output.iter().zip(&plain) {
            let expected = match activation {
                Activation::Relu => x.max(0.0),
                Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
                _ => x.max(0.1 * x),
            };
            assert!((y - expected).abs() < 1e-6, "{activation:?} of {x}: {y}");
        }
    }
}

#[test]
fn relu_keeps_nan() {
    let (pixels, channels) = if cfg!(miri) { (2, 1) } else { (4, 8) };
    let mut case = case(Padding::Same, 3, [1, pixels, pixels, channels], channels).unwrap();
    case.input.fill(f32::NAN);
    assert!(results(&case, Activation::Relu)[0].iter().all(|y| y.is_nan()));
}

#[test]
fn only_fast_precision_and_plain_kernels_come_here() {
    let options = Options { padding: Padding::Same, ..Default::default() };
    let suits = |options: Options, input: [usize; 4], kernel: [usize; 4]| {
        let g = geometry(&options, input, kernel).unwrap();
        [super::suits_forward(&g), super::suits_input_grad(&g), super::suits_weight_grad(&g)]
    };
    let (input, kernel) = ([4, 32, 32, 16], [3, 3, 16, 16]);
    assert_eq!(suits(options, input, kernel), [true; 3]);
    for other in [
        Options { precision: Precision::Exact, ..options },
        Options { stride: [1, 2], ..options },
        Options { dilation: [2, 1], ..options },
    ] {
        assert_eq!(suits(other, input, kernel), [false; 3]);
    }
    assert_eq!(suits(options, input, [5, 5, 16, 16]), [true; 3]);
    assert_eq!(suits(options, input, [3, 5, 16, 16]), [false; 3]);
    assert_eq!(suits(options, input, [7, 7, 16, 16]), [false; 3]);
    assert_eq!(suits(Options { groups: 2, ..options }, input, [3, 3, 8, 16]), [false; 3]);
    // One channel pays the other way only, where the filters are the source, and no pixels are
    // computed side by side: 31 is a prime number.
    assert_eq!(suits(options, [4, 31, 31, 1], [3, 3, 1, 32]), [false, true, false]);
    assert_eq!(suits(options, [4, 32, 32, 1], [3, 3, 1, 32]), [false; 3]);
    assert_eq!(suits(options, [4, 1, 1, 64], [3, 3, 64, 64]), [false; 3]);
}

/// The setting reaches the kernels.
#[test]
#[cfg_attr(miri, ignore = "too much work for an interpreter")]
fn exact_takes_the_products_of_the_definition() {
    let of = |precision| {
        let options = Options { padding: Padding::Same, precision, ..Default::default() };
        let case = Case::new(geometry(&options, [2, 16, 16, 16], [3, 3, 16, 16]).unwrap());
        let by_setting = case.results();
        (case, by_setting)
    };
    let (case, exact) = of(Precision::Exact);
    let errors = errors(&case, &exact, |want| want.0.abs());
    assert!(errors.iter().all(|&error| error < 1e-6), "{errors:?}");
    let (case, fast) = of(Precision::Fast);
    assert!(fast != exact);
    assert!(fast == results(&case, Activation::Identity));
}
