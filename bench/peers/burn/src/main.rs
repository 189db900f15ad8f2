//! The benchmark's workloads in burn, on its default processor backend.

#[path = "../../harness.rs"]
mod harness;
mod models;

use std::hint::black_box;

use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::LstmState;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::prelude::*;
use burn::tensor::Distribution;

use harness::Harness;
use models::{CharGru, CharLstm, CharLstmByHand, CharRnn, Cnn, Mlp, ResNet20, Tiny};

fn normal<const D: usize>(dims: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(dims, Distribution::Normal(0., 1.), device)
}

fn below<const D: usize>(limit: usize, dims: [usize; D], device: &Device) -> Tensor<D, Int> {
    Tensor::random(dims, Distribution::Uniform(0., limit as f64), device)
}

/// Training on a device that records gradients.
struct Training<'a> {
    harness: &'a Harness,
    device: Device,
    loss: CrossEntropyLoss,
}

impl Training<'_> {
    /// Steps of a model on a batch: `scores` maps model and inputs to `[items, classes]`.
    fn run<M: Module, X: Clone>(
        &self,
        name: &str,
        batch: usize,
        new: fn(&Device) -> M,
        inputs: impl Fn(&Device) -> X,
        (classes, targets): (usize, usize),
        (mut optimizer, rate): (ModuleOptimizer, f64),
        scores: fn(&M, X) -> Tensor<2>,
    ) {
        if !self.harness.trains(name) {
            return;
        }
        let mut model = Some(new(&self.device));
        let (inputs, targets) = (inputs(&self.device), below(classes, [targets], &self.device));
        self.harness.train(name, batch, || {
            let before = model.take().expect("every step leaves a model");
            let loss = self.loss.forward(scores(&before, inputs.clone()), targets.clone());
            let gradients = GradientsParams::from_grads(loss.backward(), &before);
            model = Some(optimizer.step(rate, before, gradients));
            loss.into_scalar::<f32>()
        });
    }

    fn characters<M: Module>(
        &self,
        name: &str,
        new: fn(&Device) -> M,
        scores: fn(&M, Tensor<2, Int>) -> Tensor<2>,
    ) {
        let inputs = |device: &Device| below(65, [32, 64], device);
        self.run(name, 32, new, inputs, (65, 32 * 64), adam(2e-3), scores);
    }
}

/// Forward passes on a device that records nothing.
fn infer<M, X: Clone>(
    harness: &Harness,
    name: &str,
    batch: usize,
    new: fn(&Device) -> M,
    inputs: impl Fn(&Device) -> X,
    scores: fn(&M, X) -> Tensor<2>,
) {
    if harness.infers(name) {
        let device = Device::flex();
        let (model, inputs) = (new(&device), inputs(&device));
        harness.time(name, batch, || _ = black_box(scores(&model, inputs.clone())));
    }
}

/// Characters drawn one after the other.
fn generate(harness: &Harness, name: &str) {
    if !harness.infers(name) {
        return;
    }
    let device = Device::flex();
    let model = CharLstm::new(&device);
    let mut states: [Option<LstmState<2>>; 2] = [None, None];
    let (mut random, mut token) = (1, 0);
    harness.time(name, 1, || {
        let input = Tensor::<2, Int>::from_ints([[token]], &device);
        let scores = model.step(input, &mut states).into_data().try_to_vec::<f32>();
        token = harness::draw(&scores.expect("scores are f32"), &mut random) as i32;
    });
}

fn adam(rate: f64) -> (ModuleOptimizer, f64) {
    // The others' epsilon; burn's own is 1e-5.
    (AdamConfig::new().with_epsilon(1e-8).init(), rate)
}

fn main() {
    let h = &Harness::new("burn");
    let device = Device::flex().autodiff();
    device.seed(0);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let t = Training { harness: h, device, loss };

    let sgd = (SgdConfig::new().init(), 0.1);
    t.run("tiny_mlp_b32", 32, Tiny::new, |d| normal([32, 2], d), (2, 32), sgd, Tiny::forward);
    let name = "mlp_784_512_512_10_b128";
    let inputs = |d: &Device| normal([128, 784], d);
    t.run(name, 128, Mlp::new, inputs, (10, 128), adam(1e-3), Mlp::forward);
    let inputs = |d: &Device| normal([64, 1, 28, 28], d);
    t.run("cnn_28x28_b64", 64, Cnn::new, inputs, (10, 64), adam(1e-3), Cnn::forward);
    let inputs = |d: &Device| normal([64, 3, 32, 32], d);
    let momentum = MomentumConfig { momentum: 0.9, dampening: 0.0, nesterov: false };
    let sgd = SgdConfig::new()
        .with_momentum(Some(momentum))
        .with_weight_decay(Some(WeightDecayConfig::new(1e-4)));
    let sgd = (sgd.init(), 0.1);
    t.run("resnet20_32x32_b64", 64, ResNet20::new, inputs, (10, 64), sgd, ResNet20::forward);
    t.characters("lstm_2x256_t64_b32", CharLstm::new, CharLstm::forward);
    t.characters("lstm_by_hand_2x256_t64_b32", CharLstmByHand::new, CharLstmByHand::forward);
    t.characters("gru_2x256_t64_b32", CharGru::new, CharGru::forward);
    t.characters("rnn_tanh_1x256_t64_b32", CharRnn::new, CharRnn::forward);

    for batch in [1, 64] {
        let name = format!("infer_mlp_784_512_512_10_b{batch}");
        infer(h, &name, batch, Mlp::new, |d| normal([batch, 784], d), Mlp::forward);
        let name = format!("infer_cnn_28x28_b{batch}");
        infer(h, &name, batch, Cnn::new, |d| normal([batch, 1, 28, 28], d), Cnn::forward);
        let name = format!("infer_resnet20_32x32_b{batch}");
        let inputs = |d: &Device| normal([batch, 3, 32, 32], d);
        infer(h, &name, batch, ResNet20::new, inputs, ResNet20::forward);
        let name = format!("infer_lstm_2x256_t64_b{batch}");
        infer(h, &name, batch, CharLstm::new, |d| below(65, [batch, 64], d), CharLstm::forward);
    }
    generate(h, "generate_lstm_2x256");
}
