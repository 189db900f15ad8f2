//! What reaches the loss, at its place in the recipe.

use glassbox_nn::Outline;
use glassbox_train::{ToLearn, head_mismatch};

use super::Checks;
use crate::codes;
use crate::diagnostic::Problem;
use crate::experiment::Experiment;

impl Checks<'_> {
    /// The values that the last layers let through suit the loss and the targets.
    pub fn head(&mut self, experiment: &Experiment, outline: &Outline) {
        let learned = ToLearn {
            data: &self.data.dataset,
            items: &self.data.split.train,
            units: &self.data.target_normalizer,
        };
        let Some((by, why)) = head_mismatch(outline, &experiment.train.loss, learned) else {
            return;
        };
        let code = codes::find(why.code).map_or(why.code, |row| row.code);
        let path: Vec<String> = by.segments().iter().map(ToString::to_string).collect();
        let mut problem =
            Problem::new(code, why.what).expected(why.expected).found(why.found).help(why.help);
        problem.place = self.recipe.model.place(&path, None);
        self.problems.push(problem);
    }
}
