//! What is timed: one optimizer step (forward, loss, backward, update) on a fixed batch.

use glassbox::Precision;
use glassbox::nn::layers::{
    Conv2dConfig, GruConfig, Layer, LstmConfig, PaddingConfig, ResidualConfig, RnnConfig,
};
use glassbox::nn::{BuildError, Builder};
use glassbox::optim::UpdateRule;
use glassbox::prelude::*;

use crate::flops;

/// A model with its optimizer and one batch.
pub struct Workload {
    model: Sequential,
    optimizer: Optimizer,
    gradients: Gradients,
    cx: Cx,
    inputs: Tensor,
    targets: Tensor,
    loss: Loss,
    steps: u64,
    flops: u64,
}

/// Makes a workload.
pub type Make = fn() -> Result<Workload, BuildError>;

/// The workloads by the name that all peers use.
pub const WORKLOADS: &[(&str, Make)] = &[
    ("tiny_mlp_b32", tiny_mlp),
    ("mlp_784_512_512_10_b128", mlp),
    ("cnn_28x28_b64", cnn),
    ("resnet20_32x32_b64", resnet20),
    ("lstm_2x256_t64_b32", lstm),
    ("gru_2x256_t64_b32", gru),
    ("rnn_tanh_1x256_t64_b32", rnn),
];

impl Workload {
    /// A classifier of normal noise.
    pub(crate) fn new(
        model: Builder,
        rule: impl UpdateRule + 'static,
        batch: &[usize],
        classes: usize,
    ) -> Result<Self, BuildError> {
        let mut rng = Rng::new(0);
        let normal = |out: &mut [f32]| out.iter_mut().for_each(|x| *x = rng.normal());
        let inputs = Tensor::build(batch, normal);
        let targets = Tensor::build_i32([batch[0]], |out| {
            out.fill_with(|| rng.below(classes) as i32);
        });
        Self::of(model, rule, inputs, targets)
    }

    /// Characters of which every next one is guessed.
    pub(crate) fn characters(
        layer: impl Into<Layer>,
        batch: usize,
        time: usize,
    ) -> Result<Self, BuildError> {
        const TOKENS: usize = 65;
        let mut rng = Rng::new(0);
        let mut tokens =
            || Tensor::build_i32([batch, time], |out| out.fill_with(|| rng.below(TOKENS) as i32));
        let (inputs, targets) = (tokens(), tokens());
        let model = Sequential::input([time]).embedding(TOKENS, 64).layer(layer).dense(TOKENS);
        Self::of(model, Adam { lr: 2e-3, ..Adam::default() }, inputs, targets)
    }

    fn of(
        model: Builder,
        rule: impl UpdateRule + 'static,
        inputs: Tensor,
        targets: Tensor,
    ) -> Result<Self, BuildError> {
        let (layers, item) = (model.clone().into_layers(), Shape::new(&inputs.dims()[1..]));
        let model = model.build(0)?;
        Ok(Self {
            flops: flops::of_step(&layers, &model, item, inputs.dims()[0])?,
            model,
            optimizer: Optimizer::new(rule),
            gradients: Gradients::default(),
            cx: Cx::train(0, 0),
            inputs,
            targets,
            loss: Loss::default(),
            steps: 0,
        })
    }

    /// Chooses the precision of the steps from now on.
    pub fn set_precision(&mut self, precision: Precision) {
        self.cx = Cx::train(0, 0).with_precision(precision);
    }

    /// Items in the batch.
    pub fn batch(&self) -> usize {
        self.inputs.dims()[0]
    }

    /// Floating-point operations of a step's products, see [`flops::of_step`].
    pub fn flops(&self) -> u64 {
        self.flops
    }

    /// One optimizer step; answers the loss.
    pub fn step(&mut self) -> f32 {
        self.cx.start_step(0, self.steps);
        let prediction = self.model.forward(&self.inputs, &mut self.cx);
        let loss = self.loss.compute(&prediction, &self.targets);
        self.gradients.clear();
        loss.backward_into(&mut self.gradients);
        self.optimizer.step(&mut self.model, &self.gradients, &mut self.cx);
        self.steps += 1;
        loss.item()
    }
}

fn tiny_mlp() -> Result<Workload, BuildError> {
    let model = Sequential::input([2]).dense(16).tanh().dense(16).tanh().dense(2);
    Workload::new(model, Sgd { lr: 0.1, ..Sgd::default() }, &[32, 2], 2)
}

fn mlp() -> Result<Workload, BuildError> {
    let model = Sequential::input([784]).dense(512).relu().dense(512).relu().dense(10);
    Workload::new(model, Adam::default(), &[128, 784], 10)
}

fn cnn() -> Result<Workload, BuildError> {
    let model = Sequential::input([28, 28, 1])
        .conv2d(32, 3)
        .relu()
        .conv2d(64, 3)
        .relu()
        .max_pool(2)
        .dropout(0.25)
        .flatten()
        .dense(128)
        .relu()
        .dropout(0.5)
        .dense(10);
    Workload::new(model, Adam::default(), &[64, 28, 28, 1], 10)
}

fn resnet20() -> Result<Workload, BuildError> {
    let conv = |filters, stride: usize| Conv2dConfig {
        padding: PaddingConfig::Same,
        stride: stride.into(),
        bias: false,
        ..Conv2dConfig::new(filters, 3)
    };
    let block = |filters, stride| {
        let body = Sequential::input([32, 32, 3]) // inner widths are inferred when built
            .layer(conv(filters, stride))
            .batch_norm()
            .relu()
            .layer(conv(filters, 1))
            .batch_norm();
        Layer::from(ResidualConfig::new(body.into_layers()))
    };
    let mut model = Sequential::input([32, 32, 3]).layer(conv(16, 1)).batch_norm().relu();
    for (filters, stride) in [(16, 1), (32, 2), (64, 2)] {
        for index in 0..3 {
            model = model.layer(block(filters, if index == 0 { stride } else { 1 })).relu();
        }
    }
    let rule = Sgd { lr: 0.1, momentum: 0.9, weight_decay: 1e-4, ..Sgd::default() };
    Workload::new(model.global_avg_pool().dense(10), rule, &[64, 32, 32, 3], 10)
}

fn lstm() -> Result<Workload, BuildError> {
    Workload::characters(LstmConfig { layers: 2, ..LstmConfig::new(256) }, 32, 64)
}

fn gru() -> Result<Workload, BuildError> {
    Workload::characters(GruConfig { layers: 2, ..GruConfig::new(256) }, 32, 64)
}

fn rnn() -> Result<Workload, BuildError> {
    Workload::characters(RnnConfig::new(256), 32, 64)
}
