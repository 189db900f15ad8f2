//! What is timed: one optimizer step (forward, loss, backward, update) on a fixed batch.

use std::sync::Arc;

use glassbox::Precision;
use glassbox::nn::layers::{GruConfig, Layer, RnnConfig};
use glassbox::nn::{BuildError, Builder, Probe};
use glassbox::optim::UpdateRule;
use glassbox::prelude::*;

use crate::models::{self, STEPS, TOKENS};
use crate::{flops, inputs};

/// A model with its optimizer and one batch.
pub struct Workload {
    model: Graph,
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
        let inputs = inputs::normal(batch, &mut rng);
        let targets = inputs::below(classes, &batch[..1], &mut rng);
        Self::of(model, rule, inputs, targets)
    }

    /// Characters of which every next one is guessed.
    pub(crate) fn characters(
        layer: impl Into<Layer>,
        batch: usize,
        time: usize,
    ) -> Result<Self, BuildError> {
        let mut rng = Rng::new(0);
        let inputs = inputs::below(TOKENS, &[batch, time], &mut rng);
        let targets = inputs::below(TOKENS, &[batch, time], &mut rng);
        let model = models::characters(layer, time);
        Self::of(model, Adam { lr: 2e-3, ..Adam::default() }, inputs, targets)
    }

    pub(crate) fn of(
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

    /// Lets a probe see the steps from now on, or none.
    pub fn set_probe(&mut self, probe: Option<Arc<dyn Probe>>) {
        let cx = Cx::train(0, 0).with_precision(self.cx.precision());
        self.cx = match probe {
            Some(probe) => cx.with_probe(probe),
            None => cx,
        };
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
    Workload::new(models::tiny_mlp(), Sgd { lr: 0.1, ..Sgd::default() }, &[32, 2], 2)
}

fn mlp() -> Result<Workload, BuildError> {
    Workload::new(models::mlp(), Adam::default(), &[128, 784], 10)
}

fn cnn() -> Result<Workload, BuildError> {
    Workload::new(models::cnn(), Adam::default(), &[64, 28, 28, 1], 10)
}

fn resnet20() -> Result<Workload, BuildError> {
    let rule = Sgd { lr: 0.1, momentum: 0.9, weight_decay: 1e-4, ..Sgd::default() };
    Workload::new(models::resnet20(), rule, &[64, 32, 32, 3], 10)
}

fn lstm() -> Result<Workload, BuildError> {
    Workload::characters(models::lstm(), 32, STEPS)
}

fn gru() -> Result<Workload, BuildError> {
    Workload::characters(GruConfig { layers: 2, ..GruConfig::new(256) }, 32, STEPS)
}

fn rnn() -> Result<Workload, BuildError> {
    Workload::characters(RnnConfig::new(256), 32, STEPS)
}
