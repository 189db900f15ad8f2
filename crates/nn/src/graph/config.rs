//! What a graph is built from: layers that may have names and say where their input comes from.

use std::fmt;
use std::ops::Deref;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::join::Join;
use crate::layers::Layer;

/// What the input of the whole model is called in `from`.
pub const INPUT: &str = "input";

/// A layer of a model, and its place in the graph. In recipes all is in one table:
/// `{ type = "dense", units = 10, name = "head", from = ["left", "right"], join = "concat" }`.
///
/// ```
/// use glassbox_nn::{DenseConfig, Join, NodeConfig};
///
/// let text = r#"{"type":"dense","units":3,"name":"head","from":["a","b"],"join":"add"}"#;
/// let node: NodeConfig = serde_json::from_str(text)?;
/// assert_eq!(node, NodeConfig::new(DenseConfig::new(3)).named("head").joining(Join::Add, ["a", "b"]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeConfig {
    /// The layer.
    #[serde(flatten)]
    pub layer: Layer,
    /// What it is called in `from`, in messages and in the names of its weights. Without one it is
    /// its number in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The layers whose outputs it takes, by name or number, or `"input"`. Without any it takes
    /// that of the layer before it in the list.
    #[serde(default, skip_serializing_if = "Sources::is_empty")]
    pub from: Sources,
    /// How several inputs become one, unless the layer itself is a join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<Join>,
}

/// Names of layers: one text, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(pub Vec<String>);

impl NodeConfig {
    /// A layer that takes the output of the one before it.
    pub fn new(layer: impl Into<Layer>) -> Self {
        Self { layer: layer.into(), name: None, from: Sources::default(), join: None }
    }

    /// The same with a name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// The same on the output of another layer.
    #[must_use]
    pub fn after(self, source: impl Into<String>) -> Self {
        Self { from: Sources(vec![source.into()]), ..self }
    }

    /// The same on the outputs of several layers. A layer that is a join itself needs no `join`.
    #[must_use]
    pub fn joining<S: Into<String>>(
        self,
        join: impl Into<Option<Join>>,
        sources: impl IntoIterator<Item = S>,
    ) -> Self {
        let from = Sources(sources.into_iter().map(Into::into).collect());
        Self { from, join: join.into(), ..self }
    }
}

impl<L: Into<Layer>> From<L> for NodeConfig {
    fn from(layer: L) -> Self {
        Self::new(layer)
    }
}

impl Deref for NodeConfig {
    type Target = Layer;

    fn deref(&self) -> &Layer {
        &self.layer
    }
}

impl Sources {
    /// Whether none is named: the layer before is meant.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            all => all.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = Sources;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a layer, or a list of names")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Sources, E> {
                Ok(Sources(vec![name.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Sources, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(Sources)
            }
        }

        deserializer.deserialize_any(Forms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{DenseConfig, ReluConfig};

    #[test]
    fn a_plain_layer_is_written_as_before() {
        let node = NodeConfig::new(ReluConfig {});
        assert_eq!(serde_json::to_string(&node).unwrap(), r#"{"type":"relu"}"#);
        let node = NodeConfig::new(DenseConfig::new(3)).named("head").after("stem");
        let text = serde_json::to_string(&node).unwrap();
        assert!(text.contains(r#""name":"head","from":"stem""#), "{text}");
        assert_eq!(serde_json::from_str::<NodeConfig>(&text).unwrap(), node);
    }

    #[test]
    fn unknown_keys_are_errors() {
        let error = serde_json::from_str::<NodeConfig>(r#"{"type":"dense","units":3,"nmae":"a"}"#);
        assert!(error.unwrap_err().to_string().contains("nmae"));
    }
}
