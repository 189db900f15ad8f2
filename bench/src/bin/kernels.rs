//! Runs one of the hot kernels a few times, on one thread and without a clock, for a program that
//! counts its instructions (`.ci/instructions`): `kernels NAME REPETITIONS`, or `kernels` for the
//! names. What two counts of repetitions differ by is the work of the kernel alone.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use glassbox::optimize::{AdamStep, Parameter, SgdStep, adam, sgd};
use glassbox::prelude::*;
use glassbox::{
    BatchNormMode, Conv2dOptions, CrossEntropy, MaxPoolOptions, Padding, Precision, RecurrentCell,
    RecurrentInput, RecurrentOptions, RecurrentWeights, denormals, threads,
};
use glassbox_bench::WORKLOADS;

/// One repetition; what it needs is made beforehand.
type Repeat = Box<dyn FnMut()>;

/// Sets a kernel up.
type Make = fn() -> Repeat;

/// The kernels by name. A repetition takes a few million instructions: enough to drown the
/// start, little enough to be counted in a second.
const KERNELS: &[(&str, Make)] = &[
    ("matmul 128x784x512", || product([128, 784], [784, 512], [false, false])),
    ("matmul, left transposed", || product([128, 784], [128, 512], [true, false])),
    ("matmul, right transposed", || product([128, 512], [784, 512], [false, true])),
    ("matmul 7x33x19, 200 times", || times(200, product([7, 33], [33, 19], [false, false]))),
    ("linear with relu, both ways", linear),
    ("conv 3x3 winograd, 16 channels", || conv([4, 32, 32, 16], [3, 3, 16, 16], same())),
    ("conv 3x3 winograd, 64 channels", || conv([4, 8, 8, 64], [3, 3, 64, 64], same())),
    ("conv 3x3 exact, 32 channels", || conv([2, 16, 16, 32], [3, 3, 32, 32], exact())),
    ("conv 3x3, 1 to 32 channels", || conv([8, 28, 28, 1], [3, 3, 1, 32], same())),
    ("conv 3x3, stride 2", || conv([4, 32, 32, 16], [3, 3, 16, 32], strided())),
    ("conv 3x3, depthwise", || conv([4, 32, 32, 16], [3, 3, 1, 16], depthwise())),
    ("max pool 2x2, both ways", max_pool),
    ("batch norm with relu, both ways", batch_norm),
    ("cross entropy of 10, both ways", || cross_entropy(1024, 10)),
    ("cross entropy of 1000, both ways", || cross_entropy(32, 1000)),
    ("softmax of 64", || of(&[1024, 64], |x| x.softmax(-1))),
    ("tanh", || of(&[65_536], Tensor::tanh)),
    ("sigmoid", || of(&[65_536], Tensor::sigmoid)),
    ("exp", || of(&[65_536], Tensor::exp)),
    ("ln", || of(&[65_536], |x| x.ln())),
    ("gelu, both ways", gelu),
    ("dropout", || of(&[65_536], |x| x.dropout(0.5, Rng::new(1)))),
    ("transposed rows", || of(&[512, 384], |x| x.permute([1, 0]))),
    ("channels first", || of(&[8, 28, 28, 32], |x| x.permute([0, 3, 1, 2]))),
    ("sum of rows", || of(&[1024, 192], |x| x.sum(0))),
    ("bias added", || {
        let bias = random(&[192]);
        of(&[1024, 192], move |x| x.add(&bias))
    }),
    ("adam", adam_step),
    ("sgd with momentum", momentum_step),
    ("lstm, both ways", || recurrent(RecurrentCell::Lstm)),
    ("gru, both ways", || recurrent(RecurrentCell::Gru)),
    ("rnn, both ways", || recurrent(RecurrentCell::RnnTanh)),
    ("step of a tiny mlp, 20 times", tiny_mlp),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [name, repetitions] = &arguments[..] else {
        KERNELS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    };
    let make = KERNELS.iter().find(|(known, _)| known == name);
    let (Some((_, make)), Ok(repetitions)) = (make, repetitions.parse()) else {
        eprintln!("no kernel {name:?} or no number {repetitions:?}; `kernels` lists the names");
        return ExitCode::FAILURE;
    };
    threads::set_count(1);
    let _flush = denormals::flush();
    let mut repeat = make();
    for _ in 0_u32..repetitions {
        repeat();
    }
    ExitCode::SUCCESS
}

fn random(shape: &[usize]) -> Tensor {
    let mut rng = Rng::new(shape.len() as u64);
    Tensor::build(shape, |out| out.iter_mut().for_each(|x| *x = rng.normal()))
}

fn times(count: usize, mut repeat: Repeat) -> Repeat {
    Box::new(move || (0..count).for_each(|_| repeat()))
}

/// `f` of random values, forward.
fn of(shape: &[usize], f: impl Fn(&Tensor) -> Tensor + 'static) -> Repeat {
    let x = random(shape);
    Box::new(move || drop(f(&x)))
}

/// Forward and backward from `f`'s result, with gradients for all of `leaves`.
fn both_ways<const N: usize>(
    leaves: [&[usize]; N],
    f: impl Fn(&[Tensor; N]) -> Tensor + 'static,
) -> Repeat {
    let leaves = leaves.map(|shape| random(shape).with_grad());
    let mut gradients = Gradients::default();
    let output_grad = random(f(&leaves).dims());
    Box::new(move || {
        gradients.clear();
        f(&leaves).backward_from(output_grad.clone(), &mut gradients);
    })
}

fn product(left: [usize; 2], right: [usize; 2], transposed: [bool; 2]) -> Repeat {
    let right = random(&right);
    of(&left, move |left| left.matmul_transposed(&right, transposed[0], transposed[1]))
}

fn linear() -> Repeat {
    both_ways([&[64, 256], &[256, 128], &[128]], |[x, weight, bias]| {
        x.linear(weight, Some(bias), Activation::Relu)
    })
}

fn same() -> Conv2dOptions {
    Conv2dOptions { padding: Padding::Same, ..Conv2dOptions::default() }
}

fn exact() -> Conv2dOptions {
    Conv2dOptions { precision: Precision::Exact, ..same() }
}

fn strided() -> Conv2dOptions {
    Conv2dOptions { stride: [2, 2], ..same() }
}

fn depthwise() -> Conv2dOptions {
    Conv2dOptions { groups: 16, ..same() }
}

fn conv(images: [usize; 4], weight: [usize; 4], options: Conv2dOptions) -> Repeat {
    both_ways([&images, &weight, &[weight[3]]], move |[images, weight, bias]| {
        images.conv2d(weight, Some(bias), &options, Activation::Relu)
    })
}

fn max_pool() -> Repeat {
    let options = MaxPoolOptions::new([2, 2]);
    both_ways([&[8, 24, 24, 32]], move |[x]| x.max_pool(&options))
}

fn batch_norm() -> Repeat {
    both_ways([&[4, 32, 32, 16], &[16], &[16]], |[x, scale, shift]| {
        let mode = BatchNormMode::Train;
        x.batch_norm(Some(scale), Some(shift), mode, 1e-5, Activation::Relu).0
    })
}

fn cross_entropy(items: usize, classes: usize) -> Repeat {
    let targets = Tensor::build_i32([items], |out| {
        out.iter_mut().enumerate().for_each(|(i, class)| *class = (i % classes) as i32);
    });
    let options = CrossEntropy::default();
    both_ways([&[items, classes]], move |[x]| x.cross_entropy(&targets, &options))
}

fn gelu() -> Repeat {
    both_ways([&[32_768]], |[x]| x.gelu())
}

fn adam_step() -> Repeat {
    let shape = [1 << 17];
    let (mut values, gradient) = (random(&shape), random(&shape));
    let (mut first, mut second) = (Tensor::zeros(shape), Tensor::zeros(shape));
    Box::new(move || {
        let (values, moments) = (values.make_mut(), [first.make_mut(), second.make_mut()]);
        let [first, second] = moments;
        let of = Parameter::new(values, gradient.as_slice());
        adam(AdamStep::default(), of, first, second, None);
    })
}

fn momentum_step() -> Repeat {
    let shape = [1 << 17];
    let (mut values, gradient, mut velocity) =
        (random(&shape), random(&shape), Tensor::zeros(shape));
    let step = SgdStep {
        learning_rate: 0.1,
        momentum: 0.9,
        dampening: 0.0,
        nesterov: false,
        weight_decay: 1e-4,
        maximize: false,
        first: false,
    };
    Box::new(move || {
        let of = Parameter::new(values.make_mut(), gradient.as_slice());
        sgd(step, of, Some(velocity.make_mut()));
    })
}

/// A batch of 16 sequences of 8 steps, 64 units.
fn recurrent(cell: RecurrentCell) -> Repeat {
    const UNITS: usize = 64;
    let columns = cell.gates() * UNITS;
    let leaves: [&[usize]; 5] =
        [&[16, 8, UNITS], &[UNITS, columns], &[UNITS, columns], &[columns], &[columns]];
    both_ways(leaves, move |[x, input, hidden, input_bias, hidden_bias]| {
        let weights = RecurrentWeights {
            input: RecurrentInput::Weight(input),
            hidden,
            input_bias: Some(input_bias),
            hidden_bias: Some(hidden_bias),
            projection: None,
        };
        x.recurrent(cell, &weights, &RecurrentOptions::default()).sequence
    })
}

/// Mostly what an operation costs beside its arithmetic.
fn tiny_mlp() -> Repeat {
    let (_, make) = WORKLOADS.iter().find(|(name, _)| *name == "tiny_mlp_b32").expect("is there");
    let mut workload = make().expect("the model is possible");
    times(20, Box::new(move || _ = workload.step()))
}
