//! Gradient clipping by norm and by value.

use std::collections::BTreeMap;

use glassbox::nn::{Cx, Param};
use glassbox::train::{clip_by_norm, clip_by_value};
use glassbox::{Gradients, Tensor};

use crate::case::{Array, Case, Computed};

pub fn compute(case: &Case) -> Computed {
    let mut model: Vec<Param> = Vec::new();
    let mut arrays: Vec<&Array> = Vec::new();
    while let Some(gradient) = case.array(&format!("g.{}", model.len())) {
        model.push(Param::new(Tensor::zeros(&gradient.shape)));
        arrays.push(gradient);
    }
    let cx = Cx::train(0, 0);
    let given = || {
        let mut gradients = Gradients::default();
        for (param, array) in model.iter().zip(&arrays) {
            gradients.insert(&param.on(&cx), array.tensor());
        }
        gradients
    };
    let json = case.json;
    let order = json["norm_type"].as_f64().unwrap_or(f64::INFINITY);
    let max = json["max_norm"].as_f64().ok_or("no max_norm")?;
    let clip_value = json["clip_value"].as_f64().ok_or("no clip_value")?;
    let (mut by_norm, mut by_value) = (given(), given());
    let norm = clip_by_norm(&model, &mut by_norm, max, order);
    clip_by_value(&model, &mut by_value, clip_value);
    let mut computed = BTreeMap::from([("total_norm".to_owned(), Array::scalars(vec![norm]))]);
    for (index, param) in model.iter().enumerate() {
        for (name, gradients) in [("g", &by_norm), ("value", &by_value)] {
            let gradient = param.gradient(gradients).ok_or("no gradient")?;
            computed.insert(format!("{name}.{index}"), gradient.into());
        }
    }
    Ok(computed)
}
