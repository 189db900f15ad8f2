//! Counting the floating-point operations of a training step from its layers' shapes.

use glassbox::nn::layers::Layer;
use glassbox::nn::{BuildError, Graph, NodeConfig, Slot, Summary, walk};
use glassbox::prelude::*;

/// Floating-point operations of the products of one step on `batch` items, two per multiply-add:
/// those of the forward pass, and twice as many backward, for the gradients of weights and inputs.
///
/// Two gradients that nobody reads are not made, and not counted: that of the batch itself, where
/// the first layer is dense or a convolution, and that of a recurrent layer's first state.
/// Convolutions count as sums of products, however they are computed.
///
/// # Errors
/// When a layer does not fit the one before.
pub fn of_step(
    layers: &[NodeConfig],
    model: &Graph,
    input: Shape,
    batch: usize,
) -> Result<u64, BuildError> {
    let summary = Summary::of(layers, input)?;
    let unread = match layers.first().map(|node| &node.layer) {
        Some(Layer::Dense(_) | Layer::Conv2d(_)) => summary.rows[0].cost.macs,
        _ => 0,
    };
    let mut first_states = 0;
    walk(model, |path, slot| {
        if let (Slot::Param(param), true) = (slot, path.to_string().ends_with("weight_hh")) {
            first_states += param.elements() as u64;
        }
    });
    Ok(2 * batch as u64 * (3 * summary.total.macs - unread - first_states))
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox::nn::Builder;
    use glassbox::nn::layers::LstmConfig;

    fn flops(model: Builder, input: &[usize], batch: usize) -> u64 {
        let (layers, built) = (model.clone().into_layers(), model.build(0).unwrap());
        of_step(&layers, &built, Shape::new(input), batch).unwrap()
    }

    #[test]
    fn the_first_layer_has_no_input_gradient() {
        let model = Sequential::input([784]).dense(512).relu().dense(10);
        let macs = 2 * 784 * 512 + 3 * 512 * 10;
        assert_eq!(flops(model, &[784], 128), 2 * 128 * macs);
        let model = Sequential::input([8, 8, 1]).conv2d(4, 3).relu().flatten().dense(2);
        let macs = 2 * (6 * 6 * 4 * 9) + 3 * (6 * 6 * 4 * 2);
        assert_eq!(flops(model, &[8, 8, 1], 16), 2 * 16 * macs);
    }

    #[test]
    fn the_first_state_has_no_gradient() {
        let lstm = LstmConfig { layers: 2, ..LstmConfig::new(6) };
        let model = Sequential::input([10]).embedding(7, 4).layer(lstm).dense(7);
        let inputs = 3 * 10 * (4 * 24 + 6 * 24);
        let states = 2 * (10 + 10 + 9) * 6 * 24;
        assert_eq!(flops(model, &[10], 5), 2 * 5 * (inputs + states + 3 * 10 * 6 * 7));
    }
}
