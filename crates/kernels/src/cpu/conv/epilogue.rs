//! What happens to a convolution's sums on their way to memory.

use crate::activation::Activation;

/// What is done to sums before they are the result.
#[derive(Clone, Copy)]
pub(super) struct ConvEpilogue<'a> {
    pub(super) bias: Option<&'a [f32]>,
    pub(super) activation: Activation,
    /// Adds to the target; only without bias and activation.
    pub(super) accumulate: bool,
}
