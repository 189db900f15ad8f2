//! `nn.BatchNorm1d` to `3d`: the layer with its running statistics. `nn.LayerNorm`.

use std::collections::BTreeMap;

use glassbox::nn::layers::{BatchNormConfig, LayerConfig, Momentum};
use glassbox::nn::{Cx, Module, Slot, SlotMut, walk, walk_mut};
use glassbox::{Activation, BatchNormMode, Rng, Shape, Tensor};
use serde_json::Value;

use crate::case::{Case, Computed};

pub fn compute(case: &Case) -> Computed {
    if case.op == "nn.LayerNorm" {
        let (shape, epsilon) = (case.ctor_at(0, "normalized_shape"), case.ctor_at(1, "eps"));
        let [weight, bias] = ["param.weight", "param.bias"].map(|role| case.tensor(role));
        return layer_norm(case, [shape, epsilon], [weight, bias]);
    }
    if !case.op.contains("BatchNorm") {
        return Err("no such normalization".into());
    }
    let flag = |at: usize, name: &str| case.ctor_at(at, name).as_bool().unwrap_or(true);
    let (affine, tracked) = (flag(3, "affine"), flag(4, "track_running_stats"));
    let arguments = &case.json["ctor"];
    let given = arguments["args"].get(2).or_else(|| arguments["kwargs"].get("momentum"));
    let momentum = match given {
        None => Momentum::Weight(0.1),
        Some(Value::Null) => Momentum::Cumulative,
        Some(value) => Momentum::Weight(value.as_f64().ok_or("momentum")? as f32),
    };
    let epsilon = case.ctor_at(1, "eps").as_f64().unwrap_or(1e-5) as f32;
    let input = case.input("in.0")?;
    if input.elements() == 0 {
        return Err("an empty batch".into());
    }
    // Channels last: [batch, channels, …] becomes [batch, …, channels].
    let mut order: Vec<isize> = (0..input.rank() as isize).collect();
    let channels_axis = order.remove(1);
    order.push(channels_axis);
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(to, &from)| back[from as usize] = to as isize);
    let x = input.permute(&order);
    if !tracked {
        // Without running statistics both modes use the batch's own.
        let (scale, shift) = (case.tensor("param.weight"), case.tensor("param.bias"));
        let (scale, shift) = (scale.as_ref(), shift.as_ref());
        let mode = BatchNormMode::Train;
        let (y, _) = x.batch_norm(scale, shift, mode, epsilon, Activation::Identity);
        return case.outputs(&[y.permute(&back)]);
    }
    let config = BatchNormConfig { momentum, epsilon, affine };
    let item = Shape::new(&x.dims()[1..]);
    let mut layer = config.build(item, &mut Rng::new(0)).map_err(|error| error.to_string())?;
    walk_mut(&mut layer, |path, slot| {
        let role = match path.to_string().as_str() {
            "weight" => "param.weight",
            "bias" => "param.bias",
            "running_mean" => "buffer.running_mean",
            "running_var" => "buffer.running_var",
            _ => "buffer.num_batches_tracked",
        };
        let Some(array) = case.array(role) else { return };
        match slot {
            SlotMut::Param(param) => param.set(&Tensor::from_slice(&array.f32s(), param.shape())),
            SlotMut::Buffer(buffer) => {
                buffer.set(&Tensor::from_slice(&array.f32s(), buffer.shape()))
            }
        }
    });
    let training = case.json["train"].as_bool().unwrap_or(true);
    let mut cx = if training { Cx::train(0, 0) } else { Cx::eval().recording(true) };
    let output = layer.forward(&x, &mut cx).permute(&back);
    let mut computed = case.outputs_with_parameters(&output, &layer, |path| match path {
        "weight" => Some("param.weight"),
        "bias" => Some("param.bias"),
        _ => None,
    })?;
    cx.commit(&mut layer);
    let mut after = BTreeMap::new();
    walk(&layer, |path, slot| {
        let Slot::Buffer(buffer) = slot else { return };
        let (role, scalar) = match path.to_string().as_str() {
            "running_mean" => ("after.running_mean", false),
            "running_var" => ("after.running_var", false),
            _ => ("after.num_batches_tracked", true),
        };
        let value = if scalar { buffer.value().reshape([]) } else { buffer.value().clone() };
        after.insert(role.to_owned(), (&value).into());
    });
    computed.extend(after);
    Ok(computed)
}

/// `nn.functional.layer_norm(input, normalized_shape, weight, bias, eps)`.
pub fn layer_norm_function(case: &Case) -> Computed {
    let call = &case.json["call"];
    let [weight, bias] = ["in.1", "in.2"].map(|role| case.tensor(role));
    layer_norm(case, [&call["args"][1], &call["kwargs"]["eps"]], [weight, bias])
}

fn layer_norm(
    case: &Case,
    [shape, epsilon]: [&Value; 2],
    [weight, bias]: [Option<Tensor>; 2],
) -> Computed {
    let axes = shape.as_array().ok_or("a normalized shape")?.len();
    let epsilon = epsilon.as_f64().unwrap_or(1e-5) as f32;
    let input = case.input("in.0")?;
    case.outputs(&[input.layer_norm(axes, weight.as_ref(), bias.as_ref(), epsilon)])
}
