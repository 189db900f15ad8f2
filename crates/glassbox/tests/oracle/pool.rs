//! Pooling over one or two spatial axes.

use std::collections::BTreeMap;

use glassbox::{AvgPoolOptions, MaxPoolOptions, Padding, Tensor};

use crate::case::{Case, Computed};
use crate::image::{channels_first, channels_last, pair, spatial_axes};

pub fn compute(case: &Case) -> Computed {
    let axes = spatial_axes(&case.op)?;
    let input = case.input("in.0")?;
    let images = channels_last(&input, axes);
    let back = |y: Tensor| channels_first(&y, &input, axes);
    let name = case.op.trim_start_matches("nn.");
    if name.starts_with("Adaptive") {
        if case.ctor_at(1, "return_indices").as_bool() == Some(true) {
            return Err("indices of adaptive pooling".into());
        }
        let output = adaptive_size(case, axes, &images)?;
        return case.outputs(&[back(match name.contains("Max") {
            true => images.adaptive_max_pool(output),
            false => images.adaptive_avg_pool(output),
        })]);
    }
    if name.starts_with("LP") {
        return Err("power-average pooling".into());
    }
    let window = pair(case.ctor_at(0, "kernel_size"), axes, 1, [1, 1])?;
    let stride = pair(case.ctor_at(1, "stride"), axes, 1, window)?;
    let [rows, columns] = pair(case.ctor_at(2, "padding"), axes, 0, [0, 0])?;
    let padding = Padding::symmetric(rows, columns);
    if name.starts_with("Avg") {
        let options = AvgPoolOptions {
            window,
            stride,
            padding,
            ceil: case.ctor_at(3, "ceil_mode").as_bool().unwrap_or(false),
            count_padding: case.ctor_at(4, "count_include_pad").as_bool().unwrap_or(true),
            divisor: case.ctor_at(5, "divisor_override").as_u64().map(|d| d as usize),
        };
        return case.outputs(&[back(images.avg_pool(&options))]);
    }
    let options = MaxPoolOptions {
        window,
        stride,
        padding,
        dilation: pair(case.ctor_at(3, "dilation"), axes, 1, [1, 1])?,
        ceil: case.ctor_at(5, "ceil_mode").as_bool().unwrap_or(false),
    };
    if case.ctor_at(4, "return_indices").as_bool() != Some(true) {
        return case.outputs(&[back(images.max_pool(&options))]);
    }
    let (output, indices) = images.max_pool_with_indices(&options);
    let places = Tensor::from_slice(
        &indices.as_i32().iter().map(|&place| place as f32).collect::<Vec<_>>(),
        indices.shape(),
    );
    let places = BTreeMap::from([("out.1".to_owned(), (&back(places)).into())]);
    case.outputs_and(&[back(output)], places)
}

/// The output size of adaptive pooling; null keeps the input's.
fn adaptive_size(case: &Case, axes: usize, images: &Tensor) -> Result<[usize; 2], String> {
    let asked = case.ctor_at(0, "output_size");
    let size = |value: &serde_json::Value, axis: usize| match value.as_u64() {
        Some(size) => size as usize,
        None => images.dims()[1 + axis],
    };
    Ok(match asked.as_array() {
        Some(list) if list.len() == 2 && axes == 2 => [size(&list[0], 0), size(&list[1], 1)],
        Some(list) if list.len() == 1 && axes == 1 => [1, size(&list[0], 1)],
        Some(_) => return Err(format!("output size {asked}")),
        None if axes == 1 => [1, size(asked, 1)],
        None => [size(asked, 0), size(asked, 1)],
    })
}
