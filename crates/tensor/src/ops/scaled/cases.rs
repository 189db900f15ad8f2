//! The operations, each with its definition.

use glassbox_kernels::Activation;

use super::dual::Dual;
use super::references::{
    Cell, columns, convolution, largest, log_softmax, logsumexp, matmul, mean, recurrent, softmax,
    variance,
};
use super::{Case, Near};
use crate::ops::batch_norm::BatchNormMode;
use crate::ops::binary_cross_entropy::BinaryCrossEntropy;
use crate::ops::conv2d_options::Conv2dOptions;
use crate::ops::cross_entropy::CrossEntropy;
use crate::ops::loss::Reduction;
use crate::ops::recurrent::{RecurrentCell, RecurrentInput, RecurrentOptions, RecurrentWeights};
use crate::tensor::Tensor;

/// What values that are about 1 in size may be off.
const ABOUT_ONE: Near = Near::Each(5e-7);
const ROWS: &[&[usize]] = &[&[4, 7]];

/// An operation over rows of seven, a definition of one row.
macro_rules! by_row {
    ($name:literal, $near:expr, $run:expr, $definition:expr) => {
        Case {
            name: $name,
            shapes: ROWS,
            run: $run,
            definition: |x| x[0].chunks(7).flat_map($definition).collect(),
            near: $near,
        }
    };
}

pub(super) fn all() -> Vec<Case> {
    let mut cases = of_rows();
    cases.extend(losses());
    cases.extend(products());
    cases.extend(layers());
    cases
}

fn of_rows() -> Vec<Case> {
    vec![
        by_row!("log_softmax", ABOUT_ONE, |x| x[0].log_softmax(-1), log_softmax),
        by_row!("softmax", ABOUT_ONE, |x| x[0].softmax(-1), softmax),
        by_row!("logsumexp", ABOUT_ONE, |x| x[0].logsumexp(-1), |x| [logsumexp(x)]),
        by_row!("sum", Near::Largest, |x| x[0].sum(-1), |x| [mean(x) * 7.0]),
        by_row!("mean", Near::Largest, |x| x[0].mean(-1), |x| [mean(x)]),
        by_row!("max", Near::Each(0.0), |x| x[0].max(-1), |x| [largest(x)]),
        by_row!("var", Near::Largest, |x| x[0].var(-1, 1.0), |x| [variance(x, 1.0)]),
        by_row!("std", Near::Largest, |x| x[0].std(-1, 0.0), |x| [variance(x, 0.0).sqrt()]),
        Case {
            name: "log_softmax of columns",
            shapes: ROWS,
            run: |x| x[0].log_softmax(0).permute([1, 0]),
            definition: |x| columns(&x[0], 7).iter().flat_map(|x| log_softmax(x)).collect(),
            near: ABOUT_ONE,
        },
        Case {
            name: "logsumexp of columns",
            shapes: ROWS,
            run: |x| x[0].logsumexp(0),
            definition: |x| columns(&x[0], 7).iter().map(|x| logsumexp(x)).collect(),
            near: ABOUT_ONE,
        },
        Case {
            name: "logsumexp of everything",
            shapes: ROWS,
            run: |x| x[0].logsumexp(..),
            definition: |x| vec![logsumexp(&x[0])],
            near: ABOUT_ONE,
        },
    ]
}

fn classes() -> Tensor {
    Tensor::from_i32(&[0, 6, 3, 3], [4])
}

/// `-log softmax` at the classes of the rows.
fn likelihoods(x: &[Dual]) -> Vec<Dual> {
    let rows = x.chunks(7).zip([0, 6, 3, 3]);
    rows.map(|(row, class): (_, usize)| -log_softmax(row)[class]).collect()
}

/// With a fifth of every target spread over the classes, which weigh 1, 2, …
fn smoothed(x: &[Dual]) -> Vec<Dual> {
    let rows = x.chunks(7).zip([0usize, 6, 3, 3]);
    let loss = |(row, class): (&[Dual], usize)| {
        let share = |k: usize| 0.2 / 7.0 + if k == class { 0.8 } else { 0.0 };
        let logs = log_softmax(row).into_iter().enumerate();
        logs.map(|(k, log)| -log * (share(k) * (k + 1) as f64)).sum()
    };
    rows.map(loss).collect()
}

/// The binary cross-entropy of logits with the second input as targets, positive ones counting
/// `weight` times.
fn binary(x: &[Vec<Dual>], weight: f64) -> Vec<Dual> {
    let pairs = x[0].iter().zip(&x[1]);
    let loss = |(&x, &t): (&Dual, &Dual)| {
        (Dual::new(1.0) - t) * x.softplus() + t * (-x).softplus() * weight
    };
    pairs.map(loss).collect()
}

fn losses() -> Vec<Case> {
    vec![
        Case {
            name: "cross_entropy",
            shapes: ROWS,
            run: |x| x[0].cross_entropy(&classes(), &single()),
            definition: |x| likelihoods(&x[0]),
            near: ABOUT_ONE,
        },
        Case {
            name: "mean cross_entropy",
            shapes: ROWS,
            run: |x| x[0].cross_entropy(&classes(), &CrossEntropy::default()),
            definition: |x| vec![mean(&likelihoods(&x[0]))],
            near: ABOUT_ONE,
        },
        Case {
            name: "smoothed, weighted cross_entropy",
            shapes: ROWS,
            run: |x| {
                let weights = (1..8).map(|weight| weight as f32).collect();
                let weights = Some(Tensor::from_vec(weights, [7]));
                let options = CrossEntropy { label_smoothing: 0.2, weights, ..single() };
                x[0].cross_entropy(&classes(), &options)
            },
            definition: |x| smoothed(&x[0]),
            near: Near::Each(4e-6),
        },
        Case {
            name: "nll_loss of log_softmax",
            shapes: ROWS,
            run: |x| x[0].log_softmax(-1).nll_loss(&classes(), &single()),
            definition: |x| likelihoods(&x[0]),
            near: ABOUT_ONE,
        },
        Case {
            name: "binary_cross_entropy",
            shapes: &[&[9], &[9]],
            run: |x| x[0].binary_cross_entropy_with_logits(&x[1], &each(None)),
            definition: |x| binary(x, 1.0),
            near: Near::Largest,
        },
        Case {
            name: "binary_cross_entropy, weighted",
            shapes: &[&[9], &[9]],
            run: |x| x[0].binary_cross_entropy_with_logits(&x[1], &each(Some(3.0))),
            definition: |x| binary(x, 3.0),
            near: Near::Largest,
        },
        Case {
            name: "squared error",
            shapes: &[&[9], &[9]],
            run: |x| x[0].sub(&x[1]).square().mean(..),
            definition: |x| {
                let errors: Vec<_> = x[0].iter().zip(&x[1]).map(|(&a, &b)| a - b).collect();
                vec![mean(&errors.iter().map(|&e| e * e).collect::<Vec<_>>())]
            },
            near: Near::Largest,
        },
    ]
}

/// The losses of the items, one by one.
fn single() -> CrossEntropy {
    CrossEntropy { reduction: Reduction::None, ..CrossEntropy::default() }
}

fn each(positive: Option<f32>) -> BinaryCrossEntropy {
    let positive_weight = positive.map(Tensor::scalar);
    BinaryCrossEntropy { weight: None, positive_weight, reduction: Reduction::None }
}

fn products() -> Vec<Case> {
    vec![
        Case {
            name: "matmul",
            shapes: &[&[4, 6], &[6, 5]],
            run: |x| x[0].matmul(&x[1]),
            definition: |x| matmul(&x[0], &x[1], 6),
            near: Near::Largest,
        },
        Case {
            name: "linear through tanh",
            shapes: &[&[4, 6], &[6, 5]],
            run: |x| x[0].linear(&x[1], None, Activation::Tanh),
            definition: |x| matmul(&x[0], &x[1], 6).into_iter().map(Dual::tanh).collect(),
            near: Near::Largest,
        },
        Case {
            name: "conv2d",
            shapes: &[&[1, 6, 6, 1], &[3, 3, 1, 1]],
            run: |x| {
                let options = Conv2dOptions::default();
                x[0].conv2d(&x[1], None, &options, Activation::Identity).reshape([16])
            },
            definition: |x| convolution(&x[0], &x[1], 6, 3),
            near: Near::Largest,
        },
        Case {
            name: "division",
            shapes: &[&[9], &[9]],
            run: |x| x[0].div(&x[1]),
            definition: |x| x[0].iter().zip(&x[1]).map(|(&a, &b)| a / b).collect(),
            near: Near::Each(0.0),
        },
    ]
}

fn normalized(x: &[Dual]) -> Vec<Dual> {
    let columns = columns(x, 3);
    let one = |column: &Vec<Dual>| {
        let (mean, variance) = (mean(column), variance(column, 0.0));
        let deviation = (variance + Dual::new(f64::from(1e-5f32))).sqrt();
        column.iter().map(|&x| (x - mean) / deviation).collect::<Vec<_>>()
    };
    columns.iter().flat_map(one).collect()
}

fn cell(cell: RecurrentCell, x: &[Tensor]) -> Tensor {
    let weights = RecurrentWeights {
        input: RecurrentInput::Weight(&x[1]),
        hidden: &x[2],
        input_bias: None,
        hidden_bias: None,
        projection: None,
    };
    x[0].recurrent(cell, &weights, &RecurrentOptions::default()).sequence
}

fn layers() -> Vec<Case> {
    vec![
        Case {
            name: "batch_norm",
            shapes: &[&[8, 3]],
            run: |x| {
                let mode = BatchNormMode::Train;
                let (y, _) = x[0].batch_norm(None, None, mode, 1e-5, Activation::Identity);
                y.permute([1, 0])
            },
            definition: |x| normalized(&x[0]),
            near: Near::Largest,
        },
        Case {
            name: "rnn",
            shapes: &[&[1, 3, 2], &[2, 3], &[3, 3]],
            run: |x| cell(RecurrentCell::RnnTanh, x),
            definition: |x| recurrent(Cell::Rnn, &x[0], &x[1], &x[2], [2, 3]),
            near: Near::Largest,
        },
        Case {
            name: "gru",
            shapes: &[&[1, 3, 2], &[2, 9], &[3, 9]],
            run: |x| cell(RecurrentCell::Gru, x),
            definition: |x| recurrent(Cell::Gru, &x[0], &x[1], &x[2], [2, 3]),
            near: Near::Largest,
        },
        Case {
            name: "lstm",
            shapes: &[&[1, 3, 2], &[2, 12], &[3, 12]],
            run: |x| cell(RecurrentCell::Lstm, x),
            definition: |x| recurrent(Cell::Lstm, &x[0], &x[1], &x[2], [2, 3]),
            near: Near::Largest,
        },
    ]
}
