//! What observers see of a step: norms of its update, values and gradients of layers.

use std::sync::Arc;

use glassbox_nn::{Module, Probe, Site, Slot, Wanted, walk};
use glassbox_tensor::Tensor;

use super::Trainer;
use super::telling::{Wishes, show};
use crate::TrainError;
use crate::event::{Event, Look, ParameterUpdate, StepReport, StepView};

impl<M: Module> Trainer<M> {
    /// What observers want to see of the coming step, all together.
    pub(super) fn look(&mut self) -> Look {
        let step = self.progress.step + 1;
        let (mut updates, mut probes) = (false, Vec::new());
        for observer in &mut self.observers {
            let look = observer.looks_at(step);
            updates |= look.updates;
            probes.extend(look.probe);
        }
        self.updates.clear();
        let probe = match probes.len() {
            0 | 1 => probes.pop(),
            _ => Some(Arc::new(Several(probes)) as Arc<dyn Probe>),
        };
        Look { updates, probe }
    }

    /// Shows the step that was made.
    pub(super) fn show_step(&mut self, report: &StepReport) -> Result<Wishes, TrainError> {
        let mut updates = Vec::new();
        if !self.updates.is_empty() {
            let mut norms = self.updates.iter();
            walk(&self.model, |path, slot| {
                let norms = matches!(slot, Slot::Param(_)).then(|| norms.next()).flatten();
                if let Some(&norms) = norms {
                    updates.push(ParameterUpdate { path: path.clone(), norms });
                }
            });
        }
        let (model, gradients) = (&self.model, &self.gradients);
        let view = StepView { report, model, gradients, updates: &updates };
        show(&mut self.observers, &Event::Step(&view))
    }
}

/// The probes of several observers: each sees what it wants.
struct Several(Vec<Arc<dyn Probe>>);

impl Probe for Several {
    fn wants(&self, site: &Site<'_>) -> Wanted {
        let all = self.0.iter().map(|probe| probe.wants(site));
        all.fold(Wanted::NOTHING, |a, b| Wanted {
            values: a.values || b.values,
            gradient: a.gradient || b.gradient,
        })
    }

    fn values(&self, site: &Site<'_>, values: &Tensor) {
        let wanting = self.0.iter().filter(|probe| probe.wants(site).values);
        wanting.for_each(|probe| probe.values(site, values));
    }

    fn gradient(&self, site: &Site<'_>, gradient: &Tensor) {
        let wanting = self.0.iter().filter(|probe| probe.wants(site).gradient);
        wanting.for_each(|probe| probe.gradient(site, gradient));
    }
}
