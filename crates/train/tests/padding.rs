//! Padding is not data: what follows a shorter sequence in a batch, and how much of it there is,
//! changes nothing.

use glassbox_nn::layers::{
    BatchNormConfig, DenseConfig, GruConfig, LstmConfig, ReluConfig, ResidualConfig, Return,
    RnnConfig, SoftmaxConfig,
};
use glassbox_nn::{Cx, Graph, Module, Sequential, Slot, walk};
use glassbox_tensor::{Rng, Tensor};
use proptest::prelude::*;

const TOKENS: usize = 6;
const DIM: usize = 4;

/// Models that mix steps in every way there is, for sequences of so many steps.
fn models(steps: usize) -> Vec<(&'static str, Graph)> {
    let start = || Sequential::input([steps]).embedding(TOKENS, DIM);
    let block: Vec<glassbox_nn::NodeConfig> = vec![
        DenseConfig::new(DIM).into(),
        BatchNormConfig::default().into(),
        ReluConfig::default().into(),
        DenseConfig::new(DIM).into(),
        BatchNormConfig::default().into(),
    ];
    let lstm = LstmConfig { bidirectional: true, layers: 2, ..LstmConfig::new(3) };
    let gru = GruConfig { returns: Return::Last, bidirectional: true, ..GruConfig::new(3) };
    let all = [
        ("average", start().global_avg_pool()),
        ("gru", start().layer(gru)),
        ("lstm", start().layer(lstm).global_avg_pool()),
        ("rnn", start().layer(RnnConfig::new(3)).dense(5).tanh().global_avg_pool()),
        ("batch_norm", start().dense(5).batch_norm().tanh().global_avg_pool()),
        ("residual", start().layer(ResidualConfig::new(block)).relu().global_avg_pool()),
        ("softmax", start().layer(SoftmaxConfig { axis: 0 }).relu().global_avg_pool()),
        ("flatten", start().dense(3).flatten()),
    ];
    let build =
        |(name, builder): (_, glassbox_nn::Builder)| (name, builder.dense(2).build(3).unwrap());
    all.into_iter().map(build).collect()
}

/// Sequences of tokens as a batch of `steps`, with `padding` behind them.
fn batch(items: &[Vec<i32>], steps: usize, mut padding: impl FnMut() -> i32) -> (Tensor, Tensor) {
    let mut tokens = Vec::new();
    for item in items {
        tokens.extend(item);
        tokens.extend((item.len()..steps).map(|_| padding()));
    }
    let lengths: Vec<i32> = items.iter().map(|item| item.len() as i32).collect();
    (Tensor::from_i32(&tokens, [items.len(), steps]), Tensor::from_i32(&lengths, [items.len()]))
}

fn run(model: &Graph, (tokens, lengths): &(Tensor, Tensor), cx: &mut Cx) -> Tensor {
    model.forward_with_lengths(tokens, Some(lengths), cx)
}

/// The outputs of a training step, all gradients and the statistics that it leaves.
fn trained(mut model: Graph, batch: &(Tensor, Tensor)) -> Vec<Vec<f32>> {
    let mut cx = Cx::train(5, 1);
    let output = run(&model, batch, &mut cx);
    let gradients = output.square().sum(..).backward();
    cx.commit(&mut model);
    let mut found = vec![output.to_vec()];
    walk(&model, |path, slot| match slot {
        Slot::Param(param) => {
            let gradient = param.gradient(&gradients);
            found.push(gradient.unwrap_or_else(|| panic!("{path} has a gradient")).to_vec());
        }
        Slot::Buffer(buffer) => found.push(buffer.value().to_vec()),
    });
    found
}

fn sequences() -> impl Strategy<Value = Vec<Vec<i32>>> {
    prop::collection::vec(prop::collection::vec(0..TOKENS as i32, 1..6), 2..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_stands_in_the_padding_changes_no_bit(items in sequences(), seed in any::<u64>()) {
        let mut rng = Rng::new(seed);
        let plain = batch(&items, 7, || 0);
        let other = batch(&items, 7, || rng.below(1000) as i32);
        for (name, model) in models(7) {
            let [a, b] = [&plain, &other].map(|batch| run(&model, batch, &mut Cx::eval()).to_vec());
            prop_assert_eq!(a, b, "{}", name);
            let [(_, a), (_, b)] = [0, 1].map(|_| {
                models(7).into_iter().find(|(other, _)| *other == name).unwrap()
            });
            prop_assert_eq!(trained(a, &plain), trained(b, &other), "{}", name);
        }
    }

    #[test]
    fn a_longer_sequence_in_the_batch_changes_no_other_output(
        items in sequences(),
        longer in prop::collection::vec(0..TOKENS as i32, 6..12),
    ) {
        let short = batch(&items, 6, || 0);
        let mut with_longer = items.clone();
        with_longer.push(longer);
        let long = batch(&with_longer, 12, || 0);
        for ((name, short_model), (_, long_model)) in models(6).into_iter().zip(models(12)) {
            // Its weights belong to places, so that it takes sequences of one length alone.
            let model = if name == "flatten" { &long_model } else { &short_model };
            let short = if name == "flatten" { &batch(&items, 12, || 1) } else { &short };
            let alone = run(model, short, &mut Cx::eval()).to_vec();
            let together = run(model, &long, &mut Cx::eval()).to_vec();
            for (a, b) in alone.iter().zip(&together) {
                prop_assert!((a - b).abs() <= 1e-5 * (1.0 + a.abs()), "{}: {} {}", name, a, b);
            }
        }
    }
}

/// Statistics in training are those of the steps that count: of 1, 3, 5 the mean is 3 and the
/// unbiased variance 4 (numpy.var([1, 3, 5], ddof=1)).
#[test]
fn statistics_are_those_of_the_steps_that_count() {
    let mut model = Sequential::input([3, 1]).batch_norm().build(1).unwrap();
    let input = Tensor::from_slice(&[1.0, 3.0, 99.0, 5.0, -99.0, 99.0], [2, 3, 1]);
    let lengths = Tensor::from_i32(&[2, 1], [2]);
    let mut cx = Cx::train(0, 0);
    let output = model.forward_with_lengths(&input, Some(&lengths), &mut cx).to_vec();
    cx.commit(&mut model);
    // (x - 3) / sqrt(8 / 3 + 1e-5)
    for (got, want) in output.iter().zip([-1.224_742, 0.0, 0.0, 1.224_742, 0.0, 0.0]) {
        assert!((got - want).abs() < 1e-5, "{output:?}");
    }
    let state = glassbox_nn::state(&model);
    assert!((state["0.running_mean"].item() - 0.3).abs() < 1e-6);
    assert!((state["0.running_var"].item() - (0.9 + 0.4)).abs() < 1e-6);
}

/// The mean of a short sequence is that of its own steps.
#[test]
fn averages_are_those_of_the_steps_that_count() {
    let model = Sequential::input([3, 2]).global_avg_pool().build(1).unwrap();
    let input = Tensor::from_vec((1..=12).map(|x| x as f32).collect(), [2, 3, 2]);
    let lengths = Tensor::from_i32(&[1, 2], [2]);
    let output = model.forward_with_lengths(&input, Some(&lengths), &mut Cx::eval());
    assert_eq!(output.to_vec(), [1.0, 2.0, 8.0, 9.0]);
}

/// Windows cannot leave padding out: a clear end rather than a wrong number.
#[test]
#[should_panic(expected = "layer 0 (conv2d) cannot leave padding out")]
fn windows_over_padding_are_refused() {
    let model = Sequential::input([8, 8, 1]).conv2d(2, 3).build(1).unwrap();
    let lengths = Tensor::from_i32(&[3], [1]);
    let input = Tensor::zeros([1, 8, 8, 1]);
    let _ = model.forward_with_lengths(&input, Some(&lengths), &mut Cx::eval());
}
