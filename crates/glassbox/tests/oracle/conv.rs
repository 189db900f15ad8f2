//! `nn.Conv1d` and `nn.Conv2d`: PyTorch's weight is `[filters, channels, (height,) width]`.

use glassbox::{Activation, Conv2dOptions, PadMode, Padding};

use crate::case::{Case, Computed};
use crate::image::{channels_first, channels_last, pair, spatial_axes};

pub fn compute(case: &Case) -> Computed {
    if case.op.contains("Transpose") {
        return Err("transposed convolution".into());
    }
    let axes = spatial_axes(&case.op)?;
    let mode = match case.ctor_at(8, "padding_mode").as_str() {
        None | Some("zeros") => None,
        Some("reflect") => Some(PadMode::Reflect),
        Some("replicate") => Some(PadMode::Replicate),
        Some("circular") => Some(PadMode::Circular),
        Some(mode) => return Err(format!("padding mode {mode}")),
    };
    let padding = match case.ctor_at(4, "padding") {
        mode if mode == "same" => Padding::Same,
        mode if mode == "valid" => Padding::Valid,
        amount => {
            let [rows, columns] = pair(amount, axes, 0, [0, 0])?;
            Padding::symmetric(rows, columns)
        }
    };
    let mut options = Conv2dOptions {
        stride: pair(case.ctor_at(3, "stride"), axes, 1, [1, 1])?,
        padding,
        dilation: pair(case.ctor_at(5, "dilation"), axes, 1, [1, 1])?,
        groups: case.ctor_at(6, "groups").as_u64().unwrap_or(1) as usize,
        ..Default::default()
    };
    let input = case.input("in.0")?;
    let weight = case.input("param.weight")?;
    let weight = match axes {
        1 => {
            let &[filters, channels, width] = weight.dims() else { return Err("weight".into()) };
            weight.reshape([filters, channels, 1, width])
        }
        _ => weight,
    };
    let weight = weight.permute([2, 3, 1, 0]);
    let bias = case.tensor("param.bias");
    let mut images = channels_last(&input, axes);
    if let Some(mode) = mode {
        let (size, window) = (&images.dims()[1..3], &weight.dims()[..2]);
        let pairs = [size, window].map(|pair| [pair[0], pair[1]]);
        let [rows, columns] =
            options.padding.resolve(pairs[0], pairs[1], options.stride, options.dilation);
        images = images.pad_mode(&[(0, 0), rows, columns, (0, 0)], mode);
        options.padding = Padding::Valid;
    }
    let output = images.conv2d(&weight, bias.as_ref(), &options, Activation::Identity);
    case.outputs(&[channels_first(&output, &input, axes)])
}
