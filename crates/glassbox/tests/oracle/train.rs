//! Whole trainings of 20 steps: losses, gradients, weights, running statistics.

use std::collections::BTreeMap;

use glassbox::nn::layers::{Conv2dConfig, DenseConfig, LayerConfig, LstmConfig};
use glassbox::nn::{
    Cx, Graph, Loss, Module, Parameters, Sequential, Slot, SlotMut, walk, walk_mut,
};
use glassbox::optim::Optimizer;
use glassbox::schedule::{PlateauState, Rate, Schedule, Time};
use glassbox::train::{clip_by_norm, gradient_norm};
use glassbox::{Gradients, Rng, Tensor};
use serde_json::json;

use crate::case::{Array, Case, Computed};
use crate::{optim, sched};

const STEPS: usize = 20;

/// The model, and PyTorch's name for each of its layers with state.
fn model(case: &Case) -> Result<(Graph, Names), String> {
    let mlp = |activation: &str| {
        let widths = |index: usize| case.array(&format!("param.{index}.bias")).map(|b| b.shape[0]);
        let mut builder = Sequential::input([6]);
        for index in [0, 2, 4] {
            builder = builder.dense(widths(index).unwrap_or(1));
            builder = match (index, activation) {
                (4, _) => builder,
                (_, "tanh") => builder.tanh(),
                (_, "relu") => builder.relu(),
                _ => builder.gelu(),
            };
        }
        (builder, vec![(0, "0"), (2, "2"), (4, "4")])
    };
    let (builder, names) = match case.op.as_str() {
        "mlp_tanh" => mlp("tanh"),
        "mlp_relu" => mlp("relu"),
        "mlp_gelu_reg" => mlp("gelu"),
        "cnn" | "cnn_bn" => {
            let kernel = case.array("param.c1.weight").ok_or("no kernel")?.shape[2];
            let first = Conv2dConfig { padding: 1.into(), ..Conv2dConfig::new(4, kernel) };
            let second = Conv2dConfig { stride: 2.into(), ..Conv2dConfig::new(6, 3) };
            let builder = Sequential::input([8, 8, 1]).layer(first);
            let (builder, with_norm) = match case.op.as_str() {
                "cnn_bn" => (builder.batch_norm(), 1),
                _ => (builder, 0),
            };
            let builder = builder.relu().max_pool(2).layer(second).relu();
            let builder = builder.global_avg_pool().dense(4);
            let mut names = vec![(0, "c1"), (3 + with_norm, "c2"), (6 + with_norm, "fc")];
            if with_norm == 1 {
                names.push((1, "bn"));
            }
            (builder, names)
        }
        "rnn" | "gru" | "lstm" | "lstm_bi2" => return recurrent(&case.op),
        _ => return Err("no such network".into()),
    };
    Ok((builder.build(0).map_err(|error| error.to_string())?, Names(names)))
}

/// Tokens through an embedding and recurrent layers; the end of the sequence decides.
fn recurrent(op: &str) -> Result<(Graph, Names), String> {
    let builder = Sequential::input([5]).embedding(9, 5);
    let builder = match op {
        "rnn" => builder.rnn(6),
        "gru" => builder.gru(6),
        "lstm" => builder.lstm(6),
        _ => builder.layer(LstmConfig { layers: 2, bidirectional: true, ..LstmConfig::new(6) }),
    };
    let model = builder.build(0).map_err(|error| error.to_string())?;
    let width = model.output_shape()[1];
    let model = model.with_module(LastStep, [width]);
    let dense = DenseConfig::new(4).build([width].into(), &mut Rng::new(0));
    let model = model.with_module(dense.map_err(|error| error.to_string())?, [4]);
    Ok((model, Names(vec![(0, "emb"), (1, "rnn"), (3, "fc")])))
}

/// What stands at the last step of a sequence.
#[derive(Parameters)]
struct LastStep;

impl Module for LastStep {
    fn forward(&self, input: &Tensor, _: &mut Cx) -> Tensor {
        let time = input.dims()[1];
        input.slice(1, time - 1..time).squeeze(1)
    }
}

/// PyTorch's layout of a weight as ours: reversed for dense and recurrent layers, `[out, in, h, w]`
/// for convolution; embeddings are the same.
fn to_ours(name: &str, tensor: &Tensor) -> Tensor {
    match tensor.rank() {
        2 if name.starts_with("emb") => tensor.clone(),
        2 => tensor.transpose(0, 1),
        4 => tensor.permute([2, 3, 1, 0]),
        _ => tensor.clone(),
    }
}

fn from_ours(name: &str, tensor: &Tensor) -> Tensor {
    match tensor.rank() {
        2 if name.starts_with("emb") => tensor.clone(),
        2 => tensor.transpose(0, 1),
        4 => tensor.permute([3, 2, 0, 1]),
        _ => tensor.clone(),
    }
}

struct Names(Vec<(usize, &'static str)>);

impl Names {
    /// PyTorch's name for our path `3.weight`.
    fn torch(&self, path: &str) -> String {
        let (layer, own) = path.split_once('.').unwrap_or((path, ""));
        let name = self.0.iter().find(|(index, _)| index.to_string() == layer).map_or("?", |n| n.1);
        // `forward.0.weight_ih` of a recurrent layer is its `weight_ih_l0`.
        match own.split('.').collect::<Vec<_>>()[..] {
            ["forward", layer, own] => format!("{name}.{own}_l{layer}"),
            ["reverse", layer, own] => format!("{name}.{own}_l{layer}_reverse"),
            _ => format!("{name}.{own}"),
        }
    }
}

pub fn compute(case: &Case) -> Computed {
    let (mut model, names) = model(case)?;
    let mut missing = None;
    walk_mut(&mut model, |path, slot| {
        let name = names.torch(&path.to_string());
        let role = match slot {
            SlotMut::Param(_) => format!("param.{name}"),
            SlotMut::Buffer(_) => format!("buffer.{name}"),
        };
        let Some(array) = case.array(&role) else {
            missing = Some(role);
            return;
        };
        let value = Tensor::from_slice(&array.f32s(), &array.shape);
        match slot {
            SlotMut::Param(param) => param.set(&to_ours(&name, &value)),
            SlotMut::Buffer(buffer) => buffer.set(&value.reshape(buffer.shape())),
        }
    });
    if let Some(role) = missing {
        return Err(format!("no tensor {role}"));
    }
    let run = Run::new(case)?;
    run.train(&mut model, &names)
}

/// The settings of one training.
struct Run {
    optimizer: Optimizer,
    base: f64,
    schedule: Option<sched::Scheduled>,
    total_steps: u64,
    clip: Option<f64>,
    accumulate: usize,
    loss: Loss,
    inputs: Array,
    targets: Array,
    order: Array,
}

impl Run {
    fn new(case: &Case) -> Result<Self, String> {
        let json = case.json;
        let name = json["optimizer"][0].as_str().ok_or("no optimizer")?;
        let mut kwargs = json["optimizer"][1].as_object().cloned().ok_or("no options")?;
        let schedule = match json["scheduler"][0].as_str() {
            Some(name) => Some(sched::parse(name, &json["scheduler"][1])?),
            None => None,
        };
        let cycles = matches!(&schedule, Some((Schedule::OneCycle(_) | Schedule::Cyclic(_), _)));
        if cycles && !kwargs.contains_key("betas") && !name.starts_with("Adam") {
            // PyTorch's cycling schedules turn momentum on.
            kwargs.insert("momentum".into(), json!(0.95));
        }
        let rule = optim::rule(name, &kwargs)?;
        let array = |role: &str| case.array(role).cloned().ok_or(format!("no tensor {role}"));
        let loss = match json["loss"].as_str() {
            Some("mse") => json!({ "type": "mean_squared_error" }),
            _ => json!({ "type": "cross_entropy" }),
        };
        Ok(Self {
            base: rule.learning_rate(),
            optimizer: Optimizer::from_boxed(rule),
            schedule,
            total_steps: json["scheduler"][1]["total_steps"].as_u64().unwrap_or(STEPS as u64),
            clip: json["clip_grad_norm"].as_f64(),
            accumulate: json["accumulate"].as_u64().unwrap_or(1) as usize,
            loss: serde_json::from_value(loss).map_err(|error| error.to_string())?,
            inputs: array("X")?,
            targets: array("Y")?,
            order: array("order")?,
        })
    }

    fn rate(&self, step: usize) -> Rate {
        match &self.schedule {
            None => self.base.into(),
            Some((schedule, _)) => {
                let time = Time::new(step as u64, 1, self.total_steps);
                schedule.rate(time, self.base, &PlateauState::default())
            }
        }
    }

    /// All inputs in our layout.
    fn all_inputs(&self) -> Tensor {
        let inputs = self.inputs.tensor();
        if inputs.rank() == 4 { inputs.permute([0, 2, 3, 1]) } else { inputs }
    }

    /// The inputs and targets of micro-batch `index`.
    fn batch(&self, all: &Tensor, index: usize) -> (Tensor, Tensor) {
        let size = self.order.shape[1];
        let rows: Vec<i32> = self.order.i32s()[index * size..(index + 1) * size].to_vec();
        let rows = Tensor::from_i32(&rows, [size]);
        let targets = self.targets.tensor();
        let targets = match self.targets.is_float {
            true => targets.index_select(0, &rows),
            false => {
                let picked = rows.as_i32().iter().map(|&row| targets.as_i32()[row as usize]);
                Tensor::from_i32(&picked.collect::<Vec<_>>(), [size])
            }
        };
        (all.index_select(0, &rows), targets)
    }

    fn train(mut self, model: &mut Graph, names: &Names) -> Computed {
        let mut computed = BTreeMap::new();
        let (mut losses, mut rates, mut norms) = (Vec::new(), Vec::new(), Vec::new());
        let all = self.all_inputs();
        for step in 0..STEPS {
            let mut gradients = Gradients::default();
            let mut cx = Cx::train(0, step as u64);
            let mut total = 0.0;
            for micro in 0..self.accumulate {
                let (inputs, targets) = self.batch(&all, step * self.accumulate + micro);
                let prediction = model.forward(&inputs, &mut cx);
                let share = 1.0 / self.accumulate as f32;
                let loss = self.loss.compute(&prediction, &targets).affine(share, 0.0);
                total += f64::from(loss.item());
                loss.backward_into(&mut gradients);
            }
            if step == 0 {
                walk(model, |path, slot| {
                    let Slot::Param(param) = slot else { return };
                    let Some(gradient) = param.gradient(&gradients) else { return };
                    let name = names.torch(&path.to_string());
                    let gradient = Array::from(&from_ours(&name, gradient));
                    computed.insert(format!("grad0.{name}"), gradient);
                });
            }
            norms.push(gradient_norm(model, &gradients, 2.0));
            if let Some(max) = self.clip {
                clip_by_norm(model, &mut gradients, max, 2.0);
            }
            let rate = self.rate(step);
            self.optimizer.set_learning_rate(rate.learning_rate);
            if let Some(momentum) = rate.momentum {
                self.optimizer.set_momentum(momentum);
            }
            self.optimizer.step(model, &gradients, &mut cx);
            losses.push(total);
            rates.push(rate.learning_rate);
            if step == 0 {
                add_state(&mut computed, model, names, "after1", None);
            }
        }
        for (role, values) in [("loss", losses), ("lr", rates), ("grad_norm", norms)] {
            computed.insert(role.to_owned(), Array::scalars(values));
        }
        add_state(&mut computed, model, names, "final", Some("final_buffer"));
        let output = model.forward(&all, &mut Cx::eval());
        computed.insert("eval_out".to_owned(), Array::from(&output));
        Ok(computed)
    }
}

fn add_state(
    computed: &mut BTreeMap<String, Array>,
    model: &Graph,
    names: &Names,
    params: &str,
    buffers: Option<&str>,
) {
    walk(model, |path, slot| {
        let name = names.torch(&path.to_string());
        match (slot, buffers) {
            (Slot::Param(param), _) => {
                let value = from_ours(&name, &param.value());
                computed.insert(format!("{params}.{name}"), Array::from(&value));
            }
            (Slot::Buffer(buffer), Some(prefix)) => {
                let scalar = name.ends_with("num_batches_tracked");
                let value = buffer.value();
                let value = if scalar { value.reshape([]) } else { value.clone() };
                computed.insert(format!("{prefix}.{name}"), Array::from(&value));
            }
            _ => {}
        }
    });
}
