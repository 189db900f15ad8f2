//! Residual blocks.

use glassbox_tensor::{Activation, Rng, Shape, Tensor};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::batch_norm::BatchNormConfig;
use super::config::{Cost, LayerConfig, ReceptiveField};
use super::conv2d::Conv2dConfig;
use super::dense::DenseConfig;
use super::{Layer, chain, layers_that_see_later_steps};
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape};
use crate::module::Module;
use crate::sequential::Sequential;

/// `type = "residual"`: what the layers add to a shortcut around them, `y = layers(x) +
/// shortcut(x)` (He et al. 2016). An activation after the sum is the next layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualConfig {
    /// The layers of the block.
    pub layers: Vec<Layer>,
    /// What goes around them: `"auto"`, `"identity"`, or layers.
    #[serde(default)]
    pub shortcut: Shortcut,
}

/// What goes around the layers of a residual block.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shortcut {
    /// The input itself where the shapes agree. Otherwise a projection to the right shape: a 1×1
    /// convolution with batch normalization for images, a dense layer for lists.
    #[default]
    Auto,
    /// The input itself.
    Identity,
    /// These layers.
    Layers(Vec<Layer>),
}

impl Serialize for Shortcut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => "auto".serialize(serializer),
            Self::Identity => "identity".serialize(serializer),
            Self::Layers(layers) => layers.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Shortcut {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = Shortcut;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"auto\", \"identity\" or a list of layers")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Shortcut, E> {
                match name {
                    "auto" => Ok(Shortcut::Auto),
                    "identity" => Ok(Shortcut::Identity),
                    _ => Err(E::unknown_variant(name, &["auto", "identity"])),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Shortcut, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(Shortcut::Layers)
            }
        }

        deserializer.deserialize_any(Forms)
    }
}

impl ResidualConfig {
    /// A block of these layers with an automatic shortcut.
    pub fn new(layers: Vec<Layer>) -> Self {
        Self { layers, shortcut: Shortcut::Auto }
    }

    fn body_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        let mut shape = input;
        chain(&self.layers, input, |_, _, output| shape = output)
            .map_err(|e| e.within("layers"))?;
        Ok(shape)
    }

    /// The layers of the shortcut, none for the identity.
    fn shortcut_layers(&self, input: Shape) -> Result<Vec<Layer>, BuildError> {
        let output = self.body_shape(input)?;
        match &self.shortcut {
            Shortcut::Layers(layers) => Ok(layers.clone()),
            _ if input == output => Ok(Vec::new()),
            Shortcut::Auto => {
                projection(input, output).ok_or_else(|| Self::mismatch(input, output))
            }
            Shortcut::Identity => Err(Self::mismatch(input, output)),
        }
    }

    /// Its layers whose output at a step depends on later steps.
    pub(super) fn see_later_steps(&self, input: Shape) -> Vec<BuildError> {
        let around = self.shortcut_layers(input).unwrap_or_default();
        let mut found = Vec::new();
        for (name, layers) in [("layers", &self.layers), ("shortcut", &around)] {
            let inner = layers_that_see_later_steps(layers, input);
            found.extend(inner.into_iter().map(|error| error.within(name)));
        }
        found
    }

    fn mismatch(shortcut: Shape, body: Shape) -> BuildError {
        let expected = format!("a shortcut of {body}, what the layers give");
        BuildError::new("GB0207", Self::TYPE, expected, shortcut.to_string())
            .field("shortcut")
            .help("give `shortcut` layers that make this shape, or change the layers' stride and filters")
    }
}

/// What brings `input` to the shape `output` in the simplest way, if anything does.
fn projection(input: Shape, output: Shape) -> Option<Vec<Layer>> {
    match (input.dims(), output.dims()) {
        (&[_], &[units]) => {
            Some(vec![DenseConfig { bias: false, ..DenseConfig::new(units) }.into()])
        }
        (&[height, width, _], &[out_height, out_width, filters]) => {
            let stride = |length: usize, out: usize| {
                let stride = length.div_ceil(out);
                (length.div_ceil(stride) == out).then_some(stride)
            };
            let stride = [stride(height, out_height)?, stride(width, out_width)?].into();
            let conv = Conv2dConfig { stride, bias: false, ..Conv2dConfig::new(filters, 1) };
            Some(vec![conv.into(), BatchNormConfig::default().into()])
        }
        _ => None,
    }
}

impl LayerConfig for ResidualConfig {
    const TYPE: &'static str = "residual";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        checked_shape(Self::TYPE, &input)?;
        let output = self.body_shape(input)?;
        let mut around = input;
        chain(&self.shortcut_layers(input)?, input, |_, _, shape| around = shape)
            .map_err(|e| e.within("shortcut"))?;
        if around == output { Ok(output) } else { Err(Self::mismatch(around, output)) }
    }

    fn build(&self, input: Shape, rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        let layers = Sequential::from_layers(&self.layers, input, rng);
        let around = self.shortcut_layers(input)?;
        let shortcut = match around.as_slice() {
            [] => None,
            around => Some(
                Sequential::from_layers(around, input, rng).map_err(|e| e.within("shortcut"))?,
            ),
        };
        Ok(Box::new(Residual { layers: layers.map_err(|e| e.within("layers"))?, shortcut }))
    }

    fn describe(&self) -> String {
        let projects = matches!(&self.shortcut, Shortcut::Layers(layers) if !layers.is_empty());
        let with = if projects { " with a projection" } else { "" };
        format!("residual, {} layers{with}", self.layers.len())
    }

    fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
        self.output_shape(input)?;
        let mut cost = Cost::default();
        for layers in [&self.layers, &self.shortcut_layers(input)?] {
            let mut shape = input;
            for layer in layers {
                cost += layer.cost(shape)?;
                shape = layer.output_shape(shape)?;
            }
        }
        Ok(cost)
    }

    fn receptive_field(&self, seen: ReceptiveField, input: Shape) -> ReceptiveField {
        let along = |layers: &[Layer]| {
            let mut field = seen;
            let _ =
                chain(layers, input, |layer, input, _| field = layer.receptive_field(field, input));
            field
        };
        let around = self.shortcut_layers(input).map_or(seen, |layers| along(&layers));
        along(&self.layers).union(around)
    }

    fn sees_later_steps(&self, input: Shape) -> Option<BuildError> {
        self.see_later_steps(input).into_iter().next()
    }

    fn smallest_training_batch(&self, input: Shape) -> usize {
        let mut batch = 1;
        let around = self.shortcut_layers(input).unwrap_or_default();
        for layers in [&self.layers, &around] {
            let _ = chain(layers, input, |layer, input, _| {
                batch = batch.max(layer.smallest_training_batch(input));
            });
        }
        batch
    }
}

/// `layers(x) + shortcut(x)`, for inputs of any shape the layers take.
#[derive(Parameters)]
pub struct Residual {
    /// The layers of the block.
    pub layers: Sequential,
    /// What goes around them; `None` is the input itself.
    pub shortcut: Option<Sequential>,
}

impl Residual {
    fn around(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        match &self.shortcut {
            Some(shortcut) => cx.scope("shortcut", |cx| {
                shortcut.forward_through(shortcut.layers().len(), input, cx)
            }),
            None => input.clone(),
        }
    }
}

impl Module for Residual {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        self.forward_activated(input, Activation::Identity, cx)
    }

    fn forward_activated(&self, input: &Tensor, activation: Activation, cx: &mut Cx) -> Tensor {
        // The last layer adds the shortcut itself where it can.
        let count = self.layers.layers().len();
        let last = self.layers.layers().last().filter(|last| last.module.joins());
        let before = if last.is_some() { count - 1 } else { count };
        let body = cx.scope("layers", |cx| self.layers.forward_through(before, input, cx));
        let around = self.around(input, cx);
        let fits = body.shape() == around.shape();
        cx.expect_shape("residual", &around, fits, format_args!("a shortcut of {}", body.shape()));
        match last {
            Some(last) => cx.scope("layers", |cx| {
                cx.scope(before, |cx| last.module.forward_joined(&body, &around, activation, cx))
            }),
            None => body.add_activation(&around, activation),
        }
    }
}

impl Builder {
    /// Adds a block of layers with an automatic shortcut: [`ResidualConfig`].
    ///
    /// ```
    /// # use glassbox_nn::Sequential;
    /// let model = Sequential::input([8]).residual(|block| block.dense(8).relu().dense(8)).build(7)?;
    /// assert_eq!(model.output_shape().dims(), [8]);
    /// # Ok::<(), glassbox_nn::BuildError>(())
    /// ```
    #[must_use]
    pub fn residual(self, block: impl FnOnce(Self) -> Self) -> Self {
        let layers = block(Self::new([].into())).into_layers();
        self.layer(ResidualConfig::new(layers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::geometry::PaddingConfig;

    fn conv(filters: usize, stride: usize) -> Layer {
        let (stride, padding) = (stride.into(), PaddingConfig::Same);
        Conv2dConfig { stride, padding, ..Conv2dConfig::new(filters, 3) }.into()
    }

    #[test]
    fn the_shortcut_is_added() {
        let layers = vec![DenseConfig { init: crate::Init::Zeros, ..DenseConfig::new(3) }.into()];
        let block = ResidualConfig::new(layers).build([3].into(), &mut Rng::new(0)).unwrap();
        let input = Tensor::from_slice(&[1.0, -2.0, 3.0], [1, 3]);
        let mut cx = Cx::eval();
        assert_eq!(block.forward(&input, &mut cx).to_vec(), input.to_vec());
        let rectified = block.forward_activated(&input, Activation::Relu, &mut cx);
        assert_eq!(rectified.to_vec(), [1.0, 0.0, 3.0]);
    }

    #[test]
    fn the_last_layer_adds_the_shortcut_where_it_can() {
        let layers = || Sequential::input([4, 4, 3]).layer(conv(3, 1)).batch_norm().build(5);
        let block = Residual { layers: layers().unwrap(), shortcut: None };
        assert!(
            block.layers.layers()[1].module.joins() && !block.layers.layers()[0].module.joins()
        );
        let mut rng = Rng::new(1);
        let input = Tensor::build([2, 4, 4, 3], |out| out.fill_with(|| rng.normal()));
        for mut cx in [Cx::eval(), Cx::train(0, 0)] {
            let sum = layers().unwrap().forward(&input, &mut cx).add(&input);
            for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
                let joined = block.forward_activated(&input, activation, &mut cx);
                let expected = sum.activate(activation);
                for (joined, expected) in joined.as_slice().iter().zip(expected.as_slice()) {
                    assert!((joined - expected).abs() < 1e-6, "{joined} {expected}");
                }
            }
            cx.discard();
        }
    }

    #[test]
    fn shortcuts_project_where_shapes_differ() {
        let block = ResidualConfig::new(vec![conv(8, 2)]);
        for size in [7, 8] {
            let input = Shape::from([size, size, 4]);
            assert_eq!(block.output_shape(input).unwrap().dims(), [4, 4, 8]);
            let names: Vec<_> =
                crate::state(&*block.build(input, &mut Rng::new(0)).unwrap()).into_keys().collect();
            assert!(names.contains(&"shortcut.0.weight".into()), "{names:?}");
            assert!(names.contains(&"layers.0.weight".into()), "{names:?}");
        }
        let same = ResidualConfig::new(vec![conv(4, 1)]).build([8, 8, 4].into(), &mut Rng::new(0));
        assert!(!crate::state(&*same.unwrap()).keys().any(|name| name.starts_with("shortcut")));
    }

    #[test]
    fn branches_that_do_not_meet_are_errors() {
        let strict = ResidualConfig { layers: vec![conv(8, 1)], shortcut: Shortcut::Identity };
        let error = strict.output_shape([8, 8, 4].into()).unwrap_err();
        assert_eq!((error.code, error.field), ("GB0207", Some("shortcut")));
        let inside = ResidualConfig::new(vec![conv(4, 1), Conv2dConfig::new(4, 99).into()]);
        let error = inside.output_shape([8, 8, 4].into()).unwrap_err();
        assert_eq!((error.path.to_string().as_str(), error.layer), ("layers.1", "conv2d"));
    }

    #[test]
    fn shortcuts_have_three_forms() {
        let read = |text: &str| serde_json::from_str::<Shortcut>(text);
        for text in ["\"auto\"", "\"identity\"", r#"[{"type":"flatten"}]"#] {
            assert_eq!(serde_json::to_string(&read(text).unwrap()).unwrap(), text);
        }
        assert!(read("\"atuo\"").unwrap_err().to_string().contains("`auto` or `identity`"));
    }
}
