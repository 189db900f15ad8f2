//! Activations, softmax and its kin.

use glassbox::Tensor;

use crate::case::{Case, Computed};

pub fn compute(case: &Case) -> Computed {
    let number = |at: usize, name: &str, default: f64| {
        case.ctor_at(at, name).as_f64().unwrap_or(default) as f32
    };
    let name = case.op.trim_start_matches("nn.");
    let x = match name {
        "ReLU" | "LeakyReLU" | "ELU" | "SELU" | "CELU" | "GELU" | "Sigmoid" | "Tanh"
        | "Softplus" | "Softsign" | "SiLU" | "Mish" | "Hardswish" | "Hardsigmoid" | "Hardtanh"
        | "ReLU6" | "LogSigmoid" | "Softmax" | "LogSoftmax" | "Softmin" | "Tanhshrink"
        | "Softshrink" | "Hardshrink" | "Threshold" => case.input("in.0")?,
        _ => return Err("no such operation".into()),
    };
    let axis = || match case.ctor_at(0, "dim").as_i64() {
        Some(_) if x.rank() == 0 => Err("an axis of a scalar".to_owned()),
        Some(axis) => Ok(axis as isize),
        None => Err("implicit axis".to_owned()),
    };
    let y: Tensor = match name {
        "ReLU" => x.relu(),
        "LeakyReLU" => x.leaky_relu(number(0, "negative_slope", 0.01)),
        "ELU" => x.elu(number(0, "alpha", 1.0)),
        "SELU" => x.selu(),
        "CELU" => x.celu(number(0, "alpha", 1.0)),
        "GELU" if case.ctor_at(0, "approximate") == "tanh" => x.gelu_tanh(),
        "GELU" => x.gelu(),
        "Sigmoid" => x.sigmoid(),
        "Tanh" => x.tanh(),
        "Softplus" => x.softplus(number(0, "beta", 1.0), number(1, "threshold", 20.0)),
        "Softsign" => x.softsign(),
        "SiLU" => x.silu(),
        "Mish" => x.mish(),
        "Hardswish" => x.hard_swish(),
        "Hardsigmoid" => x.hard_sigmoid(),
        "Hardtanh" => x.hard_tanh(number(0, "min_val", -1.0), number(1, "max_val", 1.0)),
        "ReLU6" => x.hard_tanh(0.0, 6.0),
        "LogSigmoid" => x.log_sigmoid(),
        "Softmax" => x.softmax(axis()?),
        "LogSoftmax" => x.log_softmax(axis()?),
        "Softmin" => x.neg().softmax(axis()?),
        "Tanhshrink" => x.tanhshrink(),
        "Softshrink" => x.softshrink(number(0, "lambd", 0.5)),
        "Hardshrink" => x.hardshrink(number(0, "lambd", 0.5)),
        _ => x.threshold(number(0, "threshold", 0.0), number(1, "value", 0.0)),
    };
    case.outputs(&[y])
}
