//! Looking into the layers of a model while it runs.

use std::fmt;
use std::sync::Arc;

use glassbox_tensor::{GradientWatcher, Tensor};

use crate::context::Cx;
use crate::module::Module;
use crate::path::{Path, Segment};

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

/// Sees values and gradients of layers while a model runs with it: [`Cx::with_probe`]. It changes
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

/// A probe that waits at a place for the gradient.
struct Waiting {
    probe: Arc<dyn Probe>,
    path: Path,
    kind: &'static str,
    side: Side,
    stack: Option<(usize, usize)>,
}

impl GradientWatcher for Waiting {
    fn gradient(&self, gradient: &Tensor) {
        let Self { probe, path, kind, side, stack } = self;
        probe.gradient(&Site { path, kind, side: *side, stack: *stack }, gradient);
    }
}

impl Cx {
    /// The same context with a probe that sees what layers are given and what they make of it.
    #[must_use]
    pub fn with_probe(mut self, probe: Arc<dyn Probe>) -> Self {
        self.probe = Some(probe);
        self
    }

    /// Whether there is a probe.
    pub fn is_probed(&self) -> bool {
        self.probe.is_some()
    }

    /// Runs a part of a model: `layer`, which is called `name` in it (the name of the field or an
    /// index), on `input`. Whatever runs like this has a place in messages, and probes see it.
    ///
    /// ```
    /// use glassbox_nn::{Cx, Dense, Module, Parameters};
    /// use glassbox_tensor::Tensor;
    ///
    /// #[derive(Parameters)]
    /// struct Twice {
    ///     inner: Dense,
    /// }
    ///
    /// impl Module for Twice {
    ///     fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
    ///         let once = cx.call("inner", &self.inner, input);
    ///         cx.call("inner", &self.inner, &once)
    ///     }
    /// }
    /// ```
    #[track_caller]
    pub fn call<M: Module + ?Sized>(
        &mut self,
        name: impl Into<Segment>,
        layer: &M,
        input: &Tensor,
    ) -> Tensor {
        self.scope(name, |cx| cx.run(layer, input))
    }

    /// Runs `layer` where the context is.
    #[track_caller]
    pub(crate) fn run<M: Module + ?Sized>(&mut self, layer: &M, input: &Tensor) -> Tensor {
        if self.probe.is_none() {
            return layer.forward(input, self);
        }
        let seen = self.observed(layer.kind(), Side::Input, input);
        let output = layer.forward(seen.as_ref().unwrap_or(input), self);
        self.observed(layer.kind(), Side::Output, &output).unwrap_or(output)
    }

    /// What is wanted of the running layer.
    pub(crate) fn wanted(&self, kind: &'static str, side: Side) -> Wanted {
        let site = Site { path: self.path(), kind, side, stack: None };
        self.probe.as_ref().map_or(Wanted::NOTHING, |probe| probe.wants(&site))
    }

    /// Shows `values` to the probe, where it wants them. To go on with: values whose gradient it
    /// sees, too, where it wants that.
    pub(crate) fn observed(
        &self,
        kind: &'static str,
        side: Side,
        values: &Tensor,
    ) -> Option<Tensor> {
        self.observed_at(&Site { path: self.path(), kind, side, stack: None }, values)
    }

    /// As [`Cx::observed`] for a layer of the running recurrent stack: `stack` is which, of how many.
    pub(crate) fn observed_in_stack(
        &self,
        kind: &'static str,
        stack: (usize, usize),
        side: Side,
        values: Tensor,
    ) -> Tensor {
        let site = Site { path: self.path(), kind, side, stack: Some(stack) };
        self.observed_at(&site, &values).unwrap_or(values)
    }

    /// Shows the input of a layer of the running recurrent stack, where it is not computed unless
    /// somebody wants it. Its gradient is not known then.
    pub(crate) fn show_in_stack(
        &self,
        kind: &'static str,
        stack: (usize, usize),
        values: impl FnOnce() -> Tensor,
    ) {
        let site = Site { path: self.path(), kind, side: Side::Input, stack: Some(stack) };
        self.show_at(&site, values);
    }

    /// As [`Cx::show_in_stack`] for one side of the running layer.
    pub(crate) fn show(&self, kind: &'static str, side: Side, values: &Tensor) {
        let site = Site { path: self.path(), kind, side, stack: None };
        self.show_at(&site, || values.detach());
    }

    fn show_at(&self, site: &Site<'_>, values: impl FnOnce() -> Tensor) {
        if let Some(probe) = self.probe.as_ref().filter(|probe| probe.wants(site).values) {
            probe.values(site, &values());
        }
    }

    fn observed_at(&self, site: &Site<'_>, values: &Tensor) -> Option<Tensor> {
        let probe = self.probe.as_ref()?;
        let wanted = probe.wants(site);
        if wanted.values {
            probe.values(site, &values.detach());
        }
        if !(wanted.gradient && (self.is_recording() || values.requires_grad())) {
            return None;
        }
        let &Site { kind, side, stack, .. } = site;
        let waiting = Waiting { probe: probe.clone(), path: site.path.clone(), kind, side, stack };
        Some(match values.requires_grad() {
            true => values.watched(Arc::new(waiting)),
            // Data have no gradient unless someone asks for it.
            false => values.with_grad().watched(Arc::new(waiting)),
        })
    }
}
