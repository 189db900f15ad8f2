//! Dropout with a given mask of the values to keep.

use crate::case::{Case, Computed};

pub fn compute(case: &Case) -> Computed {
    let p = case.json["call"]["kwargs"]["p"].as_f64().ok_or("no p")? as f32;
    let input = case.input("in.0")?;
    let mask = case.array("in.1").ok_or("no mask")?;
    let mask = glassbox::Tensor::from_slice(&mask.f32s(), &mask.shape);
    case.outputs(&[input.dropout_with_mask(&mask, p)])
}
