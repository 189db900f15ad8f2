//! Optimizers: 20 steps from given gradients, the whole trajectory and the final state.

use std::collections::BTreeMap;

use glassbox::nn::{Cx, Param, Slot, walk};
use glassbox::optim::{Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd, UpdateRule};
use glassbox::{Gradients, Tensor};
use serde_json::{Map, Value};

use crate::case::{Array, Case, Computed};

pub fn compute(case: &Case) -> Computed {
    let kwargs = case.json["kwargs"].as_object().cloned().unwrap_or_default();
    let groups = case.json["param_groups"].as_array().cloned().unwrap_or_default();
    let mut optimizer = Optimizer::from_boxed(rule(&case.op, &kwargs)?);
    // The first group of the oracle has parameter 0, the second has all others.
    for index in 0.. {
        let Some(_) = case.array(&format!("p0.{index}")) else { break };
        if let Some(own) = groups.get(index.min(1)).and_then(Value::as_object) {
            let mut merged = kwargs.clone();
            merged.extend(own.clone().into_iter().filter(|(key, _)| key != "params"));
            optimizer = optimizer.group_boxed(&index.to_string(), rule(&case.op, &merged)?);
        }
    }
    run(case, optimizer)
}

fn run(case: &Case, mut optimizer: Optimizer) -> Computed {
    let mut model: Vec<Param> = Vec::new();
    let mut gradients: Vec<&Array> = Vec::new();
    while let Some(start) = case.array(&format!("p0.{}", model.len())) {
        gradients.push(case.array(&format!("g.{}", model.len())).ok_or("no gradients")?);
        model.push(Param::new(start.tensor()));
    }
    let steps = gradients.first().map_or(0, |g| g.shape[0]);
    let mut trajectories = vec![Vec::new(); model.len()];
    for step in 0..steps {
        let mut cx = Cx::train(0, step as u64);
        let mut given = Gradients::default();
        for (param, all) in model.iter().zip(&gradients) {
            let size = param.elements();
            let values = &all.f32s()[step * size..(step + 1) * size];
            given.insert(&param.on(&cx), Tensor::from_slice(values, param.shape()));
        }
        optimizer.step(&mut model, &given, &mut cx);
        walk(&model, |path, slot| {
            if let Slot::Param(param) = slot {
                let index: usize = path.to_string().parse().expect("a list's paths are indices");
                trajectories[index].extend(param.value().as_slice().iter().map(|&x| f64::from(x)));
            }
        });
    }
    let mut computed = BTreeMap::new();
    for (index, (values, given)) in trajectories.into_iter().zip(&gradients).enumerate() {
        computed.insert(format!("traj.{index}"), Array::new(given.shape.clone(), values));
    }
    for (name, tensor) in &optimizer.state(&model).tensors {
        let (index, own) = name.split_once('.').ok_or("a state's name has a path")?;
        computed.insert(format!("state.{index}.{}", torch_name(&case.op, own)), tensor.into());
    }
    Ok(computed)
}

/// What PyTorch calls a state tensor.
fn torch_name(op: &str, own: &str) -> &'static str {
    match (op, own) {
        (_, "first_moment") => "exp_avg",
        (_, "second_moment") => "exp_avg_sq",
        (_, "largest_second_moment") => "max_exp_avg_sq",
        ("SGD", "velocity") => "momentum_buffer",
        (_, "velocity") => "momentum_buffer",
        (_, "square") => "square_avg",
        (_, "mean") => "grad_avg",
        (_, "sum") => "sum",
        _ => "?",
    }
}

/// The update rule with PyTorch's arguments.
pub fn rule(op: &str, kwargs: &Map<String, Value>) -> Result<Box<dyn UpdateRule>, String> {
    let mut known = vec!["lr", "weight_decay", "maximize"];
    let number =
        |name: &str, default: f64| kwargs.get(name).and_then(Value::as_f64).unwrap_or(default);
    let flag = |name: &str| kwargs.get(name).and_then(Value::as_bool).unwrap_or(false);
    let betas = || {
        let beta = |i: usize| kwargs.get("betas").and_then(|b| b[i].as_f64());
        [beta(0).unwrap_or(0.9), beta(1).unwrap_or(0.999)]
    };
    let (weight_decay, maximize) = (number("weight_decay", 0.0), flag("maximize"));
    let rule: Box<dyn UpdateRule> = match op {
        "SGD" => {
            known.extend(["momentum", "dampening", "nesterov"]);
            Box::new(Sgd {
                lr: number("lr", 1e-3),
                momentum: number("momentum", 0.0),
                dampening: number("dampening", 0.0),
                nesterov: flag("nesterov"),
                weight_decay,
                maximize,
            })
        }
        "Adam" => {
            known.extend(["betas", "eps", "amsgrad"]);
            let (betas, epsilon) = (betas(), number("eps", 1e-8));
            let (lr, amsgrad) = (number("lr", 1e-3), flag("amsgrad"));
            Box::new(Adam { lr, betas, epsilon, weight_decay, amsgrad, maximize })
        }
        "AdamW" => {
            known.extend(["betas", "eps", "amsgrad"]);
            let weight_decay = number("weight_decay", 0.01);
            let (betas, epsilon) = (betas(), number("eps", 1e-8));
            let (lr, amsgrad) = (number("lr", 1e-3), flag("amsgrad"));
            Box::new(AdamW { lr, betas, epsilon, weight_decay, amsgrad, maximize })
        }
        "RMSprop" => {
            known.extend(["alpha", "eps", "momentum", "centered"]);
            Box::new(RmsProp {
                lr: number("lr", 0.01),
                alpha: number("alpha", 0.99),
                epsilon: number("eps", 1e-8),
                weight_decay,
                momentum: number("momentum", 0.0),
                centered: flag("centered"),
                maximize,
            })
        }
        "Adagrad" => {
            known.extend(["lr_decay", "eps", "initial_accumulator_value"]);
            Box::new(Adagrad {
                lr: number("lr", 0.01),
                lr_decay: number("lr_decay", 0.0),
                weight_decay,
                initial_accumulator: number("initial_accumulator_value", 0.0),
                epsilon: number("eps", 1e-10),
                maximize,
            })
        }
        _ => return Err("no such optimizer".into()),
    };
    match kwargs.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("option {key}")),
        None => Ok(rule),
    }
}
