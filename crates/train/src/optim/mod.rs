//! Optimizers: how gradients change parameters. One file each; the step over a model is here.

mod adagrad;
mod adam;
mod adamw;
mod rmsprop;
mod settings;
mod sgd;

use std::collections::HashMap;

use glassbox_nn::{BadSettings, Cx, Param, Parameters, Path, Slot, SlotMut, walk, walk_mut};
use glassbox_tensor::optimize::{self, UpdateNorms};
use glassbox_tensor::{Gradients, Tensor};
use serde::{Deserialize, Serialize};

pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamw::AdamW;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;

/// One update rule: how a gradient and the parameter's state change the parameter.
///
/// A rule of your own works like the built-in ones: implement this trait and hand it to
/// [`Optimizer::new`].
pub trait UpdateRule: Send + Sync {
    /// The learning rate that the rule was configured with.
    fn learning_rate(&self) -> f64;

    /// The names of the state tensors of one parameter, each of the parameter's shape.
    fn state_names(&self) -> &'static [&'static str];

    /// The value that state tensors start from.
    fn initial_state(&self) -> f32 {
        0.0
    }

    /// Changes `update.values` in place.
    fn update(&self, update: Update<'_>);

    /// Whether [`UpdateRule::update`] fills in [`Update::norms`] where they are wanted. Otherwise
    /// the optimizer keeps a copy of the values to compare them with.
    fn fills_norms(&self) -> bool {
        false
    }

    /// The settings that cannot work.
    fn bad_settings(&self) -> BadSettings {
        BadSettings::default()
    }
}

/// What an [`UpdateRule`] works on: one parameter at one step.
pub struct Update<'a> {
    /// The parameter's values.
    pub values: &'a mut [f32],
    /// The loss's derivative with respect to them.
    pub gradient: &'a [f32],
    /// The state tensors, in the order of [`UpdateRule::state_names`].
    pub state: &'a mut [Tensor],
    /// How many updates this parameter has had, this one included: 1 at the first.
    pub step: u64,
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// The momentum of this step, where a schedule moves it (one-cycle moves it against the
    /// learning rate): in place of the rule's own, unless the rule has none.
    pub momentum: Option<f64>,
    /// Filled in where it is given, by rules that do.
    pub norms: Option<&'a mut UpdateNorms>,
}

/// Which optimizer, as recipes write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum OptimizerConfig {
    /// Gradient descent with momentum.
    Sgd(Sgd),
    /// Adam.
    Adam(Adam),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
    /// RMSprop.
    RmsProp(RmsProp),
    /// Adagrad.
    Adagrad(Adagrad),
}

impl OptimizerConfig {
    /// The type names that recipes can use.
    pub const TYPES: &'static [&'static str] = &["sgd", "adam", "adamw", "rmsprop", "adagrad"];

    /// The update rule with these settings.
    pub fn rule(&self) -> Box<dyn UpdateRule> {
        match self {
            Self::Sgd(rule) => Box::new(rule.clone()),
            Self::Adam(rule) => Box::new(rule.clone()),
            Self::AdamW(rule) => Box::new(rule.clone()),
            Self::RmsProp(rule) => Box::new(rule.clone()),
            Self::Adagrad(rule) => Box::new(rule.clone()),
        }
    }

    /// The configured learning rate.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Sgd(rule) => rule.learning_rate(),
            Self::Adam(rule) => rule.learning_rate(),
            Self::AdamW(rule) => rule.learning_rate(),
            Self::RmsProp(rule) => rule.learning_rate(),
            Self::Adagrad(rule) => rule.learning_rate(),
        }
    }

    /// Sets the configured learning rate.
    pub fn set_learning_rate(&mut self, rate: f64) {
        *match self {
            Self::Sgd(rule) => &mut rule.lr,
            Self::Adam(rule) => &mut rule.lr,
            Self::AdamW(rule) => &mut rule.lr,
            Self::RmsProp(rule) => &mut rule.lr,
            Self::Adagrad(rule) => &mut rule.lr,
        } = rate;
    }

    /// The default settings of the optimizer called `name`.
    pub fn default_of(name: &str) -> Option<Self> {
        Some(match name {
            "sgd" => Self::Sgd(Sgd::default()),
            "adam" => Self::Adam(Adam::default()),
            "adamw" => Self::AdamW(AdamW::default()),
            "rmsprop" => Self::RmsProp(RmsProp::default()),
            "adagrad" => Self::Adagrad(Adagrad::default()),
            _ => return None,
        })
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

/// Parameters at or within a path, updated by a rule of their own.
struct Group {
    prefix: String,
    rule: Box<dyn UpdateRule>,
}

/// What the optimizer remembers of one parameter.
#[derive(Default)]
struct Memory {
    group: usize,
    step: u64,
    state: Vec<Tensor>,
}

/// An update rule with its state, applied to all parameters of a model.
///
/// ```
/// use glassbox_nn::{Cx, Module, Sequential};
/// use glassbox_tensor::Tensor;
/// use glassbox_train::optim::{Adam, Optimizer};
///
/// let mut model = Sequential::input([2]).dense(1).build(7)?;
/// let mut optimizer = Optimizer::new(Adam { lr: 0.1, ..Adam::default() });
/// let x = Tensor::ones([4, 2]);
/// for step in 0..100 {
///     let mut cx = Cx::train(7, step);
///     let loss = (model.forward(&x, &mut cx) - 3.0).square().mean(..);
///     optimizer.step(&mut model, &loss.backward(), &mut cx);
/// }
/// let y = model.forward(&x, &mut Cx::eval());
/// assert!((y.as_slice()[0] - 3.0).abs() < 0.1);
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
pub struct Optimizer {
    /// The first group holds every parameter that no other one claims.
    groups: Vec<Group>,
    memories: Vec<Memory>,
    /// Schedule value over the configured learning rate, applied to all groups.
    factor: f64,
    /// The momentum that a schedule asks for.
    momentum: Option<f64>,
    /// Empty between steps: room for the parameters of a step.
    room: Vec<&'static mut Param>,
}

impl Optimizer {
    /// An optimizer that applies `rule` to every parameter.
    ///
    /// # Panics
    /// When a setting of the rule is out of its range: a negative rate, a momentum of 1.
    #[track_caller]
    pub fn new(rule: impl UpdateRule + 'static) -> Self {
        Self::from_boxed(Box::new(rule))
    }

    /// As [`Optimizer::new`], for a rule chosen at run time.
    #[track_caller]
    pub fn from_boxed(rule: Box<dyn UpdateRule>) -> Self {
        rule.bad_settings().assert_possible("optimizer");
        Self::unchecked(rule)
    }

    /// As [`Optimizer::from_boxed`], for a rule that is checked later.
    pub(crate) fn unchecked(rule: Box<dyn UpdateRule>) -> Self {
        let all = Group { prefix: String::new(), rule };
        let (memories, room) = (Vec::new(), Vec::new());
        Self { groups: vec![all], memories, factor: 1.0, momentum: None, room }
    }

    /// Lets the parameters at or within the dotted path `prefix` follow `rule` instead. Later
    /// groups win.
    ///
    /// # Panics
    /// As [`Optimizer::new`].
    #[must_use]
    #[track_caller]
    pub fn group(self, prefix: &str, rule: impl UpdateRule + 'static) -> Self {
        self.group_boxed(prefix, Box::new(rule))
    }

    /// As [`Optimizer::group`], for a rule chosen at run time.
    #[must_use]
    #[track_caller]
    pub fn group_boxed(mut self, prefix: &str, rule: Box<dyn UpdateRule>) -> Self {
        rule.bad_settings().assert_possible("optimizer group");
        self.groups.push(Group { prefix: prefix.into(), rule });
        self.memories.clear();
        self
    }

    /// The learning rate of the next step (of the first group).
    pub fn learning_rate(&self) -> f64 {
        self.groups[0].rule.learning_rate() * self.factor
    }

    /// Sets the learning rate of the following steps; other groups keep their ratio to it.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        let base = self.groups[0].rule.learning_rate();
        self.factor = if base == 0.0 { 0.0 } else { learning_rate / base };
    }

    /// Sets the momentum of the following steps, for the rules that have one. It comes back from 0:
    /// whether a rule keeps a velocity is decided by its own setting.
    pub fn set_momentum(&mut self, momentum: f64) {
        self.momentum = Some(momentum);
    }

    /// One update of `model` by `gradients`, and of its running statistics by what `cx` queued.
    /// Frozen parameters and parameters without a gradient stay as they are.
    pub fn step<M: Parameters + ?Sized>(
        &mut self,
        model: &mut M,
        gradients: &Gradients,
        cx: &mut Cx,
    ) {
        self.step_watched(model, gradients, cx, None);
    }

    /// As [`Optimizer::step`], to the same bits; where `updates` is given it becomes the norms of
    /// every parameter's values, gradient and change, in model order.
    pub fn step_watched<M: Parameters + ?Sized>(
        &mut self,
        model: &mut M,
        gradients: &Gradients,
        cx: &mut Cx,
        mut updates: Option<&mut Vec<UpdateNorms>>,
    ) {
        if let Some(updates) = &mut updates {
            updates.clear();
        }
        let mut params = params_of(model, std::mem::take(&mut self.room));
        if params.len() != self.memories.len() {
            let room = emptied(params);
            self.ensure_memories(model);
            params = params_of(model, room);
        }
        let momentum = self.momentum;
        for (param, memory) in params.iter_mut().zip(&mut self.memories) {
            let Some(gradient) = param.gradient(gradients) else {
                if let Some(updates) = &mut updates {
                    let weight = optimize::norm(param.value().as_slice(), 2.0);
                    updates.push(UpdateNorms { weight, ..UpdateNorms::default() });
                }
                continue;
            };
            let rule = &self.groups[memory.group].rule;
            let mut norms = updates.is_some().then(UpdateNorms::default);
            let before = (norms.is_some() && !rule.fills_norms()).then(|| param.value().to_vec());
            memory.step += 1;
            let learning_rate = rule.learning_rate() * self.factor;
            param.update(|values| {
                rule.update(Update {
                    values,
                    gradient: gradient.as_slice(),
                    state: &mut memory.state,
                    learning_rate,
                    momentum,
                    step: memory.step,
                    norms: norms.as_mut(),
                });
                if let (Some(before), Some(norms)) = (before, &mut norms) {
                    *norms = norms_of(values, gradient.as_slice(), &before);
                }
            });
            if let (Some(updates), Some(norms)) = (&mut updates, norms) {
                updates.push(norms);
            }
        }
        self.room = emptied(params);
        cx.commit(model);
    }

    /// Memory for every parameter, at the first step or when the model has changed.
    fn ensure_memories<M: Parameters + ?Sized>(&mut self, model: &M) {
        let mut count = 0;
        each_param(model, |_, _| count += 1);
        if self.memories.len() != count {
            self.memories = self.fresh_memories(model);
        }
    }

    fn fresh_memories<M: Parameters + ?Sized>(&self, model: &M) -> Vec<Memory> {
        let (groups, mut memories) = (&self.groups, Vec::new());
        each_param(model, |path, param| {
            let group = groups.iter().rposition(|g| path.is_within(&g.prefix)).unwrap_or(0);
            let rule = &groups[group].rule;
            let fresh = |_| Tensor::full(param.shape(), rule.initial_state());
            let state = rule.state_names().iter().map(fresh).collect();
            memories.push(Memory { group, step: 0, state });
        });
        memories
    }

    /// What schedules have set: the learning rate over the configured one, and momentum.
    pub(crate) fn pace(&self) -> (f64, Option<f64>) {
        (self.factor, self.momentum)
    }

    /// Sets what [`Optimizer::pace`] returned.
    pub(crate) fn set_pace(&mut self, pace: (f64, Option<f64>)) {
        (self.factor, self.momentum) = pace;
    }

    /// Whether it has changed nothing yet.
    pub(crate) fn is_fresh(&self) -> bool {
        self.memories.is_empty()
    }

    /// The state to save; empty before the first step.
    pub fn state<M: Parameters + ?Sized>(&self, model: &M) -> OptimizerState {
        let mut tensors = Vec::new();
        let mut memories = self.memories.iter();
        each_param(model, |path, _| {
            let Some(memory) = memories.next() else { return };
            let names = self.groups[memory.group].rule.state_names();
            for (name, tensor) in names.iter().zip(&memory.state) {
                tensors.push((format!("{path}.{name}"), tensor.clone()));
            }
        });
        OptimizerState { steps: self.memories.iter().map(|memory| memory.step).collect(), tensors }
    }

    /// Takes a saved state back.
    ///
    /// # Errors
    /// Names what is missing or has another shape than the model's parameters; the optimizer is
    /// then as it was.
    pub fn restore<M: Parameters + ?Sized>(
        &mut self,
        model: &M,
        state: OptimizerState,
    ) -> Result<(), String> {
        self.memories = self.memories_of(model, state)?;
        Ok(())
    }

    fn memories_of<M: Parameters + ?Sized>(
        &self,
        model: &M,
        state: OptimizerState,
    ) -> Result<Vec<Memory>, String> {
        if state.steps.is_empty() {
            return Ok(Vec::new());
        }
        let mut restored = self.fresh_memories(model);
        if state.steps.len() != restored.len() {
            let (found, expected) = (state.steps.len(), restored.len());
            return Err(format!("expected update counts of {expected} parameters, found {found}"));
        }
        let mut saved: HashMap<_, _> = state.tensors.into_iter().collect();
        let mut failure = None;
        let mut memories = restored.iter_mut().zip(state.steps);
        let groups = &self.groups;
        each_param(model, |path, param| {
            let (memory, step) = memories.next().expect("one memory per parameter");
            memory.step = step;
            let names = groups[memory.group].rule.state_names();
            for (tensor, name) in memory.state.iter_mut().zip(names) {
                let name = format!("{path}.{name}");
                match saved.remove(&name) {
                    Some(saved) if saved.shape() == param.shape() => *tensor = saved,
                    Some(saved) => {
                        let (expected, found) = (param.shape(), saved.shape());
                        failure = Some(format!("{name}: expected {expected}, found {found}"));
                    }
                    None => failure = Some(format!("{name} is missing")),
                }
            }
        });
        if failure.is_none() {
            failure = saved.into_keys().next().map(|name| format!("{name} is unexpected"));
        }
        failure.map_or(Ok(restored), Err)
    }
}

/// The norms of an update that left `values` where `before` was.
fn norms_of(values: &[f32], gradient: &[f32], before: &[f32]) -> UpdateNorms {
    let moved: Vec<f32> = values.iter().zip(before).map(|(new, old)| new - old).collect();
    let [weight, gradient, update] = [values, gradient, &moved].map(|x| optimize::norm(x, 2.0));
    UpdateNorms { weight, gradient, update }
}

/// The parameters of `model` in order, in an empty list.
fn params_of<'m, M: Parameters + ?Sized>(
    model: &'m mut M,
    mut params: Vec<&'m mut Param>,
) -> Vec<&'m mut Param> {
    walk_mut(model, |_, slot| {
        if let SlotMut::Param(param) = slot {
            params.push(param);
        }
    });
    params
}

/// The memory of a list without what it held. (Collecting in place keeps the allocation.)
fn emptied(mut params: Vec<&mut Param>) -> Vec<&'static mut Param> {
    params.clear();
    params.into_iter().map(|_| unreachable!("the list is empty")).collect()
}

/// Visits the parameters of `model` in order.
fn each_param<M: Parameters + ?Sized>(model: &M, mut visit: impl FnMut(&Path, &Param)) {
    walk(model, |path, slot| {
        if let Slot::Param(param) = slot {
            visit(path, param);
        }
    });
}

/// An optimizer's memory, as checkpoints keep it.
#[derive(Clone, Debug, Default)]
pub struct OptimizerState {
    /// How many updates each parameter has had.
    pub steps: Vec<u64>,
    /// State tensors by `path.name`.
    pub tensors: Vec<(String, Tensor)>,
}
