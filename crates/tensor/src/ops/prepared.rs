//! What was made of weights once, for many evaluations: one cache for all layers, which knows by the
//! weights themselves whether it is still theirs.

use std::fmt;
use std::sync::Arc;

use crate::shape::Shape;
use crate::tensor::{Tensor, Values};

/// Weights in the form in which an operation reads them, and a share of the weights.
///
/// While that share is held nothing can write to them, so that a tensor of the same shape at the
/// same address is the same tensor: what changes a weight makes a new one.
pub struct Prepared<T>(Arc<Inner<T>>);

struct Inner<T> {
    weights: Vec<Option<(Values, Shape)>>,
    made: T,
}

impl<T> Prepared<T> {
    /// `made` of these weights, of which some may be absent.
    pub(crate) fn of(weights: &[Option<&Tensor>], made: T) -> Self {
        // The same values may be in another tensor, too: of another shape.
        let share = |weight: &Tensor| (weight.values(), weight.shape());
        let weights = weights.iter().map(|weight| weight.map(share)).collect();
        Self(Arc::new(Inner { weights, made }))
    }

    /// Whether it was made of these weights, and they did not change since.
    pub(crate) fn is_of_all(&self, weights: &[Option<&Tensor>]) -> bool {
        let is_same =
            |known: &Option<(Values, Shape)>, weight: &Option<&Tensor>| match (known, weight) {
                (Some((values, shape)), Some(weight)) => {
                    *shape == weight.shape() && std::ptr::eq(values.f32s(), weight.as_slice())
                }
                (known, weight) => known.is_none() && weight.is_none(),
            };
        let known = &self.0.weights;
        known.len() == weights.len() && known.iter().zip(weights).all(|(a, b)| is_same(a, b))
    }

    pub(crate) fn made(&self) -> &T {
        &self.0.made
    }
}

impl<T> Clone for Prepared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}
