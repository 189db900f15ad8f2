//! What all activation layers share: they have no weights, change no shape, and work on every
//! value alone.

use std::fmt;

use glassbox_tensor::{Activation, Rng, Shape, Tensor};

use super::config::LayerConfig;
use crate::context::Cx;
use crate::error::BuildError;
use crate::module::Module;
use crate::walk::{Parameters, Walk, WalkMut};

/// The configuration of an activation layer.
pub trait ActivationConfig: Clone + fmt::Debug + PartialEq + Send + Sync + 'static {
    /// The `type` in recipes.
    const NAME: &'static str;

    /// The function.
    fn apply(&self, input: &Tensor) -> Tensor;

    /// The function as a value, where the layer before can compute it along with its own result.
    fn fused(&self) -> Option<Activation> {
        None
    }

    /// An error when a setting is impossible.
    ///
    /// # Errors
    /// When a setting is not a finite number, say.
    fn check(&self) -> Result<(), BuildError> {
        Ok(())
    }
}

impl<C: ActivationConfig> LayerConfig for C {
    const TYPE: &'static str = C::NAME;

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        self.check().map(|()| input)
    }

    fn build(&self, _input: Shape, _rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.check()?;
        Ok(Box::new(Pointwise(self.clone())))
    }

    fn activation(&self) -> Option<Activation> {
        self.fused()
    }
}

/// An activation layer, from any shape to the same.
#[derive(Clone, Debug)]
pub struct Pointwise<C>(pub C);

impl<C> Parameters for Pointwise<C> {
    fn walk<'m>(&'m self, _walk: &mut Walk<'_, 'm>) {}

    fn walk_mut<'m>(&'m mut self, _walk: &mut WalkMut<'_, 'm>) {}
}

impl<C: ActivationConfig> Module for Pointwise<C> {
    fn forward(&self, input: &Tensor, _cx: &mut Cx) -> Tensor {
        self.0.apply(input)
    }

    fn kind(&self) -> &'static str {
        C::NAME
    }
}

pub(super) fn finite(
    layer: &'static str,
    field: &'static str,
    value: f32,
) -> Result<(), BuildError> {
    if value.is_finite() {
        return Ok(());
    }
    let expected = format!("a finite `{field}`");
    Err(BuildError::new("GB0204", layer, expected, value.to_string()).field(field))
}
