//! Residual blocks.

use glassbox_tensor::{Rng, Shape};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::batch_norm::BatchNormConfig;
use super::config::{Cost, LayerConfig, ReceptiveField};
use super::conv2d::Conv2dConfig;
use super::dense::DenseConfig;
use crate::builder::Builder;
use crate::error::BuildError;
use crate::graph::{Graph, NodeConfig, Outline};
use crate::module::Module;

/// `type = "residual"`: what the layers add to a shortcut around them, `y = layers(x) +
/// shortcut(x)` (He et al. 2016). An activation after the sum is the next layer. It is a short way
/// to write a graph: the layers, those of the shortcut, and a sum of both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualConfig {
    /// The layers of the block.
    pub layers: Vec<NodeConfig>,
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
    Layers(Vec<NodeConfig>),
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
    pub fn new<N: Into<NodeConfig>>(layers: impl IntoIterator<Item = N>) -> Self {
        let layers = layers.into_iter().map(Into::into).collect();
        Self { layers, shortcut: Shortcut::Auto }
    }

    /// The layers of the shortcut from items of shape `input` to those that the block's layers
    /// give, of shape `output`; none for the input itself.
    pub(crate) fn around(
        &self,
        input: Shape,
        output: Shape,
    ) -> Result<Vec<NodeConfig>, BuildError> {
        match &self.shortcut {
            Shortcut::Layers(layers) => Ok(layers.clone()),
            _ if input == output => Ok(Vec::new()),
            Shortcut::Auto => {
                projection(input, output).ok_or_else(|| Self::mismatch(input, output))
            }
            Shortcut::Identity => Err(Self::mismatch(input, output)),
        }
    }

    pub(crate) fn mismatch(shortcut: Shape, body: Shape) -> BuildError {
        let expected = format!("a shortcut of {body}, what the layers give");
        BuildError::new("GB0207", Self::TYPE, expected, shortcut.to_string())
            .field("shortcut")
            .help("give `shortcut` layers that make this shape, or change the layers' stride and filters")
    }

    /// The block as a graph of its own, whose weights are named `layers.0.weight`,
    /// `shortcut.0.weight`.
    fn outline(&self, input: Shape) -> Result<Outline, BuildError> {
        Outline::of_block(self, input)
    }
}

/// What brings `input` to the shape `output` in the simplest way, if anything does.
fn projection(input: Shape, output: Shape) -> Option<Vec<NodeConfig>> {
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
        Ok(self.outline(input)?.output_shape())
    }

    fn build(&self, input: Shape, rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        Ok(Box::new(Graph::of_outline(self.outline(input)?, rng)?))
    }

    fn describe(&self) -> String {
        let projects = matches!(&self.shortcut, Shortcut::Layers(layers) if !layers.is_empty());
        let with = if projects { " with a projection" } else { "" };
        format!("residual, {} layers{with}", self.layers.len())
    }

    fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
        self.outline(input)?.cost()
    }

    fn receptive_field(&self, seen: ReceptiveField, input: Shape) -> ReceptiveField {
        let fields = self.outline(input).map(|outline| outline.receptive_fields(seen));
        fields.ok().and_then(|fields| fields.last().copied()).unwrap_or(seen)
    }

    fn sees_later_steps(&self, input: Shape) -> Option<BuildError> {
        self.outline(input).ok()?.sees_later_steps().into_iter().next()
    }

    fn smallest_training_batch(&self, input: Shape) -> usize {
        self.outline(input).map_or(1, |outline| outline.smallest_training_batch())
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
    use glassbox_tensor::Tensor;

    use super::*;
    use crate::Cx;
    use crate::layers::geometry::PaddingConfig;

    fn conv(filters: usize, stride: usize) -> NodeConfig {
        let (stride, padding) = (stride.into(), PaddingConfig::Same);
        Conv2dConfig { stride, padding, ..Conv2dConfig::new(filters, 3) }.into()
    }

    #[test]
    fn the_shortcut_is_added() {
        let zero = DenseConfig { init: crate::Init::Zeros, ..DenseConfig::new(3) };
        let block = ResidualConfig::new([zero]).build([3].into(), &mut Rng::new(0)).unwrap();
        let input = Tensor::from_slice(&[1.0, -2.0, 3.0], [1, 3]);
        assert_eq!(block.forward(&input, &mut Cx::eval()).to_vec(), input.to_vec());
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
