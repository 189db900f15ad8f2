//! `nn.Linear`: PyTorch's weight is `[outputs, inputs]`.

use glassbox::Activation;

use crate::case::{Case, Computed};

pub fn compute(case: &Case) -> Computed {
    let input = case.input("in.0")?;
    let weight = case.input("param.weight")?.transpose(0, 1);
    let bias = case.tensor("param.bias");
    case.outputs(&[input.linear(&weight, bias.as_ref(), Activation::Identity)])
}
