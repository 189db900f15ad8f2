//! Initialisers: bounds and standard deviations, checked by drawing, and exact patterns.

use std::collections::BTreeMap;

use glassbox::nn::{FanMode, Fans, Init, Nonlinearity};
use glassbox::{Rng, Shape, Tensor};
use serde_json::Value;

use crate::case::{Array, Case, Computed};

pub fn compute(case: &Case) -> Computed {
    let shape: Vec<usize> = numbers(&case.json["shape"]);
    let ours = to_ours(&shape);
    let groups = case.json["kwargs"]["groups"].as_u64().unwrap_or(1) as usize;
    let pattern = match case.op.as_str() {
        "moments" => return moments(case, ours),
        "eye_" => Init::Eye,
        "dirac_" => Init::Dirac { groups },
        _ => return Err("no such initializer".into()),
    };
    let weight = from_ours(&pattern.weight(ours, &mut Rng::new(0)), &shape);
    Ok(BTreeMap::from([("out".to_owned(), Array::from(&weight))]))
}

fn numbers(value: &Value) -> Vec<usize> {
    value.as_array().into_iter().flatten().filter_map(Value::as_u64).map(|n| n as usize).collect()
}

/// PyTorch's `[out, in, …window]` as `[…window, in, out]`.
fn to_ours(shape: &[usize]) -> Shape {
    let mut dims = shape[2..].to_vec();
    dims.extend([shape[1], shape[0]]);
    dims.into()
}

fn from_ours(weight: &Tensor, shape: &[usize]) -> Tensor {
    let rank = shape.len() as isize;
    let order: Vec<isize> = [rank - 1, rank - 2].into_iter().chain(0..rank - 2).collect();
    weight.permute(&order)
}

/// Draws many weights for each of the oracle's gains: uniform ones must reach their bound and no
/// further, normal ones must have their standard deviation.
fn moments(case: &Case, shape: Shape) -> Computed {
    let json = case.json;
    let fans = Fans::of(shape);
    let want = |name: &str| json[name].as_u64().map(|n| n as usize);
    check(want("fan_in") == Some(fans.fan_in), "fan_in")?;
    check(want("fan_out") == Some(fans.fan_out), "fan_out")?;
    let default = json["default_layer_bound"].as_f64().ok_or("no default bound")?;
    check_bound(&Init::Default, shape, default, "default")?;
    for (name, values) in json["values"].as_object().into_iter().flatten() {
        let value = |key: &str| values[key].as_f64().ok_or(format!("no {key}"));
        let nonlinearity = match name.as_str() {
            "linear" => Nonlinearity::Linear,
            "relu" => Nonlinearity::Relu,
            "tanh" => Nonlinearity::Tanh,
            "sigmoid" => Nonlinearity::Sigmoid,
            "selu" => Nonlinearity::Selu,
            "leaky_relu" => Nonlinearity::LeakyRelu(0.2),
            _ => return Err(format!("gain of {name}")),
        };
        let gain = nonlinearity.gain();
        check((gain - value("gain")?).abs() < 1e-6, name)?;
        let xavier = Init::XavierUniform { gain: gain as f32 };
        check_bound(&xavier, shape, value("xavier_uniform_bound")?, name)?;
        let xavier = Init::XavierNormal { gain: gain as f32 };
        check_deviation(&xavier, shape, value("xavier_normal_std")?, name)?;
        let mode = FanMode::FanIn;
        let kaiming = Init::KaimingUniform { mode, nonlinearity };
        check_bound(&kaiming, shape, value("kaiming_uniform_bound_fan_in")?, name)?;
        for (mode, key) in [
            (FanMode::FanIn, "kaiming_normal_std_fan_in"),
            (FanMode::FanOut, "kaiming_normal_std_fan_out"),
        ] {
            check_deviation(&Init::KaimingNormal { mode, nonlinearity }, shape, value(key)?, name)?;
        }
    }
    Ok(BTreeMap::new())
}

/// A moment that is wrong fails the case rather than being unsupported.
fn check(holds: bool, what: &str) -> Result<(), String> {
    assert!(holds, "{what} is not what the oracle says");
    Ok(())
}

fn draws(init: &Init, shape: Shape) -> Vec<f64> {
    let mut rng = Rng::new(7);
    let count = 40_000usize.div_ceil(shape.elements());
    let draw = |_| init.weight(shape, &mut rng).to_vec();
    (0..count).flat_map(draw).map(f64::from).collect()
}

fn check_bound(init: &Init, shape: Shape, bound: f64, what: &str) -> Result<(), String> {
    let largest = draws(init, shape).into_iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    check(largest <= bound * 1.000_001 && largest > bound * 0.999, what)
}

fn check_deviation(init: &Init, shape: Shape, deviation: f64, what: &str) -> Result<(), String> {
    let draws = draws(init, shape);
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
    check((variance.sqrt() / deviation - 1.0).abs() < 0.02, what)?;
    check(mean.abs() < 0.03 * deviation, what)
}
