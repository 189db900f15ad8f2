//! Layers one after the other.

use glassbox_tensor::{Rng, Shape, Tensor};

use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape};
use crate::layers::Layer;
use crate::module::Module;
use crate::walk::{Parameters, Walk, WalkMut};

/// Layers one after the other. Weights are named by the layer's number: `0.weight`,
/// `3.running_mean`.
///
/// Where an activation follows a layer that can compute it along with its own result, the two run
/// as one. Where a recurrent layer follows an embedding, it may multiply the embedding's few rows
/// rather than every token's.
///
/// ```
/// use glassbox_nn::{Cx, Module, Sequential};
/// use glassbox_tensor::Tensor;
///
/// let model = Sequential::input([2]).dense(16).tanh().dense(1).build(7)?;
/// let output = model.forward(&Tensor::zeros([5, 2]), &mut Cx::eval());
/// assert_eq!(output.dims(), [5, 1]);
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
pub struct Sequential {
    input: Shape,
    layers: Vec<BuiltLayer>,
}

/// A layer of a [`Sequential`].
pub struct BuiltLayer {
    /// What it was built from; `None` for a module of the user's own.
    pub config: Option<Layer>,
    /// The shape of one item of its input.
    pub input: Shape,
    /// The shape of one item of its output.
    pub output: Shape,
    /// The layer itself.
    pub module: Box<dyn Module>,
}

impl Sequential {
    /// Begins a list of layers for items of this shape (without the batch axis).
    pub fn input(shape: impl Into<Shape>) -> Builder {
        Builder::new(shape.into())
    }

    /// Builds every layer for what the one before gives, with weights drawn from `rng`.
    ///
    /// # Errors
    /// When a layer does not fit the one before, or has impossible settings: the first one.
    pub fn from_layers(
        layers: &[Layer],
        input: impl Into<Shape>,
        rng: &mut Rng,
    ) -> Result<Self, BuildError> {
        let input = input.into();
        checked_shape("input", &input)?;
        let mut model = Self { input, layers: Vec::with_capacity(layers.len()) };
        for (index, layer) in layers.iter().enumerate() {
            let input = model.output_shape();
            let told = |error: BuildError| error.within(index).in_model_of(model.input);
            let output = layer.output_shape(input).map_err(told)?;
            let module = layer.build(input, rng).map_err(told)?;
            let config = Some(layer.clone());
            model.layers.push(BuiltLayer { config, input, output, module });
        }
        Ok(model)
    }

    /// Adds a module of the user's own, which makes items of shape `output`.
    #[must_use]
    pub fn with_module(mut self, module: impl Module + 'static, output: impl Into<Shape>) -> Self {
        let (input, output) = (self.output_shape(), output.into());
        self.layers.push(BuiltLayer { config: None, input, output, module: Box::new(module) });
        self
    }

    /// The shape of one item of the input.
    pub fn input_shape(&self) -> Shape {
        self.input
    }

    /// The shape of one item of the output.
    pub fn output_shape(&self) -> Shape {
        self.layers.last().map_or(self.input, |layer| layer.output)
    }

    /// The layers.
    pub fn layers(&self) -> &[BuiltLayer] {
        &self.layers
    }

    /// Whether batches of this size can be trained on.
    ///
    /// # Errors
    /// When a batch normalization would see a single value of each channel.
    pub fn check_batch(&self, batch: usize) -> Result<(), BuildError> {
        for (index, layer) in self.layers.iter().enumerate() {
            let Some(config) = &layer.config else { continue };
            let smallest = config.smallest_training_batch(layer.input);
            if batch < smallest {
                let expected = format!("training batches of at least {smallest}");
                return Err(BuildError::new(
                    "GB0208",
                    config.type_name(),
                    expected,
                    batch.to_string(),
                )
                .within(index)
                .help("raise the batch size: the statistics of one value mean nothing"));
            }
        }
        Ok(())
    }
}

impl Sequential {
    /// What the first `count` layers make of a batch.
    pub(crate) fn forward_through(&self, count: usize, input: &Tensor, cx: &mut Cx) -> Tensor {
        let mut value = None;
        let mut layers = self.layers[..count].iter().enumerate().peekable();
        while let Some((index, layer)) = layers.next() {
            let activation = layers.peek().and_then(|(_, next)| next.module.activation());
            if activation.is_some() {
                layers.next();
            }
            let input = value.as_ref().unwrap_or(input);
            if layers.peek().is_some_and(|(_, next)| next.module.takes_rows())
                && let Some((table, tokens)) = cx.scope(index, |cx| layer.module.rows(input, cx))
                && let Some((index, layer)) = layers.next()
            {
                let output = |cx: &mut Cx| layer.module.forward_rows(&table, &tokens, cx);
                value = Some(cx.scope(index, output));
                continue;
            }
            value = Some(cx.scope(index, |cx| match activation {
                Some(activation) => layer.module.forward_activated(input, activation, cx),
                None => layer.module.forward(input, cx),
            }));
        }
        value.unwrap_or_else(|| input.clone())
    }
}

impl Sequential {
    /// Whether sequences may be longer or shorter than declared: layers go through them step by
    /// step, or are of a kind that is not known here.
    fn takes_any_length(&self) -> bool {
        let configs = || self.layers.iter().map(|layer| layer.config.as_ref());
        let steps = |layer: &Layer| layer.is_recurrent() || matches!(layer, Layer::Embedding(_));
        let flat = |layer: &Layer| matches!(layer, Layer::Flatten(_));
        let each_step = self.input.rank() == 2 && !configs().flatten().any(flat);
        each_step || configs().any(|layer| layer.is_none_or(steps))
    }

    /// Panics, naming both, unless `input` is a batch of the declared items.
    #[track_caller]
    fn check_input(&self, input: &Tensor) {
        let batch = input.shape();
        let without_batch = *batch == *self.input;
        let item = Shape::new(batch.split_first().map_or(&[][..], |(_, item)| item));
        let Some(expected) = self.expected_input(item) else { return };
        let hint = match without_batch {
            true => ": the batch axis is missing, reshape one item to a batch of 1",
            false => "",
        };
        panic!(
            "this model takes batches of shape {}, got one of shape {batch}{hint}",
            format_args!("batch×{expected}")
        );
    }
}

impl Module for Sequential {
    #[track_caller]
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        self.check_input(input);
        self.forward_through(self.layers.len(), input, cx)
    }

    fn expected_input(&self, item: Shape) -> Option<Shape> {
        if *item == *self.input {
            return None;
        }
        let axes = item.len() == self.input.len() && !item.is_empty();
        let fits = axes && item[1..] == self.input[1..] && self.takes_any_length();
        (!fits).then_some(self.input)
    }
}

impl Parameters for Sequential {
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
        for (index, layer) in self.layers.iter().enumerate() {
            walk.part(index, &layer.module);
        }
    }

    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
        for (index, layer) in self.layers.iter_mut().enumerate() {
            walk.part(index, &mut layer.module);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{BatchNormConfig, DenseConfig};
    use crate::{parameter_count, state};

    #[test]
    fn widths_follow_and_names_count() {
        let model = Sequential::input([4]).dense(3).batch_norm().relu().dense(2).build(7).unwrap();
        let names: Vec<_> = state(&model).into_keys().collect();
        assert_eq!(
            names,
            [
                "0.bias",
                "0.weight",
                "1.bias",
                "1.num_batches_tracked",
                "1.running_mean",
                "1.running_var",
                "1.weight",
                "3.bias",
                "3.weight",
            ]
        );
        assert_eq!(parameter_count(&model), 15 + 6 + 8);
    }

    #[test]
    fn fusing_activations_changes_nothing() {
        let builder = || Sequential::input([4, 4, 2]).relu().conv2d(3, 3).tanh().sigmoid();
        let model = builder().batch_norm().elu(1.0).flatten().dense(3).leaky_relu(0.1).build(7);
        let model = model.unwrap();
        let mut rng = Rng::new(1);
        let input = Tensor::build([5, 4, 4, 2], |out| out.fill_with(|| rng.normal()));
        let mut value = input.clone();
        let mut cx = Cx::eval();
        for layer in model.layers() {
            value = layer.module.forward(&value, &mut cx);
        }
        let fused = model.forward(&input, &mut cx);
        for (fused, plain) in fused.as_slice().iter().zip(value.as_slice()) {
            assert!((fused - plain).abs() < 1e-6, "{fused} {plain}");
        }
    }

    #[test]
    fn errors_name_the_layer() {
        let error = Sequential::input([28, 28, 1]).conv2d(8, 3).relu().dense(10).build(7);
        let error = error.err().unwrap();
        assert_eq!((error.code, error.path.to_string().as_str()), ("GB0202", "2"));
        assert!(error.to_string().contains("layer 2 (dense)"), "{error}");
        assert_eq!(Sequential::input([0, 3]).build(7).err().unwrap().code, "GB0201");
    }

    #[test]
    fn batches_too_small_for_batch_norm_are_known_beforehand() {
        let model = Sequential::input([4, 4, 1]).batch_norm().flatten().batch_norm().build(7);
        let model = model.unwrap();
        assert!(model.check_batch(2).is_ok());
        let error = model.check_batch(1).unwrap_err();
        assert_eq!((error.code, error.path.to_string().as_str()), ("GB0208", "2"));
    }

    #[test]
    fn modules_of_ones_own_join() {
        let own = Sequential::input([3]).dense(5).build(1).unwrap();
        let model = Sequential::input([4]).dense(3).build(7).unwrap().with_module(own, [5]);
        let output = model.forward(&Tensor::zeros([2, 4]), &mut Cx::eval());
        assert_eq!((output.dims(), model.output_shape().dims()), (&[2, 5][..], &[5][..]));
        assert!(state(&model).contains_key("1.0.weight"));
    }

    fn image_model() -> Sequential {
        Sequential::input([8, 8, 3]).conv2d(4, 3).global_avg_pool().dense(2).build(7).unwrap()
    }

    #[test]
    #[should_panic(expected = "takes batches of shape batch×8×8×3, got one of shape 1×7×8×3")]
    fn images_of_another_size_are_refused() {
        let _ = image_model().forward(&Tensor::zeros([1, 7, 8, 3]), &mut Cx::eval());
    }

    #[test]
    #[should_panic(expected = "got one of shape 8×8×3: the batch axis is missing")]
    fn a_missing_batch_axis_is_named() {
        let _ = image_model().forward(&Tensor::zeros([8, 8, 3]), &mut Cx::eval());
    }

    #[test]
    fn sequences_may_have_another_length() {
        let model = Sequential::input([6, 3]).gru(4).build(7).unwrap();
        assert_eq!(model.forward(&Tensor::zeros([2, 9, 3]), &mut Cx::eval()).dims(), [2, 9, 4]);
        assert_eq!(model.expected_input([9, 2].into()).unwrap().dims(), [6, 3]);
        assert_eq!(model.expected_input([3].into()).unwrap().dims(), [6, 3]);
    }

    #[test]
    fn the_same_seed_gives_the_same_weights() {
        let layers = [DenseConfig::new(3).into(), BatchNormConfig::default().into()];
        let weights = |seed| {
            let model = Sequential::from_layers(&layers, [4], &mut Rng::new(seed)).unwrap();
            state(&model)["0.weight"].to_vec()
        };
        assert_eq!(weights(7), weights(7));
        assert_ne!(weights(7), weights(8));
    }
}
