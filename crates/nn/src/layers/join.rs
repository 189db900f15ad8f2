//! Layers that are nothing but a [`Join`] of their inputs.

use glassbox_tensor::{Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::LayerConfig;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape};
use crate::graph::Join;
use crate::module::Module;
use crate::walk::{Parameters, Walk, WalkMut};

macro_rules! joins {
    ($($(#[$doc:meta])* $config:ident $name:literal $join:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $config {}

        impl LayerConfig for $config {
            const TYPE: &'static str = $name;

            fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
                checked_shape(Self::TYPE, &input)
            }

            fn build(&self, input: Shape, _rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
                self.output_shape(input)?;
                Ok(Box::new(Identity))
            }

            fn join(&self) -> Option<Join> {
                Some(Join::$join)
            }
        }
    )*};
}

joins! {
    /// `type = "add"`: the sum of its inputs, which `from` names.
    AddConfig "add" Add,
    /// `type = "mul"`: the product of its inputs, which `from` names.
    MulConfig "mul" Mul,
    /// `type = "concat"`: its inputs, which `from` names, one after the other along the last axis.
    ConcatConfig "concat" Concat,
}

/// A join of one input.
struct Identity;

impl Parameters for Identity {
    fn walk<'m>(&'m self, _walk: &mut Walk<'_, 'm>) {}

    fn walk_mut<'m>(&'m mut self, _walk: &mut WalkMut<'_, 'm>) {}
}

impl Module for Identity {
    fn forward(&self, input: &Tensor, _cx: &mut Cx) -> Tensor {
        input.clone()
    }
}
