//! Looking into the layers of a model while it runs.

use std::fmt;

use glassbox_tensor::Tensor;

use crate::path::Path;

/// Which side of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// What it is given.
    Input,
    /// What it makes of it.
    Output,
}

/// A place to look at.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The layer's path, which is that of its weights: `encoder.3`.
    pub path: &'a Path,
    /// What kind of layer it is: `dense`, or the name of a type of the user's own.
    pub kind: &'static str,
    /// Which side of it.
    pub side: Side,
    /// Which of the layers of a recurrent stack, counted from 0, and of how many: each has places
    /// of its own besides those of the stack. Its output is the hidden state after every step,
    /// `[batch, time, outputs]`, of those that go forward in time.
    pub stack: Option<(usize, usize)>,
}

/// `layer 1 (lstm)`, and in a stack of several `layer 1 (lstm), 1 of 2`.
impl fmt::Display for Site<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path.describe(self.kind))?;
        match self.stack {
            Some((index, count)) if count > 1 => write!(f, ", {} of {count}", index + 1),
            _ => Ok(()),
        }
    }
}

/// What is wanted of a [`Site`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its values, in the forward pass.
    pub values: bool,
    /// Their gradient, in the backward pass.
    pub gradient: bool,
}

impl Wanted {
    /// Nothing.
    pub const NOTHING: Self = Self { values: false, gradient: false };
    /// The values alone.
    pub const VALUES: Self = Self { values: true, gradient: false };
    /// The gradient alone.
    pub const GRADIENT: Self = Self { values: false, gradient: true };
    /// Both.
    pub const BOTH: Self = Self { values: true, gradient: true };
}

/// Sees values and gradients of layers while a model runs with it: [`Cx::with_probe`](crate::Cx::with_probe). It changes
/// nothing in training: outputs, gradients and weights keep their bits. Layers that run as one
/// operation (a convolution with its activation) run once more, one by one beside the graph, where
/// something between them is wanted. Of one pair no gradients between the two are seen in training:
/// a recurrent layer that multiplies the rows of the embedding before it. An evaluation with a graph
/// runs these two one by one, which rounds otherwise.
///
/// A probe is shared with the backward pass, which may run on another thread; what it keeps is
/// behind a lock of its own.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use glassbox_nn::{Cx, Module, Probe, Sequential, Side, Site, Wanted};
/// use glassbox_tensor::Tensor;
///
/// #[derive(Default)]
/// struct Largest(Mutex<Vec<(String, f32)>>);
///
/// impl Probe for Largest {
///     fn wants(&self, site: &Site<'_>) -> Wanted {
///         if site.side == Side::Output { Wanted::VALUES } else { Wanted::NOTHING }
///     }
///
///     fn values(&self, site: &Site<'_>, values: &Tensor) {
///         self.0.lock().unwrap().push((site.to_string(), values.max(..).item()));
///     }
/// }
///
/// let model = Sequential::input([2]).dense(3).relu().build(7)?;
/// let probe = Arc::new(Largest::default());
/// let mut cx = Cx::eval().with_probe(probe.clone());
/// let output = model.forward(&Tensor::ones([1, 2]), &mut cx);
/// let seen = probe.0.lock().unwrap();
/// assert_eq!((seen[0].0.as_str(), seen[1].0.as_str()), ("layer 0 (dense)", "layer 1 (relu)"));
/// assert_eq!(seen[1].1, output.max(..).item());
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
pub trait Probe: Send + Sync {
    /// What is wanted of this place. Asked each time a layer runs.
    fn wants(&self, site: &Site<'_>) -> Wanted;

    /// The values there, `[batch, …]`.
    fn values(&self, _site: &Site<'_>, _values: &Tensor) {}

    /// The loss's gradient with respect to the values there, as long as a graph is recorded.
    /// Gradients of inputs count what flows back through this layer alone.
    fn gradient(&self, _site: &Site<'_>, _gradient: &Tensor) {}
}
