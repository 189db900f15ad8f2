//! `[train]`: how long, how, and with what.

use glassbox_nn::Loss;
use glassbox_nn::settings::Range;
use glassbox_train::observers::EarlyStopConfig;
use glassbox_train::optim::OptimizerConfig;
use glassbox_train::schedule::{Schedule, ScheduleSpan, Warmup};
use glassbox_train::{Clip, Monitor};
use serde::de::DeserializeOwned;

mod settings;

use super::Section;
use super::data_weights::{self, DataWeights};
use crate::diagnostic::{Place, Problem};
use crate::experiment::{CheckpointEvery, PrecisionSetting};
use crate::read::{self, Fields};
use crate::tagged::{self, Kind};
use crate::tree::{Node, Value};

/// What `[train]` says; the loss and the monitor may follow from the task.
#[derive(Clone, Debug)]
pub struct Train {
    /// Passes over the training items.
    pub epochs: usize,
    /// Items in a batch.
    pub batch_size: usize,
    /// Batches in a step.
    pub accumulate: usize,
    /// Whether a last batch that is not full is left out.
    pub drop_last: bool,
    /// The cost function.
    pub loss: Option<Loss>,
    /// Its weights, where they follow from the data.
    pub data_weights: Option<DataWeights>,
    /// The optimizer.
    pub optimizer: OptimizerConfig,
    /// The learning rate's schedule.
    pub schedule: Schedule,
    /// A rise of the learning rate before the schedule.
    pub warmup: Option<Warmup>,
    /// The epochs over which the schedule runs; all when absent.
    pub schedule_span: Option<ScheduleSpan>,
    /// The score that decides; that of early stopping when absent.
    pub monitor: Option<Monitor>,
    /// Scores to report besides those of every training, and where each is named.
    pub metrics: Vec<(String, Place)>,
    /// Limits on gradients.
    pub clip: Option<Clip>,
    /// When to stop early.
    pub early_stop: Option<EarlyStopConfig>,
    /// When to save.
    pub checkpoint_every: Option<CheckpointEvery>,
    /// Steps through which gradients flow.
    pub bptt: Option<usize>,
    /// Whether recurrent layers carry their state from batch to batch.
    pub stateful: bool,
    /// Whether algorithms that round differently may be used.
    pub precision: PrecisionSetting,
    /// Threads.
    pub threads: Option<usize>,
}

const COUNT: Range = Range::between(1.0, 1e9);

/// Reads the section. Of a `stored` recipe, with which there was a training already, only the
/// settings that an override changes are judged.
pub fn read(section: &Section<'_>, stored: bool, problems: &mut Vec<Problem>) -> Train {
    let before = problems.len();
    let mut fields = Fields::new(section.table, &section.place, "train", problems);
    let (loss, data_weights) = data_weights::read_loss(&mut fields);
    let train = Train {
        epochs: count(&mut fields, "epochs", COUNT).unwrap_or(10),
        batch_size: count(&mut fields, "batch_size", Range::between(1.0, 1e6)).unwrap_or(32),
        accumulate: count(&mut fields, "accumulate", Range::between(1.0, 1e6)).unwrap_or(1),
        drop_last: fields.boolean("drop_last").unwrap_or(false),
        loss,
        data_weights,
        optimizer: tagged(&mut fields, "optimizer").unwrap_or_default(),
        schedule: tagged(&mut fields, "schedule").unwrap_or_default(),
        warmup: plain(&mut fields, "warmup"),
        schedule_span: plain(&mut fields, "schedule_span"),
        monitor: fields.text("monitor").map(|metric| Monitor { metric: metric.to_owned() }),
        metrics: metrics(&mut fields),
        clip: tagged(&mut fields, "clip"),
        early_stop: plain::<EarlyStopConfig>(&mut fields, "early_stop"),
        checkpoint_every: checkpoint_every(&mut fields),
        bptt: count(&mut fields, "bptt", COUNT),
        stateful: fields.boolean("stateful").unwrap_or(false),
        precision: precision(&mut fields),
        threads: count(&mut fields, "threads", Range::between(1.0, 512.0)),
    };
    fields.finish();
    let mut bad = settings::check(section, &train, problems.len() == before);
    bad.retain(|problem| !stored || problem.place.as_ref().is_some_and(|place| place.source > 0));
    problems.extend(bad);
    train
}

fn count(fields: &mut Fields<'_, '_>, key: &'static str, range: Range) -> Option<usize> {
    usize::try_from(fields.integer(key, range)?).ok()
}

fn tagged<T: DeserializeOwned>(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<T> {
    let node = &fields.entry(key)?.node;
    tagged::read(node, Kind::tagged(key), fields.problems)
}

fn precision(fields: &mut Fields<'_, '_>) -> PrecisionSetting {
    match fields.choice("precision", &["fast", "exact"]) {
        Some("exact") => PrecisionSetting::Exact,
        _ => PrecisionSetting::Fast,
    }
}

fn plain<T: DeserializeOwned>(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<T> {
    let node = &fields.entry(key)?.node;
    tagged::read(node, Kind::plain(key), fields.problems)
}

/// `["f1_macro", "roc_auc"]`
fn metrics(fields: &mut Fields<'_, '_>) -> Vec<(String, Place)> {
    const KEY: &str = "metrics";
    let Some(entry) = fields.entry(KEY) else { return Vec::new() };
    let Value::List(items) = &entry.node.value else {
        fields.problems.push(read::wrong_type(KEY, &entry.node, "a list of names of scores"));
        return Vec::new();
    };
    let mut names = Vec::new();
    for item in items {
        match &item.value {
            Value::Text(name) => names.push((name.clone(), item.place.clone())),
            _ => fields.problems.push(read::wrong_type(KEY, item, "the name of a score")),
        }
    }
    names
}

/// `{ steps = 200 }`, `{ epochs = 1 }`, or a number of steps alone.
fn checkpoint_every(fields: &mut Fields<'_, '_>) -> Option<CheckpointEvery> {
    const KEY: &str = "checkpoint_every";
    let node = &fields.entry(KEY)?.node;
    let number = |node: &Node, key: &str, problems: &mut Vec<Problem>| match node.value {
        Value::Integer(count) => {
            read::check_range(node, key, COUNT, problems).then_some(count.unsigned_abs())
        }
        _ => {
            problems.push(read::wrong_type(key, node, "a whole number"));
            None
        }
    };
    let Some(table) = node.table() else {
        return number(node, KEY, fields.problems).map(CheckpointEvery::Steps);
    };
    let mut inner = Fields::new(table, &node.place, KEY, fields.problems);
    let (steps, epochs) = (inner.entry("steps"), inner.entry("epochs"));
    let every = match (steps, epochs) {
        (Some(entry), None) => {
            number(&entry.node, "steps", inner.problems).map(CheckpointEvery::Steps)
        }
        (None, Some(entry)) => {
            number(&entry.node, "epochs", inner.problems).map(CheckpointEvery::Epochs)
        }
        _ => {
            let problem = read::wrong_type(KEY, node, "either `steps` or `epochs`");
            inner.problems.push(problem.help("for instance checkpoint_every = { steps = 200 }"));
            return None; // which says enough of any other key
        }
    };
    inner.finish();
    every
}
