//! What every layer of the table must keep to.

use glassbox_tensor::{Rng, Shape, Tensor};

use super::*;
use crate::{Cx, buffer_count, parameter_count};

/// Layers in recipe form, with input shapes they work on.
const WORKING: &[(&str, &[&[usize]])] = &[
    (r#"{"type":"dense","units":5}"#, &[&[7], &[3, 7]]),
    (r#"{"type":"dense","units":1,"bias":false,"init":"zeros","inputs":4}"#, &[&[4]]),
    (r#"{"type":"conv2d","filters":4,"kernel":3}"#, &[&[8, 9, 2], &[3, 3, 1]]),
    (r#"{"type":"conv2d","filters":4,"kernel":[3,2],"stride":2,"padding":"same"}"#, &[&[8, 9, 2]]),
    (
        r#"{"type":"conv2d","filters":4,"kernel":3,"dilation":2,"padding":[1,2],"bias":false}"#,
        &[&[8, 9, 2]],
    ),
    (r#"{"type":"conv2d","filters":6,"kernel":3,"groups":3,"padding":1}"#, &[&[8, 9, 3]]),
    (r#"{"type":"max_pool"}"#, &[&[8, 9, 2], &[2, 2, 1]]),
    (r#"{"type":"max_pool","size":[3,2],"stride":[1,2],"padding":1}"#, &[&[8, 9, 2]]),
    (r#"{"type":"max_pool","size":3,"padding":"same"}"#, &[&[8, 9, 2]]),
    (r#"{"type":"avg_pool"}"#, &[&[8, 9, 2]]),
    (r#"{"type":"avg_pool","size":3,"stride":1,"padding":1}"#, &[&[8, 9, 2]]),
    (r#"{"type":"avg_pool","size":3,"stride":2,"padding":"same"}"#, &[&[8, 9, 2]]),
    (r#"{"type":"global_avg_pool"}"#, &[&[8, 9, 2], &[5, 3]]),
    (r#"{"type":"batch_norm"}"#, &[&[8, 9, 2], &[4]]),
    (r#"{"type":"batch_norm","affine":false,"momentum":"cumulative"}"#, &[&[5, 3]]),
    (r#"{"type":"layer_norm"}"#, &[&[8, 9, 2], &[4]]),
    (r#"{"type":"layer_norm","axes":2,"affine":false}"#, &[&[5, 3]]),
    (r#"{"type":"layer_norm","bias":false}"#, &[&[4]]),
    (r#"{"type":"dropout"}"#, &[&[8, 9, 2], &[4], &[]]),
    (r#"{"type":"flatten"}"#, &[&[8, 9, 2], &[4], &[]]),
    (r#"{"type":"residual","layers":[]}"#, &[&[4]]),
    (
        r#"{"type":"residual","layers":[{"type":"conv2d","filters":4,"kernel":3,"stride":2,"padding":1}]}"#,
        &[&[8, 9, 2]],
    ),
    (
        r#"{"type":"residual","layers":[{"type":"dense","units":3}],"shortcut":[{"type":"dense","units":3}]}"#,
        &[&[5]],
    ),
    (r#"{"type":"add"}"#, &[&[4]]),
    (r#"{"type":"mul"}"#, &[&[8, 9, 2]]),
    (r#"{"type":"concat"}"#, &[&[5, 3]]),
    (r#"{"type":"embedding","dim":5,"size":7}"#, &[&[4], &[]]),
    (r#"{"type":"rnn","units":4}"#, &[&[5, 3], &[1, 1]]),
    (
        r#"{"type":"rnn","units":4,"activation":"relu","recurrent_init":"identity","layers":2}"#,
        &[&[5, 3]],
    ),
    (r#"{"type":"gru","units":4,"layers":3,"dropout":0.5,"bias":false}"#, &[&[5, 3]]),
    (r#"{"type":"gru","units":4,"bidirectional":true,"layers":2,"return":"last"}"#, &[&[5, 3]]),
    (r#"{"type":"gru","units":4,"recompute":true}"#, &[&[5, 3]]),
    (r#"{"type":"lstm","units":4}"#, &[&[5, 3]]),
    (
        r#"{"type":"lstm","units":4,"projection":2,"bidirectional":true,"layers":2,"forget_bias":0}"#,
        &[&[5, 3]],
    ),
    (r#"{"type":"sigmoid"}"#, &[&[8, 9, 2], &[4], &[]]),
    (r#"{"type":"tanh"}"#, &[&[4]]),
    (r#"{"type":"relu"}"#, &[&[4]]),
    (r#"{"type":"leaky_relu","slope":0.2}"#, &[&[4]]),
    (r#"{"type":"elu"}"#, &[&[4]]),
    (r#"{"type":"gelu","approximate":true}"#, &[&[4]]),
    (r#"{"type":"silu"}"#, &[&[4]]),
    (r#"{"type":"softplus"}"#, &[&[4]]),
    (r#"{"type":"softmax"}"#, &[&[4], &[5, 3]]),
    (r#"{"type":"softmax","axis":0}"#, &[&[5, 3]]),
];

fn layer(text: &str) -> Layer {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn batch(layer: &Layer, input: Shape, size: usize) -> Tensor {
    let mut rng = Rng::new(5);
    if matches!(layer, Layer::Embedding(_)) {
        let mut token = || rng.below(7) as i32;
        return Tensor::build_i32(input.prepend(size), |out| out.fill_with(&mut token));
    }
    Tensor::build(input.prepend(size), |out| out.fill_with(|| rng.normal()))
}

#[test]
fn shapes_and_counts_hold_in_the_built_layer() {
    for (text, inputs) in WORKING {
        let layer = layer(text);
        for &input in *inputs {
            let input = Shape::new(input);
            let output = layer.output_shape(input).unwrap_or_else(|e| panic!("{text}: {e}"));
            let module = layer.build(input, &mut Rng::new(1)).unwrap();
            for (mut cx, size) in [(Cx::eval(), 1), (Cx::eval(), 4), (Cx::train(1, 1), 3)] {
                let result = module.forward(&batch(&layer, input, size), &mut cx);
                assert_eq!(result.shape(), output.prepend(size), "{text} on {input}");
                cx.discard();
            }
            let cost = layer.cost(input).unwrap();
            assert_eq!(cost.parameters, parameter_count(&*module), "{text}");
            assert_eq!(cost.buffers, buffer_count(&*module), "{text}");
        }
    }
}

#[test]
fn every_layer_is_covered_and_written_as_it_is_read() {
    for &name in Layer::TYPES {
        let covered = WORKING.iter().any(|(text, _)| layer(text).type_name() == name);
        assert!(covered, "{name} is missing here");
    }
    for (text, _) in WORKING {
        let read = layer(text);
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(layer(&written), read, "{written}");
        assert!(read.describe().starts_with(read.type_name()), "{}", read.describe());
        assert!(written.contains(&format!(r#""type":"{}""#, read.type_name())), "{written}");
    }
}

#[test]
fn every_weight_gets_a_gradient() {
    for (text, inputs) in WORKING {
        let layer = layer(text);
        let input = Shape::new(inputs[0]);
        let module = layer.build(input, &mut Rng::new(1)).unwrap();
        if parameter_count(&*module) == 0 {
            continue;
        }
        let mut cx = Cx::train(1, 1);
        let loss = module.forward(&batch(&layer, input, 3), &mut cx).square().sum(..);
        let gradients = loss.backward();
        cx.discard();
        crate::walk(&*module, |path, slot| {
            if let crate::Slot::Param(param) = slot {
                let gradient = param.gradient(&gradients);
                assert!(gradient.is_some_and(|g| g.shape() == param.shape()), "{text}: {path}");
            }
        });
    }
}

/// What a layer says of later steps, it does: changing the last step of a sequence changes an
/// earlier output exactly where [`LayerConfig::sees_later_steps`](crate::LayerConfig) says so.
#[test]
fn layers_that_see_later_steps_say_so() {
    let mut seen = 0;
    for (text, inputs) in WORKING {
        let layer = layer(text);
        for &input in inputs.iter().filter(|input| input.len() == 2 || input.len() == 3) {
            let input = Shape::new(input);
            let (output, steps) = (layer.output_shape(input).unwrap(), input.dims()[0]);
            if output.rank() != input.rank() || output.dims()[0] != steps {
                continue;
            }
            let module = layer.build(input, &mut Rng::new(1)).unwrap();
            let (first, mut values) = (batch(&layer, input, 1), batch(&layer, input, 1).to_vec());
            let step = values.len() / steps;
            values[(steps - 1) * step..].iter_mut().for_each(|value| *value += 1.0);
            let second = Tensor::from_slice(&values, first.dims());
            let run = |input: &Tensor| module.forward(input, &mut Cx::eval()).to_vec();
            let (first, second) = (run(&first), run(&second));
            let before = first.len() / steps * (steps - 1);
            let changes = first[..before] != second[..before];
            assert_eq!(layer.sees_later_steps(input).is_some(), changes, "{text} on {input}");
            seen += usize::from(changes);
        }
    }
    assert!(seen >= 3, "{seen} layers see later steps");
}

/// A layer that cannot be built says so, whatever numbers it is given.
#[test]
fn absurd_settings_are_errors_and_never_panic() {
    const HUGE: u64 = 1_000_000_000_000_000_000;
    let numbers = [0, 1, 2, 3, 7, 4096, u64::from(u32::MAX), HUGE, u64::MAX];
    let shapes: &[&[usize]] = &[
        &[],
        &[0],
        &[1],
        &[5],
        &[3, 5],
        &[0, 5, 2],
        &[8, 9, 4],
        &[2, 3, 4, 5],
        &[usize::MAX, 3],
        &[usize::MAX, usize::MAX, usize::MAX],
        &[1; 8],
    ];
    for (text, _) in WORKING {
        let plain: serde_json::Value = serde_json::from_str(text).unwrap();
        let full = serde_json::to_value(layer(text)).unwrap();
        let mut variants = vec![plain];
        for (key, value) in full.as_object().unwrap() {
            if !value.is_number() && key != "padding" {
                continue;
            }
            for number in numbers {
                let mut variant = full.clone();
                variant[key] = number.into();
                variants.push(variant);
            }
        }
        for variant in variants {
            let Ok(layer) = serde_json::from_value::<Layer>(variant.clone()) else { continue };
            for shape in shapes {
                let input = Shape::new(shape);
                let output = layer.output_shape(input);
                assert_eq!(layer.cost(input).is_ok(), output.is_ok(), "{variant} on {input}");
                let _ = (layer.receptive_field(ReceptiveField::PIXEL, input), layer.describe());
                let _ = layer.smallest_training_batch(input);
                match output {
                    Err(error) => {
                        let built = layer.build(input, &mut Rng::new(1));
                        assert_eq!(built.err(), Some(error), "{variant} on {input}");
                    }
                    // Allocating millions of weights is no part of this test.
                    Ok(_) if layer.cost(input).unwrap().parameters < 1000 => {
                        layer.build(input, &mut Rng::new(1)).unwrap();
                    }
                    Ok(_) => {}
                }
            }
        }
    }
}
