//! Settings of losses and layers that have no effect.

use glassbox_nn::layers::Layer;
use glassbox_train::schedule::Schedule;

use super::Checks;
use crate::codes;
use crate::diagnostic::Problem;
use crate::experiment::Experiment;

impl Checks<'_> {
    /// An ignored class is one that there is.
    pub(super) fn ignored_class(&mut self, ignored: Option<i32>) {
        let classes = self.data.dataset.targets().width();
        let Some(class) = ignored else { return };
        if self.recipe.stored || usize::try_from(class).is_ok_and(|class| class < classes) {
            return;
        }
        let problem = Problem::new(codes::NO_EFFECT, "`ignore_index` has no effect")
            .expected(format!("a class: from 0 to {}", classes.saturating_sub(1)))
            .found(class.to_string())
            .help("no item has this class: leave `ignore_index` out");
        self.push_at("train.loss.ignore_index", problem);
    }

    /// A schedule between rates of its own leaves that of the optimizer without effect.
    pub fn unused_rate(&mut self, experiment: &Experiment) {
        let max = match &experiment.train.schedule {
            Schedule::OneCycle(schedule) => schedule.max_lr,
            Schedule::Cyclic(schedule) => schedule.max_lr,
            _ => None,
        };
        let rate = experiment.train.optimizer.learning_rate();
        let Some(place) = self.recipe.written("train.optimizer.lr") else { return };
        // A stored recipe has all defaults written out: what is set beside it (source 1
        // and up) is meant.
        let meant = !self.recipe.stored || place.source > 0;
        let Some(max) = max.filter(|&max| meant && max != rate) else { return };
        let problem = Problem::new(codes::NO_EFFECT, "`lr` of the optimizer has no effect")
            .at(&place)
            .expected(format!("no `lr`, or {max}: the schedule's `max_lr` is the rate"))
            .found(format!("lr = {rate}"))
            .help("set train.schedule.max_lr, or leave `max_lr` out");
        self.problems.push(problem);
    }

    /// Recurrent layers drop values between their layers: one layer drops none.
    pub(super) fn unused_dropout(&mut self, experiment: &Experiment) {
        for (index, layer) in experiment.layers.iter().enumerate() {
            let (layers, dropout) = match &layer.layer {
                Layer::Rnn(config) => (config.layers, config.dropout),
                Layer::Gru(config) => (config.layers, config.dropout),
                Layer::Lstm(config) => (config.layers, config.dropout),
                _ => continue,
            };
            if layers > 1 || dropout == 0.0 {
                continue;
            }
            let mut problem = Problem::new(codes::NO_EFFECT, "`dropout` has no effect")
                .expected("2 layers or more, between which values are dropped")
                .found("layers = 1")
                .help("put { type = \"dropout\" } behind the layer, or give it more layers");
            problem.place = self.recipe.model.place(&[index.to_string()], Some("dropout"));
            self.problems.push(problem);
        }
    }
}
