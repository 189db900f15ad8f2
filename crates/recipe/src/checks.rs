//! What fits together and what does not: the recipe against its data, and its parts against each
//! other.

use glassbox_data::Prepared;
use glassbox_nn::layers::Layer;
use glassbox_nn::{BuildError, Graph, Loss, Summary};
use glassbox_train::Task;
use glassbox_train::data::Targets;
use serde::Deserialize;

use crate::codes;
use crate::diagnostic::{Place, Problem, Report};
use crate::experiment::Experiment;
use crate::recipe::Recipe;

mod class_weights;
mod head;
mod metrics;
mod schedule;
mod sequences;
mod unused;

/// The experiment being checked.
pub struct Checks<'a> {
    /// The recipe, for places.
    pub recipe: &'a Recipe,
    /// Its data.
    pub data: &'a Prepared,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Checks<'_> {
    /// `checked`, where nothing is wrong; otherwise all that is.
    pub fn outcome<T>(self, checked: T) -> Result<T, Report> {
        if self.problems.is_empty() {
            return Ok(checked);
        }
        let mut report = self.recipe.report();
        self.problems.into_iter().for_each(|problem| report.push(problem));
        report.sort();
        Err(report)
    }

    /// A problem at the value under a dotted path.
    fn push_at(&mut self, path: &str, mut problem: Problem) {
        problem.place = self.recipe.place(path);
        self.problems.push(problem);
    }

    /// The task: as the recipe says, or as the targets are.
    pub fn task(&mut self) -> Task {
        let (fitting, kind) = match self.data.dataset.targets() {
            Targets::Classes { names, .. } => (Task::Classify, format!("{} classes", names.len())),
            Targets::Values { .. } => (Task::Regress, "numbers".to_owned()),
            Targets::Tokens { .. } => (Task::Generate, "the tokens that come next".to_owned()),
        };
        match self.recipe.run.task {
            Some(task) if task != fitting => {
                let (expected, name) = (task_name(fitting), task_name(task));
                let problem = Problem::new(codes::TASK_AND_DATA, "the task does not fit the data")
                    .expected(format!("\"{expected}\": the targets are {kind}"))
                    .found(format!("\"{name}\""))
                    .help("leave `task` out: it follows from the data");
                self.push_at("run.task", problem);
                fitting
            }
            _ => fitting,
        }
    }

    /// The loss: as the recipe says, or the task's own.
    pub fn loss(&mut self, task: Task) -> Option<Loss> {
        let own = match task {
            Task::Classify | Task::Generate => "cross_entropy",
            Task::Regress => "mean_squared_error",
        };
        let Some(loss) = self.recipe.train.loss.clone() else {
            return Loss::deserialize(serde_json::json!({ "type": own })).ok();
        };
        let classes = self.data.dataset.targets().class_names().len();
        let for_classes = matches!(loss.name(), "cross_entropy" | "binary_cross_entropy");
        let wrong = match task {
            Task::Regress if for_classes => Some((
                "a loss for numbers, since the targets are numbers".to_owned(),
                "use mean_squared_error, or huber",
            )),
            Task::Generate if loss.name() != "cross_entropy" => {
                Some(("a loss for tokens".to_owned(), "use cross_entropy"))
            }
            Task::Classify if !for_classes => Some((
                "a loss for classes, since the targets are classes".to_owned(),
                "use cross_entropy",
            )),
            Task::Classify if loss.name() == "binary_cross_entropy" && classes != 2 => {
                Some((format!("two classes, since there are {classes}"), "use cross_entropy"))
            }
            _ => None,
        };
        if let Some((expected, help)) = wrong {
            let message = format!("`{}` does not fit the task", loss.name());
            let problem = Problem::new(codes::LOSS_AND_TASK, message)
                .expected(expected)
                .found(format!("`{}`", loss.name()))
                .help(help);
            self.push_at("train.loss", problem);
        } else if let Loss::CrossEntropy(config) = &loss {
            self.ignored_class(config.ignore_index);
        }
        Some(loss)
    }

    /// How many values the model must give for an item.
    pub fn outputs(&self, loss: &Loss) -> usize {
        match (loss.name(), self.data.dataset.targets().width()) {
            // For more classes the loss itself is the mistake, and told.
            ("binary_cross_entropy", 2) => 1,
            (_, width) => width,
        }
    }

    /// Widths that are left to the data.
    pub fn heads(&mut self, task: Task) {
        for head in &self.recipe.model.heads {
            let (word, targets) = match task {
                Task::Regress => ("outputs", "numbers"),
                Task::Generate => ("vocab", "tokens"),
                Task::Classify => ("classes", "classes"),
            };
            if head.word != word && head.word != "outputs" {
                let problem = Problem::new(codes::HEAD_WIDTH, format!("there is no {}", head.word))
                    .at(&head.place)
                    .expected(format!("\"{word}\": the targets are {targets}"))
                    .found(format!("\"{}\"", head.word));
                self.problems.push(problem.help(format!("units = \"{word}\"")));
            }
        }
    }

    /// Every layer fits the one before, and the last one fits the targets and the loss.
    pub fn model(&mut self, experiment: &Experiment, outputs: usize) {
        let input = self.data.dataset.item_shape();
        let summary = match Summary::of(&experiment.layers, input) {
            Ok(summary) => summary,
            Err(error) => return self.problems.push(self.layer_problem(&error)),
        };
        let output = summary.rows.last().map_or(input, |row| row.output);
        let fits = match (experiment.run.task, input.dims()) {
            (Task::Generate, &[steps]) => output.dims() == [steps, outputs],
            _ => output.dims() == [outputs],
        };
        if !fits {
            let (word, what) = match experiment.run.task {
                Task::Generate => ("vocab", "a score for each token, at every step"),
                Task::Regress => ("outputs", "a number for each target"),
                Task::Classify if outputs == 1 => ("outputs", "one score"),
                Task::Classify => ("classes", "a score for each class"),
            };
            let mut problem =
                Problem::new(codes::HEAD_WIDTH, "the last layer does not fit the targets")
                    .expected(format!("{outputs} {}: {what}", values(outputs)))
                    .found(format!("an output of shape {output}"));
            let last = experiment.layers.len().saturating_sub(1).to_string();
            let dense =
                experiment.layers.last().is_some_and(|node| matches!(node.layer, Layer::Dense(_)));
            let key = dense.then_some("units");
            problem.place = self.recipe.model.place(&[last], key);
            let help = match dense {
                true => format!("units = \"{word}\" follows the data"),
                false => format!("end with {{ type = \"dense\", units = \"{word}\" }}"),
            };
            self.problems.push(problem.help(help));
        }
        if !self.recipe.stored && fits {
            self.head(experiment, summary.outline());
            self.unused_dropout(experiment);
        }
        self.fits_in_memory(experiment, &summary);
    }

    fn fits_in_memory(&mut self, experiment: &Experiment, summary: &Summary) {
        let slots = experiment.train.optimizer.rule().state_names().len();
        let needed = summary.memory(0, slots).total();
        let Some(memory) = machine_memory() else { return };
        if needed <= memory {
            return;
        }
        let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
        let heaviest = summary.rows.iter().max_by_key(|row| row.cost.parameters);
        let mut problem = Problem::new(codes::TOO_LARGE, "the model does not fit in memory")
            .expected(format!("weights, gradients and optimizer within {}", gib(memory)))
            .found(gib(needed))
            .help("make this layer, or what feeds it, smaller");
        problem.place =
            heaviest.and_then(|row| self.recipe.model.place(std::slice::from_ref(&row.name), None));
        self.problems.push(problem);
    }

    /// An error of a layer, told at its line.
    pub fn layer_problem(&self, error: &BuildError) -> Problem {
        let path: Vec<String> = error.path.segments().iter().map(ToString::to_string).collect();
        let title = codes::find(error.code).map_or("cannot be built", |row| row.title);
        let message = match path.is_empty() {
            true => format!("{}: {title}", error.layer),
            false => format!("layer {} ({}): {title}", path.join("."), error.layer),
        };
        let mut problem = Problem::new(error.code, message)
            .expected(error.expected.clone())
            .found(error.found.clone());
        problem.place = self.recipe.model.place(&path, error.field);
        if !error.help.is_empty() {
            problem = problem.help(error.help.clone());
        }
        problem
    }

    /// Batch normalization can work on the smallest batch there will be.
    pub fn batches(&mut self, experiment: &Experiment, model: &Graph) {
        let (items, batch) = (self.data.split.train.len(), experiment.train.batch_size);
        let rest = items % batch;
        let smallest = match rest {
            _ if items <= batch => items,
            0 => batch,
            _ if experiment.train.drop_last => batch,
            rest => rest,
        };
        let Err(error) = model.check_batch(smallest) else {
            return self.shortest_batch(experiment, smallest);
        };
        let mut problem = self.layer_problem(&error);
        if smallest == rest && items > batch {
            let found = format!("{items} items in batches of {batch}: the last has {rest}");
            problem = problem.found(found).help("train.drop_last = true leaves it out");
            problem.place = self.recipe.place("train.batch_size").or(problem.place);
        }
        self.problems.push(problem);
    }

    /// Augmentations need images, and amounts that these have room for.
    pub fn augment(&mut self, experiment: &Experiment) {
        let shape = self.data.dataset.item_shape();
        if self.data.dataset.is_image() {
            for (index, augment) in experiment.augment.iter().enumerate() {
                if let Err(error) = augment.check(shape) {
                    let mut problem = self.recipe.data_problem(&error);
                    let place = self.recipe.item("augment", index).map(tag_place);
                    problem.place = place.or(problem.place);
                    self.problems.push(problem);
                }
            }
            return;
        }
        for (index, augment) in experiment.augment.iter().enumerate() {
            let name = augment.type_name();
            let mut problem =
                Problem::new(codes::AUGMENT_WITHOUT_IMAGES, format!("`{name}` needs images"))
                    .expected("items of shape height×width×channels")
                    .found(format!("items of shape {shape}"))
                    .help("remove the augmentation");
            problem.place = self.recipe.item("augment", index).map(tag_place);
            self.problems.push(problem);
        }
    }
}

/// The problem of watching validation data that is not there.
pub fn no_validation(who: &str) -> Problem {
    Problem::new(codes::NO_VALIDATION, format!("{who} needs validation data"))
        .expected("validation items")
        .found("none")
        .help("keep some back: split = { valid = 0.15 }")
}

/// A task as recipes write it.
fn task_name(task: Task) -> &'static str {
    match task {
        Task::Classify => "classify",
        Task::Regress => "regress",
        Task::Generate => "generate",
    }
}

fn values(count: usize) -> &'static str {
    if count == 1 { "value" } else { "values" }
}

fn tag_place(node: &crate::tree::Node) -> Place {
    match node.table().and_then(|table| table.get("type")) {
        Some(tag) => tag.node.place.clone(),
        None => node.place.clone(),
    }
}

/// The memory of this machine in bytes, where the system tells.
fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kib.checked_mul(1024)
}
