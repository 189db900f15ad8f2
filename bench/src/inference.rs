//! What is timed without training: forward passes without a graph, and text written character by
//! character.

use glassbox::nn::{BuildError, Builder, RecurrentState};
use glassbox::prelude::*;
use glassbox::runs::Sampling;

use crate::inputs;
use crate::models::{self, STEPS, TOKENS};

/// One thing that is done again and again without training.
pub trait Repeated {
    /// Items that one step answers for.
    fn items(&self) -> usize;

    /// Does it once; answers what came out.
    fn step(&mut self) -> Tensor;
}

/// Makes one.
pub type MakeRepeated = fn() -> Result<Box<dyn Repeated>, BuildError>;

/// Inference and generation by the name that all peers use.
pub const INFERENCE: &[(&str, MakeRepeated)] = &[
    ("infer_mlp_784_512_512_10_b1", || infer(models::mlp(), &[1, 784])),
    ("infer_mlp_784_512_512_10_b64", || infer(models::mlp(), &[64, 784])),
    ("infer_cnn_28x28_b1", || infer(models::cnn(), &[1, 28, 28, 1])),
    ("infer_cnn_28x28_b64", || infer(models::cnn(), &[64, 28, 28, 1])),
    ("infer_resnet20_32x32_b1", || infer(models::resnet20(), &[1, 32, 32, 3])),
    ("infer_resnet20_32x32_b64", || infer(models::resnet20(), &[64, 32, 32, 3])),
    ("infer_lstm_2x256_t64_b1", || infer_characters(1)),
    ("infer_lstm_2x256_t64_b64", || infer_characters(64)),
    ("generate_lstm_2x256", || generate(RecurrentState::default())),
    ("generate_half_lstm_2x256", || generate(RecurrentState::default().in_half_precision())),
];

/// Forward passes of one batch.
struct Forward {
    model: Graph,
    inputs: Tensor,
    cx: Cx,
}

impl Repeated for Forward {
    fn items(&self) -> usize {
        self.inputs.dims()[0]
    }

    fn step(&mut self) -> Tensor {
        self.model.forward(&self.inputs, &mut self.cx)
    }
}

fn infer(model: Builder, batch: &[usize]) -> Result<Box<dyn Repeated>, BuildError> {
    forward(model, inputs::normal(batch, &mut Rng::new(0)))
}

fn infer_characters(batch: usize) -> Result<Box<dyn Repeated>, BuildError> {
    let inputs = inputs::below(TOKENS, &[batch, STEPS], &mut Rng::new(0));
    forward(models::characters(models::lstm(), STEPS), inputs)
}

fn forward(model: Builder, inputs: Tensor) -> Result<Box<dyn Repeated>, BuildError> {
    Ok(Box::new(Forward { model: model.build(0)?, inputs, cx: Cx::eval() }))
}

/// A text that grows by one character a step, each drawn by the scores after the one before.
struct Generation {
    model: Graph,
    state: RecurrentState,
    cx: Cx,
    rng: Rng,
    token: i32,
}

impl Repeated for Generation {
    fn items(&self) -> usize {
        1
    }

    fn step(&mut self) -> Tensor {
        let input = Tensor::from_i32(&[self.token], [1, 1]);
        let scores = self.model.forward_with_state(&input, &mut self.state, &mut self.cx);
        self.token = Sampling::default().choose(scores.as_slice(), &mut self.rng) as i32;
        scores
    }
}

fn generate(state: RecurrentState) -> Result<Box<dyn Repeated>, BuildError> {
    let model = models::characters(models::lstm(), STEPS).build(0)?;
    Ok(Box::new(Generation { model, state, cx: Cx::eval(), rng: Rng::new(0), token: 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_answers_for_its_items_without_a_graph() {
        for (name, make) in INFERENCE {
            let mut repeated = make().expect("the workloads' models are possible");
            let scores = repeated.step();
            assert_eq!(scores.dims()[0], repeated.items(), "{name}");
            assert!(name.ends_with(&format!("_b{}", repeated.items())) || repeated.items() == 1);
            assert!(scores.as_slice().iter().all(|score| score.is_finite()), "{name}");
            assert!(!scores.requires_grad(), "{name}");
        }
    }
}
