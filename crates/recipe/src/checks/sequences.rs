//! What concerns sequences only.

use glassbox_nn::layers::Layer;
use glassbox_train::Task;
use glassbox_train::data::InputReader;

use super::{Checks, task_name};
use crate::codes;
use crate::diagnostic::Problem;
use crate::experiment::Experiment;

impl Checks<'_> {
    /// Truncated backpropagation and a carried state need targets for every step of a text.
    pub fn through_time(&mut self, experiment: &Experiment) {
        let every_step = experiment.run.task == Task::Generate;
        let continuous = every_step && self.data.dataset.is_continuous();
        let (bptt, stateful) = (experiment.train.bptt.is_some(), experiment.train.stateful);
        for (key, wrong) in [("bptt", bptt && !every_step), ("stateful", stateful && !continuous)] {
            if wrong {
                let found = format!("task = \"{}\"", task_name(experiment.run.task));
                let problem =
                    Problem::new(codes::THROUGH_TIME, format!("`{key}` does not fit the task"))
                        .expected(
                            "a text: a target for every step of sequences that follow each other",
                        )
                        .found(found)
                        .help(format!("remove `{key}`"));
                self.push_at(&format!("train.{key}"), problem);
            }
        }
    }

    /// What is to be kept of the run exists.
    pub fn watch(&mut self, experiment: &Experiment) {
        if experiment.watch.lags && !experiment.layers.iter().any(Layer::is_recurrent) {
            let problem = Problem::new(codes::WATCH, "there are no time lags in this model")
                .expected("a recurrent layer")
                .found(format!("{} layers of other kinds", experiment.layers.len()))
                .help("remove `lags`, or add { type = \"lstm\", units = 64 }");
            self.push_at("watch.lags", problem);
        }
        let Some(samples) = &experiment.watch.samples else { return };
        let InputReader::Text(vocabulary) = &self.data.reader else {
            let problem = Problem::new(codes::WATCH, "a model of these data writes no text")
                .expected("data of kind \"text\"")
                .found(format!("data of kind \"{}\"", experiment.data.source.kind()))
                .help("remove `samples`");
            return self.push_at("watch.samples", problem);
        };
        if let Err(character) = vocabulary.encode(&samples.prompt) {
            let problem = Problem::new(codes::WATCH, "the prompt cannot be read")
                .expected("characters of the text")
                .found(format!("{character:?}, which the text does not have"))
                .help("leave it out");
            self.push_at("watch.samples.prompt", problem);
        }
        if let Err(expected) = samples.sampling().check() {
            let problem = Problem::new(codes::WATCH, "no token can be chosen like this")
                .expected(expected)
                .found("these settings")
                .help("temperature = 0.8 is a good start");
            self.push_at("watch.samples", problem);
        }
    }
}
