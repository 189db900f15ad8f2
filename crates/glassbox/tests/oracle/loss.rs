//! Losses. PyTorch has the classes on axis 1, Glassbox on the last.

use glassbox::nn::Loss;
use glassbox::{BinaryCrossEntropy, CrossEntropy, Reduction, Tensor};
use serde_json::{Value, json};

use crate::case::{Case, Computed};

pub fn compute(case: &Case) -> Computed {
    let reduction = match case.ctor("reduction").as_str() {
        None | Some("mean") => Reduction::Mean,
        Some("sum") => Reduction::Sum,
        Some("none") => Reduction::None,
        Some(other) => return Err(format!("reduction {other}")),
    };
    for legacy in ["size_average", "reduce"] {
        if !case.ctor(legacy).is_null() {
            return Err(format!("option {legacy}"));
        }
    }
    let number = |name: &str| case.ctor(name).as_f64().unwrap_or(1.0);
    let recipe = match case.op.trim_start_matches("nn.") {
        "CrossEntropyLoss" => return cross_entropy(case, reduction),
        "NLLLoss" => return negative_log_likelihood(case, reduction),
        "BCEWithLogitsLoss" => return binary_cross_entropy(case, reduction),
        "MSELoss" => json!({ "type": "mean_squared_error" }),
        "L1Loss" => json!({ "type": "mean_absolute_error" }),
        "HuberLoss" => json!({ "type": "huber", "delta": number("delta") }),
        "SmoothL1Loss" => json!({ "type": "smooth_l1", "beta": number("beta") }),
        _ => return Err("no such loss".into()),
    };
    let loss: Loss = serde_json::from_value(recipe).map_err(|error| error.to_string())?;
    let (prediction, target) = (case.input("in.0")?, case.input("in.1")?);
    case.outputs(&[loss.compute_reduced(&prediction, &target, reduction)])
}

/// The constructor's tensor argument `name`.
fn constructor_tensor(case: &Case, name: &str) -> Option<Tensor> {
    case.array(case.ctor(name)["$t"].as_str()?).map(|array| array.tensor())
}

/// Moves the classes from axis 1 (axis 0 without a batch) to the last.
fn classes_last(x: &Tensor) -> Tensor {
    let from = usize::from(x.rank() > 1);
    let mut order: Vec<isize> = (0..x.rank() as isize).collect();
    let classes = order.remove(from);
    order.push(classes);
    x.permute(&order)
}

fn ignored(case: &Case) -> Option<i32> {
    // PyTorch ignores -100 unless told otherwise.
    Some(match case.ctor("ignore_index") {
        Value::Null => -100,
        index => index.as_i64()? as i32,
    })
}

fn cross_entropy(case: &Case, reduction: Reduction) -> Computed {
    let logits = classes_last(&case.input("in.0")?);
    let given = case.array("in.1").ok_or("no target")?;
    let target = case.input("in.1")?;
    let target = if given.is_float { classes_last(&target) } else { target };
    if target.requires_grad() {
        return Err("gradient of the target".into());
    }
    let options = CrossEntropy {
        label_smoothing: case.ctor("label_smoothing").as_f64().unwrap_or(0.0) as f32,
        weights: constructor_tensor(case, "weight"),
        ignore_index: ignored(case),
        reduction,
    };
    case.outputs(&[logits.cross_entropy(&target, &options)])
}

fn negative_log_likelihood(case: &Case, reduction: Reduction) -> Computed {
    let log_probabilities = classes_last(&case.input("in.0")?);
    let options = CrossEntropy {
        weights: constructor_tensor(case, "weight"),
        ignore_index: ignored(case),
        reduction,
        ..CrossEntropy::default()
    };
    case.outputs(&[log_probabilities.nll_loss(&case.input("in.1")?, &options)])
}

fn binary_cross_entropy(case: &Case, reduction: Reduction) -> Computed {
    let options = BinaryCrossEntropy {
        weight: constructor_tensor(case, "weight"),
        positive_weight: constructor_tensor(case, "pos_weight"),
        reduction,
    };
    let (logits, target) = (case.input("in.0")?, case.input("in.1")?);
    if target.requires_grad() {
        return Err("gradient of the target".into());
    }
    case.outputs(&[logits.binary_cross_entropy_with_logits(&target, &options)])
}
