//! Pooling against plain loops in double precision.

use glassbox_kernels::Rng;
use glassbox_kernels::testing::on_each_isa;
use proptest::prelude::*;

use super::super::padding::Padding;
use super::super::pool_options::{AvgPoolOptions, MaxPoolOptions};
use crate::gradients::Gradients;
use crate::tensor::Tensor;

/// For every output element `(image, row, column, channel)` in order, its window's inputs: tap
/// positions (outside the image too) and the flat index of those inside.
fn windows(
    input: [usize; 4],
    output: [usize; 4],
    options: &MaxPoolOptions,
) -> Vec<Vec<([isize; 2], Option<usize>)>> {
    let [_, height, width, channels] = input;
    let padding =
        options.padding.resolve([height, width], options.window, options.stride, options.dilation);
    let mut all = Vec::new();
    for image in 0..output[0] {
        for row in 0..output[1] {
            for column in 0..output[2] {
                for channel in 0..channels {
                    let mut taps = Vec::new();
                    for i in 0..options.window[0] {
                        for j in 0..options.window[1] {
                            let at = |out: usize, tap: usize, axis: usize| {
                                (out * options.stride[axis] + tap * options.dilation[axis]) as isize
                                    - padding[axis].0 as isize
                            };
                            let (y, x) = (at(row, i, 0), at(column, j, 1));
                            let inside = (0..height as isize).contains(&y)
                                && (0..width as isize).contains(&x);
                            let flat = || {
                                ((image * height + y as usize) * width + x as usize) * channels
                                    + channel
                            };
                            taps.push(([y, x], inside.then(flat)));
                        }
                    }
                    all.push(taps);
                }
            }
        }
    }
    all
}

fn random(shape: [usize; 4], seed: u64, levels: usize) -> Tensor {
    let mut rng = Rng::new(seed);
    Tensor::build(shape, |out| {
        out.iter_mut().for_each(|x| *x = rng.below(levels) as f32 / 8.0 - 2.0);
    })
}

fn run(x: &Tensor, f: impl Fn(&Tensor) -> Tensor) -> (Tensor, Tensor, Tensor) {
    let x = x.with_grad();
    let y = f(&x);
    let dims: [usize; 4] = y.dims().try_into().unwrap();
    let output_grad = random(dims, 3, 1000);
    let mut gradients = Gradients::default();
    y.backward_from(output_grad.clone(), &mut gradients);
    (y, output_grad, gradients.get(&x).unwrap().clone())
}

/// Few levels, so that ties are common; NaN here and there.
fn check_max(shape: [usize; 4], options: &MaxPoolOptions, with_nan: bool) {
    let mut x = random(shape, 1, 6);
    if with_nan {
        x.make_mut().iter_mut().step_by(13).for_each(|x| *x = f32::NAN);
    }
    let (y, output_grad, grad) = run(&x, |x| x.max_pool(options));
    let (again, indices) = x.max_pool_with_indices(options);
    let evaluated = x.max_pool(options);
    let output: [usize; 4] = y.dims().try_into().unwrap();
    let mut expected_grad = vec![0f32; x.elements()];
    for (i, taps) in windows(shape, output, options).into_iter().enumerate() {
        let mut best: Option<(f32, usize, [isize; 2])> = None;
        for (position, flat) in taps.into_iter().filter_map(|(p, flat)| Some((p, flat?))) {
            let value = x.as_slice()[flat];
            if best.is_none_or(|(best, ..)| value > best || value.is_nan()) {
                best = Some((value, flat, position));
            }
        }
        let got = [&y, &again, &evaluated].map(|y| y.as_slice()[i].to_bits());
        let Some((value, flat, [row, column])) = best else {
            assert_eq!(got, [f32::NEG_INFINITY.to_bits(); 3]);
            continue;
        };
        assert_eq!(got, [value.to_bits(); 3], "element {i} of {shape:?} {options:?}");
        assert_eq!(indices.as_i32()[i] as isize, row * shape[2] as isize + column);
        expected_grad[flat] += output_grad.as_slice()[i];
    }
    assert_eq!(grad.as_slice(), expected_grad, "{shape:?} {options:?}");
}

fn check_average(shape: [usize; 4], options: &AvgPoolOptions) {
    let x = random(shape, 1, 1000);
    let (y, output_grad, grad) = run(&x, |x| x.avg_pool(options));
    let output: [usize; 4] = y.dims().try_into().unwrap();
    let AvgPoolOptions { window, stride, padding, ceil, .. } = *options;
    let moves = MaxPoolOptions { window, stride, padding, dilation: [1; 2], ceil };
    let [(_, bottom), (_, right)] = padding.resolve([shape[1], shape[2]], window, stride, [1; 2]);
    let mut expected_grad = vec![0f64; x.elements()];
    for (i, taps) in windows(shape, output, &moves).into_iter().enumerate() {
        let inside: Vec<usize> = taps.iter().filter_map(|(_, flat)| *flat).collect();
        let padded = taps.iter().filter(|([row, column], _)| {
            *row < (shape[1] + bottom) as isize && *column < (shape[2] + right) as isize
        });
        let counted = if options.count_padding { padded.count() } else { inside.len() };
        let divisor = options.divisor.unwrap_or(counted) as f64;
        let sum: f64 = inside.iter().map(|&flat| f64::from(x.as_slice()[flat])).sum();
        let expected = if inside.is_empty() { 0.0 } else { sum / divisor };
        let got = f64::from(y.as_slice()[i]);
        assert!((got - expected).abs() < 1e-3, "{got}, not {expected}: {shape:?} {options:?}");
        for flat in inside {
            expected_grad[flat] += f64::from(output_grad.as_slice()[i]) / divisor;
        }
    }
    for (got, expected) in grad.as_slice().iter().zip(expected_grad) {
        assert!((f64::from(*got) - expected).abs() < 2e-3, "{got}, not {expected}: {options:?}");
    }
}

fn paddings() -> impl Strategy<Value = Padding> {
    let explicit = (0usize..3, 0usize..3, 0usize..3, 0usize..3)
        .prop_map(|(top, bottom, left, right)| Padding::Explicit { top, bottom, left, right });
    prop_oneof![Just(Padding::Valid), Just(Padding::Same), explicit]
}

proptest! {
    #[test]
    fn maxima_match_plain_loops(
        (batch, height, width, channels) in (1usize..3, 1usize..12, 1usize..12, 1usize..20),
        window in [1usize..4, 1usize..4], stride in [1usize..4, 1usize..4],
        dilation in [1usize..3, 1usize..3], padding in paddings(), ceil: bool, with_nan: bool,
    ) {
        let options = MaxPoolOptions { window, stride, padding, dilation, ceil };
        let shape = [batch, height, width, channels];
        prop_assume!(options.output_shape(shape).is_ok());
        check_max(shape, &options, with_nan);
        on_each_isa(|| check_max(shape, &options, with_nan));
    }

    #[test]
    fn means_match_plain_loops(
        (batch, height, width, channels) in (1usize..3, 1usize..12, 1usize..12, 1usize..20),
        window in [1usize..4, 1usize..4], stride in [1usize..4, 1usize..4],
        padding in paddings(), ceil: bool, count_padding: bool,
        divisor in prop::option::of(1usize..5),
    ) {
        let options = AvgPoolOptions { window, stride, padding, ceil, count_padding, divisor };
        let shape = [batch, height, width, channels];
        prop_assume!(options.output_shape(shape).is_ok());
        check_average(shape, &options);
        on_each_isa(|| check_average(shape, &options));
    }
}

#[test]
fn windows_of_more_taps_than_a_byte_counts() {
    let options =
        MaxPoolOptions { stride: [3, 5], padding: Padding::Same, ..MaxPoolOptions::new([17, 18]) };
    check_max([1, 20, 21, 9], &options, false);
}

#[test]
fn images_large_enough_for_several_tasks() {
    check_max([3, 70, 64, 16], &MaxPoolOptions::new([2, 2]), false);
    let overlapping = MaxPoolOptions { stride: [2, 2], ..MaxPoolOptions::new([3, 3]) };
    check_max([2, 70, 64, 16], &overlapping, false);
    check_average([3, 70, 64, 16], &AvgPoolOptions::new([2, 2]));
}

#[test]
fn negative_infinity_is_a_value() {
    let x = Tensor::full([1, 2, 2, 1], f32::NEG_INFINITY);
    let (_, indices) = x.max_pool_with_indices(&MaxPoolOptions::new([2, 2]));
    assert_eq!(indices.as_i32(), [0]);
}

#[test]
fn an_empty_batch() {
    let x = Tensor::zeros([0, 4, 4, 3]).with_grad();
    let y = x.max_pool(&MaxPoolOptions::new([2, 2]));
    assert_eq!(y.dims(), [0, 2, 2, 3]);
    let mut gradients = Gradients::default();
    y.backward_from(Tensor::zeros([0, 2, 2, 3]), &mut gradients);
    assert_eq!(gradients.get(&x).unwrap().dims(), [0, 4, 4, 3]);
}

#[test]
#[should_panic(expected = "max_pool of 1×1×4×1")]
fn a_window_that_does_not_fit_panics() {
    let _ = Tensor::zeros([1, 1, 4, 1]).max_pool(&MaxPoolOptions::new([2, 2]));
}
