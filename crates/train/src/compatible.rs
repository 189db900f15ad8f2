//! Whether task, loss, targets, model and batches fit together, before anything is computed: what
//! recipes are refused for, code is too.

use glassbox_nn::{Cx, Loss, Module};
use glassbox_tensor::{Shape, Tensor};

use crate::accumulator::Task;
use crate::config::TrainConfig;
use crate::data::{Batch, Loader, Targets};
use crate::error::{Mismatch, TrainError};
use crate::head::{ToLearn, head_mismatch};
use crate::metrics;
use crate::monitor::Monitor;

/// Compares what is to be learned with the data of `loader`, and `model` with its first item.
///
/// # Errors
/// The first thing that does not fit.
pub(crate) fn check<M: Module + ?Sized>(
    model: &M,
    loss: &Loss,
    task: Task,
    loader: &Loader,
) -> Result<(), TrainError> {
    let targets = loader.dataset().targets();
    let outcome =
        check_task(task, targets).and_then(|()| check_loss(loss, targets)).and_then(|()| {
            match loader.first_item() {
                Some(item) => check_model(model, loss, targets, &item),
                None => Ok(()),
            }
        });
    outcome.map_err(|mismatch| TrainError::Mismatch(Box::new(mismatch)))
}

/// Refuses a model whose last layers let no values through that suit the loss or the targets.
///
/// # Errors
/// With the layer that confines them.
pub(crate) fn check_head<M: Module + ?Sized>(
    model: &M,
    loss: &Loss,
    train: &Loader,
) -> Result<(), TrainError> {
    let Some(outline) = model.outline() else { return Ok(()) };
    let (data, items, units) = (train.dataset(), train.items(), train.target_units());
    let Some((by, mut mismatch)) =
        head_mismatch(outline, loss, ToLearn { data, items: &items, units })
    else {
        return Ok(());
    };
    mismatch.found = format!("{} (layer {by})", mismatch.found);
    Err(TrainError::Mismatch(Box::new(mismatch)))
}

/// Refuses windows and a carried state where batches have no steps in common: windows are cut along
/// the steps of inputs and targets alike, and a state continues row by row.
///
/// # Errors
/// When targets are not given for every step, or batches do not continue each other.
pub(crate) fn check_steps(config: &TrainConfig, train: &Loader) -> Result<(), TrainError> {
    let steps = train.dataset().item_shape().first().copied();
    let every_step = match train.dataset().targets() {
        Targets::Tokens { length, .. } => Some(*length) == steps,
        _ => false,
    };
    let (what, expected, found, help) = if config.bptt.is_some() && !every_step {
        (
            "bptt cuts sequences into windows, each with its own targets",
            "a target for each step: Targets::Tokens, as long as the inputs",
            "targets of whole items",
            "bptt: None",
        )
    } else if config.stateful && !train.is_streams() {
        (
            "a stateful training carries the state of each row into the next batch",
            "batches of which each continues the one before, row by row",
            "LoaderConfig { streams: false, .. }",
            "streams: true, or stateful: false",
        )
    } else {
        return Ok(());
    };
    let [what, expected, found, help] = [what, expected, found, help].map(str::to_owned);
    Err(TrainError::Mismatch(Box::new(Mismatch { code: "GB0130", what, expected, found, help })))
}

/// Refuses a score to watch that no epoch has: it would be replaced by the loss without a word, or
/// never stop anything.
///
/// # Errors
/// When the score is not one of the task's.
pub(crate) fn check_monitor(
    monitor: &Monitor,
    task: Task,
    train: &Loader,
) -> Result<(), TrainError> {
    let known = Monitor::names(task, train.dataset().targets().width(), train.output_names());
    if known.contains(&monitor.metric) || known.contains(&format!("valid.{}", monitor.metric)) {
        return Ok(());
    }
    Err(TrainError::Mismatch(Box::new(Mismatch {
        code: "GB0126",
        what: "there is no such score to watch".into(),
        expected: format!("`valid.` or `train.` with one of {}", names_of(task, train)),
        found: format!("{:?}", monitor.metric),
        help: "correct the name of the score".into(),
    })))
}

/// Refuses a score to report that there is not.
///
/// # Errors
/// When the score is not one of the task's.
pub(crate) fn check_metrics(
    names: &[String],
    task: Task,
    train: &Loader,
) -> Result<(), TrainError> {
    let is_known = |name: &String| {
        metrics::named(name)
            .is_some_and(|metric| metric.is_of(task, train.dataset().targets().width()))
    };
    let Some(name) = names.iter().find(|name| !is_known(name)) else { return Ok(()) };
    Err(TrainError::Mismatch(Box::new(Mismatch {
        code: "GB0126",
        what: "there is no such score to report".into(),
        expected: format!("names out of {}", names_of(task, train)),
        found: format!("{name:?}"),
        help: "correct the name of the score".into(),
    })))
}

fn names_of(task: Task, train: &Loader) -> String {
    let names: Vec<&str> = metrics::of(task, train.dataset().targets().width())
        .iter()
        .map(|metric| metric.name)
        .collect();
    names.join(", ")
}

/// Refuses loaders that give nothing: a run of no steps would end like a success.
///
/// # Errors
/// When there is no batch to train or to validate on.
pub(crate) fn check_items(train: &Loader, valid: Option<&Loader>) -> Result<(), TrainError> {
    let part = match valid {
        _ if train.batches() == 0 => "training",
        Some(valid) if valid.batches() == 0 => "validation",
        _ => return Ok(()),
    };
    Err(TrainError::Mismatch(Box::new(Mismatch {
        code: "GB0413",
        what: format!("there are no {part} items"),
        expected: "at least one batch".into(),
        found: "no items".into(),
        help: "give items to the loader; without validation items, fit(&train, None)".into(),
    })))
}

/// Compares how two loaders read items: the same number must mean the same in both. Scores of
/// classes in another order, or of other units, cannot be compared.
///
/// # Errors
/// When they differ.
pub(crate) fn check_alike(train: &Loader, valid: &Loader) -> Result<(), TrainError> {
    let (ours, theirs) = (target_names(train), target_names(valid));
    let (what, expected, found, help) = if ours != theirs {
        (
            "validation targets are not those of the training, in the same order",
            listed(ours),
            listed(theirs),
            "read both through one schema: the classes and their order belong to the model",
        )
    } else if train.input_units() != valid.input_units() {
        (
            "validation inputs are normalized otherwise than training inputs",
            format!("{:?}", train.input_units()),
            format!("{:?}", valid.input_units()),
            SAME_NORMALIZER,
        )
    } else if train.target_units() != valid.target_units() {
        (
            "validation targets are standardized otherwise than training targets",
            format!("{:?}", train.target_units()),
            format!("{:?}", valid.target_units()),
            SAME_NORMALIZER,
        )
    } else {
        return Ok(());
    };
    let (what, help) = (what.into(), help.into());
    Err(TrainError::Mismatch(Box::new(Mismatch { code: "GB0413", what, expected, found, help })))
}

const SAME_NORMALIZER: &str =
    "give both loaders the normalizer that was fitted on the training items";

/// The names of classes, tokens or numbers.
fn target_names(loader: &Loader) -> &[String] {
    match loader.dataset().targets() {
        Targets::Values { names, .. }
        | Targets::Classes { names, .. }
        | Targets::Tokens { names, .. } => names,
    }
}

/// The first names, and how many there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len() > SHOWN {
        true => format!("{shown}, … ({} in all)", names.len()),
        false => shown,
    }
}

fn check_task(task: Task, targets: &Targets) -> Result<(), Mismatch> {
    let (fitting, kind) = match targets {
        Targets::Classes { names, .. } => (Task::Classify, format!("{} classes", names.len())),
        Targets::Tokens { names, .. } => {
            (Task::Generate, format!("the next of {} tokens at every step", names.len()))
        }
        Targets::Values { width: 0, .. } => {
            return Err(Mismatch {
                code: "GB0410",
                what: "the data has no targets".into(),
                expected: "a target for each item".into(),
                found: "inputs alone".into(),
                help: "data without targets can be predicted, not learned or scored".into(),
            });
        }
        Targets::Values { .. } => (Task::Regress, "numbers".to_owned()),
    };
    if task == fitting {
        return Ok(());
    }
    Err(Mismatch {
        code: "GB0410",
        what: "the task does not fit the targets".into(),
        expected: format!("Task::{fitting:?}: the targets are {kind}"),
        found: format!("Task::{task:?}"),
        help: format!("task: Task::{fitting:?}"),
    })
}

fn check_loss(loss: &Loss, targets: &Targets) -> Result<(), Mismatch> {
    let classes = targets.class_names().len();
    let refused = |expected: String, help: &str| {
        Err(Mismatch {
            code: "GB0411",
            what: format!("the loss `{}` does not fit the targets", loss.name()),
            expected,
            found: format!("`{}`", loss.name()),
            help: help.to_owned(),
        })
    };
    let for_classes = matches!(loss, Loss::CrossEntropy(_) | Loss::BinaryCrossEntropy(_));
    match (targets, loss) {
        (Targets::Values { .. }, _) if for_classes => refused(
            "a loss for numbers: the targets are numbers".into(),
            "loss: Loss::MeanSquaredError(Default::default())",
        ),
        (Targets::Values { .. }, _) => Ok(()),
        (Targets::Classes { .. }, Loss::BinaryCrossEntropy(_)) if classes == 2 => Ok(()),
        (Targets::Classes { .. }, Loss::BinaryCrossEntropy(_)) => {
            refused(format!("two classes, since there are {classes}"), "use Loss::CrossEntropy")
        }
        (_, Loss::CrossEntropy(_)) if classes < 2 => refused(
            format!("at least two classes, since there is {classes}"),
            "a single class leaves nothing to learn: its loss is always 0",
        ),
        (_, Loss::CrossEntropy(config)) => match &config.class_weights {
            Some(weights) if weights.len() != classes => refused(
                format!("{classes} class weights, one for each class"),
                "Loader::balanced_class_weights, or Dataset::class_weights by name",
            )
            .map_err(|mismatch| Mismatch { found: weights.len().to_string(), ..mismatch }),
            _ => Ok(()),
        },
        (Targets::Tokens { .. }, _) => refused(
            "a loss for the next token: every step has one score for each token".into(),
            "loss: Loss::CrossEntropy(Default::default())",
        ),
        _ => refused(
            "a loss for classes: the targets are classes".into(),
            "loss: Loss::CrossEntropy(Default::default())",
        ),
    }
}

fn check_model<M: Module + ?Sized>(
    model: &M,
    loss: &Loss,
    targets: &Targets,
    item: &Batch,
) -> Result<(), Mismatch> {
    let shape = of_item(&item.inputs);
    if let Some(expected) = model.expected_input(shape) {
        return Err(Mismatch {
            code: "GB0413",
            what: "the items do not have the shape that the model takes".into(),
            expected: format!("items of shape {expected}"),
            found: format!("items of shape {shape}"),
            help: "declare the shape of the data as the model's input, or prepare the data so"
                .into(),
        });
    }
    let output = item.forward(model, &mut Cx::eval());
    let outputs = match (loss, targets.width()) {
        (Loss::BinaryCrossEntropy(_), 2) if !matches!(targets, Targets::Values { .. }) => 1,
        (_, width) => width,
    };
    // Of classes, one row of scores for each target; of numbers, what the loss compares.
    let rows = match targets {
        Targets::Values { .. } => Shape::new(&item.targets.dims()[..1]),
        _ => item.targets.shape(),
    };
    let expected: Vec<usize> = rows.iter().copied().chain([outputs]).collect();
    let bare = outputs == 1 && output.shape() == rows;
    if bare || *output.shape() == expected[..] {
        return Ok(());
    }
    let what = match targets {
        Targets::Values { .. } => "a number for each target",
        Targets::Tokens { .. } => "a score for each token, at every step",
        Targets::Classes { .. } if outputs == 1 => "one score",
        Targets::Classes { .. } => "a score for each class",
    };
    let wanted = Shape::new(&expected[1..]);
    Err(Mismatch {
        code: "GB0412",
        what: "the model's output does not fit the targets".into(),
        expected: format!("an output of shape {wanted}: {what}"),
        found: format!("an output of shape {}", of_item(&output)),
        help: format!("end the model with a dense layer of {outputs} units"),
    })
}

/// The shape of one item of a batch.
fn of_item(batch: &Tensor) -> Shape {
    Shape::new(batch.dims().get(1..).unwrap_or(&[]))
}

#[cfg(test)]
#[path = "compatible_tests.rs"]
mod tests;
