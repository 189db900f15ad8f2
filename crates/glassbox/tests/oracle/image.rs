//! PyTorch's image layouts beside ours: channels first there, last here.

use glassbox::Tensor;
use serde_json::Value;

/// `[batch, channels, (height,) width]`, or without the batch, as `[batch, height, width,
/// channels]`. `axes` is the number of spatial axes, 1 or 2.
pub fn channels_last(x: &Tensor, axes: usize) -> Tensor {
    let mut dims = x.dims().to_vec();
    if dims.len() == axes + 1 {
        dims.insert(0, 1);
    }
    if axes == 1 {
        dims.insert(2, 1);
    }
    x.reshape(dims).permute([0, 2, 3, 1])
}

/// Back to the layout of `like`.
pub fn channels_first(y: &Tensor, like: &Tensor, axes: usize) -> Tensor {
    let y = y.permute([0, 3, 1, 2]);
    let mut dims = y.dims().to_vec();
    if axes == 1 {
        dims.remove(2);
    }
    if like.rank() == axes + 1 {
        dims.remove(0);
    }
    y.reshape(dims)
}

/// A number or a list of `axes` numbers as `[rows, columns]`; `fallback` for null. With one
/// spatial axis the rows are `single`.
pub fn pair(
    value: &Value,
    axes: usize,
    single: usize,
    fallback: [usize; 2],
) -> Result<[usize; 2], String> {
    let number = |v: &Value| v.as_u64().map(|n| n as usize).ok_or(format!("argument {v}"));
    match value {
        Value::Null => Ok(fallback),
        Value::Array(list) if axes == 2 && list.len() == 2 => {
            Ok([number(&list[0])?, number(&list[1])?])
        }
        Value::Array(list) if list.len() == 1 && axes == 1 => Ok([single, number(&list[0])?]),
        Value::Array(list) if list.len() == 1 => Ok([number(&list[0])?; 2]),
        Value::Array(_) => Err(format!("argument {value}")),
        _ if axes == 1 => Ok([single, number(value)?]),
        _ => Ok([number(value)?; 2]),
    }
}

/// How many spatial axes an operation's name says it has: `Conv2d` has 2.
pub fn spatial_axes(op: &str) -> Result<usize, String> {
    match op.chars().rev().find(char::is_ascii_digit) {
        Some('1') => Ok(1),
        Some('2') => Ok(2),
        _ => Err("three spatial axes".into()),
    }
}
