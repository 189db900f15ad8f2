//! How the parts of a model are run, and seen by a probe while they run.

use std::sync::Arc;

use glassbox_tensor::{GradientWatcher, Tensor};

use crate::context::Cx;
use crate::module::Module;
use crate::path::{Path, Segment};
use crate::probe::{Probe, Side, Site, Wanted};

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
