//! What concerns sequences only.

use glassbox_data::InputReader;
use glassbox_nn::layers::{Layer, layers_that_see_later_steps};
use glassbox_nn::{Graph, Outline};
use glassbox_train::{SeesAnswer, Task, targets_continue_inputs};

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

    /// Before a loss whose targets are the next tokens, no layer looks ahead.
    pub fn causal(&mut self, experiment: &Experiment) {
        if !targets_continue_inputs(&self.data.dataset) {
            return;
        }
        let input = self.data.dataset.item_shape();
        for error in layers_that_see_later_steps(&experiment.layers, input) {
            let help = format!(
                "{}. The target of step t is token t + 1: a layer that sees it learns to copy it, \
                 scores almost 100 %, and can generate nothing",
                error.help
            );
            let problem = self.layer_problem(&error);
            self.problems.push(problem.help(help));
        }
    }

    /// As [`Self::causal`], tried out on the built model.
    pub fn proves_causal(&mut self, model: &Graph) {
        if let Some(found) = SeesAnswer::find(model, &self.data.dataset) {
            let SeesAnswer { step, after } = found;
            let problem = Problem::new(codes::SEES_ANSWER, "the model sees the answer")
                .expected("outputs that depend on the same token and earlier ones alone")
                .found(format!("the output at step {step} changes with tokens after step {after}"));
            self.push_at("model.layers", problem);
        }
    }

    /// An embedding has a row for every token of the data.
    pub fn vocabulary(&mut self, experiment: &Experiment) {
        let (Some(tokens), Some(Layer::Embedding(config))) =
            (self.data.dataset.tokens(), experiment.layers.first().map(|node| &node.layer))
        else {
            return;
        };
        let Some(size) = config.size.filter(|&size| size < tokens) else { return };
        let message = "the embedding has fewer rows than the data has tokens";
        let mut problem = Problem::new(codes::VOCABULARY, message)
            .expected(format!("a `size` of at least {tokens}"))
            .found(size.to_string())
            .help("leave `size` out: it follows from the data");
        problem.place = self.recipe.model.place(&["0".into()], Some("size"));
        self.problems.push(problem);
    }

    /// Batch normalization of a batch of one text that has one token would see a single value.
    pub fn shortest_batch(&mut self, experiment: &Experiment, smallest: usize) {
        let one_step = self.data.dataset.lengths().is_some_and(|all| all.contains(&1));
        if smallest > 1 || !one_step {
            return;
        }
        let input = self.data.dataset.item_shape();
        let Ok(outline) = Outline::of(&experiment.layers, input) else { return };
        for node in &outline.nodes {
            let Some(layer) = node.operation.layer() else { continue };
            let mut of_one_step = node.input;
            if let [time, _, ..] = of_one_step.dims_mut() {
                *time = 1;
            }
            if layer.smallest_training_batch(of_one_step) > smallest {
                let kind = layer.type_name();
                let message = format!("layer {} ({kind}): a batch is too small", node.path);
                let mut problem = Problem::new("GB0208", message)
                    .expected("training batches of at least 2 texts")
                    .found("a batch of one text, and texts of one token")
                    .help("raise the batch size, or set train.drop_last = true");
                problem.place = self.recipe.place("train.batch_size");
                return self.problems.push(problem);
            }
        }
    }

    /// What is to be kept of the run exists.
    pub fn watch(&mut self, experiment: &Experiment) {
        if experiment.watch.lags && !experiment.layers.iter().any(|node| node.is_recurrent()) {
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
