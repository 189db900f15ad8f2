//! Gradient clipping: bounds on how far one step can go.

use glassbox_nn::{Parameters, Slot, walk};
use glassbox_tensor::{Gradients, optimize};
use serde::{Deserialize, Serialize};

/// How gradients are limited before a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Clip {
    /// All gradients are scaled by `max / (norm + 1e-6)` when their common norm exceeds `max`
    /// (Pascanu, Mikolov and Bengio 2013).
    Norm {
        /// The largest norm.
        max: f64,
    },
    /// Every element is limited to `[-max, max]`.
    Value {
        /// The largest magnitude.
        max: f64,
    },
}

impl Clip {
    /// Limits the gradients of `model`; answers the norm before, where it was needed.
    pub fn apply<M: Parameters + ?Sized>(
        &self,
        model: &M,
        gradients: &mut Gradients,
    ) -> Option<f64> {
        match *self {
            Self::Norm { max } => Some(clip_by_norm(model, gradients, max, 2.0)),
            Self::Value { max } => {
                clip_by_value(model, gradients, max);
                None
            }
        }
    }
}

/// The norm of all gradients of `model` together: of order `order`, or the largest magnitude when
/// that is infinite. Parameters are visited in model order, so the sum has the same bits always.
pub fn gradient_norm<M: Parameters + ?Sized>(model: &M, gradients: &Gradients, order: f64) -> f64 {
    let mut total = 0.0f64;
    walk(model, |_, slot| {
        let Slot::Param(param) = slot else { return };
        let Some(gradient) = param.gradient(gradients) else { return };
        let norm = optimize::norm(gradient.as_slice(), order);
        total = if order.is_infinite() { total.max(norm) } else { total + norm.powf(order) };
    });
    if order.is_infinite() { total } else { total.powf(1.0 / order) }
}

/// Scales all gradients so that their common norm is at most `max`; answers the norm before.
pub fn clip_by_norm<M: Parameters + ?Sized>(
    model: &M,
    gradients: &mut Gradients,
    max: f64,
    order: f64,
) -> f64 {
    let norm = gradient_norm(model, gradients, order);
    let factor = max / (norm + 1e-6);
    if factor < 1.0 {
        scale_gradients(model, gradients, factor);
    }
    norm
}

/// Multiplies all gradients of `model` by `factor`.
pub(crate) fn scale_gradients<M: Parameters + ?Sized>(
    model: &M,
    gradients: &mut Gradients,
    factor: f64,
) {
    each_gradient(model, gradients, |values| optimize::scale(values, factor as f32));
}

/// Limits every element of all gradients to `[-max, max]`.
pub fn clip_by_value<M: Parameters + ?Sized>(model: &M, gradients: &mut Gradients, max: f64) {
    let max = max as f32;
    each_gradient(model, gradients, |values| {
        values.iter_mut().for_each(|g| *g = g.clamp(-max, max));
    });
}

fn each_gradient<M: Parameters + ?Sized>(
    model: &M,
    gradients: &mut Gradients,
    mut change: impl FnMut(&mut [f32]),
) {
    walk(model, |_, slot| {
        if let Slot::Param(param) = slot
            && let Some(gradient) = param.gradient_mut(gradients)
        {
            change(gradient.make_mut());
        }
    });
}
